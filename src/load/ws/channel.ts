import { assert, systemClock } from '../../base/index.ts';
import type { Job } from '../vu/loop.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { unexpectedClose } from './failures.ts';
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
  readonly #url: string;
  #hasOpened = false;
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
    this.#url = parts.url;
    this.#connection = new SocketConnection(vu, parts.url, parts.protocols, parts.params, this, false);
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
    checkClose(code, reason);
    this.readyState = ReadyState.CLOSING;
    this.#connection.close(code, reason);
  }

  onOpen(): void {
    this.#enqueue(() => {
      this.#hasOpened = true;
      if (this.readyState === ReadyState.CONNECTING) this.readyState = ReadyState.OPEN;
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
        ? this.#dispatch('message', { data: typeof content === 'string' ? content : this.#wrap(content), origin: this.#url })
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
    this.#enqueue(() => {
      this.readyState = ReadyState.CLOSED;
      return this.#dispatch('error', { error: error.message });
    });
  }

  onClose(code: number, reason: string): void {
    this.#vu.streams?.delete(this);
    const settle = this.#settle;
    this.#settle = undefined;
    const error = this.#hasOpened ? unexpectedClose(code, reason) : undefined;
    const text = code === 1006 && this.#hasOpened && reason === '' ? 'unexpected EOF' : reason;
    settle?.(() => {
      const wasOpen = this.readyState !== ReadyState.CLOSED;
      this.readyState = ReadyState.CLOSED;
      const told = error && wasOpen ? this.#dispatch('error', { error: error.message }) : undefined;
      const tell = (): unknown =>
        this.#dispatch('close', { code: this.#hasOpened ? code : undefined, reason: text, wasClean: code !== 1006 });
      return told instanceof Promise ? told.then(tell) : tell();
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
      throw new Error(`InvalidStateError: the WebSocket is not open, its state is ${this.readyState}`);
  }

  #enqueue(job: Job): void {
    if (!this.#settle) return;
    this.#vu.loop?.post(() => {
      try {
        const result = job();
        return result instanceof Promise ? result.catch((error: unknown) => this.#giveUp(error)) : result;
      } catch (error) {
        return this.#giveUp(error);
      }
    });
  }

  /** As in k6, what a listener throws ends its connection, whose listeners hear of it, and then the iteration. */
  async #giveUp(error: unknown): Promise<never> {
    if (this.readyState !== ReadyState.CLOSED) {
      this.readyState = ReadyState.CLOSED;
      await this.#dispatch('error', { error: String(error) });
      await this.#dispatch('close', { reason: '' });
    }
    throw error;
  }

  #dispatch(type: EventName, more: Readonly<Record<string, unknown>> = {}): unknown {
    const assigned = this.#assigned.get(type);
    const listeners = [...(assigned ? [assigned] : []), ...(this.#listeners.get(type) ?? [])];
    const event = { type, target: this.#target, timestamp: systemClock.nowMs(), ...more };
    const [first] = listeners;
    if (!first) return undefined;
    return listeners.length === 1 ? first(event) : callAll(listeners, event);
  }
}

/** What a script may close with (https://websockets.spec.whatwg.org/#dom-websocket-close). */
function checkClose(code: number, reason: string): void {
  if (code !== 1000 && !(code >= 3000 && code <= 4999))
    throw new Error(`InvalidAccessError: the code of close() must be 1000 or from 3000 to 4999, not ${code}`);
  if (Buffer.byteLength(reason) > 123) throw new Error('SyntaxError: the reason of close() must not be longer than 123 bytes');
}

/** One after the other: a listener may block. */
async function callAll(listeners: readonly Listener[], event: unknown): Promise<void> {
  for (const listener of listeners) await listener(event);
}
