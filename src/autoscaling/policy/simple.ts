import type { SimpleScalingPolicy } from '../../model/index.ts';
import { adjust } from './adjustment.ts';
import { notScaledAt, type Bounds } from './bounds.ts';
import type { PolicyDecision } from './decision.ts';

export interface SimpleInput {
  readonly policy: SimpleScalingPolicy;
  readonly bounds: Bounds;
  readonly capacity: number;
  /** A scaling activity of the group is still in progress. */
  readonly activityInProgress: boolean;
  /** When the last scaling activity ended; undefined when there was none. */
  readonly lastActivityEndMs: number | undefined;
  readonly nowMs: number;
}

/**
 * One decision of a simple policy whose alarm is in ALARM. It waits for the running activity to end and then for
 * its cooldown, whichever policy scaled:
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html
 */
export function decideSimple(input: SimpleInput): PolicyDecision & { readonly requeueAfterMs?: number } {
  const { policy, bounds, capacity, lastActivityEndMs, nowMs } = input;
  if (input.activityInProgress) return { to: undefined, why: 'a scaling activity is in progress' };
  const cooldownLeftMs = lastActivityEndMs === undefined ? 0 : lastActivityEndMs + policy.cooldownMs - nowMs;
  if (cooldownLeftMs > 0) return { to: undefined, why: 'the cooldown runs', requeueAfterMs: cooldownLeftMs };
  const wanted = adjust(capacity, policy);
  const to = Math.min(bounds.maxCapacity, Math.max(bounds.minCapacity, wanted));
  return to === capacity ? notScaledAt(bounds, capacity, Math.sign(wanted - capacity)) : { to };
}
