import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PlimsollError } from '../base/index.ts';
import { startLoad, type LoadRequest, type LoadResult, type LogLine } from './index.ts';
import { certificate } from './testkit.ts';

/** Whole runs against a real server, in load processes of their own. */

let server: Server;
let url: string;
let folder: string;
let scripts = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-load-'));
  server = createServer((request, response) => {
    const path = request.url ?? '/';
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (path === '/redirect') response.writeHead(302, { location: '/there' }).end();
      else if (path === '/cookie') response.writeHead(200, { 'set-cookie': ['a=1', 'b=2; Path=/'] }).end('set');
      else if (path.startsWith('/status/')) response.writeHead(Number(path.slice(8))).end();
      else if (path === '/gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unzipped'));
      else if (path === '/basic') response.end(request.headers.authorization ?? '');
      else if (path === '/reset') request.socket.destroy();
      else if (path === '/hang') response.flushHeaders();
      else {
        const { method, headers } = request;
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ method, path, body, headers }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function scriptFile(source: string): Promise<string> {
  const path = join(folder, `script-${++scripts}.js`);
  await writeFile(path, source);
  return path;
}

async function run(source: string, request: Partial<LoadRequest> = {}): Promise<LoadResult & { lines: LogLine[] }> {
  const lines: LogLine[] = [];
  const script = await scriptFile(source);
  const result = await startLoad({ script, env: { URL: url }, log: (line) => lines.push(line), ...request }).result;
  return { ...result, lines };
}

test('a run counts requests, checks, groups and custom metrics, and its thresholds decide the exit code', async () => {
  const result = await run(`
    import http from 'k6/http';
    import { check, group, sleep } from 'k6';
    import { Counter, Trend } from 'k6/metrics';
    const count = new Counter('things');
    const trend = new Trend('spans', true);
    export const options = {
      vus: 2, iterations: 10,
      thresholds: { http_req_failed: ['rate<0.01'], things: ['count==20'], 'http_req_duration{kind:a}': ['max<60000'], checks: ['rate>0.9'] },
    };
    export default function () {
      const answer = http.get(__ENV.URL + '/a', { tags: { kind: 'a' } });
      check(answer, { 'is 200': (r) => r.status === 200, 'is odd': () => __ITER % 2 === 1 });
      group('write', () => {
        for (const n of [1, 2]) { http.post(__ENV.URL + '/b', { n }); count.add(1); }
      });
      trend.add(answer.timings.duration);
      sleep(0.01);
    }`);
  assert.equal(result.exitCode, 99);
  assert.equal(result.requests, 30);
  assert.equal(result.failed, 0);
  assert.equal(result.iterations, 10);
  assert.deepEqual(
    result.thresholds.map(({ metric, ok }) => [metric, ok]),
    [
      ['http_req_failed', true],
      ['things', true],
      ['http_req_duration{kind:a}', true],
      ['checks', false],
    ],
  );
  const [is200, isOdd] = result.checks;
  assert.deepEqual([is200?.passes, is200?.fails], [10, 0]);
  assert.equal((isOdd?.passes ?? 0) + (isOdd?.fails ?? 0), 10);
  assert.equal(result.metrics['group_duration']?.type, 'trend');
  assert.equal(result.rootGroup.groups[0]?.name, 'write');
  assert.match(result.summaryText, /█ TOTAL RESULTS/);
  assert.match(result.summaryText, /http_reqs\.+: 30 /);
});

test('setup data reaches every iteration and teardown; handleSummary replaces the summary', async () => {
  const result = await run(`
    import http from 'k6/http';
    export const options = { vus: 2, iterations: 4 };
    export function setup() { return { path: http.get(__ENV.URL + '/from-setup').json('path') }; }
    export default function (data) { if (data.path !== '/from-setup') throw new Error('no data'); data.path = '/from-setup'; }
    export function teardown(data) { console.log('torn', data); }
    export function handleSummary(data) { return { stdout: 'iterations ' + data.metrics.iterations.values.count, 'out.json': JSON.stringify(data.setup_data) }; }`);
  assert.equal(result.exitCode, 0);
  assert.equal(result.summaryText, 'iterations 4');
  assert.deepEqual(result.files, { 'out.json': '{"path":"/from-setup"}' });
  assert.deepEqual(
    result.lines.map((line) => line.message),
    ['torn { path: "/from-setup" }'],
  );
});

test('each VU has its own module variables', async () => {
  const result = await run(`
    let n = 0;
    export const options = { scenarios: { each: { executor: 'per-vu-iterations', vus: 3, iterations: 2 } } };
    export default function () { n++; if (n !== __ITER + 1) throw new Error('shared: ' + n); }`);
  assert.deepEqual(result.lines, []);
  assert.equal(result.iterations, 6);
});

test('redirects are followed and counted, cookies come back, statuses fail', async () => {
  const result = await run(`
    import http from 'k6/http';
    import { check } from 'k6';
    export default function () {
      const there = http.get(__ENV.URL + '/redirect');
      const stays = http.get(__ENV.URL + '/redirect', { redirects: 0 });
      http.get(__ENV.URL + '/cookie');
      const cookie = http.get(__ENV.URL + '/show').json('headers.cookie');
      const missing = http.get(__ENV.URL + '/status/404');
      const [one, two] = http.batch([__ENV.URL + '/1', ['POST', __ENV.URL + '/2', 'x']]);
      check(null, {
        redirected: there.url.endsWith('/there') && there.status === 200,
        stayed: stays.status === 302,
        cookies: cookie === 'a=1; b=2',
        missing: missing.error_code === 1404,
        batch: one.json('path') === '/1' && two.json('body') === 'x',
      });
    }`);
  assert.deepEqual(
    result.checks.map(({ name, fails }) => [name, fails]),
    [
      ['redirected', 0],
      ['stayed', 0],
      ['cookies', 0],
      ['missing', 0],
      ['batch', 0],
    ],
  );
  assert.equal(result.requests, 8);
  assert.equal(result.failed, 1);
  assert.deepEqual(result.errorCounts, { 'status 404': 1 });
});

test('requests without an answer are counted with their cause and do not end the run', async () => {
  const result = await run(`
    import http from 'k6/http';
    import { check } from 'k6';
    export default function () {
      const reset = http.get(__ENV.URL + '/reset');
      const refused = http.get('http://127.0.0.1:1/');
      const late = http.get(__ENV.URL + '/hang', { timeout: '50ms' });
      const schemeless = http.get('nonsense');
      const bad = http.get('http://a b/');
      check(null, {
        reset: reset.status === 0 && reset.body === null && reset.error_code >= 1000,
        refused: refused.error_code === 1212,
        late: late.error_code === 1050,
        schemeless: schemeless.error_code === 1000,
        bad: bad.error_code === 1020,
      });
    }`);
  assert.deepEqual(
    result.checks.filter(({ fails }) => fails > 0),
    [],
  );
  assert.equal(result.exitCode, 0);
  assert.equal(result.errorCounts['dial: connection refused'], 1);
  assert.equal(result.errorCounts['request timeout'], 1);
});

test('an exception in an iteration is logged with the file and line of the script and does not change the exit code', async () => {
  const result = await run(`
    export const options = { iterations: 2 };
    export default function () {
      undefinedFunction();
    }`);
  assert.equal(result.exitCode, 0);
  assert.equal(result.iterations, 2);
  assert.match(
    result.lines[0]?.message ?? '',
    /ReferenceError: undefinedFunction is not defined\n\tat default \(file:\/\/.*script-\d+\.js:4:7\)/,
  );
});

test('compressed answers, compressed bodies, credentials and jars', async () => {
  const result = await run(`
    import http from 'k6/http';
    import { check } from 'k6';
    export default function () {
      const { URL: url } = __ENV;
      const jar = http.cookieJar();
      jar.set(url, 'own', 'x', { path: '/' });
      const other = new http.CookieJar();
      check(null, {
        gzip: http.get(url + '/gzip').body === 'unzipped',
        deflate: http.post(url + '/', 'abc'.repeat(100), { compression: 'gzip' }).json('headers.content-encoding') === 'gzip',
        basic: http.get(url.replace('//', '//user:pass@') + '/basic').body === 'Basic dXNlcjpwYXNz',
        jar: http.get(url + '/').json('headers.cookie') === 'own=x',
        null: http.get(url + '/', { jar: null }).json('headers.cookie') === 'own=x',
        given: http.get(url + '/cookie', { jar: other }) && other.cookiesForURL(url + '/').a[0] === '1',
        seen: http.get(url + '/cookie').cookies.b[0].value === '2',
        replaced: http.get(url + '/', { cookies: { own: { value: 'y', replace: true } } }).json('headers.cookie') === 'own=y; a=1; b=2',
      });
    }`);
  assert.deepEqual(
    result.checks.filter(({ fails }) => fails > 0).map(({ name }) => name),
    [],
    result.lines.map((line) => line.message).join(),
  );
});

test('k6/execution tells where an iteration stands, aborts and fails', async () => {
  const result = await run(`
    import exec from 'k6/execution';
    export const options = { scenarios: { one: { executor: 'shared-iterations', vus: 2, iterations: 6, tags: { kind: 'k' } } } };
    export default function () {
      if (exec.scenario.name !== 'one' || exec.scenario.executor !== 'shared-iterations') throw new Error(exec.scenario.name);
      if (exec.vu.iterationInScenario !== __ITER || exec.vu.idInTest !== __VU) throw new Error('vu');
      if (exec.test.options.scenarios.one.iterations !== 6) throw new Error('options');
      exec.vu.metrics.tags.mine = 'yes';
      if (exec.vu.tags.mine !== 'yes' || exec.vu.tags.kind !== 'k') throw new Error('tags');
      console.log(exec.scenario.iterationInTest);
      exec.test.fail('on purpose');
    }`);
  const numbers = result.lines.filter((line) => line.source === 'console').map((line) => Number(line.message));
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5],
  );
  assert.equal(result.exitCode, 110);
  const aborted = await run(`
    import exec from 'k6/execution';
    import { sleep } from 'k6';
    export const options = { vus: 3, duration: '1m' };
    export default function () { sleep(0.01); if (__VU === 2) exec.test.abort('enough'); }
    export function teardown() { console.log('teardown'); }`);
  assert.equal(aborted.exitCode, 108);
  assert.match(aborted.reason ?? '', /enough/);
  assert.ok(aborted.lines.some((line) => line.message === 'teardown'));
});

