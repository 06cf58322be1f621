import { assert } from '../../base/index.ts';
import { unbox, type PromiseClass, type ScriptPromise } from '../script/promises.ts';
import type { Vu } from '../vu/vu.ts';
import { Reader, rejected, Stream, type Controller, type StreamHost } from './readable.ts';

type Method = (...args: unknown[]) => unknown;

/** What `new ReadableStream()` of a script is, whatever VU made it. */
export interface StreamObject {
  readonly locked: boolean;
  cancel(reason?: unknown): unknown;
  getReader(options?: unknown): ReaderObject;
  values(options?: unknown): AsyncIterator<unknown>;
}

export interface ReaderObject {
  readonly closed: unknown;
  read(): ScriptPromise;
  cancel(reason?: unknown): unknown;
  releaseLock(): void;
}

export interface StreamClasses {
  readonly ReadableStream: new (source?: unknown, strategy?: unknown) => StreamObject;
  readonly ReadableStreamDefaultReader: new (stream: unknown) => ReaderObject;
  readonly CountQueuingStrategy: new (init: unknown) => unknown;
  readonly ByteLengthQueuingStrategy: new (init: unknown) => unknown;
}

const made = new WeakMap<Vu, StreamClasses>();

/** The classes of one VU's `k6/experimental/streams`. */
export function streamClasses(vu: Vu): StreamClasses {
  let classes = made.get(vu);
  if (!classes) made.set(vu, (classes = makeClasses(vu)));
  return classes;
}

/** Where a VU's streams get their promises. Throws when the script has none: nothing in it says that it reads a stream. */
export function streamHost(vu: Vu): StreamHost {
  assert(vu.promiseClass, 'a script that names streams has a loop');
  return {
    promises: vu.promiseClass,
    call(fn, self, args) {
      return mayBlock(fn) ? inJob(vu, () => fn.apply(self, [...args]) as Promise<unknown>) : fn.apply(self, [...args]);
    },
  };
}

/** Has the loop wait for what blocks. */
function inJob(vu: Vu, run: () => Promise<unknown>): ScriptPromise {
  const { loop, promiseClass } = vu;
  assert(loop && promiseClass, 'a script that names streams has a loop');
  const promise = new promiseClass(undefined);
  const settle = (result: unknown): void => promise.resolveWith(unbox(result));
  loop.enqueue(() => run().then(settle, (error: unknown) => promise.rejectWith(error)));
  return promise;
}

/** Functions that block were made asynchronous; the script's own asynchronous ones are generators by now. */
function mayBlock(fn: object): boolean {
  return Object.prototype.toString.call(fn) === '[object AsyncFunction]';
}

function makeClasses(vu: Vu): StreamClasses {
  const host = streamHost(vu);
  const streams = new WeakMap<object, Stream>();
  const streamOf = (self: unknown): Stream => {
    const stream = streams.get(self as object);
    if (!stream) throw new TypeError('not a ReadableStream');
    return stream;
  };

  class ReadableStreamDefaultController {
    readonly #controller: Controller;

    constructor(controller: Controller) {
      this.#controller = controller;
    }

    get desiredSize(): number | null {
      return this.#controller.desiredSize;
    }

    close(): void {
      this.#controller.close();
    }

    enqueue(chunk?: unknown): void {
      this.#controller.enqueue(chunk);
    }

    error(error?: unknown): void {
      this.#controller.error(error);
    }
  }

  class ReadableStreamDefaultReader {
    readonly #reader: Reader;

    constructor(stream: unknown) {
      this.#reader = new Reader(streamOf(stream));
    }

    get closed(): unknown {
      return this.#reader.closed;
    }

    read(): ScriptPromise {
      return this.#reader.read();
    }

    cancel(reason?: unknown): unknown {
      return this.#reader.cancel(reason);
    }

    releaseLock(): void {
      this.#reader.release();
    }
  }

  class ReadableStream implements StreamObject {
    constructor(source?: unknown, strategy?: unknown) {
      const { highWaterMark, size } = readStrategy(strategy);
      const methods = readSource(source);
      let controller: ReadableStreamDefaultController | undefined;
      const facade = (inner: Controller): unknown => (controller ??= new ReadableStreamDefaultController(inner));
      const stream: Stream = new Stream(
        host,
        {
          start: (inner) => {
            const result = methods.start?.call(source, facade(inner));
            if (!(result instanceof Promise)) return result;
            if (vu.suspension) vu.refuse('a blocking call in start() of a ReadableStream');
            return inJob(vu, () => result);
          },
          ...(methods.pull && { pull: (inner) => host.call(methods.pull as Method, source, [facade(inner)]) }),
          ...(methods.cancel && { cancel: (reason) => host.call(methods.cancel as Method, source, [reason]) }),
        },
        highWaterMark,
        size ?? (() => 1),
      );
      streams.set(this, stream);
      stream.controller.start();
    }

    get locked(): boolean {
      return streamOf(this).reader !== undefined;
    }

    cancel(reason?: unknown): unknown {
      const stream = streamOf(this);
      if (stream.reader) return rejected(host.promises, new TypeError('a locked stream is cancelled by its reader'));
      return stream.cancel(reason);
    }

    getReader(options?: unknown): ReaderObject {
      const mode = (options as { mode?: unknown } | null | undefined)?.mode;
      if (mode !== undefined)
        throw new TypeError(`the mode ${JSON.stringify(mode)} of getReader() is not supported: streams have default readers`);
      return new ReadableStreamDefaultReader(this);
    }

    /** Chunk after chunk; leaving the loop early cancels the stream, unless `preventCancel` is set. */
    values(options?: unknown): AsyncIterator<unknown> {
      return iterate(
        host.promises,
        new Reader(streamOf(this)),
        (options as { preventCancel?: unknown } | undefined)?.preventCancel === true,
      );
    }

    [Symbol.asyncIterator](): AsyncIterator<unknown> {
      return this.values();
    }
  }

  return {
    ReadableStream,
    ReadableStreamDefaultReader,
    CountQueuingStrategy: strategyClass('CountQueuingStrategy', () => 1),
    ByteLengthQueuingStrategy: strategyClass('ByteLengthQueuingStrategy', (chunk) => (chunk as { byteLength: unknown }).byteLength),
  };
}

