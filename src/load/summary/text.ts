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
  if (withThresholds.length > 0) {
    lines.push('', '  █ THRESHOLDS', '');
    for (const [name, metric] of withThresholds.sort(([a], [b]) => a.localeCompare(b)))
      lines.push(...thresholdLines(name, metric, unit), '');
  }
  lines.push('', '  █ TOTAL RESULTS', '');
  const groups = sectionsOf(data);
  const checks = allChecks(data.root_group);
  const labels = [
    ...groups.flatMap(([, rows]) => rows).map((row) => row.indent + row.label.length),
    checks.length > 0 ? 'checks_succeeded'.length : 0,
  ];
  const width = Math.max(...labels) + 3;
  const dotted = (label: string, indent: number): string => `    ${' '.repeat(indent)}${label.padEnd(width - indent, '.')}: `;
  const plain = groups
    .flatMap(([, rows]) => rows)
    .filter(({ metric }) => metric.type !== 'trend')
    .map(({ metric }) => firstColumn(metric, unit));
  const total = checks.reduce((sum, { passes, fails }) => sum + passes + fails, 0);
  const passed = checks.reduce((sum, check) => sum + check.passes, 0);
  if (total > 0) plain.push(String(total), formatPercent(passed / total), formatPercent((total - passed) / total));
  const column = Math.max(0, ...plain.map((text) => text.length));
  if (total > 0) {
    const seconds = data.state.testRunDurationMs / 1000;
    lines.push(
      `${dotted('checks_total', 0)}${String(total).padEnd(column)} ${formatNumber(total / seconds)}/s`,
      `${dotted('checks_succeeded', 0)}${formatPercent(passed / total).padEnd(column)} ${passed} out of ${total}`,
      `${dotted('checks_failed', 0)}${formatPercent((total - passed) / total).padEnd(column)} ${total - passed} out of ${total}`,
      '',
      ...checks.flatMap(checkLines),
      '',
    );
  }
  const trendWidths = columnWidths(
    groups.flatMap(([, rows]) => rows),
    unit,
  );
  for (const [title, rows] of groups) {
    lines.push(`    ${title}`);
    for (const { label, indent, metric } of rows) lines.push(`${dotted(label, indent)}${valueText(metric, unit, column, trendWidths)}`);
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
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

function thresholdLines(name: string, metric: SummaryMetric, unit: LoadOptions['summaryTimeUnit']): string[] {
  const lines = [`    ${name}`];
  for (const [source, { ok }] of Object.entries(metric.thresholds ?? {})) {
    const aggregate = /^\s*([a-z]+(?:\([^)]*\))?)/i.exec(source)?.[1] ?? source;
    const value = metric.values[aggregate];
    const shown =
      value === undefined
        ? ''
        : ` ${aggregate}=${metric.type === 'rate' ? formatPercent(value) : aggregate === 'rate' ? `${formatNumber(value)}/s` : formatValue(value, metric.contains, unit)}`;
    lines.push(`    ${ok ? '✓' : '✗'} '${source}'${shown}`);
  }
  return lines;
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

function valueText(
  metric: SummaryMetric,
  unit: LoadOptions['summaryTimeUnit'],
  column: number,
  trendWidths: Record<string, number>,
): string {
  const { values } = metric;
  const show = (value: number | undefined): string => formatValue(value ?? 0, metric.contains, unit);
  switch (metric.type) {
    case 'counter':
      return `${firstColumn(metric, unit).padEnd(column)} ${show(values['rate'])}/s`;
    case 'gauge':
      return `${firstColumn(metric, unit).padEnd(column)} min=${show(values['min'])} max=${show(values['max'])}`;
    case 'rate':
      return `${firstColumn(metric, unit).padEnd(column)} ${values['passes'] ?? 0} out of ${(values['passes'] ?? 0) + (values['fails'] ?? 0)}`;
    default:
      return Object.entries(values)
        .map(([stat, value]) => `${stat}=${(stat === 'count' ? formatNumber(value) : show(value)).padEnd(trendWidths[stat] ?? 0)}`)
        .join(' ')
        .trimEnd();
  }
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
