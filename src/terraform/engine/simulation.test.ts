import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, type Random } from '../../base/index.ts';
import { applyPlan } from './apply/apply.ts';
import { State } from './state/state.ts';
import { changesOf, Desk } from './testkit.ts';

/**
 * Configurations that change at random, applied by a cloud that fails at random, by people who stop at random. Whatever happened,
 * the state has exactly the things that there are, and an apply without trouble brings about what the configuration says.
 * A failure names its seed.
 */

const names = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Things of which each refers to some before it, so that there is no cycle. */
function configurationOf(random: Random): string {
  const kept = names.filter(() => random.float() < 0.7);
  return kept
    .map((name, index) => {
      const earlier = kept.slice(0, index).filter(() => random.float() < 0.4);
      const links = earlier.filter(() => random.float() < 0.5).map((other) => `fake_thing.${other}.id`);
      return `resource "fake_thing" "${name}" {
  name  = "${name}"
  size  = ${random.int(3)}
  zone  = "${random.int(2)}"
  links = [${links.join(', ')}]
  ${random.float() < 0.3 ? 'lifecycle {\n    create_before_destroy = true\n  }' : ''}
  depends_on = [${earlier.map((other) => `fake_thing.${other}`).join(', ')}]
}
`;
    })
    .join('');
}

async function live(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const desk = new Desk();
  let files = configurationOf(random);
  for (let round = 0; round < 6; round++) {
    if (random.float() < 0.7) files = configurationOf(random);
    const stop = new AbortController();
    const trouble = random.float() < 0.8 ? 0.15 : 0;
    desk.cloud.before = async (call) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (call.startsWith('read')) return;
      if (random.float() < trouble) throw new Error(`trouble with ${call}`);
      if (random.float() < trouble / 4) stop.abort();
    };
    const plan = await desk.plan(files, { mode: random.float() < 0.1 ? 'destroy' : 'normal' });
    let written = new State();
    const save = async (state: State): Promise<void> => void (written = state.copy());
    const { state } = await applyPlan(plan, desk.cloud.connect, { signal: stop.signal, save, parallelism: 1 + random.int(4) });
    desk.state = state;
    assertTrue(desk, state);
    assertTrue(desk, written);
  }
  desk.cloud.before = () => {};
  await desk.applied(files);
  assertTrue(desk, desk.state);
  const settled = await desk.plan(files);
  assert.deepEqual([changesOf(settled), settled.drift.length], [[], 0]);
  await desk.applied(files, { mode: 'destroy' });
  assert.deepEqual([desk.cloud.things.size, desk.state.isEmpty], [0, true]);
}

/** The state has exactly the things that there are. */
function assertTrue({ cloud }: Desk, state: State): void {
  const known = state.records
    .flatMap(({ current, deposed }) => [current, ...deposed.values()])
    .flatMap((object) => object?.attributes['id'] ?? []);
  assert.deepEqual(known.map((id) => JSON.stringify(id)).toSorted(), [...cloud.things.keys()].map((id) => JSON.stringify(id)).toSorted());
}

test('whatever fails and whoever stops, the state is true and the next apply goes on', async () => {
  for (const seed of [333, ...Array.from({ length: 50 }, (_, index) => index + 1)]) {
    try {
      await live(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
});
