import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ManualClock, seededRandom } from '../../base/index.ts';
import { Store } from '../../state/index.ts';
import { index, table } from './table.ts';
import { immediate, World } from './world.ts';

interface Thing {
  readonly id: string;
  readonly size: number;
}

const things = table<Thing>('test.thing', (thing) => thing.id);

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-world-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(store: Store, seeded: string[] = []): World {
  return new World({
    clock: new ManualClock(),
    random: seededRandom(1),
    store,
    seed: (place) => seeded.push(`${place.account}/${place.region}`),
    machinery: immediate,
  });
}

test('accounts and regions do not see each other', () => {
  const world = open(new Store());
  world.transaction(() => world.place('1', 'eu-west-1').table(things).put({ id: 'a', size: 1 }));
  assert.equal(world.place('1', 'eu-west-1').table(things).size, 1);
  assert.equal(world.place('1', 'us-east-1').table(things).size, 0);
  assert.equal(world.place('2', 'eu-west-1').table(things).size, 0);
});

test('an operation that fails changes nothing, in memory and on disk', () => {
  const store = new Store(folder);
  const world = open(store);
  const at = world.place('1', 'eu-west-1');
  world.transaction(() => at.table(things).put({ id: 'kept', size: 1 }));
  assert.throws(
    () =>
      world.transaction(() => {
        at.table(things).put({ id: 'new', size: 1 });
        at.table(things).put({ id: 'kept', size: 2 });
        at.table(things).put({ id: 'kept', size: 3 });
        at.table(things).delete('kept');
        throw new Error('no');
      }),
    /no/,
  );
  assert.deepEqual(at.table(things).values(), [{ id: 'kept', size: 1 }]);
  store.close();
  const again = new Store(folder);
  assert.deepEqual(open(again).place('1', 'eu-west-1').table(things).values(), [{ id: 'kept', size: 1 }]);
  again.close();
});

test('what was written is there after opening again, in order of creation, and is seeded once', () => {
  const first = new Store(folder);
  const seeded: string[] = [];
  const world = open(first, seeded);
  const at = world.place('1', 'eu-west-1');
  for (const id of ['b', 'a', 'c']) world.transaction(() => at.table(things).put({ id, size: 0 }));
  world.transaction(() => at.table(things).delete('a'));
  world.transaction(() => at.table(things).patch(at.table(things).get('b')!, { size: 5 }));
  first.close();
  const second = new Store(folder);
  const reopened = open(second, seeded).place('1', 'eu-west-1');
  assert.deepEqual(reopened.table(things).values(), [
    { id: 'b', size: 5 },
    { id: 'c', size: 0 },
  ]);
  assert.deepEqual(seeded, ['1/eu-west-1']);
  second.close();
});

test('a reset leaves nothing, and places are seeded anew', () => {
  const store = new Store(folder);
  const seeded: string[] = [];
  const world = open(store, seeded);
  world.transaction(() => world.place('1', 'eu-west-1').table(things).put({ id: 'a', size: 1 }));
  world.reset();
  assert.deepEqual([...store.rows()], []);
  assert.equal(world.place('1', 'eu-west-1').table(things).size, 0);
  assert.deepEqual(seeded, ['1/eu-west-1', '1/eu-west-1']);
  store.close();
});

test('a write outside a transaction is a fault of ours', () => {
  const at = open(new Store()).place('1', 'eu-west-1');
  assert.throws(() => at.table(things).put({ id: 'a', size: 1 }), /outside a transaction/);
});

test('watchers hear of each transaction that changed something, after it', () => {
  const world = open(new Store());
  const at = world.place('1', 'eu-west-1');
  const heard: string[][] = [];
  const stop = world.watch((changed) => {
    heard.push([...changed]);
    if (heard.length === 1) world.transaction(() => at.table(things).put({ id: 'by the watcher', size: 2 }));
  });
  world.transaction(() => at.table(things).put({ id: 'a', size: 1 }));
  world.transaction(() => undefined);
  assert.throws(() =>
    world.transaction(() => {
      at.table(things).put({ id: 'b', size: 1 });
      throw new Error('no');
    }),
  );
  stop();
  world.transaction(() => at.table(things).put({ id: 'c', size: 1 }));
  assert.deepEqual(heard, [['1/eu-west-1/test.thing'], ['1/eu-west-1/test.thing']]);
  assert.deepEqual(at.table(things).keys(), ['a', 'by the watcher', 'c']);
});

test('an index finds what holds a key, whatever was put, changed, deleted or undone since it was first asked', () => {
  const world = open(new Store());
  const at = world.place('1', 'eu-west-1');
  const bySize = index<Thing>(({ size }) => [size === 0 ? undefined : String(size)]);
  const found = (size: number): string[] =>
    at
      .table(things)
      .by(bySize, String(size))
      .map(({ id }) => id);
  world.transaction(() => ['a', 'b', 'c'].map((id) => at.table(things).put({ id, size: 1 })));
  assert.deepEqual(found(1), ['a', 'b', 'c']);
  world.transaction(() => {
    at.table(things).patch(at.table(things).get('b')!, { size: 2 });
    at.table(things).patch(at.table(things).get('c')!, { size: 0 });
    at.table(things).delete('a');
    at.table(things).put({ id: 'd', size: 2 });
  });
  assert.deepEqual([found(0), found(1), found(2)], [[], [], ['b', 'd']]);
  assert.throws(() =>
    world.transaction(() => {
      at.table(things).delete('b');
      at.table(things).put({ id: 'e', size: 2 });
      throw new Error('no');
    }),
  );
  assert.deepEqual(found(2).toSorted(), ['b', 'd']);
});
