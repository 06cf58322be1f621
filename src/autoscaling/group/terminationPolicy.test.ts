import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GroupInstance, TerminationPolicy } from '../../model/index.ts';
import { selectForTermination } from './terminationPolicy.ts';
import { sampleGroup as group } from './test-support.ts';

const MINUTE = 60_000;

describe('the instances a scale-in ends', () => {
  const HOUR = 60 * MINUTE;
  const NOW = Date.UTC(2026, 0, 1, 12);
  const make = (id: string, zone: string, ageMs: number, templateVersion = '1', protectedFromScaleIn = false): GroupInstance => ({
    id,
    state: 'InService',
    zone,
    templateVersion,
    launchedAtMs: NOW - ageMs,
    machine: 'running',
    targetHealth: 'HEALTHY',
    protectedFromScaleIn,
    registration: 'registered',
    hooksDone: [],
  });
  const chosen = (instances: GroupInstance[], count: number, ...terminationPolicies: TerminationPolicy[]): string[] =>
    selectForTermination({ ...group, terminationPolicies }, instances, count, NOW).map(({ id }) => id);
  const fleet = [
    make('old', 'us-east-1a', 10 * HOUR + 5 * MINUTE),
    make('hour', 'us-east-1a', 3 * HOUR + 59 * MINUTE, '2'),
    make('new', 'us-east-1a', MINUTE, '2'),
    make('lone', 'us-east-1b', 20 * HOUR),
  ];

  it('come from the fullest zone, whatever the policy', () => {
    for (const policy of ['Default', 'OldestInstance', 'NewestInstance', 'ClosestToNextInstanceHour', 'OldestLaunchTemplate'] as const) {
      assert.ok(!chosen(fleet, 2, policy).includes('lone'), policy);
    }
  });

  it('follow the policies', () => {
    assert.deepEqual(chosen(fleet, 1, 'OldestInstance'), ['old']);
    assert.deepEqual(chosen(fleet, 1, 'NewestInstance'), ['new']);
    assert.deepEqual(chosen(fleet, 1, 'ClosestToNextInstanceHour'), ['hour']);
    assert.deepEqual(chosen(fleet, 1, 'OldestLaunchTemplate'), ['old']);
    assert.deepEqual(
      chosen(
        fleet.filter(({ id }) => id !== 'old'),
        1,
        'Default',
      ),
      ['hour'],
      'same template: the nearest to its next hour',
    );
    assert.deepEqual(chosen(fleet, 1), ['old'], 'no policy is the default one');
  });

  it('are never protected ones, even if too few are left', () => {
    const guarded = fleet.map((instance) => ({ ...instance, protectedFromScaleIn: instance.id !== 'new' }));
    assert.deepEqual(chosen(guarded, 3, 'OldestInstance'), ['new']);
  });
});
