import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { assert } from '../../base/index.ts';
import { BodyEvent, BodyMode, BodyReader, HeadWriter, MORE, ResponseHead, isFieldValue, isToken } from '../../http1/index.ts';
import { unowned, type Transport, type TransportOwner } from '../transport.ts';

/** Addresses of the connection that a stream belongs to. */
export interface Peer {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** Fields that concern a connection have no place in HTTP/2 (RFC 9113 section 8.2.2). */
const perConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

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
  readonly #stream: ServerHttp2Stream;
  readonly #head = new ResponseHead();
  readonly #body = new BodyReader();
  #toHead = false;
  #inBody = false;
  #answered = false;
  /** The request's body goes on in chunks. */
  #chunked = false;

  constructor(stream: ServerHttp2Stream, peer: Peer) {
    this.#stream = stream;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.localAddress = peer.localAddress;
    this.localPort = peer.localPort;
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
    if (!this.#chunked) return this.#give(bytes);
    this.#give(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
  }

  #onDataEnd(): void {
    if (this.#chunked) this.#give(Buffer.from('0\r\n\r\n'));
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

function addHeader(headers: OutgoingHttpHeaders, name: string, value: string): void {
  if (perConnection.has(name)) return;
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else headers[name] = Array.isArray(before) ? [...before, value] : [String(before), value];
}

/** A request's head in HTTP/1.1, or undefined when it has no such form: a stream error (RFC 9113 section 8.1.1). */
function requestBytes(rawHeaders: readonly string[], ended: boolean): { bytes: Buffer; method: string; chunked: boolean } | undefined {
  const pseudo = new Map<string, string>();
  const fields: [string, string][] = [];
  const cookies: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    if (name.startsWith(':')) pseudo.set(name, value);
    else if (perConnection.has(name) || !isToken(name) || !isFieldValue(value)) return undefined;
    else if (name === 'cookie') cookies.push(value);
    else if (name !== 'te') fields.push([name, value]);
  }
  const method = pseudo.get(':method') ?? '';
  const hosts = fields.filter(([name]) => name === 'host').map(([, value]) => value);
  const authority = pseudo.get(':authority') ?? hosts[0] ?? '';
  const target = method === 'CONNECT' ? authority : (pseudo.get(':path') ?? '');
  if (hosts.some((host) => host !== authority) || !isToken(method) || !/^[\x21-\x7e\x80-\xff]+$/.test(target)) return undefined;
  const head = new HeadWriter(1024).text(`${method} ${target} HTTP/1.1\r\n`);
  if (authority !== '') head.field('Host', authority);
  for (const [name, value] of fields) if (name !== 'host') head.field(name, value);
  // RFC 9113 section 8.2.3: crumbs of a cookie are one field in HTTP/1.1.
  if (cookies.length > 0) head.field('cookie', cookies.join('; '));
  const chunked = !ended && !fields.some(([name]) => name === 'content-length');
  if (chunked) head.field('Transfer-Encoding', 'chunked');
  return { bytes: head.crlf().take(), method, chunked };
}
