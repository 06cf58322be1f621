import { plain, type Arguments } from '../arguments.ts';
import { unlessGone, type Clients, type ResourceType } from '../provider.ts';
import { computed, flag, forceNew, number, optional, required, settled, text, textSet } from '../schema.ts';
import type { Value } from '../../language/index.ts';
import { nameOf } from './names.ts';

/** What the parts of a group answer when it, or they, are not there. */
const gone = ['ValidationError'];

export const launchConfiguration: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    image_id: text(required, forceNew),
    instance_type: text(required, forceNew),
    key_name: text(settled, forceNew),
    user_data: text(optional, forceNew),
    user_data_base64: text(optional, forceNew),
    security_groups: textSet(optional, forceNew),
    iam_instance_profile: text(optional, forceNew),
    associate_public_ip_address: flag(optional, forceNew),
    ebs_optimized: flag(settled, forceNew),
    enable_monitoring: flag(optional, forceNew, { fallback: true }),
    placement_tenancy: text(optional, forceNew),
    spot_price: text(optional, forceNew),
  },
  async create(aws, planned) {
    const name = nameOf(planned);
    const script = planned.text('user_data');
    await (
      await aws.autoscaling()
    ).createLaunchConfiguration({
      LaunchConfigurationName: name,
      ImageId: planned.text('image_id'),
      InstanceType: planned.text('instance_type'),
      KeyName: planned.text('key_name'),
      UserData: script === undefined ? planned.text('user_data_base64') : Buffer.from(script).toString('base64'),
      SecurityGroups: planned.texts('security_groups'),
      IamInstanceProfile: planned.text('iam_instance_profile'),
      AssociatePublicIpAddress: planned.flag('associate_public_ip_address'),
      EbsOptimized: planned.flag('ebs_optimized'),
      InstanceMonitoring: { Enabled: planned.flag('enable_monitoring') ?? true },
      PlacementTenancy: planned.text('placement_tenancy'),
      SpotPrice: planned.text('spot_price'),
    });
    return name;
  },
  async read(aws, id) {
    const { LaunchConfigurations = [] } = await (await aws.autoscaling()).describeLaunchConfigurations({ LaunchConfigurationNames: [id] });
    const found = LaunchConfigurations[0];
    if (found === undefined) return undefined;
    return {
      id,
      arn: found.LaunchConfigurationARN ?? '',
      name: found.LaunchConfigurationName ?? '',
      image_id: found.ImageId ?? '',
      instance_type: found.InstanceType ?? '',
      key_name: found.KeyName ?? '',
      security_groups: (found.SecurityGroups ?? []).toSorted(),
      ebs_optimized: found.EbsOptimized ?? false,
      enable_monitoring: found.InstanceMonitoring?.Enabled ?? true,
    };
  },
  async delete(aws, id) {
    await unlessGone((await aws.autoscaling()).deleteLaunchConfiguration({ LaunchConfigurationName: id }), ...gone);
  },
};

/** `2030-01-01T00:00:00Z` and the same instant with milliseconds or an offset. */
export function sameInstant(before: Value, after: Value): boolean {
  const [a, b] = [Date.parse(plain(before)), Date.parse(plain(after))];
  return !Number.isNaN(a) && a === b;
}

export const instant = (date: Date | undefined): string | null => (date === undefined ? null : date.toISOString().replace('.000Z', 'Z'));

const dateOf = (planned: Arguments, name: string): Date | undefined => {
  const value = planned.text(name);
  return value === undefined ? undefined : new Date(value);
};

/** -1 leaves a size as it is. */
const sizeOf = (planned: Arguments, name: string): number | undefined => {
  const size = planned.number(name);
  return size === -1 ? undefined : size;
};

const putSchedule = async (aws: Clients, planned: Arguments): Promise<void> => {
  await (
    await aws.autoscaling()
  ).putScheduledUpdateGroupAction({
    AutoScalingGroupName: planned.sure('autoscaling_group_name'),
    ScheduledActionName: planned.sure('scheduled_action_name'),
    StartTime: dateOf(planned, 'start_time'),
    EndTime: dateOf(planned, 'end_time'),
    Recurrence: planned.text('recurrence'),
    TimeZone: planned.text('time_zone'),
    MinSize: sizeOf(planned, 'min_size'),
    MaxSize: sizeOf(planned, 'max_size'),
    DesiredCapacity: sizeOf(planned, 'desired_capacity'),
  });
};

