import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/index.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const bin = fileURLToPath(new URL('../../bin/plimsoll.js', import.meta.url));

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A run of the command line: what it has said so far, and its end. */
export interface Command {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly finished: Promise<Finished>;
  stdout(): string;
  /** Resolves when stdout matches; rejects when the command ends first. */
  says(pattern: RegExp): Promise<void>;
  /** The same for stderr. */
  complains(pattern: RegExp): Promise<void>;
}

export function runCommand(args: readonly string[], options: { cwd?: string; uid?: number; env?: NodeJS.ProcessEnv } = {}): Command {
  const { uid, cwd = root, env = process.env } = options;
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve) => child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })));
  const until = async (pattern: RegExp, said: () => string): Promise<void> => {
    while (!pattern.test(said())) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended without saying ${pattern}: ${stdout}${stderr}`);
      await systemClock.sleep(50);
    }
  };
  const says = (pattern: RegExp): Promise<void> => until(pattern, () => stdout);
  const complains = (pattern: RegExp): Promise<void> => until(pattern, () => stderr);
  return { child, pid: child.pid ?? -1, finished, stdout: () => stdout, says, complains };
}

/** A process as /proc shows it; the start time tells it from a later one with the same id. */
interface Seen {
  pid: number;
  parent: number;
  startTicks: string;
  command: string;
}

function look(pid: number): Seen | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return { pid, parent: Number(fields[1]), startTicks: fields[19] ?? '', command };
  } catch {
    return undefined;
  }
}

/** The process and everything below it. */
export function processTree(pid: number): Seen[] {
  const all = readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .flatMap((each) => look(each) ?? []);
  const tree: Seen[] = all.filter((each) => each.pid === pid);
  for (const each of tree) tree.push(...all.filter((child) => child.parent === each.pid));
  return tree;
}

/** Those of `before` that still live, after giving them `withinMs` to end. */
export async function survivors(before: readonly Seen[], withinMs: number): Promise<Seen[]> {
  for (let waitedMs = 0; ; waitedMs += 100) {
    const alive = before.filter((each) => look(each.pid)?.startTicks === each.startTicks);
    if (alive.length === 0 || waitedMs >= withinMs) return alive;
    await systemClock.sleep(100);
  }
}
