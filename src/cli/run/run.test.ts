import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RunExitCode } from '../../load/index.ts';

/** `plimsoll run` and the commands that control it, as a user starts them. */

const bin = fileURLToPath(new URL('../../../bin/plimsoll.js', import.meta.url));
let folder = '';

before(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-run-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Running {
  said(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** `env` is all that the command sees of K6_ variables. */
function plimsoll(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^K6_|^NODE_TEST|^NO_COLOR/.test(name)));
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const heard = new Set<() => void>();
  const hear = (): void => heard.forEach((look) => look());
  child.stdout.on('data', (chunk: Buffer) => ((stdout += chunk.toString()), hear()));
  child.stderr.on('data', (chunk: Buffer) => ((stderr += chunk.toString()), hear()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    ended,
    kill: (signal) => child.kill(signal),
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(stdout + stderr);
          if (!found) return;
          heard.delete(look);
          resolve(found);
        };
        heard.add(look);
        look();
        void ended.then(() => reject(new Error(`it ended without ${pattern.source}:\n${stdout}${stderr}`)));
      }),
  };
}

function script(source: string): string {
  const file = join(folder, 'script.js');
  writeFileSync(file, source);
  return file;
}

const tells = `
  import exec from 'k6/execution';
  export const options = { vus: 1, iterations: 1, userAgent: 'of the script', maxRedirects: 1 };
  export default function () {
    const { scenarios, userAgent, maxRedirects, tags } = exec.test.options;
    const { vus, iterations } = scenarios.default;
    console.log('TOLD ' + JSON.stringify({ vus, iterations, userAgent, maxRedirects, tags, name: __ENV.NAME, home: 'PATH' in __ENV }));
  }
`;

/** What the script says of its options and variables. */
async function told(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Record<string, unknown>> {
  const { code, stderr, stdout } = await plimsoll(['run', '--log-format', 'raw', '-q', ...args, script(tells)], env).ended;
  assert.equal(code, 0, stderr);
  const line = /TOLD (.*)/.exec(stderr + stdout)?.[1];
  return JSON.parse(line ?? '{}') as Record<string, unknown>;
}

test('a flag takes precedence over the environment, the environment over the script, the script over the file', async () => {
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({ userAgent: 'of the file', maxRedirects: 7, tags: { from: 'file' } }));
  const fromFile = await told(['-c', config]);
  assert.deepEqual([fromFile['userAgent'], fromFile['maxRedirects'], fromFile['tags']], ['of the script', 1, { from: 'file' }]);
  const fromEnvironment = await told([], { K6_USER_AGENT: 'of the environment', K6_ITERATIONS: '3' });
  assert.deepEqual([fromEnvironment['userAgent'], fromEnvironment['iterations']], ['of the environment', 3]);
  const fromFlag = await told(['--user-agent', 'of the flag', '-u', '2', '-i', '4'], { K6_USER_AGENT: 'of the environment' });
  assert.deepEqual([fromFlag['userAgent'], fromFlag['vus'], fromFlag['iterations']], ['of the flag', 2, 4]);
});

test('--env, --tag and --no-include-system-env-vars decide what a script sees', async () => {
  const seen = await told(['-e', 'NAME=a=b', '--tag', 'kind=x', '--no-include-system-env-vars']);
  assert.deepEqual([seen['name'], seen['tags'], seen['home']], ['a=b', { kind: 'x' }, false]);
  assert.equal((await told([]))['home'], true);
});

test('the summary goes to standard output unless it is not wanted, its metrics to a file', async () => {
  const file = join(folder, 'summary.json');
  const shown = await plimsoll(['run', '--summary-export', file, script(tells)]).ended;
  assert.match(shown.stdout, /█ TOTAL RESULTS/);
  const exported = JSON.parse(readFileSync(file, 'utf8')) as { metrics: Record<string, unknown> };
  assert.ok('iterations' in exported.metrics);
  const hidden = await plimsoll(['run', '--no-summary', '-q', '--console-output', join(folder, 'console.log'), script(tells)]).ended;
  assert.doesNotMatch(hidden.stdout, /TOTAL RESULTS/);
  assert.doesNotMatch(hidden.stderr, /TOLD/);
  assert.match(readFileSync(join(folder, 'console.log'), 'utf8'), /TOLD/);
});

