import { connect, type TLSSocket } from 'node:tls';

/** HTTP/2 frames by hand (RFC 9113), for what no client library would send. */

export const FrameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;
export const Flag = { endStream: 1, ack: 1, endHeaders: 4 } as const;
export const ErrorCode = { none: 0, protocol: 1, refusedStream: 7, cancel: 8, enhanceYourCalm: 11 } as const;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export type Field = readonly [name: string, value: string];

export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

/** HPACK without tables and without Huffman codes: each field a literal with its name (RFC 7541 section 6.2.2). */
export function block(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

export const requestFields = (path = '/', method = 'GET'): Field[] => [
  [':method', method],
  [':scheme', 'https'],
  [':path', path],
  [':authority', 'one.test'],
];

/** A client that writes frames as told and keeps those that come. */
export class RawH2Client {
  readonly frames: Frame[] = [];
  ended = false;
  readonly #socket: TLSSocket;
  #bytes = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #nextStream = 1;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', servername: 'one.test', ALPNProtocols: ['h2'], rejectUnauthorized: false });
    this.#socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    const end = (): void => {
      this.ended = true;
      this.#wake();
    };
    for (const event of ['error', 'end', 'close']) this.#socket.on(event, end);
    this.#socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.send(frame(FrameType.settings, 0, 0));
  }

  send(...frames: readonly Buffer[]): this {
    if (!this.ended) this.#socket.write(Buffer.concat(frames));
    return this;
  }

  /** Sends a head and returns its stream. */
  request(fields: readonly Field[], endStream = true): number {
    const stream = this.nextStream();
    this.send(frame(FrameType.headers, Flag.endHeaders | (endStream ? Flag.endStream : 0), stream, block(fields)));
    return stream;
  }

  nextStream(): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    return stream;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!this.ended && !condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** The code of the stream's reset; undefined when the connection ended or the stream was answered in full. */
  async resetOf(stream: number): Promise<number | undefined> {
    await this.until(() => this.#find(FrameType.reset, stream) !== undefined || this.#answered(stream));
    return this.#find(FrameType.reset, stream)?.payload.readUInt32BE(0);
  }

  /** The content of the answer. */
  async bodyOf(stream: number): Promise<string> {
    await this.until(() => this.#answered(stream) || this.#find(FrameType.reset, stream) !== undefined);
    const data = this.frames.filter((each) => each.type === FrameType.data && each.stream === stream);
    return Buffer.concat(data.map(({ payload }) => payload)).toString('latin1');
  }

  /** The code of GOAWAY; undefined when none came before the end. */
  async goaway(): Promise<number | undefined> {
    await this.until(() => false);
    return this.#find(FrameType.goaway, 0)?.payload.readUInt32BE(4);
  }

  /** Reads no more: what the balancer sends piles up. */
  deafen(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  #answered(stream: number): boolean {
    return this.frames.some(
      (each) =>
        each.stream === stream && (each.type === FrameType.data || each.type === FrameType.headers) && (each.flags & Flag.endStream) !== 0,
    );
  }

  #find(type: number, stream: number): Frame | undefined {
    return this.frames.find((each) => each.type === type && each.stream === stream);
  }

  #onData(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 9) {
      const length = this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < 9 + length) break;
      const [type, flags] = [this.#bytes[3] as number, this.#bytes[4] as number];
      this.frames.push({ type, flags, stream: this.#bytes.readUInt32BE(5), payload: this.#bytes.subarray(9, 9 + length) });
      this.#bytes = this.#bytes.subarray(9 + length);
    }
    this.#wake();
  }
}
