import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../base/index.ts';
import type { CheckResult } from './health/step.ts';
import { eventually, RawClient, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';

const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const requests = 300;

test('a target that comes to a healthy one gets its share grown over the slow start, in a line', { timeout: 20_000 }, async () => {
  await using first = await RawTarget.answering(hello);
  await using second = await RawTarget.answering(hello);
  let pass: (result: CheckResult) => void = () => undefined;
  const group = { slowStartMs: 60_000 };
  await using balancer = await TestBalancer.start(snapshotOf([first.port, second.port], { group }), (target) =>
    target.port === first.port ? Promise.resolve({ outcome: 'pass' }) : new Promise((resolve) => (pass = resolve)),
  );
  const healthy = (): number => balancer.health.filter(({ state }) => state === 'healthy').length;
  /** Requests that the second target gets of so many, when the balancer's time is `afterMs` from now. */
  const share = async (afterMs: number): Promise<number> => {
    balancer.runtime.tick(monotonicMs() + afterMs);
    const client = new RawClient(balancer.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(requests));
    await client.until((text) => text.length === requests * hello.length);
    client.close();
    return balancer.runtime.tick(monotonicMs() + afterMs).targetGroups[0]!.targets[1]!.requestCount / requests;
  };
  const near = (got: number, wanted: number): void => assert.ok(Math.abs(got - wanted) < 0.02, `${got} is not near ${wanted}`);
  await eventually(() => healthy() === 1);
  near(await share(0), 0);
  pass({ outcome: 'pass' });
  await eventually(() => healthy() === 2);
  near(await share(0), 0.02 / 1.02);
  near(await share(15_000), 0.25 / 1.25);
  near(await share(30_000), 0.5 / 1.5);
  near(await share(61_000), 0.5);
});

test('requests go to all targets while fewer are healthy than there must be', { timeout: 20_000 }, async () => {
  await using well = await RawTarget.answering(hello);
  await using other = await RawTarget.answering(hello);
  for (const [minimumHealthyTargets, expected] of [
    [1, 0],
    [2, 10],
  ] as const) {
    await using balancer = await TestBalancer.start(snapshotOf([well.port, other.port], { group: { minimumHealthyTargets } }), (target) =>
      target.port === well.port ? Promise.resolve({ outcome: 'pass' }) : new Promise(() => undefined),
    );
    await eventually(() => balancer.health.some(({ state }) => state === 'healthy'));
    const client = new RawClient(balancer.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
    await client.until((text) => text.length === 20 * hello.length);
    client.close();
    assert.equal(balancer.runtime.tick().targetGroups[0]!.targets[1]!.requestCount, expected);
  }
});

test('the first healthy target of a group does not start slowly', { timeout: 20_000 }, async () => {
  await using only = await RawTarget.answering(hello);
  await using other = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(snapshotOf([only.port, other.port], { group: { slowStartMs: 60_000 } }), (target) =>
    target.port === only.port ? Promise.resolve({ outcome: 'pass' }) : new Promise(() => undefined),
  );
  await eventually(() => balancer.health.some(({ state }) => state === 'healthy'));
  const client = new RawClient(balancer.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
  await client.until((text) => text.length === 20 * hello.length);
  client.close();
  assert.equal(balancer.runtime.tick().targetGroups[0]!.targets[0]!.requestCount, 20);
});
