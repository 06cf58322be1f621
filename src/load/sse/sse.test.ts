import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { createGzip } from 'node:zlib';
import { systemClock } from '../../base/index.ts';
import { scriptRunner, servers, type ScriptResult } from '../testkit.ts';

const run = scriptRunner();
const env = servers(answer);
const open = new Set<object>();
let floodBytes = 0;
/** The ids that clients gave when they came again. */
let lastIds: string[] = [];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').replace(/\?.*/, '');
  open.add(response);
  response.on('close', () => open.delete(response));
  const begin = (): void => void response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  switch (path) {
    case '/three':
      begin();
      for (const part of [': hello\nid: 1\ndata: one\n', '\nevent: named\r\ndata: {"n":\ndata: 2}\n\n', 'data: three\n\ndata: lost']) {
        response.write(part);
        await systemClock.sleep(30);
      }
      response.end();
      break;
    case '/close':
      response.socket?.end('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: a\n\ndata: b\n\n');
      break;
    case '/gzip': {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      const gzip = createGzip();
      gzip.pipe(response);
      gzip.write('data: packed\n\n');
      gzip.flush();
      break;
    }
    case '/echo': {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      begin();
      const { method, headers } = request;
      response.end(`data: ${JSON.stringify({ method, body, headers })}\n\n`);
      break;
    }
    case '/redirect':
      response.writeHead(302, { location: '/close' }).end();
      break;
    case '/missing':
      response.writeHead(404, { 'x-why': 'gone' }).end('no such stream');
      break;
    case '/json':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      break;
    case '/broken':
      begin();
      response.write('data: first\n\n');
      await systemClock.sleep(20);
      if (request.httpVersion === '2.0') (request as unknown as { stream: ServerHttp2Stream }).stream.session?.destroy();
      else response.socket?.destroy();
      break;
    case '/open':
      begin();
      response.write('data: first\n\n');
      break;
    case '/again':
      lastIds.push(String(request.headers['last-event-id'] ?? ''));
      if (lastIds.length === 4) {
        response.writeHead(204).end();
        break;
      }
      begin();
      response.end(`retry: 20\nid: n${lastIds.length}\nevent: tick\ndata: ${lastIds.length}\n\ndata: plain\n\n`);
      break;
    case '/flood': {
      begin();
      const block = `data: ${'x'.repeat(1000)}\n\n`.repeat(64);
      const more = (): void => {
        while (!response.destroyed && floodBytes < 2 ** 29) {
          floodBytes += block.length;
          if (response.write(block)) continue;
          response.once('drain', more);
          return;
        }
      };
      more();
      break;
    }
    default:
      response.end('there');
  }
}

const script = (
  body: string,
  options = '',
): string => `import sse from 'k6/x/sse'; import http from 'k6/http'; import { check, sleep } from 'k6';
  export const options = { insecureSkipTLSVerify: true, iterations: 1, ${options} };
  export default function () { ${body} }`;

const logged = (result: ScriptResult): string[] => result.lines.filter(({ source }) => source === 'console').map(({ message }) => message);

test('sse.open blocks until the stream is over; events come one by one, on every kind of connection', async () => {
  const result = await run(
    script(
      `for (const base of [__ENV.PLAIN, __ENV.TLS, __ENV.H2]) {
        const seen = [];
        const answer = sse.open(base + '/three', { tags: { kind: 'news' } }, function (client) {
          client.on('open', () => { seen.push('open'); });
          client.on('event', (event) => { seen.push([event.id, event.name, event.data, event.comment].join('|') + http.get(base + '/there').status); });
          client.on('error', (error) => seen.push('error ' + error.error()));
        });
        check(seen, { events: (s) => s.join() === 'open,1||one|hello200,|named|{"n":\\n2}|200,||three|200' || console.log(s.join()) });
        check(answer, { answer: (a) => a.status === 200 && a.url === base + '/three' && a.error === '' && a.headers['Content-Type'] === 'text/event-stream; charset=utf-8' });
      }
      const texts = [];
      for (const path of ['/close', '/redirect', '/gzip'])
        sse.open(__ENV.PLAIN + path, (client) => { client.on('event', (event) => { texts.push(event.data); if (event.data === 'packed') client.close(); }); });
      check(texts, { 'close, redirect, gzip': (t) => t.join() === 'a,b,a,b,packed' });`,
      `thresholds: { 'sse_event{kind:news}': ['count==9'], sse_event: ['count==14'], sse_time_to_first_event: ['max<20000'], sse_event_interval: ['max<20000'], http_reqs: ['count==16'], http_req_failed: ['rate==0'] }`,
    ),
    { env },
  );
  assert.deepEqual(result.lines, []);
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.exitCode, 0, JSON.stringify(result.metrics));
  assert.equal(result.metrics['sse_time_to_first_event']?.type, 'trend');
  assert.ok((result.metrics['data_received']?.values['count'] ?? 0) > 1000);
});

