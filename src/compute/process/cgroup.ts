import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage, systemErrorCode } from '../../base/index.ts';
import type { Enforcement } from '../../model/index.ts';
import { findCgroupParents, type CgroupParents } from './cgroupMounts.ts';
import { readProcess } from './table.ts';

/**
 * Control groups, both versions: a share of CPU and memory for a process tree, its exact usage, and a way
 * to end all of it. What this machine allows is found by trying (`openCgroups`), never by looking at
 * versions or names: make a group, set its limits, move a process into it.
 *
 * https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/
 */
export interface CgroupLimits {
  /** 1024 are one vCPU; unlimited without. */
  readonly cpuUnits?: number;
  readonly memoryMiB?: number;
}

export interface Cgroups {
  readonly enforcement: Enforcement;
  /** What the paths of all our groups start with. */
  readonly prefixes: readonly string[];
  /** Undefined where no group can be made; then nothing is limited. */
  create(limits: CgroupLimits): Cgroup | undefined;
}

/** The version of each controller's group and where it is. */
type Dirs = CgroupParents;

/**
 * The span over which a CPU quota is dealt out. The kernel's default of 100 ms would let a task at a quarter
 * of a vCPU stand still for 75 ms at a time; with 20 ms a pause ends within 15.
 */
const quotaPeriodUs = 20_000;
/** The least quota that the kernel takes. */
const quotaMinUs = 1000;

/** Quota and period for a share, in microseconds. */
export function cpuQuota(cpuUnits: number): { quotaUs: number; periodUs: number } {
  const periodUs = Math.min(1_000_000, Math.max(quotaPeriodUs, Math.ceil((quotaMinUs * 1024) / cpuUnits)));
  return { quotaUs: Math.max(quotaMinUs, Math.round((periodUs * cpuUnits) / 1024)), periodUs };
}

export class Cgroup {
  /** A process that writes its id into each of these is a member, and so are its children from then on. */
  readonly memberFiles: readonly string[];
  readonly #dirs: Dirs;
  readonly #paths: readonly string[];

