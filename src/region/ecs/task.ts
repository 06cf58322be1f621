import { endTask, tasks, type Place, type TaskDefinitionResource, type TaskResource, type World } from '../../aws/index.ts';
import type { Timer } from '../../base/index.ts';
import type { Task, WorkloadUsage } from '../../model/index.ts';
import { dependenciesOf, type Dependency } from './dependencies.ts';
import type { ContainerHealth } from './healthChecks.ts';
import { containerLimits, taskCpuUnits, taskMemoryMiB, type Limits } from './translate.ts';

/** A container of a task: one workload of the driver. */
export interface Container {
  readonly workloadId: string;
  readonly name: string;
  readonly essential: boolean;
  /** Between SIGTERM and SIGKILL, wall milliseconds. */
  readonly stopTimeoutMs: number;
  readonly dependsOn: readonly Dependency[];
  readonly limits: Limits;
  state: 'PENDING' | 'RUNNING' | 'STOPPED';
  exitCode?: number;
  reason?: string;
  /** Of its own check; absent where it has none. */
  health?: ContainerHealth;
  checks?: Timer;
  startTimer?: Timer;
  late?: true;
  /** It has been told to stop. */
  stopping?: true;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
export type StopCode = 'EssentialContainerExited' | 'TaskFailedToStart' | 'ServiceSchedulerInitiated' | 'UserInitiated';

/** A task that exists on this machine. */
export interface RunningTask {
  readonly at: Place;
  readonly arn: string;
  /** Address of its network interface in the VPC, under which targets know it; the task's id where it has none. */
  readonly name: string;
  readonly containers: readonly Container[];
  /** What the task may use, all containers together. */
  readonly limits: Limits;
  /** Looks again at who may start: called when a container has started, ended, or changed its health. */
  onContainers?: () => void;
  task: Task;
  /** A balancer has once found it so. */
  wasHealthy: boolean;
  stopCode?: StopCode;
}

/** A task as it is before anything of it runs. `stopTimeoutMs`: of containers whose definition does not say. */
export function unstartedTask(
  at: Place,
  record: TaskResource,
  definition: TaskDefinitionResource | undefined,
  stopTimeoutMs: number,
): RunningTask {
  const id = idOf(record.taskArn);
  const defined = definition?.containerDefinitions ?? [];
  const limits = { cpuUnits: definition ? taskCpuUnits(definition) : 0, memoryMiB: definition ? taskMemoryMiB(definition) : 0 };
  return {
    at,
    wasHealthy: false,
    arn: record.taskArn,
    name: privateAddress(record) ?? id,
    limits,
    containers: defined.map((own) => ({
      workloadId: defined.length === 1 ? id : `${id}-${own.name ?? ''}`,
      name: own.name ?? '',
      essential: own.essential ?? true,
      stopTimeoutMs: own.stopTimeout === undefined ? stopTimeoutMs : own.stopTimeout * 1000,
      dependsOn: dependenciesOf(own),
      limits: containerLimits(own, defined, limits),
      state: 'PENDING',
    })),
    task: {
      id,
      state: 'PROVISIONING',
      address: '',
      port: defined[0]?.portMappings?.[0]?.containerPort ?? 0,
      createdAtMs: record.createdAt ?? at.nowMs,
      health: 'UNKNOWN',
      ...(record.startedBy === undefined ? {} : { deploymentId: record.startedBy }),
    },
  };
}

/** What a task uses of its CPU and memory, all containers together; undefined where nothing of it was measured. */
export function taskUsage(
  running: RunningTask,
  usage: ReadonlyMap<string, WorkloadUsage>,
): { cpuPercent: number; memoryPercent: number } | undefined {
  let found = false;
  let [cpuPercent, memoryPercent] = [0, 0];
  for (const { workloadId, limits } of running.containers) {
    const used = usage.get(workloadId);
    if (used === undefined) continue;
    found = true;
    cpuPercent += (used.cpuPercent * limits.cpuUnits) / running.limits.cpuUnits;
    memoryPercent += (used.memoryPercent * limits.memoryMiB) / running.limits.memoryMiB;
  }
  return found ? { cpuPercent, memoryPercent } : undefined;
}

/** Writes a task's state into its record, where DescribeTasks finds it. */
export function saveTask(world: World, { at, arn, task, containers, stopCode = 'EssentialContainerExited' }: RunningTask): void {
  world.transaction(() => {
    const record = at.table(tasks).get(arn);
    if (record === undefined) return;
    const changed = at.table(tasks).patch(record, {
      lastStatus: task.state,
      healthStatus: task.containerHealth ?? task.health,
      version: (record.version ?? 1) + 1,
      ...(task.startedAtMs === undefined ? {} : { startedAt: task.startedAtMs, connectivity: 'CONNECTED' }),
      ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
      ...(isLeaving(task) ? { desiredStatus: 'STOPPED', stopCode: record.stopCode ?? stopCode } : {}),
      containers: (record.containers ?? []).map((held) => {
        const own = containers.find(({ name }) => name === held.name);
        if (own === undefined) return held;
        const { state: lastStatus, exitCode, reason, health = task.health } = own;
        return {
          ...held,
          lastStatus,
          healthStatus: health,
          ...(exitCode === undefined ? {} : { exitCode }),
          ...(reason === undefined ? {} : { reason }),
        };
      }),
    });
    if (task.state === 'STOPPED') endTask(at, changed);
  });
}

/** Whether a task is on its way out, or gone. */
export function isLeaving({ state }: Task): boolean {
  return state === 'DEACTIVATING' || state === 'STOPPING' || state === 'DEPROVISIONING' || state === 'STOPPED';
}

/** The last part of an ARN: a task's id, `family:revision` of a definition. */
export function idOf(arn: string): string {
  return arn.split('/').at(-1) ?? arn;
}

export function privateAddress(record: TaskResource): string | undefined {
  return record.attachments?.[0]?.details?.find(({ name }) => name === 'privateIPv4Address')?.value;
}

/** Whether a task is not to start anything more. */
export function isEnding(task: Task): boolean {
  return isLeaving(task) || task.stoppedReason !== undefined;
}
