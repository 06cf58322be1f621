import type { Listener } from '../../model/index.ts';
import { admissionOf, type Admission } from '../transport/admission.ts';
import type { Engine } from '../engine.ts';
import type { Transport } from '../transport/transport.ts';
import type { FlowCounters, NetworkCounters } from './counters.ts';
import type { Forward } from './forward.ts';
import type { RelayMemory } from './relay-memory.ts';
import { TcpFlow } from './tcp-flow.ts';

const IDLE_MS = 350_000;
const CONNECT_MS = 10_000;

/** A TCP or TLS listener as its flows see it. */
export class StreamFront {
  readonly engine: Engine;
  readonly memory: RelayMemory;
  readonly counters: NetworkCounters;
  readonly flows: FlowCounters;
  /** Where new flows go: one assignment swaps it. */
  forward: Forward;
  /** Anyone where undefined. */
  admits: Admission | undefined;
  idleTimeoutMs = IDLE_MS;
  connectTimeoutMs = CONNECT_MS;
  readonly #open: Set<TcpFlow>;

  constructor(parts: FrontParts, flows: FlowCounters, forward: Forward) {
    this.engine = parts.engine;
    this.memory = parts.memory;
    this.counters = parts.counters;
    this.#open = parts.tcpFlows;
    this.flows = flows;
    this.forward = forward;
  }

  configure(config: Listener, forward: Forward): void {
    this.forward = forward;
    this.admits = admissionOf(config);
    this.idleTimeoutMs = config.network?.idleTimeoutMs ?? IDLE_MS;
    this.connectTimeoutMs = config.network?.connectTimeoutMs ?? CONNECT_MS;
  }

  /** Takes a client's connection that has not been read from. */
  accept(transport: Transport): void {
    const group = this.forward('tcp', transport);
    if (group !== undefined) return new TcpFlow(this, group, transport).start();
    this.flows.rejectedFlowCount++;
    this.counters.elbResetCount++;
    transport.destroy(true);
  }

  onOpened(flow: TcpFlow): void {
    this.#open.add(flow);
    this.engine.sweeper.add(flow);
    this.flows.newFlowCount++;
    this.flows.activeFlowCount++;
  }

  onOver(flow: TcpFlow): void {
    if (!this.#open.delete(flow)) return;
    this.engine.sweeper.delete(flow);
    this.flows.activeFlowCount--;
  }
}

/** What all listeners of a load balancer share in a worker. */
export interface FrontParts {
  readonly engine: Engine;
  readonly memory: RelayMemory;
  readonly counters: NetworkCounters;
  /** Every TCP flow of the worker. */
  readonly tcpFlows: Set<TcpFlow>;
}
