/**
 * EC2 Auto Scaling's terms: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
 *
 * The life of an instance in a group. Hooks (`:Wait`, `:Proceed`) are passed through only where the group has them.
 *
 *                      ┌──────────────── exitStandby ────────────────┐
 *                      ▼                                             │
 *     Pending ─▶ Pending:Wait ─▶ Pending:Proceed ─▶ InService ─▶ EnteringStandby ─▶ Standby
 *        ▲                                              │
 *        │ take                                         ├─▶ Detaching ─▶ Detached
 *     Warmed:Stopped                                    ▼
 *     Warmed:Running                               Terminating ─▶ Terminating:Wait ─▶ Terminating:Proceed ─▶ Terminated
 *        ▲
 *     Warmed:Pending ─▶ Warmed:Pending:Wait ─▶ Warmed:Pending:Proceed
 */
export const instanceStates = [
  'Warmed:Pending',
  'Warmed:Pending:Wait',
  'Warmed:Pending:Proceed',
  'Warmed:Stopped',
  'Warmed:Running',
  'Pending',
  'Pending:Wait',
  'Pending:Proceed',
  'InService',
  'EnteringStandby',
  'Standby',
  'Detaching',
  'Detached',
  'Terminating',
  'Terminating:Wait',
  'Terminating:Proceed',
  'Terminated',
] as const;

export type InstanceState = (typeof instanceStates)[number];

export const instanceEvents = [
  /** A hook of the phase begins; the instance waits for its completion. */
  'hookStarted',
  /** The last hook of the phase is complete. */
  'hooksDone',
  /** Registered with the group's target groups, or there are none. */
  'registered',
  /** Prepared: the machine of the warm pool is stopped, or runs on. */
  'warmedStopped',
  'warmedRunning',
  /** Taken out of the warm pool; its machine is started. */
  'taken',
  'enterStandby',
  'exitStandby',
  'detach',
  /** The last request is done, where the instance leaves the target groups without being terminated. */
  'drained',
  'terminate',
  /** The machine is gone. */
  'gone',
] as const;

export type InstanceEvent = (typeof instanceEvents)[number];

/** What is not listed does not change the state. */
export const instanceTransitions: Readonly<Record<InstanceState, Readonly<Partial<Record<InstanceEvent, InstanceState>>>>> = {
  'Warmed:Pending': {
    hookStarted: 'Warmed:Pending:Wait',
    warmedStopped: 'Warmed:Stopped',
    warmedRunning: 'Warmed:Running',
    terminate: 'Terminating',
    gone: 'Terminated',
  },
  'Warmed:Pending:Wait': { hooksDone: 'Warmed:Pending:Proceed', terminate: 'Terminating', gone: 'Terminated' },
  'Warmed:Pending:Proceed': {
    warmedStopped: 'Warmed:Stopped',
    warmedRunning: 'Warmed:Running',
    terminate: 'Terminating',
    gone: 'Terminated',
  },
  'Warmed:Stopped': { taken: 'Pending', terminate: 'Terminating', gone: 'Terminated' },
  'Warmed:Running': { taken: 'Pending', terminate: 'Terminating', gone: 'Terminated' },
  Pending: { hookStarted: 'Pending:Wait', registered: 'InService', terminate: 'Terminating' },
  'Pending:Wait': { hooksDone: 'Pending:Proceed', terminate: 'Terminating' },
  'Pending:Proceed': { registered: 'InService', terminate: 'Terminating' },
  InService: { enterStandby: 'EnteringStandby', detach: 'Detaching', terminate: 'Terminating' },
  EnteringStandby: { drained: 'Standby', terminate: 'Terminating' },
  Standby: { exitStandby: 'Pending', detach: 'Detached', terminate: 'Terminating' },
  Detaching: { drained: 'Detached' },
  Detached: {},
  Terminating: { hookStarted: 'Terminating:Wait', gone: 'Terminated' },
  'Terminating:Wait': { hooksDone: 'Terminating:Proceed', gone: 'Terminated' },
  'Terminating:Proceed': { gone: 'Terminated' },
  Terminated: {},
};

