import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { monotonicMs } from '../../base/index.ts';
import type { Engine } from '../vu/engine.ts';
import type { Vu } from '../vu/vu.ts';
import { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { Http2Connection } from './http2.ts';
import type { ConnectionPool, Transport } from './pool.ts';
import type { Target } from './target.ts';

/** What responses tell of TLS. */
export interface TlsInfo {
  /** `tls1.3`. */
  readonly version: string;
  readonly cipher: string;
  /** The server's OCSP staple, as it came (RFC 6960). */
  readonly staple: Buffer | undefined;
}

/** An open link of TLS, with its bytes on the wire. */
export class TlsLink implements TlsInfo {
  readonly socket: TLSSocket;
  readonly version: string;
  readonly cipher: string;
  readonly staple: Buffer | undefined;
  readonly #engine: Engine;
  readonly #wire: Socket;
  #received = 0;
  #sent = 0;

  constructor(engine: Engine, wire: Socket, socket: TLSSocket, staple: Buffer | undefined) {
    this.#engine = engine;
    this.#wire = wire;
    this.socket = socket;
    this.staple = staple;
    this.version = (socket.getProtocol() ?? '').toLowerCase().replace('v', '');
    this.cipher = socket.getCipher().standardName;
  }

  /** Counts the bytes since the last time, encryption and handshake included, as k6 does. */
  count(vu: Vu): void {
    const { bytesRead, bytesWritten } = this.#wire;
    const { http } = this.#engine;
    if (bytesWritten > this.#sent) http.dataSent.add(bytesWritten - this.#sent, vu);
    if (bytesRead > this.#received) http.dataReceived.add(bytesRead - this.#received, vu);
    this.#sent = bytesWritten;
    this.#received = bytesRead;
  }
}

/**
 * A connection over TLS that is being made. Only its end tells whether it is one for many requests (HTTP/2) or for one:
 * until that is known of the origin, other requests of the VU wait with the first.
 */
export class TlsDial implements Transport {
  readonly origin: string;
  readonly #engine: Engine;
  readonly #pool: ConnectionPool;
  readonly #target: Target;
  readonly #wire: Socket;
  readonly #startedAt = monotonicMs();
  #socket: TLSSocket | undefined;
  #staple: Buffer | undefined;
  #waiting: Exchange[] = [];
  #error: Error | undefined;
  #isOver = false;

  constructor(engine: Engine, pool: ConnectionPool, target: Target, localAddress: string | undefined) {
    this.#engine = engine;
    this.#pool = pool;
    this.#target = target;
    this.origin = target.origin;
    this.#wire = engine.network.dial(target, localAddress);
    this.#wire.once('connect', () => this.#secure());
    this.#wire.on('error', (error) => (this.#error ??= error));
    this.#wire.once('close', () => this.#onClose());
  }

  get isIdle(): boolean {
    return !this.#isOver && (this.#waiting.length === 0 || this.#engine.network.protocolOf(this.origin) !== 'http/1.1');
  }

  get remoteAddress(): string | undefined {
    return this.#wire.remoteAddress;
  }

  send(exchange: Exchange): void {
    this.#waiting.push(exchange);
  }

  abandon(exchange: Exchange): void {
    this.#waiting = this.#waiting.filter((each) => each !== exchange);
    if (this.#waiting.length === 0) this.destroy();
  }

  destroy(): void {
    this.#isOver = true;
    this.#pool.forget(this);
    this.#socket?.destroy();
    this.#wire.destroy();
  }

  #secure(): void {
    const connectedAt = monotonicMs();
    const { network } = this.#engine;
    const socket = network.secure(this.#wire, this.#target.host, ['h2', 'http/1.1']);
    this.#socket = socket;
    socket.on('OCSPResponse', (staple: Buffer | null) => (this.#staple = staple ?? undefined));
    socket.on('error', (error) => (this.#error ??= error));
    socket.once('close', () => this.#onClose());
    socket.once('secureConnect', () => {
      if (this.#isOver) return;
      this.#isOver = true;
      const [first] = this.#waiting;
      if (first) {
        first.connectingMs = connectedAt - this.#startedAt;
        first.tlsMs = monotonicMs() - connectedAt;
      }
      this.#handOver(new TlsLink(this.#engine, this.#wire, socket, this.#staple));
    });
  }

  #handOver(link: TlsLink): void {
    const [first, ...others] = this.#waiting;
    const speaksHttp2 = link.socket.alpnProtocol === 'h2';
    this.#engine.network.learnProtocol(this.origin, speaksHttp2 ? 'h2' : 'http/1.1');
    const connection = speaksHttp2
      ? new Http2Connection(this.#engine, this.#pool, this.origin, link)
      : new Connection(this.#engine, this.#pool, this.#target, link);
    this.#pool.replace(this, connection);
    for (const exchange of speaksHttp2 || !first ? this.#waiting : [first]) {
      exchange.connection = connection;
      connection.send(exchange);
    }
    if (!speaksHttp2) for (const exchange of others) exchange.sendAgain();
  }

  #onClose(): void {
    if (this.#isOver) return;
    this.destroy();
    for (const exchange of this.#waiting) exchange.onLost(this.#error, true);
  }
}
