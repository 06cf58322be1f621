import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunExitCode } from '../errors.ts';
import { mergeOptions, resolveOptions } from './options.ts';

const scenarios = { it: { executor: 'constant-vus', duration: '1s' } };
const stages = [{ duration: '1s', target: 1 }];

for (const [one, other, options] of [
  ['iterations', 'stages', { iterations: 1, stages }],
  ['iterations', 'scenarios', { iterations: 1, scenarios }],
  ['duration', 'stages', { duration: '1s', stages }],
  ['duration', 'scenarios', { duration: '1s', scenarios }],
  ['stages', 'scenarios', { stages, scenarios }],
] as const)
  test(`${one} and ${other} at one place contradict each other`, () => {
    assert.throws(() => resolveOptions(options), {
      exitCode: RunExitCode.invalidConfig,
      message: new RegExp(`using \`${one}\` and \`${other}\` options simultaneously is not allowed`),
    });
  });

test('of different places one takes precedence over the other', () => {
  const merged = mergeOptions([{ stages }, { scenarios }, { iterations: 2 }]);
  assert.deepEqual(resolveOptions(merged).options.scenarios.map(({ executor }) => executor), ['shared-iterations']); // prettier-ignore
});

test('scenarios are listed by their start, then by name', () => {
  const one = { executor: 'constant-vus', duration: '1s' };
  const { options } = resolveOptions({ scenarios: { late: { ...one, startTime: '1s' }, b: one, a: one } });
  assert.deepEqual(options.scenarios.map(({ name }) => name), ['a', 'b', 'late']); // prettier-ignore
});
