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

test('a target is drained when every worker has said so', () => {
  const drains = new Drains<string>();
  drains.follow(snapshot('draining'));
  assert.equal(drains.report('a', group.id, target, ['a', 'b']), false);
  assert.equal(drains.report('a', group.id, target, ['a', 'b']), false, 'said twice');
  assert.equal(drains.report('b', group.id, target, ['a', 'b']), true);
});

test('what was said of a target that was registered again since counts no more', () => {
  const drains = new Drains<string>();
  drains.follow(snapshot('draining'));
  drains.report('a', group.id, target, ['a', 'b']);
  drains.follow(snapshot('registered'));
  // Heard late: the worker had not got the snapshot yet.
  drains.report('a', group.id, target, ['a', 'b']);
  drains.follow(snapshot('draining'));
  assert.equal(drains.report('b', group.id, target, ['a', 'b']), false);
  assert.equal(drains.report('a', group.id, target, ['a', 'b']), true);
});

test('a worker that takes the place of another speaks for itself', () => {
  const drains = new Drains<string>();
  drains.follow(snapshot('draining'));
  drains.report('a', group.id, target, ['a', 'b']);
  drains.forget('a');
  assert.equal(drains.report('b', group.id, target, ['c', 'b']), false);
  assert.equal(drains.report('c', group.id, target, ['c', 'b']), true);
});
