import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ManualClock } from '../base/index.ts';
import { openClock } from './clock.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'plimsoll-clock-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test('a faster clock goes on where it was left, killed or closed', async () => {
  const wall = new ManualClock(1_000_000);
  const first = openClock(folder, 20, wall);
  await wall.advance(10_500);
  assert.equal(first.clock.nowMs(), 1_000_000 + 210_000);
  // Killed: what was written last, at most a second ago, counts.
  const second = openClock(folder, 20, wall);
  assert.equal(second.clock.nowMs(), 1_000_000 + 200_000);
  await wall.advance(500);
  second.close();
  assert.equal(openClock(folder, 1, wall).clock.nowMs(), 1_000_000 + 210_000);
});

test('it never falls behind the wall, and a file that is no time says nothing', () => {
  const wall = new ManualClock(5_000_000);
  for (const text of ['{"nowMs": 4000}', '{"nowMs": "late"}', 'no JSON', '']) {
    writeFileSync(join(folder, 'clock.json'), text);
    assert.equal(openClock(folder, 20, wall).clock.nowMs(), 5_000_000, text);
  }
});

test('at the wall’s speed nothing is written', async () => {
  const wall = new ManualClock(5_000_000);
  const own = openClock(folder, 1, wall);
  await wall.advance(5000);
  own.close();
  assert.equal(existsSync(join(folder, 'clock.json')), false);
});
