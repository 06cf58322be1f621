import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timer } from '../../base/index.ts';
import { PunctualStarts, type Punctual, type PunctualTime } from './punctual.ts';
import { TimerWheel, type WheelTime } from './wheel.ts';

/** Time as an event loop passes it: a turn takes 5 µs, its timers are 1.06 ms late, the exact one 0.05 ms. */
class LoopTime implements PunctualTime, WheelTime {
  #nowMs = 1000;
  #turns: (() => void)[] = [];
  readonly #timers = new Map<Timer, { atMs: number; fn: () => void }>();
  awakeMs = 0;
  wakes = 0;

  prepare(): void {}

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.#add(delayMs + 1.06, fn);
  }

  soon(delayMs: number, fn: () => void): void {
    this.wakes++;
    this.#add(delayMs + 0.05, fn);
  }

  #add(delayMs: number, fn: () => void): Timer {
    const timer: Timer = { cancel: () => void this.#timers.delete(timer) };
    this.#timers.set(timer, { atMs: this.#nowMs + delayMs, fn });
    return timer;
  }

  nextTurn(fn: () => void): void {
    this.#turns.push(fn);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  runUntil(untilMs: number): void {
    while (this.#nowMs < untilMs) {
      const turns = this.#turns.splice(0);
      if (turns.length > 0) {
        this.pass(0.005);
        this.awakeMs += 0.005;
        for (const turn of turns) turn();
        continue;
      }
      const [first] = [...this.#timers].sort(([, a], [, b]) => a.atMs - b.atMs);
      if (!first) return;
      const [timer, { atMs, fn }] = first;
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, atMs);
      fn();
    }
  }
}

/** Starts at a constant rate for a second; `work` is what each start takes. */
function starts(rate: number, work = 0): { late: number[]; time: LoopTime } {
  const time = new LoopTime();
  const punctual = new PunctualStarts(new TimerWheel(time), time);
  const late: number[] = [];
  const schedule: Punctual = {
    dueMs: time.nowMs(),
    onTime: (nowMs) => {
      late.push(nowMs - schedule.dueMs);
      time.pass(work);
      schedule.dueMs = late.length < rate ? 1000 + (late.length * 1000) / rate : Number.POSITIVE_INFINITY;
    },
  };
  punctual.add(schedule);
  time.runUntil(2100);
  return { late, time };
}

for (const rate of [1, 37, 500, 1000, 5000, 20_000])
  test(`${rate} starts a second come within half a millisecond of their times, and wake up a bounded number of times`, () => {
    const { late, time } = starts(rate);
    assert.equal(late.length, rate);
    assert.ok(Math.max(...late) < 0.5, `${Math.max(...late)} ms late`);
    assert.ok(Math.min(...late) >= -0.1 - 1e-9, `${Math.min(...late)} ms early`);
    assert.ok(time.wakes <= Math.min(rate, 2900) + 1, `woke up ${time.wakes} times in a second`);
    assert.ok(time.awakeMs <= 15, `${time.awakeMs} ms of a second awake`);
  });

test('starts far apart are on time', () => {
  assert.ok(Math.max(...starts(50).late) < 0.02);
});

test('what cannot keep up gives way to sockets between slices, and leaves nothing out', () => {
  const { late, time } = starts(10_000, 0.2);
  assert.ok(late.length >= 5000);
  assert.ok(time.awakeMs > 0);
});

test('whoever looked at the clock starts what is due', () => {
  const time = new LoopTime();
  const punctual = new PunctualStarts(new TimerWheel(time), time);
  const seen: number[] = [];
  const schedule: Punctual = { dueMs: 1005, onTime: (nowMs) => (seen.push(nowMs), (schedule.dueMs = Number.POSITIVE_INFINITY)) };
  punctual.add(schedule);
  time.pass(3);
  punctual.check(time.nowMs());
  assert.deepEqual(seen, []);
  time.pass(3);
  punctual.check(time.nowMs());
  assert.deepEqual(seen, [1006]);
});

test('what was removed is not called any more', () => {
  const time = new LoopTime();
  const punctual = new PunctualStarts(new TimerWheel(time), time);
  const schedule: Punctual = { dueMs: 1050, onTime: () => assert.fail('it was removed') };
  punctual.add(schedule);
  punctual.remove(schedule);
  time.runUntil(1200);
});
