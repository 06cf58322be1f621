import type { SummaryCheck, SummaryData, SummaryGroup, SummaryMetric } from '../summary/data.ts';
import { formatNumber, formatPercent, formatValue } from '../summary/format.ts';

/**
 * The functions of jslib's `k6-summary` (https://github.com/grafana/k6-jslib-summary): the summary as k6 0.4x printed it,
 * a tree of groups with their checks and a list of metrics.
 */

type Unit = '' | 's' | 'ms' | 'us';

export interface TextOptions {
  readonly indent?: string;
  readonly enableColors?: boolean;
  readonly summaryTimeUnit?: Unit;
  readonly summaryTrendStats?: readonly string[];
}

const green = '\u001b[32m';
const red = '\u001b[31m';
const reset = '\u001b[0m';

/** What `handleSummary(data)` may hand to stdout. */
export function textSummary(data: SummaryData, options: TextOptions = {}): string {
  const indent = options.indent ?? ' ';
  const unit = options.summaryTimeUnit ?? ((data.options?.summaryTimeUnit ?? '') as Unit);
  const paint = (colour: string, text: string): string => (options.enableColors === true ? `${colour}${text}${reset}` : text);
  const lines = [...groupLines(data.root_group, `${indent}    `, paint, true), ...metricLines(data.metrics, indent, unit, paint)];
  return lines.join('\n');
}

type Paint = (colour: string, text: string) => string;

function groupLines(group: SummaryGroup | undefined, indent: string, paint: Paint, isRoot: boolean): string[] {
  if (!group) return [];
  const lines: string[] = [];
  if (!isRoot) lines.push(`${indent}█ ${group.name}`, '');
  const inner = isRoot ? indent : `${indent}  `;
  for (const check of group.checks) lines.push(...checkLines(check, inner, paint));
  if (group.checks.length > 0) lines.push('');
  for (const child of group.groups) lines.push(...groupLines(child, inner, paint, false));
  return lines;
}

function checkLines({ name, passes, fails }: SummaryCheck, indent: string, paint: Paint): string[] {
  if (fails === 0) return [paint(green, `${indent}✓ ${name}`)];
  const percent = Math.floor((100 * passes) / (passes + fails));
  return [paint(red, `${indent}✗ ${name}`), paint(red, `${indent} ↳  ${percent}% — ✓ ${passes} / ✗ ${fails}`)];
}

function metricLines(metrics: SummaryData['metrics'], indent: string, unit: Unit, paint: Paint): string[] {
  const names = Object.keys(metrics).sort();
  const rows = names.map((name) => ({ name, label: labelOf(name), metric: metrics[name] as SummaryMetric }));
  const width = Math.max(0, ...rows.map(({ label }) => label.length));
  const cells = rows.map(({ metric }) => cellsOf(metric, unit));
  const isTrend = (i: number): boolean => rows[i]?.metric.type === 'trend';
  const columns = (trends: boolean): number[] => {
    const widths: number[] = [];
    cells.forEach((row, i) => {
      if (isTrend(i) === trends) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
    });
    return widths;
  };
  const widths = { trends: columns(true), others: columns(false) };
  return rows.map(({ label, metric }, i) => {
    const wide = isTrend(i) ? widths.trends : widths.others;
    const values = (cells[i] ?? []).map((cell, column) => cell.padEnd(wide[column] ?? 0)).join(' ');
    const text = `${label.padEnd(width + 3, '.')}: ${values}`.trimEnd();
    return `${indent}  ${markOf(metric, paint)} ${text}`;
  });
}

/** `http_req_duration{expected_response:true}` → `{ expected_response:true }` below its parent. */
function labelOf(name: string): string {
  const brace = name.indexOf('{');
  return brace < 0 ? name : `  { ${name.slice(brace + 1, -1)} }`;
}

function markOf({ thresholds }: SummaryMetric, paint: Paint): string {
  if (!thresholds) return ' ';
  return Object.values(thresholds).every(({ ok }) => ok) ? paint(green, '✓') : paint(red, '✗');
}

function cellsOf({ type, contains, values }: SummaryMetric, unit: Unit): string[] {
  const value = (name: string): string => formatValue(values[name] ?? 0, contains, unit);
  if (type === 'counter') return [value('count'), `${value('rate')}/s`];
  if (type === 'gauge') return [value('value'), `min=${value('min')}`, `max=${value('max')}`];
  if (type === 'rate') return [formatPercent(values['rate'] ?? 0), `✓ ${values['passes'] ?? 0}`, `✗ ${values['fails'] ?? 0}`];
  return Object.keys(values).map((name) => `${name}=${name === 'count' ? formatNumber(values[name] ?? 0) : value(name)}`);
}

/** One value as the summary prints it. */
export function humanizeValue(value: number, metric: Pick<SummaryMetric, 'type' | 'contains'>, timeUnit: Unit = ''): string {
  return metric.type === 'rate' ? formatPercent(value) : formatValue(value, metric.contains, timeUnit);
}

/** Thresholds as JUnit test cases. */
export function jUnit(data: SummaryData, options: { readonly name?: string; readonly classname?: string } = {}): string {
  const cases: string[] = [];
  let failures = 0;
  const group = options.classname === undefined ? '' : ` classname="${xml(options.classname)}"`;
  for (const [name, { thresholds, values }] of Object.entries(data.metrics))
    for (const [source, { ok }] of Object.entries(thresholds ?? {})) {
      const open = `<testcase name="${xml(`${name} - ${source}`)}"${group}`;
      const all = Object.entries(values).map(([key, value]) => `${key}: ${value}`);
      if (!ok) failures++;
      cases.push(ok ? `${open}/>` : `${open}><failure message="failed, ${xml(all.join(', '))}"/></testcase>`);
    }
  const counts = `tests="${cases.length}" failures="${failures}"`;
  const suite = `<testsuite name="${xml(options.name ?? 'k6 thresholds')}" ${counts}>\n${cases.join('\n')}\n</testsuite>`;
  return `<?xml version="1.0"?>\n<testsuites ${counts}>\n${suite}\n</testsuites>`;
}

function xml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`);
}
