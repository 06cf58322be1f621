import { parseDurationMs, PlimsollError, systemClock } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import type { Arguments } from '../arguments.ts';
import { codeOf, unlessGone, waitUntil, type Clients, type ResourceType } from '../provider.ts';
import { block, blocks, blockSet, computed, flag, forceNew, number, optional, required, settled, text, texts, textSet } from '../schema.ts';
import type { Activity, AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { nameOf } from './names.ts';
import { trackedMetric } from './trackedMetric.ts';

const template = { id: text(settled), name: text(settled), version: text(settled) };

export const autoscalingGroup: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    availability_zones: textSet(settled),
    vpc_zone_identifier: textSet(settled),
    min_size: number(required),
    max_size: number(required),
    desired_capacity: number(settled),
    default_cooldown: number(settled),
    default_instance_warmup: number(optional),
    health_check_type: text(settled),
    health_check_grace_period: number(optional, { fallback: 300 }),
    launch_template: block(template, optional),
    launch_configuration: text(optional),
    target_group_arns: textSet(settled),
    load_balancers: textSet(settled),
    termination_policies: texts(optional),
    suspended_processes: textSet(optional),
    enabled_metrics: textSet(optional),
    metrics_granularity: text(optional, { fallback: '1Minute' }),
    max_instance_lifetime: number(optional),
    capacity_rebalance: flag(optional),
    protect_from_scale_in: flag(optional, { fallback: false }),
    service_linked_role_arn: text(settled),
    placement_group: text(optional),
    force_delete: flag(optional, { fallback: false }),
    ignore_failed_scaling_activities: flag(optional, { fallback: false }),
    wait_for_capacity_timeout: text(optional, { fallback: '10m' }),
    wait_for_elb_capacity: number(optional),
    min_elb_capacity: number(optional),
    tag: blockSet({ key: text(required), value: text(required), propagate_at_launch: flag(required) }, optional),
    instance_refresh: block(
      {
        strategy: text(required),
        triggers: textSet(optional),
        preferences: block({ min_healthy_percentage: number(optional), instance_warmup: text(optional) }, optional),
      },
      optional,
    ),
  },

  async create(aws, planned) {
    const name = nameOf(planned);
    const autoscaling = await aws.autoscaling();
    await autoscaling.createAutoScalingGroup({
      AutoScalingGroupName: name,
      ...groupInput(planned),
      AvailabilityZones: planned.texts('availability_zones'),
      VPCZoneIdentifier: planned.texts('vpc_zone_identifier')?.join(','),
      TargetGroupARNs: planned.texts('target_group_arns'),
      LoadBalancerNames: planned.texts('load_balancers'),
      Tags: tagsOf(planned, name),
    });
    return name;
  },

  async settle(aws, id, planned) {
    const autoscaling = await aws.autoscaling();
    const metrics = planned.texts('enabled_metrics');
    if (metrics)
      await autoscaling.enableMetricsCollection({
        AutoScalingGroupName: id,
        Metrics: metrics,
        Granularity: planned.text('metrics_granularity'),
      });
    const suspended = planned.texts('suspended_processes');
    if (suspended) await autoscaling.suspendProcesses({ AutoScalingGroupName: id, ScalingProcesses: suspended });
    await capacity(aws, id, planned);
  },

  async read(aws, id) {
    const group = await find(aws, id);
    if (group === undefined || group.Status?.startsWith('Delete')) return undefined;
    const launch = group.LaunchTemplate;
    return {
      id,
      arn: group.AutoScalingGroupARN ?? '',
      name: group.AutoScalingGroupName ?? '',
      availability_zones: (group.AvailabilityZones ?? []).toSorted(),
      vpc_zone_identifier: (group.VPCZoneIdentifier ?? '')
        .split(',')
        .filter((part) => part !== '')
        .toSorted(),
      min_size: group.MinSize ?? 0,
      max_size: group.MaxSize ?? 0,
      desired_capacity: group.DesiredCapacity ?? 0,
      default_cooldown: group.DefaultCooldown ?? 300,
      default_instance_warmup: group.DefaultInstanceWarmup ?? null,
      health_check_type: group.HealthCheckType ?? 'EC2',
      health_check_grace_period: group.HealthCheckGracePeriod ?? 0,
      launch_template:
        launch === undefined
          ? []
          : [{ id: launch.LaunchTemplateId ?? '', name: launch.LaunchTemplateName ?? '', version: launch.Version ?? '' }],
      launch_configuration: group.LaunchConfigurationName ?? '',
      target_group_arns: (group.TargetGroupARNs ?? []).toSorted(),
      load_balancers: (group.LoadBalancerNames ?? []).toSorted(),
      enabled_metrics: (group.EnabledMetrics ?? []).map(({ Metric = '' }) => Metric).toSorted(),
      suspended_processes: (group.SuspendedProcesses ?? []).map(({ ProcessName = '' }) => ProcessName).toSorted(),
      protect_from_scale_in: group.NewInstancesProtectedFromScaleIn ?? false,
      service_linked_role_arn: group.ServiceLinkedRoleARN ?? '',
      tag: (group.Tags ?? []).map(({ Key = '', Value = '', PropagateAtLaunch = false }) => ({
        key: Key,
        value: Value,
        propagate_at_launch: PropagateAtLaunch,
      })),
    };
  },

  async update(aws, id, planned, changed, before) {
    const autoscaling = await aws.autoscaling();
    const AutoScalingGroupName = id;
    await autoscaling.updateAutoScalingGroup({
      AutoScalingGroupName,
      ...groupInput(planned),
      ...(changed.has('availability_zones') && { AvailabilityZones: planned.texts('availability_zones') }),
      ...(changed.has('vpc_zone_identifier') && { VPCZoneIdentifier: planned.texts('vpc_zone_identifier')?.join(',') }),
    });
    if (changed.has('target_group_arns')) {
      const [old, now] = [before.texts('target_group_arns') ?? [], planned.texts('target_group_arns') ?? []];
      const [gone, added] = [old.filter((arn) => !now.includes(arn)), now.filter((arn) => !old.includes(arn))];
      if (gone.length > 0) await autoscaling.detachLoadBalancerTargetGroups({ AutoScalingGroupName, TargetGroupARNs: gone });
      if (added.length > 0) await autoscaling.attachLoadBalancerTargetGroups({ AutoScalingGroupName, TargetGroupARNs: added });
    }
    if (changed.has('tag')) {
      const [old, now] = [tagsOf(before, id), tagsOf(planned, id)];
      const gone = old.filter(({ Key }) => !now.some((tag) => tag.Key === Key));
      if (gone.length > 0) await autoscaling.deleteTags({ Tags: gone });
      if (now.length > 0) await autoscaling.createOrUpdateTags({ Tags: now });
    }
    if (changed.has('enabled_metrics')) {
      const [old, now] = [before.texts('enabled_metrics') ?? [], planned.texts('enabled_metrics') ?? []];
      const gone = old.filter((metric) => !now.includes(metric));
      if (gone.length > 0) await autoscaling.disableMetricsCollection({ AutoScalingGroupName, Metrics: gone });
      if (now.length > 0)
        await autoscaling.enableMetricsCollection({ AutoScalingGroupName, Metrics: now, Granularity: planned.text('metrics_granularity') });
    }
    if (changed.has('suspended_processes')) {
      const now = planned.texts('suspended_processes') ?? [];
      const resumed = (before.texts('suspended_processes') ?? []).filter((process) => !now.includes(process));
      if (resumed.length > 0) await autoscaling.resumeProcesses({ AutoScalingGroupName, ScalingProcesses: resumed });
      if (now.length > 0) await autoscaling.suspendProcesses({ AutoScalingGroupName, ScalingProcesses: now });
    }
    const refresh = planned.block('instance_refresh');
    const triggers = ['launch_template', 'launch_configuration', ...(refresh?.texts('triggers') ?? [])];
    if (refresh && triggers.some((name) => changed.has(name)))
      await autoscaling.startInstanceRefresh({ AutoScalingGroupName, Strategy: 'Rolling' });
  },

  async delete(aws, id, known) {
    const autoscaling = await aws.autoscaling();
    const there = await find(aws, id);
    if (there === undefined) return;
    // As Terraform does: empty first, so that targets drain, unless the group is to go at once.
    if (known.flag('force_delete') !== true && !there.Status?.startsWith('Delete')) {
      await autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, MinSize: 0, MaxSize: 0, DesiredCapacity: 0 });
      await waitUntil(`auto scaling group ${id} to be empty`, aws.signal, async () =>
        (await find(aws, id))?.Instances?.length ? undefined : true,
      );
    }
    await waitUntil(`auto scaling group ${id} to be free`, aws.signal, async () => {
      try {
        await autoscaling.deleteAutoScalingGroup({ AutoScalingGroupName: id, ForceDelete: known.flag('force_delete') });
        return true;
      } catch (error) {
        if (codeOf(error) === 'ValidationError') return true;
        if (['ResourceInUse', 'ScalingActivityInProgress', 'ResourceInUseFault', 'ScalingActivityInProgressFault'].includes(codeOf(error)))
          return undefined;
        throw error;
      }
    });
    await waitUntil(`auto scaling group ${id} to be gone`, aws.signal, async () =>
      (await find(aws, id)) === undefined ? true : undefined,
    );
  },
};