test('--summary-mode decides how much the summary says, and the export has the form of k6', async () => {
  const source = `import { check, group } from 'k6'; export const options = { thresholds: { checks: ['rate>0.9'] } };
    export const setup = () => ({ made: 1 });
    export default () => group('outer', () => check(1, { odd: false }));`;
  const file = join(folder, 'exported.json');
  const full = await plimsoll(['run', '-q', '--summary-mode=full', '--summary-export', file, script(source)]).ended;
  assert.equal(full.code, RunExitCode.thresholdsFailed, full.stderr);
  assert.match(full.stdout, /█ TOTAL RESULTS[^]*█ GROUP: outer/);
  const { setup_data, root_group, metrics } = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual(setup_data, { made: 1 });
  assert.deepEqual([root_group.groups.outer.path, root_group.groups.outer.checks.odd.fails], ['::outer', 1]);
  assert.deepEqual(metrics.checks, { passes: 0, fails: 1, value: 0, thresholds: { 'rate>0.9': true } });
  assert.match((await plimsoll(['run', '-q', script(source)], { K6_SUMMARY_MODE: 'legacy' }).ended).stdout, /^ {5}█ outer$/m);
  const told = `${source} export const handleSummary = () => ({ stdout: 'MINE' });`;
  assert.equal((await plimsoll(['run', '-q', script(told)]).ended).stdout, 'MINE');
  assert.equal((await plimsoll(['run', '-q', '--summary-mode', 'disabled', script(told)]).ended).stdout, '');
});

test('the log goes where it is told to, from its level up', async () => {
  const source = `export default function () { console.log('TOLD'); console.warn('WARNED'); }`;
  const stdout = await plimsoll(['run', '-q', '--no-summary', '--log-output', 'stdout', '--log-format', 'json', script(source)]).ended;
  assert.deepEqual(
    stdout.stdout.trim().split('\n').map((line) => JSON.parse(line).msg), // prettier-ignore
    ['TOLD', 'WARNED'],
  );
  assert.equal((await plimsoll(['run', '-q', '--log-output=none', script(source)]).ended).stderr, '');
  const file = join(folder, 'run.log');
  await plimsoll(['run', '-q', script(source)], { K6_LOG_OUTPUT: `file=${file},level=warning`, K6_LOG_FORMAT: 'raw' }).ended;
  assert.equal(readFileSync(file, 'utf8'), 'WARNED\n');
});

test('a run that lingers answers after its end, until it is interrupted', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const run = plimsoll(['run', '--linger', '-a', address, script('export default function () {}')]);
  await run.said(/linger waits/);
  const metrics = (await (await fetch(`http://${address}/v1/metrics/iterations`)).json()) as { data: { attributes: { sample: object } } };
  assert.match(JSON.stringify(metrics.data.attributes.sample), /"count":1/);
  run.kill('SIGINT');
  assert.equal((await run.ended).code, 0);
});

test('a run without an address lingers as well', async () => {
  const run = plimsoll(['run', '--linger', script('export default function () {}')]);
  await run.said(/linger waits/);
  run.kill('SIGINT');
  assert.equal((await run.ended).code, 0);
});

