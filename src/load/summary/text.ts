import type { LoadOptions } from '../options/options.ts';
import type { SummaryCheck, SummaryData, SummaryGroup, SummaryMetric } from './data.ts';
import type { SummaryPart } from './parts.ts';
import { formatNumber, formatPercent, formatValue } from './format.ts';

/** The end-of-test summary, laid out as in k6 1.x and 2.x: `compact` and `full`. */

const sections: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['HTTP', ['http_req_duration', 'http_req_failed', 'http_reqs']],
  ['EXECUTION', ['dropped_iterations', 'iteration_duration', 'iterations', 'vus', 'vus_max']],
  ['NETWORK', ['data_received', 'data_sent']],
  ['WEBSOCKET', ['ws_connecting', 'ws_msgs_received', 'ws_msgs_sent', 'ws_ping', 'ws_session_duration', 'ws_sessions']],
  ['GRPC', ['grpc_req_duration', 'grpc_streams', 'grpc_streams_msgs_received', 'grpc_streams_msgs_sent']],
  ['SSE', ['sse_event', 'sse_event_interval', 'sse_time_to_first_event']],
];

/** Built-in metrics that `compact` leaves out. */
const hidden = new Set([
  'checks', 'group_duration', 'http_req_blocked', 'http_req_connecting', 'http_req_receiving', 'http_req_sending', 'http_req_tls_handshaking', 'http_req_waiting',
]); // prettier-ignore

interface Row {
  readonly label: string;
  readonly indent: number;
  readonly metric: SummaryMetric;
}

export type Unit = LoadOptions['summaryTimeUnit'];

export interface SummaryMore {
  /** What the mode `full` has in addition. */
  readonly parts?: readonly SummaryPart[];
  /** Of statistics that are not among the `values` of a metric. */
  readonly statistic?: (metric: string, aggregate: string) => number | undefined;
}

/** The text of the modes `compact` and `full`. */
export function summaryText(data: SummaryData, options: LoadOptions, { parts = [], statistic }: SummaryMore = {}): string {
  const unit = options.summaryTimeUnit;
  const isFull = options.summaryMode === 'full';
  const seconds = data.state.testRunDurationMs / 1000;
  const lines: string[] = [''];
  const withThresholds = Object.entries(data.metrics).filter(([, metric]) => metric.thresholds);
  if (withThresholds.length > 0) lines.push('', '  █ THRESHOLDS ', '', ...thresholdSection(withThresholds, unit, statistic));
  lines.push('', '  █ TOTAL RESULTS ', '');
  lines.push(...results({ metrics: data.metrics, checks: allChecks(data.root_group) }, { seconds, unit, isFull, indent: '    ' }));
  for (const part of parts) lines.push(...partLines(part, { seconds, unit, isFull, indent: '    ' }));
  return `${lines.join('\n')}\n\n\n`;
}

interface Layout {
  readonly seconds: number;
  readonly unit: Unit;
  /** All built-in metrics, not only those that most people want. */
  readonly isFull: boolean;
  readonly indent: string;
}

/** A scenario or a group, then what is in it, further in. */
function partLines({ kind, name, metrics, checks, groups }: SummaryPart, layout: Layout, depth = 0): string[] {
  const title = depth === 0 ? ['', `  █ ${kind.toUpperCase()}: ${name} `] : [`${layout.indent.slice(2)}↳ ${kind.toUpperCase()}: ${name} `];
  const inner = { ...layout, indent: `${layout.indent}  ` };
  return [...title, '', ...results({ metrics, checks }, layout), ...groups.flatMap((group) => partLines(group, inner, depth + 1))];
}