/**
 * Waits for the instances that are asked for. A launch that fails ends it, as in Terraform's provider: whatever is wrong with
 * the template will be wrong the next time.
 */
async function capacity(aws: Clients, id: string, planned: Arguments): Promise<void> {
  const limitMs = parseDurationMs(planned.text('wait_for_capacity_timeout') ?? '10m') ?? 0;
  const wanted = planned.number('desired_capacity') ?? planned.number('min_size') ?? 0;
  if (limitMs === 0 || wanted === 0) return;
  const fail = (why: string): PlimsollError =>
    new PlimsollError(terraformErrors.PL_TERRAFORM_APPLY, { what: `waiting for Auto Scaling Group (${id}) capacity satisfied: ${why}` });
  const endMs = systemClock.nowMs() + limitMs;
  await waitUntil(`the instances of auto scaling group ${id}`, aws.signal, async () => {
    const group = await find(aws, id);
    if (group === undefined) throw fail('it is gone');
    const ready = group.Instances?.filter(
      ({ LifecycleState, HealthStatus }) => LifecycleState === 'InService' && HealthStatus === 'Healthy',
    );
    if ((ready?.length ?? 0) >= wanted) return true;
    const failed = planned.flag('ignore_failed_scaling_activities') === true ? undefined : await failedActivity(aws, id);
    if (failed !== undefined) throw fail(`scaling activity (${failed.ActivityId}): ${failed.StatusCode}: ${failed.StatusMessage}`);
    if (systemClock.nowMs() > endMs)
      throw fail(`timeout after ${planned.text('wait_for_capacity_timeout') ?? '10m'}: ${ready?.length ?? 0} of ${wanted} instances`);
    return undefined;
  });
}

