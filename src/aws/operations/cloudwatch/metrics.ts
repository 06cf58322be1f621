import type { CloudWatch, MetricDataQuery, MetricDatum, MetricDataResult } from '@aws-sdk/client-cloudwatch';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { liveMetricData, liveMetrics, liveStatistics } from './live.ts';
import { evaluate, ExpressionError, type Series } from './expression.ts';
import { addDatum, buckets, data, dimensionKey, statistic, type Datum } from './series.ts';

/** Quotas of PutMetricData and GetMetricStatistics. */
const dimensionsMax = 30;
const datapointsMax = 1440;

const invalid = (message: string, code = 'InvalidParameterValue'): AwsError => new AwsError(code, message);

function check(datum: Plain<MetricDatum>, namespace: string, index: number, at: Place): void {
  const where = `MetricData.member.${index + 1}`;
  if ((datum.MetricName ?? '') === '') throw invalid(`The parameter ${where}.MetricName is required.`, 'MissingParameter');
  if (at.strict && datum.Value === undefined && datum.Values === undefined && datum.StatisticValues === undefined) {
    throw invalid(`At least one of the parameters must be specified: Value, StatisticValues or Values`, 'MissingParameter');
  }
  if (datum.Value !== undefined && Number.isNaN(datum.Value)) throw invalid(`The value NaN for parameter ${where}.Value is invalid.`);
  if (datum.Value !== undefined && datum.Values !== undefined && datum.Values.length > 0) {
    throw invalid(`The parameters ${where}.Value and ${where}.Values are mutually exclusive and you have specified both.`);
  }
  if (datum.StatisticValues !== undefined && datum.Value !== undefined) {
    throw invalid(
      `The parameters ${where}.Value and ${where}.StatisticValues are mutually exclusive and you have specified both.`,
      'InvalidParameterCombination',
    );
  }
  const { Values: values = [], Counts: counts } = datum;
  if (counts !== undefined && counts.length !== values.length)
    throw invalid(`The parameters ${where}.Values and ${where}.Counts must be of the same size.`);
  if ((datum.Dimensions ?? []).length > dimensionsMax)
    throw invalid(`The collection ${where}.Dimensions must not have a size greater than ${dimensionsMax}.`);
  (datum.Dimensions ?? []).forEach(({ Name, Value }, place) => {
    for (const [part, text] of [
      ['Name', Name],
      ['Value', Value],
    ] as const) {
      if (text === undefined || text === '')
        throw invalid(`The parameter ${where}.Dimensions.member.${place + 1}.${part} is required.`, 'MissingParameter');
      if (text.startsWith(':') && part === 'Name')
        throw invalid(`The value ${text} for parameter ${where}.Dimensions.member.${place + 1}.Name is invalid.`);
    }
  });
  if (datum.Timestamp !== undefined && datum.Timestamp > at.nowMs + 2 * 3_600_000) {
    throw invalid(`The parameter ${where}.Timestamp must specify a time no more than two hours in the future.`);
  }
  if (namespace.startsWith('AWS/')) throw invalid('The value AWS/ for parameter Namespace is invalid.');
}

function store(at: Place, namespace: string, datum: Plain<MetricDatum>): void {
  const { Value, Values, Counts, StatisticValues: set } = datum;
  addDatum(at, {
    namespace,
    name: datum.MetricName ?? '',
    dimensions: (datum.Dimensions ?? []).map(({ Name = '', Value = '' }) => ({ Name, Value })),
    timestampMs: wholeSecond(datum.Timestamp ?? at.nowMs),
    unit: datum.Unit,
    ...(datum.StorageResolution === 1 ? { storageResolutionS: 1 as const } : {}),
    values: Value !== undefined ? [Value] : (Values ?? []),
    counts: Counts ?? [],
    ...(set === undefined
      ? {}
      : { set: { SampleCount: set.SampleCount ?? 0, Sum: set.Sum ?? 0, Minimum: set.Minimum ?? 0, Maximum: set.Maximum ?? 0 } }),
  });
}

interface Wanted {
  Namespace?: string | undefined;
  MetricName?: string | undefined;
  Dimensions?: { Name?: string | undefined; Value?: string | undefined }[] | undefined;
}

/** CloudWatch counts in whole seconds. */
const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;

