import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { monotonicMs } from '../../base/index.ts';

/** CPU and memory of processes and of the machine over the span since the last look, from /proc where there is one. */
export class ProcessObserver {
  readonly #cpuMs = new Map<number, number>();
  #machine = machineTimes();
  #atMs = monotonicMs();

  /** CPU of each process in percent of one core, and of the machine in percent of all; unknown ones are left out. */
  look(pids: readonly number[]): { processes: ReadonlyMap<number, number>; machine: number } {
    const nowMs = monotonicMs();
    const spanMs = Math.max(1, nowMs - this.#atMs);
    this.#atMs = nowMs;
    const processes = new Map<number, number>();
    for (const pid of pids) {
      const cpuMs = processCpuMs(pid);
      if (cpuMs === undefined) continue;
      const beforeMs = this.#cpuMs.get(pid);
      this.#cpuMs.set(pid, cpuMs);
      if (beforeMs !== undefined) processes.set(pid, ((cpuMs - beforeMs) / spanMs) * 100);
    }
    const machine = machineTimes();
    const total = machine.totalMs - this.#machine.totalMs;
    const busy = machine.busyMs - this.#machine.busyMs;
    this.#machine = machine;
    return { processes, machine: total === 0 ? 0 : (busy / total) * 100 };
  }
}

/** Linux counts CPU time in ticks of 10 ms for user space on every architecture. */
const tickMs = 10;

function processCpuMs(pid: number): number | undefined {
  if (pid === process.pid) {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch {
    return undefined;
  }
}

/** Resident memory in bytes; 0 where it cannot be read. */
export function residentBytes(pid: number): number {
  if (pid === process.pid) return process.memoryUsage.rss();
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(match?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function machineTimes(): { totalMs: number; busyMs: number } {
  let totalMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    totalMs += times.user + times.nice + times.sys + times.idle + times.irq;
    idleMs += times.idle;
  }
  return { totalMs, busyMs: totalMs - idleMs };
}
