import { COMMA, HTAB, SP, equalsToken, parseDecimal } from './bytes.ts';
import { Fields } from './fields.ts';
import { FieldId } from './names.ts';
import { Problem } from './problems.ts';

/** What the Connection field said. */
export const ConnectionOption = { close: 1, keepAlive: 2, upgrade: 4, /** It names a field of its own. */ other: 8 } as const;

/**
 * What request and response heads share: the fields that decide where the body ends and whether the
 * connection lives on (RFC 9112 sections 6 and 9.3). Parsing them here, once, is what keeps the two sides of a
 * proxy from disagreeing.
 */
export abstract class FramedHead extends Fields {
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  minor = 1;
  /** -1 without a Content-Length. */
  contentLength = -1;
  /** True when a Content-Length came more than once with the same value. */
  contentLengthRepeated = false;
  /** True for exactly `Transfer-Encoding: chunked`. */
  chunked = false;
  /** Bits of ConnectionOption. */
  connection = 0;

  /** Whether the sender means to go on using the connection (RFC 9112 section 9.3). */
  get keepAlive(): boolean {
    if ((this.connection & ConnectionOption.close) !== 0) return false;
    return this.minor === 1 || (this.connection & ConnectionOption.keepAlive) !== 0;
  }

  /** True when a Connection field names this field (given by index); such a field concerns one hop only. */
  namedByConnection(index: number): boolean {
    if ((this.connection & ConnectionOption.other) === 0) return false;
    const name = this.name(index).toLowerCase();
    for (let i = this.indexOfId(FieldId.connection); i >= 0; i = this.indexOfId(FieldId.connection, i + 1)) {
      const options = this.value(i).toLowerCase().split(',');
      if (options.some((option) => option.trim() === name)) return true;
    }
    return false;
  }

  protected clearFraming(): void {
    this.clearFields();
    this.minor = 1;
    this.contentLength = -1;
    this.contentLengthRepeated = false;
    this.chunked = false;
    this.connection = 0;
  }

  protected override onField(id: number, start: number, end: number): number {
    if (id === FieldId['content-length']) return this.#onContentLength(start, end);
    if (id === FieldId['transfer-encoding']) return this.#onTransferEncoding(start, end);
    if (id === FieldId.connection) this.#onConnection(start, end);
    return 0;
  }

  #onContentLength(start: number, end: number): number {
    const value = parseDecimal(this.buffer, start, end);
    if (value < 0) return Problem.contentLength;
    if (this.contentLength >= 0) {
      if (this.contentLength !== value) return Problem.contentLengthConflict;
      this.contentLengthRepeated = true;
    }
    this.contentLength = value;
    return 0;
  }

  // Only `chunked`, once, is understood. A well-formed other coding alone is unknown; a list is refused.
  #onTransferEncoding(start: number, end: number): number {
    if (this.chunked) return Problem.transferCoding;
    if (equalsToken(this.buffer, start, end, 'chunked')) {
      this.chunked = true;
      return 0;
    }
    const plainToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(this.buffer.toString('latin1', start, end));
    return plainToken ? Problem.transferCodingUnknown : Problem.transferCoding;
  }

  #onConnection(start: number, end: number): void {
    const buffer = this.buffer;
    for (let i = start; i < end;) {
      let byte = buffer[i] as number;
      if (byte === SP || byte === HTAB || byte === COMMA) {
        i++;
        continue;
      }
      const from = i;
      while (i < end && (byte = buffer[i] as number) !== COMMA && byte !== SP && byte !== HTAB) i++;
      this.connection |= optionOf(buffer, from, i);
    }
  }
}

function optionOf(buffer: Buffer, start: number, end: number): number {
  if (equalsToken(buffer, start, end, 'keep-alive')) return ConnectionOption.keepAlive;
  if (equalsToken(buffer, start, end, 'close')) return ConnectionOption.close;
  if (equalsToken(buffer, start, end, 'upgrade')) return ConnectionOption.upgrade;
  return ConnectionOption.other;
}
