import {
  groupMembers,
  instances,
  instanceRefreshes,
  lifecycleHooks,
  lifeOf,
  templateVersionOf,
  type AutoScalingGroupResource,
  type GroupMemberResource,
  type Place,
} from '../../aws/index.ts';
import type {
  AutoScalingGroup,
  GroupInstance,
  InstanceState,
  LifecycleHook,
  ScalingProcess,
  TerminationPolicy,
} from '../../model/index.ts';

/** What the load balancers say of an instance of the group. */
export type TargetHealthOf = (instanceId: string) => GroupInstance['targetHealth'];

/** A group as its controller decides on it. Spans are region time. */
export function modelGroup(at: Place, group: AutoScalingGroupResource): AutoScalingGroup {
  const refresh = at
    .table(instanceRefreshes)
    .find((one) => one.AutoScalingGroupName === group.AutoScalingGroupName && (one.Status === 'Pending' || one.Status === 'InProgress'));
  // A group that is being deleted wants nothing any more, whatever still changes its sizes.
  const deleted = group.Status === 'Delete in progress';
  const warm = deleted ? undefined : group.WarmPoolConfiguration;
  const templateVersion = templateVersionOf(at, group);
  const lifetimeS = group.MaxInstanceLifetime ?? 0;
  return {
    name: group.AutoScalingGroupName,
    minSize: deleted ? 0 : group.MinSize,
    maxSize: deleted ? 0 : group.MaxSize,
    desiredCapacity: deleted ? 0 : group.DesiredCapacity,
    zones: group.AvailabilityZones,
    templateVersion,
    launchWeight: weightOf(group, launchTypeOf(group)),
    targetGroupIds: group.TargetGroupARNs ?? [],
    healthCheckType: (group.HealthCheckType ?? '').includes('ELB') ? 'ELB' : 'EC2',
    healthCheckGracePeriodMs: (group.HealthCheckGracePeriod ?? 0) * 1000,
    instanceWarmupMs: (group.DefaultInstanceWarmup ?? refresh?.Preferences?.InstanceWarmup ?? group.DefaultCooldown ?? 300) * 1000,
    terminationPolicies: (group.TerminationPolicies ?? ['Default']) as TerminationPolicy[],
    hooks: at
      .table(lifecycleHooks)
      .filter((hook) => hook.AutoScalingGroupName === group.AutoScalingGroupName)
      .map((hook): LifecycleHook => ({
        name: hook.LifecycleHookName,
        transition: hook.LifecycleTransition as LifecycleHook['transition'],
        heartbeatTimeoutMs: (hook.HeartbeatTimeout ?? 3600) * 1000,
        defaultResult: hook.DefaultResult === 'CONTINUE' ? 'CONTINUE' : 'ABANDON',
      })),
    suspendedProcesses: (group.SuspendedProcesses ?? []).map(({ ProcessName }) => ProcessName as ScalingProcess),
    ...(lifetimeS > 0 ? { maxInstanceLifetimeMs: lifetimeS * 1000 } : {}),
    ...(warm === undefined
      ? {}
      : {
          warmPool: {
            minSize: warm.MinSize ?? 0,
            state: warm.PoolState === 'Running' ? 'Running' : 'Stopped',
            ...(warm.MaxGroupPreparedCapacity === undefined ? {} : { maxGroupPreparedCapacity: warm.MaxGroupPreparedCapacity }),
          },
        }),
    ...(refresh === undefined
      ? {}
      : {
          refresh: {
            id: refresh.InstanceRefreshId,
            templateVersion,
            minHealthyPercentage: refresh.Preferences?.MinHealthyPercentage ?? 90,
            maxHealthyPercentage: refresh.Preferences?.MaxHealthyPercentage ?? 100,
            startedAtMs: refresh.StartTime ?? 0,
          },
        }),
  };
}

const overridesOf = (group: AutoScalingGroupResource) => group.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [];

/** The instance type of the next launch, where overrides name one: the first, as with the strategy `prioritized`. */
function launchTypeOf(group: AutoScalingGroupResource): string | undefined {
  return overridesOf(group)[0]?.InstanceType;
}

/** Units of capacity of an instance type; 1 where no override weighs it. */
function weightOf(group: AutoScalingGroupResource, instanceType: string | undefined): number {
  return Number(overridesOf(group).find(({ InstanceType }) => InstanceType === instanceType)?.WeightedCapacity ?? 1);
}

export function membersOf(at: Place, groupName: string): GroupMemberResource[] {
  return at.table(groupMembers).filter((member) => member.group === groupName);
}

export function modelInstance(
  at: Place,
  member: GroupMemberResource,
  group: AutoScalingGroupResource,
  { refresh }: Pick<AutoScalingGroup, 'refresh'>,
  targetHealthOf: TargetHealthOf,
): GroupInstance {
  const life = lifeOf(member);
  const version = member.launchConfiguration ?? `${member.launchTemplate?.LaunchTemplateId ?? ''}:${member.launchTemplate?.Version ?? ''}`;
  // A refresh replaces what was there when it began, also where the version is the same.
  const outdated = refresh !== undefined && life.launchedAtMs < refresh.startedAtMs;
  return {
    id: member.instanceId,
    state: member.lifecycleState as InstanceState,
    zone: member.zone,
    templateVersion: outdated ? `before ${refresh.id}` : version,
    launchedAtMs: life.launchedAtMs,
    machine: machineOf(at, member.instanceId),
    targetHealth: life.registration === 'registered' ? targetHealthOf(member.instanceId) : 'UNKNOWN',
    protectedFromScaleIn: member.protectedFromScaleIn,
    weight: weightOf(group, member.instanceType),
    registration: life.registration,
    hooksDone: life.hooksDone,
    ...(life.inServiceAtMs === undefined ? {} : { inServiceAtMs: life.inServiceAtMs }),
    ...(life.setHealth === undefined ? {} : { setHealth: life.setHealth }),
    ...(life.hook === undefined ? {} : { hook: life.hook }),
  };
}

function machineOf(at: Place, instanceId: string): GroupInstance['machine'] {
  switch (at.table(instances).get(instanceId)?.state) {
    case 'pending':
      return 'starting';
    case 'running':
      return 'running';
    case 'stopping':
    case 'stopped':
      return 'stopped';
    default:
      return 'gone';
  }
}
