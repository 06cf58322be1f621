import type { ScalableTarget } from '../../model/index.ts';
import type { PolicyDecision } from './decision.ts';

export type Bounds = Pick<ScalableTarget, 'minCapacity' | 'maxCapacity'>;

/** Why a policy that wanted to go in a direction (1 out, -1 in, 0 nowhere) leaves the capacity as it is. */
export function notScaledAt(bounds: Bounds, capacity: number, direction: number): PolicyDecision {
  if (direction > 0 && capacity >= bounds.maxCapacity) {
    return {
      to: undefined,
      why: `already at the maximum capacity of ${bounds.maxCapacity}`,
      notScaled: { code: 'AlreadyAtMaxCapacity', currentCapacity: capacity, maxCapacity: bounds.maxCapacity },
    };
  }
  if (direction < 0 && capacity <= bounds.minCapacity) {
    return {
      to: undefined,
      why: `already at the minimum capacity of ${bounds.minCapacity}`,
      notScaled: { code: 'AlreadyAtMinCapacity', currentCapacity: capacity, minCapacity: bounds.minCapacity },
    };
  }
  return {
    to: undefined,
    why: `a capacity of ${capacity} is what the policy asks for`,
    notScaled: { code: 'AlreadyAtDesiredCapacity', currentCapacity: capacity },
  };
}
