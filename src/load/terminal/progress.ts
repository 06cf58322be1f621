import { packageVersion } from '../../base/index.ts';
import { goDuration } from '../options/durations.ts';
import { fixedDuration } from '../run/describe.ts';
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
    `     scenarios: (${(plan.share * 100).toFixed(2)}%) ${count}, ${vusMax} max VUs, ${goDuration(maxDurationMs)} max duration (incl. graceful stop):`,
    ...scenarios.map(({ name, description }) => `              * ${name}: ${description}`),
    '',
    '',
  ].join('\n');
}

/**
 *     running (01.0s), 4/5 VUs, 4 complete and 0 interrupted iterations
 *     default   [  20% ] 4/5 VUs  0m01.0s/5m0s
 */
export function progressLines(progress: LoadProgress, plan: LoadPlan): string[] {
  const { elapsedMs, vus, vusMax, iterations, interrupted, scenarios } = progress;
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const widths = [0, 1].map((column) => Math.max(...scenarios.map(({ columns }) => (columns[column] ?? '').length)));
  return [
    `running (${fixedDuration(elapsedMs, plan.maxDurationMs)}), ${String(vus).padStart(String(vusMax).length, '0')}/${vusMax} VUs, ${iterations} complete and ${interrupted} interrupted iterations`,
    ...scenarios.map((scenario) => {
      const mark = scenario.isDone ? (scenario.fraction >= 1 && scenario.interrupted === 0 ? '✓' : '✗') : ' ';
      const percent = `${Math.floor(scenario.fraction * 100)}%`.padStart(4);
      const columns = scenario.columns.map((text, column) => text.padEnd(widths[column] ?? 0));
      return `${scenario.name.padEnd(width)} ${mark} [ ${percent} ] ${columns.join('  ')}`.trimEnd();
    }),
  ];
}
