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

const row = (id: string, value: unknown, kind = 'thing') => ({ kind, id, value });

test('what was written is there after opening again, in order of creation; what was deleted is not', () => {
  const first = new Store(folder);
  first.write([row('b', { n: 1 })]);
  first.write([row('a', { n: 2 }), row('c', { n: 3 })]);
  first.write([row('b', { n: 4 }), row('a', 'another kind', 'other')]);
  first.write([row('c', undefined), row('never there', undefined)]);
  first.close();
  const second = new Store(folder);
  assert.deepEqual([...second.rows()], [row('b', { n: 4 }), row('a', { n: 2 }), row('a', 'another kind', 'other')]);
  second.close();
});

test('without a folder nothing is kept', () => {
  const store = new Store();
  store.write([row('a', 1)]);
  assert.deepEqual([...store.rows()], []);
  store.close();
});

test('a write that returned survives the death of its process', () => {
  const script = `
    import { Store } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)};
    new Store(${JSON.stringify(folder)}).write([{ kind: 'thing', id: 'a', value: 'written' }]);
    process.kill(process.pid, 'SIGKILL');`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(signal, 'SIGKILL');
  const store = new Store(folder);
  assert.deepEqual([...store.rows()], [row('a', 'written')]);
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
  store.write([row('a', { n: 1 })]);
  assert.throws(() => store.write([row('a', undefined), row('b', { n: 2 }), row('c', { n: 3n })]), TypeError);
  assert.deepEqual([...store.rows()], [row('a', { n: 1 })]);
  store.close();
});

test('state of the first version is carried over, and only once', () => {
  const file = join(folder, 'region.sqlite');
  const old = new DatabaseSync(file);
  old.exec(`CREATE TABLE resource (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
    CREATE TABLE log (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL);
    CREATE INDEX log_by_subject ON log (kind, subject, seq);
    INSERT INTO resource VALUES
      ('aws', '1/eu-west-1/thing/a', '{"account":"1","region":"eu-west-1","kind":"thing","id":"a","seq":2,"value":{"n":1,"text":"\\u00e4\\"/"}}'),
      ('aws', '1/eu-west-1/thing/b', '{"account":"1","region":"eu-west-1","kind":"thing","id":"b","seq":1,"value":{"n":2}}');
    PRAGMA user_version = 1;`);
  old.close();
  for (let opened = 0; opened < 2; opened++) {
    const store = new Store(folder);
    assert.deepEqual([...store.rows()], [row('b', { n: 2 }, '1/eu-west-1/thing'), row('a', { n: 1, text: 'ä"/' }, '1/eu-west-1/thing')]);
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
