import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from './graph.ts';

const graphOf = (edges: readonly (readonly [string, string])[]): Graph => {
  const graph = new Graph();
  for (const [node, dependency] of edges) graph.connect(node, dependency);
  return graph;
};

test('a walk comes to nodes after what they depend on, no more than allowed at a time', async () => {
  const graph = graphOf([['d', 'b'], ['d', 'c'], ['b', 'a'], ['c', 'a'], ['e', 'a'], ['f', 'a']]); // prettier-ignore
  const done: string[] = [];
  let [now, most] = [0, 0];
  const errors = await graph.walk(2, async (node) => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    for (const dependency of graph.dependenciesOf(node)) assert.ok(done.includes(dependency), `${dependency} before ${node}`);
    done.push(node);
    now--;
  });
  assert.deepEqual([errors, done.toSorted(), most], [[], ['a', 'b', 'c', 'd', 'e', 'f'], 2]);
});

test('what depends on a failure is left out, the rest goes on', async () => {
  const seen: string[] = [];
  const failure = new Error('no');
  const errors = await graphOf([
    ['b', 'a'],
    ['c', 'b'],
    ['e', 'd'],
  ]).walk(10, async (node) => {
    // prettier-ignore
    seen.push(node);
    await Promise.resolve();
    if (node === 'a') throw failure;
  });
  assert.deepEqual([errors, seen.toSorted()], [[failure], ['a', 'd', 'e']]);
});

test('a cycle is told by its nodes', () => {
  assert.deepEqual(graphOf([['a', 'b'], ['b', 'c'], ['c', 'b']]).cycle(), ['b', 'c']); // prettier-ignore
  assert.equal(graphOf([['a', 'b'], ['c', 'b']]).cycle(), undefined); // prettier-ignore
});

test('a node follows all that it depends on, at any distance', () => {
  const graph = new Graph();
  graph.connect('c', 'b');
  graph.connect('b', 'a');
  graph.add('d');
  assert.deepEqual([graph.follows('c', 'a'), graph.follows('a', 'c'), graph.follows('d', 'a')], [true, false, false]);
});
