import type { AutoScaling, ScalingPolicy as SdkScalingPolicy, TargetTrackingConfiguration } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { alarmsByPolicy, dropTrackingAlarms, putTrackingAlarms } from '../cloudwatch/trackingAlarms.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { setDesiredCapacity } from './groups.ts';
import { groups, policies, requireGroup, type Group, type Policy } from './resources.ts';

/** The id in every policy's ARN where rules are not held strictly: suites for mocks write it down. */
const foretoldId = 'c322761b-3172-4d56-9a21-0ed9d6161d67';

/** By name within a group, or by ARN. */
function requirePolicy(at: Place, nameOrArn = '', group?: string): Policy {
  const found = at
    .table(policies)
    .find(
      (policy) =>
        policy.PolicyARN === nameOrArn ||
        (policy.PolicyName === nameOrArn && (group === undefined || policy.AutoScalingGroupName === group)),
    );
  if (found === undefined) throw new AwsError('ValidationError', 'Could not find policy');
  return found;
}

/** The change that an adjustment means; percentages round away from what AWS documents as too little. https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-adjustment */
export function adjusted(current: number, type: string, adjustment: number, minMagnitude = 0): number {
  if (type === 'ExactCapacity') return adjustment;
  if (type === 'ChangeInCapacity') return current + adjustment;
  const exact = (current * adjustment) / 100;
  const rounded = exact > 1 ? Math.floor(exact) : exact > 0 ? 1 : exact === 0 ? 0 : exact > -1 ? -1 : Math.ceil(exact);
  const change = Math.abs(rounded) < minMagnitude ? Math.sign(adjustment) * minMagnitude : rounded;
  return current + change;
}

function clamp(group: Group, size: number): number {
  return Math.min(group.MaxSize, Math.max(group.MinSize, size));
}

/** Predefined metrics and what they stand for. */
const predefined: Readonly<Record<string, readonly [string, string]>> = {
  ASGAverageCPUUtilization: ['AWS/EC2', 'CPUUtilization'],
  ASGAverageNetworkIn: ['AWS/EC2', 'NetworkIn'],
  ASGAverageNetworkOut: ['AWS/EC2', 'NetworkOut'],
  ALBRequestCountPerTarget: ['AWS/ApplicationELB', 'RequestCountPerTarget'],
};

function trackingMetric(policy: Policy): {
  namespace: string;
  name: string;
  dimensions: { Name: string; Value: string }[];
  statistic: string;
} {
  const configuration = policy.TargetTrackingConfiguration;
  const custom = configuration?.CustomizedMetricSpecification;
  if (custom !== undefined) {
    return {
      namespace: custom.Namespace ?? '',
      name: custom.MetricName ?? '',
      dimensions: (custom.Dimensions ?? []).map(({ Name = '', Value = '' }) => ({ Name, Value })),
      statistic: custom.Statistic ?? 'Average',
    };
  }
  const type = configuration?.PredefinedMetricSpecification?.PredefinedMetricType ?? 'ASGAverageCPUUtilization';
  const [namespace = '', name = ''] = predefined[type] ?? [];
  const label = configuration?.PredefinedMetricSpecification?.ResourceLabel ?? '';
  const dimensions =
    type === 'ALBRequestCountPerTarget'
      ? [
          { Name: 'LoadBalancer', Value: label.split('/targetgroup/')[0] ?? '' },
          { Name: 'TargetGroup', Value: `targetgroup/${label.split('/targetgroup/')[1] ?? ''}` },
        ]
      : [{ Name: 'AutoScalingGroupName', Value: policy.AutoScalingGroupName }];
  return { namespace, name, dimensions, statistic: type === 'ALBRequestCountPerTarget' ? 'Sum' : 'Average' };
}

/** The group's cooldown counts where a policy has none; mocks write the default of groups down. */
function cooldown(at: Place, given: number | undefined): { Cooldown?: number } {
  const Cooldown = given ?? (at.strict ? undefined : 300);
  return Cooldown === undefined ? {} : { Cooldown };
}

/** A metric that is made of others has no dimensions of its own, and returns what does not say otherwise. */
function completeTracking(given: Plain<TargetTrackingConfiguration> = { TargetValue: undefined }): Plain<TargetTrackingConfiguration> {
  const custom = given.CustomizedMetricSpecification;
  if (custom?.Metrics === undefined) return given;
  const Metrics = custom.Metrics.map((query) => ({ ...query, ReturnData: query.ReturnData ?? true }));
  return { ...given, CustomizedMetricSpecification: { Dimensions: [], ...custom, Metrics } };
}

