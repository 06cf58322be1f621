import { availableParallelism } from 'node:os';
import { monotonicMs } from '../../base/index.ts';
import { readProcessTable, treeMemoryBytes, treesOf, type ProcessEntry } from './table.ts';
import type { Tree } from './tree.ts';

export interface TreeUsage {
  /** Percent of `cpuUnits`, since the previous call. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

/** Measures one tree over spans between calls. */
export class UsageMeter {
  readonly tree: Tree;
  readonly #vcpus: number;
  #cpuMs = 0;
  #atMs: number;

  /** `cpuUnits`: what 100 % is; without, all CPUs of this machine. */
  constructor(tree: Tree, cpuUnits: number | undefined) {
    this.tree = tree;
    this.#vcpus = cpuUnits === undefined ? availableParallelism() : cpuUnits / 1024;
    this.#atMs = monotonicMs();
  }

  read(members: () => readonly ProcessEntry[]): TreeUsage {
    const cpuMs = this.tree.cgroup?.cpuMs() ?? members().reduce((total, entry) => total + entry.cpuMs, 0);
    const memoryBytes = this.tree.cgroup?.memoryBytes() ?? treeMemoryBytes(members());
    const nowMs = monotonicMs();
    const spanMs = nowMs - this.#atMs;
    // Without a group, the time of a process that ended unwaited-for leaves the sum: usage is never negative for that.
    const usedMs = Math.max(0, cpuMs - this.#cpuMs);
    this.#cpuMs = cpuMs;
    this.#atMs = nowMs;
    return { cpuPercent: spanMs > 0 ? (usedMs / spanMs / this.#vcpus) * 100 : 0, memoryBytes };
  }
}

/** Reads all meters with at most one look at the machine's processes, and none where groups account for everything. */
export async function readUsage(meters: readonly UsageMeter[]): Promise<TreeUsage[]> {
  const unaccounted = meters.filter(({ tree }) => tree.cgroup?.accountsForAll !== true).map(({ tree }) => tree.pid);
  const trees = unaccounted.length === 0 ? new Map<number, ProcessEntry[]>() : treesOf(await readProcessTable(), unaccounted);
  return meters.map((meter) => meter.read(() => trees.get(meter.tree.pid) ?? []));
}
