import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, uuid } from './random.ts';
import { parseDurationMs } from './text.ts';

test('a seed replays: the same numbers for the same seed, others for another', () => {
  const take = (seed: string): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 20 }, () => random.int(1000));
  };
  assert.deepEqual(take('7'), take('7'));
  assert.notDeepEqual(take('7'), take('8'));
});

test('integers are uniform enough and in range', () => {
  const random = seededRandom(1);
  const seen = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 100_000; i++) (seen[random.int(10)] as number)++;
  for (const count of seen) assert.ok(count > 9_500 && count < 10_500, `${count}`);
});

test('a UUID has version 4 and the RFC variant', () => {
  for (let i = 0; i < 50; i++) assert.match(uuid(seededRandom(i)), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

test('durations add up their parts, anything else is none', () => {
  assert.equal(parseDurationMs('1m30s'), 90_000);
  assert.equal(parseDurationMs('500ms'), 500);
  assert.equal(parseDurationMs('1.5h'), 5_400_000);
  for (const text of ['', '10', 's', '10 s', '1x', '-1s']) assert.equal(parseDurationMs(text), undefined, text);
});
