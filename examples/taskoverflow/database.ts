/**
 * The way to PostgreSQL: a pool of connections with a bound on everything that could grow or last.
 *
 *     query ──► waiting   at most `waitingMax`, each at most `statementTimeoutMs`
 *                  │ a connection is free
 *                  ▼
 *               running   ended by the server after `statementTimeoutMs` (its own statement_timeout);
 *                  │      a server that is silent for a second longer is gone, and so are its connections
 *                  ▼
 *               rows, the statement's own error, or DatabaseUnavailable
 */
import postgres from 'postgres';
import type { DatabaseAddress } from './config.ts';

/** The database cannot answer now; trying again later may help. The message is fit for clients, the cause for the log. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  readonly statusCode = 503;
}

export type Parameter = string | number | boolean | null;

export interface PoolStats {
  readonly size: number;
  readonly inUse: number;
  readonly waiting: number;
}

export interface DatabaseOptions {
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  /** How many queries may wait for a connection. */
  readonly waitingMax?: number;
}

/** How long a server may be silent after it should have ended a statement. */
const silenceMs = 1000;
/** Less than 2 s, the shortest time-out of an AWS load balancer's health check, so that it gets our answer with its reason. */
const pingTimeoutMs = 1500;

interface Waiter {
  readonly go: () => void;
  readonly timer: NodeJS.Timeout;
}

export class Database {
  readonly #address: DatabaseAddress;
  readonly #options: Required<DatabaseOptions>;
  readonly #waiting: Waiter[] = [];
  #inUse = 0;
  #ping: Promise<unknown> | undefined;
  #sql: postgres.Sql;

  constructor(address: DatabaseAddress, options: DatabaseOptions) {
    this.#address = address;
    this.#options = { waitingMax: 1000, ...options };
    this.#sql = this.#connect();
  }

  /**
   * Runs one statement, in which `$1`, `$2`, … stand for the parameters. A connection prepares each text once, so use constants.
   *
   * @returns the rows; numbers, booleans and timestamps stay the text that PostgreSQL writes.
   * @throws {DatabaseUnavailable} if nothing answers in time or too many are waiting already.
   * @throws {postgres.PostgresError} if the statement is at fault.
   */
  async query<Row extends readonly (string | null)[]>(text: string, parameters: Parameter[] = []): Promise<Row[]> {
    if (this.#inUse < this.#options.poolSize) this.#inUse++;
    else await this.#turn();
    try {
      const sql = this.#sql;
      return (await this.#answer(sql, sql.unsafe(text, parameters, { prepare: true }).values())) as unknown as Row[];
    } finally {
      const next = this.#waiting.shift();
      if (next) next.go();
      else this.#inUse--;
    }
  }

  /**
   * Resolves if the server answers a query within 1.5 s. It uses a connection beside the pool's, so that a service which is
   * merely busy is not taken for a broken one. Callers at the same time share one query.
   *
   * @throws {DatabaseUnavailable}
   */
  async ping(): Promise<void> {
    const sql = this.#sql;
    this.#ping ??= this.#answer(sql, sql`SELECT 1`).finally(() => (this.#ping = undefined));
    await within(pingTimeoutMs, this.#ping, () => new DatabaseUnavailable('The database did not answer in time'));
  }

  stats(): PoolStats {
    return { size: this.#options.poolSize, inUse: this.#inUse, waiting: this.#waiting.length };
  }

  /** Lets statements end, for as long as one may last, and closes the connections. */
  async close(): Promise<void> {
    await this.#sql.end({ timeout: (this.#options.statementTimeoutMs + silenceMs) / 1000 });
  }

  #connect(): postgres.Sql {
    const { poolSize, statementTimeoutMs } = this.#options;
    return connect(this.#address, { connectionsMax: poolSize + 1, statementTimeoutMs });
  }

  /** Resolves when a connection is handed over by the query that used it. */
  #turn(): Promise<void> {
    const { waitingMax, statementTimeoutMs } = this.#options;
    if (this.#waiting.length >= waitingMax) throw new DatabaseUnavailable('Too many requests are waiting for the database');
    return new Promise((resolve, reject) => {
      const go = (): void => {
        clearTimeout(waiter.timer);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(new DatabaseUnavailable('No connection to the database became free in time'));
      };
      const waiter: Waiter = { go, timer: setTimeout(giveUp, statementTimeoutMs) };
      this.#waiting.push(waiter);
    });
  }

  async #answer<T>(sql: postgres.Sql, pending: PromiseLike<T>): Promise<T> {
    let overdue: NodeJS.Immediate | undefined;
    // If it was this process that stood still, the answer lies in the socket, which is read before an immediate runs.
    const onSilence = (): void => void (overdue = setImmediate(() => this.#replace(sql)));
    const timer = setTimeout(onSilence, this.#options.statementTimeoutMs + silenceMs);
    try {
      return await pending;
    } catch (error) {
      throw toUnavailable(error);
    } finally {
      clearTimeout(timer);
      clearImmediate(overdue);
    }
  }

  /** Leaves a server that has fallen silent (frozen, or cut off without a word): its queries fail, new ones connect anew. */
  #replace(sql: postgres.Sql): void {
    if (sql !== this.#sql) return;
    this.#sql = this.#connect();
    void sql.end({ timeout: 0 });
  }
}

/** All of the driver's settings that matter, so that none comes from its defaults. */
export function connect(address: DatabaseAddress, options: { connectionsMax: number; statementTimeoutMs: number }): postgres.Sql {
  return postgres({
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.user,
    password: () => address.password,
    ssl: address.ssl === 'disable' ? false : address.ssl,
    max: options.connectionsMax,
    connect_timeout: 3,
    idle_timeout: 300,
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, 0.5),
    fetch_types: false,
    types: { text: { to: 25, from: [16, 23, 1114], serialize: String, parse: (text: string) => text } }, // boolean, integer, timestamp
    connection: { application_name: 'taskoverflow', statement_timeout: options.statementTimeoutMs, TimeZone: 'UTC', DateStyle: 'ISO' },
    onnotice: () => undefined,
  });
}

/** Rejects with `onTimeout()` if the promise takes longer; what it comes to afterwards is ignored. */
export async function within<T>(timeoutMs: number, promise: Promise<T>, onTimeout: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => setImmediate(() => reject(onTimeout())), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Whether the same may work a little later: no connection, a server that starts or stops, too many connections, out of time.
 * The first two characters of a code are its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isTransient(error: unknown): boolean {
  // Classes 08, connection exception; 53, insufficient resources; 57, operator intervention.
  if (error instanceof postgres.PostgresError) return /^(?:08|53|57)/.test(error.code);
  // The driver's own errors and the system's have a code (CONNECT_TIMEOUT, ECONNREFUSED, …), bugs have none.
  return error instanceof Error && 'code' in error;
}

/** Ended by the server's statement_timeout, by us after its silence, or before a connection was made. */
const outOfTime = new Set(['57014', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT', 'ETIMEDOUT']);

function toUnavailable(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const refused = error instanceof postgres.PostgresError && code.startsWith('28'); // class 28: invalid authorization
  if (!isTransient(error) && !refused) return error;
  const message = outOfTime.has(code) ? 'The database did not answer in time' : 'The database is not available';
  return new DatabaseUnavailable(message, { cause: error });
}
