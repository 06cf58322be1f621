import type { AutoScaling, NotificationConfiguration } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { reconcile, terminateMember } from './capacity.ts';
import { describeMember } from './groups.ts';
import { groups, membersOf, refreshes, requireGroup, type InstanceRefresh } from './resources.ts';

const notifications = table<Plain<NotificationConfiguration>>(
  'autoscaling.notification',
  (one) => `${one.AutoScalingGroupName ?? ''}/${one.TopicARN ?? ''}/${one.NotificationType ?? ''}`,
);

/** The refresh of a group that is not over. */
function running(at: Place, group: string): InstanceRefresh | undefined {
  return at.table(refreshes).find((one) => one.AutoScalingGroupName === group && (one.Status === 'Pending' || one.Status === 'InProgress'));
}

/** Instance refresh, warm pools and notifications: what a group may have besides its instances. */
export const refreshOperations: Operations<AutoScaling> = {
  StartInstanceRefresh({ AutoScalingGroupName, Preferences, DesiredConfiguration }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const changed =
      DesiredConfiguration?.LaunchTemplate === undefined
        ? group
        : at.table(groups).patch(group, { LaunchTemplate: DesiredConfiguration.LaunchTemplate });
    const { live } = at.world.machinery;
    if (live && running(at, group.AutoScalingGroupName) !== undefined)
      throw new AwsError(
        'InstanceRefreshInProgress',
        'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
      );
    for (const member of live ? [] : membersOf(at, group.AutoScalingGroupName))
      terminateMember(at, changed, member, 'an instance was taken out of service in response to an instance refresh.');
    if (!live) reconcile(at, changed, 'an instance refresh replaced instances.');
    const refresh = at.table(refreshes).put({
      InstanceRefreshId: at.uuid(),
      AutoScalingGroupName: group.AutoScalingGroupName,
      StartTime: at.nowMs,
      ...(live
        ? { Status: 'Pending', PercentageComplete: 0, InstancesToUpdate: membersOf(at, group.AutoScalingGroupName).length }
        : { Status: 'Successful', EndTime: at.nowMs, PercentageComplete: 100, InstancesToUpdate: 0 }),
      ...(Preferences === undefined ? {} : { Preferences }),
    });
    return { InstanceRefreshId: refresh.InstanceRefreshId };
  },

  DescribeInstanceRefreshes({ AutoScalingGroupName, InstanceRefreshIds, NextToken, MaxRecords }, at) {
    requireGroup(at, AutoScalingGroupName);
    const found = at
      .table(refreshes)
      .filter(
        (one) =>
          one.AutoScalingGroupName === AutoScalingGroupName &&
          (InstanceRefreshIds === undefined || InstanceRefreshIds.includes(one.InstanceRefreshId)),
      );
    const { items, next } = page(found.toReversed(), { token: NextToken, max: MaxRecords }, { defaultMax: 50 });
    return { InstanceRefreshes: items, NextToken: next };
  },

  CancelInstanceRefresh({ AutoScalingGroupName }, at) {
    const current = running(at, requireGroup(at, AutoScalingGroupName).AutoScalingGroupName);
    if (current !== undefined) {
      at.table(refreshes).patch(current, { Status: 'Cancelled', EndTime: at.nowMs, StatusReason: 'Cancelled due to user request' });
      return { InstanceRefreshId: current.InstanceRefreshId };
    }
    throw new AwsError(
      'ActiveInstanceRefreshNotFound',
      `No in progress or pending Instance Refresh found for Auto Scaling group ${AutoScalingGroupName ?? ''}`,
    );
  },

  PutWarmPool({ AutoScalingGroupName, MaxGroupPreparedCapacity, MinSize = 0, PoolState = 'Stopped', InstanceReusePolicy }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const configuration = {
      MinSize,
      PoolState,
      ...(MaxGroupPreparedCapacity === undefined || MaxGroupPreparedCapacity === -1 ? {} : { MaxGroupPreparedCapacity }),
      ...(InstanceReusePolicy === undefined ? {} : { InstanceReusePolicy }),
    };
    at.table(groups).patch(group, { WarmPoolConfiguration: configuration, WarmPoolSize: 0 });
    return {};
  },

  DescribeWarmPool({ AutoScalingGroupName }, at) {
    const configuration = requireGroup(at, AutoScalingGroupName).WarmPoolConfiguration;
    const warm = membersOf(at, AutoScalingGroupName ?? '').filter(({ lifecycleState }) => lifecycleState.startsWith('Warmed:'));
    return { Instances: warm.map(describeMember), ...(configuration === undefined ? {} : { WarmPoolConfiguration: configuration }) };
  },

  DeleteWarmPool({ AutoScalingGroupName }, at) {
    const { WarmPoolConfiguration: _gone, WarmPoolSize: _size, ...rest } = requireGroup(at, AutoScalingGroupName);
    at.table(groups).put(rest);
    return {};
  },

  PutNotificationConfiguration({ AutoScalingGroupName, TopicARN, NotificationTypes = [] }, at) {
    requireGroup(at, AutoScalingGroupName);
    for (const NotificationType of NotificationTypes) at.table(notifications).put({ AutoScalingGroupName, TopicARN, NotificationType });
  },

  DescribeNotificationConfigurations({ AutoScalingGroupNames, NextToken, MaxRecords }, at) {
    const found = at
      .table(notifications)
      .filter(
        (one) =>
          AutoScalingGroupNames === undefined ||
          AutoScalingGroupNames.length === 0 ||
          AutoScalingGroupNames.includes(one.AutoScalingGroupName ?? ''),
      );
    const { items, next } = page(found, { token: NextToken, max: MaxRecords }, { defaultMax: 50 });
    return { NotificationConfigurations: items, NextToken: next };
  },

  DeleteNotificationConfiguration({ AutoScalingGroupName, TopicARN }, at) {
    for (const one of at
      .table(notifications)
      .filter((held) => held.AutoScalingGroupName === AutoScalingGroupName && held.TopicARN === TopicARN)) {
      at.table(notifications).delete(`${one.AutoScalingGroupName ?? ''}/${one.TopicARN ?? ''}/${one.NotificationType ?? ''}`);
    }
  },
};
