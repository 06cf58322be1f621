import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { seededRandom, type Random } from '../../base/index.ts';
import { scriptRunner } from '../testkit.ts';

/**
 * Answers with bytes changed, cut, doubled and out of place, in pieces of any size: every request ends with an answer or an error
 * code, the connection that follows is well, and the run comes to its end. A request for `/SEED` gets what the seed makes, so a
 * failure is replayed by its number.
 */

const run = scriptRunner();
const answers = 1000;
const users = 50;
let server: Server;
let url = '';
const sockets = new Set<Socket>();

const ok = 'HTTP/1.1 200 OK\r\n';
const packed = gzipSync('text that is packed, packed, packed').toString('latin1');
const wholes = [
  `${ok}Content-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello`,
  `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nTrailer: x\r\n\r\n`,
  `${ok}Set-Cookie: a=b; Path=/; Max-Age=60\r\nConnection: close\r\n\r\nup to the end`,
  `${ok}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n${packed}`,
  'HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok',
  'HTTP/1.1 302 Found\r\nLocation: /0\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n',
];
const bits = ['\r\n', '\n', '\r', ':', ' ', '\t', '\0', '\u00ff', '0', '9', 'FFFFFFFFFFFFFFFF', '-1', 'Content-Length: 99999999999999999999\r\n', 'Transfer-Encoding: chunked\r\n', 'Location: http://[\r\n', 'Set-Cookie: ;;=\r\n', 'HTTP/1.1 200 OK\r\n\r\n', 'HTTP/9.9 ', '; q="']; // prettier-ignore

/** Some changes, now and then none at all. */
function mutated(random: Random): string {
  let text = wholes[random.int(wholes.length)] as string;
  for (let changes = random.int(5); changes > 0; changes--) {
    const at = random.int(text.length + 1);
    const to = Math.min(text.length, at + random.int(8));
    switch (random.int(6)) {
      case 0:
        text = text.slice(0, at) + String.fromCharCode(random.int(256)) + text.slice(at + 1);
        break;
      case 1:
        text = text.slice(0, at) + (bits[random.int(bits.length)] as string) + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 3:
        text = text.slice(0, to) + text.slice(at);
        break;
      case 4:
        text = text.slice(0, at);
        break;
      default:
        text = text.replace('\r\n', () => `\r\nX-Long: ${'y'.repeat(random.int(4) * 400_000)}\r\n`);
    }
  }
  return text;
}

/** In a few pieces, then the end, a reset, or silence. */
function answer(socket: Socket, random: Random): void {
  const bytes = Buffer.from(mutated(random), 'latin1');
  const end = random.int(3);
  const piece = random.int(3) === 0 ? Math.ceil(bytes.length / (1 + random.int(20))) : bytes.length;
  let at = 0;
  const next = (): void => {
    if (at < bytes.length) {
      socket.write(bytes.subarray(at, (at += Math.max(1, piece))));
      setImmediate(next);
    } else if (end === 1) socket.end();
    else if (end === 2) socket.resetAndDestroy();
  };
  next();
}

before(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const path = /^\S+ \/(\S*)/.exec(data.toString('latin1'))?.[1] ?? '';
      if (path === 'well') socket.write(`${ok}Content-Length: 4\r\n\r\nwell`);
      else answer(socket, seededRandom(path));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('whatever bytes a server answers with, each request ends with an answer or an error code', async () => {
  const { lines, checks, exitCode, metrics } = await run(
    `
    import http from 'k6/http';
    import exec from 'k6/execution';
    import { check } from 'k6';
    export const options = { vus: ${users}, iterations: ${answers} };
    export default function () {
      const seed = exec.scenario.iterationInTest;
      const credentials = seed % 7 === 0 ? '//user:secret@' : '//';
      const params = { timeout: '150ms', auth: seed % 7 === 0 ? 'digest' : undefined, responseType: seed % 3 === 0 ? 'binary' : 'text' };
      let ended = false;
      try {
        const r = http.get(__ENV.URL.replace('//', credentials) + '/' + seed, params);
        ended = r.status > 0 ? r.error === '' : r.error_code >= 1000 && r.error !== '';
        JSON.stringify(r);
      } catch (error) {
        ended = error.message.startsWith('unsupported response status: 101');
      }
      check(ended, { ['seed ' + (ended ? '' : seed) + ' ended']: (is) => is });
      check(http.get(__ENV.URL + '/well').body, { 'the next one is well': (body) => body === 'well' });
    }`,
    { env: { URL: url }, workers: 1 },
  );
  assert.deepEqual(
    checks.filter(({ fails }) => fails > 0).map(({ name }) => name),
    [],
  );
  assert.equal(exitCode, 0, lines.find(({ level }) => level === 'error')?.message ?? '');
  assert.equal(metrics['iterations']?.values['count'], answers);
});
