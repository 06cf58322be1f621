import type { Vu, Suspension } from '../vu/vu.ts';
import { WheelEntry } from '../vu/wheel.ts';
import { bytesOf, typeName } from '../modules/encoding.ts';
import { SocketConnection, type Handshake, type SocketEvents, type SocketParams } from './dial.ts';

type Handler = (value?: unknown) => unknown;

/** What `ws.connect` returns. */
export interface SessionResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly error: string;
}

const eventNames = new Set(['open', 'message', 'binaryMessage', 'ping', 'pong', 'close', 'error']);

/** RFC 6455 section 7.4.1, k6's default. */
const GOING_AWAY = 1001;

/**
 * `k6/ws`: one connection that blocks its VU from `connect` to `close`. What arrives is a job, jobs run one
 * after the other, and one that blocks (a request in a handler) makes the next wait:
 *
 *     connect ─ blocked ─┬─ handler runs ─┬─ blocked ─┬─ handler blocks on its own ─┬─ … ─ close ─ returned
 *     suspension: this   │  none          │  this     │  the handler's              │
 */
export class Session implements Suspension, SocketEvents {
  readonly #vu: Vu;
  readonly #url: string;
  readonly #setup: Handler;
  readonly #connection: SocketConnection;
  readonly #settled = Promise.withResolvers<SessionResponse>();
  readonly #handlers = new Map<string, Handler[]>();
  readonly #timers = new Set<SessionTimer>();
  #jobs: (() => unknown)[] = [];
  #isRunning = false;
  #isClosing = false;
  #isOver = false;
  #response: SessionResponse;

  constructor(vu: Vu, url: string, params: SocketParams, setup: Handler) {
    this.#vu = vu;
    this.#url = url;
    this.#setup = setup;
    this.#response = { url: '', status: 0, headers: {}, body: '', error: '' };
    this.#connection = new SocketConnection(vu, url, [], params, this);
    vu.suspension = this;
    (vu.streams ??= new Set()).add(this);
  }

  get result(): Promise<SessionResponse> {
    return this.#settled.promise;
  }

  // What scripts call.

  on(event: unknown, handler: unknown): void {
    const name = String(event);
    if (!eventNames.has(name)) throw new Error(`unknown WebSocket event ${JSON.stringify(name)}: there are ${[...eventNames].join(', ')}`);
    if (typeof handler !== 'function') throw new TypeError(`the handler of ${JSON.stringify(name)} is not a function`);
    const list = this.#handlers.get(name);
    if (list) list.push(handler as Handler);
    else this.#handlers.set(name, [handler as Handler]);
  }

  send(message: unknown): void {
    this.#vu.enter();
    this.#connection.send(String(message));
  }

  sendBinary(message: unknown): void {
    this.#vu.enter();
    if (!(message instanceof ArrayBuffer) && !ArrayBuffer.isView(message))
      throw new TypeError(`expected ArrayBuffer as argument, received: ${typeName(message)}`);
    this.#connection.send(Buffer.from(bytesOf(message)));
  }

  ping(): void {
    this.#vu.enter();
    this.#connection.ping();
  }

  close(code?: unknown): void {
    this.#vu.enter();
    this.#close(code === undefined ? GOING_AWAY : Number(code));
  }

  setTimeout(callback: unknown, delayMs: unknown): void {
    this.#timer('setTimeout', callback, delayMs, false);
  }

  setInterval(callback: unknown, intervalMs: unknown): void {
    this.#timer('setInterval', callback, intervalMs, true);
  }

  // What happens on the connection.

  onOpen(handshake: Handshake): void {
    this.#response = { ...handshake, url: this.#url, error: '' };
    this.#enqueue(() => this.#setup(this.#facade()));
    this.#fire('open');
  }

