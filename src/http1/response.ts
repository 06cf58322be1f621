import { CR, LF, SP, VALUE } from './bytes.ts';
import { MORE, responseLimits, type HeadLimits } from './fields.ts';
import { FramedHead } from './framing.ts';
import { Problem } from './problems.ts';
import { versionAt } from './request.ts';

/** How a body ends. */
export const BodyMode = { none: 0, length: 1, chunked: 2, untilClose: 3 } as const;
export type BodyMode = (typeof BodyMode)[keyof typeof BodyMode];

/** A response head, parsed strictly and in place; `parse` behaves as that of RequestHead. */
export class ResponseHead extends FramedHead {
  status = 0;
  #started = false;
  #reasonStart = 0;
  #reasonEnd = 0;
  readonly #limits: HeadLimits;

  constructor(limits: HeadLimits = responseLimits) {
    super();
    this.#limits = limits;
  }

  reset(): void {
    this.clearFraming();
    this.#started = false;
    this.status = 0;
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
    if (result <= 0) return result;
    if (this.chunked && this.minor === 0) return -Problem.transferCodingVersion;
    return this.chunked && this.contentLength >= 0 ? -Problem.framingConflict : result;
  }

  get reasonPhrase(): string {
    return this.buffer.toString('latin1', this.base + this.#reasonStart, this.base + this.#reasonEnd);
  }

  /** Absolute position after the status line. */
  get statusLineEnd(): number {
    return this.base + this.#reasonEnd + 2;
  }

  /** How the body of this answer ends, given whether the request was HEAD (RFC 9112 section 6.3). */
  bodyMode(toHead: boolean): BodyMode {
    if (toHead || this.status < 200 || this.status === 204 || this.status === 304) return BodyMode.none;
    if (this.chunked) return BodyMode.chunked;
    if (this.contentLength < 0) return BodyMode.untilClose;
    return this.contentLength === 0 ? BodyMode.none : BodyMode.length;
  }

  // `HTTP/1.1 200` SP reason CRLF; servers that leave out the reason often leave out its space too.
  #parseLine(end: number): number {
    const buffer = this.buffer;
    const start = this.base;
    if (end - start < 14) return this.#shortLine(end);
    const version = versionAt(buffer, start);
    if (version < 0) return version;
    this.minor = version;
    const a = (buffer[start + 9] as number) - 48;
    const b = (buffer[start + 10] as number) - 48;
    const c = (buffer[start + 11] as number) - 48;
    if (buffer[start + 8] !== SP || a < 1 || a > 9 || b < 0 || b > 9 || c < 0 || c > 9) return -Problem.startLine;
    this.status = a * 100 + b * 10 + c;
    let i = start + 12;
    if (buffer[i] === SP) i++;
    else if (buffer[i] !== CR) return -Problem.startLine;
    this.#reasonStart = i - start;
    while (i < end && VALUE[buffer[i] as number] === 1) i++;
    if (i + 1 >= end) return this.#shortLine(end);
    if (buffer[i] !== CR || buffer[i + 1] !== LF) return -Problem.lineEnd;
    this.#reasonEnd = i - start;
    return i + 2 - start > this.#limits.startLineMax ? -Problem.startLineTooLong : i + 2;
  }

  // Bytes that cannot become `HTTP/` are garbage at once, however few.
  #shortLine(end: number): number {
    const seen = end - this.base;
    for (let i = 0; i < 5 && i < seen; i++) if (this.buffer[this.base + i] !== 'HTTP/'.charCodeAt(i)) return -Problem.startLine;
    this.scanned = seen < 14 ? 0 : seen;
    return seen > this.#limits.startLineMax ? -Problem.startLineTooLong : MORE;
  }
}
