import type { ScalableTarget, ScalingPolicy, ScheduledAction } from '@aws-sdk/client-application-auto-scaling';
import type { Arguments } from '../arguments.ts';
import { unlessGone, type Clients, type ResourceType } from '../provider.ts';
import { block, blocks, blockSet, computed, flag, forceNew, number, optional, required, settled, text } from '../schema.ts';
import { instant, sameInstant } from './autoscalingParts.ts';
import { trackedMetric } from './trackedMetric.ts';

const place = {
  resource_id: text(required, forceNew),
  scalable_dimension: text(required, forceNew),
  service_namespace: text(required, forceNew),
};

const placeOf = (values: Arguments) => ({
  ResourceId: values.sure('resource_id'),
  ScalableDimension: values.sure('scalable_dimension') as 'ecs:service:DesiredCount',
  ServiceNamespace: values.sure('service_namespace') as 'ecs',
});

const register = async (aws: Clients, planned: Arguments): Promise<void> => {
  await (
    await aws.scaling()
  ).registerScalableTarget({
    ...placeOf(planned),
    MinCapacity: planned.number('min_capacity'),
    MaxCapacity: planned.number('max_capacity'),
    RoleARN: planned.text('role_arn'),
  });
};

export const scalableTarget: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    ...place,
    min_capacity: number(required),
    max_capacity: number(required),
    role_arn: text(settled, forceNew),
  },
  async create(aws, planned) {
    await register(aws, planned);
    return planned.sure('resource_id');
  },
  async read(aws, id, known) {
    const found = await findTarget(aws, known);
    if (found === undefined) return undefined;
    return {
      id,
      arn: found.ScalableTargetARN ?? '',
      min_capacity: found.MinCapacity ?? 0,
      max_capacity: found.MaxCapacity ?? 0,
      role_arn: found.RoleARN ?? '',
    };
  },
  async update(aws, _id, planned) {
    await register(aws, planned);
  },
  async delete(aws, _id, known) {
    if ((await findTarget(aws, known)) === undefined) return;
    await unlessGone((await aws.scaling()).deregisterScalableTarget(placeOf(known)), 'ObjectNotFoundException');
  },
};

async function findTarget(aws: Clients, known: Arguments): Promise<ScalableTarget | undefined> {
  const { ResourceId, ...filter } = placeOf(known);
  const { ScalableTargets = [] } = await (await aws.scaling()).describeScalableTargets({ ...filter, ResourceIds: [ResourceId] });
  return ScalableTargets[0];
}

const putPolicy = async (aws: Clients, planned: Arguments): Promise<void> => {
  const tracking = planned.block('target_tracking_scaling_policy_configuration');
  const steps = planned.block('step_scaling_policy_configuration');
  await (
    await aws.scaling()
  ).putScalingPolicy({
    ...placeOf(planned),
    PolicyName: planned.sure('name'),
    PolicyType: planned.text('policy_type') as never,
    ...(tracking && {
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: tracking.number('target_value'),
        DisableScaleIn: tracking.flag('disable_scale_in'),
        ScaleInCooldown: tracking.number('scale_in_cooldown'),
        ScaleOutCooldown: tracking.number('scale_out_cooldown'),
        ...trackedMetric(tracking, 'dimensions'),
      },
    }),
    ...(steps && {
      StepScalingPolicyConfiguration: {
        AdjustmentType: steps.text('adjustment_type') as never,
        Cooldown: steps.number('cooldown'),
        MetricAggregationType: steps.text('metric_aggregation_type') as never,
        MinAdjustmentMagnitude: steps.number('min_adjustment_magnitude'),
        StepAdjustments: steps.blocks('step_adjustment').map((step) => ({
          ScalingAdjustment: step.number('scaling_adjustment'),
          MetricIntervalLowerBound: step.number('metric_interval_lower_bound'),
          MetricIntervalUpperBound: step.number('metric_interval_upper_bound'),
        })),
      },
    }),
  });
};

