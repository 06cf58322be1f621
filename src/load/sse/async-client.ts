import { assert, monotonicMs, systemRandom } from '../../base/index.ts';
import type { Response } from '../http/response.ts';
import { unbox, type ScriptPromise } from '../script/promises.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { Call } from '../vu/wheel.ts';
import type { ServerEvent } from './parser.ts';
import { EventStream, readStreamParams, type StreamEvents, type StreamParams } from './stream.ts';

/** An event as scripts get it. */
type ScriptEvent = Pick<ServerEvent, 'id' | 'name' | 'data' | 'comment'>;
type Predicate = ((event: ScriptEvent) => unknown) | undefined;

interface Waiter {
  readonly timer: Call | undefined;
  tell(event: ScriptEvent | undefined, error: Error | undefined): void;
}

/** Events that wait for the script at most before the connection stops reading; one piece more may come. */
const WAITING_MAX = 256;

/**
 * `sse.openAsync`: a stream beside the script, which asks for its events when it wants them. Those that wait are handed out in their
 * order, each once. The stream does not outlive its iteration.
 */
export class AsyncClient implements StreamEvents, Suspension {
  readonly #vu: Vu;
  readonly #url: string;
  readonly #params: StreamParams;
  readonly #retries: { readonly max: number; readonly baseMs: number; readonly maxMs: number };
  #stream: EventStream;
  #attempts = 0;
  #retry: Call | undefined;
  #events: ScriptEvent[] = [];
  #waiters: Waiter[] = [];
  #status = 0;
  #error: Error | undefined;
  #isOpen = false;
  #isOver = false;
  #isClosed = false;

  /** Throws when the params make no sense. */
  constructor(vu: Vu, url: string, params: unknown) {
    const { maxRetries, baseDelay, maxDelay, ...others } = (params ?? {}) as Record<string, unknown>;
    this.#vu = vu;
    this.#url = url;
    this.#params = readStreamParams(others);
    this.#retries = { max: Number(maxRetries ?? 0), baseMs: Number(baseDelay ?? 1000), maxMs: Number(maxDelay ?? 30_000) };
    (vu.streams ??= new Set()).add(this);
    this.#stream = this.#connect();
  }

  /** What scripts see, bound, so that they may take it off the object. */
  get facade(): object {
    return {
      pollEvents: () => this.#poll(),
      waitForEvent: (predicate?: unknown, timeoutMs?: unknown) => this.#wait(readPredicate(predicate), Number(timeoutMs ?? 0)),
      waitForEventAsync: (predicate?: unknown, timeoutMs?: unknown) => this.#waitLater(readPredicate(predicate), Number(timeoutMs ?? 0)),
      isOpen: () => this.#isOpen,
      getStatus: () => this.#status,
      getError: () => this.#error ?? null,
      close: () => this.#close(),
    };
  }

  onAnswer({ status, headers }: Response): void {
    this.#status = status;
    const type = headers['Content-Type'] ?? '';
    if (status === 200 && /^text\/event-stream/i.test(type)) this.#isOpen = true;
    else if (status === 200) this.#end(new Error(`unexpected content-type: ${type}`));
    else this.#onFailed(new Error(`unexpected status code: ${status}`));
  }

  onEvent({ id, name, data, comment }: ServerEvent): void {
    const waiter = this.#waiters.shift();
    const event = { id, name, data, comment };
    if (waiter) this.#tell(waiter, event, undefined);
    else if (this.#events.push(event) === WAITING_MAX) this.#stream.setFlow(false);
  }

  onText(): void {
    // Of an answer that is no event stream, which is not read.
  }

  onEnd(error: Error | undefined): void {
    if (error && !this.#isOpen) this.#onFailed(error);
    else this.#end(error);
  }

  drop(): void {
    this.#waiters = [];
    this.#end(undefined);
  }

  #connect(): EventStream {
    this.#stream = new EventStream(this.#vu, this.#url, this.#params, ({ status }) => status === 200, this);
    this.#stream.start();
    return this.#stream;
  }

  /** Tries again after 1, 2, 4, … times `baseDelay` and up to a fifth more, at most `maxDelay` before that. */
  #onFailed(error: Error): void {
    this.#stream.close();
    if (this.#attempts >= this.#retries.max) {
      this.#end(this.#attempts === 0 ? error : new Error(`${error.message} (after ${this.#attempts} retries)`));
      return;
    }
    const delayMs = Math.min(this.#retries.maxMs, this.#retries.baseMs * 2 ** this.#attempts++);
    this.#retry = new Call(() => (this.#stream = this.#connect()));
    this.#vu.engine.wheel.start(this.#retry, delayMs * (1 + systemRandom.float() / 5));
  }

  #poll(): ScriptEvent[] {
    this.#vu.enter();
    const events = this.#isClosed ? [] : this.#events;
    this.#events = [];
    this.#stream.setFlow(true);
    return events;
  }