/** The state after an event, or undefined when the event means nothing there and the state stays. */
export function nextInstanceState(state: InstanceState, event: InstanceEvent): InstanceState | undefined {
  return instanceTransitions[state][event];
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html */
export interface LifecycleHook {
  readonly name: string;
  readonly transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' | 'autoscaling:EC2_INSTANCE_TERMINATING';
  readonly heartbeatTimeoutMs: number;
  /** What an unanswered hook counts as. */
  readonly defaultResult: 'CONTINUE' | 'ABANDON';
}

/** The hook that an instance waits for. */
export interface PendingHook {
  readonly name: string;
  /** When it began or RecordLifecycleActionHeartbeat was last called. */
  readonly heartbeatAtMs: number;
  /** CompleteLifecycleAction's answer. */
  readonly result?: 'CONTINUE' | 'ABANDON';
}

export interface GroupInstance {
  readonly id: string;
  readonly state: InstanceState;
  readonly zone: string;
  /** The version of the launch template that it was made from, e.g. `3`. */
  readonly templateVersion: string;
  readonly launchedAtMs: number;
  readonly inServiceAtMs?: number;
  /** What EC2 says of the machine. */
  readonly machine: 'starting' | 'running' | 'stopped' | 'gone';
  /** What the balancers say; UNKNOWN before their first word, HEALTHY where none uses a target group of the instance. */
  readonly targetHealth: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';
  /** SetInstanceHealth's word; it stands until the instance is replaced or called Healthy again. */
  readonly setHealth?: 'Healthy' | 'Unhealthy';
  readonly protectedFromScaleIn: boolean;
  /** Units of capacity that it counts, by the override of its instance type; 1 when absent. */
  readonly weight?: number;
  /** What it is to the target groups; draining until the balancer says that its last request is done. */
  readonly registration: 'none' | 'registered' | 'draining';
  readonly hook?: PendingHook;
  /** Names of the hooks of the present phase that are complete. */
  readonly hooksDone: readonly string[];
}

export type TerminationPolicy =
  | 'Default'
  | 'OldestInstance'
  | 'NewestInstance'
  | 'OldestLaunchTemplate'
  | 'OldestLaunchConfiguration'
  | 'ClosestToNextInstanceHour'
  | 'AllocationStrategy';

export type ScalingProcess =
  | 'Launch'
  | 'Terminate'
  | 'AddToLoadBalancer'
  | 'AlarmNotification'
  | 'AZRebalance'
  | 'HealthCheck'
  | 'InstanceRefresh'
  | 'ReplaceUnhealthy'
  | 'ScheduledActions';

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html */
export interface WarmPool {
  readonly minSize: number;
  /** Warm and in service together; the group's maximum size where absent. */
  readonly maxGroupPreparedCapacity?: number;
  readonly state: 'Stopped' | 'Running';
}

/** A running instance refresh: https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh.html */
export interface InstanceRefresh {
  readonly id: string;
  readonly templateVersion: string;
  readonly minHealthyPercentage: number;
  /** 100: replace in place; above: launch before terminating. */
  readonly maxHealthyPercentage: number;
  readonly startedAtMs: number;
}

export interface AutoScalingGroup {
  readonly name: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  /** Availability Zones, at least one. */
  readonly zones: readonly string[];
  readonly templateVersion: string;
  /**
   * Units of capacity that the next instance will count; 1 when absent. Sizes and capacities are in these units:
   * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups-instance-weighting.html
   */
  readonly launchWeight?: number;
  readonly targetGroupIds: readonly string[];
  /** ELB: the balancer's word counts too. */
  readonly healthCheckType: 'EC2' | 'ELB';
  readonly healthCheckGracePeriodMs: number;
  /** How long a new instance counts as warming up. */
  readonly instanceWarmupMs: number;
  readonly terminationPolicies: readonly TerminationPolicy[];
  readonly hooks: readonly LifecycleHook[];
  readonly suspendedProcesses: readonly ScalingProcess[];
  readonly maxInstanceLifetimeMs?: number;
  readonly warmPool?: WarmPool;
  readonly refresh?: InstanceRefresh;
}