function results({ metrics, checks }: Pick<SummaryPart, 'metrics' | 'checks'>, { seconds, unit, isFull, indent }: Layout): string[] {
  const groups = sectionsOf(metrics, isFull);
  // A threshold on checks makes them worth a word even when there were none.
  const lines = total(checks) > 0 || metrics['checks']?.thresholds ? checkSection(checks, seconds) : [];
  const rows = groups.flatMap(([, list]) => list);
  const width = Math.max(0, ...rows.map((row) => row.indent + row.label.length)) + 3;
  const column = Math.max(0, ...rows.filter(({ metric }) => metric.type !== 'trend').map(({ metric }) => firstColumn(metric, unit).length));
  const extra = Math.max(0, ...rows.map(({ metric }) => secondColumn(metric, unit).length));
  const trendWidths = columnWidths(rows, unit);
  for (const [title, list] of groups) {
    lines.push(title);
    for (const row of list) {
      const label = `${' '.repeat(row.indent)}${row.label.padEnd(width - row.indent, '.')}: `;
      lines.push(`${label}${valueText(row.metric, unit, column, extra, trendWidths)}`);
    }
    lines.push('');
  }
  return lines.map((line) => (line === '' ? '' : `${indent}${line}`));
}

function total(checks: readonly SummaryCheck[]): number {
  return checks.reduce((sum, { passes, fails }) => sum + passes + fails, 0);
}

/** The totals of all checks, then each one; laid out apart from the metrics. */
function checkSection(checks: readonly SummaryCheck[], seconds: number): string[] {
  const all = total(checks);
  const passed = checks.reduce((sum, { passes }) => sum + passes, 0);
  const values = [String(all), formatPercent(all && passed / all), formatPercent(all && (all - passed) / all)];
  const column = Math.max(...values.map((text) => text.length));
  const line = (label: string, index: number, rest: string): string =>
    `${label.padEnd('checks_succeeded...'.length, '.')}: ${(values[index] as string).padEnd(column)} ${rest}`;
  return [
    line('checks_total', 0, `${formatNumber(seconds && all / seconds)}/s`),
    line('checks_succeeded', 1, `${passed} out of ${all}`),
    line('checks_failed', 2, `${all - passed} out of ${all}`),
    '',
    ...checks.flatMap(checkLines),
    '',
  ];
}

function sectionsOf(metrics: SummaryData['metrics'], isFull: boolean): [string, Row[]][] {
  const names = Object.keys(metrics);
  const builtIn = new Set([...hidden, ...sections.flatMap(([, list]) => list)]);
  const custom = names.filter((name) => !builtIn.has(parentOf(name))).map(parentOf);
  const all: (readonly [string, readonly string[]])[] = [['CUSTOM', [...new Set(custom)].sort()], ...sections];
  // A hidden metric with a threshold is shown after all.
  const isWanted = (name: string): boolean =>
    name.startsWith('http_') && (isFull || names.some((other) => parentOf(other) === name && metrics[other]?.thresholds));
  const out: [string, Row[]][] = [];
  for (const [title, list] of all) {
    const shown = title === 'HTTP' ? [...list, ...[...hidden].filter(isWanted)].sort() : list;
    const rows = shown.flatMap((name) => rowsOf(name, metrics));
    if (rows.length > 0) out.push([title, rows]);
  }
  return out;
}

function rowsOf(name: string, metrics: SummaryData['metrics']): Row[] {
  const rows: Row[] = [];
  const metric = metrics[name];
  if (metric) rows.push({ label: name, indent: 0, metric });
  for (const other of Object.keys(metrics).sort())
    if (other !== name && parentOf(other) === name)
      rows.push({ label: `{ ${other.slice(name.length + 1, -1)} }`, indent: 2, metric: metrics[other] as SummaryMetric });
  return rows;
}

export function parentOf(name: string): string {
  const brace = name.indexOf('{');
  return brace < 0 ? name : name.slice(0, brace);
}

