import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changesOf, Desk } from './testkit.ts';

/** Whatever a configuration says, what was applied is found unchanged, and any configuration can follow any other. */

const words = fc.constantFrom('', 'a', 'b', 'A');
const maybe = <Item>(item: fc.Arbitrary<Item>) => fc.option(item, { nil: undefined });
const texts = fc.array(words, { maxLength: 3 });
const tags = fc.dictionary(fc.constantFrom('Name', 'Course', 'x'), words, { maxKeys: 3, noNullPrototype: true });

/** The arguments of a thing, as JSON configuration has them; what is undefined is left out. */
const thing = fc.record({
  name: fc.constantFrom('one', 'two'),
  size: maybe(fc.constantFrom(0, 1, 2, null)),
  public: maybe(fc.constantFrom(true, false, null)),
  kind: maybe(words),
  zone: maybe(words),
  note: maybe(words),
  links: maybe(texts),
  labels: maybe(tags),
  anything: maybe(fc.oneof(words, texts, fc.integer(), fc.constant({ a: [1, { b: null }] }))),
  disk: maybe(fc.record({ gib: fc.integer({ min: 0, max: 2 }), type: maybe(words), encrypted: maybe(fc.boolean()) })),
  step: maybe(fc.array(fc.record({ run: words }), { maxLength: 2 })),
  rule: maybe(
    fc.uniqueArray(fc.record({ port: fc.integer({ min: 0, max: 3 }), from: maybe(texts) }), { maxLength: 3, selector: ({ port }) => port }),
  ),
  tags: maybe(tags),
  lifecycle: maybe(fc.record({ create_before_destroy: fc.boolean() })),
});

const configuration = fc.record({
  provider: maybe(fc.record({ fake: fc.record({ default_tags: fc.record({ tags: tags }) }) })),
  resource: fc.record({ fake_thing: fc.record({ a: thing, b: thing }), fake_fixed: fc.record({ c: thing }) }),
});

test('what was applied is found unchanged, after any configuration and any change of it', async () => {
  const property = fc.asyncProperty(fc.array(configuration, { minLength: 1, maxLength: 3 }), async (rounds) => {
    const desk = new Desk();
    for (const round of rounds) {
      const files = { 'main.tf.json': JSON.stringify(round) };
      await desk.applied(files);
      const again = await desk.plan(files);
      assert.deepEqual([changesOf(again), again.drift.length, again.hasChanges], [[], 0, false]);
    }
    await desk.applied('locals {}');
    assert.deepEqual([desk.cloud.things.size, desk.state.isEmpty], [0, true]);
  });
  await fc.assert(property, { numRuns: 80 });
});
