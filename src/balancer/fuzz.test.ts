import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { seededRandom, systemClock, type Random } from '../base/index.ts';
import { RawClient, snapshotOf, TestBalancer } from './testkit/index.ts';

/**
 * Broken and odd requests through the whole balancer to a server of Node's. Whatever a client sends, the server finds
 * nothing wrong with what it gets, and every request that it sees was written by the balancer: a smuggled one would lack
 * the trace id.
 */
const runs = Number(process.env['FUZZ_RUNS'] ?? 400);
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261);
const atOnce = 20;

const lines = [
  'Host: x\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 40\r\n',
  'Content-Length: 05\r\n',
  'Content-Length: 5, 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'Transfer_Encoding: chunked\r\n',
  'transfer-encoding: x, chunked\r\n',
  'Connection: keep-alive, Content-Length\r\n',
  'Connection: Upgrade\r\n',
  'Upgrade: websocket\r\n',
  'Expect: 100-continue\r\n',
  'X-A: b\r\n',
  'X-A: b\n',
  'X-A: b\r',
  ' folded\r\n',
  'A : b\r\n',
  'X-Forwarded-For: 1.1.1.1\r\n',
  'X-Amzn-Trace-Id: Root=1-00000000-000000000000000000000000\r\n',
] as const;
const bodies = [
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;a=b\r\nhello\r\n0\r\nX-T: 1\r\nContent-Length: 3\r\n\r\n',
  '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
  '5\r\nhello\r\n0\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
  '2\nhe\r\n0\r\n\r\n',
] as const;

const ourHead = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^ \r\n]+ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)*X-Amzn-Trace-Id: /;

const one = <T>(random: Random, of: readonly T[]): T => of[random.int(of.length)] as T;

function randomRequest(random: Random): string {
  const target = one(random, ['/a', '/a?b', '*', 'http://y/a', '//x']);
  let text = `${one(random, ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE'])} ${target} HTTP/1.${random.int(8) === 0 ? 0 : 1}\r\nHost: x\r\n`;
  for (let n = random.int(4); n > 0; n--) text += one(random, lines);
  text += `\r\n${one(random, bodies)}`;
  if (random.int(2) === 0) return text;
  const at = random.int(text.length);
  const mark = one(random, ['\r\n', '\n', '\r', ' ', '\0', ':', '0', '\xff', '']);
  return text.slice(0, at) + mark + text.slice(at + random.int(2));
}

test('nothing that a client sends makes the target see a request that the balancer did not write', { timeout: 300_000 }, async () => {
  const random = seededRandom(seed);
  const wrong: string[] = [];
  let seen = 0;
  const server = createServer((request, response) => {
    seen++;
    const ours = request.rawHeaders.filter((name, i) => i % 2 === 0 && /^x-(?:amzn-trace-id|forwarded-proto)$/i.test(name)).length;
    if (ours !== 2) wrong.push(`${request.method} ${request.url} ${request.rawHeaders.join('|')}`);
    request.resume();
    response.end('hello');
  });
  // An upload that the client broke off is no fault of what was sent; bytes above 127 in a target go on as they are.
  const allowed = new Set(['ECONNRESET', 'HPE_INVALID_EOF_STATE', 'HPE_INVALID_URL']);
  server.on('clientError', (error, socket) => {
    const { code, rawPacket } = error as { code?: string; rawPacket?: Buffer };
    // Any token is a method; Node knows some only.
    const unknownMethod = code === 'HPE_INVALID_METHOD' && ourHead.test(rawPacket?.toString('latin1') ?? '');
    if (!unknownMethod && !allowed.has(code ?? '')) wrong.push(`${code}: ${error.message}`);
    socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    await using balancer = await TestBalancer.start(snapshotOf([(server.address() as AddressInfo).port]));
    for (let run = 0; run < runs && wrong.length === 0; run += atOnce) {
      const texts = Array.from({ length: atOnce }, () => randomRequest(random));
      const clients = texts.map((text) =>
        new RawClient(balancer.port).send(text).send('GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      );
      await Promise.race([Promise.all(clients.map((client) => client.untilEnd())), systemClock.sleep(50)]);
      for (const client of clients) client.close();
      assert.deepEqual(wrong, [], `FUZZ_SEED=${seed}, one of ${JSON.stringify(texts)}`);
    }
    await systemClock.sleep(50);
    assert.deepEqual(wrong, []);
    assert.ok(seen > runs / 4, `the target saw ${seen} requests`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
