import type { Service, Task } from '../../model/index.ts';
import type { ServiceSnapshot } from './command.ts';

const DEFAULT_MAXIMUM_PERCENT = 200;

/** A service's tasks, sorted by what they mean to it. Every task is in exactly one of the lists. */
export interface Observation {
  readonly service: Service;
  readonly nowMs: number;
  /** On the way to traffic. */
  readonly starting: readonly Task[];
  /** RUNNING, and the health check has agreed; without a balancer every RUNNING task. */
  readonly healthy: readonly Task[];
  /** RUNNING, and its health is not known yet or a bad one is still forgiven. */
  readonly untried: readonly Task[];
  /** RUNNING and unhealthy beyond its grace. */
  readonly unhealthy: readonly Task[];
  /** Draining, stopping or being taken down. */
  readonly leaving: readonly Task[];
  readonly stopped: readonly Task[];
  /** As many tasks may exist while some are being replaced, not counting those that leave. */
  readonly countMax: number;
}

export function observe({ service, tasks }: ServiceSnapshot, nowMs: number): Observation {
  const lists = {
    starting: [] as Task[],
    healthy: [] as Task[],
    untried: [] as Task[],
    unhealthy: [] as Task[],
    leaving: [] as Task[],
    stopped: [] as Task[],
  };
  for (const task of tasks) lists[placeOf(task, service, nowMs)].push(task);
  const percent = service.maximumPercent ?? DEFAULT_MAXIMUM_PERCENT;
  return { ...lists, service, nowMs, countMax: Math.max(service.desiredCount, Math.floor((service.desiredCount * percent) / 100)) };
}

function placeOf(task: Task, service: Service, nowMs: number): 'starting' | 'healthy' | 'untried' | 'unhealthy' | 'leaving' | 'stopped' {
  switch (task.state) {
    case 'PROVISIONING':
    case 'PENDING':
    case 'ACTIVATING':
      return 'starting';
    case 'RUNNING':
      if (!balanced(service) || task.health === 'HEALTHY') return 'healthy';
      return task.health === 'UNHEALTHY' && graceLeftMs(task, service, nowMs) === 0 ? 'unhealthy' : 'untried';
    case 'STOPPED':
      return 'stopped';
    case 'DEACTIVATING':
    case 'STOPPING':
    case 'DEPROVISIONING':
      return 'leaving';
  }
  return task.state satisfies never;
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
