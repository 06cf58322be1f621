/** The service as a process: its environment, its start beside others, its log, and its end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, get } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from './test-support/postgresServer.ts';
import { type Service, startService } from './test-support/service.ts';

let postgres: PostgresServer;
const services: Service[] = [];

before(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const service of services) service.kill('SIGKILL');
  await Promise.all(services.splice(0).map(({ exited }) => exited));
});
after(() => postgres?.dispose());

function start(env: NodeJS.ProcessEnv): Service {
  const service = startService(env);
  services.push(service);
  return service;
}

/** GET over a given agent, the answer with its body read. */
function request(url: string, agent: Agent, headers: Record<string, string> = {}): Promise<IncomingMessage & { body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve(Object.assign(response, { body })));
    }).on('error', reject);
  });
}

async function untilMetric(url: string, agent: Agent, line: string): Promise<void> {
  while (!(await request(`${url}/metrics`, agent)).body.includes(`\n${line}\n`)) await sleep(10);
}

test('eight instances that start at once on an empty database all serve it', { timeout: 60_000 }, async () => {
  const url = await postgres.createDatabase('crowd');
  const crowd = Array.from({ length: 8 }, () => start({ DATABASE_URL: url, DATABASE_POOL_SIZE: '2' }));
  const addresses = await Promise.all(crowd.map((service) => service.listening()));
  for (const [i, address] of addresses.entries()) {
    const body = JSON.stringify({ title: `by instance ${i}` });
    const { status } = await fetch(`${address}/api/v1/todos`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal(status, 201);
  }
  const seen = await Promise.all(addresses.map(async (address) => (await fetch(`${address}/api/v1/todos`)).json()));
  for (const list of seen) assert.equal((list as unknown[]).length, 8);
  const applied = await postgres.query('crowd', 'SELECT version FROM taskoverflow_migrations ORDER BY version');
  assert.deepEqual(
    applied.map(({ version }) => version),
    [1, 2],
  );
  for (const service of crowd) service.kill('SIGTERM');
  assert.deepEqual(new Set((await Promise.all(crowd.map(({ exited }) => exited))).map(({ code }) => code)), new Set([0]));
});

test('SIGTERM: no new connections, idle ones closed, requests in flight answered, exit 0', { timeout: 60_000 }, async () => {
  const service = start({ SQLALCHEMY_DATABASE_URI: await postgres.createDatabase('stopping'), DATABASE_STATEMENT_TIMEOUT_MS: '30000' });
  const url = await service.listening();
  const agent = new Agent({ keepAlive: true });
  const { port } = new URL(url);
  const unused = connect(Number(port), '127.0.0.1');
  await once(unused, 'connect');
  unused.resume();

  const unlock = await postgres.lock('stopping', 'todos');
  const slow = request(`${url}/api/v1/todos`, new Agent({ keepAlive: true }));
  await untilMetric(url, agent, 'taskoverflow_database_pool_in_use 1');
  const idle = Object.values(agent.freeSockets).flat()[0];
  assert.ok(idle);
  const closed = Promise.all([once(idle, 'close'), once(unused, 'close')]);

  service.kill('SIGTERM');
  await service.logged(({ msg }) => msg === 'stopping');
  await closed;
  await assert.rejects(fetch(`${url}/api/v1/health`), ({ cause }: Error) => (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED');
  await unlock();
  const { statusCode, headers, body } = await slow;
  assert.deepEqual([statusCode, headers.connection, body], [200, 'close', '[]']);
  assert.deepEqual(await service.exited, { code: 0, stderr: '' });
  await service.logged(({ msg }) => msg === 'stopped');
  agent.destroy();
});

test('SIGTERM ends a start that still waits for the database, too', { timeout: 60_000 }, async () => {
  const service = start({ DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/d' });
  const line = await service.logged(({ msg }) => msg === 'waiting for the database');
  assert.equal(line.level, 'warn');
  service.kill('SIGTERM');
  assert.deepEqual(await service.exited, { code: 0, stderr: '' });
});

test('each request leaves one line of JSON with the id from X-Amzn-Trace-Id; health checks leave none', { timeout: 60_000 }, async () => {
  const service = start({ DATABASE_URL: await postgres.createDatabase('logging') });
  const url = await service.listening();
  await fetch(`${url}/api/v1/health`);
  await fetch(`${url}/api/v1/todos?completed=true`, { headers: { 'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678' } });
  const line = await service.logged(({ msg }) => msg === 'request');
  const { time, durationMs, ...rest } = line;
  assert.deepEqual(rest, {
    level: 'info',
    service: 'taskoverflow',
    requestId: '1-67891233-abcdef012345678912345678',
    method: 'GET',
    url: '/api/v1/todos?completed=true',
    status: 200,
    msg: 'request',
  });
  assert.ok(Math.abs(Date.parse(time as string) - Date.now()) < 60_000);
  assert.equal(typeof durationMs, 'number');
});

test('an answer of 5xx leaves its reason in the log', { timeout: 60_000 }, async () => {
  const service = start({ DATABASE_URL: await postgres.createDatabase('failing') });
  const url = await service.listening();
  await postgres.query('failing', 'DROP TABLE todos');
  const broken = await fetch(`${url}/api/v1/todos`);
  assert.deepEqual([broken.status, await broken.json()], [500, { error: 'Internal server error' }]);
  const fault = await service.logged(({ status }) => status === 500);
  assert.match(JSON.stringify(fault['err']), /relation \\"todos\\" does not exist/);

  await postgres.stop();
  assert.equal((await fetch(`${url}/api/v1/todos`)).status, 503);
  const away = await service.logged(({ status }) => status === 503);
  assert.deepEqual([away.level, away['reason']], ['error', 'The database is not available']);
  assert.match(String(away['cause']), /ECONNREFUSED|terminating connection/);
  await postgres.start();
});

test('idle connections outlive those of a load balancer', { timeout: 60_000 }, async () => {
  const service = start({ DATABASE_URL: await postgres.createDatabase('idle') });
  const agent = new Agent({ keepAlive: true });
  const { headers } = await request(`${await service.listening()}/`, agent);
  assert.ok(Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))?.[1]) > 60, String(headers['keep-alive']));
  agent.destroy();
});

test('what is not HTTP is answered with 400 in the same form', { timeout: 60_000 }, async () => {
  const service = start({ DATABASE_URL: await postgres.createDatabase('garbage') });
  const { port } = new URL(await service.listening());
  const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
  let answer = '';
  socket.on('data', (text: string) => (answer += text));
  socket.write('nonsense\r\n\r\n');
  await once(socket, 'close');
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(answer, /\r\n\r\n\{"error":"[^"]+"\}$/);
});

test('bad variables, a database that refuses, an address in use: one line and an exit code of its own', { timeout: 60_000 }, async () => {
  const url = await postgres.createDatabase('refusing');
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const cases: [env: NodeJS.ProcessEnv, code: number, line: RegExp][] = [
    [{}, 2, /^taskoverflow: DATABASE_URL .* is not set/],
    [{ DATABASE_URL: url, PORT: 'http' }, 2, /^taskoverflow: PORT must be/],
    [{ DATABASE_URL: url.replace(/postgres:.*@/, 'postgres:wrong@') }, 3, /^taskoverflow: the database .* cannot be used: password/],
    [{ DATABASE_URL: url, PORT: String(port) }, 4, /^taskoverflow: cannot listen on 127\.0\.0\.1 port \d+: .*EADDRINUSE/],
    // Only the address tells where the database is, not the variables of libpq, which the driver knows.
    [{ DATABASE_URL: url.replace(/:[^:]*@/, '@'), PGPASSWORD: decodeURIComponent(new URL(url).password) }, 3, /cannot be used: password/],
  ];
  for (const [env, code, line] of cases) {
    const exit = await start(env).exited;
    assert.equal(exit.code, code, exit.stderr);
    assert.match(exit.stderr, line);
    assert.equal(exit.stderr.indexOf('\n'), exit.stderr.length - 1, 'one line');
  }
  taken.close();
});