test('rps holds back the requests of all VUs together', async () => {
  const result = await run(`
    import http from 'k6/http';
    export const options = { vus: 5, iterations: 10, rps: 20 };
    export default function () { http.get(__ENV.URL); }`);
  assert.ok(result.durationMs >= 450, `${result.durationMs} ms`);
});

test('hosts sends names elsewhere, whatever their case', async () => {
  const to = url.replace('http://', '');
  const result = await run(
    `
    import http from 'k6/http';
    import { check } from 'k6';
    export default function () {
      const hosts = ['http://Some-Load-Balancer/a', 'http://one.two.test/b', 'http://port.test:81/c'].map((u) => http.get(u).json('headers.host'));
      check(hosts, { named: (h) => h.join() === 'Some-Load-Balancer,one.two.test,port.test:81' });
    }`,
    { options: { hosts: { 'Some-Load-Balancer': to, '*.two.test': to, 'port.test:81': to } } },
  );
  assert.deepEqual([result.checks[0]?.fails, result.requests], [0, 3]);
});

test('https is spoken, with and without a certificate that is trusted', async () => {
  const secure = createSecureServer(certificate, (_request, response) => response.end('secret'));
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  const env = { URL: `https://127.0.0.1:${(secure.address() as AddressInfo).port}/` };
  const source = `
    import http from 'k6/http';
    import { check } from 'k6';
    export default function () { const r = http.get(__ENV.URL); check(r, { ok: () => r.body === 'secret' && r.timings.tls_handshaking > 0 && /^tls1\\.[23]$/.test(r.tls_version) }); }`;
  try {
    const trusting = await run(source, { env, options: { insecureSkipTLSVerify: true } });
    assert.deepEqual([trusting.checks[0]?.passes, trusting.checks[0]?.fails], [1, 0]);
    const careful = await run("import http from 'k6/http'; export default () => { http.get(__ENV.URL); };", { env });
    assert.deepEqual(careful.errorCounts, { 'x509: unknown authority': 1 });
  } finally {
    secure.closeAllConnections();
    await new Promise((resolve) => secure.close(resolve));
  }
});

