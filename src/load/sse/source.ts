import { assert } from '../../base/index.ts';
import type { Response } from '../http/response.ts';
import type { Job } from '../vu/loop.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { Call } from '../vu/wheel.ts';
import type { ServerEvent } from './parser.ts';
import { EventStream, readStreamParams, type StreamEvents, type StreamParams } from './stream.ts';

type Listener = (event: unknown) => unknown;

const ReadyState = { CONNECTING: 0, OPEN: 1, CLOSED: 2 } as const;

/** Before a new attempt, unless the server asks for another time with `retry:`; what browsers take. */
const RETRY_MS = 3000;
/** Events that wait for the script at most before the connection stops reading; one piece more may come. */
const WAITING_MAX = 256;

/**
 * One EventSource (HTML standard, section 9.2): its events are jobs of the VU's loop, and the iteration lasts until it is closed.
 *
 *     CONNECTING ──an event stream──▶ OPEN ──its end──▶ CONNECTING, after a while
 *         │ no answer: again, after a while
 *         └──any other answer, or close()──▶ CLOSED
 */
class EventSourceChannel implements StreamEvents, Suspension {
  readyState: number = ReadyState.CONNECTING;
  readonly listeners = new Map<string, Listener[]>();
  readonly assigned = new Map<string, Listener>();
  readonly #vu: Vu;
  readonly #url: string;
  readonly #params: StreamParams;
  readonly #target: object;
  #stream: EventStream;
  #retry: Call | undefined;
  #retryMs = RETRY_MS;
  #lastEventId = '';
  #waiting = 0;
  /** Ends the operation that keeps the iteration open; used once. */
  #settle: ((job: Job) => void) | undefined;

  /** Throws when the params make no sense. */
  constructor(vu: Vu, url: string, params: StreamParams, target: object) {
    assert(vu.loop, 'a script that names EventSource has a loop');
    this.#vu = vu;
    this.#url = url;
    this.#params = params;
    this.#target = target;
    this.#stream = this.#connect();
    this.#settle = vu.loop.begin();
    (vu.streams ??= new Set()).add(this);
  }

  close(): void {
    this.#end(() => undefined);
  }

  drop(): void {
    this.#end(() => undefined);
  }

  onAnswer(response: Response): void {
    if (isEventStream(response)) {
      this.#enqueue(() => {
        this.readyState = ReadyState.OPEN;
        return this.#dispatch('open', {});
      });
      return;
    }
    const error = `the answer is no event stream: status ${response.status}, ${response.headers['Content-Type'] ?? 'without a Content-Type'}`;
    this.#end(() => this.#dispatch('error', { error }));
  }

  onEvent({ name, data, lastEventId }: ServerEvent): void {
    this.#lastEventId = lastEventId;
    if (++this.#waiting === WAITING_MAX) this.#stream.setFlow(false);
    this.#enqueue(() => {
      if (--this.#waiting === WAITING_MAX / 2) this.#stream.setFlow(true);
      return this.#dispatch(name === '' ? 'message' : name, { data, lastEventId, origin: new URL(this.#url).origin });
    });
  }

  onText(): void {
    // Such an answer has closed it.
  }

  onEnd(error: Error | undefined): void {
    const { lastEventId, retryMs } = this.#stream.parser;
    this.#lastEventId = lastEventId;
    this.#retryMs = retryMs ?? this.#retryMs;
    this.#enqueue(() => {
      this.readyState = ReadyState.CONNECTING;
      this.#retry = new Call(() => (this.#stream = this.#connect()));
      this.#vu.engine.wheel.start(this.#retry, this.#retryMs);
      return this.#dispatch('error', { error: error?.message ?? 'the server ended the stream' });
    });
  }

  #connect(): EventStream {
    const { params } = this.#params;
    const headers = { ...(params['headers'] as object), ...(this.#lastEventId === '' ? {} : { 'Last-Event-ID': this.#lastEventId }) };
    const stream = new EventStream(this.#vu, this.#url, { ...this.#params, params: { ...params, headers } }, isEventStream, this);
    stream.parser.lastEventId = this.#lastEventId;
    this.#stream = stream;
    stream.start();
    return stream;
  }

  #end(job: Job): void {
    if (this.readyState === ReadyState.CLOSED) return;
    this.readyState = ReadyState.CLOSED;
    this.#vu.streams?.delete(this);
    if (this.#retry) this.#vu.engine.wheel.cancel(this.#retry);
    this.#stream.close();
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(job);
  }

  #enqueue(job: Job): void {
    this.#vu.loop?.post(() => (this.readyState === ReadyState.CLOSED ? undefined : job()));
  }

  #dispatch(type: string, more: Readonly<Record<string, unknown>>): unknown {
    const assigned = this.assigned.get(type);
    const listeners = [...(assigned ? [assigned] : []), ...(this.listeners.get(type) ?? [])];
    const event = { type, target: this.#target, ...more };
    if (listeners.length === 1) return (listeners[0] as Listener)(event);
    return listeners.length === 0 ? undefined : callAll(listeners, event);
  }
}

