import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from './paths.ts';

test('a folder is made with all above it, and said to be there already the second time', (t) => {
  const base = mkdtempSync(join(tmpdir(), 'plimsoll-paths-'));
  t.after(() => rmSync(base, { recursive: true }));
  const deep = join(base, 'a', 'b', 'c');
  assert.equal(makeFolder(deep), true);
  assert.ok(statSync(deep).isDirectory());
  assert.equal(makeFolder(deep), false);
  writeFileSync(join(base, 'file'), '');
  assert.throws(() => makeFolder(join(base, 'file', 'below')), { code: 'ENOTDIR' });
});

test('one that cannot be made is an error, below /proc too', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  assert.throws(() => makeFolder('/proc/none/below'), { code: 'ENOENT' });
});
