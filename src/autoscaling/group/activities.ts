/**
 * The words of a group's activities, as DescribeScalingActivities gives them:
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html
 */
export const groupActivities = {
  launching: (instanceId: string): string => `Launching a new EC2 instance: ${instanceId}`,
  /** The status is `WaitingForELBConnectionDraining` while it drains. */
  terminating: (instanceId: string, draining: boolean): string =>
    `Terminating EC2 instance: ${instanceId}${draining ? ' - Waiting For ELB Connection Draining.' : ''}`,
} as const;

/** Sentences that say why the desired capacity changed. */
export const groupCauses = {
  alarm: (nowMs: number, alarm: string, policy: string, from: number, to: number): string =>
    `${at(nowMs)} a monitor alarm ${alarm} in state ALARM triggered policy ${policy} ${changing(from, to)}`,
  /** SetDesiredCapacity. */
  setDesired: (nowMs: number, from: number, to: number): string =>
    `${at(nowMs)} a user request explicitly set group desired capacity ${changing(from, to)}`,
  /** UpdateAutoScalingGroup; a new group comes from 0. */
  update: (nowMs: number, bounds: { min: number; max: number; desired: number }, from: number): string =>
    `${at(nowMs)} a user request update of AutoScalingGroup constraints to min: ${bounds.min}, max: ${bounds.max}, desired: ${bounds.desired} ${changing(from, bounds.desired)}`,
  execute: (nowMs: number, policy: string, from: number, to: number): string =>
    `${at(nowMs)} a user request executed policy ${policy} ${changing(from, to)}`,
  /** AWS does not publish its words for this one. */
  predictive: (nowMs: number, policy: string, from: number, to: number): string =>
    `${at(nowMs)} a predictive scaling forecast of policy ${policy} ${changing(from, to)}`,
  scheduled: (nowMs: number, action: string, from: number, to: number): string =>
    `${at(nowMs)} scheduled action ${action} ${changing(from, to)}`,
} as const;

/** Sentences that say why an instance comes or goes. */
export const instanceCauses = {
  started: (nowMs: number, from: number, to: number): string =>
    `${at(nowMs)} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${from} to ${to}.`,
  surplus: (nowMs: number, from: number, to: number, selected: readonly string[]): string =>
    sentences([
      `${at(nowMs)} an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${from} to ${to}.`,
      ...selected.map((id) => `${at(nowMs)} instance ${id} was selected for termination.`),
    ]),
  replacing: (nowMs: number): string =>
    `${at(nowMs)} an instance was launched in response to an unhealthy instance needing to be replaced.`,
  machineGone: (nowMs: number): string =>
    `${at(nowMs)} an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.`,
  elbFailed: (nowMs: number): string =>
    `${at(nowMs)} an instance was taken out of service in response to an ELB system health check failure.`,
  userFailed: (nowMs: number): string => `${at(nowMs)} an instance was taken out of service in response to a user health-check.`,
  hookAbandoned: (nowMs: number): string =>
    `${at(nowMs)} an instance was taken out of service in response to a lifecycle hook being abandoned.`,
  lifetime: (nowMs: number): string =>
    `${at(nowMs)} an instance was taken out of service in response to its maximum instance lifetime being exceeded.`,
  refreshOut: (nowMs: number): string => `${at(nowMs)} an instance was taken out of service in response to an instance refresh.`,
  refreshIn: (nowMs: number): string => `${at(nowMs)} an instance was launched in response to an instance refresh.`,
  rebalance: (nowMs: number, from: string, to: string): string =>
    `${at(nowMs)} an instance was launched to balance instances in zones ${from} with other zones resulting in a better balance in zone ${to}.`,
  warming: (nowMs: number): string => `${at(nowMs)} an instance was launched into the warm pool.`,
  cooling: (nowMs: number): string => `${at(nowMs)} an instance was taken out of the warm pool, which is larger than wanted.`,
} as const;

/** AWS puts two blanks between the sentences of a cause. */
export function sentences(parts: readonly string[]): string {
  return parts.join('  ');
}

function at(nowMs: number): string {
  return `At ${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}

function changing(from: number, to: number): string {
  return `changing the desired capacity from ${from} to ${to}.`;
}