const refused: [name: string, source: string, code: string, exitCode: number, text: RegExp][] = [
  ['a syntax error', 'export default function ( {', 'PL_LOAD_SCRIPT_INVALID', 107, /script-\d+\.js:1:/],
  ['an exception in init', '\nthrow new Error("no");\nexport default () => {};', 'PL_LOAD_SCRIPT_INVALID', 107, /no\n.*:2:/],
  [
    'a sub-metric of nothing',
    'export const options = { submetrics: ["nope{a:b}"] }; export default () => {};',
    'PL_LOAD_OPTIONS_INVALID',
    104,
    /nope\{a:b\}/,
  ],
  ['a browser test', 'import { browser } from "k6/browser"; export default () => {};', 'PL_LOAD_MODULE_UNSUPPORTED', 107, /Playwright/],
  [
    'an unknown executor',
    'export const options = { scenarios: { a: { executor: "no" } } }; export default () => {};',
    'PL_LOAD_OPTIONS_INVALID',
    104,
    /unknown executor "no"/,
  ],
  [
    'a missing function',
    'export const options = { vus: 1, duration: "1s" }; export function other() {}',
    'PL_LOAD_OPTIONS_INVALID',
    104,
    /default/,
  ],
  [
    'a bad threshold',
    'export const options = { thresholds: { http_reqs: ["p95 < 3"] } }; export default () => {};',
    'PL_LOAD_OPTIONS_INVALID',
    104,
    /http_reqs/,
  ],
  [
    'a blocking getter of more VUs than there may be threads',
    'import http from "k6/http";export const options={vus:1000,duration:"1s"};\nconst o = { get x() {\n return http.get("http://x"); } };\nexport default () => { o.x; };',
    'PL_LOAD_CANNOT_SUSPEND',
    107,
    /getter; .* not 1000 \(.*:3\)/,
  ],
];
for (const [name, source, code, exitCode, text] of refused)
  test(`${name} is refused`, async () => {
    await assert.rejects(
      run(source),
      (error) => error instanceof PlimsollError && error.code === code && error.exitCode === exitCode && text.test(error.message),
    );
  });

