import assert from 'node:assert/strict';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { certificate, scriptRunner } from '../testkit.ts';

const run = scriptRunner();
let server: Http2SecureServer;
let env: Record<string, string>;
let sessions = 0;
let refusals = 0;
let open = 0;
let openAtOnce = 0;

before(async () => {
  server = createSecureServer(certificate);
  server.on('session', () => sessions++);
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream as ServerHttp2Stream, headers[':path'] ?? '', JSON.stringify(headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = { URL: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
});

after(() => new Promise((resolve) => server.close(resolve)));

function answer(stream: ServerHttp2Stream, path: string, headers: string): void {
  if (path === '/reset') stream.close(2);
  else if (path === '/refused' && ++refusals % 2 === 1) stream.close(7);
  else if (path === '/goaway') stream.session?.goaway(11);
  else if (path === '/hang') return;
  else if (path === '/gone') stream.session?.destroy();
  else if (path === '/part') {
    stream.respond({ ':status': 200 });
    stream.write('half', () => stream.session?.destroy());
  } else if (path === '/together') {
    openAtOnce = Math.max(openAtOnce, ++open);
    stream.once('close', () => open--);
    setImmediate(() => {
      stream.respond({ ':status': 200 });
      stream.end('x');
    });
  } else if (path === '/echo') {
    stream.respond({ ':status': 201, 'x-test': ['a', 'b'], 'set-cookie': ['c=1', 'd=2'], 'content-type': 'application/json' });
    let body = '';
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
    stream.on('end', () => stream.end(JSON.stringify({ body, headers: JSON.parse(headers) as unknown })));
  } else {
    stream.respond({ ':status': 200 });
    stream.end('x'.repeat(300_000));
  }
}

const script = (body: string, options = ''): string => `import http from 'k6/http'; import { check } from 'k6';
  export const options = { insecureSkipTLSVerify: true, iterations: 1, ${options} };
  const url = (path) => __ENV.URL + path;
  export default function () { ${body} }`;

test('HTTP/2 is spoken where the server offers it: request, response, cookies, times, bytes', async () => {
  sessions = 0;
  const { failedChecks, exitCode, metrics } = await run(
    script(`const r = http.post(url('/echo'), JSON.stringify({ a: 'ä' }), { headers: { 'X-Own': 'y', 'Content-Type': 'application/json' } });
      const sent = r.json();
      const again = http.get(url('/echo'));
      const large = http.get(url('/large'));
      check(r, {
        proto: () => r.proto === 'HTTP/2.0' && large.proto === 'HTTP/2.0',
        status: () => r.status === 201,
        body: () => sent.body === '{"a":"ä"}',
        headers: () => sent.headers['x-own'] === 'y' && sent.headers[':method'] === 'POST' && sent.headers.host === undefined,
        answer: () => r.headers['X-Test'] === 'a, b' && r.cookies.c[0].value === '1',
        cookies: () => again.json('headers.cookie') === 'c=1; d=2',
        first: () => r.timings.tls_handshaking > 0 && r.timings.connecting > 0,
        kept: () => again.timings.tls_handshaking === 0 && again.timings.connecting === 0,
        times: () => large.timings.duration > 0 && large.timings.waiting > 0,
        large: () => large.body.length === 300000,
        tls: () => r.tls_version === 'tls1.3' && r.tls_cipher_suite.startsWith('TLS_') && r.ocsp.status === 'unknown',
      });`),
    { env },
  );
  assert.deepEqual(failedChecks, []);
  assert.equal(exitCode, 0);
  assert.equal(sessions, 1);
  const received = metrics['data_received']?.values['count'] ?? 0;
  assert.ok(received > 300_000 && received < 320_000, String(received));
});

test('a batch goes over streams of one connection', async () => {
  sessions = openAtOnce = 0;
  const { failedChecks } = await run(
    script(
      `const all = http.batch(Array.from({ length: 12 }, () => url('/together')));
       check(all, { all: () => all.every((r) => r.status === 200 && r.body === 'x') });`,
      'batchPerHost: 12',
    ),
    { env },
  );
  assert.deepEqual(failedChecks, []);
  assert.equal(sessions, 1);
  assert.equal(openAtOnce, 12);
});

test('faults of HTTP/2 have the error codes of k6, and the run goes on', async () => {
  const { lines } = await run(
    script(`for (const path of ['/reset', '/goaway', '/gone', '/part', '/hang', '/refused', '/echo']) {
        const r = http.get(url(path), { timeout: '700ms' });
        console.log(path, r.status, r.error_code, r.error);
      }`),
    { env },
  );
  assert.deepEqual(lines.filter(({ source }) => source === 'console').map(({ message }) => message), [
    '/reset 0 1633 http2: stream error with http2 ErrCode INTERNAL_ERROR',
    '/goaway 0 1622 http2: received GoAway with http2 ErrCode ENHANCE_YOUR_CALM',
    '/gone 0 1000 EOF',
    '/part 0 1000 unexpected EOF',
    '/hang 0 1050 request timeout',
    '/refused 200 0 ',
    '/echo 201 0 ',
  ]); // prettier-ignore
});

test('without connection reuse each request makes a connection', async () => {
  sessions = 0;
  await run(script(`for (let i = 0; i < 3; i++) http.get(url('/echo'));`, 'noConnectionReuse: true'), { env });
  assert.equal(sessions, 3);
});
