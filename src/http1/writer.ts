import { CR, LF } from './bytes.ts';

const none = Buffer.alloc(0);

/**
 * Builds heads as bytes in one growing buffer that is used again and again. Take what was written with
 * `view()` (valid until the next `clear`) or `take()` (a copy of its own).
 */
export class HeadWriter {
  bytes: Buffer;
  length = 0;
  #view: Buffer = none;
  #viewed: Buffer = none;

  constructor(capacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  clear(): this {
    this.length = 0;
    return this;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  byte(value: number): this {
    this.reserve(1);
    this.bytes[this.length++] = value;
    return this;
  }

  /** Latin-1 text as it is: the caller vouches that it holds no line end. */
  text(value: string): this {
    const count = value.length;
    this.reserve(count);
    const bytes = this.bytes;
    let at = this.length;
    if (count > 48) bytes.write(value, at, 'latin1');
    else for (let i = 0; i < count; i++) bytes[at++] = value.charCodeAt(i);
    this.length += count;
    return this;
  }

  /** The bytes [start, end) of another buffer, for instance a run of field lines that is passed on unchanged. */
  copy(source: Buffer, start: number, end: number): this {
    const count = end - start;
    this.reserve(count);
    const bytes = this.bytes;
    let at = this.length;
    if (count > 64) source.copy(bytes, at, start, end);
    else for (let i = start; i < end; i++) bytes[at++] = source[i] as number;
    this.length += count;
    return this;
  }

  /** Prebuilt bytes, such as a whole field line. */
  block(source: Buffer): this {
    return this.copy(source, 0, source.length);
  }

  decimal(value: number): this {
    if (value < 0 || value > 0x7fff_ffff) return this.text(String(value));
    this.reserve(10);
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++;
    let at = this.length + digits;
    this.length = at;
    let rest = value | 0;
    do {
      const next = (rest / 10) | 0;
      this.bytes[--at] = 48 + rest - next * 10;
      rest = next;
    } while (digits-- > 1);
    return this;
  }

  hexadecimal(value: number): this {
    return this.text(value.toString(16));
  }

  crlf(): this {
    this.reserve(2);
    this.bytes[this.length++] = CR;
    this.bytes[this.length++] = LF;
    return this;
  }

  /** `name: value` CRLF. Throws a RangeError on a line end or NUL in the value: that would be a response split. */
  field(name: string, value: string): this {
    if (!isFieldValue(value)) throw new RangeError(`the value of ${name} holds a control character`);
    return this.text(name).text(': ').text(value).crlf();
  }

  /** The bytes so far, without copying. */
  view(): Buffer {
    // Messages of one kind are of one length: their view is made once.
    if (this.#view.length !== this.length || this.#viewed !== this.bytes) {
      this.#viewed = this.bytes;
      this.#view = this.bytes.subarray(0, this.length);
    }
    return this.#view;
  }

  /** The bytes so far, as a copy that stays. */
  take(): Buffer {
    return Buffer.from(this.view());
  }
}

/** True when the text may stand as a field value: no control character but tab, nothing above Latin-1. */
export function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if ((code < 32 && code !== 9) || code === 127 || code > 255) return false;
  }
  return true;
}

/** True when the text is a token: a valid method or field name. */
export function isToken(value: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value);
}

export interface RequestHeadParts {
  readonly method: string;
  /** Origin form, e.g. `/a?b=1`. */
  readonly target: string;
  readonly host: string;
  readonly fields?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  /** Adds Content-Length. */
  readonly contentLength?: number;
}

/**
 * A whole HTTP/1.1 request head as bytes, for a client that sends the same one many times.
 * Throws a RangeError when a part would break the framing.
 */
export function buildRequestHead(parts: RequestHeadParts): Buffer {
  if (!isToken(parts.method)) throw new RangeError(`not a method: ${JSON.stringify(parts.method)}`);
  if (parts.target === '' || !/^[\x21-\x7e\x80-\xff]+$/.test(parts.target))
    throw new RangeError(`not a request target: ${JSON.stringify(parts.target)}`);
  const writer = new HeadWriter(512).text(parts.method).text(' ').text(parts.target).text(' HTTP/1.1\r\n').field('Host', parts.host);
  const fields = parts.fields ?? [];
  for (const [name, value] of isPairs(fields) ? fields : Object.entries(fields)) {
    if (!isToken(name)) throw new RangeError(`not a header name: ${JSON.stringify(name)}`);
    writer.field(name, value);
  }
  if (parts.contentLength !== undefined) writer.text('Content-Length: ').decimal(parts.contentLength).crlf();
  return writer.crlf().take();
}

function isPairs(fields: NonNullable<RequestHeadParts['fields']>): fields is readonly (readonly [string, string])[] {
  return Array.isArray(fields);
}
