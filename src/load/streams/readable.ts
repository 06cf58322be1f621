import type { PromiseClass, ScriptPromise } from '../script/promises.ts';

/**
 * The WHATWG's readable streams with default readers (https://streams.spec.whatwg.org, sections 4.2 to 4.5), over the promises and
 * the loop of one VU: what a stream calls and settles runs where the VU's own code may run, in the order of its jobs. Node's
 * streams would run beside the loop, also while the VU is blocked.
 *
 *     source ──start──▶ controller ──enqueue──▶ queue ──read──▶ reader
 *        ▲─────────────pull, while the queue has room or a read waits
 */
export interface Source {
  start?(controller: Controller): unknown;
  pull?(controller: Controller): unknown;
  cancel?(reason: unknown): unknown;
}

interface ReadRequest {
  onChunk(chunk: unknown): void;
  onClose(): void;
  onError(error: unknown): void;
}

/** What a VU's streams need of it. */
export interface StreamHost {
  readonly promises: PromiseClass;
  /**
   * Calls a function of the script in a job of its own when it may block, else at once. Throws what it throws; the result may be
   * a promise.
   */
  call(fn: (...args: unknown[]) => unknown, self: unknown, args: readonly unknown[]): unknown;
}

export class Stream {
  readonly host: StreamHost;
  readonly controller: Controller;
  state: 'readable' | 'closed' | 'errored' = 'readable';
  reader: Reader | undefined = undefined;
  error: unknown = undefined;

  /** Throws what `start` throws. */
  constructor(host: StreamHost, source: Source, highWaterMark: number, sizeOf: (chunk: unknown) => unknown) {
    this.host = host;
    this.controller = new Controller(this, source, highWaterMark, sizeOf);
  }

  cancel(reason: unknown): ScriptPromise {
    const { promises } = this.host;
    if (this.state === 'closed') return promises.resolve(undefined);
    if (this.state === 'errored') return rejected(promises, this.error);
    this.close();
    return this.controller.cancel(reason).then(() => undefined);
  }

  close(): void {
    this.state = 'closed';
    const { reader } = this;
    if (!reader) return;
    reader.closed.resolveWith(undefined);
    for (const request of reader.takeRequests()) request.onClose();
  }

  fail(error: unknown): void {
    this.state = 'errored';
    this.error = error;
    const { reader } = this;
    if (!reader) return;
    reader.closed.rejectWith(error);
    handled(reader.closed);
    for (const request of reader.takeRequests()) request.onError(error);
  }
}

/** ReadableStreamDefaultController. */
export class Controller {
  readonly #stream: Stream;
  readonly #source: Source;
  readonly #highWaterMark: number;
  readonly #sizeOf: (chunk: unknown) => unknown;
  #queue: { readonly chunk: unknown; readonly size: number }[] = [];
  #queuedSize = 0;
  #isStarted = false;
  #isClosing = false;
  #isPulling = false;
  #pullsAgain = false;

  constructor(stream: Stream, source: Source, highWaterMark: number, sizeOf: (chunk: unknown) => unknown) {
    this.#stream = stream;
    this.#source = source;
    this.#highWaterMark = highWaterMark;
    this.#sizeOf = sizeOf;
  }

