import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from './config.ts';

const url = 'postgresql://todo:secret@db.example:6543/todos';

function refusal(env: NodeJS.ProcessEnv): string {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.doesNotMatch(error.message, /\n|hunter2/, 'one line, without the password');
    return error.message;
  }
  return assert.fail('was not refused');
}

test('an address of the database is all that it needs', () => {
  assert.deepEqual(readConfig({ DATABASE_URL: url }), {
    host: '0.0.0.0',
    port: 6400,
    database: { host: 'db.example', port: 6543, database: 'todos', user: 'todo', password: 'secret', ssl: 'prefer' },
    poolSize: 10,
    statementTimeoutMs: 5000,
    logLevel: 'info',
  });
});

test('everything can be set; an empty variable counts as not set', () => {
  const env = {
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: '',
    SQLALCHEMY_DATABASE_URI: url,
    DATABASE_POOL_SIZE: '3',
    DATABASE_STATEMENT_TIMEOUT_MS: '',
    LOG_LEVEL: 'silent',
  };
  const { host, port, poolSize, statementTimeoutMs, logLevel } = readConfig(env);
  assert.deepEqual(
    { host, port, poolSize, statementTimeoutMs, logLevel },
    {
      host: '127.0.0.1',
      port: 0,
      poolSize: 3,
      statementTimeoutMs: 5000,
      logLevel: 'silent',
    },
  );
});

test('SQLALCHEMY_DATABASE_URI goes before DATABASE_URL', () => {
  const env = { DATABASE_URL: 'postgresql://u@other/x', SQLALCHEMY_DATABASE_URI: url };
  assert.equal(readConfig(env).database.host, 'db.example');
});

test('addresses in every spelling that is in use', () => {
  const parse = (text: string): unknown => readConfig({ DATABASE_URL: text }).database;
  const base = { host: 'h', port: 5432, database: 'd', user: 'u', password: '', ssl: 'prefer' };
  assert.deepEqual(parse('postgres://u@h/d'), base);
  assert.deepEqual(parse('postgresql+psycopg2://u@h/d'), base);
  assert.deepEqual(parse('postgresql://u@h'), { ...base, database: 'u' });
  assert.deepEqual(parse('postgresql://u@h/d?sslmode=verify-full'), { ...base, ssl: 'verify-full' });
  assert.deepEqual(parse('postgresql://u@[::1]:1/d'), { ...base, host: '::1', port: 1 });
  assert.deepEqual(parse('postgresql://us%40er:p%40ss%3Aw%2Frd%25%3F%23@h/d%20b'), {
    ...base,
    user: 'us@er',
    password: 'p@ss:w/rd%?#',
    database: 'd b',
  });
});

test('what makes no sense is refused with the name of the variable', () => {
  assert.match(refusal({}), /^DATABASE_URL .*is not set/);
  assert.match(refusal({ DATABASE_URL: 'mysql://u:hunter2@h/d' }), /^DATABASE_URL is not a PostgreSQL address/);
  assert.match(refusal({ SQLALCHEMY_DATABASE_URI: 'postgresql://u:hunter2/@h/d' }), /^SQLALCHEMY_DATABASE_URI is not/);
  assert.match(refusal({ DATABASE_URL: 'postgresql://u:hunter2%@h/d' }), /%25/);
  assert.match(refusal({ DATABASE_URL: 'postgresql://h/d' }), /names no user/);
  assert.match(refusal({ DATABASE_URL: `${url}?sslmode=maybe` }), /sslmode "maybe"/);
  assert.match(refusal({ DATABASE_URL: `${url}?sslrootcert=x` }), /"sslrootcert"/);
  for (const PORT of ['http', '-1', '65536', '80.5', '1e3']) assert.match(refusal({ DATABASE_URL: url, PORT }), /^PORT /);
  assert.match(refusal({ DATABASE_URL: url, DATABASE_POOL_SIZE: '0' }), /^DATABASE_POOL_SIZE .* 1 to 1000/);
  assert.match(refusal({ DATABASE_URL: url, DATABASE_STATEMENT_TIMEOUT_MS: '5s' }), /^DATABASE_STATEMENT_TIMEOUT_MS /);
  assert.match(refusal({ DATABASE_URL: url, LOG_LEVEL: 'loud' }), /^LOG_LEVEL .*debug/);
});
