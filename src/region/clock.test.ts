import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ManualClock } from '../base/index.ts';
import { openClock as openRegionClock, type RegionClock } from './clock.ts';

const openClock = (dataDir: string, scale: number, wall: ManualClock): RegionClock =>
  openRegionClock(dataDir, scale, wall, () => wall.nowMs());

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

describe('a wall clock that is set', () => {
  const minuteMs = 60_000;

  /** A wall whose clock is set while spans pass as they do. */
  function settable(scale: number) {
    const wall = new ManualClock(100 * minuteMs);
    let setMs = 0;
    const own = openRegionClock(folder, scale, wall, () => wall.nowMs() - setMs);
    const set = (byMs: number): void => {
      setMs += byMs;
      wall.jump(wall.nowMs() + byMs);
    };
    return { wall, set, own, clock: own.clock };
  }

  test('back: time goes on, in this run and the next', async () => {
    const { wall, set, own, clock } = settable(1);
    await wall.advance(5000);
    set(-minuteMs);
    assert.equal(clock.nowMs(), 100 * minuteMs + 5000);
    await wall.advance(5000);
    assert.equal(clock.nowMs(), 100 * minuteMs + 10_000);
    own.close();
    assert.equal(openClock(folder, 1, wall).clock.nowMs(), 100 * minuteMs + 10_000);
  });

  test('forth: it is followed at its own speed, and at a higher it moves nothing', async () => {
    const plain = settable(1);
    plain.set(minuteMs);
    assert.equal(plain.clock.nowMs(), 101 * minuteMs);
    await plain.wall.advance(5000);
    assert.equal(plain.clock.nowMs(), 101 * minuteMs + 5000);
    rmSync(join(folder, 'clock.json'), { force: true });
    const fast = settable(20);
    fast.set(minuteMs);
    await fast.wall.advance(1000);
    assert.equal(fast.clock.nowMs(), 100 * minuteMs + 20_000);
  });
});
