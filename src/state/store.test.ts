import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { Store } from './store.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-store-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what was put is there after closing and opening again, what was deleted is not', () => {
  const first = new Store(folder);
  first.collection<{ n: number }>('thing').put('a', { n: 1 });
  first.collection<{ n: number }>('thing').put('a', { n: 2 });
  first.collection<{ n: number }>('thing').put('b', { n: 3 });
  first.collection('other').put('a', 'another kind');
  first.collection('thing').delete('b');
  first.close();
  const second = new Store(folder);
  assert.deepEqual(second.collection('thing').values(), [{ n: 2 }]);
  assert.equal(second.collection('other').get('a'), 'another kind');
  second.close();
});

test('a write that returned survives the death of its process', () => {
  const script = `
    import { Store } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)};
    const store = new Store(${JSON.stringify(folder)});
    store.collection('thing').put('a', 'written');
    process.kill(process.pid, 'SIGKILL');`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(signal, 'SIGKILL');
  const store = new Store(folder);
  assert.equal(store.collection('thing').get('a'), 'written');
  store.close();
});

test('a second region on the same folder is refused in one clear sentence', () => {
  const first = new Store(folder);
  assert.throws(() => new Store(folder), { code: 'PL_STATE_LOCKED' });
  first.close();
  new Store(folder).close();
});

test('a file that is no database is refused and left as it is', () => {
  writeFileSync(join(folder, 'region.sqlite'), 'not a database '.repeat(100));
  assert.throws(() => new Store(folder), { code: 'PL_STATE_UNUSABLE' });
});

test('state of a newer version is refused', () => {
  const store = new Store(folder);
  store.close();
  const script = `
    import { DatabaseSync } from 'node:sqlite';
    new DatabaseSync(${JSON.stringify(join(folder, 'region.sqlite'))}).exec('PRAGMA user_version = 99');`;
  spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.throws(() => new Store(folder), { code: 'PL_STATE_NEWER' });
});

test('a log gives the newest first and keeps no more than it should, for each subject', () => {
  const store = new Store();
  const log = store.log<number>('event', 3);
  for (let i = 0; i < 10; i++) log.append('a', i);
  log.append('b', 100);
  assert.deepEqual(log.newest('a'), [9, 8, 7]);
  assert.deepEqual(log.newest('a', 1), [9]);
  assert.deepEqual(log.newest('b'), [100]);
  store.close();
});