  /** Makes the group; throws the system error when that is refused. */
  constructor(dirs: Dirs, limits: CgroupLimits) {
    this.#dirs = dirs;
    this.#paths = [...new Set([dirs.cpu, dirs.cpuacct, dirs.memory].flatMap((controller) => controller?.path ?? []))];
    this.memberFiles = this.#paths.map((path) => join(path, 'cgroup.procs'));
    try {
      for (const path of this.#paths) mkdirSync(path);
      if (limits.cpuUnits !== undefined) this.#limitCpu(limits.cpuUnits);
      if (limits.memoryMiB !== undefined) this.#limitMemory(Math.round(limits.memoryMiB * 1024 * 1024));
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  #limitCpu(cpuUnits: number): void {
    const { cpu } = this.#dirs;
    if (!cpu) return;
    const { quotaUs, periodUs } = cpuQuota(cpuUnits);
    if (cpu.version === 2) {
      writeFileSync(join(cpu.path, 'cpu.max'), `${quotaUs} ${periodUs}`);
    } else {
      writeFileSync(join(cpu.path, 'cpu.cfs_period_us'), String(periodUs));
      writeFileSync(join(cpu.path, 'cpu.cfs_quota_us'), String(quotaUs));
    }
  }

  #limitMemory(bytes: number): void {
    const { memory } = this.#dirs;
    if (!memory) return;
    const [limit, swap] =
      memory.version === 2 ? ['memory.max', 'memory.swap.max'] : ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'];
    writeFileSync(join(memory.path, limit), String(bytes));
    // A task that swaps is over its limit too. Kernels without swap accounting lack the file, and then there is nothing to forbid.
    attempt(() => writeFileSync(join(memory.path, swap), memory.version === 2 ? '0' : String(bytes)));
  }

  /** Whether both CPU time and memory are known. */
  get accountsForAll(): boolean {
    return this.#dirs.cpuacct !== undefined && this.#dirs.memory !== undefined;
  }

  /** CPU time used by the tree since it was made; undefined where it is not accounted for. */
  cpuMs(): number | undefined {
    const { cpuacct } = this.#dirs;
    if (!cpuacct) return undefined;
    if (cpuacct.version === 1) return attempt(() => Number(read(cpuacct.path, 'cpuacct.usage')) / 1e6);
    return attempt(() => (keyed(read(cpuacct.path, 'cpu.stat'), 'usage_usec') ?? 0) / 1000);
  }

  /** Memory that counts: without file pages which the kernel would give back first, as `docker stats` has it. */
  memoryBytes(): number | undefined {
    const { memory } = this.#dirs;
    if (!memory) return undefined;
    const [usage, inactive] = memory.version === 2 ? ['memory.current', 'inactive_file'] : ['memory.usage_in_bytes', 'total_inactive_file'];
    return attempt(() => Math.max(0, Number(read(memory.path, usage)) - (keyed(read(memory.path, 'memory.stat'), inactive) ?? 0)));
  }

  /** How many processes the kernel killed here for want of memory. */
  oomKills(): number {
    const { memory } = this.#dirs;
    if (!memory) return 0;
    const file = memory.version === 2 ? 'memory.events' : 'memory.oom_control';
    return attempt(() => keyed(read(memory.path, file), 'oom_kill')) ?? 0;
  }

  /** The living members. */
  pids(): number[] {
    const path = this.#paths[0];
    return path === undefined ? [] : membersOf(path);
  }

  kill(): void {
    for (const path of this.#paths) killMembers(path);
  }

  /** False while members are left. */
  remove(): boolean {
    return this.#paths.map(removeGroup).every(Boolean);
  }
}

let scopes = 0;

/** Finds out what can be enforced and sweeps groups of processes of ours that died. `off` makes no groups at all. */
export async function openCgroups(use: 'auto' | 'off' = 'auto'): Promise<Cgroups> {
  if (use === 'off') return withoutCgroups('switched off');
  if (process.platform !== 'linux') return withoutCgroups(`${process.platform} has no cgroups`);
  const scope = `plimsoll-${process.pid}-${readProcess(process.pid)?.startTicks ?? 0}-${++scopes}-`;
  const found = await findCgroupParents((parents) => tryGroup(at(parents, `${scope}probe`)));
  const parents = found.parents;
  const dirs = [...new Set([parents.cpu, parents.cpuacct, parents.memory].flatMap((controller) => controller?.path ?? []))];
  if (dirs.length === 0) return withoutCgroups(found.reason ?? 'no cgroup can be made');
  for (const dir of dirs) sweepGroups(dir);
  let count = 0;
  return {
    enforcement: enforcementOf(parents, found.reason),
    prefixes: dirs.map((dir) => join(dir, scope)),
    create: (limits) => new Cgroup(at(parents, `${scope}${++count}`), limits),
  };
}

function withoutCgroups(reason: string): Cgroups {
  return { enforcement: { cpu: 'none', memory: 'none', reason }, prefixes: [], create: () => undefined };
}

function enforcementOf(parents: CgroupParents, reason: string | undefined): Enforcement {
  const cpu = parents.cpu ? (`cgroup v${parents.cpu.version}` as const) : 'none';
  const memory = parents.memory ? (`cgroup v${parents.memory.version}` as const) : 'none';
  return { cpu, memory, ...((cpu === 'none' || memory === 'none') && reason !== undefined ? { reason } : {}) };
}

function at(parents: CgroupParents, name: string): Dirs {
  const dirs: Dirs = {};
  for (const controller of ['cpu', 'cpuacct', 'memory'] as const) {
    const parent = parents[controller];
    if (parent) dirs[controller] = { version: parent.version, path: join(parent.path, name) };
  }
  return dirs;
}

/** Makes a group with limits and moves a process into it: undefined when all of that works, else the reason. */
async function tryGroup(dirs: Dirs): Promise<string | undefined> {
  let group: Cgroup | undefined;
  try {
    group = new Cgroup(dirs, { cpuUnits: 1024, memoryMiB: 64 });
    await promisify(execFile)('/bin/sh', ['-c', 'for file; do echo 0 > "$file" || exit 1; done', 'sh', ...group.memberFiles]);
    return undefined;
  } catch (error) {
    const parent = dirname(dirs.cpu?.path ?? dirs.cpuacct?.path ?? dirs.memory?.path ?? '');
    const code = systemErrorCode(error);
    if (group !== undefined) return `no process can be moved to a cgroup in ${parent}`;
    if (code === 'EACCES' || code === 'EPERM') return `no right to make cgroups in ${parent}`;
    if (code === 'EROFS') return `${parent} is read-only`;
    return `no cgroup can be made in ${parent}: ${errorMessage(error)}`;
  } finally {
    group?.remove();
  }
}

/** Ends and removes groups whose owner, named in theirs by pid and start time, is gone. */
function sweepGroups(parent: string): void {
  for (const name of attempt(() => readdirSync(parent)) ?? []) {
    const owner = /^plimsoll-(\d+)-(\d+)-/.exec(name);
    if (!owner || readProcess(Number(owner[1]))?.startTicks === Number(owner[2])) continue;
    const path = join(parent, name);
    killMembers(path);
    // One that does not empty at once is removed by the next start.
    removeGroup(path);
  }
}

function membersOf(path: string): number[] {
  const text = attempt(() => read(path, 'cgroup.procs')) ?? '';
  // 0 stands for a process outside our process namespace.
  return text.split('\n').flatMap((line) => (Number(line) > 0 ? Number(line) : []));
}

function killMembers(path: string): void {
  for (const pid of membersOf(path)) attempt(() => process.kill(pid, 'SIGKILL'));
}

function removeGroup(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT';
  }
}

function read(path: string, file: string): string {
  return readFileSync(join(path, file), 'latin1');
}

/** The number after `key ` in a file of such lines. */
function keyed(text: string, key: string): number | undefined {
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (start === 0 && !text.startsWith(`${key} `)) return undefined;
  return Number.parseInt(text.slice(start + key.length + 1), 10);
}

/** For what may fail because a process or a group ended a moment ago. */
function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch {
    return undefined;
  }
}
