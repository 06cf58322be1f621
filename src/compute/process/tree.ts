import type { ChildProcess } from 'node:child_process';
import { systemClock, type Clock } from '../../base/index.ts';
import type { Cgroup } from './cgroup.ts';
import { readProcessTable, treesOf } from './table.ts';

/** A process that leads a session of its own, and all that came from it. */
export interface Tree {
  readonly pid: number;
  /** Where it has one, the group is the truth about who belongs to the tree, also for those that left the session. */
  readonly cgroup: Cgroup | undefined;
}

/**
 * Sends SIGKILL to all of a tree until nothing of it lives; then removes its group. Resolves with false when
 * something could not be ended within five seconds, which takes a process that hangs inside the kernel.
 * Without a group, processes that became daemons (a session of their own, their parent ended) are out of reach.
 */
export async function killTree(tree: Tree, clock: Clock = systemClock): Promise<boolean> {
  for (let waitedMs = 0, waitMs = 1; waitedMs < 5000; waitedMs += waitMs, waitMs = Math.min(50, waitMs * 2)) {
    if (tree.cgroup) {
      tree.cgroup.kill();
      if (tree.cgroup.remove()) return true;
    } else {
      const members = await membersOf(tree.pid);
      if (members.length === 0) return true;
      for (const pid of members) sendSignal(pid, 'SIGKILL');
    }
    await clock.sleep(waitMs);
  }
  return false;
}

async function membersOf(root: number): Promise<number[]> {
  const tree = treesOf(await readProcessTable(), [root]).get(root) ?? [];
  return tree.map((entry) => entry.pid);
}

/** Never rejects: what fails later on a started child is only the sending of signals to it. */
export function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  child.on('error', () => undefined);
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

/** False when the process is gone. Signal 0 only asks. */
export function sendSignal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
