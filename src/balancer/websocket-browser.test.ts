import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { eventually, snapshotOf, TestBalancer } from './testkit/index.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
const folders = (process.env['PATH'] ?? '').split(delimiter);
const chromium = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));

/** Opens a WebSocket to where it came from, and tells the server what came back and how it ended. */
const page = `<!doctype html><script>
  const socket = new WebSocket('ws://' + location.host + '/chat', 'echo');
  const got = [];
  socket.onopen = () => { socket.send('hello'); socket.send('x'.repeat(1_000_000)); };
  socket.onmessage = ({ data }) => { if (got.push(data.length) === 2) socket.close(1000, 'done'); };
  socket.onerror = () => got.push('error');
  socket.onclose = ({ code, wasClean }) => fetch('/result?' + encodeURIComponent(JSON.stringify({ got, code, wasClean })));
</script>`;

test('WebSocket from a browser', { timeout: 60_000, skip: chromium === undefined && 'there is no Chromium' }, async () => {
  let result = '';
  const server = createServer((request, response) => {
    if (request.url!.startsWith('/result?')) result = decodeURIComponent(request.url!.slice('/result?'.length));
    response.setHeader('content-type', 'text/html');
    response.end(request.url === '/' ? page : '');
  });
  const sockets = new WebSocketServer({ server, path: '/chat' });
  sockets.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-browser-'));
  await using balancer = await TestBalancer.start(snapshotOf([(server.address() as AddressInfo).port]));
  const url = `http://127.0.0.1:${balancer.port}/`;
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-dev-shm-usage',
    `--user-data-dir=${folder}`,
  ];
  const browser = spawn(chromium as string, [...flags, url], { stdio: 'ignore', detached: true });
  const exited = new Promise((resolve) => browser.once('exit', resolve));
  try {
    await eventually(() => result !== '');
    assert.deepEqual(JSON.parse(result), { got: [5, 1_000_000], code: 1000, wasClean: true });
  } finally {
    // The browser is a family of processes, its own group.
    process.kill(-browser.pid!, 'SIGKILL');
    await exited;
    sockets.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});
