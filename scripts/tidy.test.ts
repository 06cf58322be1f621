import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenLinks, deadFiles, folderImports, longFiles, ownerlessTodos } from './tidy.ts';

const one = (file: string, text: string): Map<string, string> => new Map([[file, text]]);

test('a file above the limit is named with its length', () => {
  assert.deepEqual(longFiles(one('src/base/a.ts', 'x\n'.repeat(500))), []);
  assert.match(longFiles(one('src/base/a.ts', 'x\n'.repeat(501)))[0] ?? '', /^src\/base\/a\.ts: 501 lines/);
});

test('another folder is imported through its index only', () => {
  assert.deepEqual(folderImports(one('src/region/a.ts', "import { x } from '../base/index.ts';\nimport { y } from './b.ts';")), []);
  assert.equal(folderImports(one('src/region/a.ts', "import { x } from '../base/clock.ts';")).length, 1);
});

test('a module that nothing imports is dead, a process entry is not', () => {
  const sources = new Map([
    ['src/load/index.ts', "forkChild(entry(import.meta.url, './process'));"],
    ['src/load/process.ts', ''],
    ['src/load/lost.ts', ''],
  ]);
  assert.deepEqual(deadFiles(sources), ['src/load/lost.ts: nothing imports it; use it or delete it']);
});

test('a TODO needs an owner', () => {
  assert.equal(ownerlessTodos(one('src/base/a.ts', '// TODO later')).length, 1);
  assert.equal(ownerlessTodos(one('src/base/a.ts', '// TODO(ada): later')).length, 0);
});

test('a link to nothing is found, links to the web are left alone', () => {
  assert.equal(brokenLinks('/nowhere', 'README.md', '[a](docs/none.md) [b](https://example.com)').length, 1);
});
