import type { LoadOptions } from '../options/options.ts';
import type { SummaryData, SummaryGroup, SummaryMetric } from './data.ts';
import { columnWidths, firstColumn, parentOf, secondColumn, valueText } from './text.ts';

/** The summary as k6 0.4x laid it out: the tree of groups with their checks, then all metrics by name. */
export function legacySummary(data: SummaryData, { summaryTimeUnit: unit }: LoadOptions): string {
  const names = Object.keys(data.metrics).sort((a, b) => compare(parentOf(a), parentOf(b)) || compare(a, b));
  const rows = names.map((name) => {
    const isSub = name.includes('{');
    const metric = data.metrics[name] as SummaryMetric;
    return { label: isSub ? `{ ${name.slice(parentOf(name).length + 1, -1)} }` : name, indent: isSub ? 2 : 0, metric };
  });
  const width = Math.max(0, ...rows.map(({ label, indent }) => label.length + indent)) + 3;
  const plain = rows.filter(({ metric }) => metric.type !== 'trend');
  const column = Math.max(0, ...plain.map(({ metric }) => firstColumn(metric, unit).length));
  const extra = Math.max(0, ...plain.map(({ metric }) => secondColumn(metric, unit).length));
  const trendWidths = columnWidths(rows, unit);
  const lines = rows.map(({ label, indent, metric }) => {
    const values = valueText(metric, unit, column, extra, trendWidths);
    return `   ${' '.repeat(indent)}${markOf(metric)} ${label.padEnd(width - indent, '.')}: ${values}`;
  });
  return `\n${[...groupLines(data.root_group, '     '), ...lines].join('\n')}\n\n`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function markOf({ thresholds }: SummaryMetric): string {
  if (!thresholds) return ' ';
  return Object.values(thresholds).every(({ ok }) => ok) ? '✓' : '✗';
}

function groupLines({ checks, groups }: SummaryGroup, indent: string): string[] {
  const lines = checks.flatMap(({ name, passes, fails }) =>
    fails === 0
      ? [`${indent}✓ ${name}`]
      : [`${indent}✗ ${name}`, `${indent} ↳  ${Math.floor((100 * passes) / (passes + fails))}% — ✓ ${passes} / ✗ ${fails}`],
  );
  if (checks.length > 0) lines.push('');
  for (const group of groups) lines.push(`${indent}█ ${group.name}`, '', ...groupLines(group, `${indent}  `));
  return lines;
}