function readSource(value: unknown): { start?: Method; pull?: Method; cancel?: Method } {
  if (value === undefined) return {};
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    throw new TypeError('underlyingSource must be an object');
  const { type } = value as { type?: unknown };
  if (type !== undefined) throw new TypeError(`streams of the type ${JSON.stringify(type)} are not supported`);
  const methods: { start?: Method; pull?: Method; cancel?: Method } = {};
  for (const name of ['start', 'pull', 'cancel'] as const) {
    const method = (value as Record<string, unknown>)[name];
    if (method === undefined) continue;
    if (typeof method !== 'function') throw new TypeError(`${name} of an underlying source must be a function`);
    methods[name] = method as Method;
  }
  return methods;
}

function readStrategy(value: unknown): { highWaterMark: number; size: Method | undefined } {
  const { highWaterMark = 1, size } = (value ?? {}) as { highWaterMark?: unknown; size?: unknown };
  const mark = Number(highWaterMark);
  if (!(mark >= 0)) throw new RangeError(`highWaterMark must be a non-negative number, not ${String(highWaterMark)}`);
  if (size !== undefined && typeof size !== 'function') throw new TypeError('size of a strategy must be a function');
  return { highWaterMark: mark, size: size as Method | undefined };
}

function strategyClass(name: string, size: (chunk: unknown) => unknown): new (init: unknown) => unknown {
  const Strategy = class {
    readonly highWaterMark: number;

    constructor(init: unknown) {
      const given = typeof init === 'object' && init !== null ? (init as { highWaterMark?: unknown }).highWaterMark : undefined;
      if (given === undefined) throw new TypeError(`${name} needs { highWaterMark }`);
      this.highWaterMark = Number(given);
    }

    get size(): (chunk: unknown) => unknown {
      return size;
    }
  };
  Object.defineProperty(Strategy, 'name', { value: name });
  return Strategy;
}

/** The standard's asynchronous iterator of a stream: its steps come one after the other. */
function iterate(promises: PromiseClass, reader: Reader, preventCancel: boolean): AsyncIterator<unknown> {
  let last: ScriptPromise | undefined;
  let isOver = false;
  const finish = (): void => {
    isOver = true;
    reader.release();
  };
  const next = (): ScriptPromise => (isOver ? promises.resolve({ value: undefined, done: true }) : reader.read(finish));
  const leave = (value: unknown): ScriptPromise => {
    const result = { value, done: true };
    if (isOver) return promises.resolve(result);
    const cancelled = preventCancel ? promises.resolve(undefined) : reader.cancel(value);
    finish();
    return cancelled.then(() => result);
  };
  const queue = (step: () => ScriptPromise): ScriptPromise => (last = last ? last.then(step, step) : step());
  return {
    next: () => queue(next),
    return: (value?: unknown) => queue(() => leave(value)),
    [Symbol.asyncIterator]() {
      return this;
    },
  } as unknown as AsyncIterator<unknown>;
}
