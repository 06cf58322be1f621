import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { bar, renderFrame, sparkline, type Frame } from './view.ts';

const frame: Frame = {
  elapsedMs: 30_000,
  expectedMs: 120_000,
  phase: 'four tasks: the load rises further',
  url: 'http://127.0.0.1:8080',
  users: 300,
  usersMax: 500,
  rps: 290,
  p50Ms: 12,
  p95Ms: 700,
  requests: 12_345,
  failed: 0,
  tasks: [{ id: 'a'.repeat(32), state: 'RUNNING', health: 'HEALTHY', cpuPercent: 55, address: '127.16.0.3' }],
  noun: 'task',
  desired: 4,
  alarms: [
    {
      name: `TargetTracking-service/taskoverflow/taskoverflow-AlarmHigh-${'x'.repeat(36)}`,
      state: 'ALARM',
      condition: 'CPUUtilization > 20 for 3 × 60 s',
    },
  ],
  activities: [],
  rpsHistory: [1, 2, 3],
  tasksHistory: [1, 1, 4],
};

test('a frame shows users, requests/s, latency, tasks with CPU and health, and alarms', () => {
  const text = renderFrame(frame, 100, false).join('\n');
  for (const part of ['300', '290', 'p95 700 ms', 'task aaaaaaaa', 'HEALTHY', '55 % CPU', 'ALARM', 'CPUUtilization > 20', '1/4', '12,345'])
    assert.ok(text.includes(part), part);
});

test('no line is wider than the terminal, coloured or not', () => {
  for (const columns of [60, 80, 100, 200]) {
    for (const color of [true, false]) {
      for (const line of renderFrame(frame, columns, color)) {
        assert.ok(stripVTControlCharacters(line).length <= columns, `${columns}: ${stripVTControlCharacters(line)}`);
      }
    }
  }
});

test('without colour there is no escape sequence', () => {
  assert.ok(!renderFrame(frame, 100, false).join('').includes('\x1b'));
});

test('a sparkline keeps the newest values and reaches its full height at the largest', () => {
  assert.equal(sparkline([0, 4, 8], 10), '▁▅█');
  assert.equal(sparkline([1, 1, 1, 8], 2), '▂█');
  assert.equal(bar(2, 4), '████');
  assert.equal(bar(-1, 4), '░░░░');
});
