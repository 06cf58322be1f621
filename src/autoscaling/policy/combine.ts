/** What one policy asks for at this moment; `to` is undefined when it asks for nothing. */
export interface Proposal {
  readonly policyName: string;
  readonly type: 'TargetTracking' | 'Step' | 'Simple' | 'Scheduled' | 'Predictive';
  readonly to: number | undefined;
  /** A target-tracking policy with scale-in disabled has no say in scaling in. */
  readonly disableScaleIn?: boolean;
}

/**
 * One capacity from several policies, and whose it is; undefined when nothing changes.
 *
 * - The largest capacity wins, in both directions: availability before thrift.
 * - Target tracking takes away only when every target-tracking policy that may scale in agrees.
 *
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html#target-tracking-multiple-policies
 */
export function combine(capacity: number, proposals: readonly Proposal[]): { to: number; policyName: string } | undefined {
  const tracking = proposals.filter(({ type, disableScaleIn }) => type === 'TargetTracking' && disableScaleIn !== true);
  const allAgree = tracking.every(({ to }) => to !== undefined && to < capacity);
  let best: { to: number; policyName: string } | undefined;
  for (const { type, to, policyName } of proposals) {
    if (to === undefined || to === capacity) continue;
    if (to < capacity && type === 'TargetTracking' && !allAgree) continue;
    if (best === undefined || to > best.to) best = { to, policyName };
  }
  return best;
}
