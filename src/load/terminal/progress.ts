import { packageVersion } from '../../base/index.ts';
import { goDuration } from '../options/durations.ts';
import { fixedDuration } from '../run/describe.ts';
import type { LoadPlan, LoadProgress, ScenarioProgress } from '../run/types.ts';

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

/** A bar is drawn where it fits on the line. */
const BAR_WIDTH = 40;

/**
 *     running (01.0s), 4/5 VUs, 4 complete and 0 interrupted iterations
 *     default   [  20% ] 4/5 VUs  0m01.0s/5m0s
 *
 * On a terminal of `columns`: with a bar, or else cut, since a line that the terminal breaks in two could not be written over.
 */
export function progressLines(progress: LoadProgress, plan: LoadPlan, columns?: number): string[] {
  const { elapsedMs, vus, vusMax, iterations, interrupted, scenarios } = progress;
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const widths = [0, 1].map((column) => Math.max(...scenarios.map((scenario) => (scenario.columns[column] ?? '').length)));
  const rows = scenarios.map((scenario) => ({
    name: `${scenario.name.padEnd(width)} ${markOf(scenario)}`,
    fraction: scenario.fraction,
    rest: scenario.columns.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  '),
  }));
  const longest = Math.max(...rows.map(({ name, rest }) => name.length + rest.trimEnd().length + ' [] '.length));
  const meter = columns !== undefined && longest + BAR_WIDTH < columns ? bar : percent;
  const lines = [
    `running (${fixedDuration(elapsedMs, plan.maxDurationMs)}), ${String(vus).padStart(String(vusMax).length, '0')}/${vusMax} VUs, ${iterations} complete and ${interrupted} interrupted iterations`,
    ...rows.map(({ name, fraction, rest }) => `${name} [${meter(fraction)}] ${rest}`.trimEnd()),
  ];
  return columns === undefined ? lines : lines.map((line) => line.slice(0, columns - 1));
}

/** k6's: over, ended before its time, waiting for its start, letting iterations finish. */
function markOf({ isDone, fraction, interrupted, columns }: ScenarioProgress): string {
  if (isDone) return fraction >= 1 && interrupted === 0 ? '✓' : '✗';
  if (columns[0] === 'waiting') return '•';
  return fraction >= 1 ? '↓' : ' ';
}

function percent(fraction: number): string {
  return ` ${`${Math.floor(fraction * 100)}%`.padStart(4)} `;
}

/** `======>-------------------------------` */
function bar(fraction: number): string {
  const filled = Math.round(fraction * BAR_WIDTH);
  if (filled >= BAR_WIDTH) return '='.repeat(BAR_WIDTH);
  return `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}${'-'.repeat(BAR_WIDTH - filled)}`;
}
