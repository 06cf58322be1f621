import {
  list,
  mapSeries,
  foldSeries,
  scalar,
  series,
  times,
  withPoints,
  zipSeries,
  type TimeSeries,
  type Timeline,
  type Value,
} from './value.ts';

export interface Context {
  readonly timeline: Timeline;
  /** What METRICS() gives: all series that are not expressions, by their id. */
  readonly metrics: ReadonlyMap<string, TimeSeries>;
  /** Ends the evaluation with an error that names the place. */
  fail(what: string): never;
}

type MathFunction = (args: readonly Value[], context: Context) => Value;

const meanOf = (values: readonly number[]): number => sumOf(values) / values.length;
const sumOf = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / values.length);
}

/** Of one series the aggregate is a number, of several it is a series, of a number it is itself. */
function aggregate(fn: (values: readonly number[]) => number): MathFunction {
  return (args, context) => {
    const [of] = take(args, 1, 1, context);
    if (of.type === 'scalar') return scalar(fn([of.value]));
    if (of.type === 'series') return scalar(of.series.points.size === 0 ? Number.NaN : fn([...of.series.points.values()]));
    return series(foldSeries(seriesOf(of, context), '', fn));
  };
}

/** The same function of every number. */
function each(fn: (value: number, time: number) => number): MathFunction {
  return (args, context) => {
    const [of] = take(args, 1, 1, context);
    if (of.type === 'scalar') return scalar(fn(of.value, 0));
    return overSeries(of, context, (one) => mapSeries(one, fn));
  };
}

/** A function of the time of each point. */
function ofTime(fn: (date: Date) => number): MathFunction {
  return each((_value, time) => fn(new Date(time)));
}

/** A function of each point and the one before it; the first has none. */
function withPrevious(fn: (change: number, seconds: number) => number): MathFunction {
  return (args, context) =>
    overSeries(take(args, 1, 1, context)[0], context, (one) => {
      const points: [number, number][] = [];
      let before: readonly [number, number] | undefined;
      for (const point of one.points) {
        if (before) points.push([point[0], fn(point[1] - before[1], (point[0] - before[0]) / 1000)]);
        before = point;
      }
      return withPoints(one, points);
    });
}

/**
 * CloudWatch's functions, as its table has them:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax
 * Not here: SEARCH, ANOMALY_DETECTION_BAND, INSIGHT_RULE_METRIC, SERVICE_QUOTA and DB_PERF_INSIGHTS, which reach
 * beyond the metrics at hand.
 */
export const mathFunctions: Readonly<Record<string, MathFunction>> = {
  AVG: aggregate(meanOf),
  SUM: aggregate(sumOf),
  MIN: aggregate((values) => Math.min(...values)),
  MAX: aggregate((values) => Math.max(...values)),
  STDDEV: aggregate(deviationOf),
  DATAPOINT_COUNT: aggregate((values) => values.length),

  ABS: each(Math.abs),
  CEIL: each(Math.ceil),
  FLOOR: each(Math.floor),
  LOG: each(Math.log),
  LOG10: each(Math.log10),

  MINUTE: ofTime((date) => date.getUTCMinutes()),
  HOUR: ofTime((date) => date.getUTCHours()),
  DAY: ofTime((date) => date.getUTCDay() || 7),
  DATE: ofTime((date) => date.getUTCDate()),
  MONTH: ofTime((date) => date.getUTCMonth() + 1),
  YEAR: ofTime((date) => date.getUTCFullYear()),
  EPOCH: ofTime((date) => date.getTime() / 1000),

  DIFF: withPrevious((change) => change),
  DIFF_TIME: withPrevious((_change, seconds) => seconds),
  RATE: withPrevious((change, seconds) => change / seconds),
  RUNNING_SUM: (args, context) =>
    overSeries(take(args, 1, 1, context)[0], context, (one) => {
      let total = 0;
      return mapSeries(one, (value) => (total += value));
    }),

  PERIOD: (args, context) => scalar(oneSeries(take(args, 1, 1, context)[0], context).periodMs / 1000),
  METRIC_COUNT: (args, context) => scalar(seriesOf(take(args, 1, 1, context)[0], context).length),
  METRICS: metricsOf,
  FILL: fill,
  IF: choose,
  FIRST: (args, context) => series(seriesOf(take(args, 1, 1, context)[0], context)[0] ?? empty(context)),
  LAST: (args, context) => series(seriesOf(take(args, 1, 1, context)[0], context).at(-1) ?? empty(context)),
  REMOVE_EMPTY: (args, context) => list(seriesOf(take(args, 1, 1, context)[0], context).filter(({ points }) => points.size > 0)),
  SLICE: (args, context) => {
    const [of, from, to] = take(args, 2, 3, context);
    return list(seriesOf(of, context).slice(numberOf(from, context), to === undefined ? undefined : numberOf(to, context)));
  },
  SORT: sortSeries,
  TIME_SERIES: (args, context) => series(constant(numberOf(take(args, 1, 1, context)[0], context), context)),
};

/** A number at every time of the timeline. */
export function constant(value: number, context: Context): TimeSeries {
  return withPoints(
    empty(context),
    timesOf(context).map((time) => [time, value] as const),
  );
}

/** CloudWatch gives at most so many points in one answer. */
const POINTS_MAX = 100_800;

function timesOf(context: Context): number[] {
  const { startMs, endMs, periodMs } = context.timeline;
  if ((endMs - startMs) / periodMs > POINTS_MAX) context.fail(`would give more than ${POINTS_MAX} points`);
  return [...times(context.timeline)];
}

