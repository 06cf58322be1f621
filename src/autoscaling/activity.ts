import type { ScalableTarget } from '../model/index.ts';

/** What DescribeScalingActivities says of a change: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html */
export interface ActivityText {
  readonly description: string;
  readonly cause: string;
}

/** `Setting desired count to 4.`: an activity of an ECS service. */
export function settingDesiredCount(to: number, cause: string): ActivityText {
  return { description: `Setting desired count to ${to}.`, cause };
}

/** The activity, status `Failed`, that goes with a `NotScaledReason`; shown only with IncludeNotScaledActivities. */
export function attemptingToScale(cause: string): ActivityText {
  return { description: 'Attempting to scale due to alarm triggered', cause };
}

/** The cause of whatever an alarm brought about. */
export function alarmCause(alarmName: string, policyName: string): string {
  return `monitor alarm ${alarmName} in state ALARM triggered policy ${policyName}`;
}

/** The status message of an activity that ended well. */
export function settledMessage(to: number): string {
  return `Successfully set desired count to ${to}. Change successfully fulfilled by ecs.`;
}

export function clampCapacity(target: ScalableTarget, capacity: number): number {
  return Math.min(target.maxCapacity, Math.max(target.minCapacity, capacity));
}

/**
 * What happens when a scalable target is registered or its bounds change: a capacity outside of them is moved
 * to the nearer one. Undefined when the capacity fits.
 */
export function enforceBounds(target: ScalableTarget, capacity: number): { to: number; activity: ActivityText } | undefined {
  const to = clampCapacity(target, capacity);
  if (to === capacity) return undefined;
  const bound = to > capacity ? 'minimum' : 'maximum';
  return { to, activity: settingDesiredCount(to, `${bound} capacity was set to ${to}`) };
}
