import { PlimsollError } from '../base/index.ts';
import type { Measurement, StatisticSet } from '../model/index.ts';
import { Distribution } from './distribution.ts';
import { metricsErrors } from './errors.ts';

/** CloudWatch takes values between -2^360 and 2^360. */
const VALUE_MAX = 2 ** 360;

/** All that is kept of the measurements of one span of time. Summaries merge exactly, whatever the order. */
export class Summary {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** Absent where only totals are wanted, and once a negative value or a bare statistic set came in: then no percentile can be told. */
  distribution: Distribution | undefined;

  constructor(options: { totalsOnly?: boolean } = {}) {
    this.distribution = options.totalsOnly === true ? undefined : new Distribution();
  }

  add(measurement: Measurement): void {
    if ('value' in measurement) this.#addValue(checkValue(measurement.value), 1);
    else if ('values' in measurement) this.#addValues(measurement.values, measurement.counts);
    else if ('statisticValues' in measurement) this.#addSet(measurement.statisticValues);
    else this.#addHistogram(measurement.histogram);
  }

  merge(other: Summary): void {
    this.#addTotals(other.count, other.sum, other.min, other.max);
    if (this.distribution && other.distribution) this.distribution.merge(other.distribution);
    else this.distribution = undefined;
  }

  #addValues(values: readonly number[], counts: readonly number[] | undefined): void {
    if (counts !== undefined && counts.length !== values.length) {
      throw new PlimsollError(metricsErrors.PL_METRICS_VALUE, { what: `${values.length} values came with ${counts.length} counts` });
    }
    values.forEach(checkValue);
    counts?.forEach(checkCount);
    for (let i = 0; i < values.length; i++) this.#addValue(values[i] as number, counts?.[i] ?? 1);
  }

  #addValue(value: number, count: number): void {
    if (count === 0) return;
    this.#addTotals(count, value * count, value, value);
    if (value < 0) this.distribution = undefined;
    else this.distribution?.add(value, count);
  }

  /** Without single values a percentile is only known when all of them are the same. */
  #addSet(set: StatisticSet): void {
    checkCount(set.sampleCount);
    for (const value of [set.sum, set.minimum, set.maximum]) checkValue(value);
    if (set.sampleCount === 0) return;
    if (set.minimum > set.maximum) {
      throw new PlimsollError(metricsErrors.PL_METRICS_VALUE, {
        what: `a statistic set has a minimum of ${set.minimum} above its maximum of ${set.maximum}`,
      });
    }
    this.#addTotals(set.sampleCount, set.sum, set.minimum, set.maximum);
    if (set.minimum === set.maximum && set.minimum >= 0) this.distribution?.add(set.minimum, set.sampleCount);
    else this.distribution = undefined;
  }

  #addHistogram(data: Extract<Measurement, { histogram: unknown }>['histogram']): void {
    if (data.count === 0) return;
    this.#addTotals(data.count, data.sum, data.min, data.max);
    this.distribution?.addHistogram(data);
  }

  #addTotals(count: number, sum: number, min: number, max: number): void {
    this.count += count;
    this.sum += sum;
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
  }
}

function checkValue(value: number): number {
  if (!(Math.abs(value) <= VALUE_MAX)) {
    throw new PlimsollError(metricsErrors.PL_METRICS_VALUE, { what: `a metric's value must be a finite number up to 2^360, got ${value}` });
  }
  return value;
}

function checkCount(count: number): void {
  if (!(count >= 0 && count <= VALUE_MAX)) {
    throw new PlimsollError(metricsErrors.PL_METRICS_VALUE, { what: `a count must be a finite number and not negative, got ${count}` });
  }
}
