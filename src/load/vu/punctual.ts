import { monotonicMs } from '../../base/index.ts';
import { findLinux } from './linux.ts';
import { kernelTimer, loopTimer, type PreciseTimer } from './precise-timer.ts';
import { Call, type TimerWheel } from './wheel.ts';

/**
 * A timer of the event loop fires up to 1.1 ms after its time: libuv counts whole milliseconds, and the shortest wait
 * of epoll is one. A timer that is set this much earlier is in time.
 */
const TIMER_LATE_MS = 1.2;
/** Nearer than this, the wheel's whole milliseconds are too coarse. */
const NEAR_MS = TIMER_LATE_MS + 1;
/** Waking up for each of many thousand starts a second would take half a core: what is due within this time is called together. */
const SHORTEST_MS = 0.3;
/** What is due so soon is called together with what is due now: waking up once more would make it later than that. */
const EARLY_MS = 0.1;
/** Longer turns than this at the processor are not needed by what is started; shorter ones the kernel does not give. */
const TURN_MS = 0.1;
/** After so many starts in a row, sockets have their turn. */
const SLICE = 32;

/** Something that happens again and again, each time when it said before. */
export interface Punctual {
  /** When `onTime` is to be called, on the scale of `monotonicMs`; Infinity is never. */
  dueMs: number;
  onTime(nowMs: number): void;
}

/** How time passes for it; tests bring their own. */
export interface PunctualTime {
  /** Makes `soon` as exact as it can be. */
  prepare(): void;
  nowMs(): number;
  /** Calls `fn` after a delay of fractions of a millisecond; one call waits at a time. */
  soon(delayMs: number, fn: () => void): void;
  /** Calls `fn` after sockets and timers had their turn. */
  nextTurn(fn: () => void): void;
}

function realTime(): PunctualTime {
  let timer: PreciseTimer = loopTimer;
  return {
    prepare() {
      const linux = findLinux();
      linux?.takeShortTurns(TURN_MS);
      timer = (linux && kernelTimer(linux)) ?? loopTimer;
    },
    nowMs: monotonicMs,
    soon: (delayMs, fn) => timer.after(delayMs, fn),
    nextTurn: (fn) => void setImmediate(fn),
  };
}

/**
 * Calls at times that matter to a fraction of a millisecond: the starts of arrival-rate iterations.
 *
 *     far away                    the wheel, a little early
 *     nearer than about 2 ms      a timer for fractions of a millisecond
 *     whenever an iteration ends  a look at the clock, because it costs nothing there
 *
 * Awake for all of the time, it would be on time to 0.2 ms, at the price of a whole core that the system under test
 * may need.
 */
export class PunctualStarts {
  readonly #wheel: TimerWheel;
  readonly #time: PunctualTime;
  readonly #all: Punctual[] = [];
  /** The earliest of all. */
  #nextMs = Number.POSITIVE_INFINITY;
  #isRunning = false;
  #hasTurn = false;
  readonly #far = new Call(() => this.#onTime());
  #hasTimer = false;

  constructor(wheel: TimerWheel, time: PunctualTime = realTime()) {
    this.#wheel = wheel;
    this.#time = time;
  }

  /** To be called once before the first start that matters. */
  prepare(): void {
    this.#time.prepare();
  }

  add(punctual: Punctual): void {
    this.#all.push(punctual);
    this.#plan();
    this.#onTime();
  }

  remove(punctual: Punctual): void {
    const at = this.#all.indexOf(punctual);
    if (at >= 0) this.#all.splice(at, 1);
    this.#plan();
    if (this.#nextMs === Number.POSITIVE_INFINITY) this.#wheel.cancel(this.#far);
  }

  /** For whoever has looked at the clock anyway. */
  check(nowMs: number): void {
    if (nowMs >= this.#nextMs - EARLY_MS) this.#onTime();
  }

  #onTime(): void {
    if (this.#isRunning || this.#hasTurn) return;
    this.#runDue();
    this.#wait();
  }

  #runDue(): void {
    this.#isRunning = true;
    let now = this.#time.nowMs();
    for (let left = SLICE; left > 0 && now >= this.#nextMs - EARLY_MS; left--) {
      // By index: what starts may end a scenario, which then leaves the list.
      for (let i = this.#all.length - 1; i >= 0; i--) {
        const punctual = this.#all[i];
        if (punctual && now >= punctual.dueMs - EARLY_MS) punctual.onTime(now);
      }
      now = this.#time.nowMs();
      this.#plan();
    }
    this.#isRunning = false;
  }

  #plan(): void {
    let least = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#all) if (dueMs < least) least = dueMs;
    this.#nextMs = least;
  }

  #wait(): void {
    const now = this.#time.nowMs();
    const leftMs = this.#nextMs - EARLY_MS - now;
    if (leftMs === Number.POSITIVE_INFINITY) return;
    // What a full slice left over comes right after the sockets.
    if (leftMs <= 0) this.#waitForTurn();
    else if (leftMs > NEAR_MS) this.#wheel.startAt(this.#far, Math.floor(this.#nextMs - TIMER_LATE_MS));
    else if (!this.#hasTimer) {
      this.#hasTimer = true;
      this.#time.soon(Math.max(SHORTEST_MS, leftMs), this.#onTimer);
    }
  }

  #waitForTurn(): void {
    this.#hasTurn = true;
    this.#time.nextTurn(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#hasTurn = false;
    this.#onTime();
  };

  readonly #onTimer = (): void => {
    this.#hasTimer = false;
    this.#onTime();
  };
}
