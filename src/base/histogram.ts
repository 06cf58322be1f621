/**
 * A histogram of non-negative numbers with bounded relative error and exact merging.
 *
 * The bucket of a value is read off its IEEE 754 bits: the exponent and the top 7 bits of the
 * mantissa, so each power of two is cut into 128 equal buckets. A bucket is at most 1/128 of its
 * lower bound wide and its midpoint is returned, which bounds the relative error by 1/256 < 0.4 %.
 *
 *     2^e            2^e·(1+1/128)                    2^(e+1)
 *      |——— bucket 0 ———|——— bucket 1 ———|  …  | 127 ———|
 *
 * Counts live in one array that grows to the range seen. Values below 2^-20 share the zero bucket.
 */
const SUB_BITS = 7;
const MIN_EXPONENT = -20;
const MIN_VALUE = 2 ** MIN_EXPONENT;
const FIRST = (1023 + MIN_EXPONENT) << SUB_BITS;

const float = new Float64Array(1);
const bits = new Uint32Array(float.buffer);

/** The number of the bucket that holds a non-negative value; buckets rise with their values. */
export function bucketOf(value: number): number {
  if (value < MIN_VALUE) return 0;
  float[0] = value;
  return ((bits[1] as number) >>> (20 - SUB_BITS)) - FIRST + 1;
}

/** The least value that belongs to a bucket. */
export function lowerBoundOf(bucket: number): number {
  if (bucket === 0) return 0;
  bits[0] = 0;
  bits[1] = (bucket - 1 + FIRST) << (20 - SUB_BITS);
  return float[0] as number;
}

/** The value that stands for all of a bucket. */
export function midpointOf(bucket: number): number {
  return bucket === 0 ? 0 : (lowerBoundOf(bucket) + lowerBoundOf(bucket + 1)) / 2;
}

/** What crosses a process boundary. `counts[i]` belongs to bucket `from + i`. */
export interface HistogramData {
  count: number;
  sum: number;
  min: number;
  max: number;
  from: number;
  counts: number[];
}

export class Histogram {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = 0;
  #counts = new Float64Array(0);
  #from = 0;

  /** Negative and non-finite values are counted as 0. */
  record(value: number): void {
    const v = value > 0 && value < Number.POSITIVE_INFINITY ? value : 0;
    const index = bucketOf(v) - this.#from;
    if (index >= 0 && index < this.#counts.length) (this.#counts[index] as number)++;
    else this.#slot(index + this.#from, 1);
    this.count++;
    this.sum += v;
    if (v < this.min) this.min = v;
    if (v > this.max) this.max = v;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** The value at quantile `q` in [0, 1] by nearest rank; 0 when empty. */
  quantile(q: number): number {
    if (this.count === 0) return 0;
    const rank = Math.max(1, Math.ceil(q * this.count));
    if (rank >= this.count) return this.max;
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i] as number;
      if (seen >= rank) return Math.min(this.max, Math.max(this.min, midpointOf(i + this.#from)));
    }
    return this.max;
  }

  /** How many recorded values fall in buckets at or below that of `value`. */
  countAtMost(value: number): number {
    const last = bucketOf(value) - this.#from;
    let seen = 0;
    for (let i = 0; i <= last && i < this.#counts.length; i++) seen += this.#counts[i] as number;
    return seen;
  }

  merge(other: Histogram | HistogramData): void {
    const data = other instanceof Histogram ? other.toData() : other;
    if (data.count === 0) return;
    for (let i = 0; i < data.counts.length; i++) {
      const n = data.counts[i] as number;
      if (n > 0) this.#slot(data.from + i, n);
    }
    this.count += data.count;
    this.sum += data.sum;
    if (data.min < this.min) this.min = data.min;
    if (data.max > this.max) this.max = data.max;
  }

  toData(): HistogramData {
    let first = 0;
    let end = this.#counts.length;
    while (first < end && this.#counts[first] === 0) first++;
    while (end > first && this.#counts[end - 1] === 0) end--;
    return {
      count: this.count,
      sum: this.sum,
      min: this.count === 0 ? 0 : this.min,
      max: this.max,
      from: this.#from + first,
      counts: Array.from(this.#counts.subarray(first, end)),
    };
  }

  static fromData(data: HistogramData): Histogram {
    const histogram = new Histogram();
    histogram.merge(data);
    return histogram;
  }

  /** Empties it and keeps the memory: for a window that is read and started again. */
  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = 0;
    this.#counts.fill(0);
  }

  #slot(bucket: number, add: number): void {
    if (this.#counts.length === 0) {
      this.#from = Math.max(0, bucket - 64);
      this.#counts = new Float64Array(192);
    }
    if (bucket < this.#from || bucket >= this.#from + this.#counts.length) {
      const from = Math.max(0, Math.min(this.#from, bucket - 64));
      const end = Math.max(this.#from + this.#counts.length, bucket + 65);
      const grown = new Float64Array(end - from);
      grown.set(this.#counts, this.#from - from);
      this.#counts = grown;
      this.#from = from;
    }
    (this.#counts[bucket - this.#from] as number) += add;
  }
}
