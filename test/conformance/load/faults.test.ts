import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../../src/base/index.ts';
import { startLoad, summaryExport } from '../../../src/load/index.ts';
import { startFaultyServer, type FaultyServer } from './faulty-server.ts';

/**
 * Servers that misbehave: each request is counted as k6 counts it, those that follow are well, other users do not notice, and memory
 * stays bounded. The figures are those of k6 1.8; with a k6 on the PATH it is asked for them.
 */

interface Fault {
  /** A condition on the response `r`. */
  readonly answer: string;
  /** Requests of one call, and how many of them fail. */
  readonly requests?: number;
  readonly failed: number;
}

const lost = (code: number, body: string): Fault => ({
  answer: `r.status === 0 && r.error_code === ${code} && r.body === ${body}`,
  failed: 1,
});

const faults: Record<string, Fault> = {
  '/ok': { answer: `r.body === 'ok'`, failed: 0 },
  '/close': { answer: `r.body === 'ok' && r.headers.Connection === undefined`, failed: 0 },
  '/close-unsaid': { answer: `r.body === 'ok'`, failed: 0 },
  '/http-1.0': { answer: `r.body === 'old' && r.proto === 'HTTP/1.0' && r.remote_ip === '127.0.0.1'`, failed: 0 },
  '/http-1.0-kept': { answer: `r.body === 'old' && r.proto === 'HTTP/1.0'`, failed: 0 },
  '/until-close': { answer: `r.body === 'all'`, failed: 0 },
  '/drip': { answer: `r.body === 'slow'`, failed: 0 },
  '/interim': { answer: `r.status === 200 && r.body === 'ok'`, failed: 0 },
  '/chunked': { answer: `r.body === 'abcde'`, failed: 0 },
  '/line-feeds': { answer: `r.body === 'ok'`, failed: 0 },
  '/odd-fields': { answer: `r.body === 'ok' && r.headers['X-Folded'] === 'a b'`, failed: 0 },
  '/big': { answer: `r.body.length === 10000000`, failed: 0 },
  '/more': { answer: `r.body === 'ok'`, failed: 0 },
  '/empty': { answer: `r.status === 204 && r.body === null`, failed: 0 },
  '/forever': { answer: `r.status === 302 && r.headers.Location === '/forever'`, requests: 11, failed: 0 },
  '/garbage': lost(1000, 'null'),
  '/garbage-length': lost(1000, 'null'),
  '/garbage-chunk': lost(1000, `'abc'`),
  '/garbage-gzip': { answer: `r.status === 0 && r.error_code === 1701`, failed: 1 },
  '/short': lost(1000, `'short'`),
  '/short-chunk': lost(1000, `'sho'`),
  '/nothing': lost(1000, 'null'),
  '/nowhere': lost(1000, 'null'),
  '/reset': lost(1220, 'null'),
  '/hang': lost(1050, 'null'),
  '/hang-in-body': lost(1050, `'part'`),
  // Nobody listens there.
  '//refused': lost(1212, 'null'),
};

const users = 3;
const rounds = 2;
const others = 200;

const script = `
import http from 'k6/http';
import { check } from 'k6';
const { URL_: url } = __ENV;
const conditions = {
${Object.entries(faults)
  .map(([path, { answer }]) => `  '${path}': (r) => ${answer},`)
  .join('\n')}
};
const thresholds = {};
for (const path of Object.keys(conditions)) {
  thresholds['http_reqs{path:' + path + '}'] = ['count>=0'];
  thresholds['http_req_failed{path:' + path + '}'] = ['rate>=0'];
}
export const options = {
  thresholds,
  scenarios: {
    unlucky: { executor: 'per-vu-iterations', vus: ${users}, iterations: ${rounds}, exec: 'unlucky' },
    others: { executor: 'shared-iterations', vus: 2, iterations: ${others}, exec: 'others' },
  },
};
export function unlucky() {
  for (const [path, condition] of Object.entries(conditions)) {
    const address = path === '//refused' ? 'http://127.0.0.1:1/' : url + path;
    check(http.get(address, { tags: { path }, timeout: path.startsWith('/hang') ? '200ms' : '30s' }), { [path]: condition });
    check(http.get(url + '/ok'), { 'the next one': (r) => r.body === 'ok' });
  }
}
export function others() {
  check(http.get(url + '/ok', { tags: { path: 'others' } }), { 'of others': (r) => r.body === 'ok' });
}`;

