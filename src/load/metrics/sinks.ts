import { Histogram, type HistogramData } from '../../base/index.ts';

/** The four kinds of metric, as k6 has them, and how each gathers values and merges with its like. */

export type MetricType = 'counter' | 'gauge' | 'rate' | 'trend';
/** What the values are, which decides how they are printed. */
export type ValueType = 'default' | 'time' | 'data';

/** What crosses a process boundary: everything since the last time it was taken. */
export type SinkData =
  | { type: 'counter'; value: number }
  | { type: 'gauge'; value: number; min: number; max: number }
  | { type: 'rate'; passes: number; total: number }
  | { type: 'trend'; histogram: HistogramData };

export interface Sink {
  readonly type: MetricType;
  readonly isEmpty: boolean;
  add(value: number): void;
  merge(data: SinkData): void;
  /** What was gathered since the last `take`; undefined when nothing was. */
  peek(): SinkData | undefined;
  take(): SinkData | undefined;
}

export class CounterSink implements Sink {
  readonly type = 'counter';
  value = 0;
  isEmpty = true;

  add(value: number): void {
    this.value += value;
    this.isEmpty = false;
  }

  merge(data: SinkData): void {
    if (data.type === 'counter') this.add(data.value);
  }

  peek(): SinkData | undefined {
    return this.isEmpty ? undefined : { type: 'counter', value: this.value };
  }

  take(): SinkData | undefined {
    const data = this.peek();
    this.value = 0;
    this.isEmpty = true;
    return data;
  }
}

export class GaugeSink implements Sink {
  readonly type = 'gauge';
  value = 0;
  min = 0;
  max = 0;
  isEmpty = true;

  add(value: number): void {
    this.value = value;
    if (this.isEmpty || value < this.min) this.min = value;
    if (this.isEmpty || value > this.max) this.max = value;
    this.isEmpty = false;
  }

  merge(data: SinkData): void {
    if (data.type !== 'gauge') return;
    this.add(data.min);
    this.add(data.max);
    this.value = data.value;
  }

  peek(): SinkData | undefined {
    return this.isEmpty ? undefined : { type: 'gauge', value: this.value, min: this.min, max: this.max };
  }

  take(): SinkData | undefined {
    const data = this.peek();
    this.isEmpty = true;
    return data;
  }
}

export class RateSink implements Sink {
  readonly type = 'rate';
  passes = 0;
  total = 0;

  get isEmpty(): boolean {
    return this.total === 0;
  }

  get rate(): number {
    return this.total === 0 ? 0 : this.passes / this.total;
  }

  add(value: number): void {
    this.total++;
    if (value !== 0) this.passes++;
  }

  merge(data: SinkData): void {
    if (data.type !== 'rate') return;
    this.passes += data.passes;
    this.total += data.total;
  }

  peek(): SinkData | undefined {
    return this.total === 0 ? undefined : { type: 'rate', passes: this.passes, total: this.total };
  }

  take(): SinkData | undefined {
    const data = this.peek();
    this.passes = 0;
    this.total = 0;
    return data;
  }
}

export class TrendSink implements Sink {
  readonly type = 'trend';
  readonly histogram = new Histogram();

  get isEmpty(): boolean {
    return this.histogram.count === 0;
  }

  add(value: number): void {
    this.histogram.record(value);
  }

  merge(data: SinkData): void {
    if (data.type === 'trend') this.histogram.merge(data.histogram);
  }

  peek(): SinkData | undefined {
    return this.histogram.count === 0 ? undefined : { type: 'trend', histogram: this.histogram.toData() };
  }

  take(): SinkData | undefined {
    const data = this.peek();
    if (data) this.histogram.reset();
    return data;
  }

  /**
   * The value at `percent` with k6's rule: linear interpolation between the two nearest ranks
   * of `percent/100 · (count − 1)`.
   */
  percentile(percent: number): number {
    const { count } = this.histogram;
    if (count === 0) return 0;
    const position = (Math.min(100, Math.max(0, percent)) / 100) * (count - 1);
    const below = this.#atRank(Math.floor(position));
    const fraction = position - Math.floor(position);
    return fraction === 0 ? below : below + (this.#atRank(Math.ceil(position)) - below) * fraction;
  }

  /** The value of a rank counted from 0. */
  #atRank(rank: number): number {
    if (rank === 0) return this.histogram.min;
    return this.histogram.quantile((rank + 0.5) / this.histogram.count);
  }
}

export function createSink(type: MetricType): Sink {
  switch (type) {
    case 'counter':
      return new CounterSink();
    case 'gauge':
      return new GaugeSink();
    case 'rate':
      return new RateSink();
    default:
      return new TrendSink();
  }
}
