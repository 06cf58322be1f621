import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBalancer } from './index.ts';
import { eventually, exchange, RawClient, RawTarget, snapshotOf } from './testkit/index.ts';
import type { TargetHealth } from '../model/index.ts';

const timeout = 20_000;
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const get = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

for (const workers of [1, 2]) {
  test(`${workers} worker(s) serve, report health and metrics, and are replaced when they die`, { timeout }, async () => {
    await using target = await RawTarget.answering(hello);
    const balancer = startBalancer({ workers, log: () => undefined });
    const health: TargetHealth[] = [];
    let counted = 0;
    balancer.onHealth((event) => health.push(event));
    balancer.onMetrics((delta) => (counted += delta.loadBalancers[0]?.requestCount ?? 0));
    try {
      const applied = await balancer.apply(snapshotOf([target.port], { revision: 5 }));
      assert.equal(applied.revision, 5);
      const { port } = applied.bound[0]!;
      assert.match(await exchange(port, get), /hello$/);
      await eventually(() => health.some((event) => event.state === 'healthy') && counted === 1);
      const before = [...balancer.pids];
      process.kill(before[0]!, 'SIGKILL');
      await eventually(() => balancer.pids[0] !== before[0]);
      const again = await balancer.apply(snapshotOf([target.port], { revision: 6 }));
      assert.equal(again.bound[0]!.port, port);
      assert.match(await exchange(port, get), /hello$/);
    } finally {
      await balancer.stop(1000);
    }
    for (const pid of balancer.pids) assert.throws(() => process.kill(pid, 0));
  });
}

test('an address in use is told, and the rest works', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  const balancer = startBalancer({ log: () => undefined });
  try {
    const snapshot = snapshotOf([target.port]);
    const taken = { ...snapshot.listeners[0]!, id: 'taken', port: target.port };
    const { bound, failed } = await balancer.apply({ ...snapshot, listeners: [taken, ...snapshot.listeners] });
    assert.deepEqual([failed.map(({ id, code }) => [id, code]), bound.map(({ id }) => id)], [[['taken', 'EADDRINUSE']], ['listener']]);
  } finally {
    await balancer.stop(1000);
  }
});

test('workers are replaced under load, and no request is lost', { timeout: 60_000 }, async () => {
  await using target = await RawTarget.answering(hello);
  const balancer = startBalancer({ workers: 2, log: () => undefined });
  try {
    const { bound } = await balancer.apply(snapshotOf([target.port]));
    const { port } = bound[0]!;
    const stop = new AbortController();
    let answered = 0;
    const failures: string[] = [];
    const client = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const kept = new RawClient(port);
        for (let i = 0; i < 10 && !kept.ended; i++) {
          kept.text = '';
          kept.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
          const text = await kept.until((soFar) => soFar.endsWith('hello'));
          if (text.endsWith('hello')) answered++;
          else failures.push(text);
          if (text.includes('Connection: close')) break;
        }
        kept.close();
      }
    };
    const clients = Promise.all(Array.from({ length: 6 }, client));
    const before = new Set(balancer.pids);
    await balancer.replaceWorkers(5_000);
    await eventually(() => answered > 100);
    assert.ok(balancer.pids.every((pid) => !before.has(pid)));
    stop.abort();
    await clients;
    assert.deepEqual(failures, []);
  } finally {
    await balancer.stop(1000);
  }
});

test('a port that another balancer holds is in use, though ports are shared among workers', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  const [one, other] = [startBalancer({ log: () => undefined }), startBalancer({ log: () => undefined })];
  try {
    const { bound } = await one.apply(snapshotOf([target.port]));
    const { failed } = await other.apply(snapshotOf([target.port], { listener: { port: bound[0]!.port } }));
    assert.deepEqual(
      failed.map(({ code }) => code),
      ['EADDRINUSE'],
    );
  } finally {
    await Promise.all([one.stop(1000), other.stop(1000)]);
  }
});

test('a killed worker loses what it had accepted and nothing else: who connects meanwhile is served by the next', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  for (const workers of [1, 2]) {
    const balancer = startBalancer({ workers, log: () => undefined });
    try {
      const { port } = (await balancer.apply(snapshotOf([target.port]))).bound[0]!;
      const pid = balancer.pids[0]!;
      const gone = new Promise<void>((resolve) => balancer.onExit((exit) => exit.pid === pid && resolve()));
      process.kill(pid, 'SIGKILL');
      await gone;
      const answers = await Promise.all(Array.from({ length: 40 }, () => exchange(port, get)));
      for (const answer of answers) assert.match(answer, /hello$/);
    } finally {
      await balancer.stop(1000);
    }
  }
});

test('sockets that are kept for the next worker close with their listener, and with the balancer', { timeout }, async () => {
  await using target = await RawTarget.answering(hello);
  const balancer = startBalancer({ log: () => undefined });
  const snapshot = snapshotOf([target.port]);
  const { port } = (await balancer.apply(snapshot)).bound[0]!;
  try {
    const moved = { ...snapshot.listeners[0]!, id: 'another', port };
    const again = await balancer.apply({ ...snapshot, revision: 2, listeners: [moved] });
    assert.deepEqual([again.failed, again.bound[0]?.port], [[], port], 'its port is free for another listener');
    assert.match(await exchange(port, get), /hello$/);
    await balancer.apply({ ...snapshot, revision: 3, listeners: [] });
    assert.equal(await exchange(port, get), '');
  } finally {
    await balancer.stop(1000);
  }
});
