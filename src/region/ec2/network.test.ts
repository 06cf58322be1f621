import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkMinutes } from './network.ts';

const used = (networkInBytes: number, networkOutBytes: number) => ({
  id: 'i-1',
  cpuPercent: 0,
  memoryBytes: 0,
  memoryPercent: 0,
  networkInBytes,
  networkOutBytes,
});

test('the bytes of a minute are one measurement, told once the minute is over', () => {
  const minutes = new NetworkMinutes();
  assert.deepEqual(minutes.count('i-1', used(100, 1), 60_000), []);
  assert.deepEqual(minutes.count('i-1', used(20, 2), 119_000), []);
  assert.deepEqual(minutes.count('i-1', used(5, 3), 120_000), [
    { name: 'NetworkIn', unit: 'Bytes', timestampMs: 60_000, value: 120 },
    { name: 'NetworkOut', unit: 'Bytes', timestampMs: 60_000, value: 3 },
  ]);
  assert.deepEqual(
    minutes.count('i-2', { id: 'i-2', cpuPercent: 0, memoryBytes: 0, memoryPercent: 0 }, 120_000),
    [],
    'nothing to count at',
  );
  minutes.forget('i-1');
  assert.deepEqual(minutes.count('i-1', used(1, 1), 180_000), [], 'a machine that starts again begins anew');
});
