import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, ManualClock, seededRandom } from '../base/index.ts';
import type { RoutingSnapshot } from '../model/index.ts';
import { HealthMonitor } from './health/monitor.ts';
import { defaultCheck, eventually, exchange, RawClient, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';

const timeout = 20_000;
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const get = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

function slowed(port: number, addedLatencyMs: number, idleTimeoutMs = 60_000): RoutingSnapshot {
  const target = { id: 'slow', host: '127.0.0.1', port, phase: 'registered', addedLatencyMs } as const;
  return snapshotOf([], { group: { targets: [target] }, listener: { attributes: { idleTimeoutMs } } });
}

test('latency that is added to a target counts as the target’s', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(slowed(target.port, 150));
  const body = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody';
  assert.match(await exchange(balancer.port, get), /hello$/);
  assert.match(await exchange(balancer.port, body), /hello$/);
  assert.match(target.received.at(-1)!, /body$/);
  const [group] = balancer.runtime.tick().targetGroups;
  assert.ok(Histogram.fromData(group!.targetResponseTimeMs).min >= 140);
});

test('a target that is slower than the idle timeout is a 504, and is asked nothing', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(slowed(target.port, 10_000, 100));
  assert.match(await exchange(balancer.port, get), /^HTTP\/1\.1 504 /);
  assert.equal(target.sockets.length, 0);
});

test('a client that goes away while its request waits leaves nothing behind', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(slowed(target.port, 10_000));
  const outstanding = (): number => balancer.runtime.tick().targetGroups[0]!.targets[0]!.outstanding;
  const client = new RawClient(balancer.port).send(get);
  await eventually(() => outstanding() === 1);
  client.close();
  await eventually(() => outstanding() === 0);
  assert.equal(target.sockets.length, 0);
});

test('a health check waits too, and has so much less time', async () => {
  const clock = new ManualClock();
  const given: number[] = [];
  const monitor = new HealthMonitor(
    { id: 'a', host: 'h', port: 1, phase: 'registered' },
    { ...defaultCheck, intervalMs: 20_000, addedLatencyMs: 2000 },
    {
      clock,
      random: seededRandom(1),
      probe: (_, { timeoutMs }) => {
        given.push(timeoutMs);
        return Promise.resolve({ outcome: 'pass' });
      },
      onStep: () => undefined,
    },
  );
  await clock.advance(1999);
  assert.deepEqual(given, []);
  await clock.advance(1);
  assert.deepEqual(given, [3000]);
  assert.equal(monitor.health.state, 'healthy');
  monitor.reconfigure({ ...defaultCheck, intervalMs: 20_000, addedLatencyMs: 5000, unhealthyThreshold: 1 }, seededRandom(1));
  await clock.advance(50_000);
  assert.equal(monitor.health.state, 'unhealthy');
  assert.equal(monitor.health.reason, 'Target.Timeout');
  assert.equal(given.length, 1);
  monitor.stop();
  assert.equal(clock.pendingCount, 0);
});
