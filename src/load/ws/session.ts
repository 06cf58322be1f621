import type { Vu, Suspension } from '../vu/vu.ts';
import { WheelEntry } from '../vu/wheel.ts';
import { isAbsent, textOf } from '../modules/bound.ts';
import { SocketError, unexpectedClose } from './failures.ts';
import { SocketConnection, type Handshake, type SocketEvents, type SocketParams } from './dial.ts';

type Handler = (...args: unknown[]) => unknown;

/** What `ws.connect` returns. */
export interface SessionResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly error: string;
}

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
    this.#connection = new SocketConnection(vu, url, [], params, this, true);
    vu.suspension = this;
    (vu.streams ??= new Set()).add(this);
  }

  get result(): Promise<SessionResponse> {
    return this.#settled.promise;
  }

  // What scripts call.

  /** As in k6, events that do not exist never come, and what is no function is none. */
  on(event: unknown, handler: unknown): void {
    const name = String(event);
    if (typeof handler !== 'function') return;
    const list = this.#handlers.get(name);
    if (list) list.push(handler as Handler);
    else this.#handlers.set(name, [handler as Handler]);
  }

  send(message: unknown): unknown {
    this.#vu.enter();
    return this.#send(textOf(message));
  }

  sendBinary(message: unknown): unknown {
    this.#vu.enter();
    if (!(message instanceof ArrayBuffer)) throw new TypeError(`expected ArrayBuffer as argument, received: ${nameOf(message)}`);
    return this.#send(Buffer.from(new Uint8Array(message)));
  }

  ping(): void {
    this.#vu.enter();
    this.#connection.ping();
  }

  close(...codes: unknown[]): unknown {
    this.#vu.enter();
    return this.#close(codes.length === 0 ? GOING_AWAY : Math.trunc(Number(codes[0])) || 0);
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
    this.#enqueue(() => {
      const result = this.#setup(this.#facade());
      return result instanceof Promise ? result.then(() => this.#call('open')) : this.#call('open');
    });
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

  onClose(code: number, reason: string): void {
    const error = unexpectedClose(code, reason);
    if (error && !this.#isClosing) this.#enqueue(() => this.#call('error', error));
    this.#enqueue(() => this.#close(code));
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

  #send(data: string | Buffer): unknown {
    this.#connection.send(data);
    return this.#isClosing ? this.#call('error', new SocketError('websocket: close sent')) : undefined;
  }

  /** As in k6, nothing that arrives after the close is handed to the script, and handlers hear of it before the script goes on. */
  #close(code: number): unknown {
    if (this.#isClosing || this.#isOver) return undefined;
    this.#isClosing = true;
    this.#jobs = [];
    this.#connection.close(code, '');
    try {
      return this.#call('close', code);
    } finally {
      this.#enqueue(() => this.#finish(undefined));
    }
  }

  #fire(event: string, ...args: unknown[]): void {
    if (this.#isClosing) return;
    this.#enqueue(() => this.#call(event, ...args));
  }

  /** One handler after the other: one that blocks makes the next wait. */
  #call(event: string, ...args: unknown[]): unknown {
    const handlers = this.#handlers.get(event) ?? [];
    for (const [i, handler] of handlers.entries()) {
      const result = handler(...args);
      if (result instanceof Promise) return this.#callRest(result, handlers.slice(i + 1), args);
    }
    return undefined;
  }

  async #callRest(first: Promise<unknown>, handlers: readonly Handler[], args: readonly unknown[]): Promise<void> {
    await first;
    for (const handler of handlers) await handler(...args);
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
        await this.#giveUp(error);
      }
      if (!this.#isOver) this.#vu.suspension = this;
    }
    this.#isRunning = false;
  }

  /** What a handler throws ends the session; those of `close` still hear of it. */
  async #giveUp(error: unknown): Promise<void> {
    try {
      await this.#close(GOING_AWAY);
    } catch {
      // The first error is the one to tell.
    }
    this.#finish(error);
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
    const delay = Number(delayMs ?? 0);
    if (typeof callback !== 'function') throw new TypeError(`${name} needs a function`);
    if (!(delay > 0)) throw new Error(`${name} requires a >0 timeout parameter, received ${delay.toFixed(2)}`);
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

function nameOf(value: unknown): string {
  return isAbsent(value) ? String(value) : String(Object(value).constructor?.name);
}
