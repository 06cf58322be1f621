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
 * While it grows the cells are in a map. `pack` lays them into one array of pairs, a fifth of the memory, and
 * whatever changes it later unpacks it again.
 *
 * Only non-negative values have a place here, as in CloudWatch, which gives no percentile for a metric
 * with negative values.
 */
export class Distribution {
  /** A map while it grows; packed: cell and count, cell and count …, rising. */
  #cells: Map<number, number> | Float32Array = new Map<number, number>();
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
    for (const [cell, count] of other.#entries()) this.#addCell(cell, other.#shift, count);
  }

  /** Merges neighbours until at most `cellsMax` cells are left. */
  shrink(cellsMax: number): void {
    const wasPacked = this.#cells instanceof Float32Array;
    while (this.#unpacked().size > cellsMax) this.#coarsen();
    if (wasPacked) this.pack();
  }

  pack(): void {
    if (this.#cells instanceof Map) this.#cells = Float32Array.from([...this.#cells].sort(([a], [b]) => a - b).flat());
  }

  /** The cells in rising order. */
  cells(): Cell[] {
    const half = this.#shift === 0 ? 0 : 1 << (this.#shift - 1);
    return [...this.#entries()]
      .sort(([a], [b]) => a - b)
      .map(([cell, count]) => {
        const first = cell << this.#shift;
        return { low: lowerBoundOf(first), value: midpointOf(first + half), count };
      });
  }

  *#entries(): Generator<readonly [cell: number, count: number]> {
    const cells = this.#cells;
    if (cells instanceof Map) yield* cells;
    else for (let i = 0; i < cells.length; i += 2) yield [cells[i] as number, cells[i + 1] as number];
  }

  #unpacked(): Map<number, number> {
    if (this.#cells instanceof Float32Array) this.#cells = new Map(this.#entries());
    return this.#cells;
  }

  #addCell(cell: number, shift: number, count: number): void {
    const cells = this.#unpacked();
    const own = cell >> (this.#shift - shift);
    cells.set(own, (cells.get(own) ?? 0) + count);
    if (cells.size > CELLS_MAX) this.#coarsen();
  }

  #coarsen(): void {
    const coarser = new Map<number, number>();
    for (const [cell, count] of this.#entries()) coarser.set(cell >> 1, (coarser.get(cell >> 1) ?? 0) + count);
    this.#cells = coarser;
    this.#shift++;
  }
}
