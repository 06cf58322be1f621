import type { ScalableTargetResource, ScalingPolicyResource } from '../../aws/index.ts';
import type { ScalableTarget, StepScalingPolicy, TargetTrackingPolicy } from '../../model/index.ts';

export function modelTarget(record: ScalableTargetResource): ScalableTarget {
  const suspended = record.SuspendedState;
  return {
    resourceId: record.ResourceId,
    minCapacity: record.MinCapacity ?? 0,
    maxCapacity: record.MaxCapacity ?? 0,
    suspended: {
      scaleIn: suspended?.DynamicScalingInSuspended ?? false,
      scaleOut: suspended?.DynamicScalingOutSuspended ?? false,
      scheduled: suspended?.ScheduledScalingSuspended ?? false,
    },
  };
}

/** Cooldowns of ECS services are 300 s in both directions unless given. */
const cooldownS = 300;

export function modelTracking(policy: ScalingPolicyResource): TargetTrackingPolicy {
  const configuration = policy.TargetTrackingScalingPolicyConfiguration;
  return {
    name: policy.PolicyName,
    arn: policy.PolicyARN,
    resourceId: policy.ResourceId,
    targetValue: configuration?.TargetValue ?? 0,
    scaleOutCooldownMs: (configuration?.ScaleOutCooldown ?? cooldownS) * 1000,
    scaleInCooldownMs: (configuration?.ScaleInCooldown ?? cooldownS) * 1000,
    disableScaleIn: configuration?.DisableScaleIn ?? false,
  };
}

export function modelStepPolicy(policy: ScalingPolicyResource): { policy: StepScalingPolicy; cooldownMs: number } {
  const configuration = policy.StepScalingPolicyConfiguration;
  const magnitude = configuration?.MinAdjustmentMagnitude;
  return {
    policy: {
      name: policy.PolicyName,
      adjustmentType: configuration?.AdjustmentType ?? 'ChangeInCapacity',
      ...(magnitude === undefined ? {} : { minAdjustmentMagnitude: magnitude }),
      steps: (configuration?.StepAdjustments ?? []).map(
        ({ MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper, ScalingAdjustment = 0 }) => ({
          ...(lower === undefined ? {} : { lowerBound: lower }),
          ...(upper === undefined ? {} : { upperBound: upper }),
          adjustment: ScalingAdjustment,
        }),
      ),
    },
    cooldownMs: (configuration?.Cooldown ?? cooldownS) * 1000,
  };
}
