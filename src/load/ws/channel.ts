import { assert, systemClock } from '../../base/index.ts';
import type { Job } from '../vu/loop.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { SocketConnection, type SocketEvents, type SocketParams } from './dial.ts';

export type Listener = (event: unknown) => unknown;
export type EventName = 'open' | 'message' | 'error' | 'close' | 'ping' | 'pong';

export const eventNames: readonly EventName[] = ['open', 'message', 'error', 'close', 'ping', 'pong'];
export const ReadyState = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

/**
 * One connection of `k6/websockets`: its events are jobs of the VU's loop, and the iteration lasts until it is
 * closed. What the script sees of its state changes in those jobs only.
 */
export class Channel implements SocketEvents, Suspension {
  readyState: number = ReadyState.CONNECTING;
  readonly #vu: Vu;
  readonly #connection: SocketConnection;
  readonly #target: object;
  readonly #wrap: (data: ArrayBuffer) => unknown;
  readonly #listeners = new Map<EventName, Listener[]>();
  readonly #assigned = new Map<EventName, Listener>();
  /** Ends the operation that keeps the iteration open; used once. */
  #settle: ((job: Job) => void) | undefined;

  constructor(parts: {
    vu: Vu;
    url: string;
    protocols: readonly string[];
    params: SocketParams;
    target: object;
    /** What `event.data` of a binary message is. */
    wrap: (data: ArrayBuffer) => unknown;
  }) {
    const { vu } = parts;
    assert(vu.loop, 'a script that imports k6/websockets has a loop');
    this.#vu = vu;
    this.#target = parts.target;
    this.#wrap = parts.wrap;
    this.#connection = new SocketConnection(vu, parts.url, parts.protocols, parts.params, this);
    this.#settle = vu.loop.begin();
    (vu.streams ??= new Set()).add(this);
  }

  get bufferedAmount(): number {
    return this.#connection.bufferedAmount;
  }

  get protocol(): string {
    return this.#connection.protocol;
  }

  get extensions(): string {
    return this.#connection.extensions;
  }

  add(name: EventName, listener: Listener): void {
    const list = this.#listeners.get(name);
    if (list) list.push(listener);
    else this.#listeners.set(name, [listener]);
  }

  assigned(name: EventName): Listener | undefined {
    return this.#assigned.get(name);
  }

  assign(name: EventName, listener: Listener | undefined): void {
    if (listener) this.#assigned.set(name, listener);
    else this.#assigned.delete(name);
  }

  send(data: string | Buffer): void {
    this.#mustBeOpen();
    this.#connection.send(data);
  }

  ping(): void {
    this.#mustBeOpen();
    this.#connection.ping();
  }

  close(code: number, reason: string): void {
    if (this.readyState === ReadyState.CLOSING || this.readyState === ReadyState.CLOSED) return;
    this.readyState = ReadyState.CLOSING;
    this.#connection.close(code, reason);
  }

  onOpen(): void {
    this.#enqueue(() => {
      this.readyState = ReadyState.OPEN;
      return this.#dispatch('open');
    });
  }

  onRefused(_handshake: unknown, error: Error): void {
    this.onError(error);
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    const content = isBinary ? (data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer) : data.toString('utf8');
    this.#enqueue(() =>
      this.readyState === ReadyState.OPEN
        ? this.#dispatch('message', { data: typeof content === 'string' ? content : this.#wrap(content), origin: '' })
        : undefined,
    );
  }

  onPing(): void {
    this.#enqueue(() => this.#dispatch('ping'));
  }

  onPong(): void {
    this.#enqueue(() => this.#dispatch('pong'));
  }

  onError(error: Error): void {
    this.#vu.engine.countError(`websocket: ${error.message}`);
    this.#enqueue(() => this.#dispatch('error', { error: error.message }));
  }

  onClose(code: number, reason: string): void {
    this.#vu.streams?.delete(this);
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(() => {
      this.readyState = ReadyState.CLOSED;
      return this.#dispatch('close', { code, reason, wasClean: code !== 1006 });
    });
  }

  drop(): void {
    const settle = this.#settle;
    this.#settle = undefined;
    this.readyState = ReadyState.CLOSED;
    if (this.#connection.isOpen) this.#connection.close(1001, '');
    this.#connection.terminate();
    settle?.(() => undefined);
  }

  #mustBeOpen(): void {
    if (this.readyState !== ReadyState.OPEN)
      throw new Error(`WebSocket is not open: its state is ${this.readyState}, not ${ReadyState.OPEN}`);
  }

  #enqueue(job: Job): void {
    if (this.#settle) this.#vu.loop?.post(job);
  }

  #dispatch(type: EventName, more: Readonly<Record<string, unknown>> = {}): unknown {
    const assigned = this.#assigned.get(type);
    const listeners = [...(assigned ? [assigned] : []), ...(this.#listeners.get(type) ?? [])];
    const event = { type, target: this.#target, timestamp: systemClock.nowMs(), ...more };
    if (listeners.length === 1) return (listeners[0] as Listener)(event);
    return listeners.length === 0 ? undefined : callAll(listeners, event);
  }
}

/** One after the other: a listener may block. */
async function callAll(listeners: readonly Listener[], event: unknown): Promise<void> {
  for (const listener of listeners) await listener(event);
}
