import { errorMessage, type Clock, type Timer } from '../../base/index.ts';

export interface LoopResult {
  /** When to look again without being woken, region milliseconds. */
  requeueAfterMs?: number;
}

/** A reconcile that wakes itself each time would never let anything else run. */
const roundsMax = 100;
const firstRetryMs = 1000;
const lastRetryMs = 60_000;

/**
 * Runs one controller's `reconcile`, never twice at once: after `wake`, after the time it asked for, and
 * again with exponential back-off after a failure. A wake during a run means one more run after it; one that goes on
 * waking itself is made to wait, and said so.
 */
export class ControlLoop {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #reconcile: () => Promise<LoopResult>;
  readonly #onError: (message: string, error: unknown) => void;
  #timer: Timer | undefined;
  #running = false;
  #run: Promise<void> = Promise.resolve();
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
    this.#again = true;
    if (this.#running) return;
    this.#timer?.cancel();
    this.#running = true;
    this.#run = this.#runWhileWoken();
  }

  /** Resolves when the run in progress is over; none starts afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#run;
  }

  async #runWhileWoken(): Promise<void> {
    let requeueAfterMs: number | undefined;
    for (let round = 0; this.#again && !this.#stopped; round++) {
      if (round === roundsMax) {
        this.#onError(`${this.#name}: still not settled after ${roundsMax} rounds`, undefined);
        requeueAfterMs = firstRetryMs;
        break;
      }
      this.#again = false;
      requeueAfterMs = await this.#runOnce();
    }
    this.#running = false;
    if (requeueAfterMs !== undefined && !this.#stopped) this.#timer = this.#clock.after(requeueAfterMs, () => this.wake());
  }

  async #runOnce(): Promise<number | undefined> {
    try {
      const { requeueAfterMs } = await this.#reconcile();
      this.#failures = 0;
      return requeueAfterMs;
    } catch (error) {
      this.#onError(`${this.#name}: ${errorMessage(error)}`, error);
      return Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures++);
    }
  }
}
