import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSuite, type SuiteFiles } from './suite.ts';

/** Runs scripts that end with these codes; returns the suite's code, what ran, and what it printed. */
async function suite(
  codes: Readonly<Record<string, number>>,
  flags: SuiteFiles = {},
): Promise<{ code: number; ran: [string, SuiteFiles][]; text: string }> {
  const ran: [string, SuiteFiles][] = [];
  let text = '';
  const runScript = (script: string, own: SuiteFiles): Promise<number> => {
    ran.push([script, own]);
    return Promise.resolve(codes[script] ?? 0);
  };
  const code = await runSuite(Object.keys(codes), flags, runScript, (more) => (text += more));
  return { code, ran, text };
}

test('every script runs, and the first that failed gives the exit code', async () => {
  const { code, ran, text } = await suite({ 'a.js': 0, 'b.js': 99, 'long/c.ts': 107 });
  assert.equal(code, 99);
  assert.deepEqual(ran.map(([script]) => script), ['a.js', 'b.js', 'long/c.ts']); // prettier-ignore
  assert.match(text, /✓ a\.js {7}passed\n {4}✗ b\.js {7}exit code 99\n {4}✗ long\/c\.ts {2}exit code 107/);
});

test('an interrupted suite runs no further script', async () => {
  const { code, ran, text } = await suite({ 'a.js': 105, 'b.js': 0 });
  assert.equal(code, 105);
  assert.equal(ran.length, 1);
  assert.match(text, /✗ b\.js  not run/);
});

test('each script writes files of its own', async () => {
  const { ran } = await suite({ 'x/login.js': 0, 'pay.ts': 0 }, { out: ['json=out/all.json', 'web-dashboard'], summaryExport: 'summary.json', consoleOutput: 'log' }); // prettier-ignore
  assert.deepEqual(ran.map(([, flags]) => flags), [
    { out: ['json=out/all-login.json', 'web-dashboard'], summaryExport: 'summary-login.json', consoleOutput: 'log-login' },
    { out: ['json=out/all-pay.json', 'web-dashboard'], summaryExport: 'summary-pay.json', consoleOutput: 'log-pay' },
  ]); // prettier-ignore
});
