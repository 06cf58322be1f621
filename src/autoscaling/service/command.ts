import type { Deployment, Service, Task } from '../../model/index.ts';

/**
 * What `decideService` sees: the service as it is wanted, its tasks as they are, and two things it said before.
 * The region takes the snapshot; it must show the effects of all earlier commands (a launched task is there as
 * PROVISIONING, a stopped one as STOPPING), else the same command is given twice.
 */
export interface ServiceSnapshot {
  readonly service: Service;
  readonly tasks: readonly Task[];
  readonly failures: StartFailures;
  /** `steady` of the previous decision. */
  readonly steadyReported: boolean;
}

/**
 * Tasks in a row that ended by themselves before they were of use: never RUNNING or, behind a balancer, never
 * HEALTHY. Kept by the region with `countFailure` and `noFailures`. (ECS counts only the former. Its tasks take half a
 * minute to start; ours take milliseconds, and one that dies right after would be started in a tight loop.)
 */
export interface StartFailures {
  readonly consecutive: number;
  readonly lastAtMs: number;
}

/**
 * What the region is to do, in this order, each at once and without asking back. It tells the outcome by the
 * tasks' states: every transition goes through `nextTaskState` of the model, and the balancer's snapshot
 * follows from the states alone (RUNNING: registered, DEACTIVATING: draining, all others: absent).
 *
 * | command | the region | and then tells the task |
 * | --- | --- | --- |
 * | launch | makes `count` tasks of the PRIMARY deployment in PROVISIONING, publishes `serviceEvents.started`, leases an address, starts the process | `addressLeased`, `processStarted`; `processGone` if it cannot |
 * | activate | registers the task with the target group | `registered` |
 * | deactivate | deregisters it, keeps `reason` as its stopped reason | `toldToStop`; sets `drained` when the balancer says so |
 * | stop | keeps `reason` if it has none; SIGTERM, SIGKILL after the stop timeout; releases the address | `drained` (was DEACTIVATING) or `toldToStop`, then `processGone`, `addressReleased` |
 * | remove | forgets a STOPPED task | |
 * | event | appends to the service's events | |
 */
export type ServiceCommand =
  | { readonly type: 'launch'; readonly count: number }
  | { readonly type: 'activate'; readonly taskId: string }
  | { readonly type: 'deactivate'; readonly taskId: string; readonly reason: string }
  | { readonly type: 'stop'; readonly taskId: string; readonly reason: string }
  | { readonly type: 'remove'; readonly taskId: string }
  | { readonly type: 'event'; readonly message: string };

export interface ServiceDecision {
  readonly commands: readonly ServiceCommand[];
  /** The service runs what is wanted and nothing else; hand it back as `steadyReported`. */
  readonly steady: boolean;
  /** What the service's deployments have become, to be stored with it; absent when nothing about them has changed. */
  readonly deployments?: readonly Deployment[];
  /** When to decide again although nothing has happened; absent when there is nothing to wait for. */
  readonly requeueAfterMs?: number;
}
