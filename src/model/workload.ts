/**
 * A workload is what a compute driver runs: the process of a task (later an instance, a database).
 * Drivers know nothing of services, groups or balancers; they start, watch, measure and stop.
 */
export interface WorkloadSpec {
  /** Unique per driver, e.g. a task id. */
  readonly id: string;
  /** What drivers of containers run; others run `command` itself. */
  readonly image?: string;
  /** In a container, '' is the image's own entry point. */
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment of the process, nothing is inherited except PATH, LANG and TZ. */
  readonly env: Readonly<Record<string, string>>;
  /** The workload's own address; it listens there. */
  readonly address: string;
  /**
   * Workloads with the same word here share an address, as the containers of a task do, and where they are containers a
   * whole network: each is `localhost` to the others.
   */
  readonly network?: string;
  /** 1024 units are one vCPU, as in ECS. */
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

export interface WorkloadExit {
  readonly id: string;
  readonly code: number | null;
  readonly signal: string | null;
  /** True when the kernel killed it for exceeding its memory limit. */
  readonly outOfMemory: boolean;
  /** The last lines it wrote, newest last, at most 20. */
  readonly lastLines: readonly string[];
}

export interface WorkloadUsage {
  readonly id: string;
  /** Percent of the workload's own vCPUs over the last sampling span; above 100 only where no CPU limit is enforced. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  /** Percent of the workload's memory limit. */
  readonly memoryPercent: number;
  /** Bytes over the last sampling span; absent where the workload has no network interface of its own to count at. */
  readonly networkInBytes?: number;
  readonly networkOutBytes?: number;
}

export interface Enforcement {
  readonly cpu: 'cgroup v1' | 'cgroup v2' | 'docker' | 'none';
  readonly memory: 'cgroup v1' | 'cgroup v2' | 'docker' | 'none';
  /** Why something is not enforced, one clause for people; absent when all is. */
  readonly reason?: string;
}

export interface ComputeDriver {
  readonly enforcement: Enforcement;
  /** Leases an address for a workload, on the region's own network. */
  leaseAddress(): string;
  releaseAddress(address: string): void;
  /** Resolves once the process exists; rejects with a PlimsollError when it cannot be started. */
  start(spec: WorkloadSpec): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when its whole tree is gone. Unknown ids resolve at once. */
  stop(id: string, graceMs: number): Promise<void>;
  /**
   * Runs a command beside a workload: in its environment, folder and limits, `localhost` being the workload's own
   * address. Resolves to its exit code; undefined where it did not end within `timeoutMs`, could not be started, or
   * there is no such workload. Its output is lost.
   */
  exec(id: string, command: readonly string[], timeoutMs: number): Promise<number | undefined>;
  /** Called once for each workload that ended, asked or not. */
  onExit(handler: (exit: WorkloadExit) => void): void;
  /** Called for each line that a workload writes. */
  onLine(handler: (id: string, line: string) => void): void;
  /** Usage of all running workloads since the previous call. */
  sample(): Promise<readonly WorkloadUsage[]>;
  /** Stops everything and removes what the driver made (cgroups, addresses). */
  close(): Promise<void>;
}
