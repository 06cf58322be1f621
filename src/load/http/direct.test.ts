import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { scriptRunner } from '../testkit.ts';

const run = scriptRunner();
let server: Server;
let url: string;

before(async () => {
  let count = 0;
  server = createServer((request, response) => {
    if (request.url === '/same') {
      response.sendDate = false;
      response.setHeader('Content-Length', 4);
      response.end('same');
      return;
    }
    if (request.url === '/other') {
      // Heads of the same length that differ in one byte, with bodies that end in different ways.
      if (++count % 2 === 0) response.setHeader('Content-Length', 5);
      response.end('other');
      return;
    }
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => response.end(hash.digest('hex')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Text, bytes and nothing on one connection, small and too large for the kernel to take at once. */
const script = `
  import http from 'k6/http';
  import { check } from 'k6';
  import crypto from 'k6/crypto';
  export const options = { iterations: 3 };
  const texts = ['short', 'with umlauts äöü €', 'ü'.repeat(3_000_000)];
  const bytes = [new Uint8Array([0, 255, 10]).buffer, new Uint8Array(5_000_000).fill(7).buffer];
  export default function () {
    for (const body of [...texts, ...bytes, ...texts]) {
      const answer = http.post(__ENV.URL + '/hash', body);
      check(answer, { 'arrived whole': (r) => r.body === crypto.sha256(body, 'hex') });
      check(http.get(__ENV.URL + '/same'), { 'the same each time': (r) => r.body === 'same' && r.headers['Content-Length'] === '4' });
      check(http.head(__ENV.URL + '/same'), { 'no body to HEAD': (r) => r.body === '' && r.status === 200 });
      check(http.get(__ENV.URL + '/other'), { 'another head each time': (r) => r.body === 'other' });
    }
  }`;

for (const way of ['below the streams', 'by streams'])
  test(`requests of all kinds and sizes arrive whole, ${way}`, async () => {
    if (way === 'by streams') process.env['PLIMSOLL_STREAMS'] = '1';
    try {
      const result = await run(script, { env: { URL: url } });
      assert.deepEqual(result.failedChecks, []);
      assert.equal(result.requests, 3 * 8 * 4);
      assert.equal(result.failed, 0);
    } finally {
      delete process.env['PLIMSOLL_STREAMS'];
    }
  });
