import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Listener, NetworkLoadBalancerMetrics, NetworkMetrics, RoutingSnapshot, TargetGroup } from '../../model/index.ts';
import { defaultCheck, eventually, type TestBalancer } from '../testkit/index.ts';

/** Parts that the tests of this folder share. */

export interface Changes {
  readonly listener?: Partial<Listener>;
  readonly group?: Partial<TargetGroup>;
  readonly revision?: number;
}

/** One TCP listener in front of one group, unless changed. */
export function networkSnapshot(ports: readonly number[], { listener, group, revision = 1 }: Changes = {}): RoutingSnapshot {
  const protocol = listener?.protocol === 'UDP' || listener?.protocol === 'TCP_UDP' ? listener.protocol : 'TCP';
  return {
    revision,
    listeners: [
      {
        id: 'listener',
        loadBalancerId: 'lb',
        host: '127.0.0.1',
        port: 0,
        protocol: 'TCP',
        defaultAction: { type: 'forward', targetGroupId: 'group' },
        ...listener,
      },
    ],
    targetGroups: [
      {
        id: 'group',
        protocol,
        algorithm: 'round_robin',
        deregistrationDelayMs: 5_000,
        healthCheck: defaultCheck,
        targets: ports.map((port) => ({ id: `127.0.0.1:${port}`, host: '127.0.0.1', port, phase: 'registered' })),
        ...group,
      },
    ],
  };
}

/** A TCP server of a test. */
export class TcpTarget implements AsyncDisposable {
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  constructor(onSocket: (socket: Socket, index: number) => void) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => undefined);
      onSocket(socket, this.sockets.push(socket) - 1);
    });
  }

  static async start(onSocket: (socket: Socket, index: number) => void, host = '127.0.0.1'): Promise<TcpTarget> {
    const target = new TcpTarget(onSocket);
    target.#server.listen(0, host);
    await once(target.#server, 'listening');
    return target;
  }

  /** Sends back what it gets, after a name if there is one. */
  static echo(name = ''): Promise<TcpTarget> {
    return TcpTarget.start((socket) => {
      if (name !== '') socket.write(name);
      socket.pipe(socket);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A client that keeps its own half open until told otherwise, and remembers how the connection went. */
export class TcpClient {
  readonly socket: Socket;
  text = '';
  ended = false;
  /** System error code of its end, if any. */
  failure: string | undefined;
  closed = false;

  constructor(port: number, localAddress = '127.0.0.1') {
    this.socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true, allowHalfOpen: true });
    this.socket.on('data', (bytes) => (this.text += bytes.toString('latin1')));
    this.socket.on('end', () => (this.ended = true));
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.failure = error.code));
    this.socket.on('close', () => (this.closed = true));
  }

  async ask(text: string): Promise<string> {
    const before = this.text.length;
    this.socket.write(text);
    await eventually(() => this.text.length >= before + text.length || this.closed);
    return this.text.slice(before);
  }

  /** Waits for the first bytes and returns them. */
  async hear(): Promise<string> {
    await eventually(() => this.text !== '' || this.closed);
    return this.text;
  }
}

/** A UDP server of a test: answers each datagram with its name and what it got. */
export class UdpTarget implements AsyncDisposable {
  readonly received: Buffer[] = [];
  /** Where datagrams came from: `port`. */
  readonly sources = new Set<number>();
  readonly socket: UdpSocket = createSocket('udp4');
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.socket.on('message', (datagram, from) => {
      this.received.push(datagram);
      this.sources.add(from.port);
      this.socket.send(`${this.#name}:${datagram.toString('latin1')}`, from.port, from.address);
    });
  }

  static async start(name: string, port = 0): Promise<UdpTarget> {
    const target = new UdpTarget(name);
    target.socket.bind(port, '127.0.0.1');
    await once(target.socket, 'listening');
    return target;
  }

  get port(): number {
    return this.socket.address().port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(resolve));
  }
}

export class UdpClient implements AsyncDisposable {
  readonly answers: string[] = [];
  readonly socket: UdpSocket = createSocket('udp4');
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
    this.socket.on('message', (datagram) => this.answers.push(datagram.toString('latin1')));
  }

  /** Sends a datagram and waits for one more answer. */
  async ask(text: string): Promise<string> {
    const before = this.answers.length;
    this.socket.send(text, this.#port, '127.0.0.1');
    await eventually(() => this.answers.length > before);
    return this.answers.at(-1) as string;
  }

  send(text: string): void {
    this.socket.send(text, this.#port, '127.0.0.1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(resolve));
  }
}

/** Adds up what a balancer in this process counts. */
export class Totals {
  readonly #balancer: TestBalancer;
  readonly #sum: Record<string, number> = {};

  constructor(balancer: TestBalancer) {
    this.#balancer = balancer;
  }

  /** The sum of a count since the beginning, or a gauge's present value, e.g. `tcp.newFlowCount`. */
  get(name: string): number {
    const metrics = this.#balancer.runtime.tick().network as NetworkMetrics;
    for (const each of metrics.loadBalancers) this.#add(each);
    for (const each of metrics.targetGroups) this.#count('targetConnectionErrorCount', each.targetConnectionErrorCount);
    return this.#sum[name] ?? 0;
  }

  #add(metrics: NetworkLoadBalancerMetrics): void {
    for (const [name, value] of Object.entries(metrics)) {
      if (typeof value === 'number') this.#count(name, value);
      else if (typeof value === 'object') {
        for (const [inner, count] of Object.entries(value as Record<string, number>)) this.#count(`${name}.${inner}`, count);
      }
    }
  }

  #count(name: string, value: number): void {
    this.#sum[name] = name.endsWith('activeFlowCount') ? value : (this.#sum[name] ?? 0) + value;
  }
}
