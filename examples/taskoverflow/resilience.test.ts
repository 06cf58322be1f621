/** What the service answers while its database is slow, silent or away, and that it recovers without a restart. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from './config.ts';
import { DatabaseNotReady, prepareDatabase } from './startup.ts';
import { type TestApp, silentLog, startApp } from './test-support/app.ts';
import { type PostgresServer, startPostgres } from './test-support/postgresServer.ts';

const poolSize = 2;
const waitingMax = 3;

let postgres: PostgresServer;
let url: string;
/** Ends statements after 0.4 s. */
let app: TestApp;
/** Has the default of 5 s. */
let patient: TestApp;

before(async () => {
  postgres = await startPostgres();
  url = await postgres.createDatabase('resilience');
  app = await startApp(url, { statementTimeoutMs: 400 });
  patient = await startApp(url, { poolSize, waitingMax });
});
afterEach(() => postgres.thaw());
after(async () => {
  await app?.close();
  await patient?.close();
  await postgres?.dispose();
});

async function status(path: string): Promise<number> {
  return (await app.call('GET', path)).status;
}

/** Resolves when the path is answered with 200; the runner's time-out is what ends a wait in vain. */
async function untilOk(path: string): Promise<void> {
  while ((await status(path)) !== 200) await sleep(20);
}

test('a statement that takes too long is ended and answered with 503', async () => {
  const unlock = await postgres.lock('resilience', 'todos');
  const { status, json, headers } = await app.call('GET', '/todos');
  await unlock();
  assert.deepEqual([status, json, headers['retry-after']], [503, { error: 'The database did not answer in time' }, '1']);
  await untilOk('/todos');
});

test('a busy pool makes queries wait, a full queue is told at once, and health does not suffer', async () => {
  const { database } = patient;
  const unlock = await postgres.lock('resilience', 'todos');
  const accepted = Array.from({ length: poolSize + waitingMax }, () => patient.call('POST', '/todos', { title: 'x' }));
  while (database.stats().waiting < waitingMax) await sleep(1);
  assert.deepEqual(database.stats(), { size: poolSize, inUse: poolSize, waiting: waitingMax });
  const refused = await patient.call('GET', '/todos');
  assert.deepEqual([refused.status, refused.json], [503, { error: 'Too many requests are waiting for the database' }]);
  assert.equal((await patient.call('GET', '/health')).status, 200);
  await unlock();
  const statuses = (await Promise.all(accepted)).map((answer) => answer.status);
  assert.deepEqual(statuses, [201, 201, 201, 201, 201]);
  assert.deepEqual(database.stats(), { size: poolSize, inUse: 0, waiting: 0 });
});

test('a query that waits too long for a connection is given up', async () => {
  const small = await startApp(url, { poolSize: 1, statementTimeoutMs: 400 });
  const unlock = await postgres.lock('resilience', 'todos');
  const answers = await Promise.all([small.call('GET', '/todos'), small.call('GET', '/todos'), small.call('GET', '/todos')]);
  await unlock();
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([503]));
  while (small.database.stats().inUse > 0) await sleep(1);
  assert.deepEqual(small.database.stats(), { size: 1, inUse: 0, waiting: 0 });
  await small.close();
});

test('health is answered while a frozen database still keeps queries waiting', { timeout: 30_000 }, async () => {
  await patient.call('GET', '/health');
  postgres.freeze();
  const order: string[] = [];
  const list = patient.call('GET', '/todos').then(({ status }) => order.push(`todos ${status}`));
  const health = patient.call('GET', '/health').then(({ status, json }) => order.push(`health ${status} ${JSON.stringify(json)}`));
  await health;
  postgres.thaw();
  await list;
  assert.deepEqual(order, ['health 503 {"error":"The database did not answer in time"}', 'todos 200']);
  assert.equal((await patient.call('GET', '/health')).status, 200);
});

test('a frozen database is given up, answered for with 503, and used again when it thaws', { timeout: 30_000 }, async () => {
  await untilOk('/todos');
  postgres.freeze();
  const paths = ['/health', '/health', '/todos', '/todos'];
  for (const { status, json } of await Promise.all(paths.map((path) => app.call('GET', path)))) {
    assert.deepEqual([status, json], [503, { error: 'The database did not answer in time' }]);
  }
  // The system accepts new connections on behalf of the frozen server, and then nothing is said on them.
  assert.equal(await status('/todos'), 503);
  assert.equal(await status('/health'), 503);
  postgres.thaw();
  await untilOk('/health');
  await untilOk('/todos');
  assert.equal(app.database.stats().inUse, 0);
});

test('a database that shuts down is answered for with 503, and used again when it is back', { timeout: 30_000 }, async () => {
  await untilOk('/todos');
  await postgres.stop();
  const health = await app.call('GET', '/health');
  assert.deepEqual([health.status, health.json], [503, { error: 'The database is not available' }]);
  assert.equal(await status('/todos'), 503);
  await postgres.start();
  await untilOk('/health');
  await untilOk('/todos');
});

test('a start waits for a database that is not there yet', { timeout: 30_000 }, async () => {
  await postgres.stop();
  const prepared = prepare(url);
  await sleep(300);
  await postgres.start();
  await prepared;
});

test('a start does not wait for ever', { timeout: 30_000 }, async () => {
  await assert.rejects(
    prepare('postgresql://u:p@127.0.0.1:1/d', 300),
    refusal(/^the database 127\.0\.0\.1:1\/d was not reachable within 0\.3 s: .*ECONNREFUSED/),
  );
  postgres.freeze();
  await assert.rejects(prepare(url, 300), refusal(/was not reachable within 0\.3 s: it does not answer/));
});

test('a start does not wait for what waiting does not mend', { timeout: 30_000 }, async () => {
  await assert.rejects(prepare(url.replace(/postgres:.*@/, 'postgres:wrong@')), refusal(/cannot be used: password authentication failed/));
  await assert.rejects(prepare(postgres.url('nowhere')), refusal(/cannot be used: database "nowhere" does not exist/));
});

function prepare(text: string, waitMs = 60_000): Promise<void> {
  const { database } = readConfig({ DATABASE_URL: text });
  return prepareDatabase(database, { log: silentLog, waitMs });
}

function refusal(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof DatabaseNotReady && message.test(error.message);
}
