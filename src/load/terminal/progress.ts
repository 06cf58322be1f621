import { packageVersion } from '../../base/index.ts';
import { goDuration } from '../run/describe.ts';
import type { LoadPlan, LoadProgress } from '../run/types.ts';

/** What `plimsoll run` shows before and while a test runs, laid out as k6 does. */

export function headerText(plan: LoadPlan, script: string, outputs: readonly string[]): string {
  const { scenarios, vusMax, maxDurationMs, processes } = plan;
  const count = scenarios.length === 1 ? '1 scenario' : `${scenarios.length} scenarios`;
  return [
    '',
    `  plimsoll ${packageVersion()}`,
    '',
    `     execution: local${processes > 1 ? ` (${processes} processes)` : ''}`,
    `        script: ${script}`,
    `        output: ${outputs.length === 0 ? '-' : outputs.join(', ')}`,
    '',
    `     scenarios: (100.00%) ${count}, ${vusMax} max VUs, ${goDuration(maxDurationMs)} max duration (incl. graceful stop):`,
    ...scenarios.map(({ name, description }) => `              * ${name}: ${description}`),
    '',
    '',
  ].join('\n');
}

/**
 *     running (01.0s), 4/5 VUs, 4 complete and 0 interrupted iterations
 *     default   [  20% ] 4/5 VUs
 */
export function progressLines(progress: LoadProgress, plan: LoadPlan): string[] {
  const { elapsedMs, vus, vusMax, iterations, interrupted, scenarios } = progress;
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  return [
    `running (${fixedDuration(elapsedMs, plan.maxDurationMs)}), ${String(vus).padStart(String(vusMax).length, '0')}/${vusMax} VUs, ${iterations} complete and ${interrupted} interrupted iterations`,
    ...scenarios.map((scenario) => {
      const mark = scenario.isDone ? (scenario.fraction >= 1 && scenario.interrupted === 0 ? '✓' : '✗') : ' ';
      const percent = `${Math.floor(scenario.fraction * 100)}%`.padStart(4);
      return `${scenario.name.padEnd(width)} ${mark} [ ${percent} ] ${scenario.vus}/${scenario.vusMax} VUs`;
    }),
  ];
}

/** `0m07.3s`: as many places as the longest duration of the run needs. */
export function fixedDuration(ms: number, maxMs: number): string {
  const tenths = Math.round(ms / 100) / 10;
  const seconds = (tenths % 60).toFixed(1).padStart(4, '0');
  const minutes = Math.floor(tenths / 60);
  if (maxMs < 60_000) return `${seconds}s`;
  const hours = Math.floor(minutes / 60);
  const maxMinutes = Math.floor(maxMs / 60_000);
  if (maxMinutes < 60) return `${String(minutes).padStart(String(maxMinutes).length, '0')}m${seconds}s`;
  return `${String(hours).padStart(String(Math.floor(maxMinutes / 60)).length, '0')}h${String(minutes % 60).padStart(2, '0')}m${seconds}s`;
}
