import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';

/** Files a process keeps for other things than connections: pipes, modules, the script's own files. */
const RESERVED_FILES = 200;
/** Resident memory of a load process without VUs, and of one VU with a connection; bench/RESULTS.md. */
const PROCESS_MB = 110;
const VU_KB = 20;
/** Far more than any machine has cores for: who asks for it has slipped. */
const PROCESSES_MAX = 1024;

/**
 * Each process has VUs of its own: with few of them, an arrival might find none free while another process has some.
 * One process carries hundreds of them without effort.
 */
const VUS_WORTH_A_PROCESS = 8;

/** What this machine allows a run. */
export interface Machine {
  readonly cores: number;
  /** Files that one process may have open. */
  readonly openFiles: number;
  /** Local ports, for connections from one address to one address and port. */
  readonly ports: number;
  readonly memoryMb: number;
}

export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    openFiles: openFilesMax(),
    ports: localPorts(),
    memoryMb: process.availableMemory() / 1024 / 1024,
  };
}

/** Node raises the soft limit to the hard one when it starts. */
function openFilesMax(): number {
  const line = /^Max open files\s+\S+\s+(\d+|unlimited)/m.exec(readText('/proc/self/limits') ?? 'Max open files 0 8192')?.[1];
  return line === undefined || line === 'unlimited' ? 65_536 : Number(line);
}

/** Linux: net.ipv4.ip_local_port_range; elsewhere the range of IANA. */
function localPorts(): number {
  const [from = 49_152, to = 65_535] = readText('/proc/sys/net/ipv4/ip_local_port_range')?.trim().split(/\s+/).map(Number) ?? [];
  return to - from + 1;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

export interface ProcessPlan {
  readonly processes: number;
  /** What does not go as asked for, or may not go at all, and what to do about it; a line each. */
  readonly notes: readonly string[];
}

/**
 * How many load processes a run takes: what was asked for or cores − 1 (fewer for few VUs), and more when one cannot hold all connections.
 * `localAddresses`: how many `localIPs` there are.
 * @throws PL_LOAD_OPTIONS_INVALID for more than any machine runs
 */
export function planProcesses(vus: number, asked: number | undefined, localAddresses: number, machine: Machine): ProcessPlan {
  const { cores, openFiles, ports, memoryMb } = machine;
  const perProcess = Math.max(1, openFiles - RESERVED_FILES);
  const wanted = asked ?? Math.max(1, Math.min(cores - 1, Math.ceil(vus / VUS_WORTH_A_PROCESS)));
  const processes = Math.max(wanted, Math.ceil(vus / perProcess));
  if (processes > PROCESSES_MAX)
    throw new PlimsollError(loadErrors.PL_LOAD_OPTIONS_INVALID, {
      what: `${count(vus)} VUs in ${count(processes)} load processes are more than one machine runs`,
      fix: `ask for fewer VUs or fewer --workers (${PROCESSES_MAX} at most), or share the test out with --execution-segment`,
    });
  const notes: string[] = [];
  if (processes > wanted)
    notes.push(
      `${processes} load processes instead of ${wanted}: each may have ${count(openFiles)} files open and every VU needs one; a higher limit (ulimit -n) takes fewer`,
    );
  const addresses = Math.max(1, localAddresses);
  if (vus > ports * addresses)
    notes.push(
      `${count(vus)} VUs need more than the ${count(ports * addresses)} local ports that there are for connections to one address and port, unless it is a loopback address: give --local-ips more addresses, or widen net.ipv4.ip_local_port_range`,
    );
  const neededMb = processes * PROCESS_MB + (vus * VU_KB) / 1024;
  if (neededMb > memoryMb)
    notes.push(
      `${count(vus)} VUs take about ${count(neededMb)} MB of memory with a simple script, ${count(memoryMb)} MB are available: use fewer VUs or a larger machine`,
    );
  return { processes, notes };
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}
