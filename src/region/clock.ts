import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScaledClock, systemClock, type Clock, type Timer } from '../base/index.ts';

const saveEveryMs = 1000;

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
 */
export function openClock(dataDir: string, scale: number, wall: Clock = systemClock): RegionClock {
  const file = join(dataDir, 'clock.json');
  const clock = new ScaledClock(scale, wall, Math.max(wall.nowMs(), lastMs(file)));
  const save = (): void => {
    try {
      writeFileSync(`${file}.new`, `${JSON.stringify({ nowMs: clock.nowMs() })}\n`);
      renameSync(`${file}.new`, file);
    } catch {
      // A full disk costs precision at the next start, not the region.
    }
  };
  // At the wall's speed from the wall's time there is nothing to remember.
  const remembers = scale !== 1 || clock.nowMs() > wall.nowMs();
  const timer: Timer | undefined = remembers ? wall.every(saveEveryMs, save) : undefined;
  return {
    clock,
    close() {
      timer?.cancel();
      if (remembers) save();
    },
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
