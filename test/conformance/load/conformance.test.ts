import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startLoad, summaryExport } from '../../../src/load/index.ts';

/**
 * Small scripts, each with what k6's documentation says that a run of it counts and how it ends (https://grafana.com/docs/k6/).
 * Where a k6 is on the PATH, the same is asked of it, and its summary must have the same form as ours.
 */

interface Expectation {
  exitCode: number;
  /** k6 often starts one iteration at the very end of an arrival rate. */
  k6MayStartOneMore?: true;
  /** Values of metrics as handleSummary gets them. */
  metrics?: Record<string, Record<string, number>>;
  /** By path: passes and fails. */
  checks?: Record<string, [passes: number, fails: number]>;
}

interface Exported {
  root_group: Group;
  metrics: Record<string, Record<string, unknown>>;
}

interface Group {
  groups: Record<string, Group>;
  checks: Record<string, { path: string; passes: number; fails: number }>;
}

const cases = join(import.meta.dirname, 'cases');
const scripts = readdirSync(cases);
let server: Server;
let url = '';
let folder = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-conformance-'));
  server = createServer((request, response) => {
    const [, kind = '', number = '', ...rest] = (request.url ?? '').split('/');
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (kind === 'status') response.statusCode = Number(number);
      if (kind === 'to') response.writeHead(Number(number), { location: decodeURIComponent(rest.join('/')) });
      if (kind === 'fields') {
        response.end(JSON.stringify({ ...request.headers, method: request.method, body }));
        return;
      }
      if (kind === 'redirect' && number !== '0') response.writeHead(302, { location: `/redirect/${Number(number) - 1}` });
      if (kind === 'set-cookie') response.setHeader('set-cookie', 'visit=1; Path=/');
      response.end(kind === 'cookies' ? (request.headers.cookie ?? '') : 'ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

function expectationOf(script: string): Expectation {
  const text = /^\/\* expect (\{[^]*?\n\}) \*\//.exec(readFileSync(join(cases, script), 'utf8'))?.[1];
  assert.ok(text !== undefined, `${script} does not say what it expects`);
  return JSON.parse(text.replaceAll('BASE', url)) as Expectation;
}

function assertCounted(exported: Exported, { metrics = {}, checks = {} }: Expectation, slack = 0): void {
  for (const [name, values] of Object.entries(metrics))
    for (const [key, value] of Object.entries(values)) {
      const found = exported.metrics[name]?.[key === 'rate' ? 'value' : key] as number;
      assert.ok(Math.abs(found - value) <= value * 0.005 + slack, `${name}: ${key} is ${found}, not ${value}`);
    }
  const found = checksOf(exported.root_group);
  for (const [path, counts] of Object.entries(checks)) assert.deepEqual(found.get(path), counts, path);
}

function checksOf(group: Group, found = new Map<string, [number, number]>()): Map<string, [number, number]> {
  for (const { path, passes, fails } of Object.values(group.checks)) found.set(path, [passes, fails]);
  for (const inner of Object.values(group.groups)) checksOf(inner, found);
  return found;
}

for (const script of scripts)
  test(`${script} counts and ends as it says`, async () => {
    const expected = expectationOf(script);
    const result = await startLoad({ script: join(cases, script), env: { BASE_URL: url }, workers: 1 }).result;
    assert.equal(result.exitCode, expected.exitCode, JSON.stringify(result.thresholds));
    assertCounted(summaryExport(result) as Exported, expected);
  });

interface Ended {
  code: number;
  stdout: string;
}

function runK6(args: readonly string[]): Promise<Ended | undefined> {
  return new Promise((resolve) => {
    execFile('k6', args, { env: { ...process.env, BASE_URL: url } }, (error, stdout) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') resolve(undefined);
      else resolve({ code: Number(error?.code ?? 0), stdout });
    });
  });
}

for (const script of scripts)
  test(`k6 agrees: ${script}`, async (t) => {
    const file = join(folder, `${script}.json`);
    const ended = await runK6(['run', '-q', '--address', 'localhost:0', '--summary-export', file, join(cases, script)]);
    if (!ended) return t.skip('no k6 on the PATH');
    const expected = expectationOf(script);
    assert.equal(ended.code, expected.exitCode);
    assertCounted(JSON.parse(readFileSync(file, 'utf8')) as Exported, expected, expected.k6MayStartOneMore ? 1 : 0);
  });

for (const mode of ['compact', 'full', 'legacy'])
  test(`the summary in mode ${mode} has the form of k6's`, async (t) => {
    const script = join(cases, 'life-cycle.js');
    const ended = await runK6(['run', '-q', '--no-color', '--address', 'localhost:0', '--summary-mode', mode, script]);
    if (!ended) return t.skip('no k6 on the PATH');
    const ours = await startLoad({ script, env: { BASE_URL: url }, options: { summaryMode: mode }, workers: 1 }).result;
    assert.deepEqual(formOf(ours.summaryText), formOf(ended.stdout));
  });

/** Its lines without the numbers and without the blanks that depend on them; a short run may end before VUs are counted. */
function formOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*vus(?:_max)?\./.test(line))
    .map((line) =>
      line
        .replace(/\d+(?:\.\d+)?(?:ns|µs|ms|s| B| kB|%)?/g, '#')
        .replace(/ +/g, ' ')
        .trimEnd(),
    );
}
