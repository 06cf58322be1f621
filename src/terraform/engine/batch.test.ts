import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batched } from './batch.ts';
import type { Clients } from './provider.ts';

const clients = (): Clients => ({}) as Clients;
const letters = 'abcdefgh'.split('');

test('what is looked up at the same moment is asked for together, each thing once, as many at a time as may be', async () => {
  const calls: string[] = [];
  const find = batched(3, async (_aws, ids) => {
    calls.push(ids.join(''));
    return ids.filter((id) => id !== 'c').map((id) => [id, id.toUpperCase()] as const);
  });
  const aws = clients();
  assert.deepEqual(await Promise.all([...letters.slice(0, 5), 'a'].map((id) => find(aws, id))), ['A', 'B', undefined, 'D', 'E', 'A']);
  assert.deepEqual(calls, ['abc', 'dea']);
  await find(aws, 'f');
  assert.deepEqual(calls.at(-1), 'f');
});

test('different clients are asked apart', async () => {
  const calls: Clients[] = [];
  const find = batched(9, async (aws, ids) => {
    calls.push(aws);
    return ids.map((id) => [id, id] as const);
  });
  const [here, there] = [clients(), clients()];
  await Promise.all([find(here, 'a'), find(there, 'b'), find(here, 'c')]);
  assert.deepEqual([calls.length, calls.includes(here), calls.includes(there)], [2, true, true]);
});

test('when a call for several is refused each is asked for alone: the one at fault is gone, or fails', async () => {
  const find = batched(
    9,
    async (_aws, ids) => {
      const bad = ids.find((id) => id === 'gone' || id === 'broken');
      if (bad !== undefined) throw Object.assign(new Error(bad), { name: bad === 'gone' ? 'NotFound' : 'Throttled' });
      return ids.map((id) => [id, id] as const);
    },
    'NotFound',
  );
  const aws = clients();
  const results = await Promise.allSettled(['a', 'gone', 'broken', 'b'].map((id) => find(aws, id)));
  assert.deepEqual(results.map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as Error).message)), ['a', undefined, 'broken', 'b']); // prettier-ignore
});
