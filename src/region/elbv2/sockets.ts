import type { Logger } from '../../base/index.ts';
import type { LoopbackNetwork } from '../../compute/index.ts';
import type { BoundListener } from '../../model/index.ts';

export interface SocketsOptions {
  readonly network: LoopbackNetwork;
  /** Addresses of an earlier run that are leased for those who had them. */
  readonly keptAddresses: ReadonlySet<string>;
  /** One address for all load balancers; each gets one of its own from the network unless given. */
  readonly host?: string;
  /** The ports of this machine to try for a listener, in order; 0 is any free one. */
  portsFor(listenerPort: number): readonly number[];
  /** A listener listens. */
  onBound(bound: BoundListener): void;
  readonly log: Logger;
}

/** Where a listener is, or would be. */
interface Socket {
  bound: BoundListener;
  /** What is left to be tried. */
  ports: readonly number[];
  listening: boolean;
  /** Why none of its ports can be had. */
  failure: string | undefined;
}

/** Addresses and ports of load balancers on this computer: each has an address of its own, so that many may listen on port 80. */
export class Sockets {
  readonly #options: SocketsOptions;
  /** By ARN of the load balancer. */
  readonly #hosts = new Map<string, string>();
  /** By ARN of the listener. */
  readonly #sockets = new Map<string, Socket>();

  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  /** The address that a load balancer has, or gets now: what clients reach it by. `before` is what it had before a restart. */
  hostOf(loadBalancerArn: string, before?: string): string {
    let host = this.#hosts.get(loadBalancerArn);
    if (host === undefined) {
      const { keptAddresses, network } = this.#options;
      host = this.#options.host ?? (before !== undefined && keptAddresses.has(before) ? before : network.lease());
      this.#hosts.set(loadBalancerArn, host);
    }
    return host;
  }

  /** A listener that listens already, where a load balancer has its address. */
  adopt(loadBalancerArn: string, bound: BoundListener): void {
    if (this.hostOf(loadBalancerArn) === bound.host) this.#sockets.set(bound.id, { bound, ports: [], listening: true, failure: undefined });
  }

  /** Where a listener is to listen; undefined when nothing is left to be tried. */
  wanted(listenerArn: string, loadBalancerArn: string, port: number): BoundListener {
    let socket = this.#sockets.get(listenerArn);
    if (socket === undefined) {
      const [first = port, ...ports] = this.#options.portsFor(port);
      const bound = { id: listenerArn, host: this.hostOf(loadBalancerArn), port: first };
      this.#sockets.set(listenerArn, (socket = { bound, ports, listening: false, failure: undefined }));
    }
    return socket.bound;
  }

  /** Where a listener really listens; undefined while it does not. */
  boundTo(listenerArn: string): BoundListener | undefined {
    const socket = this.#sockets.get(listenerArn);
    return socket?.listening === true ? socket.bound : undefined;
  }

  /** Why a listener cannot listen; undefined while it can, or has not been tried. */
  failureOf(listenerArn: string): string | undefined {
    return this.#sockets.get(listenerArn)?.failure;
  }

  onBound(bound: BoundListener): void {
    const socket = this.#sockets.get(bound.id);
    if (socket === undefined) return;
    const before = socket.listening;
    Object.assign(socket, { bound, listening: true, failure: undefined });
    if (before) return;
    this.#options.log.info({ listener: bound.id }, `listening on ${bound.host}:${bound.port}`);
    this.#options.onBound(bound);
  }

  /** Its port cannot be had. True when there is another to try. */
  onFailed(listenerArn: string, message: string): boolean {
    const socket = this.#sockets.get(listenerArn);
    if (socket === undefined || socket.failure !== undefined) return false;
    const { host, port } = socket.bound;
    const [next, ...ports] = socket.ports;
    socket.listening = false;
    if (next === undefined) socket.failure = `${message} at ${host}:${port}`;
    else Object.assign(socket, { bound: { id: listenerArn, host, port: next }, ports });
    this.#options.log.warn(
      { listener: listenerArn },
      `cannot listen on ${host}:${port}: ${message}${next === undefined ? '' : `; trying port ${next}`}`,
    );
    return next !== undefined;
  }

  /** The addresses of the network are others now: each listener is to be opened again, at a new one. */
  move(): void {
    this.#hosts.clear();
    this.#sockets.clear();
  }

  /** Forgets listeners and load balancers that are no more; their addresses are given back. */
  keep(listenerArns: ReadonlySet<string>, loadBalancerArns: ReadonlySet<string>): void {
    for (const arn of this.#sockets.keys()) if (!listenerArns.has(arn)) this.#sockets.delete(arn);
    for (const [arn, host] of this.#hosts) {
      if (loadBalancerArns.has(arn)) continue;
      this.#hosts.delete(arn);
      this.#options.network.release(host);
    }
  }
}
