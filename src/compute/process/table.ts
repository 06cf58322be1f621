import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/**
 * What the kernel tells of the processes of this machine: /proc on Linux, `ps` elsewhere.
 * The source of usage where no cgroup accounts for it, and of who belongs to whose tree.
 */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** The session; 0 where unknown. Our workloads lead a session of their own. */
  readonly session: number;
  /** Ticks since boot; with the pid it names a process for ever. 0 where unknown. */
  readonly startTicks: number;
  /** User and system time, with that of children it has waited for. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** Dead, waiting for its parent to take note. */
  readonly zombie: boolean;
}

/** Linux reports times to user space in 1/100 s on every architecture that Node runs on (USER_HZ, proc_pid_stat(5)). */
const msPerTick = 10;

export async function readProcessTable(): Promise<ProcessEntry[]> {
  return process.platform === 'linux' ? readProc() : await readPs();
}

/** The entry of one process, Linux only; undefined when there is none. */
export function readProcess(pid: number): ProcessEntry | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined; // gone, or no /proc here
  }
}

function readProc(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    const first = name.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    const entry = readProcess(Number(name));
    if (entry) entries.push(entry);
  }
  return entries;
}

/** One line of /proc/PID/stat. The name, in parentheses, may hold spaces and parentheses itself: fields count from the last one. */
export function parseStat(line: string): ProcessEntry {
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    group: field(5),
    session: field(6),
    startTicks: field(22),
    cpuMs: (field(14) + field(15) + field(16) + field(17)) * msPerTick,
    rssBytes: field(24) * 4096,
    zombie: fields[0] === 'Z' || fields[0] === 'X',
  };
}

async function readPs(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,pgid=,rss=,time=,state='], { maxBuffer: 16 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => parsePs(line) ?? []);
}

/** One line of `ps -o pid=,ppid=,pgid=,rss=,time=,state=`; undefined for an empty one. */
export function parsePs(line: string): ProcessEntry | undefined {
  const [pid, parent, group, rssKiB, time, state] = line.trim().split(/\s+/);
  if (time === undefined || state === undefined) return undefined;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    session: 0,
    startTicks: 0,
    cpuMs: parsePsTimeMs(time),
    rssBytes: Number(rssKiB) * 1024,
    zombie: state.startsWith('Z'),
  };
}

/** `[[dd-]hh:]mm:ss[.cc]`, as POSIX and BSD print it. */
function parsePsTimeMs(time: string): number {
  const [days, clock] = time.includes('-') ? (time.split('-') as [string, string]) : ['0', time];
  const seconds = clock.split(':').reduce((total, part) => total * 60 + Number(part), 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1000);
}

/**
 * The living members of the trees that the processes `roots` lead: their session, their process group and
 * all descendants of these. One pass for all roots.
 */
export function treesOf(entries: readonly ProcessEntry[], roots: Iterable<number>): Map<number, ProcessEntry[]> {
  const trees = new Map<number, ProcessEntry[]>();
  for (const root of roots) trees.set(root, []);
  const byPid = new Map(entries.map((entry) => [entry.pid, entry]));
  const rootOf = (entry: ProcessEntry): number | undefined => {
    let at: ProcessEntry | undefined = entry;
    for (let depth = 0; at !== undefined && depth < 1000; depth++) {
      if (trees.has(at.pid)) return at.pid;
      if (trees.has(at.session)) return at.session;
      if (trees.has(at.group)) return at.group;
      at = byPid.get(at.parent);
    }
    return undefined;
  };
  for (const entry of entries) {
    if (entry.zombie) continue;
    const root = rootOf(entry);
    if (root !== undefined) trees.get(root)?.push(entry);
  }
  return trees;
}

/**
 * Memory of a tree: what each process has for itself, and the largest of their shared parts once (a server
 * that forks shares its code and buffers with its children). Bytes.
 */
export function treeMemoryBytes(tree: readonly ProcessEntry[]): number {
  let own = 0;
  let shared = 0;
  for (const entry of tree) {
    const parts = readMemory(entry.pid) ?? { ownBytes: entry.rssBytes, sharedBytes: 0 };
    own += parts.ownBytes;
    shared = Math.max(shared, parts.sharedBytes);
  }
  return own + shared;
}

function readMemory(pid: number): { ownBytes: number; sharedBytes: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const bytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
    return { ownBytes: bytes('RssAnon'), sharedBytes: bytes('RssFile') + bytes('RssShmem') };
  } catch {
    return undefined; // gone, or no /proc here
  }
}