/**
 * A metric is its exact set of dimensions. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension
 * Where rules are not held strictly, GetMetricStatistics folds all metrics that have the dimensions asked for, and
 * GetMetricData those of a name without dimensions.
 */
function matcher(at: Place, { Dimensions = [] }: Wanted, part: boolean): (datum: Datum) => boolean {
  const key = dimensionKey(Dimensions);
  if (at.strict || (!part && Dimensions.length > 0)) return (datum) => dimensionKey(datum.dimensions) === key;
  return ({ dimensions }) => Dimensions.every(({ Name, Value }) => dimensions.some((held) => held.Name === Name && held.Value === Value));
}

function select(at: Place, wanted: Wanted, startMs: number, endMs: number, unit: string | undefined, part = false): Datum[] {
  const matches = matcher(at, wanted, part);
  return at
    .table(data)
    .filter(
      (datum) =>
        datum.namespace === wanted.Namespace &&
        datum.name === wanted.MetricName &&
        datum.timestampMs >= startMs &&
        datum.timestampMs < endMs &&
        (unit === undefined || datum.unit === unit) &&
        matches(datum),
    );
}

function seriesOf(at: Place, query: Plain<MetricDataQuery>, startMs: number, endMs: number): Series {
  const { Metric, Period = 60, Stat = 'Average', Unit } = query.MetricStat ?? {};
  const found = select(at, Metric ?? {}, startMs, endMs, Unit);
  const points = buckets(found, startMs, Period).map((bucket): [number, number] => [
    bucket.timestampMs,
    statistic(bucket, Stat) ?? Number.NaN,
  ]);
  return new Map(points.filter(([, value]) => !Number.isNaN(value)));
}