  onRefused(handshake: Handshake, error: Error): void {
    this.#response = { ...handshake, url: '', error: '' };
    this.#fail(error);
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary) this.#fire('binaryMessage', data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
    else this.#fire('message', data.toString('utf8'));
  }

  onPing(): void {
    this.#fire('ping');
  }

  onPong(): void {
    this.#fire('pong');
  }

  onError(error: Error): void {
    if (this.#response.status === 0) this.#fail(error);
    else this.#fire('error', error);
  }

  onClose(code: number): void {
    this.#close(code === 1005 ? GOING_AWAY : code);
  }

  drop(): void {
    this.#isOver = true;
    this.#release();
  }

  /** The handshake failed: the script gets a response that says so, or an exception with the option `throw`. */
  #fail(error: Error): void {
    if (this.#isOver || this.#isClosing) return;
    this.#isClosing = true;
    const { engine } = this.#vu;
    engine.countError(error.message);
    if (this.#response.status === 0) this.#response = { ...this.#response, error: error.message };
    this.#enqueue(() => this.#finish(engine.options.throwErrors ? error : undefined));
  }

  /** As in k6, nothing that arrives after the close is handed to the script. */
  #close(code: number): void {
    if (this.#isClosing || this.#isOver) return;
    this.#isClosing = true;
    this.#jobs = [];
    try {
      this.#connection.close(code, '');
    } catch {
      // A code that the protocol forbids to send (RFC 6455 section 7.4): the connection ends without one.
    }
    for (const handler of this.#handlers.get('close') ?? []) this.#enqueue(() => handler(code));
    this.#enqueue(() => this.#finish(undefined));
  }

  #fire(event: string, value?: unknown): void {
    if (this.#isClosing) return;
    this.#enqueue(() => this.#call(event, value));
  }

  #call(event: string, value: unknown): unknown {
    const handlers = this.#handlers.get(event) ?? [];
    if (handlers.length === 1) return (handlers[0] as Handler)(value);
    return handlers.length === 0 ? undefined : this.#callAll(handlers, value);
  }

  async #callAll(handlers: readonly Handler[], value: unknown): Promise<void> {
    for (const handler of handlers) await handler(value);
  }

  #enqueue(job: () => unknown): void {
    if (this.#isOver) return;
    this.#jobs.push(job);
    if (!this.#isRunning) void this.#run();
  }

  /** The script is free to run only while one of its handlers does. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let job = this.#jobs.shift(); job && !this.#isOver; job = this.#jobs.shift()) {
      this.#vu.suspension = undefined;
      try {
        const result = job();
        if (result instanceof Promise) await result;
      } catch (error) {
        this.#finish(error);
      }
      if (!this.#isOver) this.#vu.suspension = this;
    }
    this.#isRunning = false;
  }

  #finish(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#vu.suspension = undefined;
    this.#release();
    if (error === undefined) this.#settled.resolve(this.#response);
    else this.#settled.reject(error);
  }

  #release(): void {
    this.#vu.streams?.delete(this);
    for (const timer of this.#timers) this.#vu.engine.wheel.cancel(timer);
    this.#timers.clear();
    if (this.#connection.isOpen) this.#connection.close(GOING_AWAY, '');
    this.#connection.terminate();
  }

  #timer(name: string, callback: unknown, delayMs: unknown, repeats: boolean): void {
    this.#vu.enter();
    const delay = Number(delayMs);
    if (!(delay > 0)) throw new Error(`${name} requires a >0 timeout parameter, received ${String(delayMs)}`);
    if (typeof callback !== 'function') throw new TypeError(`${name} needs a function`);
    const { wheel } = this.#vu.engine;
    const timer = new SessionTimer(() => {
      if (repeats) wheel.start(timer, delay);
      else this.#timers.delete(timer);
      if (!this.#isClosing) this.#enqueue(callback as () => unknown);
    });
    this.#timers.add(timer);
    wheel.start(timer, delay);
  }

  /** The script sees its methods only, bound, so that it may take them off the object. */
  #facade(): object {
    const facade: Record<string, unknown> = {};
    for (const name of ['on', 'send', 'sendBinary', 'ping', 'close', 'setTimeout', 'setInterval'] as const)
      facade[name] = this[name].bind(this);
    return facade;
  }
}

class SessionTimer extends WheelEntry {
  readonly #fn: () => void;

  constructor(fn: () => void) {
    super();
    this.#fn = fn;
  }

  onDue(): void {
    this.#fn();
  }
}
