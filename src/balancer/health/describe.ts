import type { HealthReason, Target, TargetHealth } from '../../model/index.ts';
import type { Health } from './step.ts';

/** What DescribeTargetHealth says of a target; `health` is undefined while nothing checks it. */
export function describeHealth(
  ids: Pick<TargetHealth, 'targetGroupId' | 'targetId' | 'host'>,
  phase: Target['phase'],
  health: Health | undefined,
): TargetHealth {
  if (phase === 'draining') return { ...ids, ...draining };
  if (health === undefined) return { ...ids, ...notInUse };
  const { state, reason, description } = health;
  return { ...ids, state, ...(reason === undefined ? {} : { reason }), ...(description === undefined ? {} : { description }) };
}

const draining = {
  state: 'draining',
  reason: 'Target.DeregistrationInProgress' satisfies HealthReason,
  description: 'Target deregistration is in progress',
} as const;

const notInUse = {
  state: 'unused',
  reason: 'Target.NotInUse' satisfies HealthReason,
  description: 'Target group is not configured to receive traffic from the load balancer',
} as const;
