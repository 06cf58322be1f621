import { monotonicMs } from '../../base/index.ts';
import type { RequestFailure } from '../http/failures.ts';
import { readParams } from '../http/params.ts';
import { specOf } from '../http/spec.ts';
import { RequestRun } from '../http/request.ts';
import type { Response } from '../http/response.ts';
import { BodyFeed, type FeedConsumer } from '../streams/feed.ts';
import type { Vu } from '../vu/vu.ts';
import { sseMetrics, type SseMetrics } from './metrics.ts';
import { EventStreamParser, type ServerEvent } from './parser.ts';

/** The params of `sse.open` and `new EventSource`: those of a request and its `method` and `body`. */
export interface StreamParams {
  readonly method: string;
  readonly body: unknown;
  readonly params: Readonly<Record<string, unknown>>;
  /** How long the server may send nothing; 0 is for ever. Asked for with `timeout`. */
  readonly silenceMs: number;
}

export interface StreamEvents {
  /** The head of the answer; events follow if it is one of an event stream, else its text. */
  onAnswer(response: Response): void;
  onEvent(event: ServerEvent): void;
  /** Text of an answer that is no event stream. */
  onText(text: string): void;
  /** Last event. */
  onEnd(error: Error | undefined): void;
}

/** How much of the text of an answer that is no event stream is kept. */
const TEXT_MAX_CHARS = 64 * 1024;

export function readStreamParams(value: unknown): StreamParams {
  const { method, body, ...params } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const headers = (params['headers'] ?? {}) as Record<string, unknown>;
  const accepts = Object.keys(headers).some((name) => name.toLowerCase() === 'accept');
  return {
    method: typeof method === 'string' && method.trim() !== '' ? method.trim().toUpperCase() : 'GET',
    body,
    params: { ...params, headers: accepts ? headers : { Accept: 'text/event-stream', ...headers } },
    silenceMs: params['timeout'] === undefined ? 0 : readParams({ timeout: params['timeout'] }).timeoutMs,
  };
}

/** One request whose answer is read as server-sent events while it comes, and what is measured of it. */
export class EventStream implements FeedConsumer {
  readonly parser: EventStreamParser;
  readonly #events: StreamEvents;
  readonly #feed: BodyFeed;
  readonly #run: RequestRun;
  readonly #metrics: SseMetrics;
  readonly #decoder = new TextDecoder();
  /** What answers are event streams. */
  readonly #isStream: (response: Response) => boolean;
  #eventAt = 0;
  #readsEvents = false;
  #textLength = 0;
  #isOver = false;

  /** `isStream` tells by its head whether an answer is one. Throws when the params make no sense. */
  constructor(
    vu: Vu,
    url: string,
    { method, body, params, silenceMs }: StreamParams,
    isStream: (response: Response) => boolean,
    events: StreamEvents,
  ) {
    this.#events = events;
    this.#isStream = isStream;
    this.#metrics = sseMetrics(vu.engine.metrics);
    this.parser = new EventStreamParser((event) => this.#onEvent(event));
    this.#feed = new BodyFeed(vu, this, silenceMs);
    const spec = { ...specOf(method, url, body, params), feed: this.#feed };
    this.#run = new RequestRun(vu, spec, (response, error) => this.#onResponse(response, error));
  }

  start(): void {
    this.#run.start();
  }

  /** Its owner is behind with the events, or no longer. */
  setFlow(flows: boolean): void {
    if (flows) this.#feed.release();
    else this.#feed.hold();
  }

  /** Ends it; nothing more is told. */
  close(): void {
    this.#isOver = true;
    if (this.#feed.isOpen) this.#feed.leave();
    else this.#run.drop();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#readsEvents) {
      try {
        this.parser.push(bytes);
      } catch (error) {
        this.#end(error as Error);
        this.close();
      }
      return;
    }
    if (this.#textLength >= TEXT_MAX_CHARS || this.#isOver) return;
    const text = this.#decoder.decode(bytes, { stream: true }).slice(0, TEXT_MAX_CHARS - this.#textLength);
    this.#textLength += text.length;
    this.#events.onText(text);
  }

  onEnd(failure: RequestFailure | undefined): void {
    this.#end(failure);
  }

  #onResponse(response: Response | undefined, error: Error | undefined): void {
    if (this.#isOver) return;
    if (!response || response.status === 0) {
      this.#end(error ?? new Error(response?.error));
      return;
    }
    this.#readsEvents = this.#isStream(response);
    this.#events.onAnswer(response);
  }

  #onEvent(event: ServerEvent): void {
    if (this.#isOver) return;
    const nowMs = monotonicMs();
    this.#metrics.events?.add(1, this.#run);
    if (this.#eventAt === 0) this.#metrics.firstEvent?.add(nowMs - (this.#feed.sentFromMs ?? nowMs), this.#run);
    else this.#metrics.interval?.add(nowMs - this.#eventAt, this.#run);
    this.#eventAt = nowMs;
    this.#events.onEvent(event);
  }

  #end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onEnd(error);
  }
}
