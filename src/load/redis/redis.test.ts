import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { systemClock } from '../../base/index.ts';
import { runScript, scriptRunner, type ScriptResult } from '../testkit.ts';
import { ReplyReader } from './resp.ts';

const run = scriptRunner();
let fake: Server;
let port = 0;
/** What the server was asked for, by connection. */
const asked: string[][] = [];

/** What the server answers: by the whole command, else by its name. */
const answers: Readonly<Record<string, string>> = {
  'AUTH ann secret': '+OK\r\n',
  AUTH: '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
  CLIENT: '+OK\r\n',
  SELECT: '+OK\r\n',
  SET: '+OK\r\n',
  'GET a': '$3\r\nä!\r\n',
  GET: '$-1\r\n',
  EXPIRE: ':1\r\n',
  PERSIST: ':0\r\n',
  HGETALL: '*4\r\n$1\r\nf\r\n$1\r\n2\r\n$1\r\ng\r\n$1\r\n3\r\n',
  MGET: '*2\r\n$1\r\nx\r\n$-1\r\n',
  SCAN: '*2\r\n$1\r\n0\r\n*1\r\n$1\r\nh\r\n',
  LLEN: '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  SADD: ':2\r\n',
  SPOP: '$6\r\nuser-7\r\n',
  HINCRBY: ':1\r\n',
  'HGETALL logins': '*2\r\n$6\r\nuser-7\r\n$1\r\n1\r\n',
  DEL: ':2\r\n',
};