export const autoscalingSchedule: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    scheduled_action_name: text(required, forceNew),
    autoscaling_group_name: text(required, forceNew),
    start_time: text(settled, { same: sameInstant }),
    end_time: text(settled, { same: sameInstant }),
    recurrence: text(settled),
    time_zone: text(settled),
    min_size: number(settled),
    max_size: number(settled),
    desired_capacity: number(settled),
  },
  async create(aws, planned) {
    await putSchedule(aws, planned);
    return planned.sure('scheduled_action_name');
  },
  async read(aws, id, known) {
    const call = (await aws.autoscaling()).describeScheduledActions({
      AutoScalingGroupName: known.sure('autoscaling_group_name'),
      ScheduledActionNames: [id],
    });
    const found = (await unlessGone(call, ...gone))?.ScheduledUpdateGroupActions?.[0];
    if (found === undefined) return undefined;
    return {
      id,
      arn: found.ScheduledActionARN ?? '',
      start_time: instant(found.StartTime),
      end_time: instant(found.EndTime),
      recurrence: found.Recurrence ?? '',
      time_zone: found.TimeZone ?? '',
      min_size: found.MinSize ?? -1,
      max_size: found.MaxSize ?? -1,
      desired_capacity: found.DesiredCapacity ?? -1,
    };
  },
  async update(aws, _id, planned) {
    await putSchedule(aws, planned);
  },
  async delete(aws, id, known) {
    const AutoScalingGroupName = known.sure('autoscaling_group_name');
    await unlessGone((await aws.autoscaling()).deleteScheduledAction({ AutoScalingGroupName, ScheduledActionName: id }), ...gone);
  },
};

const putHook = async (aws: Clients, planned: Arguments): Promise<void> => {
  await (
    await aws.autoscaling()
  ).putLifecycleHook({
    AutoScalingGroupName: planned.sure('autoscaling_group_name'),
    LifecycleHookName: planned.sure('name'),
    LifecycleTransition: planned.text('lifecycle_transition'),
    DefaultResult: planned.text('default_result'),
    HeartbeatTimeout: planned.number('heartbeat_timeout'),
    NotificationMetadata: planned.text('notification_metadata'),
    NotificationTargetARN: planned.text('notification_target_arn'),
    RoleARN: planned.text('role_arn'),
  });
};

export const lifecycleHook: ResourceType = {
  schema: {
    id: text(computed),
    name: text(required, forceNew),
    autoscaling_group_name: text(required, forceNew),
    lifecycle_transition: text(required),
    default_result: text(settled),
    heartbeat_timeout: number(optional),
    notification_metadata: text(optional),
    notification_target_arn: text(optional),
    role_arn: text(optional),
  },
  async create(aws, planned) {
    await putHook(aws, planned);
    return planned.sure('name');
  },
  async read(aws, id, known) {
    const call = (await aws.autoscaling()).describeLifecycleHooks({
      AutoScalingGroupName: known.sure('autoscaling_group_name'),
      LifecycleHookNames: [id],
    });
    const found = (await unlessGone(call, ...gone))?.LifecycleHooks?.[0];
    if (found === undefined) return undefined;
    return {
      id,
      lifecycle_transition: found.LifecycleTransition ?? '',
      default_result: found.DefaultResult ?? '',
      // Unsaid, it is AWS's hour: the configuration need not repeat it.
      ...(known.number('heartbeat_timeout') !== undefined && { heartbeat_timeout: found.HeartbeatTimeout ?? null }),
      notification_metadata: found.NotificationMetadata ?? '',
    };
  },
  async update(aws, _id, planned) {
    await putHook(aws, planned);
  },
  async delete(aws, id, known) {
    const AutoScalingGroupName = known.sure('autoscaling_group_name');
    await unlessGone((await aws.autoscaling()).deleteLifecycleHook({ AutoScalingGroupName, LifecycleHookName: id }), ...gone);
  },
};
