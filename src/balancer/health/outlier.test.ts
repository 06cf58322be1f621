import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../../base/index.ts';
import type { OutlierDetection } from '../../model/index.ts';
import { exchange, RawTarget, snapshotOf, TestBalancer } from '../testkit/index.ts';
import { ejected, ejectionsAllowed, stepTrust, trusted, type Failure, type Trust } from './outlier.ts';

const rules: OutlierDetection = {
  consecutive5xx: 3,
  consecutiveConnectFailures: 2,
  baseEjectionMs: 1000,
  maxEjectionMs: 2500,
  maxEjectionPercent: 50,
};

function after(outcomes: readonly (Failure | undefined)[], before: Trust = trusted, nowMs = 0, allowed = true): Trust {
  return outcomes.reduce((trust, outcome) => stepTrust(trust, outcome, rules, nowMs, () => allowed), before);
}

test('failures in a row eject a target, an answer in between does not', () => {
  assert.equal(ejected(after(['answer', 'answer']), 0), false);
  assert.equal(ejected(after(['answer', 'answer', undefined, 'answer', 'answer']), 0), false);
  assert.equal(ejected(after(['answer', 'answer', 'answer']), 0), true);
  assert.equal(ejected(after(['connect', 'connect']), 0), true, 'connections that fail have a threshold of their own');
  assert.equal(ejected(after(['connect', 'answer', 'connect']), 0), true, 'and count as failures too');
});

test('each ejection lasts longer than the last, up to a bound; good time is credited', () => {
  const spans: number[] = [];
  let trust = trusted;
  let nowMs = 0;
  for (let n = 0; n < 4; n++) {
    trust = after(['connect', 'connect'], trust, nowMs);
    spans.push(trust.ejectedUntilMs - nowMs);
    nowMs = trust.ejectedUntilMs;
  }
  assert.deepEqual(spans, [1000, 2000, 2500, 2500]);
  trust = after(['connect', 'connect'], trust, nowMs + 3000);
  assert.equal(trust.ejectedUntilMs - nowMs - 3000, 2000, 'three good spans forgive three of four ejections');
  trust = after(['connect', 'connect'], trust, trust.ejectedUntilMs + 60_000);
  assert.equal(trust.ejections, 1);
});

test('without leave the count goes on, and the next failure asks again', () => {
  const waiting = after(['answer', 'answer', 'answer', 'answer'], trusted, 0, false);
  assert.deepEqual([ejected(waiting, 0), waiting.failures], [false, 4]);
  assert.equal(ejected(after(['answer'], waiting), 0), true);
});

test('thresholds of 0 never eject', () => {
  const never = { consecutive5xx: 0, consecutiveConnectFailures: 0 };
  let trust = trusted;
  for (let n = 0; n < 100; n++) trust = stepTrust(trust, 'connect', never, 0, () => true);
  assert.equal(ejected(trust, 0), false);
});

test('how many may be out at once: a share, one of several always, never all', () => {
  const allowed = [1, 2, 3, 10, 20].map((targets) => ejectionsAllowed(targets, { maxEjectionPercent: 10 }));
  assert.deepEqual(allowed, [0, 1, 1, 1, 2]);
  assert.equal(ejectionsAllowed(4, { maxEjectionPercent: 100 }), 3);
});

test('a balancer leaves out a target that answers 5xx, takes it back in time, and says so', { timeout: 20_000 }, async () => {
  await using well = await RawTarget.answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
  await using broken = await RawTarget.answering('HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno');
  const group = { outlierDetection: { ...rules, baseEjectionMs: 60_000 } };
  await using balancer = await TestBalancer.start(snapshotOf([well.port, broken.port], { group }));
  const ask = async (times: number): Promise<number> => {
    let failed = 0;
    for (let n = 0; n < times; n++) if ((await exchange(balancer.port, 'GET / HTTP/1.0\r\n\r\n')).startsWith('HTTP/1.1 500')) failed++;
    return failed;
  };
  assert.equal(await ask(20), 3);
  const [first, second] = balancer.runtime.tick().targetGroups[0]!.targets;
  assert.deepEqual([first!.ejected, second!.ejected], [undefined, true]);
  assert.equal(balancer.runtime.tick(monotonicMs() + 61_000).targetGroups[0]!.targets[1]!.ejected, undefined);
  assert.ok((await ask(4)) > 0, 'it gets requests again');
});
