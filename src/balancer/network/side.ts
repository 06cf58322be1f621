import { HandleTransport } from '../transport/handle-transport.ts';
import { StreamTransport, unowned, type Transport, type TransportOwner } from '../transport/transport.ts';
import type { RelayMemory } from './relay-memory.ts';

/** What a side tells its flow. */
export interface SideEvents {
  /** Bytes arrived or left. */
  onProgress(receivedBytes: number): void;
  /** An end was passed on, or what waited is out: the flow may be over. */
  onSettle(): void;
  onClose(side: Side, code: string | undefined): void;
}

/** Reads that fill the shared buffer, so many in a row, and a connection gets a large one. */
const FULL_READS = 4;
/** Reads as small as this, so many in a row, and a connection gives its large buffer back. */
const QUIET_BYTES = 8 * 1024;
const QUIET_READS = 64;

/** One of the two connections of a TCP flow: gives what it reads to the other, and stops reading while the other cannot take more. */
export class Side implements TransportOwner {
  transport: Transport | undefined;
  /** Its peer has ended (FIN); that was passed on. */
  ended = false;
  /** What was written to it is not all out. */
  blocked = false;
  readonly #events: SideEvents;
  readonly #memory: RelayMemory;
  #other: Side | undefined;
  #large: Buffer | undefined;
  /** Memory of a write to the other side that is not out. */
  #staged: Buffer | undefined;
  #fullReads = 0;
  #quietReads = 0;

  constructor(events: SideEvents, memory: RelayMemory) {
    this.#events = events;
    this.#memory = memory;
  }

  /** Makes two sides one flow. */
  join(other: Side): void {
    this.#other = other;
    other.#other = this;
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    const other = this.#other as Side;
    this.#events.onProgress(end - start);
    if (!this.#relay(other, buffer, start, end)) {
      other.blocked = true;
      this.transport?.pause();
    }
  }

  onEnd(): void {
    this.ended = true;
    this.#other?.transport?.end();
    this.#events.onSettle();
  }

  onDrain(): void {
    this.blocked = false;
    this.#events.onProgress(0);
    const other = this.#other as Side;
    other.#giveBackStaged();
    if (!other.ended) other.transport?.resume();
    this.#events.onSettle();
  }

  onClose(code: string | undefined): void {
    this.#events.onClose(this, code);
  }

  /** Both sides have ended. A TCP connection is over with that; TLS says goodbye in its own way and tells by `onClose` when it has. */
  leave(): void {
    if (this.transport instanceof HandleTransport) this.forget();
    this.#giveBack();
  }

  /** It is closed, or to be closed without a word. */
  forget(): void {
    this.transport?.destroy();
    this.transport = undefined;
  }

  destroy(reset: boolean): void {
    const { transport } = this;
    if (transport !== undefined) {
      transport.owner = unowned;
      transport.destroy(reset);
    }
    this.#giveBack();
  }

  /** As `Transport.write`. A stream's memory is its own; what the others read into is lent until the next read. */
  #relay(other: Side, buffer: Buffer, start: number, end: number): boolean {
    const to = other.transport as Transport;
    const from = this.transport;
    const lent = buffer !== this.#large && !(from instanceof StreamTransport) && to.copies !== true;
    const sent = lent ? this.#stage(to, buffer, start, end) : to.write(buffer.subarray(start, end));
    if (from instanceof HandleTransport) this.#fit(from, buffer, end - start, sent);
    return sent;
  }

  #stage(to: Transport, buffer: Buffer, start: number, end: number): boolean {
    const staging = this.#memory.takeStaging();
    buffer.copy(staging, 0, start, end);
    const sent = to.write(staging.subarray(0, end - start));
    if (sent) this.#memory.giveBackStaging(staging);
    else this.#staged = staging;
    return sent;
  }

  /** The memory for the reads that follow, by what this one filled. */
  #fit(from: HandleTransport, buffer: Buffer, bytes: number, sent: boolean): void {
    if (buffer === this.#large) {
      this.#quietReads = bytes > QUIET_BYTES ? 0 : this.#quietReads + 1;
      if (sent && this.#quietReads >= QUIET_READS) this.#shrink(from);
      return;
    }
    this.#fullReads = bytes === buffer.length ? this.#fullReads + 1 : 0;
    if (this.#fullReads >= FULL_READS) this.#grow(from);
  }

  #grow(from: HandleTransport): void {
    this.#large = this.#memory.takeLarge();
    this.#fullReads = 0;
    this.#quietReads = 0;
    if (this.#large !== undefined) from.readInto(this.#large);
  }

  #shrink(from: HandleTransport): void {
    from.readInto(undefined);
    this.#giveBackLarge();
  }

  #giveBackLarge(): void {
    if (this.#large !== undefined) this.#memory.giveBackLarge(this.#large);
    this.#large = undefined;
  }

  #giveBackStaged(): void {
    if (this.#staged === undefined) return;
    this.#memory.giveBackStaging(this.#staged);
    this.#staged = undefined;
  }

  #giveBack(): void {
    this.#giveBackLarge();
    this.#giveBackStaged();
  }
}