export const scalingPolicy: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(required, forceNew),
    policy_type: text(optional, { fallback: 'StepScaling' }),
    ...place,
    target_tracking_scaling_policy_configuration: block(
      {
        target_value: number(required),
        disable_scale_in: flag(optional, { fallback: false }),
        scale_in_cooldown: number(optional),
        scale_out_cooldown: number(optional),
        predefined_metric_specification: block({ predefined_metric_type: text(required), resource_label: text(optional) }, optional),
        customized_metric_specification: block(
          {
            metric_name: text(optional),
            namespace: text(optional),
            statistic: text(optional),
            unit: text(optional),
            dimensions: blocks({ name: text(required), value: text(required) }, optional),
          },
          optional,
        ),
      },
      optional,
    ),
    step_scaling_policy_configuration: block(
      {
        adjustment_type: text(optional),
        cooldown: number(optional),
        metric_aggregation_type: text(optional),
        min_adjustment_magnitude: number(optional),
        step_adjustment: blockSet(
          {
            scaling_adjustment: number(required),
            metric_interval_lower_bound: text(optional),
            metric_interval_upper_bound: text(optional),
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
    const found = await findPolicy(aws, id, known);
    if (found === undefined) return undefined;
    return { id, arn: found.PolicyARN ?? '', name: found.PolicyName ?? '', policy_type: found.PolicyType ?? '' };
  },
  async update(aws, _id, planned) {
    await putPolicy(aws, planned);
  },
  async delete(aws, id, known) {
    if ((await findPolicy(aws, id, known)) === undefined) return;
    await unlessGone((await aws.scaling()).deleteScalingPolicy({ ...placeOf(known), PolicyName: id }), 'ObjectNotFoundException');
  },
};

async function findPolicy(aws: Clients, name: string, known: Arguments): Promise<ScalingPolicy | undefined> {
  const { ScalingPolicies = [] } = await (await aws.scaling()).describeScalingPolicies(placeOf(known));
  return ScalingPolicies.find(({ PolicyName }) => PolicyName === name);
}

const putAction = async (aws: Clients, planned: Arguments): Promise<void> => {
  const [start, end, sizes] = [planned.text('start_time'), planned.text('end_time'), planned.block('scalable_target_action')];
  await (
    await aws.scaling()
  ).putScheduledAction({
    ...placeOf(planned),
    ScheduledActionName: planned.sure('name'),
    Schedule: planned.text('schedule'),
    Timezone: planned.text('timezone'),
    ...(start !== undefined && { StartTime: new Date(start) }),
    ...(end !== undefined && { EndTime: new Date(end) }),
    ScalableTargetAction: { MinCapacity: sizes?.number('min_capacity'), MaxCapacity: sizes?.number('max_capacity') },
  });
};

export const scheduledAction: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(required, forceNew),
    ...place,
    schedule: text(required),
    timezone: text(optional, { fallback: 'UTC' }),
    start_time: text(optional, { same: sameInstant }),
    end_time: text(optional, { same: sameInstant }),
    scalable_target_action: block({ min_capacity: number(optional), max_capacity: number(optional) }, required),
  },
  async create(aws, planned) {
    await putAction(aws, planned);
    return `${planned.sure('name')}-${planned.sure('service_namespace')}-${planned.sure('resource_id')}`;
  },
  async read(aws, id, known) {
    const found = await findAction(aws, known);
    if (found === undefined) return undefined;
    const sizes = found.ScalableTargetAction;
    return {
      id,
      arn: found.ScheduledActionARN ?? '',
      schedule: found.Schedule ?? '',
      timezone: found.Timezone ?? 'UTC',
      start_time: instant(found.StartTime),
      end_time: instant(found.EndTime),
      scalable_target_action: [{ min_capacity: sizes?.MinCapacity ?? null, max_capacity: sizes?.MaxCapacity ?? null }],
    };
  },
  async update(aws, _id, planned) {
    await putAction(aws, planned);
  },
  async delete(aws, _id, known) {
    if ((await findAction(aws, known)) === undefined) return;
    const call = (await aws.scaling()).deleteScheduledAction({ ...placeOf(known), ScheduledActionName: known.sure('name') });
    await unlessGone(call, 'ObjectNotFoundException');
  },
};

async function findAction(aws: Clients, known: Arguments): Promise<ScheduledAction | undefined> {
  const name = known.sure('name');
  const { ScheduledActions = [] } = await (
    await aws.scaling()
  ).describeScheduledActions({ ...placeOf(known), ScheduledActionNames: [name] });
  return ScheduledActions.find(({ ScheduledActionName }) => ScheduledActionName === name);
}
