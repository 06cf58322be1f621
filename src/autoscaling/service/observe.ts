import type { Deployment, Service, Task } from '../../model/index.ts';
import type { ServiceSnapshot } from './command.ts';

/** ECS's defaults: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
const DEFAULT_MAXIMUM_PERCENT = 200;
const DEFAULT_MINIMUM_HEALTHY_PERCENT = 100;

/** Tasks that are there or coming, by what they mean to the service. */
export interface LiveTasks {
  /** On the way to traffic. */
  readonly starting: readonly Task[];
  /** RUNNING, and the health checks of balancer and containers have agreed, where there are any. */
  readonly healthy: readonly Task[];
  /** RUNNING, and its health is not known yet or a bad one is still forgiven. */
  readonly untried: readonly Task[];
  /** RUNNING and unhealthy beyond its grace. */
  readonly unhealthy: readonly Task[];
}

/** A service's tasks, sorted. Every task is in exactly one list; the lists of its own are of the wanted version. */
export interface Observation extends LiveTasks {
  readonly service: Service;
  readonly nowMs: number;
  /** The deployment that is wanted; undefined where the service never had another version. */
  readonly primary: Deployment | undefined;
  /** Tasks of versions that are on their way out. */
  readonly outdated: LiveTasks;
  /** Draining, stopping or being taken down. */
  readonly leaving: readonly Task[];
  readonly stopped: readonly Task[];
  /** As many tasks may exist while some are being replaced, not counting those that leave. */
  readonly countMax: number;
  /** As many must stay healthy while versions change. */
  readonly healthyMin: number;
}

type Place = keyof LiveTasks | 'leaving' | 'stopped';
type Lists = Record<keyof LiveTasks, Task[]>;

export function observe({ service, tasks }: ServiceSnapshot, nowMs: number): Observation {
  const primary = primaryOf(service);
  const [current, outdated] = [emptyLists(), emptyLists()];
  const leaving: Task[] = [];
  const stopped: Task[] = [];
  for (const task of tasks) {
    const place = placeOf(task, service, nowMs);
    if (place === 'leaving') leaving.push(task);
    else if (place === 'stopped') stopped.push(task);
    else (isOf(task, primary) ? current : outdated)[place].push(task);
  }
  const { desiredCount, maximumPercent = DEFAULT_MAXIMUM_PERCENT, minimumHealthyPercent = DEFAULT_MINIMUM_HEALTHY_PERCENT } = service;
  return {
    service,
    nowMs,
    primary,
    ...current,
    outdated,
    leaving,
    stopped,
    countMax: Math.max(desiredCount, Math.floor((desiredCount * maximumPercent) / 100)),
    healthyMin: Math.ceil((desiredCount * minimumHealthyPercent) / 100),
  };
}

export function primaryOf(service: Service): Deployment | undefined {
  return service.deployments?.find(({ status }) => status === 'PRIMARY');
}

/** Whether a task is of a deployment; one without a mark is of whatever is wanted. */
export function isOf(task: Task, deployment: Deployment | undefined): boolean {
  return deployment === undefined || task.deploymentId === undefined || task.deploymentId === deployment.id;
}

export function liveCount({ starting, healthy, untried, unhealthy }: LiveTasks): number {
  return starting.length + healthy.length + untried.length + unhealthy.length;
}

function emptyLists(): Lists {
  return { starting: [], healthy: [], untried: [], unhealthy: [] };
}

function placeOf(task: Task, service: Service, nowMs: number): Place {
  switch (task.state) {
    case 'PROVISIONING':
    case 'PENDING':
    case 'ACTIVATING':
      return 'starting';
    case 'RUNNING':
      if (isAiling(task, service)) return graceLeftMs(task, service, nowMs) === 0 ? 'unhealthy' : 'untried';
      return (!balanced(service) || task.health === 'HEALTHY') && task.containerHealth !== 'UNKNOWN' ? 'healthy' : 'untried';
    case 'STOPPED':
      return 'stopped';
    case 'DEACTIVATING':
    case 'STOPPING':
    case 'DEPROVISIONING':
      return 'leaving';
  }
  return task.state satisfies never;
}

/** Whether the balancer or a container's own health check says that a task is bad. */
export function isAiling(task: Task, service: Service): boolean {
  return task.containerHealth === 'UNHEALTHY' || (balanced(service) && task.health === 'UNHEALTHY');
}

/** Whether the service stands behind a balancer. */
export function balanced(service: Service): boolean {
  return service.targetGroupId !== '';
}

/** How long failed health checks of a task are still forgiven. */
export function graceLeftMs(task: Task, service: Service, nowMs: number): number {
  return Math.max(0, (task.startedAtMs ?? task.createdAtMs) + service.healthCheckGracePeriodMs - nowMs);
}

/** Youngest first; ties by id, so that a decision depends on nothing else. */
export function youngestFirst(a: Task, b: Task): number {
  return b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1);
}
