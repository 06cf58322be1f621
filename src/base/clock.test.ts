import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, ScaledClock } from './clock.ts';

test('a manual clock runs timers in order of their due time, ties in order of creation', async () => {
  const clock = new ManualClock(0);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b@${clock.nowMs()}`));
  clock.after(10, () => seen.push(`a@${clock.nowMs()}`));
  clock.after(20, () => seen.push(`c@${clock.nowMs()}`));
  await clock.advance(19);
  assert.deepEqual(seen, ['a@10']);
  await clock.advance(1);
  assert.deepEqual(seen, ['a@10', 'b@20', 'c@20']);
  assert.equal(clock.pendingCount, 0);
});

test('a timer set by a timer runs in the same advance when it falls due in it', async () => {
  const clock = new ManualClock(0);
  const seen: number[] = [];
  clock.after(5, () => clock.after(5, () => seen.push(clock.nowMs())));
  await clock.advance(10);
  assert.deepEqual(seen, [10]);
});

test('a cancelled timer never runs, a periodic one runs until cancelled', async () => {
  const clock = new ManualClock(0);
  let ticks = 0;
  clock.after(5, () => assert.fail('cancelled')).cancel();
  const every = clock.every(10, () => ticks++);
  await clock.advance(35);
  every.cancel();
  await clock.advance(100);
  assert.equal(ticks, 3);
});

test('sleep ends with the reason of its signal when that aborts first', async () => {
  const clock = new ManualClock(0);
  const abort = new AbortController();
  const slept = clock.sleep(1000, abort.signal);
  abort.abort(new Error('stop'));
  await assert.rejects(slept, /stop/);
  assert.equal(clock.pendingCount, 0);
});

test('a scaled clock passes N seconds in one of the clock under it', async () => {
  const wall = new ManualClock(1000);
  const region = new ScaledClock(20, wall);
  let firedAtMs = 0;
  region.after(60_000, () => (firedAtMs = region.nowMs()));
  await wall.advance(2999);
  assert.equal(firedAtMs, 0);
  await wall.advance(1);
  assert.equal(firedAtMs, 1000 + 60_000);
});

test('a time scale that is no positive number is refused', () => {
  for (const scale of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => new ScaledClock(scale), /time scale/);
});
