import { constants, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import { BodyEvent, BodyMode, BodyReader, Method, RequestHead, type HeadLimits } from '../../http1/index.ts';
import { unowned, type Transport, type TransportOwner } from '../transport/transport.ts';
import { addHeader, answerBytes, chunkOf, lastChunk } from './translate.ts';

/** What `onClose` tells of a stream that the target has certainly not worked on (RFC 9113 section 8.7): any request may be sent again. */
export const REFUSED_STREAM = 'REFUSED_STREAM';

/** Our own heads: what a client may send, and what is added to it. */
const limits: HeadLimits = { startLineMax: 20_000, fieldMax: 70_000, headMax: 140_000, fieldCountMax: 300 };

/** How a stream and the connection that it belongs to speak with each other. */
export interface StreamHost {
  readonly secure: boolean;
  /** Target groups of protocol version GRPC: the target is told that trailers are understood, which gRPC servers insist on. */
  readonly grpc: boolean;
  /** Something came from the target. */
  onHeard(): void;
  onStreamClosed(stream: TargetStream): void;
}

/**
 * One request to an HTTP/2 target in the clothes of an HTTP/1.1 connection that carries one: bytes of the request
 * become frames, frames of the answer become bytes.
 *
 *     waiting (for the connection) ── begin ─▶ open ──▶ closed
 */
export class TargetStream implements Transport {
  owner: TransportOwner;
  readonly copies = true;
  readonly remoteAddress = '';
  readonly remotePort = 0;
  readonly localAddress = '';
  readonly localPort = 0;
  readonly #host: StreamHost;
  readonly #onReady: () => void;
  readonly #head = new RequestHead(limits);
  readonly #body = new BodyReader();
  #session: ClientHttp2Session | undefined;
  #stream: ClientHttp2Stream | undefined;
  #chunked = false;
  #trailers: readonly string[] = [];
  #errorCode: string | undefined;
  #closed = false;

  constructor(host: StreamHost, owner: TransportOwner, onReady: () => void) {
    this.#host = host;
    this.owner = owner;
    this.#onReady = onReady;
  }

  /** The connection is open. */
  begin(session: ClientHttp2Session): void {
    this.#session = session;
    this.#onReady();
  }

  /** The connection ended under it. */
  lose(code: string | undefined): void {
    if (this.#stream === undefined) this.#end(code);
    else this.#errorCode ??= code;
  }

  write(bytes: Buffer): boolean {
    if (this.#closed) return true;
    const bodyStart = this.#stream === undefined ? this.#open(bytes) : 0;
    const stream = this.#stream;
    if (stream === undefined) return true;
    const body = this.#body;
    body.begin(bytes, bodyStart, bytes.length);
    let event = body.read();
    while (event === BodyEvent.data) {
      stream.write(Buffer.from(bytes.subarray(body.dataStart, body.dataEnd)));
      event = body.read();
    }
    if (event === BodyEvent.end && body.mode !== BodyMode.none && !stream.writableEnded) stream.end();
    return !stream.writableNeedDrain;
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  end(): void {
    // A stream ends with its request's body.
  }

  destroy(): void {
    if (this.#closed) return;
    this.owner = unowned;
    const stream = this.#stream;
    if (stream === undefined) return this.#end(undefined);
    // The answer is there and what the client still sends is of no interest; or the client is gone.
    const whole = stream.readableEnded;
    if (!stream.closed && !(whole && stream.writableEnded)) stream.close(whole ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
  }

  /** Sends the head; returns where the body begins. A head that HTTP/2 has no form for is told as a lost connection. */
  #open(bytes: Buffer): number {
    const head = this.#head;
    const next = head.parse(bytes, 0, bytes.length);
    if (next <= 0) {
      queueMicrotask(() => this.#end('EPROTO'));
      return bytes.length;
    }
    const headers: OutgoingHttpHeaders = {
      ':method': head.methodName,
      ':path': head.target,
      ':scheme': this.#host.secure ? 'https' : 'http',
      ':authority': head.authority,
    };
    for (const [name, value] of head.entries()) {
      const lower = name.toLowerCase();
      if (lower !== 'host') addHeader(headers, lower, value);
    }
    if (this.#host.grpc) headers['te'] = 'trailers';
    const mode = head.chunked ? BodyMode.chunked : head.contentLength > 0 ? BodyMode.length : BodyMode.none;
    this.#body.start(mode, head.contentLength);
    const waitForTrailers = mode === BodyMode.chunked;
    this.#listen((this.#session as ClientHttp2Session).request(headers, { endStream: mode === BodyMode.none, waitForTrailers }));
    return next;
  }

  #listen(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    const toHead = this.#head.method === Method.HEAD;
    stream.on('headers', (_headers, _flags, raw) => this.#onHead(raw, false, toHead));
    stream.on('response', (_headers, flags, raw) => {
      if (!this.#onHead(raw, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0, toHead)) return;
      stream.on('data', (bytes: Buffer) => this.#onData(bytes));
    });
    stream.on('trailers', (_headers, _flags, raw) => (this.#trailers = raw));
    // A stream that was reset ends too.
    stream.on('end', () => {
      if (this.#chunked && !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR) this.#give(lastChunk(this.#trailers));
    });
    // Closing a stream ends it first: a body that is not whole must not get the end that comes with its trailers.
    stream.on('wantTrailers', () => {
      if (this.#body.done) stream.sendTrailers(Object.fromEntries(this.#body.trailers?.entries() ?? []));
    });
    stream.on('drain', () => this.owner.onDrain());
    stream.on('error', () => (this.#errorCode ??= 'ECONNRESET'));
    stream.on('close', () => this.#end(stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? REFUSED_STREAM : this.#errorCode));
  }

  /** False when the head made no sense. */
  #onHead(raw: readonly string[], ended: boolean, toHead: boolean): boolean {
    const head = answerBytes(raw, ended, toHead);
    if (head === undefined) {
      this.#stream!.close(constants.NGHTTP2_PROTOCOL_ERROR);
      return false;
    }
    this.#chunked = head.chunked;
    this.#give(head.bytes);
    return true;
  }

  #onData(bytes: Buffer): void {
    this.#give(this.#chunked ? chunkOf(bytes) : bytes);
  }

  #give(bytes: Buffer): void {
    this.#host.onHeard();
    if (bytes.length > 0) this.owner.onBytes(bytes, 0, bytes.length);
  }

  #end(code: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.onStreamClosed(this);
    const { owner } = this;
    this.owner = unowned;
    owner.onClose(code);
  }
}
