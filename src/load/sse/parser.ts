/** One event of a stream. */
export interface ServerEvent {
  /** Of this event alone; '' without. */
  readonly id: string;
  /** `event:` of it; '' without. */
  readonly name: string;
  readonly data: string;
  /** The last comment before its end; '' without. */
  readonly comment: string;
  /** The id that a client gives when it connects again: the last that was sent, whichever event it stood in. */
  readonly lastEventId: string;
}

/** An event, or a line, of more characters ends the stream with an error. */
const EVENT_MAX_CHARS = 16 * 1024 * 1024;

const lineEnd = /\r\n?|\n/g;

/**
 * Reads a `text/event-stream` piece by piece (HTML standard, sections 9.2.5 and 9.2.6). Lines end with CR, LF or both, wherever the
 * pieces were cut; an event is told with the empty line behind it, and one without data, or without that line, is none.
 */
export class EventStreamParser {
  lastEventId = '';
  /** What the server asked for with `retry:`, in milliseconds. */
  retryMs: number | undefined = undefined;
  readonly #onEvent: (event: ServerEvent) => void;
  /** Drops no mark: that of Node drops a second one too, when the first came in pieces. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #hasBegun = false;
  /** The beginning of a line. */
  #rest = '';
  /** The last piece ended with a CR, to which an LF may still belong. */
  #endedInCr = false;
  /** Each line of data with its end. */
  #data = '';
  #name = '';
  #id = '';
  #comment = '';

  constructor(onEvent: (event: ServerEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Throws RangeError when an event is too large. */
  push(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return;
    if (!this.#hasBegun) text = text.replace(/^\uFEFF/, '');
    this.#hasBegun = true;
    let start = this.#endedInCr && text.startsWith('\n') ? 1 : 0;
    this.#endedInCr = false;
    for (;;) {
      lineEnd.lastIndex = start;
      const end = lineEnd.exec(text);
      if (!end) break;
      const line = this.#rest + text.slice(start, end.index);
      this.#rest = '';
      start = lineEnd.lastIndex;
      this.#endedInCr = start === text.length && end[0] === '\r';
      this.#onLine(line);
    }
    this.#rest += text.slice(start);
    if (this.#rest.length + this.#data.length > EVENT_MAX_CHARS)
      throw new RangeError(`an event of more than ${EVENT_MAX_CHARS} characters`);
  }

  #onLine(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line.charAt(colon + 1) === ' ' ? colon + 2 : colon + 1);
    switch (field) {
      case '':
        this.#comment = value;
        break;
      case 'data':
        this.#data += `${value}\n`;
        break;
      case 'event':
        this.#name = value;
        break;
      case 'id':
        if (!value.includes('\0')) this.#id = this.lastEventId = value;
        break;
      case 'retry':
        if (/^\d+$/.test(value)) this.retryMs = Number(value);
        break;
      default:
      // Others are to be ignored.
    }
  }

  #dispatch(): void {
    const data = this.#data;
    const event = { id: this.#id, name: this.#name, data: data.slice(0, -1), comment: this.#comment, lastEventId: this.lastEventId };
    this.#data = this.#name = this.#id = this.#comment = '';
    if (data !== '') this.#onEvent(event);
  }
}
