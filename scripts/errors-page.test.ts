import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allErrors, errorsPage, renderErrorsPage } from './errors-page.ts';

test('docs/errors.md lists every error of the program and nothing else (npm run docs writes it)', async () => {
  const page = readFileSync(errorsPage, 'utf8');
  assert.equal(page, await renderErrorsPage(page));
});

test('no two errors share a code', async () => {
  const codes = (await allErrors()).map((error) => error.code);
  assert.deepEqual(codes, [...new Set(codes)]);
});
