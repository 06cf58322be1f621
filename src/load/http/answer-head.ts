import { FieldId, type BodyMode, type ResponseHead } from '../../http1/index.ts';

/** What an exchange has to know of the head of its answer. */
export interface AnswerHead {
  readonly status: number;
  readonly proto: 'HTTP/1.0' | 'HTTP/1.1';
  readonly reason: string;
  /** Header lines as received. */
  readonly fields: string;
  readonly setsCookies: boolean;
  readonly contentEncoding: string | undefined;
  /** The connection may be used again. */
  readonly keepsAlive: boolean;
  /** How the body ends, unless the request was HEAD. */
  readonly mode: BodyMode;
  readonly contentLength: number;
}

/** From a head that was parsed out of `buffer` and ends before `end`. */
export function answerHeadOf(head: ResponseHead, buffer: Buffer, end: number): AnswerHead {
  return {
    status: head.status,
    proto: head.minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0',
    reason: head.reasonPhrase,
    fields: buffer.toString('latin1', head.statusLineEnd, end - 2),
    setsCookies: head.indexOfId(FieldId['set-cookie']) >= 0,
    contentEncoding: head.get('content-encoding'),
    keepsAlive: head.keepAlive && head.status !== 101,
    mode: head.bodyMode(false),
    contentLength: head.contentLength,
  };
}

/** Longer heads are read anew each time. */
const BYTES_MAX = 1024;

/**
 * The last head that a target answered with. Many servers say the same to each request of a kind but for the date, once a
 * second; to see that the bytes are the same, four at a time, takes a tenth of the time of reading them anew.
 */
export class KnownHead {
  head: AnswerHead | undefined;
  length = 0;
  readonly #words = new Int32Array(BYTES_MAX / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);

  /** Whether what was read, `count` bytes seen as `words` and as `bytes`, begins with this head. */
  isIn(words: Int32Array, bytes: Uint8Array, count: number): boolean {
    const { length } = this;
    if (length === 0 || count < length) return false;
    const whole = length >> 2;
    for (let i = 0; i < whole; i++) if (words[i] !== this.#words[i]) return false;
    for (let i = whole << 2; i < length; i++) if (bytes[i] !== this.#bytes[i]) return false;
    return true;
  }

  /** Remembers the head that `words` begin with. */
  learn(head: AnswerHead, words: Int32Array, length: number): void {
    if (length > BYTES_MAX) return;
    this.head = head;
    this.length = length;
    for (let i = 0; i < (length + 3) >> 2; i++) this.#words[i] = words[i] as number;
  }
}
