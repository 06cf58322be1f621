import type { Engine } from '../vu/engine.ts';
import { localAddressFor } from './addresses.ts';
import { Connection } from './connection.ts';
import type { Target } from './target.ts';

/** The connections of one VU: kept alive between requests, one request on each at a time. */
export class ConnectionPool {
  readonly #engine: Engine;
  readonly #vuId: number;
  #connections: Connection[] = [];

  constructor(engine: Engine, vuId: number) {
    this.#engine = engine;
    this.#vuId = vuId;
  }

  /** A connection to the origin that waits for work, the one used last first. */
  idle(target: Target): Connection | undefined {
    const connections = this.#connections;
    for (let i = connections.length - 1; i >= 0; i--) {
      const connection = connections[i] as Connection;
      if (connection.isIdle && connection.origin === target.origin) return connection;
    }
    return undefined;
  }

  connect(target: Target): Connection {
    const { options } = this.#engine;
    const local = localAddressFor(this.#vuId, target.host, options.localIPs, options.vusMax);
    const connection = new Connection(this.#engine, this, target, local);
    this.#connections.push(connection);
    return connection;
  }

  /** Called by a connection that is gone. */
  forget(connection: Connection): void {
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
