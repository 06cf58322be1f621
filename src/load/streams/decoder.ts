import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';

/** What a decoder tells of its work. */
export interface DecoderEvents {
  onBytes(bytes: Uint8Array): void;
  /** It takes no more for now, or takes more again. */
  onFlow(flows: boolean): void;
  onEnd(error: Error | undefined): void;
}

/** Undoes the Content-Encoding of an answer piece by piece; what is put in comes out as soon as the coding allows. */
export class Decoder {
  readonly #codings: readonly string[];
  readonly #events: DecoderEvents;
  #stages: readonly Transform[] = [];
  #isOver = false;

  /** Throws on a coding that is unknown. `encoding` as in the field: the one applied last stands last (RFC 9110 section 8.4). */
  constructor(encoding: string, events: DecoderEvents) {
    const codings = encoding
      .toLowerCase()
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && name !== 'identity');
    const unknown = codings.find((name) => !/^(?:x-gzip|gzip|deflate|br|zstd)$/.test(name));
    if (unknown !== undefined) throw new Error(`unsupported Content-Encoding ${JSON.stringify(unknown)}`);
    this.#codings = codings.reverse();
    this.#events = events;
  }

  write(bytes: Uint8Array): void {
    if (this.#stages.length === 0) this.#open(bytes);
    const [first] = this.#stages;
    if (!first) this.#events.onBytes(bytes);
    else if (!first.write(bytes)) this.#events.onFlow(false);
  }

  /** Nothing more comes; `onEnd` follows when all that was put in has come out. */
  end(): void {
    const [first] = this.#stages;
    if (first) first.end();
    else this.#finish(undefined);
  }

  flow(flows: boolean): void {
    const last = this.#stages.at(-1);
    if (flows) last?.resume();
    else last?.pause();
  }

  destroy(): void {
    this.#isOver = true;
    for (const stage of this.#stages) stage.destroy();
  }

  /** The first byte tells two forms of `deflate` apart, so the stages are made when it is there. */
  #open(bytes: Uint8Array): void {
    if (this.#codings.length === 0) return;
    const stages = this.#codings.map((coding) => stageOf(coding, bytes));
    for (const [i, stage] of stages.entries()) {
      stage.on('error', (error) => this.#finish(error));
      const next = stages[i + 1];
      if (next) stage.pipe(next);
    }
    stages[0]?.on('drain', () => this.#events.onFlow(true));
    stages.at(-1)?.on('data', (chunk: Buffer) => this.#events.onBytes(new Uint8Array(chunk)));
    stages.at(-1)?.on('end', () => this.#finish(undefined));
    this.#stages = stages;
  }

  #finish(error: Error | undefined): void {
    if (this.#isOver) return;
    this.destroy();
    this.#events.onEnd(error);
  }
}

function stageOf(coding: string, bytes: Uint8Array): Transform {
  if (coding === 'br') return createBrotliDecompress();
  if (coding === 'zstd') return createZstdDecompress();
  if (coding !== 'deflate') return createGunzip();
  // Some servers send the bare format that the name suggests instead of the zlib one that RFC 9110 means.
  return ((bytes[0] as number) & 0x0f) === 8 ? createInflate() : createInflateRaw();
}
