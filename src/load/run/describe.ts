import { lengthOf, maxVusOf, type Scenario } from '../options/scenarios.ts';

/** A span as Go prints it: `1m30s`, `500ms`. */
export function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1000) return `${ms}ms`;
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = (ms % 60_000) / 1000;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}s`;
}

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
