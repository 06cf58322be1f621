import type { RemoteInfo, Socket } from 'node:dgram';
import type { Listener } from '../../model/index.ts';
import type { Engine } from '../engine.ts';
import { plainAddress } from '../transport/transport.ts';
import type { FlowCounters, NetworkCounters } from './counters.ts';
import type { Forward } from './forward.ts';
import { SEND_QUEUE_MAX_BYTES } from './limits.ts';
import type { FrontParts } from './stream-front.ts';
import { UdpFlow } from './udp-flow.ts';

const FLOWS_MAX = 8192;

/** A UDP listener: tells flows apart by where their datagrams come from, and keeps a bounded number of them. */
export class UdpFront {
  readonly engine: Engine;
  readonly counters: NetworkCounters;
  readonly flows: FlowCounters;
  /** Where new flows go: one assignment swaps it. */
  forward: Forward;
  readonly #socket: Socket;
  readonly #local: { readonly address: string; readonly port: number };
  readonly #table = new Map<string, UdpFlow>();
  #flowsMax = FLOWS_MAX;

  /** `socket` is bound. */
  constructor(parts: FrontParts, socket: Socket, forward: Forward) {
    this.engine = parts.engine;
    this.counters = parts.counters;
    this.flows = parts.counters.udp;
    this.forward = forward;
    this.#socket = socket;
    this.#local = socket.address();
    socket.on('message', (datagram, from) => this.#onDatagram(datagram, from));
    // A datagram that could not be sent is lost; the listener goes on.
    socket.on('error', () => this.counters.droppedDatagramCount++);
  }

  configure(config: Listener, forward: Forward): void {
    this.forward = forward;
    this.#flowsMax = config.network?.udpFlowsMax ?? FLOWS_MAX;
  }

  /** Sends a target's datagram to the client of a flow. */
  answer(datagram: Buffer, client: RemoteInfo): void {
    if (this.#socket.getSendQueueSize() > SEND_QUEUE_MAX_BYTES) this.counters.droppedDatagramCount++;
    else this.#socket.send(datagram, client.port, client.address, (error) => this.#onSent(error));
  }

  onOver(flow: UdpFlow): void {
    if (!this.#table.delete(flow.key)) return;
    this.engine.sweeper.delete(flow);
    this.flows.activeFlowCount--;
  }

  close(): void {
    for (const flow of this.#table.values()) flow.terminate();
    this.#socket.close();
  }

  #onSent(error: Error | null): void {
    if (error !== null) this.counters.droppedDatagramCount++;
  }

  #onDatagram(datagram: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    const flow = this.#table.get(key) ?? this.#begin(key, from);
    if (flow === undefined) this.flows.rejectedFlowCount++;
    else flow.send(datagram);
  }

  #begin(key: string, from: RemoteInfo): UdpFlow | undefined {
    if (this.#table.size >= this.#flowsMax) return undefined;
    const { address, port } = this.#local;
    const ends = { remoteAddress: plainAddress(from.address), remotePort: from.port, localAddress: plainAddress(address), localPort: port };
    const group = this.forward('udp', ends);
    const target = group?.pick('udp', ends);
    if (group === undefined || target === undefined) return undefined;
    const flow = new UdpFlow(this, { key, client: from, ends }, group, target);
    this.#table.set(key, flow);
    this.engine.sweeper.add(flow);
    this.flows.newFlowCount++;
    this.flows.activeFlowCount++;
    return flow;
  }
}
