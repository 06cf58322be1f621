import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import { scriptRunner } from '../testkit.ts';

/** Scripts that block where nothing can be awaited. */

const run = scriptRunner();
let server: Server;
let env: Record<string, string>;

before(async () => {
  server = createServer((request, response) => {
    if (request.url === '/cookie') response.setHeader('set-cookie', 'a=1');
    if (request.url !== '/hang') response.end(JSON.stringify({ path: request.url, cookie: request.headers.cookie }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = { URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('a library that is handed what blocks, and calls it while it is loaded too, runs in threads', async () => {
  const { exitCode, failedChecks, lines, metrics } = await run(
    `import http from 'k6/http';
     import { check } from 'k6';
     const library = (function () {
       const made = {};
       const each = (list, callback) => { for (const item of list) callback(item, made); };
       each(['first', 'second'], (name, to) => { to[name] = (list, callback) => each(list, callback); });
       return made;
     })();
     export const options = { iterations: 2 };
     export default function () {
       const seen = [];
       library['sec' + 'ond'](['/a', '/b'], (path) => seen.push(http.get(__ENV.URL + path).json('path')));
       check(seen, { 'in order': (list) => list.join() === '/a,/b' });
     }`,
    { env, workers: 1 },
  );
  assert.equal(exitCode, 0, JSON.stringify(lines));
  assert.deepEqual(failedChecks, []);
  assert.equal(metrics['http_reqs']?.values['count'], 4);
  assert.match(lines[0]?.message ?? '', /called by the init code.*thread of its own/);
});

test('a getter, a constructor, a conversion, a replacer: what blocks there really blocks', async () => {
  const { exitCode, failedChecks, metrics, lines, groups } = await run(
    `import http from 'k6/http';
     import { check, group, sleep } from 'k6';
     import exec from 'k6/execution';
     import { Counter, Trend } from 'k6/metrics';
     const mine = new Counter('mine');
     const trend = new Trend('trend');
     export const options = { vus: 2, iterations: 6, thresholds: { 'mine{of:two}': ['count==6'], http_reqs: ['count==43'] } };
     const get = (path) => http.get(__ENV.URL + path);
     class Page { constructor(path) { this.response = get(path); } get again() { return get('/again').json('path'); } toString() { return get('/text').json('path'); } }
     let iterations = 0;
     export function setup() { return { from: get('/setup').json('path') }; }
     export default function (data) {
       iterations++;
       const before = Date.now();
       sleep(0.05);
       const slept = Date.now() - before;
       const page = new Page('/cookie');
       const batch = http.batch([__ENV.URL + '/1', __ENV.URL + '/2']);
       group('g', () => check(page, {
         constructed: (p) => p.response.status === 200 && p.response.timings.duration > 0,
         getter: (p) => p.again === '/again',
         conversion: (p) => \`\${p}\` === '/text',
         replacer: () => 'a-b'.replace(/-/, () => get('/dash').json('path')) === 'a/dashb',
         batch: () => batch.map((r) => r.json('path')).join() === '/1,/2',
         cookies: () => get('/').json('cookie') === 'a=1',
         data: () => data.from === '/setup',
         slept: () => slept >= 49,
         'own module scope': () => exec.vu.iterationInScenario === iterations - 1,
       }));
       mine.add(1, { of: 'two' });
       trend.add(7);
       console.log('VU', __VU, __ITER);
     }
     export function teardown(data) { if (data.from !== '/setup') throw new Error('no data'); }`,
    { env, workers: 1 },
  ).then((result) => ({ ...result, groups: result.rootGroup.groups }));
  assert.deepEqual(failedChecks, []);
  assert.equal(exitCode, 0);
  assert.equal(metrics['iterations']?.values['count'], 6);
  assert.equal(metrics['http_reqs']?.values['count'], 43);
  assert.equal(JSON.stringify(groups).includes('"g"'), true);
  assert.equal(lines.filter(({ source }) => source === 'console').length, 6);
  assert.match(lines.find(({ source }) => source === 'script')?.message ?? '', /script-\d+\.js:9: .* a thread of its own/);
});

test('an error has the lines of the script; an iteration that is cut off is over', { timeout: 60_000 }, async () => {
  const { lines, interrupted, iterations } = await run(
    `import http from 'k6/http';
     export const options = { scenarios: { one: { executor: 'constant-vus', vus: 1, duration: '2s', gracefulStop: '0s' } } };
     const o = { get bad() { http.get(__ENV.URL); throw new Error('of mine'); }, get hangs() { return http.get(__ENV.URL + '/hang'); } };
     export default function () {
       if (__ITER > 0) try { o.hangs; } finally { console.log('never'); }
       o.bad;
     }`,
    { env },
  );
  assert.match(
    lines.find(({ source }) => source === 'stacktrace')?.message ?? '',
    /^Error: of mine\n\tat .*script-\d+\.js:3:\d+\)\n\tat default .*script-\d+\.js:6:/,
  );
  assert.equal(
    lines.some(({ message }) => message === 'never'),
    false,
  );
  assert.equal(interrupted, 1);
  assert.equal(iterations, 1);
});

test('promises, timers and asyncRequest go on in the thread', async () => {
  const { failedChecks, exitCode } = await run(
    `import http from 'k6/http';
     import { check, sleep } from 'k6';
     const o = { get v() { return http.get(__ENV.URL + '/v').json('path'); } };
     export default async function () {
       const log = [];
       setTimeout(() => log.push('timer'), 1);
       const later = http.asyncRequest('GET', __ENV.URL + '/later').then((r) => log.push(r.json('path')));
       sleep(0.05);
       log.push(o.v);
       await later;
       check(log, { order: () => log[0] === '/v' && log.includes('/later') });
       await new Promise((resolve) => setTimeout(resolve, 5));
       check(log, { timer: () => log.includes('timer') });
     }`,
    { env },
  );
  assert.deepEqual(failedChecks, []);
  assert.equal(exitCode, 0);
});

test('test.abort() ends the run from within a thread', async () => {
  const { exitCode } = await run(
    `import http from 'k6/http'; import exec from 'k6/execution';
     export const options = { vus: 2, duration: '1h' };
     const o = { get v() { return http.get(__ENV.URL); } };
     export default function () { o.v; exec.test.abort('enough'); }`,
    { env },
  );
  assert.equal(exitCode, 108);
});

test('more VUs than threads may be, or modules with events, are refused with the place', async () => {
  const script = (head: string, options: string): string => `import http from 'k6/http'; ${head}
    export const options = { ${options} };
    export default function () { const o = { get v() { return http.get('x'); } }; o.v; }`;
  for (const [head, options, what] of [
    ['', "vus: 500, duration: '1s'", /at most 100, not 500/],
    ["import ws from 'k6/ws'; ws.connect;", 'iterations: 1', /in a script that uses k6\/ws/],
  ] as const) {
    const error = await run(script(head, options)).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof PlimsollError && error.exitCode === 107, String(error));
    assert.match(error.message, what);
    assert.match(error.message, /script-\d+\.js:3/);
  }
});