test('a script that is not there is refused', async () => {
  await assert.rejects(
    startLoad({ script: join(folder, 'no.js') }).result,
    (error) => error instanceof PlimsollError && error.exitCode === 255,
  );
});

test('a blocking call that the engine itself made and nobody waited for ends the run', async () => {
  const result = await run(`
    import http from 'k6/http';
    export default function () { const map = Function.prototype.call.bind([].map); map([3, 4], () => http.get(__ENV.URL).status); }`).catch(
    (error: unknown) => error as PlimsollError,
  );
  assert.equal(result.exitCode, 107);
});

test('VUs, iterations and metrics of several processes add up', async () => {
  const result = await run(
    `
    import http from 'k6/http';
    import { Counter } from 'k6/metrics';
    const ids = new Counter('ids');
    export const options = { scenarios: { each: { executor: 'per-vu-iterations', vus: 5, iterations: 2 } } };
    export default function () { ids.add(__VU); http.get(__ENV.URL); }`,
    { workers: 3 },
  );
  assert.equal(result.iterations, 10);
  assert.equal(result.requests, 10);
  assert.equal(result.metrics['ids']?.values['count'], 2 * (1 + 2 + 3 + 4 + 5));
});

test('when load processes keep dying the run fails with a clear error', async () => {
  const script = await scriptFile(`
    import { sleep } from 'k6';
    export const options = { vus: 1, duration: '10m' };
    export default function () { sleep(1); }`);
  const load = startLoad({ script, progressMs: 50 });
  load.onProgress(() => process.kill(load.pids.at(-1) as number, 'SIGKILL'));
  await assert.rejects(
    load.result,
    (error) => error instanceof PlimsollError && error.code === 'PL_LOAD_PROCESS_DIED' && /SIGKILL/.test(error.message),
  );
  assert.equal(load.pids.length, 4);
});

