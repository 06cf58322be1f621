/** The golden files against the real `terraform console`, where there is one: what they promise is what Terraform does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { evaluateText, goldenFolder, goldenNames, goldenPlace, readGolden, resultOf } from './testkit.ts';
import type { Golden } from './testkit.ts';
import type { Scope } from './types.ts';

const env = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };
const missing = spawnSync('terraform', ['version'], { env, timeout: 20_000 }).status !== 0;

function consoleOutput(folder: string, expression: string): string {
  const { stdout, stderr } = spawnSync('terraform', ['console', '-no-color'], {
    cwd: folder,
    env,
    input: `${expression}\n`,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return stdout + stderr;
}

const flat = (text: string): string => text.replace(/[│╷╵]/g, '').replace(/\s+/g, ' ').trim();

function compareErrors(folder: string, cases: Golden['cases']): void {
  for (const { expression, result } of cases.filter((each) => each.result.startsWith('! '))) {
    const [summary = '', ...detail] = result.slice(2).split(': ');
    const theirs = flat(consoleOutput(folder, expression));
    assert.ok(theirs.includes(flat(summary)) && theirs.includes(flat(detail.join(': '))), `${expression}\n${theirs}\n${result}`);
  }
}

/** All in one list, since the console answers one line a run; one by one when something differs, to say what. */
function compareValues(folder: string, cases: Golden['cases'], scope: Scope): void {
  const values = cases.filter(({ result }) => !result.startsWith('! '));
  const all = `[${values.map(({ expression }) => expression).join(', ')}]`;
  if (consoleOutput(folder, all).trimEnd() === resultOf(() => evaluateText(all, scope))) return;
  for (const { expression, result } of values) assert.equal(result, consoleOutput(folder, expression).trimEnd(), expression);
}

for (const name of goldenNames().filter((each) => each !== 'beyond.golden')) {
  test(`terraform console gives what golden/${name} says`, { skip: missing && 'there is no terraform on the PATH' }, async () => {
    const place = goldenPlace(name);
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-terraform-'));
    try {
      cpSync(join(goldenFolder, place.folder), folder, { recursive: true });
      const { cases } = readGolden(name);
      compareValues(folder, cases, await place.scope());
      compareErrors(folder, cases);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
