import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { seededRandom, systemClock } from '../../base/index.ts';
import type { HealthCheck, Listener, RoutingSnapshot, TargetGroup, TargetHealth } from '../../model/index.ts';
import { Engine } from '../engine.ts';
import type { Probe } from '../health/monitor.ts';
import { Runtime, type Applied } from '../runtime.ts';

/** Parts that the tests of this folder share: a balancer inside the test's process, raw targets, raw clients. */

export const defaultCheck: HealthCheck = {
  path: '/',
  port: 'traffic-port',
  intervalMs: 30_000,
  timeoutMs: 5_000,
  healthyThreshold: 5,
  unhealthyThreshold: 2,
  matcher: '200',
};

export function snapshotOf(
  ports: readonly number[],
  changes: { group?: Partial<TargetGroup>; listener?: Partial<Listener>; revision?: number } = {},
): RoutingSnapshot {
  return {
    revision: changes.revision ?? 1,
    listeners: [
      {
        id: 'listener',
        loadBalancerId: 'lb',
        host: '127.0.0.1',
        port: 0,
        protocol: 'HTTP',
        defaultAction: { type: 'forward', targetGroupId: 'group' },
        ...changes.listener,
        attributes: { preserveHostHeader: true, ...changes.listener?.attributes },
      },
    ],
    targetGroups: [
      {
        id: 'group',
        protocol: 'HTTP',
        algorithm: 'round_robin',
        deregistrationDelayMs: 5_000,
        healthCheck: defaultCheck,
        targets: ports.map((port) => ({ id: `127.0.0.1:${port}`, host: '127.0.0.1', port, phase: 'registered' })),
        ...changes.group,
      },
    ],
  };
}

export class TestBalancer implements AsyncDisposable {
  readonly engine = new Engine(systemClock, seededRandom(7));
  readonly runtime: Runtime;
  readonly health: TargetHealth[] = [];
  readonly drained: string[] = [];
  port = 0;

  /** Without a probe all targets stay initial, and fail-open sends to every one. */
  constructor(probe: Probe = () => new Promise(() => undefined)) {
    this.runtime = new Runtime(this.engine, {
      probe,
      onHealth: (health) => this.health.push(health),
      onDrained: (_, targetId) => this.drained.push(targetId),
    });
  }

  async apply(snapshot: RoutingSnapshot): Promise<Applied> {
    const listeners = snapshot.listeners.map((listener) => ({ ...listener, port: listener.port || this.port }));
    const applied = await this.runtime.apply({ ...snapshot, listeners });
    this.port = applied.bound[0]?.port ?? this.port;
    return applied;
  }

  static async start(snapshot: RoutingSnapshot, probe?: Probe): Promise<TestBalancer> {
    const balancer = new TestBalancer(probe);
    await balancer.apply(snapshot);
    return balancer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.runtime.close();
    await Promise.resolve();
  }
}

/** A target that keeps every byte it got and answers as the test says. */
export class RawTarget implements AsyncDisposable {
  readonly server: Server;
  readonly sockets: Socket[] = [];
  /** What each connection sent, as Latin-1. */
  readonly received: string[] = [];

  constructor(onData: (socket: Socket, soFar: string, index: number) => void) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const index = this.sockets.push(socket) - 1;
      this.received.push('');
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        this.received[index] += bytes.toString('latin1');
        onData(socket, this.received[index] as string, index);
      });
      socket.on('end', () => socket.end());
    });
  }

  /** Answers each request head it sees (counted by empty lines) with the same bytes. */
  static async answering(answer: string): Promise<RawTarget> {
    const answered: number[] = [];
    const target = new RawTarget((socket, soFar, index) => {
      const heads = soFar.split('\r\n\r\n').length - 1;
      for (let n = answered[index] ?? 0; n < heads; n++) socket.write(answer, 'latin1');
      answered[index] = heads;
    });
    await target.listen();
    return target;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** A client that sends raw bytes and collects what comes. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  ended = false;
  #wake: () => void = () => undefined;

  constructor(port: number, localAddress = '127.0.0.1') {
    this.socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true, allowHalfOpen: true });
    this.socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1');
      this.#wake();
    });
    const end = (): void => {
      this.ended = true;
      this.#wake();
    };
    this.socket.on('end', end);
    this.socket.on('error', end);
    this.socket.on('close', end);
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Waits until the text so far satisfies the condition, or the connection ends; returns the text. */
  async until(condition: (text: string) => boolean): Promise<string> {
    while (!this.ended && !condition(this.text)) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.text;
  }

  async untilEnd(): Promise<string> {
    const text = await this.until(() => false);
    this.socket.destroy();
    return text;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Sends bytes and returns everything until the balancer closes. */
export function exchange(port: number, text: string): Promise<string> {
  return new RawClient(port).send(text).untilEnd();
}

/** Waits until the condition holds; a test that never gets there runs into its own time limit. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.sleep(5);
}

/** Replaces what differs from run to run. */
export function normalised(text: string): string {
  return text.replaceAll(/1-[0-9a-f]{8}-[0-9a-f]{24}/g, 'TRACE').replaceAll(/Date: [^\r]+/g, 'Date: NOW');
}