/** Kills the first load process, the one that also runs setup and teardown, after ten iterations; stops a run without end when that one's VUs are back. */
async function killOnce(source: string): Promise<LoadResult & { lines: LogLine[]; killed: number }> {
  const lines: LogLine[] = [];
  let killed = 0;
  const log = (line: LogLine): void => {
    lines.push(line);
    if (died(lines, killed) >= 0 && /^VU [1357] /.test(line.message) && source.includes('1h')) load.stop();
  };
  const load = startLoad({ script: await scriptFile(source), progressMs: 50, workers: 2, log });
  load.onProgress(({ iterations }) => {
    if (killed > 0 || iterations < 10) return;
    killed = load.pids[0] as number;
    process.kill(killed, 'SIGKILL');
  });
  return { ...(await load.result), lines, killed };
}

function died(lines: readonly LogLine[], pid: number): number {
  return lines.findIndex(({ message }) => message.includes(`load process ${pid} ended by SIGKILL`));
}

const handling = `import { sleep } from 'k6';
  export function setup() { return { from: 'setup' }; }
  export function teardown(data) { console.log('teardown', data.from); }
  export default function (data) { console.log('VU', __VU, data.from); sleep(0.02); }`;

const taken: Record<string, [scenario: string, iterations: number | undefined]> = {
  'shared-iterations': [`{ executor: 'shared-iterations', vus: 4, iterations: 120 }`, 120],
  'per-vu-iterations': [`{ executor: 'per-vu-iterations', vus: 4, iterations: 30 }`, 120],
  'constant-vus': [`{ executor: 'constant-vus', vus: 4, duration: '1h' }`, undefined],
  'ramping-vus': [`{ executor: 'ramping-vus', startVUs: 4, stages: [{ duration: '1h', target: 4 }] }`, undefined],
  'constant-arrival-rate': [`{ executor: 'constant-arrival-rate', rate: 60, duration: '1h', preAllocatedVUs: 8 }`, undefined],
};

for (const [executor, [scenario, iterations]] of Object.entries(taken))
  test(`a new load process takes the place of one that died, and goes on with ${executor}`, async () => {
    const source = `${handling}\nexport const options = { scenarios: { all: ${scenario} } };`;
    const result = await killOnce(source);
    assert.equal(result.exitCode, iterations === undefined ? 105 : 0);
    if (iterations !== undefined) assert.equal(result.iterations, iterations);
    const of = (text: RegExp): number => result.lines.findLastIndex(({ message }) => text.test(message));
    const at = died(result.lines, result.killed);
    assert.ok(at >= 0, 'it is told when it happens');
    assert.ok(of(/^VU [1357] setup$/) > at, 'its VUs, those with odd numbers, run again');
    assert.ok(of(/^teardown setup$/) > at);
    assert.match(result.distortions.join(), new RegExp(`load process ${result.killed} ended by SIGKILL`));
  });

test('a library finds in the global object what the engine offers, and the promises of its VU', async () => {
  const { lines } = await run(`
    import { sleep } from 'k6';
    const root = (typeof global === 'object' && global && global.Object === Object && global) || Function('return this')();
    const tag = Object.prototype.toString.call(root.Promise && root.Promise.resolve());
    root.mine = __VU;
    export default function () { sleep(0.01); console.log(tag, root === globalThis, root.Promise === Promise, root.process, new root.Map([[1, 2]]).get(1), globalThis.mine); }`);
  assert.deepEqual(lines.map(({ message }) => message), ['[object Promise] true true undefined 2 1']); // prettier-ignore
});
