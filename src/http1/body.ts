import { CR, HEX, LF, SEMICOLON, TOKEN, VALUE } from './bytes.ts';
import { Fields, MORE, type HeadLimits } from './fields.ts';
import { Problem } from './problems.ts';
import { BodyMode } from './response.ts';

/** What `BodyReader.read` returns; a value below zero is `-Problem`. */
export const BodyEvent = {
  /** All bytes are used up. */ more: 0,
  /** [dataStart, dataEnd) is content. */ data: 1,
  /** The body is over; `at` is the first byte after it. */ end: 2,
} as const;

const trailerLimits: HeadLimits = { startLineMax: 0, fieldMax: 8192, headMax: 8192, fieldCountMax: 64 };
const EXTENSION_MAX = 4096;
const EXTENSIONS_MAX = 16_384;
/** 2^53 has 14 hexadecimal digits; anything near it is an attack. */
const SIZE_DIGITS_MAX = 13;

/**
 * States of the chunked coding (RFC 9112 section 7.1):
 *
 *     size ──CR──▶ sizeEnd ──LF──▶ data ──▶ dataCr ──▶ dataLf ──▶ size
 *      └─;─▶ extension ─CR─▶ sizeEnd ──LF, size 0──▶ trailer ──▶ done
 */
const State = { size: 0, extension: 1, sizeEnd: 2, data: 3, dataCr: 4, dataLf: 5, trailer: 6, done: 7 } as const;

/** Where in `;name=value` or `;name="quoted"` an extension is (RFC 9112 section 7.1.1, without white space). */
const Part = { nameStart: 0, name: 1, valueStart: 2, value: 3, quoted: 4, escaped: 5, quotedEnd: 6 } as const;
const EQUALS = 61;
const QUOTE = 34;
const BACKSLASH = 92;

/** The part after one more byte, or -1 when it may not stand there. */
function nextPart(part: number, byte: number): number {
  switch (part) {
    case Part.nameStart:
      return TOKEN[byte] === 1 ? Part.name : -1;
    case Part.name:
      if (byte === EQUALS) return Part.valueStart;
      if (byte === SEMICOLON) return Part.nameStart;
      return TOKEN[byte] === 1 ? Part.name : -1;
    case Part.valueStart:
      if (byte === QUOTE) return Part.quoted;
      return TOKEN[byte] === 1 ? Part.value : -1;
    case Part.value:
      if (byte === SEMICOLON) return Part.nameStart;
      return TOKEN[byte] === 1 ? Part.value : -1;
    case Part.quoted:
      if (byte === QUOTE) return Part.quotedEnd;
      if (byte === BACKSLASH) return Part.escaped;
      return VALUE[byte] === 1 ? Part.quoted : -1;
    case Part.escaped:
      return VALUE[byte] === 1 ? Part.quoted : -1;
    default:
      return byte === SEMICOLON ? Part.nameStart : -1;
  }
}

/** The fields after the last chunk. Never merge them into the head: see `RequestHead`, which has long been acted on. */
export class Trailers extends Fields {
  reset(): void {
    this.clearFields();
  }

  parse(buffer: Buffer, start: number, end: number): number {
    this.rebase(buffer, start);
    if (this.scanned > 0 && !this.lineArrived(end)) return this.short(end, trailerLimits);
    return this.parseFields(end, trailerLimits);
  }
}

/**
 * Finds a body's content in the bytes of a connection. Pull it: nothing is called back, nothing allocated.
 *
 *     body.start(mode, contentLength)
 *     body.begin(buffer, from, end)            for each read
 *     for (;;) switch (body.read()) {
 *       case BodyEvent.data: use(buffer, body.dataStart, body.dataEnd); break
 *       case BodyEvent.more: return            await the next read
 *       case BodyEvent.end:  next message begins at body.at
 *       default:             a problem
 *     }
 */
export class BodyReader {
  mode: BodyMode = BodyMode.none;
  /** Position in the current buffer of the next byte to look at. */
  at = 0;
  dataStart = 0;
  dataEnd = 0;
  /** Content bytes so far. */
  received = 0;
  /** Trailer fields, once the body is over; undefined without any. */
  trailers: Trailers | undefined;
  #buffer: Buffer = none;
  #end = 0;
  #remaining = 0;
  #state: number = State.done;
  #digits = 0;
  #extension = 0;
  #extensions = 0;
  #extensionPart = 0;
  #carry: Buffer = none;

  start(mode: BodyMode, contentLength: number): void {
    this.mode = mode;
    this.received = 0;
    this.trailers = undefined;
    this.#remaining = mode === BodyMode.length ? contentLength : 0;
    this.#state = mode === BodyMode.none || (mode === BodyMode.length && contentLength === 0) ? State.done : State.data;
    if (mode === BodyMode.chunked) {
      this.#state = State.size;
      this.#digits = 0;
      this.#extension = 0;
      this.#extensions = 0;
    }
  }

