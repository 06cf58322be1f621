import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { BoundedQueue } from '../../base/index.ts';
import type { Timed } from '../transport/sweeper.ts';
import type { Ends } from './flow-hash.ts';
import type { NetworkGroup } from './network-group.ts';
import type { Flow, NetworkTarget } from './network-target.ts';
import { proxyHeader } from './proxy-protocol.ts';
import { SEND_QUEUE_MAX_BYTES } from './limits.ts';
import type { UdpFront } from './udp-front.ts';

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html: fixed for UDP. */
const IDLE_MS = 120_000;
/** Datagrams that wait for the socket to the target. */
const PENDING_MAX = 32;

export interface UdpOrigin {
  /** What tells the flow from the others of its listener. */
  readonly key: string;
  readonly client: RemoteInfo;
  readonly ends: Ends;
}

/**
 * What one client address and port sends to a listener, over a socket of its own to one target: so answers are known by the
 * socket they come to. With PROXY protocol its first datagram begins with the header.
 */
export class UdpFlow implements Flow, Timed {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly key: string;
  readonly #front: UdpFront;
  readonly #group: NetworkGroup;
  readonly #target: NetworkTarget;
  readonly #client: RemoteInfo;
  readonly #socket: Socket;
  #pending: BoundedQueue<Buffer> | undefined = new BoundedQueue(PENDING_MAX);
  #header: Buffer | undefined;
  #over = false;

  constructor(front: UdpFront, { key, client, ends }: UdpOrigin, group: NetworkGroup, target: NetworkTarget) {
    this.key = key;
    this.#front = front;
    this.#group = group;
    this.#target = target;
    this.#client = client;
    this.#header = group.proxyProtocol ? proxyHeader('datagram', ends) : undefined;
    this.#socket = createSocket({ type: isIPv6(target.host) ? 'udp6' : 'udp4' });
    this.#socket.on('message', (datagram) => this.#onAnswer(datagram));
    this.#socket.on('error', () => this.#onError());
    this.#socket.connect(target.port, target.host, () => this.#onConnect());
    target.flows.add(this);
    group.countFlow(target);
  }

  /** Sends a datagram of the client on. */
  send(datagram: Buffer): void {
    if (this.#over) return;
    this.#touch(datagram.length);
    let whole = datagram;
    if (this.#header !== undefined) {
      whole = Buffer.concat([this.#header, datagram]);
      this.#header = undefined;
    }
    if (this.#pending !== undefined) {
      if (!this.#pending.push(whole)) this.#front.counters.droppedDatagramCount++;
    } else this.#toTarget(whole);
  }

  terminate(): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.close();
    this.#target.flows.delete(this);
    this.#front.onOver(this);
  }

  onDeadline(): void {
    this.terminate();
  }

  #onConnect(): void {
    if (this.#over) return;
    const pending = this.#pending as BoundedQueue<Buffer>;
    this.#pending = undefined;
    for (let datagram = pending.shift(); datagram !== undefined; datagram = pending.shift()) this.#toTarget(datagram);
  }

  #toTarget(datagram: Buffer): void {
    if (this.#socket.getSendQueueSize() > SEND_QUEUE_MAX_BYTES) this.#front.counters.droppedDatagramCount++;
    else this.#socket.send(datagram, (error) => (error ? this.#onError() : undefined));
  }

  #onAnswer(datagram: Buffer): void {
    if (this.#over) return;
    this.#touch(datagram.length);
    this.#front.answer(datagram, this.#client);
  }

  #touch(bytes: number): void {
    this.#front.flows.processedBytes += bytes;
    this.deadlineMs = this.#front.engine.sweeper.deadlineIn(IDLE_MS);
  }

  // An ICMP message, as a rule: nobody listens there. The flow stays; health checks decide about the target.
  // Without a socket to the target (no such host, no file descriptor) it is given up.
  #onError(): void {
    this.#group.targetConnectionErrorCount++;
    if (this.#pending !== undefined) this.terminate();
  }
}
