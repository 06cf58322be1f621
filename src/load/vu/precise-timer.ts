import { Worker } from 'node:worker_threads';
import { assert, entry, systemClock } from '../../base/index.ts';

/**
 * A timer for fractions of a millisecond; the event loop's own counts whole ones and is up to 1.1 ms late. A thread sleeps on
 * a futex for as long as it is told, then sends a message, which wakes the loop: late by about 0.1 ms, for some 60 µs of CPU
 * of both threads together. Without the thread, whole milliseconds have to do.
 *
 *     main     ask: count + 1, delay ──────────────────────────▶ message: call
 *     thread        └─ Atomics.wait(count, delay) ── timed out ──┘
 */
export class PreciseTimer {
  /** How often it was asked, and for how many microseconds the last time. */
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  #hasThread = false;
  #fn: (() => void) | undefined;

  /** Starts the thread; resolves when it is there, or cannot be had. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      const worker = new Worker(entry(import.meta.url, './precise-thread'), {
        workerData: this.#state,
        resourceLimits: { maxYoungGenerationSizeMb: 1 },
      });
      worker.once('message', () => {
        this.#hasThread = true;
        worker.on('message', this.#onTime);
        worker.unref();
        resolve();
      });
      worker.on('error', () => {
        this.#hasThread = false;
        this.#onTime();
        resolve();
      });
    });
  }

  /** Calls `fn` once after `delayMs`. Only one call waits at a time. */
  after(delayMs: number, fn: () => void): void {
    assert(this.#fn === undefined, 'a precise timer waits for one thing');
    this.#fn = fn;
    if (this.#hasThread) {
      Atomics.store(this.#state, 1, Math.round(delayMs * 1000));
      Atomics.add(this.#state, 0, 1);
      Atomics.notify(this.#state, 0);
    } else systemClock.after(Math.max(1, Math.floor(delayMs)), this.#onTime);
  }

  readonly #onTime = (): void => {
    const fn = this.#fn;
    this.#fn = undefined;
    fn?.();
  };
}
