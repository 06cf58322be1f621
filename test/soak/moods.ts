import { createServer, type AddressInfo, type Socket } from 'node:net';
import { systemClock } from '../../src/base/index.ts';
import { defaultCheck, snapshotOf } from '../../src/balancer/testkit/index.ts';
import { hello, load, within, withBalancer, type Finding } from './support.ts';

const moods = ['resets', 'garbage', 'half an answer', 'hangs', 'slow'] as const;

/** A target that behaves as it is told to at the moment. */
class MoodyTarget {
  mood: (typeof moods)[number] | 'well' = 'well';
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ noDelay: true }, (socket) => {
    this.#sockets.add(socket);
    // A request of these clients comes in one piece, and the next when it is answered.
    socket.on('data', () => this.#answer(socket));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  });

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', 4096, resolve));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #answer(socket: Socket): void {
    if (this.mood === 'well') socket.write(hello);
    else if (this.mood === 'resets') socket.resetAndDestroy();
    else if (this.mood === 'garbage') socket.write('\x16\x03\x01 what?\r\n\r\n');
    else if (this.mood === 'half an answer') socket.end('HTTP/1.1 200 O');
    else if (this.mood === 'slow') void drip(socket);
  }
}

/** An answer in three pieces with rests between them. */
async function drip(socket: Socket): Promise<void> {
  for (const piece of [hello.slice(0, 20), hello.slice(20, -3), hello.slice(-3)]) {
    await systemClock.sleep(40);
    socket.write(piece);
  }
}

/** Three targets that reset, speak garbage, break off, hang or turn slow, one after the other: no idempotent request fails. */
export async function moodyTargets(rounds: number): Promise<Finding> {
  const targets = [new MoodyTarget(), new MoodyTarget(), new MoodyTarget()];
  await Promise.all(targets.map((target) => target.listen()));
  const ports = targets.map(({ port }) => port);
  const healthCheck = { ...defaultCheck, intervalMs: 200, timeoutMs: 200, healthyThreshold: 2, unhealthyThreshold: 2 };
  try {
    return await withBalancer(1, snapshotOf(ports, { group: { healthCheck } }), async (balancer, port) => {
      const healthy = new Set<string>();
      balancer.onHealth(({ targetId, state }) => void (state === 'healthy' ? healthy.add(targetId) : healthy.delete(targetId)));
      await within(5_000, () => healthy.size === 3);
      const clients = load(port, 8);
      for (let i = 0; i < rounds * moods.length; i++) {
        const target = targets[i % 3]!;
        target.mood = moods[i % moods.length]!;
        await systemClock.sleep(1_000);
        target.mood = 'well';
        await within(5_000, () => healthy.size === 3);
        await systemClock.sleep(200);
      }
      const { answered, failures } = await clients.stop();
      return { figures: `${answered} answered, ${rounds * moods.length} changes of mood`, failures };
    });
  } finally {
    for (const target of targets) target.close();
  }
}
