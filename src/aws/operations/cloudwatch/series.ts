import type { MetricDatum, StatisticSet, Unit } from '../../../model/index.ts';
import type { Place } from '../../state/place.ts';
import { table } from '../../state/table.ts';

/** One accepted measurement: a value with how often it occurred, or a set of statistics. */
export interface Datum {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** `Name=Value` sorted, so that the exact set is one text. */
  readonly dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly timestampMs: number;
  readonly unit: string | undefined;
  /** 1 for metrics of high resolution, which alarms with periods below a minute need; else by the minute. */
  readonly storageResolutionS?: 1 | undefined;
  readonly values: readonly number[];
  readonly counts: readonly number[];
  readonly set?: { readonly SampleCount: number; readonly Sum: number; readonly Minimum: number; readonly Maximum: number } | undefined;
}

export const data = table<Datum>('cloudwatch.datum', (datum) => datum.id);

/** Bounds what PutMetricData can make the endpoint remember; the oldest go first. */
const dataMax = 100_000;

export function addDatum(at: Place, datum: Omit<Datum, 'id'>): void {
  const held = at.table(data);
  if (held.size >= dataMax) for (const id of held.keys().slice(0, dataMax / 100)) held.delete(id);
  const added = held.put({ ...datum, id: at.uuid() });
  at.world.machinery.metrics?.(at).put(modelDatum(added));
}

/** A datum as the store of a region that really measures takes it. */
export function modelDatum({
  namespace,
  name,
  dimensions,
  timestampMs,
  unit,
  storageResolutionS,
  values,
  counts,
  set,
}: Datum): MetricDatum {
  const measured = set === undefined ? { values, ...(counts.length === 0 ? {} : { counts }) } : { statisticValues: statisticSet(set) };
  return {
    namespace,
    name,
    dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])),
    timestampMs,
    unit: (unit ?? 'None') as Unit,
    ...(storageResolutionS === undefined ? {} : { storageResolutionS }),
    ...measured,
  };
}

function statisticSet({ SampleCount, Sum, Minimum, Maximum }: NonNullable<Datum['set']>): StatisticSet {
  return { sampleCount: SampleCount, sum: Sum, minimum: Minimum, maximum: Maximum };
}

export function dimensionKey(dimensions: readonly { Name?: string | undefined; Value?: string | undefined }[] | undefined): string {
  return (dimensions ?? [])
    .map(({ Name = '', Value = '' }) => `${Name}=${Value}`)
    .toSorted()
    .join('\u0000');
}

export interface Bucket {
  readonly timestampMs: number;
  readonly count: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Sorted; empty when only statistics were given. */
  readonly values: readonly number[];
  readonly unit: string | undefined;
}

/** Data of one metric folded into periods; a period is named by its start. */
export function buckets(found: readonly Datum[], startMs: number, periodS: number): Bucket[] {
  const periodMs = periodS * 1000;
  const groups = Map.groupBy(found, (datum) => startMs + Math.floor((datum.timestampMs - startMs) / periodMs) * periodMs);
  return [...groups].map(([timestampMs, all]) => fold(timestampMs, all)).toSorted((a, b) => a.timestampMs - b.timestampMs);
}

function fold(timestampMs: number, all: readonly Datum[]): Bucket {
  let count = 0;
  let sum = 0;
  let minimum = Infinity;
  let maximum = -Infinity;
  const values: number[] = [];
  for (const { values: own, counts, set } of all) {
    if (set !== undefined) {
      count += set.SampleCount;
      sum += set.Sum;
      minimum = Math.min(minimum, set.Minimum);
      maximum = Math.max(maximum, set.Maximum);
    }
    own.forEach((value, index) => {
      const times = counts[index] ?? 1;
      count += times;
      sum += value * times;
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
      for (let time = 0; time < Math.min(times, 1000); time++) values.push(value);
    });
  }
  return { timestampMs, count, sum, minimum, maximum, values: values.toSorted((a, b) => a - b), unit: all[0]?.unit };
}

/** One statistic of a period; undefined for one that cannot be told. */
export function statistic(bucket: Bucket, name: string): number | undefined {
  switch (name) {
    case 'SampleCount':
      return bucket.count;
    case 'Sum':
      return bucket.sum;
    case 'Average':
      return bucket.count === 0 ? 0 : bucket.sum / bucket.count;
    case 'Minimum':
      return bucket.minimum;
    case 'Maximum':
      return bucket.maximum;
    default: {
      const percentile = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(name)?.[1];
      return percentile === undefined || bucket.values.length === 0 ? undefined : quantile(bucket.values, Number(percentile) / 100);
    }
  }
}

function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (position - low);
}
