import type { StepAdjustment, StepScalingPolicy } from '../../model/index.ts';
import { adjust } from './adjustment.ts';
import { notScaledAt, type Bounds } from './bounds.ts';
import type { PolicyDecision } from './decision.ts';

/**
 * The step for a metric that is `distance` away from the threshold. Above the threshold the lower bound belongs to
 * a step and the upper one does not; below it the other way round, so that a step reads the same from the threshold
 * outwards on both sides:
 *
 *          (-20, -10]   (-10, 0)  threshold  [0, 10)   [10, 20)
 */
export function stepFor(steps: readonly StepAdjustment[], distance: number): StepAdjustment | undefined {
  return steps.find(({ lowerBound = Number.NEGATIVE_INFINITY, upperBound = Number.POSITIVE_INFINITY }) =>
    distance >= 0 ? distance >= lowerBound && distance < upperBound : distance > lowerBound && distance <= upperBound,
  );
}

export interface StepInput {
  readonly policy: StepScalingPolicy;
  readonly bounds: Bounds;
  readonly capacity: number;
  /**
   * How much of the capacity was added by scale-outs that have not taken effect yet: instances that warm up, or what
   * the running scale-out cooldown counts. Breaches within the same step therefore scale once.
   */
  readonly pending: number;
  /** A scale-in cooldown runs, or instances of a scale-out warm up: nothing is taken away. */
  readonly scaleInBlocked: boolean;
  readonly metricValue: number | undefined;
  readonly threshold: number;
}

/** One decision of a step policy whose alarm is in ALARM. */
export function decideStep(input: StepInput): PolicyDecision {
  const { policy, bounds, capacity, pending, metricValue, threshold } = input;
  if (metricValue === undefined) return { to: undefined, why: 'the metric has no data' };
  const step = stepFor(policy.steps, metricValue - threshold);
  if (step === undefined) return { to: undefined, why: `no step covers ${metricValue} at a threshold of ${threshold}` };
  const adjustment = { ...policy, adjustment: step.adjustment };
  const wanted = clamp(bounds, adjust(capacity - pending, adjustment));
  if (wanted > capacity) return { to: wanted };
  const less = clamp(bounds, adjust(capacity, adjustment));
  if (less >= capacity) return notScaledAt(bounds, capacity, Math.sign(adjust(capacity, adjustment) - capacity));
  if (input.scaleInBlocked) return { to: undefined, why: 'a scale-in has to wait for the cooldown or the warm-up' };
  return { to: less };
}

function clamp(bounds: Bounds, capacity: number): number {
  return Math.min(bounds.maxCapacity, Math.max(bounds.minCapacity, capacity));
}
