import { join } from 'node:path';
import { errorMessage, type Clock, type Logger } from '../base/index.ts';
import { startPostgres, type LoopbackNetwork, type PostgresServer } from '../compute/index.ts';
import type { Database, MetricDatum } from '../model/index.ts';
import type { Collection, Store } from '../state/index.ts';

export interface RdsOptions {
  clock: Clock;
  store: Store;
  network: LoopbackNetwork;
  dataDir: string;
  log: Logger;
}

/** RDS: a real PostgreSQL server for each DB instance, on its own loopback address. */
export class Rds {
  readonly #options: RdsOptions;
  readonly #databases: Collection<Database>;
  readonly #servers = new Map<string, PostgresServer>();
  #closing = false;

  constructor(options: RdsOptions) {
    this.#options = options;
    this.#databases = options.store.collection('rds.db-instance');
  }

  /** Resolves when the server answers a query as the master user. */
  async create(asked: Pick<Database, 'identifier' | 'databaseName' | 'username' | 'password' | 'maxConnections'>): Promise<Database> {
    this.#databases.put(asked.identifier, { ...asked, status: 'creating' });
    try {
      return await this.#start(asked.identifier, this.#options.network.lease());
    } catch (error) {
      this.#databases.put(asked.identifier, { ...asked, status: 'failed' });
      throw error;
    }
  }

  async #start(identifier: string, address: string): Promise<Database> {
    const { dataDir, log } = this.#options;
    const database = this.get(identifier);
    const server = await startPostgres({
      dataDir: join(dataDir, 'rds', identifier),
      address,
      port: 5432,
      user: database.username,
      password: database.password,
      database: database.databaseName,
      maxConnections: database.maxConnections,
      log,
    });
    this.#servers.set(identifier, server);
    void server.exited.then(() => this.#onExit(identifier, server));
    return this.#databases.put(identifier, {
      ...database,
      status: 'available',
      address: server.host,
      port: server.port,
      engineVersion: `PostgreSQL ${server.version}`,
    });
  }

  /** A server that ends unasked is started again at its address, as RDS recovers an instance behind its endpoint. */
  #onExit(identifier: string, server: PostgresServer): void {
    if (this.#closing || this.#servers.get(identifier) !== server) return;
    this.#servers.delete(identifier);
    this.#databases.put(identifier, { ...this.get(identifier), status: 'creating' });
    this.#options.log.warn(`database ${identifier} ended unexpectedly; starting it again`);
    void this.#start(identifier, server.host).catch((error: unknown) => {
      this.#databases.put(identifier, { ...this.get(identifier), status: 'failed' });
      this.#options.log.warn(`database ${identifier} could not be started again: ${errorMessage(error)}`);
    });
  }

  get(identifier: string): Database {
    const database = this.#databases.get(identifier);
    if (!database) throw new Error(`no DB instance ${identifier}`);
    return database;
  }

  databases(): Database[] {
    return this.#databases.values();
  }

  /** Use of all running servers since the last call: as AWS/RDS metrics, and their CPU together in percent of one core. */
  async sample(): Promise<{ metrics: MetricDatum[]; cpuPercent: number }> {
    const timestampMs = this.#options.clock.nowMs();
    const metrics: MetricDatum[] = [];
    let cpuPercent = 0;
    for (const [identifier, server] of this.#servers) {
      const usage = await server.usage();
      if (!usage) continue;
      cpuPercent += usage.cpuPercent;
      const dimensions = { DBInstanceIdentifier: identifier };
      metrics.push({ namespace: 'AWS/RDS', name: 'CPUUtilization', dimensions, timestampMs, unit: 'Percent', value: usage.cpuPercent });
    }
    return { metrics, cpuPercent };
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
  }
}
