import type { Response } from '../http/response.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import type { ServerEvent } from './parser.ts';
import { EventStream, type StreamEvents, type StreamParams } from './stream.ts';

type Handler = (value?: unknown) => unknown;

/** What `sse.open` returns. */
export interface SseResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly error: string;
  /** The text of an answer that is no event stream, 64 KB at most. */
  readonly body: string;
}

/** An error as handlers get it; its text is also what `error()` gives, as in k6. */
class StreamError extends Error {
  override name = 'StreamError';

  error(): string {
    return this.message;
  }
}

const eventNames = new Set(['open', 'event', 'error']);

/** Events that wait for the script at most before the connection stops reading; one piece more may come. */
const WAITING_MAX = 256;

/**
 * `sse.open`: one stream that blocks its VU from the request to the end. What arrives is a job, jobs run one after the other, and
 * one that blocks (a request in a handler) makes the next wait, as with `k6/ws`:
 *
 *     open ─ blocked ─┬─ handler runs ─┬─ blocked ─┬─ handler blocks on its own ─┬─ … ─ end ─ returned
 *     suspension: this│  none          │  this     │  the handler's              │
 */
export class SseSession implements Suspension, StreamEvents {
  readonly #vu: Vu;
  readonly #url: string;
  readonly #setup: Handler;
  readonly #stream: EventStream;
  readonly #settled = Promise.withResolvers<SseResponse>();
  readonly #handlers = new Map<string, Handler[]>();
  #jobs: (() => unknown)[] = [];
  #isRunning = false;
  #isClosing = false;
  #isOver = false;
  #response: SseResponse = { url: '', status: 0, headers: {}, error: '', body: '' };

  /** Throws when the params make no sense. */
  constructor(vu: Vu, url: string, params: StreamParams, setup: Handler) {
    this.#vu = vu;
    this.#url = url;
    this.#setup = setup;
    this.#stream = new EventStream(vu, url, params, ({ status }) => status >= 200 && status < 300, this);
    vu.suspension = this;
    try {
      this.#stream.start();
    } catch (error) {
      vu.suspension = undefined;
      throw error;
    }
  }

  get result(): Promise<SseResponse> {
    return this.#settled.promise;
  }

  // What scripts call.

  on(event: unknown, handler: unknown): void {
    const name = String(event);
    if (!eventNames.has(name))
      throw new Error(`unknown event ${JSON.stringify(name)} of an event stream: there are ${[...eventNames].join(', ')}`);
    if (typeof handler !== 'function') throw new TypeError(`the handler of ${JSON.stringify(name)} is not a function`);
    const list = this.#handlers.get(name);
    if (list) list.push(handler as Handler);
    else this.#handlers.set(name, [handler as Handler]);
  }

  /** As in xk6-sse, nothing that arrives after it is handed to the script. */
  close(): void {
    this.#vu.enter();
    if (this.#isClosing || this.#isOver) return;
    this.#isClosing = true;
    this.#jobs = [];
    this.#stream.close();
    this.#enqueue(() => this.#finish(undefined));
  }

  // What happens on the stream.

  onAnswer({ status, headers }: Response): void {
    this.#response = { url: this.#url, status, headers, error: '', body: '' };
    this.#enqueue(() => this.#setup(this.#facade()));
    if (status >= 200 && status < 300) this.#fire('open');
    else this.#fail(new StreamError(`the answer is no event stream: status ${status}`));
  }

  onEvent({ id, name, data, comment }: ServerEvent): void {
    this.#fire('event', { id, name, data, comment });
    if (this.#jobs.length >= WAITING_MAX) this.#stream.setFlow(false);
  }

  onText(text: string): void {
    this.#response = { ...this.#response, body: this.#response.body + text };
  }

  onEnd(error: Error | undefined): void {
    if (this.#isClosing) return;
    const hasAnswer = this.#response.status !== 0;
    // As in k6, a request without an answer is an exception where `throw` asks for it.
    if (!hasAnswer && this.#vu.engine.options.throwErrors) {
      this.#finish(error);
      return;
    }
    if (!hasAnswer) this.#enqueue(() => this.#setup(this.#facade()));
    if (error) this.#fail(new StreamError(error.message));
    this.#isClosing = true;
    this.#enqueue(() => this.#finish(undefined));
  }

  drop(): void {
    this.#isOver = true;
    this.#stream.close();
  }

  #fail(error: StreamError): void {
    this.#response = { ...this.#response, error: error.message };
    this.#fire('error', error);
  }

  #fire(event: string, value?: unknown): void {
    if (!this.#isClosing) this.#enqueue(() => this.#call(event, value));
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
      if (this.#isOver) break;
      this.#vu.suspension = this;
      if (this.#jobs.length === WAITING_MAX / 2) this.#stream.setFlow(true);
    }
    this.#isRunning = false;
  }

  #finish(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#vu.suspension = undefined;
    this.#stream.close();
    if (error === undefined) this.#settled.resolve(this.#response);
    else this.#settled.reject(error);
  }

  /** The script sees its methods only, bound, so that it may take them off the object. */
  #facade(): object {
    return { on: this.on.bind(this), close: this.close.bind(this) };
  }
}
