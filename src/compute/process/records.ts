import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readProcess, readProcessTable, treesOf } from './table.ts';
import { killTree } from './tree.ts';

/**
 * What runs, written down for a start that follows a sudden end: one empty file per workload whose name says it
 * all, `<pid>-<start>.<owner's pid>-<owner's start>`. Start times keep a number that the system gave to
 * another process since from being taken for ours. Linux only; elsewhere there is nothing to tell them apart by.
 */
export class Records {
  readonly #folder: string;
  readonly #owner: string;

  constructor(dataDir: string) {
    this.#folder = folderOf(dataDir);
    this.#owner = identity(process.pid) ?? '';
    mkdirSync(this.#folder, { recursive: true });
  }

  add(pid: number): string | undefined {
    const who = identity(pid);
    if (who === undefined) return undefined;
    const file = join(this.#folder, `${who}.${this.#owner}`);
    writeFileSync(file, '');
    return file;
  }

  remove(file: string | undefined): void {
    if (file !== undefined) rmSync(file, { force: true });
  }
}

/**
 * Ends the process trees that an earlier run in this data folder left behind, and resolves with how many there
 * were. Those of a run that is still alive are let be. Normally none: see `startKeeper`.
 */
export async function sweepLeftovers(dataDir: string): Promise<number> {
  const folder = folderOf(dataDir);
  let swept = 0;
  for (const name of listFolder(folder)) {
    const [who, owner] = name.split('.');
    if (who === undefined || owner === undefined || isAlive(owner)) continue;
    const pid = Number.parseInt(who, 10);
    const members = treesOf(await readProcessTable(), [pid]).get(pid) ?? [];
    // A number cannot be given anew while it names a session, so without its leader the rest is surely ours.
    const ours = isAlive(who) || readProcess(pid) === undefined;
    if (ours && members.length > 0) {
      await killTree({ pid, cgroup: undefined });
      swept++;
    }
    rmSync(join(folder, name), { force: true });
  }
  return swept;
}

function folderOf(dataDir: string): string {
  return join(dataDir, 'running');
}

/** `<pid>-<start>`: names a process for ever. Undefined where there is none, and where the system has no /proc. */
export function identity(pid: number): string | undefined {
  const entry = readProcess(pid);
  return entry && `${pid}-${entry.startTicks}`;
}

export function isAlive(who: string): boolean {
  return identity(Number.parseInt(who, 10)) === who;
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
