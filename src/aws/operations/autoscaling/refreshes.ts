import type { AutoScaling, InstanceRefresh as SdkInstanceRefresh, NotificationConfiguration } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { reconcile, terminateMember } from './capacity.ts';
import { groups, membersOf, requireGroup } from './groups.ts';

interface InstanceRefresh extends Plain<SdkInstanceRefresh> {
  readonly InstanceRefreshId: string;
  readonly AutoScalingGroupName: string;
}

const refreshes = table<InstanceRefresh>('autoscaling.instance-refresh', (refresh) => refresh.InstanceRefreshId);
const notifications = table<Plain<NotificationConfiguration>>(
  'autoscaling.notification',
  (one) => `${one.AutoScalingGroupName ?? ''}/${one.TopicARN ?? ''}/${one.NotificationType ?? ''}`,
);

/** Instance refresh, warm pools and notifications: what a group may have besides its instances. */
export const refreshOperations: Operations<AutoScaling> = {
  StartInstanceRefresh({ AutoScalingGroupName, Preferences, DesiredConfiguration }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const changed =
      DesiredConfiguration?.LaunchTemplate === undefined
        ? group
        : at.table(groups).patch(group, { LaunchTemplate: DesiredConfiguration.LaunchTemplate });
    for (const member of membersOf(at, group.AutoScalingGroupName))
      terminateMember(at, changed, member, 'an instance was taken out of service in response to an instance refresh.');
    reconcile(at, changed, 'an instance refresh replaced instances.');
    const refresh = at.table(refreshes).put({
      InstanceRefreshId: at.uuid(),
      AutoScalingGroupName: group.AutoScalingGroupName,
      Status: 'Successful',
      StartTime: at.nowMs,
      EndTime: at.nowMs,
      PercentageComplete: 100,
      InstancesToUpdate: 0,
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
    requireGroup(at, AutoScalingGroupName);
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
    return { Instances: [], ...(configuration === undefined ? {} : { WarmPoolConfiguration: configuration }) };
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