/** The group has just been made: every activity is one of the wait's. */
async function failedActivity(aws: Clients, id: string): Promise<Activity | undefined> {
  const { Activities = [] } = await (await aws.autoscaling()).describeScalingActivities({ AutoScalingGroupName: id });
  return Activities.find(({ StatusCode }) => StatusCode === 'Failed');
}

function groupInput(planned: Arguments) {
  const launch = planned.block('launch_template');
  return {
    MinSize: planned.number('min_size'),
    MaxSize: planned.number('max_size'),
    DesiredCapacity: planned.number('desired_capacity'),
    DefaultCooldown: planned.number('default_cooldown'),
    DefaultInstanceWarmup: planned.number('default_instance_warmup'),
    HealthCheckType: planned.text('health_check_type'),
    HealthCheckGracePeriod: planned.number('health_check_grace_period'),
    TerminationPolicies: planned.texts('termination_policies'),
    MaxInstanceLifetime: planned.number('max_instance_lifetime'),
    CapacityRebalance: planned.flag('capacity_rebalance'),
    NewInstancesProtectedFromScaleIn: planned.flag('protect_from_scale_in'),
    PlacementGroup: planned.text('placement_group'),
    LaunchConfigurationName: planned.text('launch_configuration'),
    ...(launch && {
      LaunchTemplate: {
        ...(launch.text('id') ? { LaunchTemplateId: launch.text('id') } : { LaunchTemplateName: launch.text('name') }),
        Version: launch.text('version') ?? '$Default',
      },
    }),
  };
}

const tagsOf = (planned: Arguments, name: string) =>
  planned.blocks('tag').map((tag) => ({
    ResourceId: name,
    ResourceType: 'auto-scaling-group',
    Key: tag.sure('key'),
    Value: tag.sure('value'),
    PropagateAtLaunch: tag.flag('propagate_at_launch'),
  }));

async function find(aws: Clients, id: string): Promise<AutoScalingGroup | undefined> {
  return (await (await aws.autoscaling()).describeAutoScalingGroups({ AutoScalingGroupNames: [id] })).AutoScalingGroups?.[0];
}