test('a run that waits for a scenario to start ends at once', async () => {
  const run = plimsoll([
    'run',
    script(`export const options = { scenarios: { late: { executor: 'shared-iterations', startTime: '1h' } } };
      export default function () {}`),
  ]);
  await run.said(/running \(/);
  run.kill('SIGINT');
  assert.equal((await run.ended).code, RunExitCode.externalAbort);
});

test('Ctrl-C interrupts iterations, tears down and says what happened; a second one ends at once', async () => {
  const source = `import { sleep } from 'k6';
    export const options = { vus: 1, duration: '1h' };
    export default function () { console.log('BEGUN'); sleep(3600); console.log('FINISHED'); }
    export function teardown() { console.log('TORN DOWN'); sleep(Number(__ENV.SECONDS)); }`;
  const once = plimsoll(['run', '-e', 'SECONDS=0', script(source)]);
  await once.said(/BEGUN/);
  once.kill('SIGINT');
  const ended = await once.ended;
  assert.equal(ended.code, RunExitCode.externalAbort);
  assert.match(ended.stderr, /TORN DOWN[^]*the test ended early: SIGINT was received/);
  assert.doesNotMatch(ended.stderr, /FINISHED/);
  assert.match(ended.stdout, /0 complete and 1 interrupted iterations[^]*TOTAL RESULTS/);
  const twice = plimsoll(['run', '-e', 'SECONDS=3600', script(source)]);
  await twice.said(/BEGUN/);
  twice.kill('SIGINT');
  await twice.said(/TORN DOWN/);
  twice.kill('SIGINT');
  const stopped = await twice.ended;
  assert.equal(stopped.code, RunExitCode.externalAbort);
  assert.doesNotMatch(stopped.stdout, /TOTAL RESULTS/);
});

for (const [what, args] of Object.entries({
  'an unknown flag': ['--no-such-flag', 'script.js'],
  'a number that is none': ['--vus', 'many', 'script.js'],
  'a stage that is none': ['--stage', 'soon', 'script.js'],
  'a tag without a value': ['--tag', 'kind', 'script.js'],
  'a log format that there is not': ['--log-format', 'xml', 'script.js'],
  'a log output that there is not': ['--log-output', 'paper', 'script.js'],
  'a summary mode that there is not': ['--summary-mode', 'short', 'script.js'],
  'a flag of k6 that has no meaning here': ['--profiling-enabled', 'script.js'],
  'traces, which nobody writes': ['--traces-output', 'otel', 'script.js'],
  'a log that goes to Loki': ['--log-output', 'loki', 'script.js'],
  'no worker': ['--workers', '0', 'script.js'],
  'a script that is missing': ['nowhere.js'],
  'a folder in place of a script': ['.'],
}))
  test(`${what} ends with k6's code for bad usage and one line`, async () => {
    script(tells);
    const { code, stderr } = await plimsoll(['run', ...args]).ended;
    assert.equal(code, RunExitCode.usage, stderr);
    assert.match(stderr, /^plimsoll: .+/m);
    assert.doesNotMatch(stderr, /^\s+at /m);
  });

test('a script that exports nothing is told so', async () => {
  const { code, stderr } = await plimsoll(['run', '-q', script('')]).ended;
  assert.equal(code, RunExitCode.usage, stderr);
  assert.match(stderr, /the default function is missing/);
});

const external = `
  import { sleep } from 'k6';
  export const options = { scenarios: { outside: { executor: 'externally-controlled', vus: 1, maxVUs: 4, duration: 0 } } };
  export default function () { sleep(0.02); }
`;

test('pause, resume, scale and stats drive a run that listens; without one they say so', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const run = plimsoll(['run', '--paused', '--address', address, script(external)]);
  const tell = (...args: string[]): Promise<Ended> => plimsoll([...args, '-a', address]).ended;
  await run.said(/the test is paused/);
  assert.match((await tell('resume')).stdout, /^paused: false$/m);
  await run.said(/running \(/);
  assert.match((await tell('scale', '--vus', '3')).stdout, /^vus: 3$/m);
  const refused = await tell('scale', '--vus', '9');
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /PL_CLI_RUN_CONTROL/);
  assert.match((await tell('pause')).stdout, /^paused: true$/m);
  assert.match((await tell('stats')).stdout, /^vus-max: 4$[^]*^iterations: count=\d+ rate=/m);
  assert.deepEqual(JSON.parse((await tell('resume', '--json')).stdout).attributes.paused, false);
  run.kill('SIGINT');
  assert.equal((await run.ended).code, RunExitCode.externalAbort);
  const alone = await tell('stats');
  assert.notEqual(alone.code, 0);
  assert.match(alone.stderr, /no running test answers/);
});

test('an address that is taken ends the run with k6’s code', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { code, stderr } = await plimsoll(['run', '-a', `127.0.0.1:${(server.address() as AddressInfo).port}`, script(external)]).ended;
    assert.equal(code, RunExitCode.restCannotStart, stderr);
    assert.match(stderr, /PL_LOAD_REST/);
  } finally {
    server.close();
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
