import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { systemClock } from '../../src/base/index.ts';
import { startBalancer, type Balancer } from '../../src/balancer/index.ts';
import { RawClient } from '../../src/balancer/testkit/index.ts';
import type { BoundListener, RoutingSnapshot } from '../../src/model/index.ts';

export const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
export const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** What a scenario found. `failures` is empty when the balancer held. */
export interface Finding {
  readonly figures: string;
  readonly failures: readonly string[];
}

/** Runs a balancer of real worker processes for the time of a scenario. */
export async function withBalancer<T>(
  workers: number,
  snapshot: RoutingSnapshot,
  run: (balancer: Balancer, port: number, bound: readonly BoundListener[]) => Promise<T>,
): Promise<T> {
  const balancer = startBalancer({ workers, log: () => undefined });
  try {
    const { bound } = await balancer.apply(snapshot);
    return await run(balancer, bound[0]!.port, bound);
  } finally {
    await balancer.stop(1_000);
  }
}

export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Resident memory now, or its peak. */
export function memoryMb(pid: number, field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Waits for something that takes time, at most so long; tells whether it came. */
export async function within(ms: number, condition: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; !condition(); waitedMs += 20) {
    if (waitedMs >= ms) return false;
    await systemClock.sleep(20);
  }
  return true;
}

export interface LoadResult {
  readonly answered: number;
  /** Requests that were not answered with 200, each with what came instead. */
  readonly failures: readonly string[];
}

/** Clients that send one idempotent request after the other, ten on a connection, until told to stop. */
export function load(port: number, count: number): { readonly answered: () => number; stop(): Promise<LoadResult> } {
  const stopping = new AbortController();
  let answered = 0;
  const failures: string[] = [];
  const one = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const client = new RawClient(port);
      for (let i = 0; i < 10 && !stopping.signal.aborted && !client.ended; i++) {
        client.text = '';
        client.send(get);
        const text = await client.until((soFar) => soFar.endsWith('hello') || /^HTTP\/1.1 [45]/.test(soFar));
        if (text.startsWith('HTTP/1.1 200') && text.endsWith('hello')) answered++;
        else failures.push(text === '' ? 'connection lost' : text.slice(0, 40));
        if (text.includes('Connection: close')) break;
      }
      // A reset leaves no TIME_WAIT behind: a long run would use up the ports of this machine.
      client.socket.resetAndDestroy();
    }
  };
  const running = Array.from({ length: count }, one);
  return {
    answered: () => answered,
    async stop() {
      stopping.abort();
      await Promise.all(running);
      return { answered, failures };
    },
  };
}

/** A target that answers each request, and keeps nothing of it. */
export async function greeter(): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', () => socket.write(hello));
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