const putPolicy = async (aws: Clients, planned: Arguments): Promise<void> => {
  const tracking = planned.block('target_tracking_configuration');
  await (
    await aws.autoscaling()
  ).putScalingPolicy({
    PolicyName: planned.sure('name'),
    AutoScalingGroupName: planned.sure('autoscaling_group_name'),
    PolicyType: planned.text('policy_type'),
    AdjustmentType: planned.text('adjustment_type'),
    ScalingAdjustment: planned.number('scaling_adjustment'),
    Cooldown: planned.number('cooldown'),
    MinAdjustmentMagnitude: planned.number('min_adjustment_magnitude'),
    EstimatedInstanceWarmup: planned.number('estimated_instance_warmup'),
    Enabled: planned.flag('enabled'),
    ...(planned.text('policy_type') === 'StepScaling' && {
      MetricAggregationType: planned.text('metric_aggregation_type'),
      StepAdjustments: planned.blocks('step_adjustment').map((step) => ({
        ScalingAdjustment: step.number('scaling_adjustment'),
        MetricIntervalLowerBound: step.number('metric_interval_lower_bound'),
        MetricIntervalUpperBound: step.number('metric_interval_upper_bound'),
      })),
    }),
    ...(tracking && {
      TargetTrackingConfiguration: {
        TargetValue: tracking.number('target_value'),
        DisableScaleIn: tracking.flag('disable_scale_in'),
        ...trackedMetric(tracking, 'metric_dimension'),
      },
    }),
  });
};

export const autoscalingPolicy: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(required, forceNew),
    autoscaling_group_name: text(required, forceNew),
    policy_type: text(optional, { fallback: 'SimpleScaling' }),
    adjustment_type: text(optional),
    scaling_adjustment: number(optional),
    cooldown: number(optional),
    enabled: flag(optional, { fallback: true }),
    min_adjustment_magnitude: number(optional),
    metric_aggregation_type: text(settled),
    estimated_instance_warmup: number(optional),
    step_adjustment: blockSet(
      { scaling_adjustment: number(required), metric_interval_lower_bound: text(optional), metric_interval_upper_bound: text(optional) },
      optional,
    ),
    target_tracking_configuration: block(
      {
        target_value: number(required),
        disable_scale_in: flag(optional, { fallback: false }),
        predefined_metric_specification: block({ predefined_metric_type: text(required), resource_label: text(optional) }, optional),
        customized_metric_specification: block(
          {
            metric_name: text(optional),
            namespace: text(optional),
            statistic: text(optional),
            unit: text(optional),
            metric_dimension: blocks({ name: text(required), value: text(required) }, optional),
          },
          optional,
        ),
      },
      optional,
    ),
  },
  async create(aws, planned) {
    await putPolicy(aws, planned);
    return planned.sure('name');
  },
  async read(aws, id, known) {
    const { ScalingPolicies = [] } = await (
      await aws.autoscaling()
    ).describePolicies({
      AutoScalingGroupName: known.sure('autoscaling_group_name'),
      PolicyNames: [id],
    });
    const policy = ScalingPolicies[0];
    if (policy === undefined) return undefined;
    return {
      id,
      arn: policy.PolicyARN ?? '',
      name: policy.PolicyName ?? '',
      policy_type: policy.PolicyType ?? 'SimpleScaling',
      adjustment_type: policy.AdjustmentType ?? '',
      scaling_adjustment: policy.ScalingAdjustment ?? null,
      cooldown: policy.Cooldown ?? null,
      enabled: policy.Enabled ?? true,
      metric_aggregation_type: policy.MetricAggregationType ?? '',
      estimated_instance_warmup: policy.EstimatedInstanceWarmup ?? null,
    };
  },
  async update(aws, _id, planned) {
    await putPolicy(aws, planned);
  },
  async delete(aws, id, known) {
    const call = (await aws.autoscaling()).deletePolicy({ PolicyName: id, AutoScalingGroupName: known.sure('autoscaling_group_name') });
    // The group may have taken its policies with it.
    await unlessGone(call, 'ValidationError');
  },
};

export const autoscalingAttachment: ResourceType = {
  schema: {
    id: text(computed),
    autoscaling_group_name: text(required, forceNew),
    lb_target_group_arn: text(optional, forceNew),
    alb_target_group_arn: text(optional, forceNew),
    elb: text(optional, forceNew),
  },
  async create(aws, planned) {
    const group = planned.sure('autoscaling_group_name');
    const arn = groupArnOf(planned);
    await (await aws.autoscaling()).attachLoadBalancerTargetGroups({ AutoScalingGroupName: group, TargetGroupARNs: [arn] });
    return `${group}-${arn}`;
  },
  async read(aws, _id, known) {
    const group = await find(aws, known.sure('autoscaling_group_name'));
    return group?.TargetGroupARNs?.includes(groupArnOf(known)) === true ? {} : undefined;
  },
  async delete(aws, _id, known) {
    const group = known.sure('autoscaling_group_name');
    const call = (await aws.autoscaling()).detachLoadBalancerTargetGroups({
      AutoScalingGroupName: group,
      TargetGroupARNs: [groupArnOf(known)],
    });
    await unlessGone(call, 'ValidationError');
  },
};

const groupArnOf = (values: Arguments): string => values.text('lb_target_group_arn') ?? values.sure('alb_target_group_arn');