before(async () => {
  fake = createServer((socket: Socket) => {
    const commands: string[] = [];
    asked.push(commands);
    socket.on('error', () => undefined);
    const reader = new ReplyReader((command) => {
      const text = (command as string[]).join(' ');
      commands.push(text);
      const name = (text.split(' ', 1)[0] as string).toUpperCase();
      if (name === 'HANG' || socket.writableEnded) return;
      if (name === 'QUIT') socket.end();
      else if (name === 'RUBBISH') socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      // In two pieces: an answer does not come in one.
      else for (const part of (answers[text] ?? answers[name] ?? '-ERR unknown command\r\n').split(/(?<=^..)/)) socket.write(part);
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
  });
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
  ({ port } = fake.address() as AddressInfo);
});

after(() => new Promise((resolve) => fake.close(resolve)));

const script = (body: string): string => `import redis from 'k6/experimental/redis';
  const client = new redis.Client(__ENV.REDIS);
  const show = async (promise) => { try { console.log(JSON.stringify(await promise)); } catch (error) { console.log(String(error)); } };
  export default async function () { ${body} }`;

const logged = ({ lines }: ScriptResult): string[] => lines.map(({ message }) => message);

test('commands, answers of all kinds, and errors, with the words of k6', async () => {
  asked.length = 0;
  const result = await run(
    script(`console.log(client.isConnected());
      for (const call of [() => client.set('k', 1), () => client.set('k', 1e-7, 60), () => client.get('a'), () => client.get('none'), () => client.expire('a', 5), () => client.persist('a'), () => client.hgetall('h'),
        () => client.mget('a', 'b'), () => client.llen('h'), () => client.sadd('s', 'x', true, 1e21), () => client.sendCommand('scan', 0), () => client.set('k', {}), () => client.lpush('l', 'a', null), () => client.set()])
        await show(call());
      console.log(client.isConnected(), (await Promise.all([1, 2, 3].map((i) => client.set('k' + i, i)))).join());`),
    { env: { REDIS: `redis://ann:secret@127.0.0.1:${port}/2?client_name=me` }, workers: 1 },
  );
  assert.deepEqual(logged(result), [
    'false', '"OK"', '"OK"', '"ä!"', 'redis: nil', 'true', 'false', '{"f":"2","g":"3"}', '["x",null]',
    'WRONGTYPE Operation against a key holding the wrong kind of value', '2', '["0",["h"]]',
    'unsupported type provided for argument at index 1, supported types are string, number, and boolean',
    'unsupported type provided for argument at index 2, supported types are string, number, and boolean',
    'unsupported type provided for argument at index 1, supported types are string, number, and boolean',
    'true OK,OK,OK',
  ]); // prettier-ignore
  assert.deepEqual(asked, [[
    'AUTH ann secret', 'CLIENT SETNAME me', 'SELECT 2', 'SET k 1', 'SET k 0.0000001 EX 60', 'GET a', 'GET none', 'EXPIRE a 5', 'PERSIST a', 'HGETALL h',
    'MGET a b', 'LLEN h', 'SADD s x 1 1000000000000000000000', 'scan 0', 'SET k1 1', 'SET k2 2', 'SET k3 3',
  ]]); // prettier-ignore
  assert.ok((result.metrics['data_received']?.values['count'] ?? 0) > 100);
});

test('a connection that ends is made anew; what waited on it is told', async () => {
  asked.length = 0;
  const result = await run(
    `import { Client } from 'k6/x/redis';
    const at = (port, more = {}) => new Client({ socket: { host: '127.0.0.1', port: Number(port), ...more } });
    const client = at(__ENV.PORT, { readTimeout: 600 });
    const show = async (promise) => { try { console.log(JSON.stringify(await promise)); } catch (error) { console.log(String(error), error.error()); } };
    export default async function () {
      await show(client.get('a'));
      const waiting = [client.sendCommand('QUIT'), client.get('a')];
      for (const promise of waiting) await show(promise);
      for (const name of ['RUBBISH', 'HANG']) await show(client.sendCommand(name));
      await show(client.get('a'));
      await show(at(1).get('a'));
      await show(new Client('redis://:wrong@127.0.0.1:' + __ENV.PORT).get('a'));
      for (const options of ['http://x', { socket: { port: 1 }, nonsense: 1 }, {}, { cluster: { nodes: ['redis://x'] } }, 5])
        try { new Client(options); } catch (error) { console.log(error.message); }
    }
    export const options = { iterations: 1 };`,
    { env: { PORT: String(port) }, workers: 1 },
  );
  assert.deepEqual(logged(result), [
    '"ä!"', 'EOF EOF', 'EOF EOF', `redis: can't parse reply "HTTP/1.1 400 Bad Request" redis: can't parse reply "HTTP/1.1 400 Bad Request"`,
    'read: i/o timeout read: i/o timeout', '"ä!"', 'dial: connection refused dial: connection refused',
    'WRONGPASS invalid username-password pair or user is disabled. WRONGPASS invalid username-password pair or user is disabled.',
    'invalid options; reason: redis: invalid URL scheme: http', 'invalid options; reason: unknown field "nonsense"', 'invalid options; reason: empty socket options',
    'invalid options; reason: clusters and sentinels of Redis are not supported, name one server', 'invalid options type: number; expected string or object',
  ]); // prettier-ignore
  assert.equal(asked.length, 5);
});

test('each VU has its own connection, kept over iterations, and init code cannot connect', async () => {
  asked.length = 0;
  const { lines } = await run(
    script(`if (__ITER === 0 && __VU === 1) await show(early);
      if (await client.get('a') !== 'ä!') throw new Error('not mine');`).replace(
      'const show',
      "const early = client.get('a'); early.catch(() => 0); const show",
    ),
    { env: { REDIS: `redis://127.0.0.1:${port}` }, options: { vus: 4, iterations: 40 }, workers: 1 },
  );
  assert.deepEqual(lines.filter(({ message }) => message !== 'connecting to a redis server in the init context is not supported'), []); // prettier-ignore
  assert.ok(asked.length <= 4 && asked.flat().length === 40, JSON.stringify(asked.map(({ length }) => length)));
});

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('a real server', { skip: hasRedis() ? false : 'redis-server is not installed' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-redis-'));
  const server: ChildProcess = spawn('redis-server', ['--port', '0', '--unixsocket', join(folder, 'socket'), '--save', '', '--dir', folder], { stdio: 'ignore' }); // prettier-ignore
  const { createConnection } = await import('node:net');
  const bridge = createServer((socket) => {
    const unix = createConnection(join(folder, 'socket'));
    for (const end of [socket, unix]) end.on('error', () => undefined);
    socket.pipe(unix).pipe(socket);
  });
  try {
    await new Promise<void>((resolve) => bridge.listen(0, '127.0.0.1', resolve));
    const result = await run(
      script(`for (let tries = 0; ; tries++)
          try { await client.set('n', 1); break; } catch (error) { if (tries > 200) throw error; await new Promise((resolve) => setTimeout(resolve, 20)); }
        for (const promise of [client.incrBy('n', 10), client.getSet('n', 2), client.rpush('l', 'a', 'b'), client.lrange('l', 0, -1), client.hset('h', 'f', 1), client.hincrby('h', 'f', 2),
          client.hgetall('h'), client.sadd('s', 1), client.smembers('s'), client.ttl('n'), client.getDel('n'), client.get('n')])
          await show(promise);`),
      { env: { REDIS: `redis://127.0.0.1:${(bridge.address() as AddressInfo).port}` }, workers: 1 },
    );
    assert.deepEqual(logged(result), ['11', '"11"', '2', '["a","b"]', '1', '3', '{"f":"3"}', '1', '["1"]', '-1', '"2"', 'redis: nil']);
  } finally {
    server.kill('SIGKILL');
    bridge.close();
    await systemClock.sleep(1);
    rmSync(folder, { recursive: true, force: true });
  }
});

test('examples/scripts/redis.js passes', async () => {
  const { exitCode, failedChecks, lines } = await runScript(
    fileURLToPath(new URL('../../../examples/scripts/redis.js', import.meta.url)),
    { env: { REDIS_URL: `redis://127.0.0.1:${port}` }, options: { vus: 2, iterations: 4 }, workers: 1 },
  ); // prettier-ignore
  assert.deepEqual(lines, []);
  assert.deepEqual(failedChecks, []);
  assert.equal(exitCode, 0);
});
