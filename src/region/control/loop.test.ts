import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/index.ts';
import { ControlLoop } from './loop.ts';

const noError = (message: string): void => assert.fail(message);

test('a wake runs it once, and again after the time that it asked for', async () => {
  const clock = new ManualClock(0);
  const runs: number[] = [];
  const loop = new ControlLoop('test', clock, async () => (runs.push(clock.nowMs()), { requeueAfterMs: 1000 }), noError);
  loop.wake();
  await clock.advance(2500);
  assert.deepEqual(runs, [0, 1000, 2000]);
  await loop.stop();
  await clock.advance(5000);
  assert.equal(runs.length, 3);
  assert.equal(clock.pendingCount, 0);
});

test('it never runs twice at once; wakes during a run make one more', async () => {
  const clock = new ManualClock(0);
  let running = 0;
  let runs = 0;
  const loop = new ControlLoop(
    'test',
    clock,
    async () => {
      assert.equal(++running, 1);
      runs++;
      await clock.sleep(100);
      running--;
      return {};
    },
    noError,
  );
  loop.wake();
  for (let i = 0; i < 5; i++) loop.wake();
  await clock.advance(1000);
  assert.equal(runs, 2);
  await loop.stop();
});

test('a failure is reported and tried again with growing pauses, until it works', async () => {
  const clock = new ManualClock(0);
  const runs: number[] = [];
  const messages: string[] = [];
  const reconcile = async (): Promise<object> => {
    runs.push(clock.nowMs());
    if (runs.length < 4) throw new Error('no database');
    return {};
  };
  const loop = new ControlLoop('service a/b', clock, reconcile, (message) => void messages.push(message));
  loop.wake();
  await clock.advance(60_000);
  assert.deepEqual(runs, [0, 1000, 3000, 7000]);
  assert.deepEqual(
    messages,
    Array.from({ length: 3 }, () => 'service a/b: no database'),
  );
  await loop.stop();
});

test('stop waits for the run in progress', async () => {
  const clock = new ManualClock(0);
  let done = false;
  const loop = new ControlLoop('test', clock, async () => (await clock.sleep(10), (done = true), {}), noError);
  loop.wake();
  const stopped = loop.stop();
  await clock.advance(10);
  await stopped;
  assert.ok(done);
});

test('a wake from within the run, before it first waits, does not start another', async () => {
  const clock = new ManualClock(0);
  let running = 0;
  let runs = 0;
  const loop: ControlLoop = new ControlLoop(
    'test',
    clock,
    async () => {
      assert.equal(++running, 1);
      if (++runs === 1) loop.wake();
      await clock.sleep(1);
      running--;
      return {};
    },
    noError,
  );
  loop.wake();
  await clock.advance(10);
  assert.equal(runs, 2);
  await loop.stop();
});

test('one that wakes itself each time is told of, and lets others run', async () => {
  const clock = new ManualClock(0);
  const messages: string[] = [];
  let runs = 0;
  const loop: ControlLoop = new ControlLoop(
    'group g',
    clock,
    () => {
      runs++;
      loop.wake();
      return Promise.resolve({});
    },
    (message) => void messages.push(message),
  );
  loop.wake();
  await clock.advance(500);
  assert.equal(runs, 100);
  assert.deepEqual(messages, ['group g: still not settled after 100 rounds']);
  await clock.advance(1000);
  assert.equal(runs, 200);
  await loop.stop();
});
