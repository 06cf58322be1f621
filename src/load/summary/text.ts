import type { LoadOptions } from '../options/options.ts';
import type { SummaryCheck, SummaryData, SummaryGroup, SummaryMetric } from './data.ts';
import { formatNumber, formatPercent, formatValue } from './format.ts';

/** The end-of-test summary, laid out as k6 2.x's `compact` mode. */

const sections: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['HTTP', ['http_req_duration', 'http_req_failed', 'http_reqs']],
  ['EXECUTION', ['dropped_iterations', 'iteration_duration', 'iterations', 'vus', 'vus_max']],
  ['NETWORK', ['data_received', 'data_sent']],
  ['WEBSOCKET', ['ws_connecting', 'ws_msgs_received', 'ws_msgs_sent', 'ws_ping', 'ws_session_duration', 'ws_sessions']],
  ['GRPC', ['grpc_req_duration', 'grpc_streams', 'grpc_streams_msgs_received', 'grpc_streams_msgs_sent']],
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

export function compactSummary(data: SummaryData, options: LoadOptions): string {
  const unit = options.summaryTimeUnit;
  const lines: string[] = [''];
  const withThresholds = Object.entries(data.metrics).filter(([, metric]) => metric.thresholds);
  if (withThresholds.length > 0) lines.push('', '  █ THRESHOLDS ', '', ...thresholdSection(withThresholds, unit));
  lines.push('', '  █ TOTAL RESULTS ', '');
  const groups = sectionsOf(data);
  const checks = allChecks(data.root_group);
  if (total(checks) > 0) lines.push(...checkSection(checks, data.state.testRunDurationMs / 1000));
  const rows = groups.flatMap(([, list]) => list);
  const width = Math.max(0, ...rows.map((row) => row.indent + row.label.length)) + 3;
  const dotted = (label: string, indent: number): string => `    ${' '.repeat(indent)}${label.padEnd(width - indent, '.')}: `;
  const column = Math.max(0, ...rows.filter(({ metric }) => metric.type !== 'trend').map(({ metric }) => firstColumn(metric, unit).length));
  const extra = Math.max(0, ...rows.map(({ metric }) => secondColumn(metric, unit).length));
  const trendWidths = columnWidths(rows, unit);
  for (const [title, list] of groups) {
    lines.push(`    ${title}`);
    for (const { label, indent, metric } of list)
      lines.push(`${dotted(label, indent)}${valueText(metric, unit, column, extra, trendWidths)}`);
    lines.push('');
  }
  return `${lines.join('\n')}\n\n\n`;
}

function total(checks: readonly SummaryCheck[]): number {
  return checks.reduce((sum, { passes, fails }) => sum + passes + fails, 0);
}

/** The totals of all checks, then each one; laid out apart from the metrics. */
function checkSection(checks: readonly SummaryCheck[], seconds: number): string[] {
  const all = total(checks);
  const passed = checks.reduce((sum, { passes }) => sum + passes, 0);
  const values = [String(all), formatPercent(passed / all), formatPercent((all - passed) / all)];
  const column = Math.max(...values.map((text) => text.length));
  const line = (label: string, index: number, rest: string): string =>
    `    ${label.padEnd('checks_succeeded...'.length, '.')}: ${(values[index] as string).padEnd(column)} ${rest}`;
  return [
    line('checks_total', 0, `${formatNumber(all / seconds)}/s`),
    line('checks_succeeded', 1, `${passed} out of ${all}`),
    line('checks_failed', 2, `${all - passed} out of ${all}`),
    '',
    ...checks.flatMap(checkLines),
    '',
  ];
}

function sectionsOf(data: SummaryData): [string, Row[]][] {
  const names = Object.keys(data.metrics);
  const builtIn = new Set([...hidden, ...sections.flatMap(([, list]) => list)]);
  const custom = names.filter((name) => !builtIn.has(parentOf(name))).map(parentOf);
  const all: (readonly [string, readonly string[]])[] = [['CUSTOM', [...new Set(custom)].sort()], ...sections];
  // A hidden metric with a threshold is shown after all.
  const out: [string, Row[]][] = [];
  for (const [title, list] of all) {
    const shown =
      title === 'HTTP'
        ? [
            ...list,
            ...[...hidden].filter(
              (name) => name.startsWith('http_') && names.some((other) => parentOf(other) === name && data.metrics[other]?.thresholds),
            ),
          ].sort()
        : list;
    const rows = shown.flatMap((name) => rowsOf(name, data));
    if (rows.length > 0) out.push([title, rows]);
  }
  return out;
}

