import { monotonicMs, systemClock, type Timer } from '../../base/index.ts';

/**
 * Timers for very many waiters: starting and cancelling one is O(1) and allocates nothing, because the
 * entry belongs to the waiter and is used again.
 *
 *     slot  0   1   2   3  …  65535        1 ms each, one round = 65.5 s
 *           │   │                          an entry sits in slot (due mod 65536); one that is
 *           e   e ⇄ e ⇄ e                  further away waits there for its round
 *
 * One timer of the system's is armed, for the next occupied slot; a bitmap finds that slot.
 */
const SLOTS = 65_536;
const MASK = SLOTS - 1;
const WORDS = SLOTS / 32;

/** Base of whatever waits. An entry is in the wheel at most once. */
export abstract class WheelEntry {
  dueTick = -1;
  /** Neighbours in the slot; the entry is in the wheel while `next` is set. */
  next: WheelEntry | undefined = undefined;
  prev: WheelEntry | undefined = undefined;
  abstract onDue(): void;
}

/** A function as an entry of the timer wheel. */
export class Call extends WheelEntry {
  readonly #fn: () => void;

  constructor(fn: () => void) {
    super();
    this.#fn = fn;
  }

  onDue(): void {
    this.#fn();
  }
}

class Head extends WheelEntry {
  onDue(): void {
    // Only marks the ends of a slot's ring.
  }
}

export interface WheelTime {
  nowMs(): number;
  after(delayMs: number, fn: () => void): Timer;
}

const realTime: WheelTime = { nowMs: monotonicMs, after: (delayMs, fn) => systemClock.after(delayMs, fn) };

export class TimerWheel {
  size = 0;
  readonly #time: WheelTime;
  readonly #slots: (Head | undefined)[] = Array.from<Head | undefined>({ length: SLOTS }).fill(undefined);
  readonly #occupied = new Uint32Array(WORDS);
  /** All ticks up to and including this one were run. */
  #doneTick: number;
  #armed: Timer | undefined;
  #armedTick = Number.POSITIVE_INFINITY;

  constructor(time: WheelTime = realTime) {
    this.#time = time;
    this.#doneTick = Math.floor(time.nowMs());
  }

  /** Calls `entry.onDue()` not before `delayMs` from now. An entry that waits already is moved. */
  start(entry: WheelEntry, delayMs: number): void {
    this.startAt(entry, this.#time.nowMs() + Math.max(0, delayMs));
  }

  /** The same for a time on the wheel's own scale (`monotonicMs`). */
  startAt(entry: WheelEntry, timeMs: number): void {
    if (entry.next) this.cancel(entry);
    if (this.size === 0) this.#doneTick = Math.max(this.#doneTick, Math.floor(this.#time.nowMs()) - 1);
    const tick = Math.max(Math.ceil(timeMs), this.#doneTick + 1);
    entry.dueTick = tick;
    const slot = tick & MASK;
    let head = this.#slots[slot];
    if (!head) {
      head = new Head();
      head.next = head;
      head.prev = head;
      this.#slots[slot] = head;
    }
    const last = head.prev as WheelEntry;
    entry.prev = last;
    entry.next = head;
    last.next = entry;
    head.prev = entry;
    (this.#occupied[slot >>> 5] as number) |= 1 << (slot & 31);
    this.size++;
    if (tick < this.#armedTick) this.#arm(tick);
  }

  cancel(entry: WheelEntry): void {
    if (!entry.next) return;
    this.#unlink(entry);
    if (this.size === 0) this.#disarm();
  }

  #unlink(entry: WheelEntry): void {
    const next = entry.next as WheelEntry;
    const prev = entry.prev as WheelEntry;
    prev.next = next;
    next.prev = prev;
    entry.next = undefined;
    entry.prev = undefined;
    this.size--;
    if (next === prev) {
      const slot = entry.dueTick & MASK;
      (this.#occupied[slot >>> 5] as number) &= ~(1 << (slot & 31));
    }
  }

  #arm(tick: number): void {
    this.#armed?.cancel();
    this.#armedTick = tick;
    this.#armed = this.#time.after(Math.max(1, Math.ceil(tick - this.#time.nowMs())), this.#onTime);
  }

  #disarm(): void {
    this.#armed?.cancel();
    this.#armed = undefined;
    this.#armedTick = Number.POSITIVE_INFINITY;
  }

  readonly #onTime = (): void => {
    this.#armed = undefined;
    const nowTick = Math.floor(this.#time.nowMs());
    // While entries run, new ones must not arm timers of their own: the end of this function does it once.
    this.#armedTick = Number.NEGATIVE_INFINITY;
    while (this.#doneTick < nowTick && this.size > 0) {
      const tick = this.#nextTick(this.#doneTick + 1, nowTick);
      if (tick < 0) break;
      this.#doneTick = tick;
      this.#runSlot(tick);
    }
    this.#doneTick = Math.max(this.#doneTick, nowTick);
    this.#armedTick = Number.POSITIVE_INFINITY;
    if (this.size > 0) {
      const next = this.#nextTick(this.#doneTick + 1, this.#doneTick + SLOTS);
      this.#arm(next < 0 ? this.#doneTick + SLOTS : next);
    }
  };

  /** What runs may start and cancel any entry, so the ring is looked at afresh each time. */
  #runSlot(tick: number): void {
    const head = this.#slots[tick & MASK] as Head;
    for (;;) {
      let entry = head.next as WheelEntry;
      while (entry !== head && entry.dueTick > tick) entry = entry.next as WheelEntry;
      if (entry === head) return;
      this.#unlink(entry);
      entry.onDue();
    }
  }

  /** The first tick in [from, to] whose slot is occupied, or -1. */
  #nextTick(from: number, to: number): number {
    for (let tick = from; tick <= to;) {
      const slot = tick & MASK;
      const word = (this.#occupied[slot >>> 5] as number) >>> (slot & 31);
      if (word !== 0) {
        const found = tick + (31 - Math.clz32(word & -word));
        return found <= to ? found : -1;
      }
      tick += 32 - (slot & 31);
    }
    return -1;
  }
}
