import type { AutoScaling, AutoScalingGroup as SdkGroup, CreateAutoScalingGroupType } from '@aws-sdk/client-auto-scaling';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { findLaunchTemplate } from '../ec2/launchTemplates.ts';
import { subnets } from '../ec2/resources.ts';
import { zonesOf } from '../ec2/zones.ts';
import { targetGroups } from '../elbv2/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { emptyGroup, heal, reconcile, timestamp } from './capacity.ts';
import { launchConfigurationFromInstance } from './launchConfigurations.ts';
import { describeTags, dropTags, filterByTags, setTags } from './tags.ts';
import {
  groups,
  hooks,
  launchConfigurations,
  membersOf,
  policies,
  requireGroup,
  scheduledActions,
  type Group,
  type Member,
} from './resources.ts';

const sources = ['LaunchConfigurationName', 'LaunchTemplate', 'InstanceId', 'MixedInstancesPolicy'] as const;

type Source = Pick<Plain<CreateAutoScalingGroupType>, (typeof sources)[number]>;

function checkSource(at: Place, input: Source): Partial<Group> {
  const given = sources.filter((key) => input[key] !== undefined);
  if (given.length !== 1) {
    throw new AwsError(
      'ValidationError',
      'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.',
    );
  }
  if (input.LaunchConfigurationName !== undefined && !at.table(launchConfigurations).has(input.LaunchConfigurationName)) {
    throw new AwsError(
      'ValidationError',
      `Launch configuration name not found - Launch configuration ${input.LaunchConfigurationName} not found`,
    );
  }
  if (input.LaunchConfigurationName !== undefined) return { LaunchConfigurationName: input.LaunchConfigurationName };
  if (input.LaunchTemplate !== undefined) return { LaunchTemplate: completeTemplate(at, input.LaunchTemplate) };
  const mixed = input.MixedInstancesPolicy;
  const specification = mixed?.LaunchTemplate?.LaunchTemplateSpecification;
  if (specification === undefined)
    throw new AwsError('ValidationError', 'Valid requests must contain either launchTemplateId or LaunchTemplateName');
  const overrides = mixed?.LaunchTemplate?.Overrides ?? [];
  return {
    MixedInstancesPolicy: {
      LaunchTemplate: { LaunchTemplateSpecification: completeTemplate(at, specification), Overrides: overrides },
      InstancesDistribution: { ...defaultDistribution, ...mixed?.InstancesDistribution },
    },
  };
}

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html */
const defaultDistribution = {
  OnDemandAllocationStrategy: 'prioritized',
  OnDemandBaseCapacity: 0,
  OnDemandPercentageAboveBaseCapacity: 100,
  SpotAllocationStrategy: 'lowest-price',
  SpotInstancePools: 2,
};

type Specification = NonNullable<Group['LaunchTemplate']>;

function completeTemplate(at: Place, specification: Specification): Specification {
  const { LaunchTemplateId, LaunchTemplateName, Version } = specification;
  if ((LaunchTemplateId === undefined) === (LaunchTemplateName === undefined)) {
    throw new AwsError('ValidationError', 'Valid requests must contain either launchTemplateId or LaunchTemplateName');
  }
  try {
    const template = findLaunchTemplate(at, specification);
    return { LaunchTemplateId: template.id, LaunchTemplateName: template.name, ...(Version === undefined ? {} : { Version }) };
  } catch (error) {
    if (error instanceof AwsError) throw new AwsError('ValidationError', error.message);
    throw error;
  }
}

