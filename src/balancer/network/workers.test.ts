import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BalancerMetrics } from '../../model/index.ts';
import { startBalancer, type Balancer } from '../index.ts';
import { eventually } from '../testkit/index.ts';
import { networkSnapshot, TcpClient, TcpTarget } from './testkit.ts';

const timeout = 60_000;

async function withBalancer(
  workers: number,
  port: number,
  run: (balancer: Balancer, at: number, deltas: BalancerMetrics[]) => Promise<void>,
) {
  const balancer = startBalancer({ workers });
  const deltas: BalancerMetrics[] = [];
  balancer.onMetrics((delta) => deltas.push(delta));
  try {
    const { bound } = await balancer.apply(networkSnapshot([port]));
    await run(balancer, bound[0]!.port, deltas);
  } finally {
    await balancer.stop(1_000);
  }
}

function total(deltas: readonly BalancerMetrics[], of: 'newFlowCount' | 'processedBytes'): number {
  return deltas.reduce((sum, { network }) => sum + (network?.loadBalancers[0]?.tcp[of] ?? 0), 0);
}

test('what workers count adds up exactly', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await withBalancer(2, target.port, async (_, port, deltas) => {
    const clients = Array.from({ length: 60 }, () => new TcpClient(port));
    for (const client of clients) assert.equal(await client.ask('hello'), 'hello');
    for (const client of clients) client.socket.end();
    await eventually(() => clients.every((client) => client.closed) && total(deltas, 'processedBytes') === 600);
    assert.equal(total(deltas, 'newFlowCount'), 60);
  });
});

test('a worker that is replaced finishes the flows it has', { timeout }, async () => {
  await using target = await TcpTarget.echo();
  await withBalancer(1, target.port, async (balancer, port) => {
    const old = new TcpClient(port);
    await old.ask('before');
    await balancer.replaceWorkers(30_000);
    assert.equal(await old.ask('after'), 'after');
    const fresh = new TcpClient(port);
    assert.equal(await fresh.ask('new'), 'new');
    old.socket.end();
    fresh.socket.end();
    await eventually(() => old.closed && fresh.closed);
  });
});

test('200 MB to a slow reader: its target is held back, and memory stays flat', { timeout }, async () => {
  const totalBytes = 200 * 1024 * 1024;
  // Per connection, for health checks connect too and read nothing.
  const accepted: number[] = [];
  await using target = await TcpTarget.start((socket, index) => {
    const block = Buffer.alloc(256 * 1024, 120);
    accepted[index] = 0;
    const more = (): void => {
      while (accepted[index]! < totalBytes) {
        accepted[index]! += block.length;
        if (!socket.write(block)) return void socket.once('drain', more);
      }
      socket.end();
    };
    more();
  });
  await withBalancer(1, target.port, async (_, port, deltas) => {
    await eventually(() => deltas.length > 0);
    const before = deltas.at(-1)!.rssBytes;
    const client = new TcpClient(port);
    client.socket.removeAllListeners('data');
    client.socket.pause();
    let last = -1;
    const seen = deltas.length;
    await eventually(() => {
      const most = Math.max(0, ...accepted);
      const settled = most > 0 && most === last && deltas.length > seen + 1;
      last = most;
      return settled;
    });
    assert.ok(last < totalBytes / 4, `${last} bytes were taken though nobody read them`);
    let received = 0;
    client.socket.on('data', (bytes: Buffer) => (received += bytes.length));
    client.socket.resume();
    await eventually(() => client.ended);
    assert.equal(received, totalBytes);
    client.socket.end();
    const after = deltas.length;
    await eventually(() => deltas.length > after);
    const most = Math.max(...deltas.map((delta) => delta.rssBytes));
    assert.ok(most - before < 50 * 1024 * 1024, `memory grew by ${most - before} bytes`);
  });
});
