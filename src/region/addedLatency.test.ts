import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addedLatency } from './addedLatency.ts';

test('latency is added by tags: to all targets of a group, or to one', () => {
  const tagged = (...tags: [string, string][]) => addedLatency(tags.map(([Key, Value]) => ({ Key, Value })));
  assert.equal(tagged(['team', 'web'])('i-1'), 0);
  const both = tagged(['plimsoll:latency-ms', '200'], ['plimsoll:latency-ms:i-1', '900']);
  assert.deepEqual([both('i-1'), both('i-2')], [900, 200]);
  for (const value of ['', 'slow', '-5', '0', '60001', 'Infinity', 'NaN'])
    assert.equal(tagged(['plimsoll:latency-ms', value])('i-1'), 0, value);
});
