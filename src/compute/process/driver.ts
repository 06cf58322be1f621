import { assert, errorMessage, PlimsollError, systemClock, type Clock, type Logger } from '../../base/index.ts';
import type { ComputeDriver, Enforcement, WorkloadExit, WorkloadSpec, WorkloadUsage } from '../../model/index.ts';
import { computeErrors } from '../errors.ts';
import type { LoopbackNetwork } from '../network.ts';
import { openCgroups, type Cgroup, type Cgroups } from './cgroup.ts';
import { startKeeper, type Keeper } from './keeper.ts';
import { childEnvironment, findProgram, findSetpriv, launch } from './launch.ts';
import { Records, sweepLeftovers } from './records.ts';
import { runBeside } from './exec.ts';
import { readUsage } from './usage.ts';
import { Workload } from './workload.ts';

export interface ProcessDriverOptions {
  /** Where the driver writes down what runs; `sweepLeftovers` of the next start reads it. */
  readonly dataDir: string;
  /** Addresses are leased from it; it stays the caller's to close. */
  readonly network: LoopbackNetwork;
  readonly log?: Logger;
  /** Real time: graces are spans of the machine, not of a region that runs faster. */
  readonly clock?: Clock;
  /** `off`: neither limit nor group anything, as where the system does not allow it. */
  readonly cgroups?: 'auto' | 'off';
  /** How long `close` waits for workloads to end by themselves. Default 3000. */
  readonly closeGraceMs?: number;
}

/**
 * Runs each workload as a process tree of this machine. Throws PL_COMPUTE_PLATFORM on Windows. Ends first
 * what an earlier run in this data folder left behind.
 *
 * A tree is held together by its cgroup, or where there is none by its session; then a program that makes
 * itself a daemon escapes. If we die, the kernel's death signal and the keeper end every tree.
 */
export async function createProcessDriver(options: ProcessDriverOptions): Promise<ComputeDriver> {
  if (process.platform === 'win32') {
    throw new PlimsollError(computeErrors.PL_COMPUTE_PLATFORM, {
      what: 'tasks cannot run as processes of Windows',
      fix: 'run Plimsoll inside WSL 2, where it is on Linux',
    });
  }
  const swept = await sweepLeftovers(options.dataDir);
  if (swept > 0) options.log?.warn({ swept }, 'ended process trees that an earlier run left behind');
  const [cgroups, setpriv] = await Promise.all([openCgroups(options.cgroups), findSetpriv()]);
  options.log?.debug({ enforcement: cgroups.enforcement, setpriv }, 'process driver');
  return new ProcessDriver(options, cgroups, setpriv);
}

class ProcessDriver implements ComputeDriver {
  readonly enforcement: Enforcement;
  readonly #options: ProcessDriverOptions;
  readonly #clock: Clock;
  readonly #cgroups: Cgroups;
  readonly #setpriv: string | undefined;
  readonly #keeper: Keeper;
  readonly #records: Records;
  readonly #workloads = new Map<string, Workload>();
  /** Workloads between the request to start them and their first moment. */
  readonly #starting = new Set<Promise<void>>();
  readonly #exitHandlers: ((exit: WorkloadExit) => void)[] = [];
  readonly #lineHandlers: ((id: string, line: string) => void)[] = [];
  #closed = false;

  constructor(options: ProcessDriverOptions, cgroups: Cgroups, setpriv: string | undefined) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#cgroups = cgroups;
    this.#setpriv = setpriv;
    this.enforcement = cgroups.enforcement;
    this.#keeper = startKeeper(cgroups.prefixes);
    this.#records = new Records(options.dataDir);
  }

  leaseAddress(): string {
    return this.#options.network.lease();
  }

  releaseAddress(address: string): void {
    this.#options.network.release(address);
  }

  async start(spec: WorkloadSpec): Promise<void> {
    assert(!this.#closed, 'the process driver is closed');
    assert(!this.#workloads.has(spec.id), `workload ${spec.id} runs already`);
    const env = childEnvironment(spec.env);
    const file = findProgram(spec.command, spec.cwd, env['PATH'] ?? '');
    const cgroup = this.#makeGroup(spec);
    const starting = this.#launch(spec, file, env, cgroup);
    this.#starting.add(starting);
    try {
      await starting;
    } catch (error) {
      cgroup?.remove();
      throw error;
    } finally {
      this.#starting.delete(starting);
    }
  }

  async stop(id: string, graceMs: number): Promise<void> {
    await this.#workloads.get(id)?.stop(graceMs);
  }

  async exec(id: string, command: readonly string[], timeoutMs: number): Promise<number | undefined> {
    const workload = this.#workloads.get(id);
    if (workload?.isRunning !== true || this.#closed) return undefined;
    return runBeside(workload, command, { timeoutMs, clock: this.#clock, setpriv: this.#setpriv });
  }

  onExit(handler: (exit: WorkloadExit) => void): void {
    this.#exitHandlers.push(handler);
  }

  onLine(handler: (id: string, line: string) => void): void {
    this.#lineHandlers.push(handler);
  }

  async sample(): Promise<readonly WorkloadUsage[]> {
    const running = [...this.#workloads.values()].filter((workload) => workload.isRunning);
    const usages = await readUsage(running.map((workload) => workload.meter));
    return running.map(({ spec, traffic }, i) => {
      const { cpuPercent, memoryBytes } = usages[i] ?? { cpuPercent: 0, memoryBytes: 0 };
      return {
        id: spec.id,
        cpuPercent,
        memoryBytes,
        memoryPercent: (memoryBytes / (spec.memoryMiB * 1024 * 1024)) * 100,
        ...traffic.read(),
      };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#starting);
    const graceMs = this.#options.closeGraceMs ?? 3000;
    await Promise.all([...this.#workloads.values()].map((workload) => workload.stop(graceMs)));
    await this.#keeper.close();
  }

  async #launch(spec: WorkloadSpec, file: string, env: Record<string, string>, cgroup: Cgroup | undefined): Promise<void> {
    const memberFiles = cgroup?.memberFiles ?? [];
    const child = await launch({ file, args: spec.args, cwd: spec.cwd, env, memberFiles, deathSignal: 'KILL' }, this.#setpriv);
    const workload = new Workload(spec, child, cgroup, this.#clock, (line) => this.#reportLine(spec.id, line));
    this.#workloads.set(spec.id, workload);
    this.#tellKeeper();
    void this.#finish(workload, this.#records.add(workload.pid));
  }

  #makeGroup(spec: WorkloadSpec): Cgroup | undefined {
    try {
      return this.#cgroups.create(spec);
    } catch (cause) {
      throw new PlimsollError(computeErrors.PL_COMPUTE_START_FAILED, {
        what: `cannot make a cgroup with ${spec.cpuUnits} CPU units and ${spec.memoryMiB} MiB: ${errorMessage(cause)}`,
        where: spec.id,
        cause,
      });
    }
  }

  async #finish(workload: Workload, record: string | undefined): Promise<void> {
    const exit = await workload.ended;
    this.#workloads.delete(exit.id);
    this.#tellKeeper();
    this.#records.remove(record);
    for (const handler of this.#exitHandlers) handler(exit);
  }

  #reportLine(id: string, line: string): void {
    for (const handler of this.#lineHandlers) handler(id, line);
  }

  #tellKeeper(): void {
    this.#keeper.keep(new Map([...this.#workloads.values()].map((workload) => [workload.pid, 'KILL'])));
  }
}