interface Exported {
  readonly root_group: { readonly checks: Record<string, { readonly passes: number; readonly fails: number }> };
  readonly metrics: Record<string, Record<string, unknown>>;
}

let server: FaultyServer;
let folder = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-faults-'));
  writeFileSync(join(folder, 'script.js'), script);
  server = await startFaultyServer();
});

after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function assertCounted({ root_group: { checks }, metrics }: Exported): void {
  const calls = users * rounds;
  const found = Object.entries(checks).map(([name, { passes, fails }]) => [name, passes, fails]);
  const expected = [
    ...Object.keys(faults).map((path) => [path, calls, 0]),
    ['the next one', calls * Object.keys(faults).length, 0],
    ['of others', others, 0],
  ];
  const byName = (a: unknown[], b: unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);
  assert.deepEqual(found.toSorted(byName), expected.toSorted(byName));
  for (const [path, { requests = 1, failed }] of Object.entries(faults)) {
    assert.equal(metrics[`http_reqs{path:${path}}`]?.['count'], calls * requests, path);
    assert.equal(metrics[`http_req_failed{path:${path}}`]?.['value'], failed / requests, path);
  }
}

test('each fault of a server is counted as k6 counts it, the next request and other users are well', async () => {
  const result = await startLoad({ script: join(folder, 'script.js'), env: { URL_: server.url }, workers: 1 }).result;
  assert.equal(result.exitCode, 0);
  assertCounted(summaryExport(result) as Exported);
});

test('k6 counts the faults of a server so', async (t) => {
  const file = join(folder, 'k6.json');
  const args = ['run', '-q', '--address', 'localhost:0', '--summary-export', file, join(folder, 'script.js')];
  const code = await new Promise((resolve) => {
    execFile('k6', args, { env: { ...process.env, URL_: server.url } }, (error) => resolve(error === null ? 0 : error.code));
  });
  if (code === 'ENOENT') return t.skip('no k6 on the PATH');
  assert.equal(code, 0);
  assertCounted(JSON.parse(readFileSync(file, 'utf8')) as Exported);
});

/** The most that any process of a run ever held in memory, in MB; a run is over when its command is. */
async function peakMemory(args: readonly string[]): Promise<number> {
  const command = spawn(process.execPath, [join(import.meta.dirname, '../../../bin/plimsoll.js'), 'run', '-q', '--no-summary', ...args], { stdio: 'ignore' }); // prettier-ignore
  const ended = new Promise<number | null>((resolve) => command.once('exit', (code) => resolve(code)));
  let peakKb = 0;
  let code: number | null | undefined;
  while ((code = await Promise.race([ended, systemClock.sleep(50).then(() => undefined)])) === undefined)
    for (const pid of descendants(command.pid as number)) peakKb = Math.max(peakKb, peakOf(pid));
  assert.equal(code, 0);
  return peakKb / 1000;
}

function descendants(pid: number): number[] {
  const children = readProc(`${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(descendants)];
}

function peakOf(pid: number): number {
  return Number(/VmHWM:\s*(\d+)/.exec(readProc(`${pid}/status`))?.[1] ?? 0);
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

for (const [users, what, discards, limitMb] of [
  [30, 'kept, those of one moment', false, 1000],
  [50, 'discarded, next to nothing', true, 200],
] as const)
  test(`of bodies of 10 MB that ${users} users get, memory holds, when they are ${what}`, async (t) => {
    if (!existsSync('/proc/self/task')) return t.skip('no /proc here');
    const file = join(folder, `big-${discards}.js`);
    writeFileSync(
      file,
      `import http from 'k6/http';
      export const options = { vus: ${users}, iterations: 120, discardResponseBodies: ${discards}, thresholds: { http_req_failed: ['rate==0'] } };
      export default function () { http.get('${server.url}/big'); }`,
    );
    const peak = await peakMemory(['--workers', '1', file]);
    // 1,200 MB came in all.
    assert.ok(peak > 20 && peak < limitMb, `${peak} MB`);
  });