export const policyOperations: Operations<AutoScaling> = {
  PutScalingPolicy(input, at) {
    const group = requireGroup(at, input.AutoScalingGroupName);
    const name = input.PolicyName ?? '';
    const type = input.PolicyType ?? 'SimpleScaling';
    const held = at.table(policies).get(`${group.AutoScalingGroupName}/${name}`);
    if (type === 'TargetTrackingScaling' && input.TargetTrackingConfiguration === undefined)
      throw new AwsError('ValidationError', 'TargetTrackingConfiguration must be specified for a target tracking policy');
    if (type === 'SimpleScaling' && (input.AdjustmentType === undefined || input.ScalingAdjustment === undefined))
      throw new AwsError('ValidationError', 'AdjustmentType and ScalingAdjustment must be specified for a simple scaling policy');
    if (at.strict && type === 'StepScaling' && (input.AdjustmentType === undefined || (input.StepAdjustments ?? []).length === 0))
      throw new AwsError('ValidationError', 'AdjustmentType and StepAdjustments must be specified for a step scaling policy');
    const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Plain<SdkScalingPolicy>;
    const policy = at.table(policies).put({
      ...own,
      AutoScalingGroupName: group.AutoScalingGroupName,
      PolicyName: name,
      PolicyARN:
        held?.PolicyARN ??
        at.arn(
          'autoscaling',
          `scalingPolicy:${at.strict ? at.uuid() : foretoldId}:autoScalingGroupName/${group.AutoScalingGroupName}:policyName/${name}`,
        ),
      PolicyType: type,
      ...(type === 'SimpleScaling' ? cooldown(at, input.Cooldown) : {}),
      ...(type === 'StepScaling' ? { MetricAggregationType: input.MetricAggregationType ?? 'Average' } : {}),
      ...(type === 'TargetTrackingScaling'
        ? {
            TargetTrackingConfiguration: {
              ...(at.strict ? { DisableScaleIn: false } : {}),
              ...completeTracking(input.TargetTrackingConfiguration),
              TargetValue: input.TargetTrackingConfiguration?.TargetValue,
            },
          }
        : {}),
      Enabled: input.Enabled ?? true,
      Alarms: held?.Alarms ?? [],
      StepAdjustments: input.StepAdjustments ?? [],
    });
    if (type !== 'TargetTrackingScaling') return { PolicyARN: policy.PolicyARN, Alarms: [] };
    dropTrackingAlarms(at, policy.PolicyARN);
    const configuration = input.TargetTrackingConfiguration;
    const alarms = putTrackingAlarms(at, {
      resource: group.AutoScalingGroupName,
      policyArn: policy.PolicyARN,
      targetValue: configuration?.TargetValue ?? 0,
      disableScaleIn: configuration?.DisableScaleIn ?? false,
      metric: trackingMetric(policy),
    });
    at.table(policies).patch(policy, { Alarms: alarms });
    return { PolicyARN: policy.PolicyARN, Alarms: alarms };
  },

  DescribePolicies({ AutoScalingGroupName, PolicyNames, PolicyTypes, NextToken, MaxRecords }, at) {
    const found = at
      .table(policies)
      .filter(
        (policy) =>
          (AutoScalingGroupName === undefined || policy.AutoScalingGroupName === AutoScalingGroupName) &&
          (PolicyNames === undefined ||
            PolicyNames.length === 0 ||
            PolicyNames.includes(policy.PolicyName) ||
            PolicyNames.includes(policy.PolicyARN)) &&
          (PolicyTypes === undefined || PolicyTypes.length === 0 || PolicyTypes.includes(policy.PolicyType ?? '')),
      );
    const { items, next } = page(found, { token: NextToken, max: MaxRecords }, { defaultMax: 50 });
    const alarmsOf = alarmsByPolicy(at);
    return { ScalingPolicies: items.map((policy) => ({ ...policy, Alarms: alarmsOf(policy.PolicyARN) })), NextToken: next };
  },

  DeletePolicy({ AutoScalingGroupName, PolicyName }, at) {
    const policy = requirePolicy(at, PolicyName, AutoScalingGroupName);
    dropTrackingAlarms(at, policy.PolicyARN);
    at.table(policies).delete(`${policy.AutoScalingGroupName}/${policy.PolicyName}`);
  },

  GetPredictiveScalingForecast({ AutoScalingGroupName, PolicyName, StartTime = 0, EndTime = 0 }, at) {
    const policy = requirePolicy(at, PolicyName, requireGroup(at, AutoScalingGroupName).AutoScalingGroupName);
    if (policy.PolicyType !== 'PredictiveScaling') throw new AwsError('ValidationError', 'The policy is not a predictive scaling policy.');
    const hours = (at.world.machinery.forecast?.(at, policy.AutoScalingGroupName, policy.PolicyName) ?? []).filter(
      ({ startMs }) => startMs >= StartTime && startMs < EndTime,
    );
    const Timestamps = hours.map(({ startMs }) => startMs);
    const MetricSpecification = policy.PredictiveScalingConfiguration?.MetricSpecifications?.[0] ?? { TargetValue: undefined };
    return {
      LoadForecast: [{ Timestamps, Values: hours.map(({ load }) => load), MetricSpecification }],
      CapacityForecast: { Timestamps, Values: hours.map(({ capacity }) => capacity) },
      UpdateTime: at.nowMs,
    };
  },

  ExecutePolicy({ AutoScalingGroupName, PolicyName, MetricValue = 0, BreachThreshold = 0 }, at) {
    const policy = requirePolicy(at, PolicyName, AutoScalingGroupName);
    const group = at.table(groups).get(policy.AutoScalingGroupName)!;
    const over = MetricValue - BreachThreshold;
    const step = (policy.StepAdjustments ?? []).find(
      ({ MetricIntervalLowerBound = -Infinity, MetricIntervalUpperBound = Infinity }) =>
        over >= MetricIntervalLowerBound && over < MetricIntervalUpperBound,
    );
    const adjustment = policy.PolicyType === 'StepScaling' ? step?.ScalingAdjustment : policy.ScalingAdjustment;
    if (adjustment === undefined) return;
    const size = adjusted(group.DesiredCapacity, policy.AdjustmentType ?? 'ChangeInCapacity', adjustment, policy.MinAdjustmentMagnitude);
    setDesiredCapacity(at, group, at.strict ? clamp(group, size) : size, `a user request executed policy ${policy.PolicyName}`);
  },
};
