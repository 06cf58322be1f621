import type { AutoScaling, LifecycleHook as SdkLifecycleHook } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { requireGroup } from './groups.ts';

interface Hook extends Plain<SdkLifecycleHook> {
  readonly AutoScalingGroupName: string;
  readonly LifecycleHookName: string;
}

export const hooks = table<Hook>('autoscaling.lifecycle-hook', (hook) => `${hook.AutoScalingGroupName}/${hook.LifecycleHookName}`);

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

  CompleteLifecycleAction({ AutoScalingGroupName }, at) {
    requireGroup(at, AutoScalingGroupName);
    return {};
  },

  RecordLifecycleActionHeartbeat({ AutoScalingGroupName }, at) {
    requireGroup(at, AutoScalingGroupName);
    return {};
  },
};
