import { PlimsollError } from '../base/index.ts';
import type { Statistic } from '../model/index.ts';
import type { Cell } from './distribution.ts';
import { metricsErrors } from './errors.ts';
import type { Summary } from './summary.ts';

/** Reads a statistic off a summary that holds at least one measurement; undefined where the data do not tell it. */
export type StatisticReader = (summary: Summary) => number | undefined;

const simple: Readonly<Record<string, StatisticReader>> = {
  Average: (summary) => summary.sum / summary.count,
  Sum: (summary) => summary.sum,
  Minimum: (summary) => summary.min,
  Maximum: (summary) => summary.max,
  SampleCount: (summary) => summary.count,
};

/** Whether a statistic needs to know where the values lie. */
export function isExtended(statistic: Statistic): boolean {
  return !Object.hasOwn(simple, statistic);
}

/**
 * How a statistic is read, by its name:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 *
 * | name | is |
 * | --- | --- |
 * | `p95`, `p99.9` | the value at that percentile, by nearest rank |
 * | `tm90`, `tm(2%:98%)`, `tm(100:900)` | the mean of what lies between two percentiles or two values |
 * | `wm…` | the mean with what lies outside moved to the bounds |
 * | `tc…`, `ts…` | count and sum of what lies between |
 * | `PR(:300)`, `PR(100:300)` | the percentage of measurements that lie between two values |
 * | `IQM` | `tm(25%:75%)` |
 *
 * A bound left out is open; the lower one is exclusive, the upper one inclusive. Percentiles cut by rank, so
 * that a measurement on the cut counts in part: the trimmed mean of equal values is that value.
 *
 * @throws PL_METRICS_STATISTIC
 */
export function statisticReader(statistic: Statistic): StatisticReader {
  const reader = (isExtended(statistic) ? undefined : simple[statistic]) ?? percentile(statistic) ?? ranged(statistic);
  if (reader === undefined) {
    throw new PlimsollError(metricsErrors.PL_METRICS_STATISTIC, {
      what: `"${statistic}" is not a statistic`,
      fix: 'use Average, Sum, Minimum, Maximum, SampleCount, p95, tm90, tm(2%:98%), wm, tc, ts, PR(:300) or IQM',
    });
  }
  return reader;
}

function percentile(statistic: string): StatisticReader | undefined {
  const percent = /^p(\d{1,3}(?:\.\d+)?)$/i.exec(statistic)?.[1];
  if (percent === undefined || Number(percent) > 100) return undefined;
  return (summary) => fromCells(summary, (cells) => valueAtRank(cells, Math.max(1, Math.ceil((Number(percent) / 100) * summary.count))));
}

/** A part of the measurements: those in (lower, upper], by percentile or by value. */
interface Range {
  readonly by: 'percent' | 'value';
  readonly lower: number;
  readonly upper: number;
}

type RangeReader = (cells: readonly Cell[], range: Range, count: number) => number | undefined;

const rangeReaders: Readonly<Record<string, RangeReader>> = {
  TM: (cells, range, count) => mean(cut(cells, range, count)),
  TC: (cells, range, count) => countOf(cut(cells, range, count)),
  TS: (cells, range, count) => sumOf(cut(cells, range, count)),
  WM: (cells, range, count) => winsorizedMean(cells, range, count),
  PR: (cells, range, count) => (100 * countOf(cut(cells, range, count))) / count,
};

function ranged(statistic: string): StatisticReader | undefined {
  if (/^IQM$/i.test(statistic)) return ranged('TM(25%:75%)');
  const short = /^(TM|WM|TC|TS)(\d{1,3}(?:\.\d+)?)$/i.exec(statistic);
  if (short) return ranged(`${short[1]}(:${short[2]}%)`);
  const match = /^(TM|WM|TC|TS|PR)\(([^:()]*):([^:()]*)\)$/i.exec(statistic);
  if (!match) return undefined;
  const name = (match[1] as string).toUpperCase();
  const range = parseRange(match[2] as string, match[3] as string);
  if (range === undefined || (name === 'PR' && range.by === 'percent')) return undefined;
  const reader = rangeReaders[name] as RangeReader;
  return (summary) => fromCells(summary, (cells) => reader(cells, range, summary.count));
}

function parseRange(lowerText: string, upperText: string): Range | undefined {
  const bound = /^(-?\d+(?:\.\d+)?)(%?)$/;
  const lower = bound.exec(lowerText.trim());
  const upper = bound.exec(upperText.trim());
  if ((lower === null && lowerText.trim() !== '') || (upper === null && upperText.trim() !== '')) return undefined;
  const given = lower ?? upper;
  if (given === null || (lower && upper && lower[2] !== upper[2])) return undefined;
  const by = given[2] === '%' ? 'percent' : 'value';
  const range = {
    by,
    lower: lower ? Number(lower[1]) : by === 'percent' ? 0 : Number.NEGATIVE_INFINITY,
    upper: upper ? Number(upper[1]) : by === 'percent' ? 100 : Number.POSITIVE_INFINITY,
  } as const;
  if (range.lower >= range.upper || (by === 'percent' && (range.lower < 0 || range.upper > 100))) return undefined;
  return range;
}

/** Cells stand for their neighbourhood; the smallest and the largest value are known exactly and bound them. */
function fromCells(summary: Summary, read: (cells: readonly Cell[]) => number | undefined): number | undefined {
  const cells = summary.distribution?.cells();
  if (cells === undefined || cells.length === 0) return undefined;
  return read(cells.map(({ low, value, count }) => ({ low, value: Math.min(summary.max, Math.max(summary.min, value)), count })));
}

function valueAtRank(cells: readonly Cell[], rank: number): number | undefined {
  let seen = 0;
  for (const { value, count } of cells) {
    seen += count;
    if (seen >= rank) return value;
  }
  return cells.at(-1)?.value;
}

/**
 * The measurements within a range. A cell on a percentile's cut is taken in part. By value a cell counts as
 * its lower bound, which is exact for the whole numbers that people give as bounds.
 */
function cut(cells: readonly Cell[], range: Range, total: number): Cell[] {
  if (range.by === 'value') return cells.filter(({ low }) => low > range.lower && low <= range.upper);
  const lowerRank = (range.lower / 100) * total;
  const upperRank = (range.upper / 100) * total;
  let seen = 0;
  return cells.map((cell) => {
    const from = Math.max(lowerRank, seen);
    seen += cell.count;
    return { ...cell, count: Math.max(0, Math.min(upperRank, seen) - from) };
  });
}

function winsorizedMean(cells: readonly Cell[], range: Range, total: number): number | undefined {
  if (range.by === 'value') {
    return mean(cells.map((cell) => ({ ...cell, value: Math.min(range.upper, Math.max(range.lower, cell.value)) })));
  }
  const within = cut(cells, range, total).filter(({ count }) => count > 0);
  const [lowest, highest] = [within[0], within.at(-1)];
  if (lowest === undefined || highest === undefined) return undefined;
  const below = (range.lower / 100) * total;
  const above = total - (range.upper / 100) * total;
  return (sumOf(within) + below * lowest.value + above * highest.value) / total;
}

function mean(cells: readonly Cell[]): number | undefined {
  const count = countOf(cells);
  return count === 0 ? undefined : sumOf(cells) / count;
}

function countOf(cells: readonly Cell[]): number {
  return cells.reduce((total, cell) => total + cell.count, 0);
}

function sumOf(cells: readonly Cell[]): number {
  return cells.reduce((total, cell) => total + cell.value * cell.count, 0);
}
