import { formatSpan } from '../../base/index.ts';
import type { NotScaledReason, ScalableTarget, TargetTrackingPolicy } from '../../model/index.ts';
import { alarmCause, clampCapacity, settingDesiredCount, type ActivityText } from '../activity.ts';
import { scaleInCooldownLeftMs, scaleOutCooldownLeftMs, type ScalingHistory } from './history.ts';

export interface TargetTrackingInput {
  readonly policy: TargetTrackingPolicy;
  readonly target: ScalableTarget;
  /** The desired capacity now. */
  readonly capacity: number;
  /** The newest whole period of the policy's metric; undefined where there are no data. */
  readonly metricValue: number | undefined;
  /** Which of the policy's alarms is in ALARM. High wins: while it is in ALARM nothing scales in. */
  readonly alarmInAlarm: 'high' | 'low' | undefined;
  /** For the cause. */
  readonly alarms: { readonly high: { readonly name: string }; readonly low?: { readonly name: string } };
  /** For the cooldowns; stays `{}` for EC2 groups, which have none. */
  readonly history: ScalingHistory;
  /** EC2 groups: how much of the capacity still warms up (`warmingUp`). It takes the place of both cooldowns. */
  readonly pending?: number;
  readonly nowMs: number;
}

export type TargetTrackingDecision =
  | { readonly to: number; readonly activity: ActivityText }
  | {
      readonly to: undefined;
      /** For people. */
      readonly why: string;
      /** Set where an alarm asked for a change that the bounds or the formula did not allow. */
      readonly notScaled?: NotScaledReason;
      /** A cooldown is in the way; when it ends. */
      readonly requeueAfterMs?: number;
    };

/**
 * One decision of a target-tracking policy. Called whenever one of its alarms enters ALARM, and once a minute
 * while it stays there.
 *
 *     desired = ceil(capacity × metric / target), within the target's bounds
 *
 * in both directions: a metric at half its target halves the capacity at once.
 *
 * - **Scale-out cooldown**: what is on its way is counted. The formula starts from the capacity before the climb,
 *   and only what it asks for beyond the present capacity is added.
 * - **Scale-in cooldown**: no scale-in; a scale-out ends it.
 * - **Warm-up** (EC2): like a scale-out cooldown that ends when the instances are warm; nothing scales in before.
 * - Without data nothing is done: an application that is silent is not known to be idle.
 *
 * https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
 */
export function decideTargetTracking(input: TargetTrackingInput): TargetTrackingDecision {
  if (input.alarmInAlarm === undefined) return { to: undefined, why: 'no alarm of the policy is in ALARM' };
  if (input.metricValue === undefined) return { to: undefined, why: 'the metric has no data' };
  return input.alarmInAlarm === 'high' ? scaleOut(input, input.metricValue) : scaleIn(input, input.metricValue);
}

function scaleOut(input: TargetTrackingInput, metricValue: number): TargetTrackingDecision {
  const { policy, target, capacity, history, nowMs } = input;
  if (target.suspended?.scaleOut === true) return { to: undefined, why: 'scaling out is suspended' };
  if (capacity >= target.maxCapacity) {
    const notScaled = { code: 'AlreadyAtMaxCapacity', currentCapacity: capacity, maxCapacity: target.maxCapacity } as const;
    return { to: undefined, why: `already at the maximum capacity of ${target.maxCapacity}`, notScaled };
  }
  const cooldownLeftMs = scaleOutCooldownLeftMs(history, policy, nowMs);
  const base = cooldownLeftMs > 0 && history.lastScaleOut ? history.lastScaleOut.from : capacity - (input.pending ?? 0);
  const to = clampCapacity(target, proportional(base, metricValue, policy.targetValue));
  if (to > capacity) return { to, activity: settingDesiredCount(to, alarmCause(input.alarms.high.name, policy.name)) };
  if (cooldownLeftMs > 0) {
    const why = `the scale-out from ${base} to ${capacity} is given ${formatSpan(cooldownLeftMs)} more to take effect`;
    return { to: undefined, why, requeueAfterMs: cooldownLeftMs };
  }
  if (base < capacity) return { to: undefined, why: `${capacity - base} of ${capacity} still warm up` };
  return alreadyAtDesired(capacity, metricValue, policy);
}

function scaleIn(input: TargetTrackingInput, metricValue: number): TargetTrackingDecision {
  const { policy, target, capacity, history, nowMs } = input;
  if (policy.disableScaleIn) return { to: undefined, why: 'the policy never scales in' };
  if (target.suspended?.scaleIn === true) return { to: undefined, why: 'scaling in is suspended' };
  if (capacity <= target.minCapacity) {
    const notScaled = { code: 'AlreadyAtMinCapacity', currentCapacity: capacity, minCapacity: target.minCapacity } as const;
    return { to: undefined, why: `already at the minimum capacity of ${target.minCapacity}`, notScaled };
  }
  const cooldownLeftMs = scaleInCooldownLeftMs(history, policy, nowMs);
  if (cooldownLeftMs > 0) {
    return { to: undefined, why: `the scale-in cooldown runs for ${formatSpan(cooldownLeftMs)} more`, requeueAfterMs: cooldownLeftMs };
  }
  if ((input.pending ?? 0) > 0) return { to: undefined, why: 'instances still warm up' };
  const to = clampCapacity(target, proportional(capacity, metricValue, policy.targetValue));
  if (to >= capacity) return alreadyAtDesired(capacity, metricValue, policy);
  return { to, activity: settingDesiredCount(to, alarmCause(input.alarms.low?.name ?? policy.name, policy.name)) };
}

function alreadyAtDesired(capacity: number, metricValue: number, policy: TargetTrackingPolicy): TargetTrackingDecision {
  return {
    to: undefined,
    why: `${capacity} is right for ${metricValue} at a target of ${policy.targetValue}`,
    notScaled: { code: 'AlreadyAtDesiredCapacity', currentCapacity: capacity },
  };
}

/** The capacity that brings the metric to its target, whole and rounded up; a billionth above is rounding noise. */
export function proportional(capacity: number, metricValue: number, targetValue: number): number {
  return Math.max(0, Math.ceil((capacity * metricValue) / targetValue - 1e-9));
}
