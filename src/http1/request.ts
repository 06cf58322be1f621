import { CR, HOST, LF, SP, TARGET, TOKEN, COLON, parseDecimal } from './bytes.ts';
import { MORE, requestLimits, type HeadLimits } from './fields.ts';
import { FramedHead } from './framing.ts';
import { FieldId } from './names.ts';
import { Problem } from './problems.ts';

/** Methods with an id of their own; 0 is any other token. */
export const Method = { other: 0, GET: 1, HEAD: 2, POST: 3, PUT: 4, DELETE: 5, OPTIONS: 6, PATCH: 7, TRACE: 8, CONNECT: 9 } as const;

const methodNames: readonly string[] = Object.keys(Method);

/** The four forms of a request target (RFC 9112 section 3.2). */
export const TargetForm = { origin: 0, absolute: 1, authority: 2, asterisk: 3 } as const;

const SLASH = 47;
const STAR = 42;
const QUESTION = 63;

/**
 * A request head, parsed strictly and in place.
 *
 *     const result = head.parse(buffer, start, end)
 *     result > 0    complete; the body begins at `result`
 *     result === 0  incomplete: keep the bytes from `start` on, append, call again with the same or another buffer
 *     result < 0    -Problem: answer `problemInfo[-result].status` and close
 *
 * One object serves one connection for its whole life: `parse` of the next message begins after `reset`.
 */
export class RequestHead extends FramedHead {
  /** One of Method. */
  method = 0;
  form = 0;
  /** True when `Expect: 100-continue` came. */
  expectContinue = false;
  /** True when an Expect that is not understood came (417). */
  expectUnknown = false;
  hostIndex = -1;
  #started = false;
  #methodStart = 0;
  #methodEnd = 0;
  #targetStart = 0;
  #targetEnd = 0;
  #authorityStart = 0;
  #authorityEnd = 0;
  #pathStart = 0;
  #pathEnd = 0;
  readonly #limits: HeadLimits;

  constructor(limits: HeadLimits = requestLimits) {
    super();
    this.#limits = limits;
  }

  reset(): void {
    this.clearFraming();
    this.#started = false;
    this.method = 0;
    this.form = 0;
    this.expectContinue = false;
    this.expectUnknown = false;
    this.hostIndex = -1;
  }

