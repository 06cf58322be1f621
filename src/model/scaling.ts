/** Application Auto Scaling's terms. */
export interface ScalableTarget {
  /** `service/<cluster>/<service>`. */
  readonly resourceId: string;
  readonly minCapacity: number;
  readonly maxCapacity: number;
  /** RegisterScalableTarget's SuspendedState; nothing is suspended when absent. */
  readonly suspended?: { readonly scaleIn: boolean; readonly scaleOut: boolean; readonly scheduled: boolean };
}

/** https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html */
export interface TargetTrackingPolicy {
  readonly name: string;
  /** What its alarms name as their action; the policy's name where it has no ARN. */
  readonly arn?: string;
  readonly resourceId: string;
  readonly targetValue: number;
  readonly scaleOutCooldownMs: number;
  readonly scaleInCooldownMs: number;
  readonly disableScaleIn: boolean;
}

/** How an adjustment changes a capacity: by so many, to so many, by so many percent. */
export type AdjustmentType = 'ChangeInCapacity' | 'ExactCapacity' | 'PercentChangeInCapacity';

/**
 * One step of a step policy. Bounds are distances of the metric from the alarm's threshold, absent where open.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-steps
 */
export interface StepAdjustment {
  readonly lowerBound?: number;
  readonly upperBound?: number;
  readonly adjustment: number;
}

export interface StepScalingPolicy {
  readonly name: string;
  readonly adjustmentType: AdjustmentType;
  /** With PercentChangeInCapacity: change by at least so many. */
  readonly minAdjustmentMagnitude?: number;
  readonly steps: readonly StepAdjustment[];
}

/** Changes the capacity by the same each time, however far the metric is from the threshold. */
export interface SimpleScalingPolicy {
  readonly name: string;
  readonly adjustmentType: AdjustmentType;
  readonly minAdjustmentMagnitude?: number;
  readonly adjustment: number;
  readonly cooldownMs: number;
}

/** When something scheduled happens; all times in region time. */
export interface Schedule {
  /**
   * `30 0 1 1,6,12 *` (EC2 Auto Scaling), or `at(2026-01-01T12:00:00)`, `rate(5 minutes)`,
   * `cron(0 10 ? * MON-FRI *)` (Application Auto Scaling). Absent: once, at `startMs`.
   */
  readonly expression?: string;
  /** IANA name; UTC when absent. */
  readonly timeZone?: string;
  readonly startMs?: number;
  readonly endMs?: number;
}

/** A change of bounds and size at a time: PutScheduledUpdateGroupAction, PutScheduledAction. */
export interface ScheduledAction {
  readonly name: string;
  readonly schedule: Schedule;
  readonly minCapacity?: number;
  readonly maxCapacity?: number;
  /** EC2 Auto Scaling only. */
  readonly desiredCapacity?: number;
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-predictive-scaling.html */
export interface PredictiveScalingPolicy {
  readonly name: string;
  /** Of the scaling metric per unit of capacity, e.g. 40 for 40 % CPU. */
  readonly targetValue: number;
  readonly mode: 'ForecastOnly' | 'ForecastAndScale';
  /** Capacity is there so long before its hour begins, at most an hour. */
  readonly schedulingBufferMs: number;
  readonly maxCapacityBreach: 'HonorMaxCapacity' | 'IncreaseMaxCapacity';
  /** With IncreaseMaxCapacity: percent above the forecast. */
  readonly maxCapacityBufferPercent?: number;
}

/**
 * Why Application Auto Scaling did not scale although an alarm asked for it:
 * https://docs.aws.amazon.com/autoscaling/application/APIReference/API_NotScaledReason.html
 */
export interface NotScaledReason {
  readonly code: 'AlreadyAtMaxCapacity' | 'AlreadyAtMinCapacity' | 'AlreadyAtDesiredCapacity';
  readonly currentCapacity: number;
  readonly minCapacity?: number;
  readonly maxCapacity?: number;
}

/** One entry of a scaling history, worded as AWS words it. */
export interface ScalingActivity {
  readonly id: string;
  readonly resourceId: string;
  readonly atMs: number;
  readonly description: string;
  readonly cause: string;
  readonly from: number;
  readonly to: number;
  readonly status: 'Successful' | 'InProgress' | 'Failed';
}
