import type { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { PendingHook } from '../../../model/index.ts';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { lifeOf } from './capacity.ts';
import { hooks, members, requireGroup } from './resources.ts';

export const lifecycleHookOperations: Operations<AutoScaling> = {
  PutLifecycleHook(input, at) {
    const group = requireGroup(at, input.AutoScalingGroupName);
    const key = `${group.AutoScalingGroupName}/${input.LifecycleHookName ?? ''}`;
    const held = at.table(hooks).get(key);
    if (held === undefined && input.LifecycleTransition === undefined)
      throw new AwsError('ValidationError', 'The LifecycleTransition parameter is required when creating a lifecycle hook');
    const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
    const timeout = input.HeartbeatTimeout ?? held?.HeartbeatTimeout ?? 3600;
    at.table(hooks).put({
      DefaultResult: 'ABANDON',
      ...held,
      ...own,
      AutoScalingGroupName: group.AutoScalingGroupName,
      LifecycleHookName: input.LifecycleHookName ?? '',
      HeartbeatTimeout: timeout,
      GlobalTimeout: Math.min(172_800, timeout * 100),
    });
    return {};
  },

  DescribeLifecycleHooks({ AutoScalingGroupName, LifecycleHookNames }, at) {
    const found = at
      .table(hooks)
      .filter(
        (hook) =>
          hook.AutoScalingGroupName === AutoScalingGroupName &&
          (LifecycleHookNames === undefined || LifecycleHookNames.length === 0 || LifecycleHookNames.includes(hook.LifecycleHookName)),
      );
    return { LifecycleHooks: found };
  },

  DeleteLifecycleHook({ AutoScalingGroupName = '', LifecycleHookName = '' }, at) {
    requireGroup(at, AutoScalingGroupName);
    if (!at.table(hooks).delete(`${AutoScalingGroupName}/${LifecycleHookName}`))
      throw new AwsError(
        'ValidationError',
        `No Lifecycle Hook with the name ${LifecycleHookName} exists for the AutoScalingGroup ${AutoScalingGroupName}`,
      );
    return {};
  },

  DescribeLifecycleHookTypes: () => ({
    LifecycleHookTypes: ['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'],
  }),

  CompleteLifecycleAction(input, at) {
    answerHook(at, input, (hook) => ({ ...hook, result: input.LifecycleActionResult === 'CONTINUE' ? 'CONTINUE' : 'ABANDON' }));
    return {};
  },

  RecordLifecycleActionHeartbeat(input, at) {
    answerHook(at, input, (hook) => ({ ...hook, heartbeatAtMs: at.nowMs }));
    return {};
  },
};

interface HookAnswer {
  AutoScalingGroupName?: string | undefined;
  LifecycleHookName?: string | undefined;
  LifecycleActionToken?: string | undefined;
  InstanceId?: string | undefined;
}

/** For the instance that waits for a hook, by its id or by the token of its action. Where nothing waits, nothing is to be answered. */
function answerHook(at: Place, input: HookAnswer, change: (hook: PendingHook) => PendingHook): void {
  const { AutoScalingGroupName: group, LifecycleHookName: name, LifecycleActionToken: token, InstanceId: id } = input;
  requireGroup(at, group);
  if (!at.world.machinery.live) return;
  const member = at
    .table(members)
    .find(
      (one) => one.group === group && (id === undefined ? token !== undefined && lifeOf(one).hookToken === token : one.instanceId === id),
    );
  const hook = member === undefined ? undefined : lifeOf(member).hook;
  if (member === undefined || hook?.name !== name || hook === undefined)
    throw new AwsError('ValidationError', `No active Lifecycle Action found with instance ID ${id ?? ''}`);
  at.table(members).patch(member, { life: { ...lifeOf(member), hook: change(hook) } });
}
