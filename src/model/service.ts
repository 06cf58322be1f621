/** A task definition, service and task in ECS's terms. */
export interface TaskDefinition {
  readonly family: string;
  readonly revision: number;
  /** 1024 units are one vCPU. */
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  readonly image: string;
  readonly containerPort: number;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * One version of a service on its way in, in, or on its way out:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
 */
export interface Deployment {
  /** `ecs-svc/` and digits. */
  readonly id: string;
  /** PRIMARY is the one that is wanted; ACTIVE ones still have tasks. */
  readonly status: 'PRIMARY' | 'ACTIVE';
  readonly taskDefinition: TaskDefinition;
  readonly rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  readonly rolloutStateReason: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html */
export interface CircuitBreaker {
  readonly enable: boolean;
  /** Go back to the last version that worked. */
  readonly rollback: boolean;
}

export interface Service {
  readonly cluster: string;
  readonly name: string;
  readonly taskDefinition: TaskDefinition;
  readonly desiredCount: number;
  readonly targetGroupId: string;
  /** How long failed health checks of a new task are forgiven, region time. */
  readonly healthCheckGracePeriodMs: number;
  /** Percent of the desired count that must stay healthy while tasks are replaced, rounded up; 100 when absent. */
  readonly minimumHealthyPercent?: number;
  /** Percent of the desired count that may exist while tasks are replaced, rounded down; 200 when absent. */
  readonly maximumPercent?: number;
  /** PRIMARY first. Without any, all tasks are of the one version that there is. */
  readonly deployments?: readonly Deployment[];
  readonly circuitBreaker?: CircuitBreaker;
}

/**
 * A task's life:
 *
 *     PROVISIONING → PENDING → ACTIVATING → RUNNING → DEACTIVATING → STOPPING → DEPROVISIONING → STOPPED
 *
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export const taskStates = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
] as const;

export type TaskState = (typeof taskStates)[number];

/** What happens to a task. The last two may come at any time; all others are answers to what was asked of it. */
export const taskEvents = [
  'addressLeased',
  'processStarted',
  'registered',
  'drained',
  'addressReleased',
  'toldToStop',
  'processGone',
] as const;

export type TaskEvent = (typeof taskEvents)[number];

/**
 * The whole of a task's life as data; what is not listed does not change the state.
 *
 * - A task that never took traffic has nothing to drain and stops at once.
 * - A process that ends by itself, or cannot be started, skips the steps that would have ended it.
 */
export const taskTransitions: Readonly<Record<TaskState, Readonly<Partial<Record<TaskEvent, TaskState>>>>> = {
  PROVISIONING: { addressLeased: 'PENDING', toldToStop: 'STOPPING', processGone: 'DEPROVISIONING' },
  PENDING: { processStarted: 'ACTIVATING', toldToStop: 'STOPPING', processGone: 'DEPROVISIONING' },
  ACTIVATING: { registered: 'RUNNING', toldToStop: 'STOPPING', processGone: 'DEPROVISIONING' },
  RUNNING: { toldToStop: 'DEACTIVATING', processGone: 'DEPROVISIONING' },
  DEACTIVATING: { drained: 'STOPPING', processGone: 'DEPROVISIONING' },
  STOPPING: { processGone: 'DEPROVISIONING' },
  DEPROVISIONING: { addressReleased: 'STOPPED' },
  STOPPED: {},
};

/** The state after an event, or undefined when the event means nothing there (late, repeated) and the state stays. */
export function nextTaskState(state: TaskState, event: TaskEvent): TaskState | undefined {
  return taskTransitions[state][event];
}

export interface Task {
  readonly id: string;
  readonly state: TaskState;
  readonly address: string;
  readonly port: number;
  /** The deployment that it was launched for; absent: the PRIMARY one. */
  readonly deploymentId?: string;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  /** As the balancer last reported it. */
  readonly health: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';
  readonly healthReason?: string;
  /** What the health checks of its containers say; absent where none of its essential containers has one. */
  readonly containerHealth?: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';
  /** The balancer has reported that the last request of this DEACTIVATING task is done. */
  readonly drained?: boolean;
  readonly stoppedReason?: string;
  readonly stoppedAtMs?: number;
}