  /** Blocks; the predicate may, too. */
  async #wait(predicate: Predicate, timeoutMs: number): Promise<ScriptEvent> {
    const vu = this.#vu;
    vu.enter();
    const untilMs = this.#deadline(timeoutMs);
    for (;;) {
      vu.suspension = this;
      try {
        const event = await new Promise<ScriptEvent>((resolve, reject) =>
          this.#next(untilMs, (found, error) => (found ? resolve(found) : reject(error))),
        );
        vu.suspension = undefined;
        const matches = predicate ? predicate(event) : true;
        if (matches instanceof Promise ? unbox(await matches) : matches) return event;
      } catch (error) {
        vu.suspension = undefined;
        throw error;
      }
    }
  }

  /** The same as a promise of the script's. */
  #waitLater(predicate: Predicate, timeoutMs: number): ScriptPromise {
    const { loop, promiseClass } = this.#vu;
    assert(loop && promiseClass, 'a script that names waitForEventAsync has a loop');
    this.#vu.enter();
    const promise = new promiseClass(undefined);
    const untilMs = this.#deadline(timeoutMs);
    const step = (): void => {
      const ready = loop.begin();
      this.#next(untilMs, (event, error) => ready(() => (event ? decide(event) : promise.rejectWith(error))));
    };
    const decide = (event: ScriptEvent): unknown => {
      const onMatch = (matches: unknown): void => (matches ? promise.resolveWith(event) : step());
      try {
        const matches = predicate ? predicate(event) : true;
        if (matches instanceof Promise) return matches.then((value: unknown) => onMatch(unbox(value)), (error: unknown) => promise.rejectWith(error)); // prettier-ignore
        onMatch(matches);
      } catch (error) {
        promise.rejectWith(error);
      }
      return undefined;
    };
    step();
    return promise;
  }

  /** Hands over the next event, when it is there. */
  #next(untilMs: number, tell: Waiter['tell']): void {
    const event = this.#events.shift();
    if (this.#isClosed) tell(undefined, new Error('client is closed'));
    else if (event) {
      if (this.#events.length === WAITING_MAX / 2) this.#stream.setFlow(true);
      tell(event, undefined);
    } else if (this.#isOver) tell(undefined, this.#error ?? new Error('connection closed'));
    else {
      const { wheel } = this.#vu.engine;
      const timer = untilMs === 0 ? undefined : new Call(() => this.#giveUp(waiter));
      const waiter: Waiter = { timer, tell };
      this.#waiters.push(waiter);
      if (timer) wheel.startAt(timer, untilMs);
    }
  }

  #giveUp(waiter: Waiter): void {
    this.#waiters = this.#waiters.filter((each) => each !== waiter);
    waiter.tell(undefined, new Error('timeout waiting for event'));
  }

  #tell(waiter: Waiter, event: ScriptEvent | undefined, error: Error | undefined): void {
    if (waiter.timer) this.#vu.engine.wheel.cancel(waiter.timer);
    waiter.tell(event, error);
  }

  #deadline(timeoutMs: number): number {
    return timeoutMs > 0 ? monotonicMs() + timeoutMs : 0;
  }

  #close(): void {
    this.#vu.enter();
    this.#isClosed = true;
    this.#end(undefined);
  }

  #end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isOpen = false;
    this.#error = error;
    this.#vu.streams?.delete(this);
    if (this.#retry) this.#vu.engine.wheel.cancel(this.#retry);
    this.#stream.close();
    for (const waiter of this.#waiters.splice(0)) this.#tell(waiter, undefined, error ?? new Error('connection closed'));
  }
}

function readPredicate(value: unknown): Predicate {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'function') throw new TypeError('predicate is not a function');
  return value as Predicate;
}
