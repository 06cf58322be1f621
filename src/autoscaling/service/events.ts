import type { Service, Task } from '../../model/index.ts';
import { primaryOf } from './observe.ts';

/**
 * The service's events as ECS words them: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
 * People and scripts read them, so the plural of one stays as it is there.
 */
export const serviceEvents = {
  /** For the region, which makes up the ids. */
  started: (service: Service, taskIds: readonly string[]): string =>
    `${subject(service)} has started ${taskIds.length} tasks: ${tasksOf(taskIds)}.`,
  registered: (service: Service, count: number): string => `${subject(service)} registered ${count} targets in ${groupOf(service)}`,
  deregistered: (service: Service, count: number): string => `${subject(service)} deregistered ${count} targets in ${groupOf(service)}`,
  draining: (service: Service, count: number): string => `${subject(service)} has begun draining connections on ${count} tasks.`,
  stopped: (service: Service, taskIds: readonly string[]): string =>
    `${subject(service)} has stopped ${taskIds.length} running tasks: ${tasksOf(taskIds)}.`,
  stoppedPending: (service: Service, count: number): string => `${subject(service)} stopped ${count} pending tasks.`,
  unhealthy: (service: Service, task: Task): string =>
    `${subject(service)} (task ${task.id}) (port ${task.port}) is unhealthy in ${groupOf(service)} due to (reason ${task.healthReason ?? 'Health checks failed'}).`,
  containerUnhealthy: (service: Service, task: Task): string => `${subject(service)} (task ${task.id}) failed container health checks.`,
  cannotPlace: (service: Service): string =>
    `${subject(service)} was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.`,
  cannotStart: (service: Service): string => `${subject(service)} is unable to consistently start tasks successfully.`,
  deploymentCompleted: (service: Service, id: string): string => `${subject(service)} (deployment ${id}) deployment completed.`,
  deploymentFailed: (service: Service, id: string): string =>
    `${subject(service)} (deployment ${id}) deployment failed: tasks failed to start.`,
  rollingBack: (service: Service, id: string): string => `${subject(service)} rolling back to deployment ${id}.`,
  steady: (service: Service): string => `${subject(service)} has reached a steady state.`,
} as const;

/** `stoppedReason` of tasks, as in https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
export const stoppedReasons = {
  scaling: (service: Service): string => `Scaling activity initiated by ${initiator(service)}`,
  unhealthy: (service: Service): string => `Task failed ELB health checks in ${groupOf(service)}`,
  containerUnhealthy: 'Task failed container health checks',
} as const;

function subject(service: Service): string {
  return `(service ${service.name})`;
}

/** The deployment that acts, where the service has any. */
function initiator(service: Service): string {
  const primary = primaryOf(service);
  return primary ? `(deployment ${primary.id})` : subject(service);
}

function groupOf(service: Service): string {
  return `(target-group ${service.targetGroupId})`;
}

function tasksOf(ids: readonly string[]): string {
  return ids.map((id) => `(task ${id})`).join(' ');
}
