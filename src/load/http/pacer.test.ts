import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pacer } from './pacer.ts';

test('requests that come at once are spread, idle time is not saved up', () => {
  const pacer = new Pacer(10);
  assert.deepEqual([pacer.waitMs(0), pacer.waitMs(0), pacer.waitMs(50)], [0, 100, 150]);
  assert.deepEqual([pacer.waitMs(5000), pacer.waitMs(5000)], [0, 100]);
});
