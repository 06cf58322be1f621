import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs, ScaledClock, systemClock, type Clock } from '../base/index.ts';

const saveEveryMs = 1000;
/** Less than this ahead of the wall is how exactly two clocks agree. */
const aheadMs = 1000;

/** A region's clock, whose time is kept on disk so that it never goes back from one run to the next. */
export interface RegionClock {
  readonly clock: ScaledClock;
  /** Writes the time down once more. */
  close(): void;
}

/**
 * The clock goes on from where the last run in this folder left it, or from the wall's time if that is later: after
 * an hour at twenty times the wall's speed the region's records and measurements are from the day to come, and
 * a clock that started anew would make them lie in the future.
 *
 * From then on it is driven by spans, not by what the wall shows: a wall that is set back or forth moves no period,
 * cooldown or timestamp. One exception: at the wall's speed, a wall that gets ahead is followed, because clients send its
 * times (the computer has slept, or its clock was wrong until now).
 */
export function openClock(dataDir: string, scale: number, wall: Clock = systemClock, spanMs: () => number = wholeMs): RegionClock {
  const file = join(dataDir, 'clock.json');
  const startMs = Math.max(wall.nowMs(), lastMs(file));
  const under: Clock = { ...timersOf(wall), nowMs: scale === 1 ? following(wall, spanMs, startMs) : spanMs };
  const clock = new ScaledClock(scale, under, startMs);
  // At the wall's speed and time there is nothing to remember.
  let remembers = scale !== 1;
  const save = (): void => {
    remembers ||= clock.nowMs() > wall.nowMs() + aheadMs;
    if (!remembers) return;
    try {
      writeFileSync(`${file}.new`, `${JSON.stringify({ nowMs: clock.nowMs() })}\n`);
      renameSync(`${file}.new`, file);
    } catch {
      // A full disk costs precision at the next start, not the region.
    }
  };
  const timer = wall.every(saveEveryMs, save);
  return {
    clock,
    close() {
      timer.cancel();
      save();
    },
  };
}

/** Timestamps are whole milliseconds. */
function wholeMs(): number {
  return Math.floor(monotonicMs());
}

function timersOf(wall: Clock): Omit<Clock, 'nowMs'> {
  return {
    after: (delayMs, fn) => wall.after(delayMs, fn),
    every: (periodMs, fn) => wall.every(periodMs, fn),
    sleep: (delayMs, signal) => wall.sleep(delayMs, signal),
  };
}

/** Time that passes as spans do, and is the wall's where that is ahead. */
function following(wall: Clock, spanMs: () => number, startMs: number): () => number {
  let offsetMs = startMs - spanMs();
  return () => {
    const nowMs = spanMs();
    offsetMs = Math.max(offsetMs, wall.nowMs() - nowMs);
    return nowMs + offsetMs;
  };
}

function lastMs(file: string): number {
  try {
    const { nowMs } = JSON.parse(readFileSync(file, 'utf8')) as { nowMs?: unknown };
    return typeof nowMs === 'number' && Number.isFinite(nowMs) ? nowMs : 0;
  } catch {
    return 0;
  }
}
