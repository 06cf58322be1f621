import type { Alarm, MetricIdentity, Statistic, TargetTrackingPolicy } from '../../model/index.ts';

export interface TrackingAlarms {
  readonly high: Alarm;
  /** Absent when the policy never scales in. */
  readonly low?: Alarm;
}

export interface TrackingAlarmOptions {
  /**
   * The low alarm's threshold as a part of the target value. 0.9 is what Application Auto Scaling uses: a
   * target of 70 % CPU gives `CPUUtilization < 63`. The gap keeps high and low from taking turns.
   */
  readonly lowFactor?: number;
  /** Average unless the metric is a count per target, such as ALBRequestCountPerTarget, which is a Sum. */
  readonly statistic?: Statistic;
  readonly periodS?: number;
  readonly highPeriods?: number;
  readonly lowPeriods?: number;
}

/**
 * The two alarms that a target-tracking policy makes and owns. Scaling out is eager (three minutes above the
 * target), scaling in patient (fifteen minutes well below it):
 * https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
 */
export function trackingAlarms(
  policy: TargetTrackingPolicy,
  metric: MetricIdentity,
  uuidHigh: string,
  uuidLow: string,
  options: TrackingAlarmOptions = {},
): TrackingAlarms {
  const { lowFactor = 0.9, statistic = 'Average', periodS = 60, highPeriods = 3, lowPeriods = 15 } = options;
  const alarm = (side: 'High' | 'Low', id: string, periods: number): Omit<Alarm, 'threshold' | 'comparison'> => ({
    name: `TargetTracking-${policy.resourceId}-Alarm${side}-${id}`,
    description: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${policy.arn ?? policy.name}.`,
    metric,
    statistic,
    periodS,
    evaluationPeriods: periods,
    datapointsToAlarm: periods,
    treatMissingData: 'missing',
    alarmActions: [policy.arn ?? policy.name],
  });
  const high: Alarm = { ...alarm('High', uuidHigh, highPeriods), threshold: policy.targetValue, comparison: 'GreaterThanThreshold' };
  if (policy.disableScaleIn) return { high };
  const lowThreshold = withoutNoise(policy.targetValue * lowFactor);
  return { high, low: { ...alarm('Low', uuidLow, lowPeriods), threshold: lowThreshold, comparison: 'LessThanThreshold' } };
}

/** 0.9 × 35 is 31.5, not 31.500000000000004. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(12));
}
