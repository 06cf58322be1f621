import { bucketOf, lowerBoundOf, midpointOf, type HistogramData } from '../base/index.ts';

/** Enough cells for the whole range of most metrics at the resolution of base's histogram (128 per power of two). */
const CELLS_MAX = 512;

/** `count` measurements between `low` and the next cell; `value` stands for all of them. */
export interface Cell {
  readonly low: number;
  readonly value: number;
  readonly count: number;
}

/**
 * Where the values of one bucket of a series lie: a sparse histogram over the buckets of base's
 * `Histogram`, exact to 0.4 % while it has at most 512 cells. Beyond that neighbours are merged, which
 * doubles the width of all cells at a time:
 *
 *     shift 0  | 128 | 129 | 130 | 131 |      relative error < 1/256
 *     shift 1  |    64     |    65     |                     < 1/128
 *
 * Only non-negative values have a place here, as in CloudWatch, which gives no percentile for a metric
 * with negative values.
 */
export class Distribution {
  readonly #cells = new Map<number, number>();
  #shift = 0;

  add(value: number, count: number): void {
    this.#addCell(bucketOf(value), 0, count);
  }

  addHistogram(data: HistogramData): void {
    for (let i = 0; i < data.counts.length; i++) {
      const count = data.counts[i] as number;
      if (count > 0) this.#addCell(data.from + i, 0, count);
    }
  }

  merge(other: Distribution): void {
    while (this.#shift < other.#shift) this.#coarsen();
    for (const [cell, count] of other.#cells) this.#addCell(cell, other.#shift, count);
  }

  /** Merges neighbours until at most `cellsMax` cells are left. */
  shrink(cellsMax: number): void {
    while (this.#cells.size > cellsMax) this.#coarsen();
  }

  /** The cells in rising order. */
  cells(): Cell[] {
    const half = this.#shift === 0 ? 0 : 1 << (this.#shift - 1);
    return [...this.#cells]
      .sort(([a], [b]) => a - b)
      .map(([cell, count]) => {
        const first = cell << this.#shift;
        return { low: lowerBoundOf(first), value: midpointOf(first + half), count };
      });
  }

  #addCell(cell: number, shift: number, count: number): void {
    const own = cell >> (this.#shift - shift);
    this.#cells.set(own, (this.#cells.get(own) ?? 0) + count);
    if (this.#cells.size > CELLS_MAX) this.#coarsen();
  }

  #coarsen(): void {
    const finer = [...this.#cells];
    this.#cells.clear();
    this.#shift++;
    for (const [cell, count] of finer) this.#cells.set(cell >> 1, (this.#cells.get(cell >> 1) ?? 0) + count);
  }
}
