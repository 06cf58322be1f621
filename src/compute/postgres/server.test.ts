import assert from 'node:assert/strict';
import { chownSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import connect from 'postgres';
import { claimLoopbackNetwork, type LoopbackNetwork } from '../network.ts';
import { findSetpriv } from '../process/launch.ts';
import { isAlive, makeTestFolder } from '../test-support/leftovers.ts';
import { freePort } from '../test-support/freePort.ts';
import { until } from '../test-support/driverSuite.ts';
import { chooseAccount } from './account.ts';
import { findPostgres } from './binaries.ts';
import { startPostgres, type PostgresExit, type PostgresOptions, type PostgresServer } from './server.ts';

describe('PostgreSQL server', () => {
  let network: LoopbackNetwork;
  const folder = makeTestFolder();
  const exits: PostgresExit[] = [];
  let options: PostgresOptions;

  before(async () => {
    network = await claimLoopbackNetwork();
    options = {
      dataDir: join(folder.path, 'db'),
      address: network.lease(),
      port: await freePort(),
      user: 'app user',
      password: 'p@ss:word/ é',
      database: 'todo-list',
      maxConnections: 17,
      durable: false,
      onExit: (exit) => exits.push(exit),
    };
  });
  after(async () => {
    await network.close();
    folder.remove();
  });

  const query = async (server: PostgresServer, text: string): Promise<unknown[]> => {
    const sql = connect(server.uri, { max: 1, onnotice: () => undefined });
    try {
      return [...(await sql.unsafe(text).values())].flat();
    } finally {
      await sql.end({ timeout: 0 });
    }
  };

  test('the master user gets another password, whatever stands in it, and the old one ends', async () => {
    const server = await startPostgres({ ...options, onExit: () => undefined });
    const before = server.uri;
    const password = "it's \\ n€w; --";
    await server.changePassword(password);
    assert.deepEqual(await query(server, 'select 1'), [1]);
    const old = connect(before, { max: 1, onnotice: () => undefined });
    await assert.rejects(old`select 1`, { code: '28P01' });
    await old.end({ timeout: 0 });
    await server.changePassword(options.password);
    await server.stop();
  });

  test('it starts as asked and keeps what was written over a stop and a start', async () => {
    const server = await startPostgres(options);
    assert.match(server.version, /^\d+\.\d+/);
    assert.deepEqual(await query(server, "select current_database(), current_user, current_setting('max_connections')"), [
      'todo-list',
      'app user',
      '17',
    ]);
    await query(server, "create table note (text text); insert into note values ('kept ☃')");
    const usage = await server.usage();
    assert.ok(usage.memoryBytes > 1_000_000);
    assert.ok(usage.cpuPercent >= 0);
    await server.stop();
    assert.equal(isAlive(server.pid), false);
    assert.deepEqual(
      exits.map(({ code, expected }) => ({ code, expected })),
      [{ code: 0, expected: true }],
    );

    const again = await startPostgres(options);
    assert.deepEqual(await query(again, 'select text from note'), ['kept ☃']);
    await again.stop();
    assert.deepEqual(readdirSync(options.dataDir), ['cluster']);
  });

  test('stop cuts the sessions of clients that stay', async () => {
    const server = await startPostgres(options);
    const sql = connect(server.uri, { max: 1 });
    const sleeping = assert.rejects(Promise.resolve(sql`select pg_sleep(600)`));
    await until(async () =>
      (await query(server, "select 1 from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()")).length > 0
        ? true
        : undefined,
    );
    await server.stop();
    await sleeping;
    await sql.end({ timeout: 0 });
    assert.equal((await server.exited).code, 0);
  });

  test('a crash is told, and the next start recovers what was committed', async () => {
    const durable = { ...options, durable: true };
    const server = await startPostgres(durable);
    await query(server, "insert into note values ('committed')");
    process.kill(server.pid, 'SIGKILL');
    const exit = await server.exited;
    assert.equal(exit.signal, 'SIGKILL');
    assert.equal(exit.expected, false);
    const again = await startPostgres(durable);
    assert.deepEqual(await query(again, "select text from note where text = 'committed'"), ['committed']);
    again.kill();
    assert.equal((await again.exited).expected, true);
  });

  test('a lock file whose number belongs to another process now is no obstacle', { skip: process.platform !== 'linux' }, async () => {
    const lockFile = join(options.dataDir, 'cluster', 'postmaster.pid');
    writeFileSync(lockFile, `${process.pid}\n${join(options.dataDir, 'cluster')}\n0\n5432\n\n\n`);
    await (await startPostgres(options)).stop();
  });

  test('a wrong password is refused, by the server to clients and by the start when it does not fit the data', async () => {
    const server = await startPostgres(options);
    const sql = connect(server.uri, { max: 1, password: 'wrong' });
    await assert.rejects(Promise.resolve(sql`select 1`), { code: '28P01' });
    await sql.end({ timeout: 0 });
    await server.stop();
    await assert.rejects(startPostgres({ ...options, password: 'other' }), { code: 'PL_COMPUTE_POSTGRES_LOGIN' });
  });

  test('it listens on its own address only', async () => {
    const server = await startPostgres(options);
    const other = createServer().listen({ host: network.lease(), port: options.port });
    await once(other, 'listening');
    other.close();
    await server.stop();
  });

  test('a busy port and data in use are told before anything is started', async () => {
    const server = await startPostgres(options);
    await assert.rejects(startPostgres({ ...options, address: network.lease() }), (error: Error) => {
      assert.match(error.message, new RegExp(`process ${server.pid}`));
      return 'code' in error && error.code === 'PL_COMPUTE_POSTGRES_DATA_IN_USE';
    });
    const elsewhere = { ...options, dataDir: join(folder.path, 'second') };
    await assert.rejects(startPostgres(elsewhere), { code: 'PL_COMPUTE_POSTGRES_PORT' });
    await assert.rejects(startPostgres({ ...elsewhere, address: '203.0.113.1' }), { code: 'PL_COMPUTE_POSTGRES_PORT' });
    await server.stop();
  });

  test('a start that fails says what the server said', async () => {
    const file = join(options.dataDir, 'cluster', 'postgresql.conf');
    const good = readFileSync(file);
    writeFileSync(file, `${good.toString()}\nno_such_setting = 1\n`);
    await assert.rejects(
      startPostgres(options),
      (error: Error) => /no_such_setting/.test(error.message) && 'code' in error && error.code === 'PL_COMPUTE_POSTGRES_START',
    );
    writeFileSync(file, good);
  });

  test('root runs the data of a normal user as that user', { skip: process.getuid?.() !== 0 }, async () => {
    const dataDir = join(folder.path, 'theirs');
    await (await startPostgres({ ...options, dataDir })).stop();
    chownAll(dataDir, 65534);
    const server = await startPostgres({ ...options, dataDir });
    assert.deepEqual(await query(server, 'select 1'), [1]);
    await server.stop();
    assert.equal(statSync(join(dataDir, 'cluster', 'PG_VERSION')).uid, 65534);
  });

  test('data below a folder that is closed to others works for root', async (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('only root changes its user');
      return;
    }
    const closed = join(folder.path, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const binaries = findPostgres();
    const setpriv = await findSetpriv();
    assert.throws(() => chooseAccount(closed, [closed], undefined), { code: 'PL_COMPUTE_POSTGRES_FOLDER', where: folder.path });
    const account = (() => {
      try {
        return chooseAccount(closed, [join(closed, 'db')], setpriv);
      } catch {
        return undefined;
      }
    })();
    if (account === undefined) {
      t.skip('this container may not hand on the right to pass folders');
      return;
    }
    assert.equal(account.readAll, true);
    // The programs too, as when the package itself lies in /root.
    const copy = join(closed, 'native');
    cpSync(binaries.folder, copy, { recursive: true, verbatimSymlinks: true });
    const server = await startPostgres({ ...options, dataDir: join(closed, 'db'), programs: copy });
    assert.deepEqual(await query(server, 'select 1'), [1]);
    await server.stop();
  });
});

function chownAll(folder: string, uid: number): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) chownSync(join(folder, name), uid, uid);
}

test('programs that are not installed are told with what to run', () => {
  assert.throws(
    () => findPostgres('file:///nonexistent/module.js'),
    (error: Error) => /npm install/.test(error.message) && 'code' in error && error.code === 'PL_COMPUTE_POSTGRES_MISSING',
  );
});
