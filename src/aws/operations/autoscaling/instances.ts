import type { Activity as SdkActivity, AutoScaling } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { instances } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { addMember, heal, lifeOf, logActivity, reconcile, removeMember, tellMember, terminateMember, timestamp } from './capacity.ts';
import { describeMember } from './groups.ts';
import { activities, groups, members, membersOf, requireGroup, type Group, type Member } from './resources.ts';

function requireMember(at: Place, instanceId = ''): [Group, Member] {
  const member = at.table(members).get(instanceId);
  const group = at.table(groups).get(member?.group);
  if (member === undefined || group === undefined)
    throw new AwsError('ValidationError', `Instance Id not found - No managed instance found for instance ID: ${instanceId}`);
  return [group, member];
}

function lower(at: Place, group: Group, by: number): Group {
  const desired = group.DesiredCapacity - by;
  if (desired < group.MinSize) {
    throw new AwsError(
      'ValidationError',
      `Currently, desiredSize equals minSize (${group.MinSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
    );
  }
  return at.table(groups).patch(group, { DesiredCapacity: desired });
}

export const instanceOperations: Operations<AutoScaling> = {
  DescribeAutoScalingInstances({ InstanceIds, NextToken, MaxRecords }, at) {
    heal(at);
    const found = at
      .table(members)
      .filter((member) => InstanceIds === undefined || InstanceIds.length === 0 || InstanceIds.includes(member.instanceId));
    const { items, next } = page(found, { token: NextToken, max: MaxRecords }, { defaultMax: 50 });
    return {
      AutoScalingInstances: items.map((member) => ({
        ...describeMember(member),
        AutoScalingGroupName: member.group,
        HealthStatus: member.healthStatus.toUpperCase(),
        LifecycleState: member.lifecycleState,
      })),
      NextToken: next,
    };
  },

  AttachInstances({ AutoScalingGroupName, InstanceIds = [] }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    for (const id of InstanceIds) {
      if (at.table(instances).get(id)?.state !== 'running')
        throw new AwsError('ValidationError', `Invalid Instance ID(s): [${id}] specified`);
      if (at.table(members).has(id))
        throw new AwsError('ValidationError', `The following instances are already part of an AutoScalingGroup: ${id}`);
    }
    const desired = group.DesiredCapacity + InstanceIds.length;
    if (desired > group.MaxSize)
      throw new AwsError(
        'ValidationError',
        `AutoScalingGroup ${group.AutoScalingGroupName} has min-size=${group.MinSize}, max-size=${group.MaxSize}, and desired-size=${group.DesiredCapacity}. To attach ${InstanceIds.length} more instance, please update the AutoScalingGroup sizes appropriately.`,
      );
    const changed = at.table(groups).patch(group, { DesiredCapacity: desired });
    for (const id of InstanceIds)
      addMember(
        at,
        changed,
        id,
        group.LaunchConfigurationName === undefined
          ? { launchTemplate: group.LaunchTemplate }
          : { launchConfiguration: group.LaunchConfigurationName },
      );
  },

  DetachInstances({ AutoScalingGroupName, InstanceIds = [], ShouldDecrementDesiredCapacity = false }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    for (const id of InstanceIds) requireMember(at, id);
    const changed = ShouldDecrementDesiredCapacity ? lower(at, group, InstanceIds.length) : group;
    const done = InstanceIds.map((id) => {
      removeMember(at, group, id);
      return logActivity(at, group, `Detaching EC2 instance: ${id}`, `instance ${id} was detached in response to a user request.`);
    });
    reconcile(at, changed, 'a user request detached instances.');
    return { Activities: done };
  },

  EnterStandby({ AutoScalingGroupName, InstanceIds = [], ShouldDecrementDesiredCapacity = false }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const changed = ShouldDecrementDesiredCapacity ? lower(at, group, InstanceIds.length) : group;
    const done = InstanceIds.map((id) => {
      const [, member] = requireMember(at, id);
      if (at.world.machinery.live) tellMember(at, member, 'enterStandby');
      else at.table(members).patch(member, { lifecycleState: 'Standby' });
      return logActivity(
        at,
        group,
        `Moving EC2 instance to Standby: ${id}`,
        `instance ${id} was moved to standby in response to a user request, ${ShouldDecrementDesiredCapacity ? `shrinking the capacity from ${group.DesiredCapacity} to ${changed.DesiredCapacity}.` : 'keeping the desired capacity.'}`,
      );
    });
    reconcile(at, changed, 'a user request moved instances to standby.');
    return { Activities: done };
  },

  ExitStandby({ AutoScalingGroupName, InstanceIds = [] }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const desired = group.DesiredCapacity + InstanceIds.length;
    if (desired > group.MaxSize)
      throw new AwsError(
        'ValidationError',
        `AutoScalingGroup ${group.AutoScalingGroupName} would exceed its maximum size of ${group.MaxSize}.`,
      );
    at.table(groups).patch(group, { DesiredCapacity: desired });
    return {
      Activities: InstanceIds.map((id) => {
        const [, member] = requireMember(at, id);
        if (at.world.machinery.live) tellMember(at, member, 'exitStandby');
        else at.table(members).patch(member, { lifecycleState: 'InService' });
        return logActivity(
          at,
          group,
          `Moving EC2 instance out of Standby: ${id}`,
          `instance ${id} was moved out of standby in response to a user request.`,
        );
      }),
    };
  },

  SetInstanceHealth({ InstanceId, HealthStatus = 'Healthy' }, at) {
    const [, member] = requireMember(at, InstanceId);
    if (HealthStatus !== 'Healthy' && HealthStatus !== 'Unhealthy')
      throw new AwsError('ValidationError', `'${HealthStatus}' is not a valid health status; valid values are: Healthy, Unhealthy`);
    if (at.world.machinery.live) {
      at.table(members).patch(member, { healthStatus: HealthStatus, life: { ...lifeOf(member), setHealth: HealthStatus } });
      return;
    }
    // Nothing looks after the health of what does not run.
    at.table(members).patch(member, { healthStatus: HealthStatus });
  },

  SetInstanceProtection({ AutoScalingGroupName, InstanceIds = [], ProtectedFromScaleIn = false }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    for (const member of membersOf(at, group.AutoScalingGroupName))
      if (InstanceIds.includes(member.instanceId)) at.table(members).patch(member, { protectedFromScaleIn: ProtectedFromScaleIn });
    return {};
  },

  TerminateInstanceInAutoScalingGroup({ InstanceId, ShouldDecrementDesiredCapacity = false }, at) {
    const [group, member] = requireMember(at, InstanceId);
    const changed = ShouldDecrementDesiredCapacity ? lower(at, group, 1) : group;
    const shrink = ShouldDecrementDesiredCapacity
      ? `, shrinking the capacity from ${group.DesiredCapacity} to ${changed.DesiredCapacity}.`
      : '.';
    const Activity = terminateMember(
      at,
      group,
      member,
      `instance ${member.instanceId} was taken out of service in response to a user request${shrink}`,
    );
    reconcile(at, changed, `an instance was taken out of service at ${timestamp(at)} in response to a user request.`);
    return { Activity };
  },

  DescribeScalingActivities({ AutoScalingGroupName, ActivityIds, NextToken, MaxRecords }, at) {
    const found = at
      .table(activities)
      .filter(
        (one) =>
          (AutoScalingGroupName === undefined || one.AutoScalingGroupName === AutoScalingGroupName) &&
          (ActivityIds === undefined || ActivityIds.length === 0 || ActivityIds.includes(one.ActivityId)),
      );
    const { items, next } = page<Plain<SdkActivity>>(found.toReversed(), { token: NextToken, max: MaxRecords }, { defaultMax: 100 });
    return { Activities: items, NextToken: next };
  },
};
