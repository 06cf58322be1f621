import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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

test('several writes are one: all of them or none', () => {
  const store = new Store(folder);
  const things = store.collection<{ n: number | bigint }>('thing');
  things.put('a', { n: 1 });
  const unwritable = { n: 3n };
  assert.throws(
    () =>
      things.write([
        { id: 'a', value: undefined },
        { id: 'b', value: { n: 2 } },
        { id: 'c', value: unwritable },
      ]),
    TypeError,
  );
  assert.deepEqual(things.values(), [{ n: 1 }]);
  store.close();
  const again = new Store(folder);
  assert.deepEqual(again.collection('thing').values(), [{ n: 1 }]);
  again.close();
});

test('state of the first version is carried over, and only once', () => {
  const file = join(folder, 'region.sqlite');
  const old = new DatabaseSync(file);
  old.exec(`CREATE TABLE resource (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
    CREATE TABLE log (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL);
    CREATE INDEX log_by_subject ON log (kind, subject, seq);
    INSERT INTO resource VALUES ('thing', 'a', '{"n":1}');
    PRAGMA user_version = 1;`);
  old.close();
  for (let opened = 0; opened < 2; opened++) {
    const store = new Store(folder);
    assert.deepEqual(store.collection('thing').values(), [{ n: 1 }]);
    store.close();
  }
  const now = new DatabaseSync(file);
  assert.deepEqual(
    now
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => name),
    ['resource'],
  );
  now.close();
});

test('a migration that cannot be done leaves the older state as it was', () => {
  const file = join(folder, 'region.sqlite');
  const old = new DatabaseSync(file);
  old.exec("CREATE TABLE resource (other TEXT); INSERT INTO resource VALUES ('kept'); PRAGMA user_version = 1;");
  old.close();
  assert.throws(() => new Store(folder), { code: 'PL_STATE_UNUSABLE' });
  const now = new DatabaseSync(file);
  assert.deepEqual({ ...now.prepare('PRAGMA user_version').get() }, { user_version: 1 });
  assert.deepEqual({ ...now.prepare('SELECT other FROM resource').get() }, { other: 'kept' });
  now.close();
});
