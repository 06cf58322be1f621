import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { entry, systemClock } from '../base/index.ts';
import { probe } from './health/probe.ts';
import { defaultCheck, eventually, RawClient, RawTarget, snapshotOf, TestBalancer } from './testkit/index.ts';

const timeout = 60_000;
const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** A target that behaves as it is told to at the moment. */
class MoodyTarget {
  readonly raw: RawTarget;
  mood: 'well' | 'resets' | 'hangs' | 'garbage' | 'half' | 'slow' = 'well';

  constructor() {
    this.raw = new RawTarget((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n')) this.#answer(socket);
    });
  }

  #answer(socket: Socket): void {
    if (this.mood === 'resets') socket.resetAndDestroy();
    else if (this.mood === 'garbage') socket.write('\x16\x03\x01 what?\r\n\r\n');
    else if (this.mood === 'half') socket.end('HTTP/1.1 200 O');
    else if (this.mood === 'slow') void drip(socket);
    else if (this.mood === 'well') socket.write(hello);
  }
}

/** An answer in three pieces with rests between them. */
async function drip(socket: Socket): Promise<void> {
  for (const piece of [hello.slice(0, 20), hello.slice(20, -3), hello.slice(-3)]) {
    await systemClock.sleep(40);
    socket.write(piece);
  }
}

/** A target that is a process. */
class TargetProcess implements AsyncDisposable {
  port = 0;
  #child: ChildProcess | undefined;

  async start(): Promise<void> {
    this.#child = fork(entry(import.meta.url, './testkit/target'), [String(this.port)]);
    [this.port] = (await once(this.#child, 'message')) as [number];
  }

  signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child!.kill(name);
  }

  async gone(): Promise<void> {
    if (this.#child!.exitCode === null && this.#child!.signalCode === null) await once(this.#child!, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.gone();
  }
}

/** Clients that ask one request after the other until told to stop; tells how many were answered and with what else than 200. */
function clients(port: number, count: number): { stop(): Promise<{ answered: number; failures: string[] }> } {
  const stopping = new AbortController();
  let answered = 0;
  const failures: string[] = [];
  const one = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const client = new RawClient(port);
      for (let i = 0; i < 20 && !stopping.signal.aborted && !client.ended; i++) {
        client.text = '';
        client.send(get);
        const text = await client.until((soFar) => soFar.endsWith('hello') || (soFar.endsWith('\n') && soFar.includes('HTTP/1.1 5')));
        if (text.startsWith('HTTP/1.1 200') && text.endsWith('hello')) answered++;
        else failures.push(text);
      }
      client.close();
    }
  };
  const running = Array.from({ length: count }, one);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
      return { answered, failures };
    },
  };
}

test(
  'targets that reset, speak garbage, break off, hang, are slow or vanish, one after the other: no idempotent request fails',
  { timeout },
  async () => {
    const targets = [new MoodyTarget(), new MoodyTarget(), new MoodyTarget()];
    await Promise.all(targets.map((target) => target.raw.listen()));
    const ports = targets.map((target) => target.raw.port);
    const healthCheck = { ...defaultCheck, intervalMs: 100, timeoutMs: 100, healthyThreshold: 2, unhealthyThreshold: 2 };
    await using balancer = await TestBalancer.start(snapshotOf(ports, { group: { healthCheck } }), probe);
    await eventually(() => balancer.health.filter((health) => health.state === 'healthy').length === 3);
    const load = clients(balancer.port, 8);
    for (const [index, mood] of (['resets', 'garbage', 'half', 'hangs', 'slow'] as const).entries()) {
      const target = targets[index % 3]!;
      target.mood = mood;
      await systemClock.sleep(500);
      target.mood = 'well';
      await systemClock.sleep(400);
    }
    const gone = targets[0]!.raw;
    await gone[Symbol.asyncDispose]();
    await systemClock.sleep(400);
    const { answered, failures } = await load.stop();
    await Promise.all(targets.slice(1).map((target) => target.raw[Symbol.asyncDispose]()));
    assert.deepEqual(failures, []);
    assert.ok(answered > 200, String(answered));
  },
);

