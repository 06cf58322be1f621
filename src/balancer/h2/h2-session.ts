import { constants, performServerHandshake, type ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { ClientConnection } from '../client/client-connection.ts';
import type { Front, FrontConnection } from '../client/front.ts';
import { plainAddress, tlsFacts } from '../transport/transport.ts';
import { H2StreamTransport, type Peer } from './h2-stream.ts';
import { SESSION_WINDOW_BYTES } from './target-sessions.ts';

const STREAMS_MAX = 128;
const STREAM_ID_MAX = 2 ** 31 - 1;
/** After the last answer of a connection that is to end: time for the client to see that it is. */
const DRAIN_IDLE_MS = 1_000;

/**
 * A client's HTTP/2 connection. Each of its streams is served as an HTTP/1.1 connection of one request, so that there
 * is one reading of rules, limits, headers and retries for both versions. Bounds against floods: at most 128 streams
 * at once, resets beyond a small rate end the session (CVE-2023-44487), heads of at most 64 KB and 256 fields.
 */
export class H2Session implements FrontConnection {
  deadlineMs: number;
  readonly #front: Front;
  readonly #session: ServerHttp2Session;
  readonly #peer: Peer;
  #streams = 0;
  #draining = false;

  constructor(front: Front, socket: TLSSocket) {
    this.#front = front;
    this.deadlineMs = front.engine.sweeper.deadlineIn(front.idleTimeoutMs);
    this.#front = front;
    this.#peer = {
      remoteAddress: plainAddress(socket.remoteAddress ?? ''),
      remotePort: socket.remotePort ?? 0,
      localAddress: plainAddress(socket.localAddress ?? ''),
      localPort: socket.localPort ?? 0,
      tls: tlsFacts(socket),
    };
    this.#session = performServerHandshake(socket, {
      settings: { maxConcurrentStreams: STREAMS_MAX, maxHeaderListSize: 65_536, enablePush: false },
      maxHeaderListPairs: 256,
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
      streamResetBurst: 200,
      streamResetRate: 33,
    });
  }

  /** Begins to serve. */
  start(): void {
    const front = this.#front;
    this.#session.on('stream', (stream, _headers, flags, rawHeaders) => {
      const transport = new H2StreamTransport(stream, this.#peer);
      const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      this.#streams++;
      this.deadlineMs = Number.POSITIVE_INFINITY;
      stream.once('close', () => this.#onStreamClosed());
      transport.owner = new ClientConnection(front, transport, false);
      transport.begin(rawHeaders, ended);
    });
    this.#session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    this.#session.on('error', () => this.close());
    this.#session.on('close', () => front.onClosed(this, true));
    front.onOpen(this, true);
  }

  // RFC 9113 section 6.8: with this number no stream that is on its way is turned away; then the client makes no more.
  drain(): void {
    this.#draining = true;
    if (!this.#session.destroyed) this.#session.goaway(constants.NGHTTP2_NO_ERROR, STREAM_ID_MAX);
    if (this.#streams === 0) this.deadlineMs = this.#front.engine.sweeper.deadlineIn(DRAIN_IDLE_MS);
  }

  close(): void {
    this.#session.destroy();
    this.#front.onClosed(this, true);
  }

  // Not a request is in flight; half a head may be, which an orderly close would wait for.
  onDeadline(): void {
    this.close();
  }

  #onStreamClosed(): void {
    this.#streams--;
    if (this.#streams > 0) return;
    this.deadlineMs = this.#front.engine.sweeper.deadlineIn(this.#draining ? DRAIN_IDLE_MS : this.#front.keepAliveMs);
  }
}
