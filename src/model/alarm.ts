import type { MetricDataQuery, MetricIdentity, Statistic, Unit } from './metric.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export type ComparisonOperator =
  | 'GreaterThanOrEqualToThreshold'
  | 'GreaterThanThreshold'
  | 'LessThanThreshold'
  | 'LessThanOrEqualToThreshold';

export type TreatMissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** A metric alarm as PutMetricAlarm takes it. */
export interface Alarm {
  readonly name: string;
  readonly description: string;
  readonly metric: MetricIdentity;
  readonly statistic: Statistic;
  /** Only data of this unit; without it those of the unit that the metric was last published in. */
  readonly unit?: Unit;
  /** In place of metric and statistic: metric math. Exactly one of the queries returns its data, a single time series. */
  readonly queries?: readonly MetricDataQuery[];
  readonly periodS: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparison: ComparisonOperator;
  readonly treatMissingData: TreatMissingData;
  /** ARNs of what runs on entering ALARM. */
  readonly alarmActions: readonly string[];
}

export interface AlarmStatus {
  readonly state: AlarmState;
  /** `Threshold Crossed: …`, as CloudWatch writes it. */
  readonly reason: string;
  /** The same for programs: JSON as in DescribeAlarms' StateReasonData. Absent before the first evaluation. */
  readonly reasonData?: string;
  readonly updatedAtMs: number;
}