test('target processes that are killed, stopped and restarted, one after the other: no idempotent request fails', { timeout }, async () => {
  await using one = new TargetProcess();
  await using two = new TargetProcess();
  await using three = new TargetProcess();
  const targets = [one, two, three];
  await Promise.all(targets.map((target) => target.start()));
  const healthCheck = { ...defaultCheck, intervalMs: 100, timeoutMs: 200, healthyThreshold: 2, unhealthyThreshold: 2 };
  const ports = targets.map(({ port }) => port);
  await using balancer = await TestBalancer.start(snapshotOf(ports, { group: { healthCheck } }), probe);
  const healthy = (): number => {
    const states = new Map(balancer.health.map(({ targetId, state }) => [targetId, state]));
    return [...states.values()].filter((state) => state === 'healthy').length;
  };
  await eventually(() => healthy() === 3);
  const load = clients(balancer.port, 8);
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    for (const target of targets) {
      target.signal(signal);
      await target.gone();
      await systemClock.sleep(100);
      await target.start();
      await eventually(() => healthy() === 3);
    }
  }
  one.signal('SIGSTOP');
  await eventually(() => healthy() === 2);
  one.signal('SIGCONT');
  await eventually(() => healthy() === 3);
  const { answered, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(answered > 200, String(answered));
});

test('snapshots that come and go under load drop nothing', { timeout }, async () => {
  await using a = await RawTarget.answering(hello);
  await using b = await RawTarget.answering(hello);
  await using balancer = await TestBalancer.start(snapshotOf([a.port]));
  const load = clients(balancer.port, 8);
  const sets = [[a.port], [a.port, b.port], [b.port]];
  for (let revision = 2; revision < 302; revision++) {
    await balancer.apply(snapshotOf(sets[revision % 3]!, { revision }));
    if (revision % 10 === 0) await systemClock.sleep(5);
  }
  const { answered, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(answered > 100, String(answered));
});

test('clients that abort in the middle of an answer leave no connection behind', { timeout }, async () => {
  const target = new RawTarget((socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(10_000)}`));
  await target.listen();
  await using _ = target;
  await using balancer = await TestBalancer.start(snapshotOf([target.port]));
  for (let batch = 0; batch < 5; batch++) {
    const all = Array.from({ length: 100 }, () => new RawClient(balancer.port).send(get));
    await Promise.all(all.map((client) => client.until((text) => text.length > 100)));
    for (const client of all) client.socket.resetAndDestroy();
  }
  await eventually(() => target.sockets.length === 500 && target.sockets.every((socket) => socket.destroyed));
  assert.equal(balancer.runtime.tick().loadBalancers[0]!.activeConnectionCount, 0);
  assert.equal(balancer.runtime.tick().targetGroups[0]!.targets[0]!.outstanding, 0);
});

test('a slow reader holds back its target instead of filling our memory', { timeout }, async () => {
  const total = 64 * 1024 * 1024;
  let accepted = 0;
  const target = new RawTarget((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    const block = Buffer.alloc(64 * 1024, 120);
    const more = (): void => {
      while (accepted < total) {
        accepted += block.length;
        if (!socket.write(block)) return void socket.once('drain', more);
      }
    };
    more();
  });
  await target.listen();
  await using _ = target;
  await using balancer = await TestBalancer.start(snapshotOf([target.port]));
  const client = new RawClient(balancer.port).send(get);
  client.socket.pause();
  let before = -1;
  await eventually(() => {
    const settled = accepted > 0 && accepted === before;
    before = accepted;
    return settled;
  });
  assert.ok(accepted < total / 2, `${accepted} bytes were taken from the target though nobody read them`);
  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (bytes) => (received += bytes.length));
  client.socket.resume();
  await eventually(() => received >= total);
  client.close();
});

test('a client that never finishes its head is told so in its time', { timeout }, async () => {
  await using balancer = await TestBalancer.start(snapshotOf([1], { listener: { attributes: { idleTimeoutMs: 300 } } }));
  const client = new RawClient(balancer.port).send('GET / HTTP/1.1\r\nA:');
  const dripping = new AbortController();
  const drip = async (): Promise<void> => {
    while (!dripping.signal.aborted && !client.ended) {
      await systemClock.sleep(50);
      client.send('b');
    }
  };
  const dripped = drip();
  assert.match(await client.until((text) => text.includes('\n')), /^HTTP\/1\.1 408 /);
  dripping.abort();
  await dripped;
  client.close();
});
