import { monotonicMs, type Clock, type Timer } from '../../base/index.ts';

/** Something that must be done with by a certain time. */
export interface Timed {
  /** On the monotonic scale of `monotonicMs`; Infinity for no limit. Plain assignment moves it. */
  deadlineMs: number;
  onDeadline(): void;
}

/**
 * Deadlines without timers and without asking the time: moving one is an addition and an assignment, and a single
 * tick looks for those that have passed. They are met late by up to two periods, never early.
 */
export class Sweeper {
  readonly #timed = new Set<Timed>();
  readonly #timer: Timer;
  readonly #periodMs: number;
  /** Time of the last tick: at most one period behind. */
  #nowMs = monotonicMs();

  constructor(clock: Clock, periodMs = 250) {
    this.#periodMs = periodMs;
    this.#timer = clock.every(periodMs, () => this.sweep(monotonicMs()));
  }

  /** What `deadlineMs` has to be for something due `spanMs` from now. */
  deadlineIn(spanMs: number): number {
    return this.#nowMs + this.#periodMs + spanMs;
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed);
  }

  sweep(nowMs: number): void {
    this.#nowMs = nowMs;
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
