import { errorMessage, type Clock, type Timer } from '../../base/index.ts';

export interface LoopResult {
  /** When to look again without being woken, region milliseconds. */
  requeueAfterMs?: number;
}

const firstRetryMs = 1000;
const lastRetryMs = 60_000;

/**
 * Runs one controller's `reconcile`, never twice at once: after `wake`, after the time it asked for, and
 * again with exponential back-off after a failure. A wake during a run means one more run after it.
 */
export class ControlLoop {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #reconcile: () => Promise<LoopResult>;
  readonly #onError: (message: string, error: unknown) => void;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #failures = 0;

  constructor(name: string, clock: Clock, reconcile: () => Promise<LoopResult>, onError: (message: string, error: unknown) => void) {
    this.#name = name;
    this.#clock = clock;
    this.#reconcile = reconcile;
    this.#onError = onError;
  }

  wake(): void {
    if (this.#stopped) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#timer?.cancel();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.wake();
    });
  }

  /** Resolves when the run in progress is over; none starts afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    let requeueAfterMs: number | undefined;
    try {
      ({ requeueAfterMs } = await this.#reconcile());
      this.#failures = 0;
    } catch (error) {
      requeueAfterMs = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures++);
      this.#onError(`${this.#name}: ${errorMessage(error)}`, error);
    }
    if (requeueAfterMs !== undefined && !this.#stopped) this.#timer = this.#clock.after(requeueAfterMs, () => this.wake());
  }
}
