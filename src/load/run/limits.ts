import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Files a process keeps for other things than connections: pipes, modules, the script's own files. */
const RESERVED_FILES = 200;

/** How many files a process of ours may have open; Node raises the soft limit to the hard one when it starts. */
export function openFilesMax(): number {
  try {
    const line = /^Max open files\s+\S+\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return line === undefined || line === 'unlimited' ? 65_536 : Number(line);
  } catch {
    return 8192;
  }
}

/** How many load processes a run takes: what was asked for or cores − 1, and more when one cannot hold all connections. */
export function processCount(vus: number, asked: number | undefined): number {
  const perProcess = Math.max(1, openFilesMax() - RESERVED_FILES);
  return Math.max(asked ?? Math.max(1, availableParallelism() - 1), Math.ceil(vus / perProcess));
}
