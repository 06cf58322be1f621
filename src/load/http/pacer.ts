import { monotonicMs } from '../../base/index.ts';

/** `rps`: requests of this process begin at least so far apart, whichever VU they are from. */
export class Pacer {
  readonly #gapMs: number;
  #nextAtMs = 0;

  constructor(requestsPerSecond: number) {
    this.#gapMs = 1000 / requestsPerSecond;
  }

  /** Takes the next place in line; returns how long to wait for it. */
  waitMs(nowMs: number = monotonicMs()): number {
    const atMs = Math.max(nowMs, this.#nextAtMs);
    this.#nextAtMs = atMs + this.#gapMs;
    return atMs - nowMs;
  }
}
