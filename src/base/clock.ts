import { performance } from 'node:perf_hooks';

/**
 * Time enters the program here and nowhere else (the linter refuses `Date.now`, timers and
 * `performance.now` in every other folder), so that tests drive it by hand and a region may run
 * faster than the wall.
 */

/** A pending call. `cancel` is idempotent and safe after the call has run. */
export interface Timer {
  cancel(): void;
}

/** All times are milliseconds since the Unix epoch on this clock; all spans are milliseconds of this clock. */
export interface Clock {
  nowMs(): number;
  /** Calls `fn` once, `delayMs` from now. Keeps the process alive until then. */
  after(delayMs: number, fn: () => void): Timer;
  /** Calls `fn` every `periodMs`, first after one period. Late ticks are not made up for. Does not keep the process alive. */
  every(periodMs: number, fn: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Milliseconds on a monotonic scale with sub-microsecond resolution; for spans, never for timestamps. */
export function monotonicMs(): number {
  return performance.now();
}

function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The wall clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, fn) {
    const handle = setTimeout(fn, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, fn) {
    const handle = setInterval(fn, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/**
 * A clock that starts at the time of `under`, or at `startMs`, and then runs `scale` times as fast.
 * The region's clock: with a scale of 20, a 60 s period of an alarm passes in 3 s on the wall.
 */
export class ScaledClock implements Clock {
  readonly scale: number;
  readonly #under: Clock;
  readonly #originMs: number;
  readonly #startMs: number;

  constructor(scale: number, under: Clock = systemClock, startMs: number = under.nowMs()) {
    if (!(scale > 0) || !Number.isFinite(scale)) throw new RangeError(`time scale must be a positive number, got ${scale}`);
    this.scale = scale;
    this.#under = under;
    this.#originMs = under.nowMs();
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + (this.#under.nowMs() - this.#originMs) * this.scale;
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.#under.after(delayMs / this.scale, fn);
  }

  every(periodMs: number, fn: () => void): Timer {
    return this.#under.every(periodMs / this.scale, fn);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }
}

interface Pending {
  dueMs: number;
  seq: number;
  fn: () => void;
  periodMs: number;
}

/** A clock that moves only when told to; timers run in order of their due time, ties in order of creation. */
export class ManualClock implements Clock {
  #nowMs: number;
  #seq = 0;
  readonly #pending = new Set<Pending>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.#add(delayMs, fn, 0);
  }

  every(periodMs: number, fn: () => void): Timer {
    return this.#add(periodMs, fn, periodMs);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** How many timers wait. A test can assert that nothing was left behind. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Moves time forward, running what falls due on the way; promise callbacks run between timers. */
  async advance(spanMs: number): Promise<void> {
    const endMs = this.#nowMs + spanMs;
    await settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.periodMs > 0) next.dueMs += next.periodMs;
      else this.#pending.delete(next);
      next.fn();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** Sets the time without running anything: a clock that jumps. */
  jump(toMs: number): void {
    this.#nowMs = toMs;
  }

  #add(delayMs: number, fn: () => void, periodMs: number): Timer {
    const entry: Pending = { dueMs: this.#nowMs + Math.max(0, delayMs), seq: this.#seq++, fn, periodMs };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  #next(endMs: number): Pending | undefined {
    let best: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.dueMs > endMs) continue;
      if (best === undefined || entry.dueMs < best.dueMs || (entry.dueMs === best.dueMs && entry.seq < best.seq)) best = entry;
    }
    return best;
  }
}

/** Lets promise callbacks that are due run, so that they see the time before it moves on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