function rowsOf(name: string, data: SummaryData): Row[] {
  const rows: Row[] = [];
  const metric = data.metrics[name];
  if (metric) rows.push({ label: name, indent: 0, metric });
  for (const [other, submetric] of Object.entries(data.metrics))
    if (other !== name && parentOf(other) === name)
      rows.push({ label: `{ ${other.slice(name.length + 1, -1)} }`, indent: 2, metric: submetric });
  return rows;
}

function parentOf(name: string): string {
  const brace = name.indexOf('{');
  return brace < 0 ? name : name.slice(0, brace);
}

/** By metric; those of sub-metrics stand, indented, under their metric. */
function thresholdSection(metrics: readonly [string, SummaryMetric][], unit: LoadOptions['summaryTimeUnit']): string[] {
  const lines: string[] = [];
  let parent = '';
  for (const [name, metric] of metrics.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const isSub = name.includes('{');
    if (parentOf(name) !== parent) lines.push(`    ${parentOf(name)}`, ...(isSub ? [''] : []));
    parent = parentOf(name);
    const indent = isSub ? '      ' : '    ';
    if (isSub) lines.push(`${indent}${name.slice(parent.length)}`);
    for (const [source, { ok, value }] of Object.entries(metric.thresholds ?? {}))
      lines.push(`${indent}${ok ? '✓' : '✗'} '${source}'${crossedBy(source, value, metric, unit)}`);
    lines.push('');
  }
  return lines;
}

/** ` p(95)=1.3ms`: what the threshold was compared with. */
function crossedBy(source: string, shown: number | undefined, metric: SummaryMetric, unit: LoadOptions['summaryTimeUnit']): string {
  const aggregate = /^\s*([a-z]+(?:\([^)]*\))?)/i.exec(source)?.[1] ?? source;
  const value = shown ?? metric.values[aggregate];
  if (value === undefined) return '';
  if (metric.type === 'rate') return ` ${aggregate}=${formatPercent(value)}`;
  return ` ${aggregate}=${aggregate === 'rate' ? `${formatNumber(value)}/s` : formatValue(value, metric.contains, unit)}`;
}

function allChecks(group: SummaryGroup): SummaryCheck[] {
  return [...group.checks, ...group.groups.flatMap(allChecks)];
}

function checkLines({ name, passes, fails }: SummaryCheck): string[] {
  if (fails === 0) return [`    ✓ ${name}`];
  return [`    ✗ ${name}`, `      ↳  ${Math.floor((100 * passes) / (passes + fails))}% — ✓ ${passes} / ✗ ${fails}`];
}

function firstColumn(metric: SummaryMetric, unit: LoadOptions['summaryTimeUnit']): string {
  const { values } = metric;
  if (metric.type === 'rate') return formatPercent(values['rate'] ?? 0);
  return formatValue(values[metric.type === 'counter' ? 'count' : 'value'] ?? 0, metric.contains, unit);
}

function secondColumn(metric: SummaryMetric, unit: LoadOptions['summaryTimeUnit']): string {
  const { values } = metric;
  const show = (value: number | undefined): string => formatValue(value ?? 0, metric.contains, unit);
  if (metric.type === 'counter') return `${show(values['rate'])}/s`;
  if (metric.type === 'gauge') return `min=${show(values['min'])}`;
  if (metric.type === 'rate') return `${values['passes'] ?? 0} out of ${(values['passes'] ?? 0) + (values['fails'] ?? 0)}`;
  return '';
}

function valueText(
  metric: SummaryMetric,
  unit: LoadOptions['summaryTimeUnit'],
  column: number,
  extra: number,
  trendWidths: Record<string, number>,
): string {
  const { values } = metric;
  const show = (value: number | undefined): string => formatValue(value ?? 0, metric.contains, unit);
  if (metric.type === 'trend')
    return Object.entries(values)
      .map(([stat, value]) => `${stat}=${(stat === 'count' ? formatNumber(value) : show(value)).padEnd(trendWidths[stat] ?? 0)}`)
      .join(' ')
      .trimEnd();
  const text = `${firstColumn(metric, unit).padEnd(column)} ${secondColumn(metric, unit)}`;
  return metric.type === 'gauge' ? `${text.padEnd(column + 1 + extra)} max=${show(values['max'])}` : text;
}

function columnWidths(rows: readonly Row[], unit: LoadOptions['summaryTimeUnit']): Record<string, number> {
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
