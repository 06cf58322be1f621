import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, seededRandom } from '../../base/index.ts';
import { defaultCheck } from '../testkit/index.ts';
import { HealthMonitor } from './monitor.ts';
import { checking, matchesStatus, stepHealth, type CheckResult, type Health } from './step.ts';

const pass: CheckResult = { outcome: 'pass' };
const code: CheckResult = { outcome: 'code', status: 503 };
const check = { ...defaultCheck, healthyThreshold: 3, unhealthyThreshold: 2 };

function after(health: Health, results: readonly CheckResult[]): string[] {
  return results.map((result) => {
    const step = stepHealth(health, result, check);
    health = step.health;
    return health.state + (step.flipped ? '!' : '');
  });
}

test('a new target needs one pass; the healthy threshold is for recovery', () => {
  assert.deepEqual(after(checking, [code, pass, code, pass, code, code, pass, pass, code, pass, pass, pass]), [
    'initial',
    'healthy!',
    'healthy',
    'healthy',
    'healthy',
    'unhealthy!',
    'unhealthy',
    'unhealthy',
    'unhealthy',
    'unhealthy',
    'unhealthy',
    'healthy!',
  ]);
});

test('an unhealthy target tells why, in the words of AWS', () => {
  const explain = (result: CheckResult): unknown => {
    const { reason, description } = stepHealth(stepHealth(checking, result, check).health, result, check).health;
    return [reason, description];
  };
  assert.deepEqual(explain(code), ['Target.ResponseCodeMismatch', 'Health checks failed with these codes: [503]']);
  assert.deepEqual(explain({ outcome: 'timeout' }), ['Target.Timeout', 'Request timed out']);
  assert.deepEqual(explain({ outcome: 'error', message: 'x' }), ['Target.FailedHealthChecks', 'Health checks failed']);
});

test('matchers', () => {
  assert.equal(matchesStatus('200', 200), true);
  assert.equal(matchesStatus('200', 201), false);
  assert.equal(matchesStatus('200,204', 204), true);
  assert.equal(matchesStatus('200-299', 250), true);
  assert.equal(matchesStatus('200-299,404', 404), true);
  assert.equal(matchesStatus('200-299', 300), false);
});

test('checks begin in their cadence whatever the last one does, one at a time', async () => {
  const clock = new ManualClock();
  const begun: number[] = [];
  let answer: (result: CheckResult) => void = () => undefined;
  const startMs = clock.nowMs();
  const monitor = new HealthMonitor(
    { id: 'a', host: 'h', port: 1, phase: 'registered' },
    { ...check, intervalMs: 1000 },
    {
      clock,
      random: seededRandom(1),
      probe: () => {
        begun.push(clock.nowMs() - startMs);
        return new Promise((resolve) => (answer = resolve));
      },
      onStep: () => undefined,
    },
  );
  await clock.advance(0);
  assert.deepEqual(begun, [0]);
  answer(pass);
  await clock.advance(3000);
  assert.equal(monitor.health.state, 'healthy');
  assert.equal(begun.length, 2, 'a check that hangs holds back the next');
  answer(pass);
  await clock.advance(1000);
  assert.equal(begun.length, 3);
  assert.equal(((begun[2] as number) - (begun[1] as number)) % 1000, 0);
  monitor.stop();
  assert.equal(clock.pendingCount, 0);
});

test('a target that hangs is unhealthy after the rest of an interval, the further intervals, and one timeout', async () => {
  const [intervalMs, timeoutMs] = [10_000, 2000];
  const clock = new ManualClock();
  for (const beforeCheckMs of [1, 4000, 9999]) {
    let hangs = false;
    let beganMs = 0;
    const monitor = new HealthMonitor(
      { id: 'a', host: 'h', port: 1, phase: 'registered' },
      { ...check, intervalMs, timeoutMs },
      {
        clock,
        random: seededRandom(1),
        probe: async () => {
          beganMs = clock.nowMs();
          if (hangs) await clock.sleep(timeoutMs);
          return hangs ? { outcome: 'timeout' } : pass;
        },
        onStep: () => undefined,
      },
    );
    await clock.advance(2 * intervalMs);
    await clock.advance(beganMs + intervalMs - clock.nowMs() - beforeCheckMs);
    hangs = true;
    await clock.advance(beforeCheckMs + intervalMs + timeoutMs - 1);
    assert.equal(monitor.health.state, 'healthy');
    await clock.advance(1);
    assert.equal(monitor.health.state, 'unhealthy', `${beforeCheckMs} ms before a check`);
    monitor.stop();
  }
});
