import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packageRoot } from '../base/index.ts';
import { runScript, type ScriptResult } from './testkit.ts';

/** The scripts of examples/scripts that need no more than a web service; those of gRPC, WebSockets … run in the tests of these. */

const folder = join(packageRoot, 'examples/scripts');
let server: Server;
let url: string;

before(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? '/';
    request.resume().on('end', () => {
      if (path === '/redirect') response.writeHead(302, { location: '/there' });
      if (path === '/cookie') response.setHeader('set-cookie', 'session=1; Path=/');
      if (path === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const data of ['water, ', 'mostly']) response.write(`event: token\ndata: ${data}\n\n`);
        response.end('event: done\ndata: {}\n\n');
        return;
      }
      if (path.startsWith('/lines')) {
        for (let n = 1; n <= 100; n++) response.write(`{"n":${n}}\n`);
        response.end();
        return;
      }
      if (path.startsWith('/status/')) response.statusCode = Number(path.slice(8));
      response.end('there');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const run = (script: string, options = {}, more = {}): Promise<ScriptResult> =>
  runScript(join(folder, script), { env: { BASE_URL: url, SECONDS: '1', DURATION: '500ms' }, options, workers: 1, ...more });

const short: [script: string, options: Record<string, unknown>][] = [
  ['executors.js', {}],
  ['external.js', {}],
  ['http.js', { iterations: 2 }],
  ['data-driven.js', { vus: 3, iterations: 9 }],
  ['crypto-and-encoding.js', { iterations: 2 }],
  ['metrics-and-timers.js', { vus: 2, iterations: 4 }],
  ['npm-module.js', { iterations: 4 }],
  ['sse.js', { vus: 2, iterations: 4 }],
  ['streams.js', { vus: 2, iterations: 4 }],
];

for (const [script, options] of short)
  test(`examples/scripts/${script} passes`, async () => {
    const { exitCode, failedChecks, thresholds, lines, iterations } = await run(script, options);
    assert.deepEqual(failedChecks, []);
    assert.equal(exitCode, 0, JSON.stringify({ thresholds, lines }));
    assert.ok(iterations > 0);
    assert.deepEqual(lines, []);
  });

test('examples/scripts/secrets.js passes, and its secret stays one', async () => {
  const { exitCode, lines } = await run('secrets.js', {}, { secretSources: ['mock=token=abc123'] });
  assert.equal(exitCode, 0);
  assert.deepEqual(lines.map(({ message }) => message), ['the token is ***SECRET_REDACTED***']); // prettier-ignore
});

test('every example is run by a test', () => {
  const elsewhere = [
    'grpc.js',
    'html-forms.js',
    'jslib.js',
    'outputs.js',
    'redis.js',
    'scenarios.js',
    'taskoverflow.js',
    'typed.ts',
    'websockets.js',
  ];
  const scripts = readdirSync(folder).filter((name) => /\.[jt]s$/.test(name));
  assert.deepEqual(scripts.sort(), [...short.map(([script]) => script), 'secrets.js', ...elsewhere].sort());
});
