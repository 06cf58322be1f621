import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import { monotonicMs } from '../../base/index.ts';
import type { Engine } from '../vu/engine.ts';
import { BODY_MAX_BYTES, copyOf, takeContent } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { FailureCode, http2Failure, RequestFailure } from './failures.ts';
import type { ConnectionPool, Transport } from './pool.ts';
import type { TlsLink } from './tls.ts';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** Fields that belong to an HTTP/1.1 connection (RFC 9113 section 8.2.2). */
const hopByHop = /^(?:host|connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/;

/** What is taken from a response at most before it is read: Go's client has the same. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** One HTTP/2 connection of one VU, with a stream for each request. */
export class Http2Connection implements Transport {
  readonly origin: string;
  readonly #engine: Engine;
  readonly #pool: ConnectionPool;
  readonly #link: TlsLink;
  readonly #session: ClientHttp2Session;
  readonly #streams = new Map<Exchange, { readonly stream: ClientHttp2Stream; readonly chunks: Buffer[] }>();
  readonly #remoteAddress: string | undefined;
  #isGone = false;
  #error: Error | undefined;
  /** The code of the server's GOAWAY, when it named a fault. */
  #goAway = NGHTTP2_NO_ERROR;

  constructor(engine: Engine, pool: ConnectionPool, origin: string, link: TlsLink) {
    this.#engine = engine;
    this.#pool = pool;
    this.origin = origin;
    this.#link = link;
    this.#remoteAddress = link.socket.remoteAddress;
    const session = connect(origin, {
      createConnection: () => link.socket,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    this.#session = session;
    session.on('error', (error: Error) => (this.#error = error));
    session.on('goaway', (code: number) => {
      this.#goAway = code;
      this.#leave();
    });
    session.on('close', () => this.#leave());
  }

  get isIdle(): boolean {
    return !this.#isGone;
  }

  get remoteAddress(): string | undefined {
    return this.#remoteAddress;
  }

  send(exchange: Exchange): void {
    exchange.tls = this.#link;
    exchange.proto = 'HTTP/2.0';
    exchange.readyAt = monotonicMs();
    const { body } = exchange;
    const stream = this.#session.request(headersOf(exchange), { endStream: body === undefined });
    const chunks: Buffer[] = [];
    this.#streams.set(exchange, { stream, chunks });
    if (body !== undefined) stream.end(body);
    exchange.sentAt = monotonicMs();
    this.#listen(exchange, stream, chunks);
  }

  abandon(exchange: Exchange): void {
    const pending = this.#streams.get(exchange);
    if (pending && this.#streams.delete(exchange)) {
      takeChunks(exchange, pending.chunks);
      pending.stream.close(NGHTTP2_CANCEL);
    }
    this.#closeIfUnused();
  }

  setFlow(exchange: Exchange, flows: boolean): void {
    const stream = this.#streams.get(exchange)?.stream;
    if (flows) stream?.resume();
    else stream?.pause();
  }

  destroy(): void {
    this.#leave();
    this.#streams.clear();
    this.#session.destroy();
  }

  #listen(exchange: Exchange, stream: ClientHttp2Stream, chunks: Buffer[]): void {
    let received = 0;
    let isWhole = false;
    stream.on('response', (headers, _flags, raw: readonly string[]) => {
      exchange.firstByteAt = monotonicMs();
      exchange.status = headers[':status'] ?? 0;
      exchange.fields = linesOf(raw);
      exchange.setsCookies = headers['set-cookie'] !== undefined;
      exchange.contentEncoding = headers['content-encoding'];
      if (exchange.sink) exchange.beginStream();
    });
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (exchange.keepsBody) chunks.push(chunk);
      if (exchange.sink) {
        this.#link.count(exchange.vu);
        exchange.contentBytes = received;
        exchange.stream(copyOf(chunk, 0, chunk.length));
      } else if (received > BODY_MAX_BYTES) stream.close(NGHTTP2_CANCEL);
    });
    stream.on('end', () => (isWhole = stream.rstCode === NGHTTP2_NO_ERROR && exchange.status !== 0));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      // Given up meanwhile.
      if (!this.#streams.delete(exchange)) return;
      this.#link.count(exchange.vu);
      exchange.contentBytes = received;
      takeChunks(exchange, chunks);
      if (this.#engine.options.noConnectionReuse) this.#leave();
      this.#closeIfUnused();
      if (isWhole) exchange.finish();
      else this.#lose(exchange, stream.rstCode, received);
    });
  }

  /** The stream ended before the answer did. */
  #lose(exchange: Exchange, code: number, received: number): void {
    const hadHead = exchange.status !== 0;
    exchange.status = 0;
    if (code === NGHTTP2_REFUSED_STREAM && !hadHead) exchange.onRefused(http2Failure('http2Stream', code));
    else if (received > BODY_MAX_BYTES) exchange.fail(new RequestFailure(FailureCode.generic, 'the body is larger than 1 GiB'));
    else if (this.#goAway !== NGHTTP2_NO_ERROR) exchange.fail(http2Failure('http2GoAway', this.#goAway));
    else if (this.#error && (this.#error as NodeJS.ErrnoException).code === 'ERR_HTTP2_ERROR')
      exchange.fail(http2Failure('http2Connection', NGHTTP2_PROTOCOL_ERROR));
    else if (this.#session.destroyed && !hadHead) exchange.onLost(this.#error, false);
    else if (this.#session.destroyed) exchange.fail(new RequestFailure(FailureCode.generic, 'unexpected EOF'));
    else exchange.fail(http2Failure('http2Stream', code));
  }

  /** Takes no more requests; those under way go on. */
  #leave(): void {
    this.#isGone = true;
    this.#pool.forget(this);
  }

  #closeIfUnused(): void {
    if (this.#isGone && this.#streams.size === 0) this.#session.destroy();
  }
}

/** What came of the content so far; nothing without a head. */
function takeChunks(exchange: Exchange, chunks: readonly Buffer[]): void {
  if (!exchange.keepsBody || exchange.status === 0) return;
  const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  exchange.content = takeContent(exchange, whole, 0, whole.length);
}

/** The head that was written for HTTP/1.1, as fields of HTTP/2. */
function headersOf({ head, method, target }: Exchange): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {
    ':method': method,
    ':scheme': 'https',
    ':authority': target.authority,
    ':path': target.path,
  };
  for (const line of head.slice(head.indexOf('\r\n') + 2, -4).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 2);
    if (name === 'host') headers[':authority'] = value;
    if (hopByHop.test(name)) continue;
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else headers[name] = Array.isArray(known) ? [...known, value] : [known, value];
  }
  return headers;
}

/** Names and values in turn as header lines, without the pseudo-fields. */
function linesOf(raw: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < raw.length; i += 2) if (raw[i]?.startsWith(':') === false) lines += `${raw[i]}: ${raw[i + 1]}\r\n`;
  return lines;
}