/** METRICS() is every metric of the request, METRICS("cpu") those whose id contains the text. */
function metricsOf(args: readonly Value[], context: Context): Value {
  const [filter] = args.length === 0 ? [undefined] : take(args, 1, 1, context);
  const part = filter === undefined ? '' : textOf(filter, context);
  return list([...context.metrics].filter(([id]) => id.includes(part)).map(([, one]) => one));
}

/** FILL(m1, 0), FILL(m1, REPEAT), FILL(m1, LINEAR), FILL(m1, m2): a value for every time of the timeline that has none. */
function fill(args: readonly Value[], context: Context): Value {
  const [of, by] = take(args, 2, 2, context);
  return overSeries(of, context, (one) => {
    const filler = fillerOf(one, by as Value, context);
    return withPoints(
      one,
      timesOf(context).map((time) => [time, one.points.get(time) ?? filler(time) ?? Number.NaN] as const),
    );
  });
}

/** What stands in for a missing point; asked for rising times. */
function fillerOf(one: TimeSeries, by: Value, context: Context): (time: number) => number | undefined {
  if (by.type === 'scalar') return () => by.value;
  if (by.type === 'series') return (time) => by.series.points.get(time);
  const way = textOf(by, context);
  if (way !== 'REPEAT' && way !== 'LINEAR') return context.fail('takes a number, a series, REPEAT or LINEAR');
  const known = [...one.points];
  let next = 0;
  return (time) => {
    while ((known[next]?.[0] ?? Number.POSITIVE_INFINITY) < time) next++;
    const [left, right] = [known[next - 1], known[next]];
    if (way === 'REPEAT') return left?.[1];
    return left && right && left[1] + ((right[1] - left[1]) * (time - left[0])) / (right[0] - left[0]);
  };
}

/** IF(condition, then, else): per point where the condition is a series. Without else there is a point only where it holds. */
function choose(args: readonly Value[], context: Context): Value {
  const [condition, then, otherwise] = take(args, 2, 3, context);
  if (condition.type === 'scalar') return (condition.value === 0 ? otherwise : then) ?? series(empty(context));
  const chosen = (value: Value | undefined, time: number): number => {
    if (value === undefined) return Number.NaN;
    return value.type === 'scalar' ? value.value : (oneSeries(value, context).points.get(time) ?? Number.NaN);
  };
  return overSeries(condition, context, (one) => mapSeries(one, (holds, time) => chosen(holds === 0 ? otherwise : then, time)));
}

/** SORT(list, AVG|MIN|MAX|SUM, ASC|DESC, n): the series by what the function makes of each; n of them where given. */
function sortSeries(args: readonly Value[], context: Context): Value {
  const [of, by, order, limit] = take(args, 3, 4, context);
  const name = textOf(by as Value, context);
  if (!['AVG', 'MIN', 'MAX', 'SUM'].includes(name)) return context.fail('takes AVG, MIN, MAX or SUM');
  const direction = { ASC: 1, DESC: -1 }[textOf(order as Value, context)] ?? context.fail('takes ASC or DESC');
  const rank = (one: TimeSeries): number => numberOf((mathFunctions[name] as MathFunction)([series(one)], context), context);
  const sorted = seriesOf(of, context)
    .filter(({ points }) => points.size > 0)
    .toSorted((a, b) => direction * (rank(a) - rank(b)));
  return list(limit === undefined ? sorted : sorted.slice(0, numberOf(limit, context)));
}

const binaryOperators: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  AND: (a, b) => Number(a !== 0 && b !== 0),
  OR: (a, b) => Number(a !== 0 || b !== 0),
};

/** Numbers with numbers, series with numbers, series with series point by point, lists with any of them one by one. */
export function binary(operator: string, left: Value, right: Value, context: Context): Value {
  const fn = binaryOperators[operator] as (a: number, b: number) => number;
  if (left.type === 'scalar' && right.type === 'scalar') return scalar(fn(left.value, right.value));
  if (right.type === 'scalar') return overSeries(left, context, (one) => mapSeries(one, (value) => fn(value, right.value)));
  if (left.type === 'scalar') return overSeries(right, context, (one) => mapSeries(one, (value) => fn(left.value, value)));
  if (left.type === 'list' && right.type === 'list') {
    if (left.list.length !== right.list.length) context.fail('the two lists are of different length');
    return list(left.list.map((one, i) => zipSeries(one, right.list[i] as TimeSeries, fn)));
  }
  if (left.type === 'list') return overSeries(left, context, (one) => zipSeries(one, oneSeries(right, context), fn));
  return overSeries(right, context, (other) => zipSeries(oneSeries(left, context), other, fn));
}

function take(args: readonly Value[], min: number, max: number, context: Context): [Value, ...Value[]] {
  if (args.length < min || args.length > max) context.fail(`takes ${min === max ? min : `${min} to ${max}`} arguments, got ${args.length}`);
  return args as unknown as [Value, ...Value[]];
}

function overSeries(of: Value, context: Context, fn: (one: TimeSeries) => TimeSeries): Value {
  return of.type === 'series' ? series(fn(of.series)) : list(seriesOf(of, context).map(fn));
}

function seriesOf(of: Value | undefined, context: Context): readonly TimeSeries[] {
  if (of?.type === 'series') return [of.series];
  return of?.type === 'list' ? of.list : context.fail('needs a time series');
}

function oneSeries(of: Value, context: Context): TimeSeries {
  return of.type === 'series' ? of.series : context.fail('needs a single time series');
}

export function numberOf(of: Value | undefined, context: Context): number {
  return of?.type === 'scalar' ? of.value : context.fail('needs a number');
}

function textOf(of: Value, context: Context): string {
  return of.type === 'text' ? of.value : context.fail('needs a word');
}

function empty({ timeline }: Context): TimeSeries {
  return { label: '', periodMs: timeline.periodMs, points: new Map() };
}
