import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveOptions } from '../options/options.ts';
import type { Scenario } from '../options/scenarios.ts';
import { progressColumns } from './describe.ts';

function scenario(fields: Record<string, unknown>): Scenario {
  return resolveOptions({ scenarios: { it: fields } }).options.scenarios[0] as Scenario;
}

const cases: [name: string, fields: Record<string, unknown>, now: Partial<Parameters<typeof progressColumns>[1]>, shown: string][] = [
  ['shared iterations', { executor: 'shared-iterations', vus: 2, iterations: 10 }, { iterations: 3 }, '2 VUs 00m01.5s/10m0s 03/10 shared iters'],
  ['iterations per VU', { executor: 'per-vu-iterations', vus: 2, iterations: 5 }, {}, '2 VUs 00m01.5s/10m0s 00/10 iters, 5 per VU'],
  ['a duration', { executor: 'constant-vus', vus: 3, duration: '5s' }, {}, '3 VUs 1.5s/5s '],
  ['a duration that is over', { executor: 'constant-vus', vus: 3, duration: '5s' }, { elapsedMs: 5100, isDone: true }, '3 VUs 5s '],
  ['a duration cut short', { executor: 'constant-vus', vus: 3, duration: '30s' }, { elapsedMs: 2000, isDone: true }, '3 VUs 02.0s/30s '],
  ['a scenario that waits', { executor: 'constant-vus', vus: 3, duration: '5s', startTime: '4s' }, {}, 'waiting 2.5s '],
  ['a ramp', { executor: 'ramping-vus', stages: [{ duration: '3s', target: 20 }] }, { vus: 7 }, '07/20 VUs 1.5s/3s '],
  ['a rate', { executor: 'constant-arrival-rate', rate: 30, timeUnit: '1m', duration: '2m', preAllocatedVUs: 4 }, { vus: 1 }, '1/4 VUs 0m01.5s/2m0s 0.50 iters/s'],
  ['a rising rate', { executor: 'ramping-arrival-rate', startRate: 10, stages: [{ duration: '3s', target: 20 }], preAllocatedVUs: 4 }, {}, '0/4 VUs 1.5s/3s 15.00 iters/s'],
]; // prettier-ignore

for (const [name, fields, now, shown] of cases)
  test(`progress of ${name} reads as in k6`, () => {
    const columns = progressColumns(scenario(fields), { elapsedMs: 1500, vus: 0, iterations: 0, isDone: false, ...now });
    assert.equal(columns.join(' '), shown);
  });
