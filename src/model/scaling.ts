/** Application Auto Scaling's terms. */
export interface ScalableTarget {
  /** `service/<cluster>/<service>`. */
  readonly resourceId: string;
  readonly minCapacity: number;
  readonly maxCapacity: number;
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
