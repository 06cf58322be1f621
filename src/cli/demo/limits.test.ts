import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from '../../base/index.ts';
import { carriedWith, type Sample } from './limits.ts';

function sample(users: number, p95Ms: number, healthyTasks: number, more: Partial<Sample> = {}): Sample {
  const durations = new Histogram();
  for (let i = 0; i < users; i++) durations.record(p95Ms);
  return {
    atMs: 0,
    users,
    spanMs: 1000,
    requests: users,
    failed: 0,
    durationMs: durations.toData(),
    healthyTasks,
    busy: { 'CPU of the tasks': Math.min(100, users) },
    ...more,
  };
}

const ramp = (from: number, to: number, tasks: number, p95Ms: number): Sample[] =>
  Array.from({ length: to - from + 1 }, (_, i) => sample(from + i, p95Ms, tasks));

test('the limit is the most users of two seconds in a row within the bound, and what was busiest beyond it', () => {
  const samples = [...ramp(10, 100, 1, 50), ...ramp(101, 120, 1, 900)];
  const limit = carriedWith(samples, 1);
  assert.equal(limit?.users, 97);
  assert.equal(limit?.reached, true);
  assert.equal(limit?.busiest.part, 'CPU of the tasks');
  assert.equal(Math.round(limit?.busiest.percent ?? 0), 100);
});

test('a test that ended before the limit says so', () => {
  const limit = carriedWith(ramp(10, 60, 4, 50), 4);
  assert.equal(limit?.users, 57);
  assert.equal(limit?.reached, false);
});

test('seconds with another number of tasks, or in which it changed, do not count', () => {
  const samples = [...ramp(10, 20, 1, 50), sample(500, 50, -1), ...ramp(600, 610, 4, 50)];
  assert.equal(carriedWith(samples, 1)?.users, 17);
  assert.equal(carriedWith(samples, 4)?.users, 607);
  assert.equal(carriedWith(samples, 2), undefined);
});

test('one failed request in a hundred is too many', () => {
  const failing = ramp(100, 110, 1, 50).map((each) => ({ ...each, failed: 2 }));
  assert.equal(carriedWith(failing, 1), undefined);
});

test('a slow start with few users is not the limit', () => {
  const samples = [...ramp(1, 5, 1, 2000), ...ramp(6, 50, 1, 40)];
  assert.equal(carriedWith(samples, 1)?.reached, false);
  assert.equal(carriedWith(samples, 1)?.users, 47);
});

test('seconds without a request carry nothing', () => {
  const idle = ramp(5, 9, 1, 50).map((each) => ({ ...each, requests: 0 }));
  assert.equal(carriedWith(idle, 1), undefined);
});

test('the machine is named only where no part of it stands out', () => {
  const slow = (busy: Record<string, number>): Sample[] => [
    ...ramp(10, 50, 1, 50),
    ...ramp(51, 70, 1, 900).map((each) => ({ ...each, busy })),
  ];
  assert.equal(carriedWith(slow({ 'CPU of the tasks': 92, 'CPU of the machine': 99 }), 1)?.busiest.part, 'CPU of the tasks');
  assert.equal(carriedWith(slow({ 'CPU of the tasks': 60, 'CPU of the machine': 99 }), 1)?.busiest.part, 'CPU of the machine');
});
