import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { scriptRunner } from '../testkit.ts';

/** What k6 1.8 makes of the same calls. */

const run = scriptRunner();
let server: Server;
let origin = '';

before(async () => {
  server = createServer((request, response) => {
    if (request.url === '/from') response.writeHead(302, { location: '/to' });
    request.resume().on('end', () => response.end(request.headers.authorization ?? 'none'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/** Runs the body of a default function once; what it logs. */
async function logOf(body: string): Promise<{ lines: string[]; requests: number; failed: number }> {
  const script = `import http from 'k6/http'; const origin = __ENV.ORIGIN; export default function () { ${body} }`;
  const { lines, requests, failed } = await run(script, { env: { ORIGIN: origin }, workers: 1 });
  return { lines: lines.filter(({ source }) => source === 'console').map(({ message }) => message), requests, failed };
}

test('a response tells of the first request, whatever redirects made of it', async () => {
  const { lines, requests } = await logOf(`
    const { url, request } = http.post('http://' + origin + '/from', 'text', { cookies: { a: '1' } });
    console.log(url.endsWith('/to'), request.method, request.url.endsWith('/from'), request.body, request.cookies);`);
  assert.deepEqual(lines, ['true POST true text { a: [ { name: "a", value: "1", replace: false } ] }']);
  assert.equal(requests, 2);
});

test('credentials of a URL stay in it through a redirect, and out of the tags', async () => {
  const script = `import http from 'k6/http';
    export const options = { thresholds: { 'http_reqs{name:http://****:****@${origin}/from}': ['count==1'] } };
    export default function () { const r = http.get('http://user:secret@${origin}/from'); console.log(r.url, r.body); }`;
  const { lines, thresholds } = await run(script, { workers: 1 });
  assert.deepEqual(lines.map(({ message }) => message), [`http://user:secret@${origin}/to Basic dXNlcjpzZWNyZXQ=`]); // prettier-ignore
  assert.ok(thresholds.every(({ ok }) => ok));
});

test('what is a URL but not of HTTP counts as a failed request, what is no URL does not', async () => {
  const { lines, requests, failed } = await logOf(`
    for (const url of ['mailto:x', '//x/y', '', 'http:/x', 'http://[::1', '127.0.0.1:80/x', 'http://a b/']) {
      const { status, error_code, error } = http.get(url);
      console.log([url, status, error_code, error].join('|'));
    }`);
  assert.deepEqual(lines, [
    'mailto:x|0|1000|unsupported protocol scheme "mailto"',
    '//x/y|0|1000|unsupported protocol scheme ""',
    '|0|1000|unsupported protocol scheme ""',
    'http:/x|0|1000|http: no Host in request URL',
    `http://[::1|0|1020|invalid URL: parse "http://[::1": missing ']' in host`,
    '127.0.0.1:80/x|0|1020|invalid URL: parse "127.0.0.1:80/x": first path segment in URL cannot contain colon',
    'http://a b/|0|1020|invalid URL: parse "http://a b/": invalid character " " in host name',
  ]);
  assert.deepEqual([requests, failed], [4, 4]);
});