test('method, body, headers and cookies are those of a request', async () => {
  const result = await run(
    script(`
      http.cookieJar().set(__ENV.PLAIN, 'a', 'own');
      const jar = new http.CookieJar();
      jar.set(__ENV.PLAIN, 'b', 'given');
      const echo = (params) => {
        let event;
        sse.open(__ENV.PLAIN + '/echo', params, (client) => client.on('event', (e) => { event = JSON.parse(e.data); }));
        return event;
      };
      const post = echo({ method: 'post', body: '{"ping": true}', headers: { 'content-type': 'application/json', Authorization: 'Bearer X' } });
      const get = echo(null);
      const other = echo({ headers: { accept: 'text/*' }, jar, responseType: 'stream' });
      check(null, {
        post: post.method === 'POST' && post.body === '{"ping": true}' && post.headers['content-type'] === 'application/json' && post.headers.authorization === 'Bearer X',
        get: get.method === 'GET' && get.body === '' && get.headers.accept === 'text/event-stream' && get.headers.cookie === 'a=own',
        other: other.headers.accept === 'text/*' && other.headers.cookie === 'b=given',
      });`),
    { env },
  );
  assert.deepEqual(result.lines, []);
  assert.deepEqual(result.failedChecks, []);
});

test('what goes wrong is told to the handlers and with the answer', async () => {
  const result = await run(
    script(`const told = (url, params) => {
        const seen = [];
        const { status, error, body } = sse.open(url, params, (client) => {
          for (const name of ['open', 'event', 'error']) client.on(name, (value) => { seen.push(name + (value === undefined ? '' : ' ' + (value.data ?? value.error()))); });
        });
        console.log([...seen, status, error, body].join(' | '));
      };
      told(__ENV.PLAIN + '/missing');
      told(__ENV.PLAIN + '/broken');
      told(__ENV.TLS + '/broken');
      told(__ENV.H2 + '/broken');
      told(__ENV.PLAIN + '/open', { timeout: '900ms' });
      told('http://127.0.0.1:1/');
      try { sse.open(__ENV.PLAIN + '/three', {}); } catch (error) { console.log(error.message); }
      try { sse.open(__ENV.PLAIN + '/three', (client) => client.on('message', () => {})); } catch (error) { console.log(error.message); }
      try { sse.open(__ENV.PLAIN + '/three', (client) => client.on('event', () => { throw new Error('from a handler'); })); } catch (error) { console.log(error.message); }
      console.log(http.get(__ENV.PLAIN + '/there').body);`),
    { env },
  );
  assert.deepEqual(logged(result), [
    'error the answer is no event stream: status 404 | 404 | the answer is no event stream: status 404 | no such stream',
    'open | event first | error unexpected EOF | 200 | unexpected EOF | ',
    'open | event first | error unexpected EOF | 200 | unexpected EOF | ',
    'open | event first | error unexpected EOF | 200 | unexpected EOF | ',
    'open | event first | error request timeout | 200 | request timeout | ',
    'error dial: connection refused | 0 | dial: connection refused | ',
    'last argument to sse.open must be a function',
    'unknown event "message" of an event stream: there are open, event, error',
    'from a handler',
    'there',
  ]);
  assert.equal(result.metrics['http_reqs']?.values['count'], 9);
});

test('a slow script slows the server down, and close() ends the stream', async () => {
  floodBytes = 0;
  const { failedChecks, lines } = await run(
    script(`let events = 0;
      sse.open(__ENV.PLAIN + '/flood', (client) => {
        client.on('event', () => {
          if (++events === 10) sleep(0.3);
          if (events === 2000) client.close();
        });
      });
      check(events, { all: (n) => n === 2000 });`),
    { env },
  );
  assert.deepEqual(lines, []);
  assert.deepEqual(failedChecks, []);
  assert.ok(floodBytes < 64 * 2 ** 20, String(floodBytes));
});

test('an open stream ends with its scenario, and VUs do not mix', async () => {
  const { interrupted, metrics, lines, failedChecks } = await run(
    script(
      `const me = String(__VU) + '-' + __ITER;
      let mine;
      sse.open(__ENV.PLAIN + '/echo', { headers: { 'x-me': me } }, (client) => client.on('event', (e) => { sleep(0.01); mine = JSON.parse(e.data).headers['x-me']; }));
      check(mine, { mine: (m) => m === me });
      sse.open(__ENV.PLAIN + '/open', (client) => { client.on('event', () => { sleep(0.01); }); });`,
      `iterations: undefined, scenarios: { a: { executor: 'constant-vus', vus: 8, duration: '1s', gracefulStop: '0s' } }`,
    ),
    { env },
  );
  assert.deepEqual(lines.filter(({ source }) => source !== 'summary'), []); // prettier-ignore
  assert.deepEqual(failedChecks, []);
  assert.equal(interrupted, 8);
  // Each has had its own answer; on a busy machine not each has come to its second stream.
  const events = metrics['sse_event']?.values['count'] ?? 0;
  assert.ok(events >= 8 && events <= 16, String(events));
  for (let tries = 0; open.size > 0 && tries < 500; tries++) await systemClock.sleep(10);
  assert.equal(open.size, 0);
});

