import { readFileSync, readdirSync, statSync } from 'node:fs';

/** Kept for connections to targets, health checks and files when clients have taken all the others. */
const RESERVE_MIN = 32;
const RESERVE_SHARE = 0.1;

/** What a process may open, and has; replaced in tests. */
export interface DescriptorTable {
  readonly max: number;
  open(): number;
}

/**
 * Says whether a client's connection can still be taken. Left to itself a process that runs out of file descriptors has
 * its connections closed below it without a word, and has none left to reach its targets; so clients are refused, counted
 * and told about before it comes to that.
 */
export class Descriptors {
  readonly #table: DescriptorTable;
  readonly #mark: number;
  #open = 0;
  /** What connections taken since `#open` was looked up may have opened: their own, and one to a target. */
  #since = 0;
  #refused = 0;
  #short = false;

  constructor(table: DescriptorTable = systemTable()) {
    this.#table = table;
    this.#mark = table.max - Math.max(RESERVE_MIN, Math.ceil(table.max * RESERVE_SHARE));
    this.#open = table.open();
  }

  /** Takes a client in, or not. */
  admit(): boolean {
    this.#since += 2;
    if (this.#open + this.#since <= this.#mark) return true;
    this.#open = this.#table.open();
    this.#since = 2;
    if (this.#open + this.#since <= this.#mark) return true;
    this.#refused++;
    return false;
  }

  /** About once a second: a line for the log when clients had to be refused since the last call, and when that is over. */
  report(): string | undefined {
    this.#open = this.#table.open();
    this.#since = 0;
    const refused = this.#refused;
    const wasShort = this.#short;
    this.#refused = 0;
    this.#short = refused > 0;
    const count = `${this.#open} of ${this.#table.max} in use`;
    if (refused > 0) return `out of file descriptors: ${refused} connections refused, ${count}, the rest kept for targets; raise ulimit -n`;
    return wasShort ? `file descriptors are to be had again: connections are taken, ${count}` : undefined;
  }
}

/** This process's, on Linux; elsewhere without limit. */
function systemTable(): DescriptorTable {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? unlimited : { max: Number(soft), open: openNow };
  } catch {
    return unlimited;
  }
}

const unlimited: DescriptorTable = { max: Number.POSITIVE_INFINITY, open: () => 0 };

// Linux tells the number as the size of the directory since 6.2; before that the size is 0.
function openNow(): number {
  return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
}
