import { monotonicMs, type Clock, type Timer } from '../base/index.ts';

/** Something that must be done with by a certain time. */
export interface Timed {
  /** On the monotonic scale of `monotonicMs`; Infinity for no limit. Plain assignment moves it. */
  deadlineMs: number;
  onDeadline(): void;
}

/**
 * Deadlines without timers: moving one is a plain assignment, and a single tick looks for those that
 * have passed. They are met late by up to one period, never early.
 */
export class Sweeper {
  readonly #timed = new Set<Timed>();
  readonly #timer: Timer;

  constructor(clock: Clock, periodMs = 250) {
    this.#timer = clock.every(periodMs, () => this.sweep(monotonicMs()));
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed);
  }

  sweep(nowMs: number): void {
    for (const timed of this.#timed) {
      if (timed.deadlineMs > nowMs) continue;
      timed.deadlineMs = Number.POSITIVE_INFINITY;
      timed.onDeadline();
    }
  }

  close(): void {
    this.#timer.cancel();
  }
}
