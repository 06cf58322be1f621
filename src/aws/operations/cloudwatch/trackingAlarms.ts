import type { Place } from '../../state/place.ts';
import { newAlarm } from './alarms.ts';
import { alarms } from './resources.ts';

export interface TrackingPolicy {
  /** Group name, or resource id such as `service/cluster/name`. */
  readonly resource: string;
  readonly policyArn: string;
  readonly targetValue: number;
  readonly disableScaleIn: boolean;
  readonly metric: {
    readonly namespace: string;
    readonly name: string;
    readonly dimensions: { Name: string; Value: string }[];
    readonly statistic: string;
  };
}

/** Scale-in starts when the metric is below this share of the target, so that scaling does not oscillate. */
const lowFactor = 0.9;

/**
 * The two alarms that AWS makes for a target tracking policy: above the target for 3 minutes, below nine
 * tenths of it for 15. https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
 */
export function putTrackingAlarms(at: Place, policy: TrackingPolicy): { AlarmName: string; AlarmARN: string }[] {
  const make = (side: 'High' | 'Low', periods: number, comparison: string, threshold: number): { AlarmName: string; AlarmARN: string } => {
    const alarm = newAlarm(at, {
      AlarmName: `TargetTracking-${policy.resource}-Alarm${side}-${at.uuid()}`,
      AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${policy.policyArn}.`,
      AlarmActions: [policy.policyArn],
      Namespace: policy.metric.namespace,
      MetricName: policy.metric.name,
      Dimensions: policy.metric.dimensions,
      Statistic: policy.metric.statistic as 'Average',
      Period: 60,
      EvaluationPeriods: periods,
      ComparisonOperator: comparison as 'GreaterThanThreshold',
      Threshold: threshold,
      Unit: policy.metric.name.endsWith('Utilization') ? 'Percent' : undefined,
    });
    at.table(alarms).put(alarm);
    return { AlarmName: alarm.AlarmName, AlarmARN: alarm.AlarmArn };
  };
  const high = make('High', 3, 'GreaterThanThreshold', policy.targetValue);
  return policy.disableScaleIn ? [high] : [high, make('Low', 15, 'LessThanThreshold', policy.targetValue * lowFactor)];
}

/** The alarms whose actions name a policy, by its ARN. */
export function alarmsByPolicy(at: Place): (policyArn: string) => { AlarmName: string; AlarmARN: string }[] {
  const found = new Map<string, { AlarmName: string; AlarmARN: string }[]>();
  for (const { AlarmName, AlarmArn: AlarmARN, AlarmActions = [], OKActions = [], InsufficientDataActions = [] } of at
    .table(alarms)
    .values())
    for (const action of new Set([...AlarmActions, ...OKActions, ...InsufficientDataActions]))
      found.set(action, [...(found.get(action) ?? []), { AlarmName, AlarmARN }]);
  return (policyArn) => found.get(policyArn) ?? [];
}

/** Deletes the alarms that were made for a policy. */
export function dropTrackingAlarms(at: Place, policyArn: string): void {
  for (const alarm of at
    .table(alarms)
    .filter((one) => one.AlarmName.startsWith('TargetTracking-') && (one.AlarmActions ?? []).includes(policyArn)))
    at.table(alarms).delete(alarm.AlarmName);
}
