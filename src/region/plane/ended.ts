import { readFileSync } from 'node:fs';
import { monotonicMs, systemClock } from '../../base/index.ts';

const endedWithinMs = 500;

/** Waits for processes that are on their way out. */
export async function ended(pids: readonly number[]): Promise<void> {
  const endMs = monotonicMs() + endedWithinMs;
  while (pids.some(runs) && monotonicMs() < endMs) await systemClock.sleep(10);
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // The dead that nobody has asked for yet (Z) have let go of their ports. The state follows the name, which may hold anything.
    return !/\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true; // no /proc: it is left to the limit
  }
}