function checkQueries(queries: readonly Plain<MetricDataQuery>[]): void {
  const ids = queries.map(({ Id = '' }) => Id);
  const malformed = ids.findIndex((id) => !/^[a-z][A-Za-z0-9_]*$/.test(id));
  if (malformed >= 0)
    throw invalid(
      `The value ${ids[malformed] ?? ''} for parameter MetricDataQueries.member.${malformed + 1}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
      'ValidationError',
    );
  if (new Set(ids).size < ids.length) throw invalid('The values for parameter MetricDataQueries.Id must be unique.', 'ValidationError');
  for (const [index, { MetricStat, Expression }] of queries.entries()) {
    if (MetricStat === undefined && Expression === undefined)
      throw invalid(`The parameter MetricDataQueries.member.${index + 1}.MetricStat is required.\n`, 'ValidationError');
  }
}

/** Results in the order of the queries; expressions may use each other, but not in a circle. */
function results(at: Place, queries: readonly Plain<MetricDataQuery>[], startMs: number, endMs: number): Map<string, Series> {
  const done = new Map<string, Series>();
  for (const query of queries) if (query.MetricStat !== undefined) done.set(query.Id ?? '', seriesOf(at, query, startMs, endMs));
  const metrics = [...done.values()];
  let waiting = queries.filter(({ MetricStat }) => MetricStat === undefined);
  while (waiting.length > 0) {
    const failed: typeof waiting = [];
    let reason = '';
    for (const query of waiting) {
      try {
        done.set(query.Id ?? '', evaluate(query.Expression ?? '', done, metrics));
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        reason = error.message;
        failed.push(query);
      }
    }
    if (failed.length === waiting.length) throw invalid(`Error in expression '${failed[0]?.Id ?? ''}': ${reason}`, 'ValidationError');
    waiting = failed;
  }
  return done;
}

export const metricOperations: Operations<CloudWatch> = {
  PutMetricData({ Namespace = '', MetricData = [] }, at) {
    MetricData.forEach((datum, index) => check(datum, Namespace, index, at));
    for (const datum of MetricData) store(at, Namespace, datum);
  },

  ListMetrics({ Namespace, MetricName, Dimensions = [], NextToken }, at) {
    const seen = new Map<string, Datum>();
    for (const datum of at.table(data).values())
      seen.set(`${datum.namespace}\u0001${datum.name}\u0001${dimensionKey(datum.dimensions)}`, datum);
    const found = [...seen.values()].filter(
      (datum) =>
        (Namespace === undefined || datum.namespace === Namespace) &&
        (MetricName === undefined || datum.name === MetricName) &&
        Dimensions.every(({ Name, Value }) =>
          datum.dimensions.some((held) => held.Name === Name && (Value === undefined || held.Value === Value)),
        ),
    );
    const onBadToken = (): AwsError => invalid('Request parameter NextToken is invalid', 'InvalidParameterValue');
    const measured = at.world.machinery.metrics?.(at);
    if (measured !== undefined) {
      const all = liveMetrics(measured, { Namespace, MetricName, Dimensions });
      const { items, next } = page(all, { token: NextToken, max: undefined }, { defaultMax: 500, onBadToken });
      return { Metrics: items, NextToken: next };
    }
    const { items, next } = page(found, { token: NextToken, max: undefined }, { defaultMax: 500, onBadToken });
    return {
      Metrics: items.map((datum) => ({ Namespace: datum.namespace, MetricName: datum.name, Dimensions: [...datum.dimensions] })),
      NextToken: next,
    };
  },

  GetMetricStatistics(
    { Namespace, MetricName, Dimensions, StartTime = 0, EndTime = 0, Period = 60, Statistics = [], ExtendedStatistics = [], Unit },
    at,
  ) {
    const [from, to] = [wholeSecond(StartTime), wholeSecond(EndTime)];
    if (from >= to) throw invalid('The parameter StartTime must be less than the parameter EndTime.');
    if (Statistics.length === 0 && ExtendedStatistics.length === 0)
      throw invalid('Must specify either Statistics or ExtendedStatistics', 'InvalidParameterCombination');
    const points = (to - from) / (Period * 1000);
    if (points > datapointsMax) {
      throw invalid(
        `You have requested up to ${Math.floor(points)} datapoints, which exceeds the limit of ${datapointsMax}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
        'InvalidParameterCombination',
      );
    }
    const measured = at.world.machinery.metrics?.(at);
    if (measured !== undefined) {
      const input = { Namespace, MetricName, Dimensions, StartTime: from, EndTime: to, Period, Statistics, ExtendedStatistics, Unit };
      return { Label: MetricName, Datapoints: liveStatistics(measured, input) };
    }
    const found = buckets(select(at, { Namespace, MetricName, Dimensions }, from, to, Unit, true), from, Period);
    return {
      Label: MetricName,
      Datapoints: found.map((bucket) => ({
        Timestamp: bucket.timestampMs,
        Unit: (bucket.unit ?? 'None') as 'None',
        ...Object.fromEntries(Statistics.map((name) => [name, statistic(bucket, name)])),
        ...(ExtendedStatistics.length === 0
          ? {}
          : { ExtendedStatistics: Object.fromEntries(ExtendedStatistics.map((name) => [name, statistic(bucket, name) ?? 0])) }),
      })),
    };
  },

  GetMetricData({ MetricDataQueries = [], StartTime = 0, EndTime = 0, ScanBy = 'TimestampDescending' }, at) {
    const [from, to] = [wholeSecond(StartTime), wholeSecond(EndTime)];
    if (from > to) throw invalid('The parameter EndTime must be greater than StartTime.', 'ValidationError');
    if (from === to) throw invalid('The parameter StartTime must not equal parameter EndTime.', 'ValidationError');
    checkQueries(MetricDataQueries);
    const measured = at.world.machinery.metrics?.(at);
    if (measured !== undefined) return liveMetricData(measured, { MetricDataQueries, StartTime: from, EndTime: to, ScanBy });
    const found = results(at, MetricDataQueries, from, to);
    const direction = ScanBy === 'TimestampAscending' ? 1 : -1;
    return {
      Messages: [],
      MetricDataResults: MetricDataQueries.filter(({ ReturnData = true }) => ReturnData).map((query): Plain<MetricDataResult> => {
        const points = [...(found.get(query.Id ?? '') ?? [])].toSorted((a, b) => (a[0] - b[0]) * direction);
        const label =
          query.Label ??
          (query.MetricStat === undefined ? query.Id : `${query.MetricStat.Metric?.MetricName ?? ''} ${query.MetricStat.Stat ?? ''}`);
        return {
          Id: query.Id,
          Label: label,
          Timestamps: points.map(([time]) => time),
          Values: points.map(([, value]) => value),
          StatusCode: 'Complete',
        };
      }),
    };
  },
};
