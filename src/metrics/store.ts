import { PlimsollError } from '../base/index.ts';
import type { Datapoint, MetricDatum, MetricIdentity, Statistic, Unit } from '../model/index.ts';
import { metricsErrors } from './errors.ts';
import { Series } from './series.ts';
import { isExtended, statisticReader } from './statistic.ts';
import { Summary } from './summary.ts';

const DIMENSIONS_MAX = 30;
/** How often, by the time of the data, old data are rolled up: what is kept is kept at most this much longer. */
const ROLL_UP_EVERY_MS = 300_000;

export interface StatisticsQuery {
  readonly identity: MetricIdentity;
  readonly statistic: Statistic;
  /** 1, 5, 10, 20, 30 or a multiple of 60. */
  readonly periodS: number;
  /** Inclusive; the period that holds it is given from its beginning. */
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** Without it, the unit in which the metric was last published. */
  readonly unit?: Unit;
}

export interface ListedMetric extends MetricIdentity {
  readonly units: readonly Unit[];
  /** Time of its newest measurement. */
  readonly lastMs: number;
}

export interface MetricFilter {
  readonly namespace?: string;
  readonly name?: string;
  /** Dimensions that a metric must have, with any value where it is undefined. */
  readonly dimensions?: Readonly<Record<string, string | undefined>>;
}

interface Metric {
  readonly identity: MetricIdentity;
  readonly units: Map<Unit, Series>;
  lastUnit: Unit;
}

/**
 * All time series of a region, as CloudWatch keeps them: a metric is its namespace, its name and its exact
 * set of dimensions; measurements of different units are kept apart. Data are summed up by the second or
 * the minute when they come in and more coarsely as they age (`retention`), so that memory is bounded by
 * the number of series times a constant.
 *
 * The store reads no clock: its idea of "now" is the newest timestamp it was given. Whoever takes data
 * from outside must refuse times in the far future (CloudWatch's bound is two hours), for they would age
 * everything else.
 */
export class MetricStore {
  readonly #metrics = new Map<string, Metric>();
  readonly #seriesMax: number;
  #seriesCount = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #rolledUpMs = Number.NEGATIVE_INFINITY;

  constructor(options: { seriesMax?: number } = {}) {
    this.#seriesMax = options.seriesMax ?? 10_000;
  }

