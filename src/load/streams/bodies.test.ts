import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { brotliCompressSync, createGzip, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { systemClock } from '../../base/index.ts';
import { scriptRunner, servers } from '../testkit.ts';

const run = scriptRunner();
const env = servers(answer);
/** Of the endless answer, as far as the system took them. */
let endlessBytes = 0;
const endlessOpen = new Set<object>();

const text = Array.from({ length: 5000 }, (_, i) => `line ${i} äö€`).join('\n');
const encoded: Record<string, Buffer> = {
  gzip: gzipSync(text),
  deflate: deflateSync(text),
  raw: deflateRawSync(text),
  br: brotliCompressSync(text),
  zstd: zstdCompressSync(text),
  'gzip, br': brotliCompressSync(gzipSync(text)),
};

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, path = '', rest = ''] = /^\/([^/]*)\/?(.*)$/.exec(request.url ?? '') ?? [];
  const write = (part: string | Buffer): void => void response.write(part);
  const { socket } = response;
  switch (path) {
    case 'length':
      response.setHeader('content-length', Buffer.byteLength(text));
      response.end(text);
      break;
    case 'chunked':
      for (let at = 0; at < text.length; at += 10_000) write(text.slice(at, at + 10_000));
      response.end();
      break;
    case 'encoded':
      response.setHeader('content-encoding', decodeURIComponent(rest) === 'raw' ? 'deflate' : decodeURIComponent(rest));
      response.end(encoded[decodeURIComponent(rest)]);
      break;
    case 'close':
      socket?.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${text}`);
      break;
    case 'empty':
      response.end();
      break;
    case 'none':
      response.writeHead(204).end();
      break;
    case 'redirect':
      response.writeHead(302, { location: '/chunked', 'set-cookie': 'a=1' });
      response.end('elsewhere');
      break;
    case 'missing':
      response.writeHead(404).end('nothing here');
      break;
    case 'broken':
      response.setHeader('content-length', 10_000);
      write('only this');
      await systemClock.sleep(20);
      socket?.destroy();
      break;
    case 'silent':
      write('one ');
      break;
    case 'garbage':
      response.setHeader('content-encoding', 'gzip');
      response.end('this is not compressed');
      break;
    case 'unknown':
      response.setHeader('content-encoding', 'morse');
      response.end('-.-');
      break;
    case 'flushed': {
      response.setHeader('content-encoding', 'gzip');
      const gzip = createGzip();
      gzip.pipe(response);
      gzip.write('first\n');
      gzip.flush();
      await systemClock.sleep(150);
      gzip.end('second\n');
      break;
    }
    case 'slowly':
      for (let i = 0; i < 3; i++) {
        write(`part ${i}\n`);
        await systemClock.sleep(60);
      }
      response.end();
      break;
    case 'endless': {
      endlessBytes = 0;
      endlessOpen.add(response);
      response.on('close', () => endlessOpen.delete(response));
      const block = Buffer.alloc(64 * 1024, 'x');
      const more = (): void => {
        while (endlessBytes < 2 ** 30 && !response.destroyed) {
          endlessBytes += block.length;
          if (response.write(block)) continue;
          response.once('drain', more);
          return;
        }
      };
      more();
      break;
    }
    default:
      response.end(JSON.stringify({ path }));
  }
}

const script = (body: string, options = ''): string => `import http from 'k6/http'; import { check, sleep } from 'k6';
  export const options = { insecureSkipTLSVerify: true, iterations: 1, ${options} };
  const stream = { responseType: 'stream' };
  export default async function () { ${body} }`;

const logged = (result: { lines: readonly { source: string; message: string }[] }): string[] =>
  result.lines.filter(({ source }) => source === 'console').map(({ message }) => message);

test('a streamed body is whole whichever way it comes, and its connection is used again', async () => {
  const { failedChecks, lines, metrics } = await run(
    script(
      `const whole = http.get(__ENV.PLAIN + '/length').body;
      for (const base of [__ENV.PLAIN, __ENV.TLS, __ENV.H2]) {
        const paths = ['/length', '/chunked', '/redirect', '/encoded/gzip', '/encoded/deflate', '/encoded/raw', '/encoded/br', '/encoded/zstd', '/encoded/gzip%2C%20br'];
        if (base === __ENV.PLAIN) paths.push('/close');
        for (const path of paths) {
          const response = http.get(base + path, stream);
          const content = await response.body.text();
          check(content, { [base + path]: (c) => c === whole && response.status === 200 && response.error === '' });
        }
        const [empty, none, missing] = ['/empty', '/none', '/missing'].map((path) => http.get(base + path, stream));
        check(null, {
          empty: (await empty.body.text()) === '' && empty.status === 200,
          none: (await none.body.text()) === '' && none.status === 204,
          missing: (await missing.body.text()) === 'nothing here' && missing.status === 404 && missing.error_code === 1404,
          json: (await http.get(base + '/json', stream).body.json()).path === 'json',
          bytes: (await http.get(base + '/json', stream).body.bytes()).length === 15,
        });
        const kept = http.get(base + '/json');
        check(kept, { 'the connection was kept': (r) => r.timings.connecting === 0 && r.json('path') === 'json' });
      }`,
      `thresholds: { http_reqs: ['count==50'], 'http_req_failed': ['rate<0.07'] }`,
    ),
    { env },
  );
  assert.deepEqual(lines, []);
  assert.deepEqual(failedChecks, []);
  assert.equal(metrics['http_reqs']?.values['count'], 50);
});

test('chunks and lines are there when they arrive, with the times of a request', async () => {
  const { failedChecks, lines } = await run(
    script(`const response = http.get(__ENV.PLAIN + '/slowly', stream);
      const first = response.timings;
      const seen = [];
      for await (const line of response.body.lines()) seen.push(line);
      const { waiting, receiving, duration } = response.timings;
      const parts = [];
      for await (const chunk of http.get(__ENV.PLAIN + '/slowly', stream).body) parts.push(chunk.constructor.name + chunk.length);
      const early = http.get(__ENV.PLAIN + '/flushed', stream);
      const reader = early.body.getReader();
      const { value } = await reader.read();
      check(null, {
        lines: seen.join() === 'part 0,part 1,part 2',
        parts: parts.join() === 'Uint8Array7,Uint8Array7,Uint8Array7',
        'nothing received yet': first.receiving === 0 && first.waiting > 0,
        'received until the end': receiving >= 100 && duration >= receiving + waiting,
        'compressed parts come early': String.fromCharCode(...value) === 'first\\n' && early.timings.receiving === 0,
        locked: early.body.locked,
      });
      await reader.read();
      check(await reader.read(), { end: ({ done, value }) => done && value === undefined });`),
    { env },
  );
  assert.deepEqual(lines, []);
  assert.deepEqual(failedChecks, []);
});

test('a slow reader slows the server down, and what is left at the end of an iteration is ended', async () => {
  for (const base of ['PLAIN', 'TLS', 'H2']) {
    const sent: number[] = [];
    const watch = systemClock.every(50, () => sent.push(endlessBytes));
    const { failedChecks, lines, metrics } = await run(
      script(`const response = http.get(__ENV.${base} + '/endless', ${base === 'PLAIN' ? "{ ...stream, timeout: '600ms' }" : 'stream'});
        const reader = response.body.getReader();
        let bytes = (await reader.read()).value.length;
        sleep(${base === 'PLAIN' ? 0.9 : 0.3});
        bytes += (await reader.read()).value.length;
        check(bytes, { some: (n) => n > 0 && n < 1e6 });`),
      { env },
    );
    watch.cancel();
    assert.deepEqual(lines, [], base);
    assert.deepEqual(failedChecks, [], base);
    // What the system's own buffers hold; a reader that took it all would have had hundreds of megabytes in that time.
    assert.ok(endlessBytes < 64 * 2 ** 20, `${base}: ${endlessBytes}`);
    assert.equal(metrics['http_reqs']?.values['count'], 1);
    assert.equal(metrics['http_req_failed']?.values['rate'], 0);
    for (let tries = 0; endlessOpen.size > 0 && tries < 500; tries++) await systemClock.sleep(10);
    assert.equal(endlessOpen.size, 0, base);
  }
});

test('leaving a loop or cancelling ends the answer', async () => {
  const result = await run(
    script(`for await (const chunk of http.get(__ENV.PLAIN + '/endless', stream).body) { console.log(chunk.length > 0); break; }
      const lines = http.get(__ENV.PLAIN + '/slowly', stream).body.lines();
      for await (const line of lines) { console.log(line); break; }
      const { body } = http.get(__ENV.H2 + '/endless', stream);
      console.log(await body.cancel('enough'), (await body.getReader().read()).done);`),
    { env },
  );
  assert.deepEqual(logged(result), ['true', 'part 0', 'undefined true']);
  assert.equal(result.metrics['http_reqs']?.values['count'], 3);
});

test('what goes wrong in the midst of a body is an error of the read and a failed request', async () => {
  const result = await run(
    script(`for (const url of [__ENV.PLAIN + '/broken', __ENV.TLS + '/broken', __ENV.PLAIN + '/silent', __ENV.H2 + '/silent', __ENV.PLAIN + '/garbage',
          __ENV.PLAIN + '/unknown']) {
        const response = http.get(url, url.endsWith('/silent') ? { ...stream, timeout: '900ms' } : stream);
        try {
          console.log(response.status, await response.body.text());
        } catch (error) {
          console.log(response.status, error.message, error.code);
        }
      }
      const refused = http.get('http://127.0.0.1:1/', stream);
      console.log(refused.status, refused.body, refused.error_code);
      try { http.get(__ENV.PLAIN + '/json', stream).json(); } catch (error) { console.log(error.message); }
      console.log(http.get(__ENV.PLAIN, { responseType: 'river' }).error);`),
    { env },
  );
  assert.deepEqual(logged(result), [
    '200 unexpected EOF 1000',
    '200 unexpected EOF 1000',
    '200 request timeout 1050',
    '200 request timeout 1050',
    '200 incorrect header check 1701',
    '200 unsupported Content-Encoding "morse" 1701',
    '0 null 1212',
    'the body is a stream: read it with text(), json(), lines() or getReader()',
    'river does not belong to ResponseType values',
  ]);
  assert.equal(result.metrics['http_reqs']?.values['count'], 8);
  assert.ok((result.metrics['http_req_failed']?.values['passes'] ?? 0) >= 5);
});

test('an interrupted iteration ends its streams; the next one finds its own', async () => {
  const { exitCode, interrupted, lines } = await run(
    script(
      `const response = http.get(__ENV.PLAIN + '/silent', { responseType: 'stream', timeout: '60s' });
      await response.body.text();`,
      `iterations: undefined, scenarios: { a: { executor: 'constant-vus', vus: 2, duration: '200ms', gracefulStop: '0s' } }`,
    ),
    { env },
  );
  const said = lines.filter(({ source }) => source !== 'summary');
  assert.deepEqual({ exitCode, interrupted, said }, { exitCode: 0, interrupted: 2, said: [] });
});

test('batch, asyncRequest and several VUs each have streams of their own', async () => {
  const { failedChecks, lines } = await run(
    script(
      `const [a, b] = http.batch([['GET', __ENV.PLAIN + '/json/1', null, stream], { method: 'GET', url: __ENV.H2 + '/slowly', params: stream }]);
      const c = await http.asyncRequest('GET', __ENV.TLS + '/slowly', null, stream);
      const texts = await Promise.all([a.body.text(), b.body.text(), c.body.text()]);
      check(texts.join(), { all: (t) => t === '{"path":"json"},part 0\\npart 1\\npart 2\\n,part 0\\npart 1\\npart 2\\n' });`,
      'iterations: 20, vus: 5',
    ),
    { env },
  );
  assert.deepEqual(lines, []);
  assert.deepEqual(failedChecks, []);
});
