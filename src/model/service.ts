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

export interface Service {
  readonly cluster: string;
  readonly name: string;
  readonly taskDefinition: TaskDefinition;
  readonly desiredCount: number;
  readonly targetGroupId: string;
  /** How long failed health checks of a new task are forgiven, region time. */
  readonly healthCheckGracePeriodMs: number;
}

/**
 * A task's life:
 *
 *     PROVISIONING → PENDING → ACTIVATING → RUNNING → DEACTIVATING → STOPPING → DEPROVISIONING → STOPPED
 *
 * | from           | event                                  | to             |
 * | -------------- | -------------------------------------- | -------------- |
 * | PROVISIONING   | address leased                         | PENDING        |
 * | PENDING        | process started                        | ACTIVATING     |
 * | ACTIVATING     | registered with the target group       | RUNNING        |
 * | RUNNING        | told to stop: deregistered, draining   | DEACTIVATING   |
 * | DEACTIVATING   | drained                                | STOPPING       |
 * | STOPPING       | process gone                           | DEPROVISIONING |
 * | DEPROVISIONING | address released                       | STOPPED        |
 * | any before STOPPING | process gone by itself            | DEPROVISIONING |
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

export interface Task {
  readonly id: string;
  readonly state: TaskState;
  readonly address: string;
  readonly port: number;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  /** As the balancer last reported it. */
  readonly health: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';
  readonly healthReason?: string;
  readonly stoppedReason?: string;
}
