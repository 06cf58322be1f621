import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProcess } from '../process/table.ts';

export function isAlive(pid: number): boolean {
  if (process.platform === 'linux') return readProcess(pid)?.zombie === false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Groups that a process of ours made and did not remove. */
export function cgroupsOf(pid: number): string[] {
  const found: string[] = [];
  const search = (folder: string, depth: number): void => {
    for (const entry of foldersIn(folder)) {
      const path = join(folder, entry);
      if (entry.startsWith(`plimsoll-${pid}-`)) found.push(path);
      else if (depth < 5) search(path, depth + 1);
    }
  };
  search('/sys/fs/cgroup', 0);
  return found;
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
  } catch {
    return [];
  }
}

/** A folder for one test; `remove` also asserts that this process left no cgroup. */
export function makeTestFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'plimsoll-test-'));
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
      assert.deepEqual(cgroupsOf(process.pid), []);
    },
  };
}
