import type { Measurement } from '../model/index.ts';
import { Summary } from './summary.ts';

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * How finely and how long CloudWatch keeps data: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
 * ("Metrics retention"). What becomes too old for one row is merged into the next.
 */
export const retention = [
  { widthMs: SECOND, keptMs: 3 * HOUR },
  { widthMs: 60 * SECOND, keptMs: 15 * DAY },
  { widthMs: 300 * SECOND, keptMs: 63 * DAY },
  { widthMs: HOUR, keptMs: 455 * DAY },
] as const;

/** After this age percentiles are kept in few, wide cells: errors of some percent instead of 0.4 %, some hundred bytes a minute. */
const FINE_PERCENTILES_MS = 3 * HOUR;
const COARSE_CELLS = 32;

/** A summary of [startMs, startMs + the width of its tier). */
export interface Bucket {
  readonly startMs: number;
  readonly summary: Summary;
}

/** The buckets of one width, rising by time. Data come nearly in order, so that the end of the array is where things happen. */
class Tier {
  readonly widthMs: number;
  readonly buckets: Bucket[] = [];

  constructor(widthMs: number) {
    this.widthMs = widthMs;
  }

  /** The summary of the bucket that holds this time, made where there was none. */
  at(timestampMs: number): Summary {
    const startMs = Math.floor(timestampMs / this.widthMs) * this.widthMs;
    const index = this.indexFrom(startMs);
    const found = this.buckets[index];
    if (found?.startMs === startMs) return found.summary;
    const summary = new Summary();
    this.buckets.splice(index, 0, { startMs, summary });
    // The one before the last still gets late data; those before it are hardly touched again.
    this.buckets.at(-3)?.summary.distribution?.pack();
    return summary;
  }

  /** The index of the first bucket that begins at or after this time. */
  indexFrom(startMs: number): number {
    const last = this.buckets.at(-1);
    if (last === undefined || last.startMs < startMs) return this.buckets.length;
    let low = 0;
    let high = this.buckets.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.buckets[middle] as Bucket).startMs < startMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The data of one metric in one unit. */
export class Series {
  readonly #tiers = retention.map(({ widthMs }) => new Tier(widthMs));
  /** Time of the newest measurement. */
  lastMs = Number.NEGATIVE_INFINITY;
  #fineFromMs = Number.NEGATIVE_INFINITY;

  /** `newestMs` is the newest time of the whole store; what is too old for a tier goes to the next, what is too old for all is dropped. */
  put(timestampMs: number, resolutionS: 1 | 60, measurement: Measurement, newestMs: number): void {
    const first = resolutionS === 1 ? 0 : 1;
    for (let i = first; i < retention.length; i++) {
      if (newestMs - timestampMs >= (retention[i] as (typeof retention)[number]).keptMs) continue;
      (this.#tiers[i] as Tier).at(timestampMs).add(measurement);
      if (timestampMs > this.lastMs) this.lastMs = timestampMs;
      return;
    }
  }

  /** The buckets of at most `widthMs` that begin in [startMs, endMs), per tier; a time may occur in several tiers. */
  *buckets(startMs: number, endMs: number, widthMs: number): Generator<Bucket> {
    for (const tier of this.#tiers) {
      if (tier.widthMs > widthMs) return;
      for (let i = tier.indexFrom(startMs); i < tier.buckets.length; i++) {
        const bucket = tier.buckets[i] as Bucket;
        if (bucket.startMs >= endMs) break;
        yield bucket;
      }
    }
  }

  /** Merges what has become too old for its tier into the next and drops what is too old for the last. */
  rollUp(newestMs: number): void {
    this.#tiers.forEach((tier, i) => {
      const old = tier.buckets.splice(0, tier.indexFrom(newestMs - (retention[i] as (typeof retention)[number]).keptMs));
      const next = this.#tiers[i + 1];
      if (next) for (const { startMs, summary } of old) next.at(startMs).merge(summary);
    });
    this.#coarsenPercentiles(newestMs - FINE_PERCENTILES_MS);
  }

  get empty(): boolean {
    return this.#tiers.every((tier) => tier.buckets.length === 0);
  }

  #coarsenPercentiles(beforeMs: number): void {
    for (const tier of this.#tiers.slice(1)) {
      const end = tier.indexFrom(beforeMs);
      for (let i = tier.indexFrom(this.#fineFromMs); i < end; i++) tier.buckets[i]?.summary.distribution?.shrink(COARSE_CELLS);
    }
    this.#fineFromMs = beforeMs;
  }
}