/** By metric; those of sub-metrics stand, indented, under their metric if that has thresholds too. */
function thresholdSection(metrics: readonly [string, SummaryMetric][], unit: Unit, statistic: SummaryMore['statistic']): string[] {
  const lines: string[] = [];
  const names = new Set(metrics.map(([name]) => name));
  for (const [name, metric] of metrics.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const parent = parentOf(name);
    const isBelow = parent !== name && names.has(parent);
    const indent = isBelow ? '      ' : '    ';
    lines.push(`${indent}${isBelow ? name.slice(parent.length) : name}`);
    for (const [source, { ok, value }] of Object.entries(metric.thresholds ?? {}))
      lines.push(
        `${indent}${ok ? '✓' : '✗'} '${source}'${crossedBy(source, value ?? metric.values[aggregateIn(source)] ?? statistic?.(name, aggregateIn(source)), metric, unit)}`,
      );
    lines.push('');
  }
  return lines;
}

/** ` p(95)=1.3ms`: what the threshold was compared with. */
function crossedBy(source: string, value: number | undefined, metric: SummaryMetric, unit: Unit): string {
  const aggregate = aggregateIn(source);
  if (value === undefined) return '';
  if (metric.type === 'rate') return ` ${aggregate}=${formatPercent(value)}`;
  return ` ${aggregate}=${aggregate === 'rate' ? `${formatNumber(value)}/s` : formatValue(value, metric.contains, unit)}`;
}

function aggregateIn(source: string): string {
  return /^\s*([a-z]+(?:\([^)]*\))?)/i.exec(source)?.[1] ?? source;
}

function allChecks(group: SummaryGroup): SummaryCheck[] {
  return [...group.checks, ...group.groups.flatMap(allChecks)];
}

function checkLines({ name, passes, fails }: SummaryCheck): string[] {
  if (fails === 0) return [`✓ ${name}`];
  return [`✗ ${name}`, `  ↳  ${Math.floor((100 * passes) / (passes + fails))}% — ✓ ${passes} / ✗ ${fails}`];
}

export function firstColumn(metric: SummaryMetric, unit: Unit): string {
  const { values } = metric;
  if (metric.type === 'rate') return formatPercent(values['rate'] ?? 0);
  return formatValue(values[metric.type === 'counter' ? 'count' : 'value'] ?? 0, metric.contains, unit);
}

export function secondColumn(metric: SummaryMetric, unit: Unit): string {
  const { values } = metric;
  const show = (value: number | undefined): string => formatValue(value ?? 0, metric.contains, unit);
  if (metric.type === 'counter') return `${show(values['rate'])}/s`;
  if (metric.type === 'gauge') return `min=${show(values['min'])}`;
  if (metric.type === 'rate') return `${values['passes'] ?? 0} out of ${(values['passes'] ?? 0) + (values['fails'] ?? 0)}`;
  return '';
}

export function valueText(metric: SummaryMetric, unit: Unit, column: number, extra: number, trendWidths: Record<string, number>): string {
  const { values } = metric;
  const show = (value: number | undefined): string => formatValue(value ?? 0, metric.contains, unit);
  if (metric.type === 'trend')
    return Object.entries(values)
      .map(([stat, value]) => `${stat}=${(stat === 'count' ? formatNumber(value) : show(value)).padEnd(trendWidths[stat] ?? 0)}`)
      .join(' ');
  const text = `${firstColumn(metric, unit).padEnd(column)} ${secondColumn(metric, unit)}`;
  return metric.type === 'gauge' ? `${text.padEnd(column + 1 + extra)} max=${show(values['max'])}` : text;
}

export function columnWidths(rows: readonly Row[], unit: Unit): Record<string, number> {
  const widths: Record<string, number> = {};
  for (const { metric } of rows) {
    if (metric.type !== 'trend') continue;
    for (const [stat, value] of Object.entries(metric.values))
      widths[stat] = Math.max(
        widths[stat] ?? 0,
        (stat === 'count' ? formatNumber(value) : formatValue(value, metric.contains, unit)).length,
      );
  }
  return widths;
}
