import { monotonicMs, systemClock } from '../../src/base/index.ts';
import { exchange, RawClient, RawTarget, snapshotOf } from '../../src/balancer/testkit/index.ts';
import { descriptorsOf, get, greeter, memoryMb, within, withBalancer, type Finding } from './support.ts';

/** What clients do to a balancer. */

/** Clients that reset their connection in the middle of an answer: file descriptors and memory come back to where they were. */
export async function abortedClients(count: number): Promise<Finding> {
  const target = new RawTarget((socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(10_000)}`));
  await target.listen();
  await using _ = target;
  return await withBalancer(1, snapshotOf([target.port]), async ({ pids }, port) => {
    const pid = pids[0]!;
    const abort = async (clients: number): Promise<void> => {
      const all = Array.from({ length: clients }, () => new RawClient(port).send(get));
      await Promise.all(all.map((client) => client.until((text) => text.length > 100)));
      for (const client of all) client.socket.resetAndDestroy();
      target.sockets.length = 0;
      target.received.length = 0;
    };
    const fresh = descriptorsOf(pid);
    const abortMany = async (clients: number): Promise<void> => {
      for (let done = 0; done < clients; done += 100) await abort(Math.min(100, clients - done));
    };
    // The first half fills pools and makes the heap what it will be; a leak shows in the second. Peaks are compared: what is
    // resident at one moment depends on when the runtime last gave memory back, and it does so whenever it idles.
    await abortMany(count / 2);
    await within(5_000, () => descriptorsOf(pid) <= fresh + 2);
    const before = memoryMb(pid, 'VmHWM');
    await abortMany(count / 2);
    const back = await within(10_000, () => descriptorsOf(pid) <= fresh + 2);
    const peak = memoryMb(pid, 'VmHWM');
    const grownMb = peak - before;
    const failures = back ? [] : [`${descriptorsOf(pid)} file descriptors, ${fresh} before`];
    if (grownMb > 40) failures.push(`memory grew by ${grownMb.toFixed(0)} MB`);
    return {
      figures: `descriptors ${fresh} → ${descriptorsOf(pid)}, peak memory ${before.toFixed(0)} → ${peak.toFixed(0)} MB`,
      failures,
    };
  });
}

/** Clients that never finish their request's head, a byte at a time; one well-behaved client must not notice. */
export async function slowLoris(count: number): Promise<Finding> {
  await using target = await greeter();
  return await withBalancer(
    1,
    snapshotOf([target.port], { listener: { attributes: { idleTimeoutMs: 5_000 } } }),
    async ({ pids }, port) => {
      const slow: RawClient[] = [];
      while (slow.length < count) {
        slow.push(...Array.from({ length: Math.min(200, count - slow.length) }, () => new RawClient(port).send('GET / HTTP/1.1\r\nA:')));
        await systemClock.sleep(20);
      }
      const latencies: number[] = [];
      const failures: string[] = [];
      for (let i = 0; i < 200; i++) {
        if (i % 20 === 0) for (const client of slow) if (!client.ended) client.send('b');
        const startMs = monotonicMs();
        const text = await exchange(port, get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
        latencies.push(monotonicMs() - startMs);
        if (!text.endsWith('hello')) failures.push(text.slice(0, 40));
      }
      const told = await within(15_000, () => slow.every((client) => client.text.startsWith('HTTP/1.1 408')));
      if (!told) failures.push(`${slow.filter((client) => !client.text.startsWith('HTTP/1.1 408')).length} slow clients got no 408`);
      const memory = memoryMb(pids[0]!, 'VmHWM');
      for (const client of slow) client.close();
      const p99 = latencies.sort((a, b) => a - b)[Math.floor(latencies.length * 0.99)] as number;
      return { figures: `the others: p99 ${p99.toFixed(1)} ms; peak ${memory.toFixed(0)} MB`, failures };
    },
  );
}
