import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import { scriptRunner } from '../testkit.ts';
import { Secrets } from './sources.ts';

const run = scriptRunner();

test('scripts get secrets from files and the command line, and logs do not show them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-secrets-'));
  await writeFile(join(folder, 'secrets.env'), 'cool=from the file\nelse=a=b\n');
  const result = await run(
    `
    import secrets from 'k6/secrets';
    import { check } from 'k6';
    export default async function () {
      const cool = await secrets.get('cool');
      const other = await secrets.source('another').get('cool');
      console.log('they are ' + cool + ' and ' + other);
      let missing = '';
      try { await secrets.get('nope'); } catch (error) { missing = error.message; }
      check(null, { file: cool === 'from the file', mock: other === 'not cool', missing: missing.includes('no secret "nope"'), equals: (await secrets.get('else')) === 'a=b' });
    }`,
    { secretSources: [`file=default,filename=${join(folder, 'secrets.env')}`, 'mock=name=another,cool="not cool"'] },
  );
  assert.deepEqual(result.failedChecks, []);
  assert.equal(result.checks.length, 4);
  assert.deepEqual(
    result.lines.map(({ message }) => message),
    ['they are ***SECRET_REDACTED*** and ***SECRET_REDACTED***'],
  );
  await rm(folder, { recursive: true });
});

test('a source that cannot be is refused, one that is missing throws', async () => {
  for (const [specs, text] of [
    [['vault=x'], /unknown secret source "vault"/],
    [['url=http://x'], /cannot be fetched/],
    [['file=/no/such/file'], /cannot be read/],
    [['mock=a=1', 'mock=b=2'], /two secret sources/],
    [['mock=oops'], /"oops" is no setting/],
  ] as const)
    assert.throws(
      () => new Secrets(specs),
      (error) => error instanceof PlimsollError && error.code === 'PL_LOAD_USAGE' && text.test(error.message),
    );
  const result = await run(`
    import secrets from 'k6/secrets';
    export default async function () { await secrets.get('a'); }`);
  assert.match(result.lines[0]?.message ?? '', /no secret sources are configured/);
});
