import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packageRoot, PlimsollError } from '../base/index.ts';
import { startLoad } from './index.ts';

/** Small scripts and the exit code that k6 ends them with; each was run with k6 1.8.1 too. */

let folder: string;
let server: Server;
let url: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-conformance-'));
  server = createServer((request, response) => request.on('end', () => response.end('[]')).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function exitCodeOf(script: string, options: Record<string, unknown> = {}): Promise<number> {
  try {
    return (await startLoad({ script, env: { BASE_URL: url }, options }).result).exitCode;
  } catch (error) {
    assert.ok(error instanceof PlimsollError, String(error));
    return error.exitCode;
  }
}

const noop = 'export default function () {}';
const scripts: [name: string, source: string, exitCode: number][] = [
  ['nothing to do', noop, 0],
  [
    'a crossed threshold',
    `import { Counter } from 'k6/metrics'; const cc = new Counter('cc'); export const options = { thresholds: { cc: ['count<1'] } }; export default function () { cc.add(1); }`,
    99,
  ],
  [
    'thresholds without data',
    `import { Rate, Trend } from 'k6/metrics'; new Trend('tt'); new Rate('rr'); export const options = { thresholds: { tt: ['p(95)<1'], rr: ['rate>0.5'] } }; ${noop}`,
    0,
  ],
  [
    'a counter without data',
    `import { Counter } from 'k6/metrics'; new Counter('cc'); export const options = { thresholds: { cc: ['count>0'] } }; ${noop}`,
    99,
  ],
  [
    'abortOnFail',
    `import { sleep } from 'k6'; import { Counter } from 'k6/metrics'; const cc = new Counter('cc'); export const options = { vus: 1, duration: '1m', thresholds: { cc: [{ threshold: 'count<1', abortOnFail: true }] } }; export default function () { cc.add(1); sleep(0.1); }`,
    99,
  ],
  ['a throw in an iteration', `export default function () { throw new Error('x'); }`, 0],
  ['fail()', `import { fail } from 'k6'; export default function () { fail('why'); }`, 0],
  ['a throw in setup', `export function setup() { throw new Error('x'); } ${noop}`, 107],
  ['a throw in teardown', `export function teardown() { throw new Error('x'); } ${noop}`, 107],
  ['a throw in init', `throw new Error('x'); ${noop}`, 107],
  ['a request in init', `import http from 'k6/http'; http.get('http://127.0.0.1:1'); ${noop}`, 107],
  ['a metric name that is none', `import { Counter } from 'k6/metrics'; new Counter('a b'); ${noop}`, 107],
  ['an unknown module', `import x from 'k6/nope'; export default () => x;`, 107],
  ['a syntax error', 'export default function ( {', 107],
  ['no default function', 'export function other() {}', 104],
  ['no function at all', 'export const options = {};', 255],
  ['a setup that is none', `export const setup = 5; ${noop}`, 255],
  ['options that are none', `export const options = []; ${noop}`, 104],
  ['a scenario name with a blank', `export const options = { scenarios: { 'a b': { executor: 'shared-iterations' } } }; ${noop}`, 104],
  [
    'a time unit of nothing',
    `export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate: 1, duration: '1s', timeUnit: 0, preAllocatedVUs: 1 } } }; ${noop}`,
    104,
  ],
  [
    'a ramp without VUs',
    `export const options = { scenarios: { a: { executor: 'ramping-vus', startVUs: 0, stages: [{ duration: '1s', target: 0 }] } } }; ${noop}`,
    104,
  ],
  [
    'test.fail() and a crossed threshold',
    `import exec from 'k6/execution'; export const options = { thresholds: { iterations: ['count>9'] } }; export default function () { exec.test.fail('r'); }`,
    110,
  ],
  [
    'a setup() that never waits and takes too long',
    `export const options = { setupTimeout: '20ms' }; export function setup() { for (const at = Date.now(); Date.now() - at < 50; ); } ${noop}`,
    100,
  ],
  ['an unknown executor', `export const options = { scenarios: { a: { executor: 'nope' } } }; ${noop}`, 104],
  ['a missing exec function', `export const options = { scenarios: { a: { executor: 'shared-iterations', exec: 'no' } } }; ${noop}`, 104],
  ['an aggregate that the metric has not', `export const options = { thresholds: { http_reqs: ['p(95)<3'] } }; ${noop}`, 104],
  ['a threshold on no metric', `export const options = { thresholds: { nope: ['count<3'] } }; ${noop}`, 104],
  ['fewer iterations than VUs', `export const options = { vus: 5, iterations: 2 }; ${noop}`, 104],
  ['an option of the wrong kind', `export const options = { vus: 'many', iterations: 1 }; ${noop}`, 104],
  [
    'setupTimeout',
    `import { sleep } from 'k6'; export const options = { setupTimeout: '100ms' }; export function setup() { sleep(9); } ${noop}`,
    100,
  ],
  ['test.abort()', `import exec from 'k6/execution'; export default function () { exec.test.abort('r'); }`, 108],
  ['test.fail()', `import exec from 'k6/execution'; export default function () { exec.test.fail('r'); }`, 110],
];

for (const [i, [name, source, exitCode]] of scripts.entries())
  test(`exit code ${exitCode}: ${name}`, async () => {
    const script = join(folder, `${i}.js`);
    await writeFile(script, source);
    assert.equal(await exitCodeOf(script), exitCode);
  });

/** One message that says where. */
const mistakes: [name: string, source: string, exitCode: number, message: RegExp][] = [
  ['a syntax error', 'export default function () {\n  const = 1;\n}', 107, /\.js:2:\d+/],
  ['a throw in init', `\nthrow new Error('boom'); ${noop}`, 107, /boom\n\tat .*\.js:2:/],
  ['a throw in setup', `export function setup() {\n  throw new Error('boom');\n} ${noop}`, 107, /boom\n\tat setup \(.*\.js:2:/],
  ['a file that is missing', `\nopen('./nowhere.txt'); ${noop}`, 107, /nowhere\.txt[^]*\.js:2:/],
  ['a module that is missing', `\nimport it from './nowhere.js'; export default () => it;`, 107, /nowhere\.js[^]*\.js:2:/],
  ['an unknown executor', `export const options = { scenarios: { a: { executor: 'nope' } } }; ${noop}`, 104, /"nope".*\.js/],
  ['an option that is malformed', `export const options = { systemTags: 5 }; ${noop}`, 104, /systemTags.*\.js/],
];

for (const [i, [name, source, exitCode, message]] of mistakes.entries())
  test(`${name} is told with its place`, async () => {
    const script = join(folder, `mistake-${i}.js`);
    await writeFile(script, source);
    // What happens from setup() on ends a run that has results.
    const ended = await startLoad({ script }).result.catch((thrown: unknown) => thrown as PlimsollError);
    assert.equal(ended.exitCode, exitCode);
    assert.match(ended instanceof PlimsollError ? ended.message : (ended.reason ?? ''), message);
  });

const shorter = { iterations: 4, vus: 2, thresholds: {} };
test('examples/scripts/typed.ts runs', async () => {
  assert.equal(await exitCodeOf(join(packageRoot, 'examples/scripts/typed.ts'), shorter), 0);
});

test('examples/scripts/scenarios.js runs', async () => {
  const scenarios = {
    visitors: {
      executor: 'ramping-vus',
      exec: 'visit',
      startVUs: 1,
      stages: [{ duration: '300ms', target: 3 }],
      gracefulStop: '0s',
      tags: { kind: 'visitor' },
    },
    orders: { executor: 'constant-arrival-rate', exec: 'order', rate: 20, duration: '500ms', preAllocatedVUs: 10 },
  };
  const result = await startLoad({
    script: join(packageRoot, 'examples/scripts/scenarios.js'),
    env: { BASE_URL: url },
    options: { scenarios },
  }).result;
  assert.equal(result.metrics['orders']?.values['count'], 10);
  assert.equal(result.failed, 0);
});
