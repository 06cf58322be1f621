import type { ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../../base/index.ts';
import type { WorkloadExit, WorkloadSpec } from '../../model/index.ts';
import type { Cgroup } from './cgroup.ts';
import { TrafficMeter } from './interfaces.ts';
import { LastLines, readLines } from './lines.ts';
import { exitOf, killTree, sendSignal } from './tree.ts';
import { UsageMeter } from './usage.ts';

/** How long output may still arrive once the whole tree has ended; only a daemon out of our reach holds a pipe open. */
const drainMs = 500;

/** One running workload:  running ─stop→ stopping ─main process ends→ clearing its tree → ended. */
export class Workload {
  readonly spec: WorkloadSpec;
  readonly pid: number;
  readonly meter: UsageMeter;
  readonly traffic: TrafficMeter;
  /** Resolves once the whole tree is gone and all output was read; never rejects. */
  readonly ended: Promise<WorkloadExit>;
  readonly #clock: Clock;
  readonly #cgroup: Cgroup | undefined;
  #killTimer: Timer | undefined;
  #isRunning = true;

  constructor(spec: WorkloadSpec, child: ChildProcess, cgroup: Cgroup | undefined, clock: Clock, onLine: (line: string) => void) {
    this.spec = spec;
    this.pid = child.pid as number;
    this.#clock = clock;
    this.#cgroup = cgroup;
    this.meter = new UsageMeter({ pid: this.pid, cgroup }, spec.cpuUnits);
    this.traffic = new TrafficMeter(this.pid);
    this.ended = this.#watch(child, onLine);
  }

  /** Where a process writes itself into the workload's groups. */
  get memberFiles(): readonly string[] {
    return this.#cgroup?.memberFiles ?? [];
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** SIGTERM to the main process; SIGKILL to all after `graceMs`. A later call can only shorten the grace. */
  async stop(graceMs: number): Promise<void> {
    if (this.#isRunning) {
      sendSignal(this.pid, 'SIGTERM');
      this.#killTimer?.cancel();
      this.#killTimer = this.#clock.after(graceMs, () => void killTree(this.meter.tree, this.#clock));
    }
    await this.ended;
  }

  async #watch(child: ChildProcess, onLine: (line: string) => void): Promise<WorkloadExit> {
    const last = new LastLines();
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      readLines(stream, (line) => {
        last.add(line);
        onLine(line);
      });
    }
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const { code, signal } = await exitOf(child);
    this.#isRunning = false;
    this.#killTimer?.cancel();
    // Read before the group goes. A group that killed one helper process of a workload which then ended well was no failure of memory.
    const outOfMemory = code !== 0 && (this.#cgroup?.oomKills() ?? 0) > 0;
    await killTree(this.meter.tree, this.#clock);
    const drained = new AbortController();
    await Promise.race([closed, this.#clock.sleep(drainMs, drained.signal).catch(() => undefined)]);
    drained.abort();
    child.stdout?.destroy();
    child.stderr?.destroy();
    return { id: this.spec.id, code, signal, outOfMemory, lastLines: last.get() };
  }
}
