import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { supportedOperations } from '../src/aws/index.ts';
import { operationsPage } from './aws-operations.ts';

test('docs/aws-operations.md lists what the endpoint answers', () => {
  const page = readFileSync(new URL('../docs/aws-operations.md', import.meta.url), 'utf8');
  assert.equal(page, operationsPage(), 'run: node scripts/aws-operations.ts');
});

test('every service of the endpoint has operations', () => {
  assert.equal(new Set(supportedOperations().map(([service]) => service)).size, 11);
});
