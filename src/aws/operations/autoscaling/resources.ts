import type {
  Activity as SdkActivity,
  AutoScalingGroup as SdkGroup,
  InstanceRefresh as SdkInstanceRefresh,
  LaunchConfiguration as SdkLaunchConfiguration,
  LifecycleHook as SdkLifecycleHook,
  ScalingPolicy as SdkScalingPolicy,
  ScheduledUpdateGroupAction,
} from '@aws-sdk/client-auto-scaling';
import type { PendingHook } from '../../../model/index.ts';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';

export interface Group extends Plain<Omit<SdkGroup, 'Instances' | 'Tags'>> {
  readonly AutoScalingGroupName: string;
  readonly AutoScalingGroupARN: string;
  readonly MinSize: number;
  readonly MaxSize: number;
  readonly DesiredCapacity: number;
  readonly AvailabilityZones: string[];
  /** Why the desired capacity is what it is, since the group last had it. */
  readonly capacityCauses?: readonly string[] | undefined;
}

export const groups = table<Group>('autoscaling.group', (group) => group.AutoScalingGroupName);

export function requireGroup(at: Place, name = ''): Group {
  const group = at.table(groups).get(name);
  if (group === undefined) throw new AwsError('ValidationError', `AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`);
  return group;
}

/** An instance as its group sees it. */
export interface Member {
  readonly group: string;
  readonly instanceId: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly lifecycleState: string;
  readonly healthStatus: string;
  readonly protectedFromScaleIn: boolean;
  readonly launchConfiguration?: string | undefined;
  readonly launchTemplate?:
    | { LaunchTemplateId?: string | undefined; LaunchTemplateName?: string | undefined; Version?: string | undefined }
    | undefined;
  /** What a group that really runs keeps of its instance besides. */
  readonly life?: MemberLife | undefined;
}

export interface MemberLife {
  readonly launchedAtMs: number;
  readonly inServiceAtMs?: number | undefined;
  /** SetInstanceHealth's word. */
  readonly setHealth?: 'Healthy' | 'Unhealthy' | undefined;
  readonly registration: 'none' | 'registered' | 'draining';
  readonly hook?: PendingHook | undefined;
  readonly hooksDone: readonly string[];
  /** The token that CompleteLifecycleAction may name instead of the instance. */
  readonly hookToken?: string | undefined;
  /** The activity that its coming or going is. */
  readonly activityId?: string | undefined;
}

export const members = table<Member>('autoscaling.member', (member) => member.instanceId);

export function membersOf(at: Place, groupName: string): Member[] {
  return at.table(members).filter((member) => member.group === groupName);
}

export interface Activity extends Plain<SdkActivity> {
  readonly ActivityId: string;
  readonly AutoScalingGroupName: string;
}

export const activities = table<Activity>('autoscaling.activity', (activity) => activity.ActivityId);

export interface LaunchConfiguration extends Plain<SdkLaunchConfiguration> {
  readonly LaunchConfigurationName: string;
}

export const launchConfigurations = table<LaunchConfiguration>('autoscaling.launch-configuration', (one) => one.LaunchConfigurationName);

export interface Hook extends Plain<SdkLifecycleHook> {
  readonly AutoScalingGroupName: string;
  readonly LifecycleHookName: string;
}

export const hooks = table<Hook>('autoscaling.lifecycle-hook', (hook) => `${hook.AutoScalingGroupName}/${hook.LifecycleHookName}`);

export interface Policy extends Plain<SdkScalingPolicy> {
  readonly AutoScalingGroupName: string;
  readonly PolicyName: string;
  readonly PolicyARN: string;
}

export const policies = table<Policy>('autoscaling.policy', (policy) => `${policy.AutoScalingGroupName}/${policy.PolicyName}`);

export interface ScheduledAction extends Plain<ScheduledUpdateGroupAction> {
  readonly AutoScalingGroupName: string;
  readonly ScheduledActionName: string;
}

export const scheduledActions = table<ScheduledAction>(
  'autoscaling.scheduled-action',
  (action) => `${action.AutoScalingGroupName}/${action.ScheduledActionName}`,
);

export interface InstanceRefresh extends Plain<SdkInstanceRefresh> {
  readonly InstanceRefreshId: string;
  readonly AutoScalingGroupName: string;
}

export const refreshes = table<InstanceRefresh>('autoscaling.instance-refresh', (refresh) => refresh.InstanceRefreshId);
