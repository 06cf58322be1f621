/**
 * The environment that the service reads, and nothing but it: see README.md for the table.
 * A variable that is empty counts as not set.
 */

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const sslModes = ['disable', 'prefer', 'require', 'verify-full'] as const;

/** Where the database is and who asks; `ssl` has libpq's `sslmode` values and its default. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ssl: (typeof sslModes)[number];
}

export interface Config {
  readonly host: string;
  /** 0 lets the system choose; the log line `listening` tells. */
  readonly port: number;
  readonly database: DatabaseAddress;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly logLevel: LogLevel;
}

/** A bad or missing variable; the message is one line for the operator and never holds the password. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws {ConfigError} on the first variable that is missing or makes no sense. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const logLevel = env['LOG_LEVEL'] || 'info';
  if (!isOneOf(logLevels, logLevel)) throw new ConfigError(`LOG_LEVEL must be one of ${logLevels.join(', ')}, not "${logLevel}"`);
  return {
    host: env['HOST'] || '0.0.0.0',
    port: integer(env, 'PORT', { byDefault: 6400, min: 0, max: 65_535 }),
    database: databaseAddress(env),
    poolSize: integer(env, 'DATABASE_POOL_SIZE', { byDefault: 10, min: 1, max: 1000 }),
    statementTimeoutMs: integer(env, 'DATABASE_STATEMENT_TIMEOUT_MS', { byDefault: 5000, min: 100, max: 60_000 }),
    logLevel,
  };
}

function integer(env: NodeJS.ProcessEnv, name: string, range: { byDefault: number; min: number; max: number }): number {
  const text = env[name];
  if (!text) return range.byDefault;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new ConfigError(`${name} must be a whole number from ${range.min} to ${range.max}, not "${text}"`);
}

function databaseAddress(env: NodeJS.ProcessEnv): DatabaseAddress {
  const name = env['SQLALCHEMY_DATABASE_URI'] ? 'SQLALCHEMY_DATABASE_URI' : 'DATABASE_URL';
  const text = env[name];
  if (!text)
    throw new ConfigError('DATABASE_URL (or SQLALCHEMY_DATABASE_URI) is not set; set it to postgresql://USER:PASSWORD@HOST:PORT/DATABASE');
  return parseDatabaseUrl(name, text);
}

/**
 * `postgresql://user:password@host:port/database?sslmode=…`, percent-encoding decoded. Also `postgres://`, and SQLAlchemy's
 * spelling that names a Python driver, `postgresql+psycopg2://`.
 */
function parseDatabaseUrl(name: string, text: string): DatabaseAddress {
  const expected = 'expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE with special characters of the password percent-encoded';
  if (!/^postgres(ql)?(\+\w+)?:\/\//.test(text) || !URL.canParse(text))
    throw new ConfigError(`${name} is not a PostgreSQL address; ${expected}`);
  const url = new URL(text);
  const ssl = url.searchParams.get('sslmode') ?? 'prefer';
  const unknown = [...url.searchParams.keys()].find((key) => key !== 'sslmode');
  if (unknown !== undefined) throw new ConfigError(`${name} has the parameter "${unknown}"; only sslmode is supported`);
  if (!isOneOf(sslModes, ssl)) throw new ConfigError(`${name} has sslmode "${ssl}"; supported are ${sslModes.join(', ')}`);
  const user = decoded(name, url.username);
  if (!url.hostname || !user) throw new ConfigError(`${name} names no ${user ? 'host' : 'user'}; ${expected}`);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port ? Number(url.port) : 5432,
    database: decoded(name, url.pathname.slice(1)) || user,
    user,
    password: decoded(name, url.password),
    ssl,
  };
}

function decoded(name: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigError(`${name} holds a "%" that is not part of a percent-encoded character; write %25 for it`);
  }
}

function isOneOf<const T extends string>(values: readonly T[], value: string): value is T {
  return (values as readonly string[]).includes(value);
}
