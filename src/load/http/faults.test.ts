import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startLoad, type LoadResult } from '../index.ts';

/** Servers that misbehave: each request is counted, and the run goes on. */

let folder: string;
let server: Server;
let url: string;
const sockets = new Set<Socket>();
const big = 'x'.repeat(10_000_000);

/** What the server does for each path, with the raw socket. */
const answers: Record<string, (socket: Socket) => void> = {
  '/ok': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  '/close': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'),
  '/old': (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nold'),
  '/slow': (socket) => 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow'.split('').forEach((char) => void socket.write(char)),
  '/interim': (socket) => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  '/chunked': (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n'),
  '/big': (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n${big}`),
  '/garbage': (socket) => socket.write('\u0000\u0001 this is not HTTP\r\n\r\n'),
  '/short': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort'),
  '/reset': (socket) => socket.resetAndDestroy(),
  '/hang': () => undefined,
  '/more': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokand more than was asked for'),
  '/forever': (socket) => socket.write('HTTP/1.1 302 Found\r\nLocation: /forever\r\nContent-Length: 0\r\n\r\n'),
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-faults-'));
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => answers[/^\S+ (\S+)/.exec(data.toString('latin1'))?.[1] ?? '']?.(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function ask(path: string, condition: string): Promise<LoadResult> {
  const script = join(folder, `${path.slice(1)}.js`);
  await writeFile(
    script,
    `
    import http from 'k6/http';
    import { check } from 'k6';
    export const options = { iterations: 3 };
    export default function () {
      const r = http.get(__ENV.URL + '${path}', { timeout: '${path === '/hang' ? '300ms' : '30s'}' });
      check(r, { 'as expected': () => ${condition}, 'the next is fine': () => http.get(__ENV.URL + '/ok').body === 'ok' });
    }`,
  );
  return startLoad({ script, env: { URL: url } }).result;
}

const cases: [path: string, condition: string, failed: number, error?: RegExp][] = [
  ['/close', `r.body === 'ok'`, 0],
  ['/old', `r.body === 'old' && r.proto === 'HTTP/1.0'`, 0],
  ['/slow', `r.body === 'slow'`, 0],
  ['/interim', `r.status === 200 && r.body === 'ok'`, 0],
  ['/chunked', `r.body === 'abcde'`, 0],
  ['/big', `r.body.length === 10000000`, 0],
  ['/more', `r.body === 'ok'`, 0],
  ['/garbage', `r.status === 0 && r.error_code === 1000`, 3, /malformed HTTP response/],
  ['/short', `r.status === 0 && r.error_code === 1000 && r.body === 'short'`, 3, /unexpected EOF/],
  ['/reset', `r.status === 0 && r.error_code === 1220`, 3, /reset/],
  ['/hang', `r.status === 0 && r.error_code === 1050`, 3, /timeout/],
  ['/forever', `r.status === 302`, 0],
];

for (const [path, condition, failed, error] of cases)
  test(`an answer from ${path} is counted as what it is, and the next request works`, async () => {
    const result = await ask(path, condition);
    assert.deepEqual(
      result.checks.map(({ name, passes, fails }) => [name, passes, fails]),
      [
        ['as expected', 3, 0],
        ['the next is fine', 3, 0],
      ],
      JSON.stringify(result.errorCounts),
    );
    assert.equal(result.failed, failed);
    if (error) assert.match(Object.keys(result.errorCounts).join(), error);
    assert.equal(result.exitCode, 0);
  });
