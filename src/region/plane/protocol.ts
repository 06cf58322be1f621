import type { AppliedEvent } from '../../balancer/index.ts';
import type { LoopbackNetwork, PostgresExit, PostgresOptions } from '../../compute/index.ts';
import type {
  BalancerMetrics,
  BoundListener,
  Enforcement,
  MachineMetadata,
  MachineSpec,
  RoutingSnapshot,
  TargetHealth,
  WorkloadExit,
  WorkloadSpec,
  WorkloadUsage,
} from '../../model/index.ts';

/**
 * What the region and its data plane say to each other over a unix socket: the region calls, the data plane answers each
 * call, and tells of what happens.
 */

/** What runs tasks. Machines are namespaces of this computer with either. */
export type ComputeKind = 'process' | 'docker';

/** What the process of the data plane is started with; one that was started otherwise is not adopted. */
export interface PlaneOptions {
  readonly dataDir: string;
  /** Nobody comes back for the data: where the region is gone, the folder goes with the data plane. */
  readonly temporary: boolean;
  readonly compute: ComputeKind;
  /** How long it goes on without a region. */
  readonly orphanGraceMs: number;
  readonly version: string;
  /** Balancer workers. */
  readonly workers: number;
}

export type DatabaseSpec = Omit<PostgresOptions, 'log' | 'onExit'>;

export interface DatabaseFacts {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly uri: string;
  /** The server's, e.g. `18.4`. */
  readonly version: string;
  readonly pid: number;
  /** Undefined: nothing stands between clients and the server. */
  readonly addedLatencyMs: number | undefined;
}

export interface DatabaseUse {
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly connections: number | undefined;
}

/** What runs already when a region attaches. */
export interface Found {
  readonly options: PlaneOptions;
  readonly network: Pick<LoopbackNetwork, 'kind' | 'name' | 'addresses'>;
  /** Where containers are: their addresses, and this computer's among them. Absent where tasks are processes of the loopback network. */
  readonly bridge: FoundBridge | undefined;
  readonly enforcement: Enforcement;
  readonly balancerPids: readonly number[];
  readonly workloads: readonly Pick<WorkloadSpec, 'id' | 'address'>[];
  readonly machines: readonly { readonly id: string; readonly host: string }[];
  readonly databases: readonly DatabaseFacts[];
  readonly routing: FoundRouting | undefined;
  /** What happened while no region was attached, oldest first. */
  readonly missed: readonly PlaneEvent[];
}

export interface FoundBridge extends Pick<LoopbackNetwork, 'kind' | 'name' | 'addresses'> {
  readonly gateway: string;
  /** Addresses for load balancers, that containers reach; each is there while a listener has it. */
  readonly gateways: readonly string[];
}

export interface FoundRouting {
  readonly snapshot: RoutingSnapshot;
  readonly bound: readonly BoundListener[];
  readonly health: readonly TargetHealth[];
}

export interface PlaneCalls {
  /** The first call. Refused (PL_REGION_DATA_IN_USE) while another region is attached. */
  attach(): Found;
  start(spec: WorkloadSpec): void;
  stop(id: string, graceMs: number): void;
  exec(id: string, command: readonly string[], timeoutMs: number): number | undefined;
  closeDriver(): void;
  sample(): readonly WorkloadUsage[];
  /** Returns how machines are kept apart. May be called again. */
  openMachines(): string;
  startMachine(spec: MachineSpec): string;
  stopMachine(id: string): void;
  describeMachine(id: string, metadata: MachineMetadata): void;
  allow(address: string, port: number): void;
  expose(id: string, port: number): void;
  closeMachines(): void;
  startDatabase(id: string, spec: DatabaseSpec): DatabaseFacts;
  stopDatabase(id: string): void;
  killDatabase(id: string): void;
  changeDatabasePassword(id: string, password: string): void;
  /** Of a server that was started with added latency. */
  slowDatabase(id: string, addedLatencyMs: number): void;
  databaseUse(id: string): DatabaseUse | undefined;
  apply(snapshot: RoutingSnapshot): AppliedEvent;
  replaceWorkers(graceMs: number): readonly number[];
  stopBalancer(graceMs: number): void;
  /** Nobody is waited for any more once this region is gone. */
  leave(): void;
  /** Ends all that is left; then the process ends too, and the connection with it. */
  close(): void;
}

export type PlaneEvent =
  | { readonly type: 'exit'; readonly exit: WorkloadExit }
  | { readonly type: 'line'; readonly id: string; readonly line: string }
  | { readonly type: 'databaseExit'; readonly id: string; readonly exit: PostgresExit }
  | { readonly type: 'health'; readonly health: TargetHealth }
  | { readonly type: 'drained'; readonly targetGroupId: string; readonly targetId: string }
  | { readonly type: 'metrics'; readonly delta: BalancerMetrics; readonly worker: number; readonly pids: readonly number[] }
  /** A line of pino's JSON. */
  | { readonly type: 'log'; readonly line: string };

export type PlaneMessage =
  | { readonly type: 'call'; readonly id: number; readonly method: keyof PlaneCalls; readonly args: readonly unknown[] }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: ErrorRecord }
  | { readonly type: 'event'; readonly event: PlaneEvent };

/** An error on its way to another process. */
export interface ErrorRecord {
  readonly message: string;
  readonly code?: string;
  readonly exitCode?: number;
  readonly where?: string;
  readonly fix?: string;
}