  /** True when the whole body was seen. */
  get done(): boolean {
    return this.#state === State.done;
  }

  /** Content bytes still to come of a body with a length. */
  get remaining(): number {
    return this.mode === BodyMode.length ? this.#remaining : 0;
  }

  begin(buffer: Buffer, from: number, end: number): void {
    this.#buffer = buffer;
    this.at = from;
    this.#end = end;
  }

  /** The next BodyEvent or a negative problem. */
  read(): number {
    if (this.#state === State.done) return BodyEvent.end;
    if (this.mode === BodyMode.chunked) return this.#readChunked();
    if (this.at >= this.#end) return BodyEvent.more;
    if (this.mode === BodyMode.untilClose) return this.#data(this.#end);
    const to = Math.min(this.#end, this.at + this.#remaining);
    this.#remaining -= to - this.at;
    if (this.#remaining === 0) this.#state = State.done;
    return this.#data(to);
  }

  /** The peer ended its side. True when that is a proper end of this body. */
  finish(): boolean {
    if (this.mode === BodyMode.untilClose) this.#state = State.done;
    return this.#state === State.done;
  }

  #data(to: number): number {
    this.dataStart = this.at;
    this.dataEnd = to;
    this.received += to - this.at;
    this.at = to;
    return BodyEvent.data;
  }

  #readChunked(): number {
    const buffer = this.#buffer;
    while (this.at < this.#end) {
      const byte = buffer[this.at] as number;
      switch (this.#state) {
        case State.size: {
          const problem = this.#onSize(byte);
          if (problem !== 0) return -problem;
          break;
        }
        case State.extension: {
          const problem = this.#onExtension(byte);
          if (problem !== 0) return -problem;
          break;
        }
        case State.sizeEnd:
          if (byte !== LF) return -(this.#extension > 0 ? Problem.chunkExtension : Problem.chunkSize);
          this.at++;
          this.#extension = 0;
          this.#state = this.#remaining === 0 ? State.trailer : State.data;
          break;
        case State.data: {
          const to = Math.min(this.#end, this.at + this.#remaining);
          this.#remaining -= to - this.at;
          if (this.#remaining === 0) this.#state = State.dataCr;
          return this.#data(to);
        }
        case State.dataCr:
          if (byte !== CR) return -Problem.chunkEnd;
          this.at++;
          this.#state = State.dataLf;
          break;
        case State.dataLf:
          if (byte !== LF) return -Problem.chunkEnd;
          this.at++;
          this.#digits = 0;
          this.#state = State.size;
          break;
        default:
          return this.#onTrailer();
      }
    }
    return BodyEvent.more;
  }

  #onSize(byte: number): number {
    const digit = HEX[byte] as number;
    this.at++;
    if (digit < 16) {
      this.#remaining = this.#digits === 0 ? digit : this.#remaining * 16 + digit;
      return ++this.#digits > SIZE_DIGITS_MAX ? Problem.chunkSize : 0;
    }
    if (this.#digits === 0) return Problem.chunkSize;
    if (byte === CR) this.#state = State.sizeEnd;
    else if (byte === SEMICOLON) {
      this.#state = State.extension;
      this.#extensionPart = Part.nameStart;
      this.#extension = 1;
    } else return Problem.chunkSize;
    return 0;
  }

  #onExtension(byte: number): number {
    this.at++;
    if (++this.#extension > EXTENSION_MAX || ++this.#extensions > EXTENSIONS_MAX) return Problem.chunkExtensionTooLong;
    const part = this.#extensionPart;
    if (byte === CR && (part === Part.name || part === Part.value || part === Part.quotedEnd)) {
      this.#state = State.sizeEnd;
      return 0;
    }
    this.#extensionPart = nextPart(part, byte);
    return this.#extensionPart < 0 ? Problem.chunkExtension : 0;
  }

  // Usually just the empty line, in one read. Otherwise the section is collected until it is whole.
  #onTrailer(): number {
    const buffer = this.#buffer;
    if (this.#carry.length === 0 && buffer[this.at] === CR && this.at + 1 < this.#end) {
      if (buffer[this.at + 1] !== LF) return -Problem.lineEnd;
      this.at += 2;
      this.#state = State.done;
      return BodyEvent.end;
    }
    const before = this.#carry.length;
    const bytes = Buffer.concat([this.#carry, buffer.subarray(this.at, this.#end)]);
    this.trailers ??= new Trailers();
    const result = this.trailers.parse(bytes, 0, bytes.length);
    if (result < 0) return result;
    if (result === MORE) {
      this.#carry = bytes;
      this.at = this.#end;
      return BodyEvent.more;
    }
    this.at += result - before;
    this.#carry = none;
    this.#state = State.done;
    if (this.trailers.count === 0) this.trailers = undefined;
    return BodyEvent.end;
  }
}

const none = Buffer.alloc(0);
