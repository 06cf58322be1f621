import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/index.ts';
import {
  afterCheck,
  containerCheck,
  startChecks,
  taskHealth,
  unchecked,
  type ContainerCheck,
  type ContainerHealth,
} from './healthChecks.ts';

const check: ContainerCheck = { command: ['check'], intervalMs: 10_000, timeoutMs: 2000, retries: 3, startPeriodMs: 30_000 };

test('the forms of a command, and ECS’s defaults', () => {
  assert.equal(containerCheck({}), undefined);
  assert.equal(containerCheck({ healthCheck: { command: ['NONE'] } }), undefined);
  const command = ['CMD-SHELL', 'curl -f http://localhost/ || exit 1'];
  assert.deepEqual(containerCheck({ healthCheck: { command } }), {
    command: ['/bin/sh', '-c', 'curl -f http://localhost/ || exit 1'],
    intervalMs: 30_000,
    timeoutMs: 5000,
    retries: 3,
    startPeriodMs: 0,
  });
  assert.deepEqual(containerCheck({ healthCheck: { command: ['CMD', 'a', 'b c'] } })?.command, ['a', 'b c']);
});

test('failures count from the end of the start period or the first success, whichever comes first', () => {
  let state = unchecked;
  for (const atMs of [10_000, 20_000]) state = afterCheck(state, false, atMs, check);
  assert.deepEqual(state, unchecked);
  for (const atMs of [30_000, 40_000]) state = afterCheck(state, false, atMs, check);
  assert.equal(state.health, 'UNKNOWN');
  assert.equal(afterCheck(state, false, 50_000, check).health, 'UNHEALTHY');
  let early = afterCheck(unchecked, true, 10_000, check);
  for (const atMs of [12_000, 14_000]) early = afterCheck(early, false, atMs, check);
  assert.equal(early.health, 'HEALTHY');
  assert.equal(afterCheck(early, false, 16_000, check).health, 'UNHEALTHY');
  assert.equal(afterCheck(early, true, 16_000, check).failures, 0);
});

test('a task is as healthy as its essential containers', () => {
  const of = (...all: [boolean, ContainerHealth | undefined][]) => taskHealth(all.map(([essential, health]) => ({ essential, health })));
  assert.equal(of([true, undefined], [false, 'UNHEALTHY']), undefined);
  assert.equal(of([true, 'HEALTHY'], [true, undefined], [false, 'UNHEALTHY']), 'HEALTHY');
  assert.equal(of([true, 'HEALTHY'], [true, 'UNKNOWN']), 'UNKNOWN');
  assert.equal(of([true, 'UNKNOWN'], [true, 'UNHEALTHY']), 'UNHEALTHY');
});

test('one check at a time, an interval apart, and none after the end', async () => {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const runs: number[] = [];
  const seen: ContainerHealth[] = [];
  const run = (): Promise<number | undefined> => {
    runs.push((clock.nowMs() - startMs) / 1000);
    // The second takes longer than an interval.
    return runs.length === 2 ? clock.sleep(15_000).then(() => 0) : Promise.resolve(0);
  };
  const checks = startChecks(check, { clock, run, onHealth: (health) => seen.push(health) });
  await clock.advance(50_000);
  checks.cancel();
  await clock.advance(50_000);
  assert.deepEqual(runs, [10, 20, 45]);
  assert.deepEqual(seen, ['HEALTHY']);
  assert.equal(clock.pendingCount, 0);
});