  parse(buffer: Buffer, start: number, end: number): number {
    this.rebase(buffer, start);
    if (this.scanned > 0 && !this.lineArrived(end)) return this.#started ? this.short(end, this.#limits) : this.#shortLine(end);
    if (!this.#started) {
      const result = this.#parseLine(end);
      if (result <= 0) return result;
      this.at = result - start;
      this.#started = true;
    }
    const result = this.parseFields(end, this.#limits);
    return result > 0 ? this.#finish(result) : result;
  }

  get methodName(): string {
    return this.method === 0
      ? this.buffer.toString('latin1', this.base, this.base + this.#methodEnd)
      : (methodNames[this.method] as string);
  }

  /** Absolute position of the request line's first byte. */
  get methodStart(): number {
    return this.base + this.#methodStart;
  }

  get methodEnd(): number {
    return this.base + this.#methodEnd;
  }

  get targetStart(): number {
    return this.base + this.#targetStart;
  }

  get targetEnd(): number {
    return this.base + this.#targetEnd;
  }

  /** The target as it stands on the request line. */
  get target(): string {
    return this.buffer.toString('latin1', this.targetStart, this.targetEnd);
  }

  /** Origin form: where path and query begin. Empty (equal to `targetEnd`) for an absolute target without a path. */
  get pathStart(): number {
    return this.base + this.#pathStart;
  }

  /** Where the path ends and `?` or the end of the target is. */
  get pathEnd(): number {
    return this.base + this.#pathEnd;
  }

  /** The path without the query; `/` when the absolute form has none. */
  get path(): string {
    return this.#pathStart === this.#pathEnd ? '/' : this.buffer.toString('latin1', this.pathStart, this.pathEnd);
  }

  /** The query without `?`; empty when there is none. */
  get query(): string {
    return this.pathEnd < this.targetEnd ? this.buffer.toString('latin1', this.pathEnd + 1, this.targetEnd) : '';
  }

  get authorityStart(): number {
    if (this.form === TargetForm.absolute) return this.base + this.#authorityStart;
    return this.hostIndex < 0 ? this.base : this.valueStart(this.hostIndex);
  }

  get authorityEnd(): number {
    if (this.form === TargetForm.absolute) return this.base + this.#authorityEnd;
    return this.hostIndex < 0 ? this.base : this.valueEnd(this.hostIndex);
  }

  /** Host and port that the request is for: of the absolute target if there is one, else of Host; empty without either. */
  get authority(): string {
    return this.buffer.toString('latin1', this.authorityStart, this.authorityEnd);
  }

  protected override onField(id: number, start: number, end: number): number {
    if (id === FieldId.host) {
      if (this.hostIndex >= 0) return Problem.hostRepeated;
      this.hostIndex = this.count - 1;
      return validAuthority(this.buffer, start, end) ? 0 : Problem.host;
    }
    if (id === FieldId.expect) {
      if (this.buffer.toString('latin1', start, end).toLowerCase() === '100-continue') this.expectContinue = true;
      else this.expectUnknown = true;
      return 0;
    }
    return super.onField(id, start, end);
  }

  #finish(result: number): number {
    if (this.minor === 1 && this.hostIndex < 0) return -Problem.hostMissing;
    if (this.minor === 0 && this.chunked) return -Problem.transferCodingVersion;
    return result;
  }

  /** Returns the absolute position after the request line, MORE, or a negative problem. */
  #parseLine(end: number): number {
    const buffer = this.buffer;
    let start = this.base;
    // RFC 9112 section 2.2: one empty line before a request is forgiven.
    if (buffer[start] === CR) {
      if (start + 1 >= end) return MORE;
      if (buffer[start + 1] !== LF) return -Problem.lineEnd;
      start += 2;
    }
    let i = start;
    while (i < end && TOKEN[buffer[i] as number] === 1) i++;
    if (i >= end) return this.#shortLine(end);
    if (i === start || buffer[i] !== SP) return -(buffer[i] === LF ? Problem.lineEnd : Problem.method);
    this.method = methodAt(buffer, start, i);
    this.#methodStart = start - this.base;
    this.#methodEnd = i - this.base;
    const targetStart = ++i;
    while (i < end && TARGET[buffer[i] as number] === 1) i++;
    if (i >= end) return this.#shortLine(end);
    const targetEnd = i;
    // `HTTP/1.1` and CRLF: ten bytes after the space.
    if (buffer[i] !== SP) return -(buffer[i] === CR || buffer[i] === LF ? Problem.startLine : Problem.target);
    if (i + 11 > end) return this.#shortVersion(i + 1, end);
    const version = versionAt(buffer, i + 1);
    if (version < 0) return version;
    if (buffer[i + 9] !== CR || buffer[i + 10] !== LF) return -(buffer[i + 9] === LF ? Problem.lineEnd : Problem.startLine);
    this.minor = version;
    i += 11;
    if (i - start > this.#limits.startLineMax) return -Problem.startLineTooLong;
    const problem = this.#classifyTarget(targetStart, targetEnd);
    return problem === 0 ? i : -problem;
  }

  #classifyTarget(start: number, end: number): number {
    const buffer = this.buffer;
    this.#targetStart = start - this.base;
    this.#targetEnd = end - this.base;
    let path = start;
    if (buffer[start] === SLASH) this.form = TargetForm.origin;
    else if (this.method === Method.CONNECT) {
      this.form = TargetForm.authority;
      path = end;
      if (!validAuthority(buffer, start, end)) return Problem.target;
    } else if (end - start === 1 && buffer[start] === STAR) {
      this.form = TargetForm.asterisk;
      if (this.method !== Method.OPTIONS) return Problem.target;
    } else {
      const scheme = schemeLength(buffer, start, end);
      if (scheme === 0) return Problem.target;
      this.form = TargetForm.absolute;
      path = start + scheme;
      this.#authorityStart = path - this.base;
      while (path < end && buffer[path] !== SLASH && buffer[path] !== QUESTION) path++;
      this.#authorityEnd = path - this.base;
      if (!validAuthority(buffer, this.authorityStart, path)) return Problem.host;
    }
    this.#pathStart = path - this.base;
    while (path < end && buffer[path] !== QUESTION) path++;
    this.#pathEnd = path - this.base;
    return 0;
  }

