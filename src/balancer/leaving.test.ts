import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { monotonicMs } from '../base/index.ts';
import type { RoutingSnapshot } from '../model/index.ts';
import { eventually, exchange, RawClient, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';

const timeout = 20_000;
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const nothing: RoutingSnapshot = { revision: 2, listeners: [], targetGroups: [] };

test('a load balancer that is gone is told of until its last connection ends, and then no more', { timeout }, async () => {
  await using target = new RawTarget(() => undefined);
  await target.listen();
  await using balancer = await TestBalancer.start(snapshotOf([target.port]));
  const client = new RawClient(balancer.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => target.received[0] !== undefined && target.received[0] !== '');
  balancer.runtime.tick();
  await balancer.apply(nothing);
  assert.equal(balancer.runtime.tick().loadBalancers[0]?.activeConnectionCount, 1);
  target.sockets[0]!.write(hello);
  assert.match(await client.untilEnd(), /hello$/);
  await eventually(() => balancer.runtime.tick().loadBalancers.length === 0);
});

test('a request to a target of a group that is gone has as long as the deregistration delay', { timeout }, async () => {
  await using target = new RawTarget(() => undefined);
  await target.listen();
  await using balancer = await TestBalancer.start(snapshotOf([target.port], { group: { deregistrationDelayMs: 60_000 } }));
  const client = new RawClient(balancer.port).send('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  await eventually(() => target.received[0] !== undefined && target.received[0] !== '');
  await balancer.apply(nothing);
  balancer.runtime.tick(monotonicMs() + 50_000);
  assert.equal(client.ended, false);
  balancer.runtime.tick(monotonicMs() + 70_000);
  assert.match(await client.untilEnd(), /^HTTP\/1\.1 502 /);
});

test('lines that an access log loses are told, with the reason, and that they are written again', { timeout }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-log-'));
  try {
    const path = join(folder, 'logs', 'access.log');
    await using target = await RawTarget.answering(hello);
    await using balancer = await TestBalancer.start(snapshotOf([target.port], { listener: { attributes: { accessLog: path } } }));
    const told: string[] = [];
    balancer.engine.onWarning = (line) => told.push(line);
    const request = (): Promise<string> => exchange(balancer.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const ticked = (count: number): Promise<void> =>
      eventually(() => {
        balancer.runtime.tick();
        return told.length === count;
      });
    await request();
    await ticked(1);
    assert.match(told[0]!, /^access log: 1 lines lost: ENOENT/);
    mkdirSync(join(folder, 'logs'));
    await request();
    await ticked(2);
    assert.equal(told[1], `access log: lines are written again to ${path}`);
    await eventually(() => readFileSync(path, 'utf8').split('\n').length === 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
