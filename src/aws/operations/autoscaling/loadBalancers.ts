import type { AutoScaling } from '@aws-sdk/client-auto-scaling';
import type { Place } from '../../state/place.ts';
import { targetGroups } from '../elbv2/resources.ts';
import { deregisterTargets, registerTargets } from '../elbv2/targets.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { lifeOf } from './capacity.ts';
import { checkTargetGroups } from './groups.ts';
import { groups, members, membersOf, requireGroup, type Group } from './resources.ts';

function attach(at: Place, group: Group, arns: readonly string[]): void {
  checkTargetGroups(at, arns);
  at.table(groups).patch(group, { TargetGroupARNs: [...new Set([...(group.TargetGroupARNs ?? []), ...arns])] });
  const inService = membersOf(at, group.AutoScalingGroupName).filter(({ lifecycleState }) => lifecycleState === 'InService');
  const ids = inService.map(({ instanceId }) => ({ Id: instanceId }));
  for (const arn of arns) registerTargets(at, arn, ids);
  if (!at.world.machinery.live || arns.length === 0) return;
  for (const member of inService) at.table(members).patch(member, { life: { ...lifeOf(member), registration: 'registered' } });
}

function detach(at: Place, group: Group, arns: readonly string[]): void {
  at.table(groups).patch(group, { TargetGroupARNs: (group.TargetGroupARNs ?? []).filter((arn) => !arns.includes(arn)) });
  for (const arn of arns) {
    if (at.table(targetGroups).has(arn))
      deregisterTargets(
        at,
        arn,
        membersOf(at, group.AutoScalingGroupName).map(({ instanceId }) => ({ Id: instanceId })),
      );
  }
}

/** A traffic source of type elbv2 is a target group by another name. */
const identifiers = (sources: readonly { Identifier?: string | undefined }[] | undefined): string[] =>
  (sources ?? []).map(({ Identifier = '' }) => Identifier);

export const loadBalancerOperations: Operations<AutoScaling> = {
  AttachLoadBalancerTargetGroups({ AutoScalingGroupName, TargetGroupARNs = [] }, at) {
    attach(at, requireGroup(at, AutoScalingGroupName), TargetGroupARNs);
    return {};
  },

  DetachLoadBalancerTargetGroups({ AutoScalingGroupName, TargetGroupARNs = [] }, at) {
    detach(at, requireGroup(at, AutoScalingGroupName), TargetGroupARNs);
    return {};
  },

  DescribeLoadBalancerTargetGroups({ AutoScalingGroupName, NextToken, MaxRecords }, at) {
    const { items, next } = page(
      requireGroup(at, AutoScalingGroupName).TargetGroupARNs ?? [],
      { token: NextToken, max: MaxRecords },
      { defaultMax: 100 },
    );
    return {
      LoadBalancerTargetGroups: items.map((LoadBalancerTargetGroupARN) => ({ LoadBalancerTargetGroupARN, State: 'InService' })),
      NextToken: next,
    };
  },

  AttachTrafficSources({ AutoScalingGroupName, TrafficSources }, at) {
    attach(at, requireGroup(at, AutoScalingGroupName), identifiers(TrafficSources));
    return {};
  },

  DetachTrafficSources({ AutoScalingGroupName, TrafficSources }, at) {
    detach(at, requireGroup(at, AutoScalingGroupName), identifiers(TrafficSources));
    return {};
  },

  DescribeTrafficSources({ AutoScalingGroupName, NextToken, MaxRecords }, at) {
    const { items, next } = page(
      requireGroup(at, AutoScalingGroupName).TargetGroupARNs ?? [],
      { token: NextToken, max: MaxRecords },
      { defaultMax: 50 },
    );
    return {
      TrafficSources: items.map((Identifier) => ({ Identifier, TrafficSource: Identifier, Type: 'elbv2', State: 'InService' })),
      NextToken: next,
    };
  },

  DescribeLoadBalancers({ AutoScalingGroupName }, at) {
    return {
      LoadBalancers: (requireGroup(at, AutoScalingGroupName).LoadBalancerNames ?? []).map((LoadBalancerName) => ({
        LoadBalancerName,
        State: 'InService',
      })),
    };
  },

  AttachLoadBalancers({ AutoScalingGroupName, LoadBalancerNames = [] }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    at.table(groups).patch(group, { LoadBalancerNames: [...new Set([...(group.LoadBalancerNames ?? []), ...LoadBalancerNames])] });
    return {};
  },

  DetachLoadBalancers({ AutoScalingGroupName, LoadBalancerNames = [] }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    at.table(groups).patch(group, {
      LoadBalancerNames: (group.LoadBalancerNames ?? []).filter((name) => !LoadBalancerNames.includes(name)),
    });
    return {};
  },
};
