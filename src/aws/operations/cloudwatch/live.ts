import type {
  Datapoint,
  GetMetricDataInput,
  GetMetricDataOutput,
  GetMetricStatisticsInput,
  ListMetricsInput,
  Metric,
  MetricDataQuery as SdkMetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { PlimsollError } from '../../../base/index.ts';
import { getMetricData, type MetricStore } from '../../../metrics/index.ts';
import type { MetricDataQuery, MetricIdentity, Statistic, Unit } from '../../../model/index.ts';
import { AwsError } from '../../codec/error.ts';
import type { Plain } from '../../state/plain.ts';

/**
 * The reading operations where a region really measures: answered from its store of time series, which knows
 * resolutions, roll-up and the whole of metric math.
 */

export function metricIdentity(metric: Plain<Metric> | undefined): MetricIdentity {
  const { Namespace = '', MetricName = '', Dimensions = [] } = metric ?? {};
  return { namespace: Namespace, name: MetricName, dimensions: dimensionsOf(Dimensions) };
}

export function dimensionsOf(dimensions: readonly { Name?: string | undefined; Value?: string | undefined }[]): Record<string, string> {
  return Object.fromEntries(dimensions.map(({ Name = '', Value = '' }) => [Name, Value]));
}

/** Queries as the store takes them. */
export function modelQueries(queries: readonly Plain<SdkMetricDataQuery>[]): MetricDataQuery[] {
  return queries.map(({ Id: id = '', Label: label, ReturnData: returnData, Expression: expression, MetricStat, Period }) => {
    const common = { id, ...(label === undefined ? {} : { label }), ...(returnData === undefined ? {} : { returnData }) };
    if (MetricStat === undefined) return { ...common, expression: expression ?? '', ...(Period === undefined ? {} : { periodS: Period }) };
    return {
      ...common,
      metric: metricIdentity(MetricStat.Metric),
      statistic: (MetricStat.Stat ?? 'Average') as Statistic,
      periodS: MetricStat.Period ?? 60,
      ...(MetricStat.Unit === undefined ? {} : { unit: MetricStat.Unit as Unit }),
    };
  });
}

export function liveMetricData(store: MetricStore, input: Plain<GetMetricDataInput>): Plain<GetMetricDataOutput> {
  const { MetricDataQueries = [], StartTime = 0, EndTime = 0, ScanBy = 'TimestampDescending' } = input;
  const found = orAwsError(() => getMetricData(store, modelQueries(MetricDataQueries), StartTime, EndTime));
  return {
    Messages: [],
    MetricDataResults: found.map(({ id, label, points }) => {
      const ordered = ScanBy === 'TimestampAscending' ? points : points.toReversed();
      return {
        Id: id,
        Label: label,
        Timestamps: ordered.map(({ timestampMs }) => timestampMs),
        Values: ordered.map(({ value }) => value),
        StatusCode: 'Complete',
      };
    }),
  };
}

export function liveStatistics(store: MetricStore, input: Plain<GetMetricStatisticsInput>): Plain<Datapoint>[] {
  const { Period = 60, Statistics = [], ExtendedStatistics = [], StartTime = 0, EndTime = 0, Unit: asked } = input;
  const identity = metricIdentity(input);
  const unit = (asked ?? store.units(identity).at(-1) ?? 'None') as Unit;
  const points = (statistic: string): [number, number][] => {
    const query = { identity, statistic: statistic as Statistic, periodS: Period, startMs: StartTime, endMs: EndTime, unit };
    return orAwsError(() => store.statistics(query)).map(({ timestampMs, value }) => [timestampMs, value]);
  };
  const simple = Statistics.map((name) => [name, new Map(points(name))] as const);
  const extended = ExtendedStatistics.map((name) => [name, new Map(points(name))] as const);
  const times = new Set([...simple, ...extended].flatMap(([, found]) => [...found.keys()]));
  const at = (all: typeof extended, time: number): Record<string, number> =>
    Object.fromEntries(all.flatMap(([name, found]) => (found.has(time) ? [[name, found.get(time)!]] : [])));
  return [...times]
    .toSorted((a, b) => a - b)
    .map((time) => ({
      Timestamp: time,
      Unit: unit as 'None',
      ...at(simple, time),
      ...(extended.length === 0 ? {} : { ExtendedStatistics: at(extended, time) }),
    }));
}

export function liveMetrics(store: MetricStore, { Namespace, MetricName, Dimensions = [] }: Plain<ListMetricsInput>): Plain<Metric>[] {
  const filter = {
    ...(Namespace === undefined ? {} : { namespace: Namespace }),
    ...(MetricName === undefined ? {} : { name: MetricName }),
    dimensions: Object.fromEntries(Dimensions.map(({ Name = '', Value }) => [Name, Value])),
  };
  return store.list(filter).map(({ namespace, name, dimensions }) => ({
    Namespace: namespace,
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  }));
}

/** What the store refuses is the caller's mistake. */
function orAwsError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PlimsollError) throw new AwsError('ValidationError', error.message);
    throw error;
  }
}
