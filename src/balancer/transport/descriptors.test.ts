import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Descriptors } from './descriptors.ts';

test('clients are refused before the last descriptors are gone, it is told once a second, and so is the recovery', () => {
  const table = { max: 100, open: () => open };
  let open = 20;
  const descriptors = new Descriptors(table);
  assert.equal(descriptors.admit(), true);
  assert.equal(descriptors.report(), undefined);
  open = 67;
  assert.deepEqual([descriptors.admit(), descriptors.admit()], [true, true], 'what was opened is looked up only when it matters');
  for (let i = 0; i < 50; i++) descriptors.admit();
  assert.equal(descriptors.admit(), false);
  assert.match(descriptors.report() ?? '', /^out of file descriptors: \d+ connections refused, 67 of 100 in use/);
  open = 10;
  assert.equal(descriptors.admit(), true);
  assert.match(descriptors.report() ?? '', /to be had again: connections are taken, 10 of 100 in use$/);
  assert.equal(descriptors.report(), undefined);
});
