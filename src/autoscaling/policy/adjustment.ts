import type { AdjustmentType } from '../../model/index.ts';

export interface Adjustment {
  readonly adjustmentType: AdjustmentType;
  readonly adjustment: number;
  readonly minAdjustmentMagnitude?: number | undefined;
}

/**
 * The capacity after an adjustment, bounds not yet applied and never below 0.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-adjustment
 */
export function adjust(capacity: number, { adjustmentType, adjustment, minAdjustmentMagnitude }: Adjustment): number {
  switch (adjustmentType) {
    case 'ExactCapacity':
      return Math.max(0, adjustment);
    case 'ChangeInCapacity':
      return Math.max(0, capacity + adjustment);
    case 'PercentChangeInCapacity':
      return Math.max(0, capacity + atLeast(roundPercent((capacity * adjustment) / 100), adjustment, minAdjustmentMagnitude ?? 0));
  }
  return adjustmentType satisfies never;
}

/**
 * A change in percent, made whole:
 *
 *     above 1: down    12.7 →  12        between -1 and 0: to -1    -0.58 → -1
 *     0 to 1:  to 1    0.67 →   1        below -1:         up       -6.67 → -6
 */
export function roundPercent(change: number): number {
  const whole = Math.trunc(Number(change.toPrecision(12)));
  return whole === 0 ? Math.sign(change) : whole;
}

/** The smallest change that a policy allows; a policy of 0 % never changes anything. */
function atLeast(change: number, adjustment: number, magnitude: number): number {
  return Math.abs(change) >= magnitude ? change : Math.sign(adjustment) * magnitude;
}