  start(): void {
    const { promises } = this.#stream.host;
    promises.resolve(this.#source.start?.(this)).react({
      onFulfilled: () => {
        this.#isStarted = true;
        this.#pullIfNeeded();
      },
      onRejected: (error) => this.error(error),
      derived: undefined,
    });
  }

  get desiredSize(): number | null {
    if (this.#stream.state === 'errored') return null;
    return this.#stream.state === 'closed' ? 0 : this.#highWaterMark - this.#queuedSize;
  }

  get canEnqueue(): boolean {
    return !this.#isClosing && this.#stream.state === 'readable';
  }

  close(): void {
    if (!this.canEnqueue) throw new TypeError('the stream is closed or errored: it cannot be closed');
    this.#isClosing = true;
    if (this.#queue.length === 0) this.#stream.close();
  }

  enqueue(chunk: unknown): void {
    if (!this.canEnqueue) throw new TypeError('the stream is closed or errored: nothing can be enqueued');
    const request = this.#stream.reader?.takeRequest();
    if (request) request.onChunk(chunk);
    else this.#keep(chunk);
    this.#pullIfNeeded();
  }

  error(error: unknown): void {
    if (this.#stream.state !== 'readable') return;
    this.#clear();
    this.#stream.fail(error);
  }

  cancel(reason: unknown): ScriptPromise {
    this.#clear();
    return this.#promiseOf(() => this.#source.cancel?.(reason));
  }

  read(request: ReadRequest): void {
    const first = this.#queue.shift();
    if (!first) {
      this.#stream.reader?.addRequest(request);
      this.#pullIfNeeded();
      return;
    }
    this.#queuedSize = Math.max(0, this.#queuedSize - first.size);
    if (this.#isClosing && this.#queue.length === 0) this.#stream.close();
    else this.#pullIfNeeded();
    request.onChunk(first.chunk);
  }

  #keep(chunk: unknown): void {
    try {
      const size = Number(this.#sizeOf(chunk));
      if (!(size >= 0) || size === Number.POSITIVE_INFINITY)
        throw new RangeError(`the size of a chunk must be a finite, non-negative number, not ${size}`);
      this.#queue.push({ chunk, size });
      this.#queuedSize += size;
    } catch (error) {
      this.error(error);
      throw error;
    }
  }

  #pullIfNeeded(): void {
    if (!this.#shouldPull()) return;
    if (this.#isPulling) {
      this.#pullsAgain = true;
      return;
    }
    this.#isPulling = true;
    this.#promiseOf(() => this.#source.pull?.(this)).react({
      onFulfilled: () => {
        this.#isPulling = false;
        if (!this.#pullsAgain) return;
        this.#pullsAgain = false;
        this.#pullIfNeeded();
      },
      onRejected: (error) => this.error(error),
      derived: undefined,
    });
  }

  #shouldPull(): boolean {
    if (!this.canEnqueue || !this.#isStarted) return false;
    return this.#stream.reader?.waits === true || (this.desiredSize as number) > 0;
  }

  #promiseOf(call: () => unknown): ScriptPromise {
    const { promises } = this.#stream.host;
    try {
      return promises.resolve(call());
    } catch (error) {
      return rejected(promises, error);
    }
  }

  #clear(): void {
    this.#queue = [];
    this.#queuedSize = 0;
  }
}

/** ReadableStreamDefaultReader. */
export class Reader {
  readonly #host: StreamHost;
  #stream: Stream | undefined;
  #requests: ReadRequest[] = [];
  closed: ScriptPromise;

  constructor(stream: Stream) {
    if (stream.reader) throw new TypeError('the stream is locked by another reader');
    this.#host = stream.host;
    this.#stream = stream;
    stream.reader = this;
    const { promises } = stream.host;
    this.closed =
      stream.state === 'errored'
        ? rejected(promises, stream.error)
        : stream.state === 'closed'
          ? promises.resolve(undefined)
          : new promises(undefined);
    if (stream.state === 'errored') handled(this.closed);
  }

  get waits(): boolean {
    return this.#requests.length > 0;
  }

  addRequest(request: ReadRequest): void {
    this.#requests.push(request);
  }

  takeRequest(): ReadRequest | undefined {
    return this.#requests.shift();
  }

  takeRequests(): ReadRequest[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests;
  }

  /** `onEnd` is called when there is nothing more to read, before the promise is settled. */
  read(onEnd?: () => void): ScriptPromise {
    const promise = new this.#host.promises(undefined);
    const stream = this.#stream;
    const request: ReadRequest = {
      onChunk: (value) => promise.resolveWith({ value, done: false }),
      onClose: () => {
        onEnd?.();
        promise.resolveWith({ value: undefined, done: true });
      },
      onError: (error) => {
        onEnd?.();
        promise.rejectWith(error);
      },
    };
    if (!stream) request.onError(new TypeError('the reader was released'));
    else if (stream.state === 'errored') request.onError(stream.error);
    else if (stream.state === 'closed') request.onClose();
    else stream.controller.read(request);
    return promise;
  }

  cancel(reason: unknown): ScriptPromise {
    return this.#stream ? this.#stream.cancel(reason) : rejected(this.#host.promises, new TypeError('the reader was released'));
  }

  release(): void {
    const stream = this.#stream;
    if (!stream) return;
    const why = new TypeError('the reader was released');
    if (stream.state === 'readable') this.closed.rejectWith(why);
    else this.closed = rejected(this.#host.promises, why);
    handled(this.closed);
    stream.reader = undefined;
    this.#stream = undefined;
    for (const request of this.takeRequests()) request.onError(why);
  }
}

export function rejected(promises: PromiseClass, error: unknown): ScriptPromise {
  const promise = new promises(undefined);
  promise.rejectWith(error);
  return promise;
}

/** Nobody needs to look at it: its rejection is not to be logged. */
function handled(promise: ScriptPromise): void {
  promise.react({ onFulfilled: undefined, onRejected: undefined, derived: undefined });
}
