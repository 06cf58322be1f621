import { goDuration } from '../options/durations.ts';
import { lengthOf, maxVusOf, type Scenario } from '../options/scenarios.ts';

/** One line of k6's header: `10 looping VUs for 30s (gracefulStop: 30s)`. */
export function describeScenario(scenario: Scenario): string {
  const details = [
    ...(scenario.executor === 'ramping-vus' ? [`gracefulRampDown: ${goDuration(scenario.gracefulRampDownMs)}`] : []),
    ...(scenario.exec === 'default' ? [] : [`exec: ${scenario.exec}`]),
    ...(scenario.startTimeMs > 0 ? [`startTime: ${goDuration(scenario.startTimeMs)}`] : []),
    ...(scenario.gracefulStopMs > 0 ? [`gracefulStop: ${goDuration(scenario.gracefulStopMs)}`] : []),
  ];
  return `${loadOf(scenario, details)}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}

/**
 * What k6's progress shows of a scenario after its bar: its VUs, its time and, where it has a goal, how far it is:
 * `['2 VUs', '0m01.0s/10m0s', '3/5 shared iters']`.
 */
export function progressColumns(
  scenario: Scenario,
  now: { elapsedMs: number; vus: number; iterations: number; isDone: boolean },
): readonly string[] {
  const { elapsedMs, isDone } = now;
  if (elapsedMs < scenario.startTimeMs) return ['waiting', fixedDuration(scenario.startTimeMs - elapsedMs, scenario.startTimeMs), ''];
  const lengthMs = lengthOf(scenario);
  const ownMs = Math.min(elapsedMs - scenario.startTimeMs, lengthMs === 0 ? Number.POSITIVE_INFINITY : lengthMs);
  const isOver = isDone && ownMs === lengthMs;
  const time = isOver ? goDuration(lengthMs) : `${fixedDuration(ownMs, lengthMs)}/${lengthMs === 0 ? 'inf' : goDuration(lengthMs)}`;
  const some = `${String(now.vus).padStart(String(maxVusOf(scenario)).length, '0')}/${maxVusOf(scenario)} VUs`;
  const all = `${maxVusOf(scenario)} VUs`;
  const outOf = (total: number): string => `${String(now.iterations).padStart(String(total).length, '0')}/${total}`;
  switch (scenario.executor) {
    case 'shared-iterations':
      return [all, time, `${outOf(scenario.iterations)} shared iters`];
    case 'per-vu-iterations':
      return [all, time, `${outOf(scenario.iterations * scenario.vus)} iters, ${scenario.iterations} per VU`];
    case 'constant-vus':
      return [all, time, ''];
    case 'constant-arrival-rate':
      return [some, time, `${perSecond(scenario.rate, scenario.timeUnitMs)} iters/s`];
    case 'ramping-arrival-rate':
      return [some, time, `${perSecond(rateAt(scenario, ownMs), scenario.timeUnitMs)} iters/s`];
    default:
      return [some, time, ''];
  }
}

function rateAt({ startRate, stages }: Scenario & { executor: 'ramping-arrival-rate' }, elapsedMs: number): number {
  let from = startRate;
  let leftMs = elapsedMs;
  for (const { durationMs, target } of stages) {
    if (leftMs < durationMs) return from + ((target - from) * leftMs) / durationMs;
    leftMs -= durationMs;
    from = target;
  }
  return from;
}

/** `0m07.3s`: as many places as the longest duration needs. */
export function fixedDuration(ms: number, maxMs: number): string {
  const tenths = Math.round(ms / 100) / 10;
  const seconds = (tenths % 60).toFixed(1).padStart(maxMs < 10_000 ? 3 : 4, '0');
  const minutes = Math.floor(tenths / 60);
  if (maxMs < 60_000) return `${seconds}s`;
  const hours = Math.floor(minutes / 60);
  const maxMinutes = Math.floor(maxMs / 60_000);
  if (maxMinutes < 60) return `${String(minutes).padStart(String(maxMinutes).length, '0')}m${seconds}s`;
  return `${String(hours).padStart(String(Math.floor(maxMinutes / 60)).length, '0')}h${String(minutes % 60).padStart(2, '0')}m${seconds}s`;
}

function loadOf(scenario: Scenario, details: string[]): string {
  const length = goDuration(lengthOf(scenario));
  switch (scenario.executor) {
    case 'shared-iterations':
      details.unshift(`maxDuration: ${length}`);
      return `${scenario.iterations} iterations shared among ${scenario.vus} VUs`;
    case 'per-vu-iterations':
      details.unshift(`maxDuration: ${length}`);
      return `${scenario.iterations} iterations for each of ${scenario.vus} VUs`;
    case 'constant-vus':
      return `${scenario.vus} looping VUs for ${length}`;
    case 'ramping-vus':
      return `Up to ${maxVusOf(scenario)} looping VUs for ${length} over ${scenario.stages.length} stages`;
    case 'constant-arrival-rate':
      details.unshift(vuRange(scenario.preAllocatedVUs, scenario.maxVUs));
      return `${perSecond(scenario.rate, scenario.timeUnitMs)} iterations/s for ${length}`;
    case 'ramping-arrival-rate':
      details.unshift(vuRange(scenario.preAllocatedVUs, scenario.maxVUs));
      return `Up to ${perSecond(Math.max(scenario.startRate, ...scenario.stages.map((stage) => stage.target)), scenario.timeUnitMs)} iterations/s for ${length} over ${scenario.stages.length} stages`;
    default:
      return `Externally controlled execution with ${scenario.vus} VUs, ${scenario.maxVUs} max VUs, ${scenario.durationMs === 0 ? 'infinite' : length} duration`;
  }
}

function perSecond(rate: number, timeUnitMs: number): string {
  return ((rate * 1000) / timeUnitMs).toFixed(2);
}

function vuRange(least: number, most: number): string {
  return least === most ? `maxVUs: ${least}` : `maxVUs: ${least}-${most}`;
}