  #shortLine(end: number): number {
    this.scanned = end - this.base;
    return this.scanned > this.#limits.startLineMax ? -Problem.startLineTooLong : MORE;
  }

  // What is there of the version must already be right: garbage is refused without waiting for its line end.
  #shortVersion(start: number, end: number): number {
    for (let i = start; i < end && i < start + 5; i++) if (this.buffer[i] !== HTTP.charCodeAt(i - start)) return -Problem.startLine;
    return this.#shortLine(end);
  }
}

const HTTP = 'HTTP/';

/** 0 or 1 for `HTTP/1.0` and `HTTP/1.1` at `start`, else a negative problem. Eight bytes must be there. */
export function versionAt(buffer: Buffer, start: number): number {
  for (let i = 0; i < 5; i++) if (buffer[start + i] !== HTTP.charCodeAt(i)) return -Problem.startLine;
  const major = (buffer[start + 5] as number) - 48;
  const minor = (buffer[start + 7] as number) - 48;
  if (major < 0 || major > 9 || minor < 0 || minor > 9 || buffer[start + 6] !== 46) return -Problem.startLine;
  return major === 1 && minor <= 1 ? minor : -Problem.version;
}

function methodAt(buffer: Buffer, start: number, end: number): number {
  switch (buffer[start]) {
    case 71:
      return spells(buffer, start, end, 'GET') ? Method.GET : 0;
    case 80:
      if (spells(buffer, start, end, 'POST')) return Method.POST;
      if (spells(buffer, start, end, 'PUT')) return Method.PUT;
      return spells(buffer, start, end, 'PATCH') ? Method.PATCH : 0;
    case 72:
      return spells(buffer, start, end, 'HEAD') ? Method.HEAD : 0;
    case 68:
      return spells(buffer, start, end, 'DELETE') ? Method.DELETE : 0;
    case 79:
      return spells(buffer, start, end, 'OPTIONS') ? Method.OPTIONS : 0;
    case 84:
      return spells(buffer, start, end, 'TRACE') ? Method.TRACE : 0;
    case 67:
      return spells(buffer, start, end, 'CONNECT') ? Method.CONNECT : 0;
    default:
      return 0;
  }
}

function spells(buffer: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 1; i < text.length; i++) if (buffer[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Length of `http://` or `https://` at `start`; 0 when neither is there. */
function schemeLength(buffer: Buffer, start: number, end: number): number {
  const text = buffer.toString('latin1', start, Math.min(end, start + 8)).toLowerCase();
  if (text.startsWith('http://')) return 7;
  return text === 'https://' ? 8 : 0;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port` (RFC 9110 section 7.2). Not empty, no user information. */
export function validAuthority(buffer: Buffer, start: number, end: number): boolean {
  if (start >= end) return false;
  let i = start;
  if (buffer[i] === 91) {
    i++;
    while (i < end && isV6(buffer[i] as number)) i++;
    if (buffer[i] !== 93 || i === start + 1) return false;
    i++;
  } else {
    while (i < end && HOST[buffer[i] as number] === 1) i++;
    if (i === start) return false;
  }
  if (i === end) return true;
  if (buffer[i] !== COLON) return false;
  return i + 1 === end || (parseDecimal(buffer, i + 1, end) >= 0 && parseDecimal(buffer, i + 1, end) <= 65_535);
}

function isV6(byte: number): boolean {
  const lower = byte | 32;
  return (byte >= 48 && byte <= 58) || (lower >= 97 && lower <= 102) || byte === 46;
}
