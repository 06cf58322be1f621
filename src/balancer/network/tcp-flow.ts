import { HandleTransport } from '../transport/handle-transport.ts';
import type { Timed } from '../transport/sweeper.ts';
import type { Transport } from '../transport/transport.ts';
import type { NetworkGroup } from './network-group.ts';
import type { Flow, NetworkTarget } from './network-target.ts';
import { openTarget } from './open-target.ts';
import { proxyHeader } from './proxy-protocol.ts';
import { Side, type SideEvents } from './side.ts';
import type { StreamFront } from './stream-front.ts';

/** How many targets a flow tries when they refuse. Nothing of it has been sent yet, so another may have it. */
const ATTEMPTS_MAX = 3;

/**
 * A client's connection and its target's.
 *
 *     connecting ──▶ open ──▶ half-closed ──▶ over
 *        │  ▲          │           │
 *        └──┘ refused  └───────────┴─ reset by a side, silence, the balancer ──▶ over
 *
 * The client is not read before its target is there, so the kernel holds it back. An end (FIN) is passed on while the other
 * direction goes on; a reset is passed on as one.
 */
export class TcpFlow implements Flow, Timed, SideEvents {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #front: StreamFront;
  readonly #group: NetworkGroup;
  readonly #idleTimeoutMs: number;
  readonly #client: Side;
  readonly #upstream: Side;
  #target: NetworkTarget | undefined;
  #tried: NetworkTarget[] = [];
  #open = false;
  /** Both sides have ended and all is sent: what remains are the goodbyes of TLS. */
  #settled = false;
  #over = false;

  /** `transport` is the client's, not yet read from. */
  constructor(front: StreamFront, group: NetworkGroup, transport: Transport) {
    this.#front = front;
    this.#group = group;
    this.#idleTimeoutMs = front.idleTimeoutMs;
    this.#client = new Side(this, front.memory);
    this.#upstream = new Side(this, front.memory);
    this.#client.join(this.#upstream);
    this.#client.transport = transport;
    transport.owner = this.#client;
  }

  start(): void {
    this.#front.onOpened(this);
    this.#connect();
  }

  terminate(): void {
    if (this.#over) return;
    this.#front.counters.elbResetCount += this.#open ? 2 : 1;
    this.#client.destroy(true);
    this.#upstream.destroy(true);
    this.#finish();
  }

  onDeadline(): void {
    if (this.#open) this.terminate();
    else this.#onRefused();
  }

  onProgress(receivedBytes: number): void {
    this.#front.flows.processedBytes += receivedBytes;
    this.deadlineMs = this.#front.engine.sweeper.deadlineIn(this.#idleTimeoutMs);
  }

  onSettle(): void {
    const [client, upstream] = [this.#client, this.#upstream];
    if (this.#over || !client.ended || !upstream.ended || client.blocked || upstream.blocked) return;
    this.#settled = true;
    client.leave();
    upstream.leave();
    this.#finishOnceLeft();
  }

  onClose(side: Side, code: string | undefined): void {
    if (this.#over) return;
    if (this.#settled && code === undefined) {
      side.forget();
      return this.#finishOnceLeft();
    }
    const { counters } = this.#front;
    const lost = code !== undefined;
    if (side === this.#client) {
      if (lost) counters.clientResetCount++;
      this.#upstream.destroy(lost);
    } else if (this.#open) {
      if (lost) counters.targetResetCount++;
      this.#client.destroy(lost);
    } else {
      if (code !== undefined && isTlsProblem(code)) counters.targetTlsNegotiationErrorCount++;
      return this.#onRefused();
    }
    this.#finish();
  }

  #connect(): void {
    const client = this.#client.transport as Transport;
    const target = this.#tried.length < ATTEMPTS_MAX ? this.#group.pick('tcp', client, this.#tried) : undefined;
    if (target === undefined) return this.#refuse();
    this.#target = target;
    target.flows.add(this);
    this.deadlineMs = this.#front.engine.sweeper.deadlineIn(this.#front.connectTimeoutMs);
    const header = this.#group.proxyProtocol ? proxyHeader('stream', client) : undefined;
    const { secure } = this.#group;
    this.#upstream.transport = openTarget(target, { secure, header }, this.#upstream, () => this.#onOpen(target));
  }

  #onOpen(target: NetworkTarget): void {
    if (this.#over || this.#open) return;
    this.#open = true;
    this.#group.countFlow(target);
    this.onProgress(0);
    const { transport } = this.#client;
    if (transport instanceof HandleTransport) transport.open();
    else transport?.resume();
  }

  #onRefused(): void {
    const target = this.#target as NetworkTarget;
    this.#group.targetConnectionErrorCount++;
    this.#upstream.destroy(false);
    target.flows.delete(this);
    this.#tried.push(target);
    this.#connect();
  }

  #refuse(): void {
    this.#front.flows.rejectedFlowCount++;
    this.#front.counters.elbResetCount++;
    this.#client.destroy(true);
    this.#finish();
  }

  #finishOnceLeft(): void {
    if (this.#client.transport === undefined && this.#upstream.transport === undefined) this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#target?.flows.delete(this);
    this.#front.onOver(this);
  }
}

function isTlsProblem(code: string): boolean {
  return code === 'EPROTO' || code.startsWith('ERR_');
}
