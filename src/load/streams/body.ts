import { AwaitMark, ScriptAsyncGenerator, type PromiseClass, type ScriptPromise } from '../script/promises.ts';
import type { RequestFailure } from '../http/failures.ts';
import type { Vu } from '../vu/vu.ts';
import { streamClasses, streamHost, type ReaderObject, type StreamObject } from './classes.ts';
import { BodyFeed, type FeedConsumer } from './feed.ts';

/** What waits here at most before the connection stops reading; one piece more may come. */
const HELD_MAX_BYTES = 64 * 1024;
/** A line that is longer ends the stream with an error. */
const LINE_MAX_CHARS = 16 * 1024 * 1024;

/** `response.body` of `responseType: 'stream'`: a ReadableStream of Uint8Arrays with helpers. */
export interface BodyObject extends StreamObject {
  text(): unknown;
  json(): unknown;
  bytes(): unknown;
  lines(): unknown;
}

interface HostController {
  enqueue(chunk: Uint8Array): void;
  close(): void;
  error(error: unknown): void;
}

/** The content of one streamed answer as the source of a script's stream. */
export class StreamedBody implements FeedConsumer {
  readonly feed: BodyFeed;
  readonly #vu: Vu;
  #chunks: Uint8Array[] = [];
  #heldBytes = 0;
  #failure: Error | undefined;
  #isOver = false;
  /** The script waits for what comes next. */
  #wake: (() => void) | undefined;

  /** `silenceMs` as for the feed. Throws in a VU that cannot wait for a stream. */
  constructor(vu: Vu, silenceMs: number) {
    if (vu.engine.blocking) throw new Error('responseType "stream" cannot be had in a VU that runs in a thread of its own');
    if (!vu.loop) throw new TypeError('responseType "stream" must stand in the script as it is, so that its VUs get an event loop');
    this.#vu = vu;
    this.feed = new BodyFeed(vu, this, silenceMs);
  }

  /** For the script; to be called once. */
  stream(): BodyObject {
    return new (bodyClass(this.#vu))(
      { pull: (controller: HostController) => this.#pull(controller), cancel: () => this.#cancel() },
      { highWaterMark: 0 },
    );
  }

  onBytes(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= HELD_MAX_BYTES) this.feed.hold();
    this.#go();
  }

  onEnd(failure: RequestFailure | undefined): void {
    this.#isOver = true;
    this.#failure = failure;
    this.#go();
  }

  #go(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Called while a read waits: the stream itself keeps nothing. */
  #pull(controller: HostController): ScriptPromise | undefined {
    if (this.#deliver(controller)) return undefined;
    const { promises } = streamHost(this.#vu);
    const promise = new promises(undefined);
    const ready = this.#vu.loop?.begin();
    this.#wake = () =>
      ready?.(() => {
        this.#deliver(controller);
        promise.resolveWith(undefined);
      });
    return promise;
  }

  /** False when there is nothing to tell yet. */
  #deliver(controller: HostController): boolean {
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#heldBytes -= chunk.length;
      if (this.#heldBytes < HELD_MAX_BYTES) this.feed.release();
      controller.enqueue(chunk);
    } else if (!this.#isOver) return false;
    else if (this.#failure) controller.error(this.#failure);
    else controller.close();
    return true;
  }

  #cancel(): void {
    this.#chunks = [];
    this.feed.leave();
  }
}

type BodyClass = new (source: unknown, strategy: unknown) => BodyObject;

const classes = new WeakMap<Vu, BodyClass>();

function bodyClass(vu: Vu): BodyClass {
  let made = classes.get(vu);
  if (made) return made;
  const { promises } = streamHost(vu);
  made = class extends streamClasses(vu).ReadableStream implements BodyObject {
    /** All that is left of it, decoded from UTF-8. */
    text(): unknown {
      const decoder = new TextDecoder();
      let text = '';
      const take = (chunk: Uint8Array): void => void (text += decoder.decode(chunk, { stream: true }));
      return readAll(promises, this.getReader(), take, () => text + decoder.decode());
    }

    json(): unknown {
      return (this.text() as ScriptPromise).then((text: unknown) => JSON.parse(text as string) as unknown);
    }

    /** All that is left of it, as one Uint8Array. */
    bytes(): unknown {
      const chunks: Uint8Array[] = [];
      const take = (chunk: Uint8Array): void => void chunks.push(chunk);
      return readAll(promises, this.getReader(), take, () => new Uint8Array(Buffer.concat(chunks)));
    }

    /** To be iterated over with `for await`: lines without their ends. Leaving the loop early ends the stream. */
    lines(): unknown {
      return new ScriptAsyncGenerator(promises, readLines(this.getReader()));
    }
  };
  Object.defineProperty(made, 'name', { value: 'ReadableStream' });
  classes.set(vu, made);
  return made;
}

type Chunk = IteratorResult<Uint8Array, undefined>;

function readAll(promises: PromiseClass, reader: ReaderObject, take: (chunk: Uint8Array) => void, finish: () => unknown): ScriptPromise {
  const promise = new promises(undefined);
  const next = (): void => {
    reader.read().react({
      onFulfilled(result) {
        const { done, value } = result as Chunk;
        if (done === true) promise.resolveWith(finish());
        else {
          take(value);
          next();
        }
      },
      onRejected: (error) => promise.rejectWith(error),
      derived: undefined,
    });
  };
  next();
  return promise;
}

function* readLines(reader: ReaderObject): Generator<unknown, void, never> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (let isOver = false; !isOver;) {
      const { done, value }: Chunk = yield new AwaitMark(reader.read());
      isOver = done === true;
      const lines = (rest + (isOver ? decoder.decode() : decoder.decode(value, { stream: true }))).split(/\r?\n/);
      rest = lines.pop() as string;
      for (const line of lines) yield line;
      if (rest.length > LINE_MAX_CHARS) throw new RangeError(`a line of more than ${LINE_MAX_CHARS} characters`);
    }
    if (rest !== '') yield rest;
  } finally {
    yield new AwaitMark(reader.cancel());
  }
}
