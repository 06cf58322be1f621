import { parseDurationMs } from '../../base/index.ts';

/** Where a Redis server is and how to speak to it. */
export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly ca?: readonly string[]; readonly cert?: string; readonly key?: string } | undefined;
  readonly username: string;
  readonly password: string;
  readonly database: number;
  readonly clientName: string;
  readonly dialTimeoutMs: number;
  readonly readTimeoutMs: number;
}

/** Of the client library that k6 has. */
const DIAL_TIMEOUT_MS = 5000;
const READ_TIMEOUT_MS = 3000;

/** They tune a pool of connections and its attempts; a client here has one connection. */
const POOL_NAMES = ['writeTimeout', 'poolSize', 'minIdleConns', 'maxConnAge', 'poolTimeout', 'idleTimeout', 'idleCheckFrequency'];
const RETRY_NAMES = ['maxRetries', 'minRetryBackoff', 'maxRetryBackoff'];
const URL_POOL_NAMES =
  /^(?:max_retries|(?:min|max)_retry_backoff|write_timeout|pool_(?:size|timeout|fifo)|(?:min|max)_idle_conns|conn_max_.+|max_conn_age|idle_.+)$/;

/** Reads what `new redis.Client()` is given: a URL, or `{ socket, username, password, clientName, database }`. Throws. */
export function readRedisOptions(value: unknown): RedisOptions {
  if (typeof value !== 'string' && (typeof value !== 'object' || value === null))
    throw new Error(`invalid options type: ${value === undefined || value === null ? '<nil>' : typeof value}; expected string or object`);
  try {
    return typeof value === 'string' ? fromUrl(value) : fromObject(value as Record<string, unknown>);
  } catch (error) {
    throw new Error(`invalid options; reason: ${(error as Error).message}`, { cause: error });
  }
}

function fromUrl(text: string): RedisOptions {
  const scheme = /^([a-z]*):/i.exec(text)?.[1] ?? '';
  if (scheme !== 'redis' && scheme !== 'rediss') throw new Error(`redis: invalid URL scheme: ${scheme}`);
  const url = new URL(text);
  const query = url.searchParams;
  for (const name of query.keys())
    if (!/^(?:db|client_name|dial_timeout|read_timeout|protocol)$/.test(name) && !URL_POOL_NAMES.test(name))
      throw new Error(`redis: unexpected option: ${name}`);
  const database = query.get('db') ?? url.pathname.replace(/^\//, '');
  if (!/^\d*$/.test(database)) throw new Error(`redis: invalid database number: ${JSON.stringify(database)}`);
  const timeout = (name: string, otherwise: number): number => parseDurationMs(query.get(name) ?? '') ?? otherwise;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: url.port === '' ? 6379 : Number(url.port),
    tls: scheme === 'rediss' ? {} : undefined,
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: Number(database),
    clientName: query.get('client_name') ?? '',
    dialTimeoutMs: timeout('dial_timeout', DIAL_TIMEOUT_MS),
    readTimeoutMs: timeout('read_timeout', READ_TIMEOUT_MS),
  };
}

function fromObject(options: Record<string, unknown>): RedisOptions {
  const { cluster, masterName, socket } = options;
  if (cluster !== undefined || masterName !== undefined)
    throw new Error('clusters and sentinels of Redis are not supported, name one server');
  knowAll(options, ['socket', 'username', 'password', 'clientName', 'database', ...RETRY_NAMES]);
  if (typeof socket !== 'object' || socket === null) throw new Error('empty socket options');
  knowAll(socket, ['host', 'port', 'tls', 'dialTimeout', 'readTimeout', ...POOL_NAMES]);
  const { host, port, tls, dialTimeout, readTimeout } = socket as Record<string, unknown>;
  if (tls !== undefined) knowAll(tls as object, ['ca', 'cert', 'key']);
  const text = (name: string): string => (typeof options[name] === 'string' ? options[name] : '');
  return {
    host: typeof host === 'string' && host !== '' ? host : 'localhost',
    port: Number(port ?? 0),
    tls: tls as RedisOptions['tls'],
    username: text('username'),
    password: text('password'),
    database: Number(options['database'] ?? 0),
    clientName: text('clientName'),
    dialTimeoutMs: Number(dialTimeout ?? 0) || DIAL_TIMEOUT_MS,
    readTimeoutMs: Number(readTimeout ?? 0) || READ_TIMEOUT_MS,
  };
}

function knowAll(given: object, names: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`unknown field ${JSON.stringify(unknown)}`);
}
