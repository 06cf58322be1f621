import type { TargetTrackingPolicy } from '../../model/index.ts';

export interface ScalingChange {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
}

/** What the cooldowns of a policy need to know of the past. Starts as `{}`; `recordScaling` carries it on. */
export interface ScalingHistory {
  /** `from` is the capacity before the first scale-out of the cooldown that still runs. */
  readonly lastScaleOut?: ScalingChange;
  readonly lastScaleIn?: ScalingChange;
}

/**
 * The history after a change that the policy made. A scale-out during the cooldown of another belongs to the
 * same climb: the cooldown starts anew and goes on counting from where the climb began.
 */
export function recordScaling(
  history: ScalingHistory,
  change: ScalingChange,
  policy: Pick<TargetTrackingPolicy, 'scaleOutCooldownMs'>,
): ScalingHistory {
  if (change.to < change.from) return { ...history, lastScaleIn: change };
  const running = scaleOutCooldownLeftMs(history, policy, change.atMs) > 0 ? history.lastScaleOut : undefined;
  return { ...history, lastScaleOut: { ...change, from: running?.from ?? change.from } };
}

/** How long the scale-out cooldown still runs; 0 when it does not. A scale-in after the scale-out ends it: what was added is gone. */
export function scaleOutCooldownLeftMs(
  { lastScaleOut, lastScaleIn }: ScalingHistory,
  policy: Pick<TargetTrackingPolicy, 'scaleOutCooldownMs'>,
  nowMs: number,
): number {
  if (lastScaleOut === undefined || (lastScaleIn !== undefined && lastScaleIn.atMs > lastScaleOut.atMs)) return 0;
  return Math.max(0, lastScaleOut.atMs + policy.scaleOutCooldownMs - nowMs);
}

/** How long the scale-in cooldown still runs; 0 when it does not. A scale-out during it ends it. */
export function scaleInCooldownLeftMs(
  { lastScaleOut, lastScaleIn }: ScalingHistory,
  policy: Pick<TargetTrackingPolicy, 'scaleInCooldownMs'>,
  nowMs: number,
): number {
  if (lastScaleIn === undefined || (lastScaleOut !== undefined && lastScaleOut.atMs > lastScaleIn.atMs)) return 0;
  return Math.max(0, lastScaleIn.atMs + policy.scaleInCooldownMs - nowMs);
}
