/** The times an expression is evaluated at. */
export interface Timeline {
  readonly startMs: number;
  readonly endMs: number;
  readonly periodMs: number;
}

/** A time series: its points by time, rising. Times without a point are missing. */
export interface TimeSeries {
  readonly label: string;
  readonly periodMs: number;
  readonly points: ReadonlyMap<number, number>;
}

/** What an expression can be: a number, a series, several series, or a word (`"cpu"`, REPEAT). */
export type Value =
  | { readonly type: 'scalar'; readonly value: number }
  | { readonly type: 'series'; readonly series: TimeSeries }
  | { readonly type: 'list'; readonly list: readonly TimeSeries[] }
  | { readonly type: 'text'; readonly value: string };

export const scalar = (value: number): Value => ({ type: 'scalar', value });
export const series = (of: TimeSeries): Value => ({ type: 'series', series: of });
export const list = (of: readonly TimeSeries[]): Value => ({ type: 'list', list: of });

/** The whole periods of a timeline. */
export function* times({ startMs, endMs, periodMs }: Timeline): Generator<number> {
  for (let time = Math.floor(startMs / periodMs) * periodMs; time < endMs; time += periodMs) yield time;
}

/** A series with other points; what is not a finite number (a division by zero) is no point. */
export function withPoints(like: TimeSeries, points: Iterable<readonly [number, number]>): TimeSeries {
  const kept = new Map<number, number>();
  for (const [time, value] of points) if (Number.isFinite(value)) kept.set(time, value);
  return { ...like, points: kept };
}

export function mapSeries(of: TimeSeries, fn: (value: number, time: number) => number): TimeSeries {
  return withPoints(
    of,
    [...of.points].map(([time, value]) => [time, fn(value, time)] as const),
  );
}

/** Point by point where both have one. */
export function zipSeries(a: TimeSeries, b: TimeSeries, fn: (a: number, b: number) => number): TimeSeries {
  const points: [number, number][] = [];
  for (const [time, value] of a.points) {
    const other = b.points.get(time);
    if (other !== undefined) points.push([time, fn(value, other)]);
  }
  return withPoints({ ...a, periodMs: Math.max(a.periodMs, b.periodMs) }, points);
}

/** One series from several: at each time the function of the values that are there. */
export function foldSeries(all: readonly TimeSeries[], label: string, fn: (values: readonly number[]) => number): TimeSeries {
  const at = new Map<number, number[]>();
  for (const { points } of all) {
    for (const [time, value] of points) {
      const values = at.get(time);
      if (values) values.push(value);
      else at.set(time, [value]);
    }
  }
  const points = [...at].sort(([a], [b]) => a - b).map(([time, values]) => [time, fn(values)] as const);
  return withPoints({ label, periodMs: Math.max(0, ...all.map(({ periodMs }) => periodMs)), points: new Map() }, points);
}