/** Zones from the subnets that were asked for; both may be given if they agree. */
function placement(
  at: Place,
  vpcZones: string | undefined,
  zones: readonly string[] | undefined,
): { zones: string[]; VPCZoneIdentifier?: string } {
  const ids = (vpcZones ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  if (ids.length === 0) {
    if (zones === undefined || zones.length === 0)
      throw new AwsError('ValidationError', 'At least one Availability Zone or VPC Subnet is required.');
    const known = new Set(zonesOf(at.region).map(({ name }) => name));
    const unknown = zones.find((zone) => !known.has(zone));
    if (unknown !== undefined) throw new AwsError('ValidationError', `The availability zone '${unknown}' is not valid in this region.`);
    return { zones: [...zones] };
  }
  const found = ids.map((id) => {
    const subnet = at.table(subnets).get(id);
    if (subnet === undefined) throw new AwsError('ValidationError', `The subnet ID '${id}' does not exist`);
    return subnet;
  });
  const derived = [...new Set(found.map((subnet) => subnet.AvailabilityZone))];
  if (zones !== undefined && zones.length > 0 && zones.toSorted().join() !== derived.toSorted().join()) {
    throw new AwsError('ValidationError', 'The availability zones of the specified subnets and the Auto Scaling group do not match');
  }
  return { zones: derived, VPCZoneIdentifier: ids.join(',') };
}

function checkSizes(min: number, max: number, desired: number): void {
  if (min > max) throw new AwsError('ValidationError', `Max bound, ${max}, must be greater than or equal to min bound, ${min}`);
  if (desired < min)
    throw new AwsError('ValidationError', `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
  if (desired > max)
    throw new AwsError('ValidationError', `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
}

export function checkTargetGroups(at: Place, arns: readonly string[] | undefined): void {
  for (const arn of arns ?? []) {
    if (!at.table(targetGroups).has(arn))
      throw new AwsError('ValidationError', `Provided Target Groups may not be valid. Please ensure they exist and try again.`);
  }
}

export function describeMember(member: Member): NonNullable<SdkGroup['Instances']>[number] {
  return {
    InstanceId: member.instanceId,
    InstanceType: member.instanceType,
    AvailabilityZone: member.zone,
    LifecycleState: member.lifecycleState as never,
    HealthStatus: member.healthStatus,
    ProtectedFromScaleIn: member.protectedFromScaleIn,
    ...(member.launchConfiguration === undefined ? {} : { LaunchConfigurationName: member.launchConfiguration }),
    ...(member.launchTemplate === undefined ? {} : { LaunchTemplate: member.launchTemplate }),
  };
}

function describe(at: Place, group: Group): Plain<SdkGroup> {
  const { capacityCauses: _causes, ...shown } = group;
  return {
    ...shown,
    Instances: membersOf(at, group.AutoScalingGroupName).map(describeMember),
    Tags: describeTags(at, group.AutoScalingGroupName),
  };
}

/** Forgets a group and all that is its own. */
export function removeGroup(at: Place, name: string): void {
  for (const policy of at.table(policies).filter((one) => one.AutoScalingGroupName === name))
    at.table(policies).delete(`${name}/${policy.PolicyName}`);
  for (const action of at.table(scheduledActions).filter((one) => one.AutoScalingGroupName === name))
    at.table(scheduledActions).delete(`${name}/${action.ScheduledActionName}`);
  for (const hook of at.table(hooks).filter((one) => one.AutoScalingGroupName === name))
    at.table(hooks).delete(`${name}/${hook.LifecycleHookName}`);
  dropTags(at, name);
  at.table(groups).delete(name);
}

export const groupOperations: Operations<AutoScaling> = {
  CreateAutoScalingGroup(input, at) {
    const name = input.AutoScalingGroupName ?? '';
    if (at.table(groups).has(name))
      throw new AwsError('AlreadyExists', `AutoScalingGroup by this name already exists - A group with the name ${name} already exists`);
    const source =
      input.InstanceId === undefined || sources.filter((key) => input[key] !== undefined).length !== 1
        ? checkSource(at, input)
        : { LaunchConfigurationName: launchConfigurationFromInstance(at, name, input.InstanceId) };
    const { MinSize = 0, MaxSize = 0 } = input;
    const desired = input.DesiredCapacity ?? MinSize;
    checkSizes(MinSize, MaxSize, desired);
    checkTargetGroups(at, input.TargetGroupARNs);
    const { zones, VPCZoneIdentifier = '' } = placement(at, input.VPCZoneIdentifier, input.AvailabilityZones);
    const traffic = input.TrafficSources ?? [];
    const group = at.table(groups).put({
      AutoScalingGroupName: name,
      AutoScalingGroupARN: at.arn('autoscaling', `autoScalingGroup:${at.uuid()}:autoScalingGroupName/${name}`),
      ...source,
      MinSize,
      MaxSize,
      DesiredCapacity: desired,
      DefaultCooldown: input.DefaultCooldown ?? 300,
      AvailabilityZones: zones,
      LoadBalancerNames: input.LoadBalancerNames ?? [],
      TargetGroupARNs: [
        ...(input.TargetGroupARNs ?? []),
        ...traffic.filter(({ Type = 'elbv2' }) => Type === 'elbv2').map(({ Identifier = '' }) => Identifier),
      ],
      HealthCheckType: input.HealthCheckType ?? 'EC2',
      HealthCheckGracePeriod: input.HealthCheckGracePeriod ?? 300,
      CreatedTime: at.nowMs,
      SuspendedProcesses: [],
      VPCZoneIdentifier,
      EnabledMetrics: [],
      TerminationPolicies: input.TerminationPolicies ?? ['Default'],
      NewInstancesProtectedFromScaleIn: input.NewInstancesProtectedFromScaleIn ?? false,
      ServiceLinkedRoleARN:
        input.ServiceLinkedRoleARN ??
        `arn:${at.partition}:iam::${at.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
      CapacityRebalance: input.CapacityRebalance ?? false,
      TrafficSources: [],
      ...(input.PlacementGroup === undefined ? {} : { PlacementGroup: input.PlacementGroup }),
      ...(input.MaxInstanceLifetime === undefined ? {} : { MaxInstanceLifetime: input.MaxInstanceLifetime }),
      ...(input.DefaultInstanceWarmup === undefined ? {} : { DefaultInstanceWarmup: input.DefaultInstanceWarmup }),
      ...(input.Context === undefined ? {} : { Context: input.Context }),
      ...(input.DesiredCapacityType === undefined ? {} : { DesiredCapacityType: input.DesiredCapacityType }),
    });
    setTags(at, name, input.Tags ?? []);
    for (const hook of input.LifecycleHookSpecificationList ?? []) {
      at.table(hooks).put({
        HeartbeatTimeout: 3600,
        GlobalTimeout: 172_800,
        DefaultResult: 'ABANDON',
        ...hook,
        LifecycleHookName: hook.LifecycleHookName ?? '',
        AutoScalingGroupName: name,
      });
    }
    reconcile(at, group, `a user request created an AutoScalingGroup changing the desired capacity from 0 to ${desired}.`);
  },

  UpdateAutoScalingGroup(input, at) {
    const group = at.table(groups).get(input.AutoScalingGroupName);
    if (group === undefined) throw new AwsError('ValidationError', 'AutoScalingGroup name not found - null');
    const min = input.MinSize ?? group.MinSize;
    const max = input.MaxSize ?? group.MaxSize;
    const desired = input.DesiredCapacity ?? Math.min(max, Math.max(min, group.DesiredCapacity));
    // Where rules are not held strictly, the desired capacity may leave its bounds, as mocks let it.
    checkSizes(min, max, at.strict ? desired : min);
    const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Partial<Group>;
    const named = sources.some((key) => input[key as Exclude<typeof key, 'InstanceId'>] !== undefined);
    const { LaunchConfigurationName: _configuration, LaunchTemplate: _template, MixedInstancesPolicy: _mixed, ...rest } = group;
    const source = named
      ? checkSource(at, {
          LaunchConfigurationName: input.LaunchConfigurationName,
          LaunchTemplate: input.LaunchTemplate,
          MixedInstancesPolicy: input.MixedInstancesPolicy,
          InstanceId: undefined,
        })
      : {};
    const moved = input.VPCZoneIdentifier !== undefined || input.AvailabilityZones !== undefined;
    const where = moved ? placement(at, input.VPCZoneIdentifier, input.AvailabilityZones) : undefined;
    const changed = at.table(groups).put({
      ...(named ? rest : group),
      ...given,
      ...source,
      ...(where === undefined ? {} : { AvailabilityZones: where.zones, VPCZoneIdentifier: where.VPCZoneIdentifier ?? '' }),
      AutoScalingGroupName: group.AutoScalingGroupName,
      MinSize: min,
      MaxSize: max,
      DesiredCapacity: desired,
    });
    reconcile(
      at,
      changed,
      `a user request update of AutoScalingGroup constraints to min: ${min}, max: ${max}, desired: ${desired} changing the desired capacity from ${group.DesiredCapacity} to ${desired}.`,
    );
  },

  DescribeAutoScalingGroups({ AutoScalingGroupNames, Filters, NextToken, MaxRecords }, at) {
    heal(at);
    const named = at
      .table(groups)
      .filter(
        (group) =>
          AutoScalingGroupNames === undefined ||
          AutoScalingGroupNames.length === 0 ||
          AutoScalingGroupNames.includes(group.AutoScalingGroupName),
      );
    const found = filterByTags(at, named, Filters);
    const { items, next } = page(
      found,
      { token: NextToken, max: MaxRecords },
      { defaultMax: 50, nameOf: (group) => group.AutoScalingGroupName },
    );
    return { AutoScalingGroups: items.map((group) => describe(at, group)), NextToken: next };
  },

  DeleteAutoScalingGroup({ AutoScalingGroupName, ForceDelete = false }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const name = group.AutoScalingGroupName;
    if (!ForceDelete && membersOf(at, name).length > 0) {
      throw new AwsError(
        'ResourceInUse',
        'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.',
      );
    }
    emptyGroup(at, group);
    if (at.world.machinery.live && membersOf(at, name).length > 0)
      at.table(groups).patch(group, { Status: 'Delete in progress', MinSize: 0, DesiredCapacity: 0 });
    else removeGroup(at, name);
  },

  SetDesiredCapacity({ AutoScalingGroupName, DesiredCapacity = 0 }, at) {
    setDesiredCapacity(at, requireGroup(at, AutoScalingGroupName), DesiredCapacity, 'a user request explicitly set group desired capacity');
  },

  SuspendProcesses({ AutoScalingGroupName, ScalingProcesses }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const names = ScalingProcesses?.length ? ScalingProcesses : processTypes;
    const held = (group.SuspendedProcesses ?? []).filter(({ ProcessName = '' }) => !names.includes(ProcessName));
    const suspended = names.map((ProcessName) => ({
      ProcessName,
      SuspensionReason: at.strict ? `User suspended at ${timestamp(at)}` : '',
    }));
    at.table(groups).patch(group, { SuspendedProcesses: [...held, ...suspended] });
  },

  ResumeProcesses({ AutoScalingGroupName, ScalingProcesses }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const kept = ScalingProcesses?.length
      ? (group.SuspendedProcesses ?? []).filter(({ ProcessName = '' }) => !ScalingProcesses.includes(ProcessName))
      : [];
    at.table(groups).patch(group, { SuspendedProcesses: kept });
  },

  EnableMetricsCollection({ AutoScalingGroupName, Metrics, Granularity = '1Minute' }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    const names = Metrics?.length ? Metrics : metricNames;
    const held = (group.EnabledMetrics ?? []).filter(({ Metric = '' }) => !names.includes(Metric));
    at.table(groups).patch(group, { EnabledMetrics: [...held, ...names.map((Metric) => ({ Metric, Granularity }))] });
  },

  DisableMetricsCollection({ AutoScalingGroupName, Metrics }, at) {
    const group = requireGroup(at, AutoScalingGroupName);
    at.table(groups).patch(group, {
      EnabledMetrics: Metrics?.length ? (group.EnabledMetrics ?? []).filter(({ Metric = '' }) => !Metrics.includes(Metric)) : [],
    });
  },

  DescribeScalingProcessTypes: () => ({ Processes: processTypes.map((ProcessName) => ({ ProcessName })) }),
  DescribeTerminationPolicyTypes: () => ({
    TerminationPolicyTypes: [
      'AllocationStrategy',
      'ClosestToNextInstanceHour',
      'Default',
      'NewestInstance',
      'OldestInstance',
      'OldestLaunchConfiguration',
      'OldestLaunchTemplate',
    ],
  }),
  DescribeAdjustmentTypes: () => ({
    AdjustmentTypes: ['ChangeInCapacity', 'ExactCapacity', 'PercentChangeInCapacity'].map((AdjustmentType) => ({ AdjustmentType })),
  }),
  DescribeAutoScalingNotificationTypes: () => ({
    AutoScalingNotificationTypes: [
      'EC2_INSTANCE_LAUNCH',
      'EC2_INSTANCE_LAUNCH_ERROR',
      'EC2_INSTANCE_TERMINATE',
      'EC2_INSTANCE_TERMINATE_ERROR',
      'TEST_NOTIFICATION',
    ].map((name) => `autoscaling:${name}`),
  }),
  DescribeMetricCollectionTypes: () => ({
    Metrics: metricNames.map((Metric) => ({ Metric })),
    Granularities: [{ Granularity: '1Minute' }],
  }),
  DescribeAccountLimits: (_input, at) => ({
    MaxNumberOfAutoScalingGroups: 500,
    MaxNumberOfLaunchConfigurations: 200,
    NumberOfAutoScalingGroups: at.table(groups).size,
    NumberOfLaunchConfigurations: at.table(launchConfigurations).size,
  }),
};

const processTypes = [
  'AddToLoadBalancer',
  'AlarmNotification',
  'AZRebalance',
  'HealthCheck',
  'InstanceRefresh',
  'Launch',
  'ReplaceUnhealthy',
  'ScheduledActions',
  'Terminate',
];
const metricNames = [
  'GroupMinSize',
  'GroupMaxSize',
  'GroupDesiredCapacity',
  'GroupInServiceInstances',
  'GroupPendingInstances',
  'GroupStandbyInstances',
  'GroupTerminatingInstances',
  'GroupTotalInstances',
];

export function setDesiredCapacity(at: Place, group: Group, desired: number, why: string): void {
  if (at.strict && desired < group.MinSize)
    throw new AwsError(
      'ValidationError',
      `New SetDesiredCapacity value ${desired} is below min value ${group.MinSize} for the AutoScalingGroup.`,
    );
  if (at.strict && desired > group.MaxSize)
    throw new AwsError(
      'ValidationError',
      `New SetDesiredCapacity value ${desired} is above max value ${group.MaxSize} for the AutoScalingGroup.`,
    );
  const changed = at.table(groups).patch(group, { DesiredCapacity: desired });
  reconcile(at, changed, `${why} changing the desired capacity from ${group.DesiredCapacity} to ${desired}.`);
}
