/** What a Redis server answers (https://redis.io/docs/latest/develop/reference/protocol-spec/, RESP2). */
export type Reply = string | number | null | ReplyError | Reply[];

/** An answer that begins with `-`. */
export class ReplyError extends Error {
  override name = 'ReplyError';
}

/** The server's own limit. */
const BULK_MAX_BYTES = 512 * 1024 * 1024;
const DEPTH_MAX = 32;

/** Writes a command: an array of bulk strings. */
export function commandText(args: readonly string[]): string {
  let text = `*${args.length}\r\n`;
  for (const arg of args) text += `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`;
  return text;
}

/** Reads answers, however their bytes are cut. */
export class ReplyReader {
  readonly #onReply: (reply: Reply) => void;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** Fewer bytes than these need not be looked at. */
  #neededBytes = 0;
  /** Arrays that are not whole yet, the outermost first. */
  readonly #open: { readonly items: Reply[]; readonly length: number }[] = [];

  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply;
  }

  /** Throws when the bytes are none of the protocol. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#neededBytes) return;
    const buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const rest = buffer.subarray(this.#read(buffer));
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
  }

  /** Where what is not whole yet begins. */
  #read(buffer: Buffer): number {
    let at = 0;
    this.#neededBytes = 0;
    for (;;) {
      const end = buffer.indexOf('\r\n', at);
      if (end < 0) return at;
      const line = buffer.toString('utf8', at + 1, end);
      const type = String.fromCharCode(buffer[at] as number);
      const start = end + 2;
      if (type !== '$' || line === '-1') {
        at = start;
        this.#onLine(type, line);
        continue;
      }
      const length = lengthOf(line, BULK_MAX_BYTES);
      if (buffer.length < start + length + 2) {
        this.#neededBytes = start + length + 2 - at;
        return at;
      }
      at = start + length + 2;
      this.#add(buffer.toString('utf8', start, start + length));
    }
  }

  #onLine(type: string, line: string): void {
    if (type === '+') this.#add(line);
    else if (type === '-') this.#add(new ReplyError(line));
    else if (type === ':') this.#add(Number(line));
    else if ((type === '*' && line === '-1') || type === '$') this.#add(null);
    else if (type === '*') {
      const length = lengthOf(line, 2 ** 32);
      if (length === 0) this.#add([]);
      else if (this.#open.push({ items: [], length }) > DEPTH_MAX) throw new Error('redis: arrays within too many arrays');
    } else throw new Error(`redis: can't parse reply ${JSON.stringify((type + line).slice(0, 100))}`);
  }

  #add(reply: Reply): void {
    let whole = reply;
    for (let array = this.#open.at(-1); array; array = this.#open.at(-1)) {
      array.items.push(whole);
      if (array.items.length < array.length) return;
      this.#open.pop();
      whole = array.items;
    }
    this.#onReply(whole);
  }
}

function lengthOf(line: string, max: number): number {
  const length = /^\d+$/.test(line) ? Number(line) : Number.NaN;
  if (!(length <= max)) throw new Error(`redis: can't parse length ${JSON.stringify(line.slice(0, 100))}`);
  return length;
}