/** One after the other: a listener may block. */
async function callAll(listeners: readonly Listener[], event: unknown): Promise<void> {
  for (const listener of listeners) await listener(event);
}

function isEventStream({ status, headers }: Response): boolean {
  return status === 200 && /^text\/event-stream[ \t]*(?:;|$)/i.test(headers['Content-Type'] ?? '');
}

/** The `EventSource` of one VU; its second argument takes the params of `sse.open`, too. */
export function eventSourceClass(vu: Vu): unknown {
  const channels = new WeakMap<object, EventSourceChannel>();
  const channelOf = (source: object): EventSourceChannel => {
    const channel = channels.get(source);
    if (!channel) throw new TypeError('not an EventSource');
    return channel;
  };

  class EventSource {
    readonly url: string;
    readonly withCredentials: boolean;

    constructor(url: unknown, params?: unknown) {
      vu.enter();
      if (vu.engine.phase === 'init') throw new Error('EventSource is not supported in the init context');
      this.url = checkUrl(url);
      this.withCredentials = (params as { withCredentials?: unknown } | undefined)?.withCredentials === true;
      channels.set(this, new EventSourceChannel(vu, this.url, readStreamParams(params), this));
    }

    get readyState(): number {
      return channelOf(this).readyState;
    }

    close(): void {
      vu.enter();
      channelOf(this).close();
    }

    addEventListener(type: unknown, listener: unknown): void {
      vu.enter();
      const { listeners } = channelOf(this);
      const list = listeners.get(String(type)) ?? [];
      if (!list.includes(checkListener(String(type), listener))) listeners.set(String(type), [...list, listener as Listener]);
    }

    removeEventListener(type: unknown, listener: unknown): void {
      vu.enter();
      const { listeners } = channelOf(this);
      listeners.set(String(type), (listeners.get(String(type)) ?? []).filter((each) => each !== listener)); // prettier-ignore
    }
  }

  for (const name of ['open', 'message', 'error'])
    Object.defineProperty(EventSource.prototype, `on${name}`, {
      get(this: object) {
        return channelOf(this).assigned.get(name) ?? null;
      },
      set(this: object, value: unknown) {
        const { assigned } = channelOf(this);
        if (value === null || value === undefined) assigned.delete(name);
        else assigned.set(name, checkListener(`on${name}`, value));
      },
      enumerable: true,
    });
  for (const holder of [EventSource, EventSource.prototype])
    for (const [name, value] of Object.entries(ReadyState)) Object.defineProperty(holder, name, { value, enumerable: true });
  return EventSource;
}

function checkListener(name: string, value: unknown): Listener {
  if (typeof value !== 'function') throw new TypeError(`a value for '${name}' should be callable`);
  return value as Listener;
}

function checkUrl(value: unknown): string {
  const text = String(value);
  const protocol = URL.parse(text)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new SyntaxError(`EventSource requires a URL of http or https, but got ${JSON.stringify(text)}`);
  return text;
}