  /**
   * Takes measurements. Order does not matter, and several of one period add up.
   * @throws PL_METRICS_VALUE, PL_METRICS_DIMENSIONS, PL_METRICS_SERIES; what came before the bad one is kept.
   */
  put(data: MetricDatum | readonly MetricDatum[]): void {
    for (const datum of Array.isArray(data) ? (data as readonly MetricDatum[]) : [data as MetricDatum]) this.#putOne(datum);
    if (this.#newestMs - this.#rolledUpMs >= ROLL_UP_EVERY_MS) this.#rollUp();
  }

  /**
   * The statistic over each period that has data, oldest first. Periods begin at whole multiples of their
   * length since the epoch. Data that have been rolled up show in periods at least as long as their roll-up.
   * @throws PL_METRICS_PERIOD, PL_METRICS_STATISTIC
   */
  statistics(query: StatisticsQuery): Datapoint[] {
    const periodMs = checkPeriod(query.periodS) * 1000;
    const read = statisticReader(query.statistic);
    const points: Datapoint[] = [];
    for (const [startMs, summary] of this.#periods(query, periodMs)) {
      const value = read(summary);
      if (value !== undefined) points.push({ timestampMs: startMs, value });
    }
    return points;
  }

  /** The units a metric was published in, the latest to appear last; empty for an unknown metric. */
  units(identity: MetricIdentity): readonly Unit[] {
    return [...(this.#metrics.get(keyOf(identity))?.units.keys() ?? [])];
  }

  /** All metrics that have data, in the order in which they first came. */
  list(filter: MetricFilter = {}): ListedMetric[] {
    const found: ListedMetric[] = [];
    for (const { identity, units } of this.#metrics.values()) {
      if (!matches(identity, filter)) continue;
      found.push({ ...identity, units: [...units.keys()], lastMs: Math.max(...[...units.values()].map((series) => series.lastMs)) });
    }
    return found;
  }

  #putOne(datum: MetricDatum): void {
    const metric = this.#metric(datum);
    let series = metric.units.get(datum.unit);
    if (series === undefined) {
      if (this.#seriesCount >= this.#seriesMax) {
        throw new PlimsollError(metricsErrors.PL_METRICS_SERIES, {
          what: `the metrics store is full with ${this.#seriesCount} series`,
          where: `${datum.namespace} ${datum.name}`,
          fix: 'publish fewer different dimension values',
        });
      }
      series = new Series();
    }
    if (datum.timestampMs > this.#newestMs) this.#newestMs = datum.timestampMs;
    series.put(datum.timestampMs, datum.storageResolutionS ?? 60, datum, this.#newestMs);
    this.#keep(metric, datum.unit, series);
  }

  /** A series enters the store only with its first good measurement. */
  #keep(metric: Metric, unit: Unit, series: Series): void {
    if (series.empty) return;
    if (!metric.units.has(unit)) {
      metric.units.set(unit, series);
      this.#seriesCount++;
      this.#metrics.set(keyOf(metric.identity), metric);
    }
    metric.lastUnit = unit;
  }

  #metric(datum: MetricDatum): Metric {
    const found = this.#metrics.get(keyOf(datum));
    if (found) return found;
    const { namespace, name, dimensions } = datum;
    const count = Object.keys(dimensions).length;
    if (count > DIMENSIONS_MAX) {
      throw new PlimsollError(metricsErrors.PL_METRICS_DIMENSIONS, {
        what: `a metric has ${count} dimensions, at most ${DIMENSIONS_MAX} are allowed`,
        where: `${namespace} ${name}`,
      });
    }
    return { identity: { namespace, name, dimensions: { ...dimensions } }, units: new Map(), lastUnit: datum.unit };
  }

  #periods(query: StatisticsQuery, periodMs: number): [startMs: number, Summary][] {
    const metric = this.#metrics.get(keyOf(query.identity));
    const series = metric?.units.get(query.unit ?? metric.lastUnit);
    if (series === undefined) return [];
    const firstMs = Math.floor(query.startMs / periodMs) * periodMs;
    const periods = new Map<number, Summary>();
    const totalsOnly = !isExtended(query.statistic);
    for (const bucket of series.buckets(firstMs, query.endMs, periodMs)) {
      const startMs = Math.floor(bucket.startMs / periodMs) * periodMs;
      let period = periods.get(startMs);
      if (period === undefined) periods.set(startMs, (period = new Summary({ totalsOnly })));
      period.merge(bucket.summary);
    }
    return [...periods].sort(([a], [b]) => a - b);
  }

  #rollUp(): void {
    this.#rolledUpMs = this.#newestMs;
    for (const [key, metric] of this.#metrics) {
      for (const [unit, series] of metric.units) {
        series.rollUp(this.#newestMs);
        if (!series.empty) continue;
        metric.units.delete(unit);
        this.#seriesCount--;
      }
      if (metric.units.size === 0) this.#metrics.delete(key);
    }
  }
}

/** @throws PL_METRICS_PERIOD */
export function checkPeriod(periodS: number): number {
  const fits = [1, 5, 10, 20, 30].includes(periodS) || (Number.isInteger(periodS) && periodS > 0 && periodS % 60 === 0);
  if (!fits) {
    throw new PlimsollError(metricsErrors.PL_METRICS_PERIOD, {
      what: `a period of ${periodS} s is not possible`,
      fix: 'use 1, 5, 10, 20, 30 or a multiple of 60',
    });
  }
  return periodS;
}

function keyOf({ namespace, name, dimensions }: MetricIdentity): string {
  let key = `${namespace}\0${name}`;
  for (const dimension of Object.keys(dimensions).sort()) key += `\0${dimension}\0${dimensions[dimension]}`;
  return key;
}

function matches(identity: MetricIdentity, filter: MetricFilter): boolean {
  if (filter.namespace !== undefined && filter.namespace !== identity.namespace) return false;
  if (filter.name !== undefined && filter.name !== identity.name) return false;
  return Object.entries(filter.dimensions ?? {}).every(
    ([name, value]) => name in identity.dimensions && (value === undefined || identity.dimensions[name] === value),
  );
}
