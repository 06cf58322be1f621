import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKnown, renderValue, unknown, type Value } from '../../language/index.ts';
import { typedObject } from '../state/json.ts';
import { FakeCloud } from '../testkit.ts';
import { planInstance } from './instance.ts';
import type { ResourceObject } from './types.ts';

const type = new FakeCloud().types.resources['fake_thing']!;
const object = (values: Readonly<Record<string, Value>>): ResourceObject => typedObject(type.schema, values);
/** As a configuration is read: what it does not say is null, also blocks that the provider fills in. */
const config = (values: Readonly<Record<string, Value>>): ResourceObject => ({
  ...object({ rule: null, ...values }),
  ...(values['rule'] === undefined && { rule: null }),
});
const there = (values: Readonly<Record<string, Value>> = {}): ResourceObject =>
  object({
    id: 'thing-1',
    address: 'thing-1.example',
    revision: 1,
    name: 'web',
    public: true,
    kind: 'plain',
    zone: 'a',
    tags_all: {},
    ...values,
  });

/** The plan of a change, as far as it changes anything. */
function change(
  given: Readonly<Record<string, Value>>,
  before: Readonly<Record<string, Value>> = {},
  defaultTags: Readonly<Record<string, Value>> = {},
): Record<string, string> {
  const { planned, changed } = planInstance(type, config({ name: 'web', ...given }), there(before), defaultTags);
  return Object.fromEntries([...changed].map((name) => [name, renderValue(planned[name] ?? null).replaceAll(/\s+/g, ' ')]));
}

test('of an object to be made, what the configuration does not say is a default, null, or for the provider to say', () => {
  const { planned } = planInstance(type, config({ name: 'web' }), undefined);
  const unsaid = Object.keys(planned).filter((name) => !isKnown(planned[name] ?? null));
  assert.deepEqual(unsaid.toSorted(), ['address', 'id', 'kind', 'revision', 'rule', 'tags_all', 'zone']);
  assert.deepEqual([planned['name'], planned['public'], planned['size']], ['web', true, null]);
});

test('the same configuration changes nothing', () => {
  assert.deepEqual(change({}), {});
  assert.deepEqual(change({ size: 3 }, { size: 3 }), {});
});

test('null and a zero value are the same for an argument', () => {
  for (const zero of ['', null]) assert.deepEqual(change({ note: zero }, { note: '' }), {});
  assert.deepEqual(change({ size: null }, { size: 0 }), {});
  assert.deepEqual(change({ size: 0 }), {});
  assert.deepEqual(change({ links: [] }), {});
  assert.deepEqual(change({}, { labels: {} }), {});
  assert.deepEqual(change({}, { disk: [] }), {});
});

test('an argument that is left out again goes back to its default, to null, or stays as the provider said it', () => {
  assert.equal(change({}, { public: false })['public'], 'true');
  assert.equal(change({}, { size: 3 })['size'], 'null');
  assert.deepEqual(change({}, { kind: 'special', zone: 'b' }), {});
});

test('what means the same in another spelling stays as it was', () => {
  assert.deepEqual(change({ note: 'ABC' }, { note: 'abc' }), {});
  assert.equal(change({ note: 'abd' }, { note: 'abc' })['note'], '"abd"');
});

test('a value known only after apply is a change', () => {
  assert.deepEqual(change({ size: unknown }, { size: 3 }), { size: '(known after apply)' });
});

test('what is new after every change is unknown once anything else changes', () => {
  const { planned } = planInstance(type, config({ name: 'web', size: 4 }), there({ size: 3 }));
  assert.equal(planned['revision'], unknown);
  assert.equal(planInstance(type, config({ name: 'web' }), there()).planned['revision'], 1);
});

test('only another object can have another value of what forces a new one, also within blocks', () => {
  const paths = (given: Readonly<Record<string, Value>>, before: Readonly<Record<string, Value>> = {}) =>
    planInstance(type, config({ name: 'web', ...given }), there(before)).replacePaths;
  assert.deepEqual(paths({ name: 'api' }), [['name']]);
  assert.deepEqual(paths({ size: 4, zone: 'b' }), [['zone']]);
  assert.deepEqual(paths({ disk: [{ gib: 8, encrypted: true }] }, { disk: [{ gib: 8, type: 'ssd', encrypted: false }] }), [
    ['disk', 0, 'encrypted'],
  ]);
  assert.deepEqual(paths({ disk: [{ gib: 9 }] }, { disk: [{ gib: 8, type: 'ssd', encrypted: false }] }), []);
});

test('every change of a type that cannot be changed in place forces another object', () => {
  const fixed = new FakeCloud().types.resources['fake_fixed']!;
  assert.deepEqual(planInstance(fixed, config({ name: 'web', size: 4 }), there()).replacePaths, [['size']]);
  assert.deepEqual(planInstance(fixed, config({ name: 'web' }), there()).replacePaths, []);
});

test('blocks keep what the provider said of them; in a set their order means nothing', () => {
  assert.deepEqual(change({ disk: [{ gib: 8 }] }, { disk: [{ gib: 8, type: 'ssd' }] }), {});
  const rules = [{ port: 80, from: [], id: 'r1' }, { port: 443, from: ['x'], id: 'r2' }]; // prettier-ignore
  assert.deepEqual(change({ rule: [{ port: 443, from: ['x'] }, { port: 80 }] }, { rule: rules }), {}); // prettier-ignore
  const { planned, changed } = planInstance(type, config({ name: 'web', rule: [{ port: 80 }, { port: 22 }] }), there({ rule: rules })); // prettier-ignore
  assert.ok(changed.has('rule'));
  const ids = (planned['rule'] as readonly { readonly [key: string]: Value }[]).map(
    ({ port, id }) => `${renderValue(port ?? null)} ${renderValue(id ?? null)}`,
  );
  assert.deepEqual(ids.toSorted(), ['22 (known after apply)', '80 "r1"']);
});

test('blocks that the provider fills in stay while there are none in the configuration; an empty list takes them away', () => {
  const rules = [{ port: 80, from: null, id: 'r1' }];
  assert.deepEqual(change({}, { rule: rules }), {});
  assert.deepEqual(change({ rule: [] }, { rule: rules }), { rule: 'toset([])' });
});

test('steps of a list are compared place by place', () => {
  assert.deepEqual(change({ step: [{ run: 'a' }] }, { step: [{ run: 'a' }] }), {});
  assert.equal(
    change({ step: [{ run: 'b' }, { run: 'a' }] }, { step: [{ run: 'a' }] })['step'],
    'tolist([ { "run" = "b" }, { "run" = "a" }, ])',
  );
});

test("all tags are the provider's default ones and the resource's own, which win", () => {
  assert.deepEqual(change({ tags: { Name: 'web' } }, {}, { Name: 'all', Course: 'x' }), {
    tags: 'tomap({ "Name" = "web" })',
    tags_all: 'tomap({ "Course" = "x" "Name" = "web" })',
  });
  assert.deepEqual(change({}, { tags_all: { Course: 'x' } }, { Course: 'x' }), {});
  assert.deepEqual(change({}, { tags_all: { Course: 'x' } }), { tags_all: 'tomap({})' });
  assert.equal(change({ tags: { Name: unknown } })['tags_all'], '(known after apply)');
});

test('the name that an argument had in older versions is taken for that of today', () => {
  const { planned } = planInstance(type, config({ name: 'web', old_note: 'x' }), undefined);
  assert.deepEqual([planned['note'], planned['old_note']], ['x', 'x']);
});
