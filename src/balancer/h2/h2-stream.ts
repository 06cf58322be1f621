import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { assert } from '../../base/index.ts';
import { BodyEvent, BodyMode, BodyReader, MORE, ResponseHead } from '../../http1/index.ts';
import { unowned, type TlsFacts, type Transport, type TransportOwner } from '../transport/transport.ts';
import { addHeader, chunkOf, lastChunk, requestBytes } from './translate.ts';

/** Addresses of the connection that a stream belongs to. */
export interface Peer {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsFacts;
}

/**
 * An HTTP/2 stream in the clothes of an HTTP/1.1 connection that carries one request: frames become bytes of a request,
 * bytes of an answer become frames.
 */
export class H2StreamTransport implements Transport {
  owner: TransportOwner = unowned;
  readonly version = 'HTTP/2.0';
  readonly copies = true;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsFacts;
  readonly #stream: ServerHttp2Stream;
  readonly #head = new ResponseHead();
  readonly #body = new BodyReader();
  #toHead = false;
  #inBody = false;
  #answered = false;
  /** The request's body goes on in chunks. */
  #chunked = false;
  #trailers: readonly string[] = [];

  constructor(stream: ServerHttp2Stream, peer: Peer) {
    this.#stream = stream;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.localAddress = peer.localAddress;
    this.localPort = peer.localPort;
    this.tls = peer.tls;
    stream.on('error', () => undefined);
    stream.on('drain', () => this.owner.onDrain());
    stream.on('close', () => this.#onClose());
  }

  /** Hands the request to the owner. `ended`: it has no body. */
  begin(rawHeaders: readonly string[], ended: boolean): void {
    const head = requestBytes(rawHeaders, ended);
    if (head === undefined) return this.#stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
    this.#toHead = head.method === 'HEAD';
    this.#chunked = head.chunked;
    if (!ended) {
      this.#stream.on('trailers', (_headers: unknown, _flags: number, raw: readonly string[]) => (this.#trailers = raw));
      this.#stream.on('data', (bytes: Buffer) => this.#onData(bytes));
      this.#stream.on('end', () => this.#onDataEnd());
    }
    this.#give(head.bytes);
  }

  write(bytes: Buffer): boolean {
    let at = 0;
    while (!this.#inBody && !this.#answered && at < bytes.length) {
      at = this.#head.parse(bytes, at, bytes.length);
      assert(at > MORE, 'a head is written whole');
      this.#writeHead();
    }
    if (this.#inBody) this.#writeBody(bytes, at);
    return !this.#stream.writableNeedDrain;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  end(): void {
    // The end of an answer ends its stream; the owner still waits for the client to close, which is due now.
    if (this.#answered) queueMicrotask(() => this.owner.onClose(undefined));
  }

  destroy(): void {
    this.owner = unowned;
    if (!this.#answered) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else if (!this.#stream.readableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  #writeHead(): void {
    const head = this.#head;
    if (this.#stream.destroyed) return this.#done();
    const headers: OutgoingHttpHeaders = { ':status': head.status };
    for (const [name, value] of head.entries()) addHeader(headers, name.toLowerCase(), value);
    if (head.status < 200) {
      this.#stream.additionalHeaders(headers);
      return head.reset();
    }
    const mode = head.bodyMode(this.#toHead);
    this.#stream.respond(headers, { endStream: mode === BodyMode.none, waitForTrailers: mode === BodyMode.chunked });
    if (mode === BodyMode.none) return this.#done();
    this.#body.start(mode, head.contentLength);
    this.#inBody = true;
  }

  #writeBody(bytes: Buffer, from: number): void {
    const body = this.#body;
    if (this.#stream.destroyed) return this.#done();
    body.begin(bytes, from, bytes.length);
    let event = body.read();
    while (event === BodyEvent.data) {
      this.#stream.write(Buffer.from(bytes.subarray(body.dataStart, body.dataEnd)));
      event = body.read();
    }
    if (event !== BodyEvent.end) return;
    const trailers = Object.fromEntries(body.trailers?.entries() ?? []);
    if (body.mode === BodyMode.chunked) this.#stream.once('wantTrailers', () => this.#stream.sendTrailers(trailers));
    this.#stream.end();
    this.#done();
  }

  #done(): void {
    this.#inBody = false;
    this.#answered = true;
    queueMicrotask(() => this.owner.onClose(undefined));
  }

  #onData(bytes: Buffer): void {
    this.#give(this.#chunked ? chunkOf(bytes) : bytes);
  }

  #onDataEnd(): void {
    if (this.#chunked) this.#give(lastChunk(this.#trailers));
  }

  #give(bytes: Buffer): void {
    if (bytes.length > 0) this.owner.onBytes(bytes, 0, bytes.length);
  }

  #onClose(): void {
    const { owner } = this;
    this.owner = unowned;
    owner.onClose(undefined);
  }
}
