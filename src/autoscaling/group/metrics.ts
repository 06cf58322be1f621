import type { GroupInstance, MetricDatum } from '../../model/index.ts';
import { capacityOf, isWarmingUp, observeGroup } from './observe.ts';
import type { GroupSnapshot } from './command.ts';

/** How many of a group's capacity still warm up: on the way into service, or in it for less than the warm-up. */
export function warmingUp(snapshot: GroupSnapshot, nowMs: number): number {
  const observation = observeGroup(snapshot, nowMs);
  return capacityOf(observation.counted.filter((instance) => isWarmingUp(observation, instance)));
}

/**
 * A group's own metrics, one point each; the region publishes them every minute while the group has them enabled.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
 */
export function groupMetrics(snapshot: GroupSnapshot, nowMs: number): MetricDatum[] {
  const { group, instances } = snapshot;
  const { pending, inService, warm } = observeGroup(snapshot, nowMs);
  const count = (test: (state: GroupInstance['state']) => boolean): number => instances.filter(({ state }) => test(state)).length;
  const standby = count((state) => state === 'Standby');
  const terminating = count((state) => state.startsWith('Terminating'));
  const inState = (test: (state: GroupInstance['state']) => boolean): number => capacityOf(instances.filter(({ state }) => test(state)));
  const values: Record<string, number> = {
    GroupMinSize: group.minSize,
    GroupMaxSize: group.maxSize,
    GroupDesiredCapacity: group.desiredCapacity,
    GroupInServiceInstances: inService.length,
    GroupPendingInstances: pending.length,
    GroupStandbyInstances: standby,
    GroupTerminatingInstances: terminating,
    GroupTotalInstances: inService.length + pending.length + standby + terminating,
    GroupInServiceCapacity: capacityOf(inService),
    GroupPendingCapacity: capacityOf(pending),
    GroupStandbyCapacity: inState((state) => state === 'Standby'),
    GroupTerminatingCapacity: inState((state) => state.startsWith('Terminating')),
    GroupTotalCapacity: capacityOf([...inService, ...pending]) + inState((state) => state === 'Standby' || state.startsWith('Terminating')),
  };
  if (group.warmPool) {
    const warmed = warm.filter(({ state }) => state === 'Warmed:Stopped' || state === 'Warmed:Running').length;
    values['WarmPoolMinSize'] = group.warmPool.minSize;
    values['WarmPoolWarmedCapacity'] = warmed;
    values['WarmPoolPendingCapacity'] = warm.length - warmed;
    values['WarmPoolTotalCapacity'] = warm.length;
    values['GroupAndWarmPoolTotalCapacity'] = warm.length + inService.length + pending.length + standby + terminating;
  }
  const common = {
    namespace: 'AWS/AutoScaling',
    dimensions: { AutoScalingGroupName: group.name },
    unit: 'Count',
    timestampMs: nowMs,
  } as const;
  return Object.entries(values).map(([name, value]) => ({ ...common, name, value }));
}
