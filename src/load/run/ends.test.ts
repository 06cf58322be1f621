import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startLoad } from '../index.ts';
import { runScript, type ScriptResult } from '../testkit.ts';

/** How runs end, and what they tell then. */

let folder = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-ends-'))));
after(() => rmSync(folder, { recursive: true }));

let count = 0;
function scriptFile(source: string): string {
  const file = join(folder, `${count++}.js`);
  writeFileSync(file, source);
  return file;
}

const run = (source: string, options = {}): Promise<ScriptResult> => runScript(scriptFile(source), { workers: 1, options });

test('stop interrupts iterations, then come teardown and summary; exit code 105', async () => {
  const script = scriptFile(`
    import { sleep } from 'k6';
    import { Counter } from 'k6/metrics';
    const torn = new Counter('torn');
    export const options = { scenarios: {
      now: { executor: 'constant-vus', vus: 5, duration: '10m' },
      rests: { executor: 'shared-iterations', exec: 'rest' },
      late: { executor: 'shared-iterations', startTime: '1h' },
    }, minIterationDuration: '1h' };
    export function rest() {}
    export function teardown() { torn.add(1); }
    export default function () { sleep(3600); }`);
  const load = startLoad({ script, progressMs: 50 });
  load.onProgress(() => load.stop());
  const result = await load.result;
  assert.equal(result.exitCode, 105);
  assert.deepEqual([result.iterations, result.interrupted], [0, 6]);
  assert.equal(result.metrics['torn']?.values['count'], 1);
});

test('a setup() that throws leaves an empty summary, and nothing to tear down', async () => {
  const result = await run(`
    export function setup() { throw new Error('no'); }
    export function teardown() { throw new Error('never'); }
    export function handleSummary({ metrics }) {
      return { stdout: Object.keys(metrics).sort().join(), 'bytes.bin': new Uint8Array([1, 255]).buffer };
    }
    export default () => {};`);
  assert.equal(result.exitCode, 107);
  assert.match(result.reason ?? '', /^setup\(\) threw: Error: no\n/);
  assert.equal(result.summaryText, 'data_received,data_sent');
  assert.deepEqual(result.files['bytes.bin'], new Uint8Array([1, 255]));
});

for (const [what, source] of [
  ['a text', '"x"'],
  ['a list', '["x"]'],
  ['a number to write', '{ stdout: 5 }'],
  ['nothing to write', '{ stdout: null }'],
])
  test(`handleSummary() that returns ${what} is an error, and shows nothing`, async () => {
    const { exitCode, summaryText, lines } = await run(`export function handleSummary() { return ${source}; } export default () => {};`);
    assert.deepEqual([exitCode, summaryText], [0, '']);
    assert.match(lines.find(({ level }) => level === 'error')?.message ?? '', /^handleSummary\(\) failed: /);
  });

test('sub-metrics that are asked for are in the results without a threshold on them, also when nothing was counted', async () => {
  const result = await run(
    `export const options = { iterations: 3, submetrics: ['iterations{scenario:default}'], tags: { run: 'a' } };
     export default () => {};`,
    { submetrics: ['iterations{scenario:default,run:a}', 'iterations{run:b}'] },
  );
  const counts = Object.entries(result.metrics).filter(([name]) => name.startsWith('iterations{'));
  assert.deepEqual(Object.fromEntries(counts.map(([name, { values }]) => [name, values['count']])), {
    'iterations{scenario:default,run:a}': 3,
    'iterations{run:b}': 0,
  });
  assert.match(result.summaryText, /\{ run:b \}\.+: 0/);
});