test('EventSource comes again with the last id until it is closed, or the answer is none of a stream', async () => {
  lastIds = [];
  const result = await run(
    script(
      `const source = new EventSource(__ENV.PLAIN + '/again', { headers: { 'X-A': '1' } });
      const seen = [source.readyState];
      const record = (event) => { seen.push(event.type + (event.data ?? '') + (event.lastEventId ?? '') + source.readyState); };
      for (const type of ['open', 'tick', 'error']) source.addEventListener(type, record);
      source.onmessage = (event) => { sleep(0.01); record(event); };
      const never = () => console.log('never');
      source.addEventListener('tick', never);
      source.removeEventListener('tick', never);
      const json = new EventSource(__ENV.PLAIN + '/json');
      json.onerror = ({ error }) => console.log(json.readyState, error);
      const closed = new EventSource(__ENV.H2 + '/open');
      closed.onmessage = ({ data, origin }) => { closed.close(); console.log(data, origin === __ENV.H2, closed.readyState); };
      for (const url of ['ws://x', '/relative']) try { new EventSource(url); } catch (error) { console.log(error.name); }
      const wait = () => (source.readyState === EventSource.CLOSED ? console.log(seen.join(' ')) : setTimeout(wait, 5));
      wait();`,
    ).replace("import sse from 'k6/x/sse'", "import sse, { EventSource } from 'k6/x/sse'"),
    { env },
  );
  assert.deepEqual(lastIds, ['', 'n1', 'n2', 'n3']);
  assert.deepEqual(new Set(logged(result)), new Set([
    'SyntaxError', '2 the answer is no event stream: status 200, application/json', 'first true 2',
    '0 open1 tick1n11 messageplainn11 error0 open1 tick2n21 messageplainn21 error0 open1 tick3n31 messageplainn31 error0 error2',
  ])); // prettier-ignore
  assert.deepEqual(result.lines.filter(({ level }) => level === 'error'), []); // prettier-ignore
});

test('an EventSource that is open ends with its iteration', async () => {
  const { interrupted, metrics } = await run(
    script(
      `const source = new EventSource(__ENV.TLS + '/open');
      const refused = new EventSource('http://127.0.0.1:1/');
      source.onmessage = () => { sleep(0.01); };`,
      `iterations: undefined, scenarios: { a: { executor: 'constant-vus', vus: 2, duration: '600ms', gracefulStop: '0s' } }`,
    ).replace("import sse from 'k6/x/sse'", "import { EventSource } from 'k6/x/sse'"),
    { env },
  );
  assert.equal(interrupted, 2);
  const events = metrics['sse_event']?.values['count'] ?? 0;
  assert.ok(events >= 1 && events <= 2, String(events));
});

test('openAsync: several streams beside the script, whose events are asked for', async () => {
  lastIds = [];
  const result = await run(
    script(
      `const told = async (act) => { try { const value = await act(); console.log(JSON.stringify(value)); } catch (error) { console.log(error.message); } };
      const three = sse.openAsync(__ENV.PLAIN + '/three', { headers: { 'X-A': '1' } });
      const other = sse.openAsync(__ENV.H2 + '/three');
      console.log(three.isOpen(), three.getStatus());
      console.log(three.waitForEvent((event) => event.name === 'named', 20000).data, three.getStatus());
      let polled = [];
      while (polled.length === 0) { sleep(0.02); polled = three.pollEvents(); }
      await told(() => polled.map(({ data }) => data));
      await told(() => other.waitForEvent((event) => { sleep(0.01); return event.data === 'three'; }).name);
      await told(() => three.waitForEvent());
      const open = sse.openAsync(__ENV.PLAIN + '/open');
      const texts = await Promise.all([open.waitForEventAsync(), open.waitForEventAsync(undefined, 60).catch((error) => error.message)]);
      console.log(texts[0].data, texts[1], open.isOpen());
      await told(() => open.waitForEvent(() => true, 30));
      open.close();
      await told(() => open.waitForEvent());
      for (const [path, params] of [['/json'], ['/missing'], ['/missing', { maxRetries: 2, baseDelay: 1 }]])
        await told(() => sse.openAsync(__ENV.PLAIN + path, params).waitForEvent());
      await told(() => sse.openAsync('http://127.0.0.1:1/').waitForEventAsync((event) => event));
      await told(() => sse.openAsync(__ENV.PLAIN + '/three').waitForEvent(() => { throw new Error('of the predicate'); }));
      sse.openAsync(__ENV.TLS + '/open').waitForEvent();`,
    ).replace('export default function', 'export default async function'),
    { env },
  );
  assert.deepEqual(logged(result), [
    'false 0', '{"n":\n2} 200', '["three"]', '""', 'connection closed', 'first timeout waiting for event true', 'timeout waiting for event', 'client is closed',
    'unexpected content-type: application/json', 'unexpected status code: 404', 'unexpected status code: 404 (after 2 retries)', 'dial: connection refused', 'of the predicate',
  ]); // prettier-ignore
  assert.deepEqual(result.lines.filter(({ level }) => level === 'error'), []); // prettier-ignore
  for (let tries = 0; open.size > 0 && tries < 500; tries++) await systemClock.sleep(10);
  assert.equal(open.size, 0);
});
