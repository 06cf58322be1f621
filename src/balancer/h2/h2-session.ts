import { constants, performServerHandshake, type ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { ClientConnection } from '../client-connection.ts';
import type { Front, FrontConnection } from '../front.ts';
import { plainAddress } from '../transport.ts';
import { H2StreamTransport, type Peer } from './h2-stream.ts';
import { SESSION_WINDOW_BYTES } from './target-sessions.ts';

const STREAMS_MAX = 128;

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

  drain(): void {
    this.#draining = true;
    if (this.#streams === 0) this.#session.close();
    else this.#session.goaway(constants.NGHTTP2_NO_ERROR);
  }

  close(): void {
    this.#session.destroy();
    this.#front.onClosed(this, true);
  }

  onDeadline(): void {
    this.#session.close();
  }

  #onStreamClosed(): void {
    this.#streams--;
    if (this.#streams > 0) return;
    this.deadlineMs = this.#front.engine.sweeper.deadlineIn(this.#front.keepAliveMs);
    if (this.#draining) this.#session.close();
  }
}
