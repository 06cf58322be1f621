import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunExitCode } from '../errors.ts';
import { consolidatedOptions } from './consolidated.ts';
import { durationMs, goDuration } from './durations.ts';
import { mergeOptions, replacesScenarios, resolveOptions } from './options.ts';

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

for (const [text, ms, told] of [
  ['1m30s', 90_000, '1m30s'],
  ['500ms', 500, '500ms'],
  ['1500', 1500, '1.5s'],
  ['1s500ms', 1500, '1.5s'],
  ['.5s', 500, '500ms'],
  ['+1s', 1000, '1s'],
  ['1h', 3_600_000, '1h0m0s'],
  ['1d2h', 93_600_000, '26h0m0s'],
  ['100us', 0.1, '100µs'],
  ['1.1ms', 1.1, '1.1ms'],
  ['-1s', -1000, undefined],
  ['0', 0, '0s'],
  ['', undefined, undefined],
  ['1', 1, '1ms'],
  ['1 s', undefined, undefined],
  ['1m30', undefined, undefined],
  ['1x', undefined, undefined],
] as const)
  test(`the duration "${text}" is read as in k6`, () => {
    assert.equal(durationMs(text, 'ms'), ms);
    if (told !== undefined) assert.equal(goDuration(ms ?? 0), told);
  });

test('a flag needs the unit of its duration', () => {
  assert.deepEqual([durationMs('10'), durationMs('0'), durationMs('10s')], [undefined, 0, 10_000]);
});

test('who says how much load there is replaces what others said of it, but for vus', () => {
  const ramp = { stages, vus: 1 };
  assert.deepEqual(mergeOptions([ramp, { vus: 3 }]), { stages, vus: 3 });
  assert.deepEqual(mergeOptions([{ scenarios }, { vus: 3 }]), { scenarios, vus: 3 });
  assert.deepEqual(mergeOptions([ramp, { duration: '1s' }]), { vus: 1, duration: '1s' });
  assert.equal(replacesScenarios([{}, { scenarios }, { vus: 3 }]), false);
  assert.equal(replacesScenarios([{}, { scenarios }, { iterations: 3 }]), true);
});

test('scripts see durations as Go prints them', () => {
  const told = consolidatedOptions({ setupTimeout: '2m', minIterationDuration: 1500, stages: [{ duration: '90s', target: 1 }] });
  assert.deepEqual([told['setupTimeout'], told['minIterationDuration']], ['2m0s', '1.5s']);
  assert.deepEqual(told['scenarios'], {
    default: {
      executor: 'ramping-vus', startTime: null, gracefulStop: null, env: null, exec: null, tags: null, startVUs: null,
      stages: [{ duration: '1m30s', target: 1 }], gracefulRampDown: null,
    },
  }); // prettier-ignore
});
