import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterEnd, firstPlane, planesMax, type Succession } from './succession.ts';

function pauses(livedMs: number): (number | undefined)[] {
  const told: (number | undefined)[] = [];
  let nowMs = 1_000_000;
  let held: Succession = firstPlane(nowMs);
  while (told.length < 20) {
    nowMs = held.startedAtMs + livedMs;
    const next = afterEnd(held, nowMs);
    told.push(next?.pauseMs);
    if (next === undefined) break;
    held = next;
  }
  return told;
}

test('a data plane that ends soon after its start is followed ever later, at last by none', () => {
  const told = pauses(300);
  assert.deepEqual(told, [0, 250, 500, 1000, 2000, 4000, undefined]);
  assert.equal(told.length, planesMax);
});

test('one that ran for a minute is followed at once, however often', () => {
  assert.deepEqual(new Set(pauses(60_000)), new Set([0]));
});
