import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoutingSnapshot, Target } from '../model/index.ts';
import { Drains } from './drains.ts';
import { snapshotOf } from './testkit/index.ts';

const snapshot = (phase: Target['phase']): RoutingSnapshot => {
  const { targetGroups, ...rest } = snapshotOf([8080]);
  return { ...rest, targetGroups: targetGroups.map((group) => ({ ...group, targets: group.targets.map((one) => ({ ...one, phase })) })) };
};
const group = snapshot('draining').targetGroups[0]!;
const target = group.targets[0]!.id;

const both = ['a', 'b'];
const drained = [{ targetGroupId: group.id, targetId: target }];
const draining = (): Drains<string> => {
  const drains = new Drains<string>();
  drains.follow(snapshot('draining'));
  return drains;
};

test('a target is drained when every worker has said so, once', () => {
  const drains = draining();
  drains.report('a', group.id, target);
  drains.report('a', group.id, target);
  assert.deepEqual(drains.take(both), []);
  drains.report('b', group.id, target);
  assert.deepEqual(drains.take(both), drained);
  assert.deepEqual(drains.take(both), []);
});

test('what was said of a target that was registered again since counts no more', () => {
  const drains = draining();
  drains.report('a', group.id, target);
  drains.follow(snapshot('registered'));
  // Heard late: the worker had not got the snapshot yet.
  drains.report('a', group.id, target);
  drains.follow(snapshot('draining'));
  drains.report('b', group.id, target);
  assert.deepEqual(drains.take(both), []);
  drains.report('a', group.id, target);
  assert.deepEqual(drains.take(both), drained);
});

test('one that has been replaced and finishes what it has is waited for until it ends', () => {
  const drains = draining();
  drains.report('a', group.id, target);
  assert.deepEqual(drains.take(['a', 'old']), []);
  drains.forget('old');
  assert.deepEqual(drains.take(['a']), drained);
});

test('a worker that takes the place of another speaks for itself', () => {
  const drains = draining();
  drains.report('a', group.id, target);
  drains.forget('a');
  assert.deepEqual(drains.take([]), []);
  drains.report('b', group.id, target);
  assert.deepEqual(drains.take(['c', 'b']), []);
  drains.report('c', group.id, target);
  assert.deepEqual(drains.take(['c', 'b']), drained);
});
