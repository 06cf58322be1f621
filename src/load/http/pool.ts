import type { Engine } from '../vu/engine.ts';
import { localAddressFor } from './addresses.ts';
import { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import type { Target } from './target.ts';
import { TlsDial } from './tls.ts';

/** What carries requests to one origin: a connection, or one that is being made. */
export interface Transport {
  /** `https://host:port`. */
  readonly origin: string;
  /** A request may be handed to it now. */
  readonly isIdle: boolean;
  readonly remoteAddress: string | undefined;
  send(exchange: Exchange): void;
  /** The request is given up. */
  abandon(exchange: Exchange): void;
  /** Stops reading the answer, or goes on; only for answers that are streamed. */
  setFlow?(exchange: Exchange, flows: boolean): void;
  destroy(): void;
}

/** Where requests find what carries them. */
export interface TransportSource {
  idle(target: Target): Transport | undefined;
  connect(target: Target): Transport;
  close(): void;
}

/** The connections of one VU: kept alive between requests; HTTP/1.1 takes one request at a time, HTTP/2 many. */
export class ConnectionPool implements TransportSource {
  readonly #engine: Engine;
  readonly #vuId: number;
  #connections: Transport[] = [];

  constructor(engine: Engine, vuId: number) {
    this.#engine = engine;
    this.#vuId = vuId;
  }

  /** A connection to the origin that waits for work, the one used last first. */
  idle(target: Target): Transport | undefined {
    const connections = this.#connections;
    for (let i = connections.length - 1; i >= 0; i--) {
      const connection = connections[i] as Transport;
      if (connection.isIdle && connection.origin === target.origin) return connection;
    }
    return undefined;
  }

  connect(target: Target): Transport {
    const { options } = this.#engine;
    const local = localAddressFor(this.#vuId, target.host, options.localIPs, options.vusMax);
    const transport = target.isTls ? new TlsDial(this.#engine, this, target, local) : new Connection(this.#engine, this, target, local);
    this.#connections.push(transport);
    return transport;
  }

  /** What was being made stands now, as a connection of its protocol. */
  replace(dial: Transport, connection: Transport): void {
    const at = this.#connections.indexOf(dial);
    if (at >= 0) this.#connections[at] = connection;
  }

  /** Called by a connection that is gone. */
  forget(connection: Transport): void {
    const at = this.#connections.indexOf(connection);
    if (at >= 0) this.#connections.splice(at, 1);
  }

  /** Ends all connections. */
  close(): void {
    const connections = this.#connections;
    this.#connections = [];
    for (const connection of connections) connection.destroy();
  }
}
