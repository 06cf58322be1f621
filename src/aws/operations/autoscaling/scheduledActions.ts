import type { AutoScaling, ScheduledUpdateGroupAction } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { requireGroup, scheduledActions } from './resources.ts';

function put(at: Place, group: string, input: Plain<ScheduledUpdateGroupAction>): void {
  if (at.strict) requireGroup(at, group);
  const name = input.ScheduledActionName ?? '';
  if (input.Recurrence !== undefined && input.Recurrence.trim().split(/\s+/).length !== 5)
    throw new AwsError('ValidationError', 'Given recurrence string is invalid');
  const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Plain<ScheduledUpdateGroupAction>;
  at.table(scheduledActions).put({
    ...own,
    ...(input.StartTime === undefined ? {} : { Time: input.StartTime }),
    AutoScalingGroupName: group,
    ScheduledActionName: name,
    ScheduledActionARN:
      at.table(scheduledActions).get(`${group}/${name}`)?.ScheduledActionARN ??
      at.arn('autoscaling', `scheduledUpdateGroupAction:${at.uuid()}:autoScalingGroupName/${group}:scheduledActionName/${name}`),
  });
}

export const scheduledActionOperations: Operations<AutoScaling> = {
  PutScheduledUpdateGroupAction: (input, at) => put(at, input.AutoScalingGroupName ?? '', input),

  BatchPutScheduledUpdateGroupAction({ AutoScalingGroupName = '', ScheduledUpdateGroupActions = [] }, at) {
    for (const action of ScheduledUpdateGroupActions) put(at, AutoScalingGroupName, action);
    return { FailedScheduledUpdateGroupActions: [] };
  },

  DescribeScheduledActions({ AutoScalingGroupName, ScheduledActionNames, StartTime, EndTime, NextToken, MaxRecords }, at) {
    const found = at
      .table(scheduledActions)
      .filter(
        (action) =>
          (AutoScalingGroupName === undefined || action.AutoScalingGroupName === AutoScalingGroupName) &&
          (ScheduledActionNames === undefined ||
            ScheduledActionNames.length === 0 ||
            ScheduledActionNames.includes(action.ScheduledActionName)) &&
          (StartTime === undefined || (action.StartTime ?? Infinity) >= StartTime) &&
          (EndTime === undefined || (action.StartTime ?? -Infinity) <= EndTime),
      );
    const { items, next } = page(found, { token: NextToken, max: MaxRecords }, { defaultMax: 50 });
    return { ScheduledUpdateGroupActions: items, NextToken: next };
  },

  DeleteScheduledAction({ AutoScalingGroupName = '', ScheduledActionName = '' }, at) {
    if (!at.table(scheduledActions).delete(`${AutoScalingGroupName}/${ScheduledActionName}`))
      throw new AwsError('ValidationError', 'Scheduled action name not found');
  },

  BatchDeleteScheduledAction({ AutoScalingGroupName = '', ScheduledActionNames = [] }, at) {
    const failed = ScheduledActionNames.filter((name) => !at.table(scheduledActions).delete(`${AutoScalingGroupName}/${name}`));
    return {
      FailedScheduledActions: failed.map((ScheduledActionName) => ({
        ScheduledActionName,
        ErrorCode: 'ValidationError',
        ErrorMessage: 'Scheduled action name not found',
      })),
    };
  },
};
