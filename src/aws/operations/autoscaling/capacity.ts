import type { Place } from '../../state/place.ts';
import { nextInstanceState, type InstanceEvent, type InstanceState } from '../../../model/index.ts';
import { instances, subnets } from '../ec2/resources.ts';
import { terminate } from '../ec2/instances.ts';
import { launch } from '../ec2/launch.ts';
import { resolveLaunchTemplate } from '../ec2/launchTemplates.ts';
import type { LaunchInput } from '../ec2/launchInput.ts';
import { setTags } from '../ec2/tagSets.ts';
import { deregisterTargets, registerTargets } from '../elbv2/targets.ts';
import { targetGroups } from '../elbv2/resources.ts';
import { tagsOf } from './tags.ts';
import { activities, groups, launchConfigurations, members, type Activity, type Group, type Member, type MemberLife } from './resources.ts';

/** AWS keeps six weeks of activities; the newest of a group are what anybody reads. */
const activitiesMax = 100;

/** Subnet or zone for the next instance: the one with the fewest members. */
function nextPlacement(at: Place, group: Group): { SubnetId?: string; zone: string } {
  const inGroup = at.table(members).filter((member) => member.group === group.AutoScalingGroupName);
  const count = (zone: string): number => inGroup.filter((member) => member.zone === zone).length;
  const ids = (group.VPCZoneIdentifier ?? '').split(',').filter((id) => id !== '');
  const choices =
    ids.length > 0
      ? ids.map((SubnetId) => ({ SubnetId, zone: at.table(subnets).get(SubnetId)?.AvailabilityZone ?? '' }))
      : group.AvailabilityZones.map((zone) => ({ zone }));
  return choices.reduce((best, one) => (count(one.zone) < count(best.zone) ? one : best));
}

function launchInput(at: Place, group: Group): { input: LaunchInput; origin: Pick<Member, 'launchConfiguration' | 'launchTemplate'> } {
  const configuration = at.table(launchConfigurations).get(group.LaunchConfigurationName ?? '');
  if (configuration !== undefined) {
    return {
      input: {
        MinCount: 1,
        MaxCount: 1,
        ImageId: configuration.ImageId,
        InstanceType: configuration.InstanceType as LaunchInput['InstanceType'],
        KeyName: configuration.KeyName === '' ? undefined : configuration.KeyName,
        UserData: configuration.UserData,
        SecurityGroupIds: (configuration.SecurityGroups ?? []).filter((id) => id.startsWith('sg-')),
        SecurityGroups: (configuration.SecurityGroups ?? []).filter((id) => !id.startsWith('sg-')),
        BlockDeviceMappings: (configuration.BlockDeviceMappings ?? []).map(({ DeviceName, VirtualName, Ebs }) => ({
          DeviceName,
          VirtualName,
          Ebs,
        })) as LaunchInput['BlockDeviceMappings'],
        IamInstanceProfile:
          configuration.IamInstanceProfile === undefined
            ? undefined
            : configuration.IamInstanceProfile.startsWith('arn:')
              ? { Arn: configuration.IamInstanceProfile }
              : { Name: configuration.IamInstanceProfile },
        MetadataOptions: configuration.MetadataOptions,
      },
      origin: { launchConfiguration: configuration.LaunchConfigurationName },
    };
  }
  const template = group.LaunchTemplate ?? group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification ?? {};
  const override = group.MixedInstancesPolicy?.LaunchTemplate?.Overrides?.[0]?.InstanceType;
  return {
    input: {
      MinCount: 1,
      MaxCount: 1,
      LaunchTemplate: { LaunchTemplateId: template.LaunchTemplateId, Version: template.Version },
      ...(override === undefined ? {} : { InstanceType: override as LaunchInput['InstanceType'] }),
    },
    origin: { launchTemplate: { ...template, Version: String(resolveLaunchTemplate(at, template).version) } },
  };
}

/** `running`: it is only beginning, and is closed by `closeActivity`. */
export function logActivity(at: Place, group: Group, description: string, cause: string, running = false): Activity {
  const name = group.AutoScalingGroupName;
  const old = at.table(activities).filter((one) => one.AutoScalingGroupName === name);
  if (old.length >= activitiesMax) at.table(activities).delete(old[0]!.ActivityId);
  return at.table(activities).put({
    ActivityId: at.uuid(),
    AutoScalingGroupName: name,
    AutoScalingGroupARN: group.AutoScalingGroupARN,
    Description: description,
    Cause: /^At \d{4}-/.test(cause) ? cause : `At ${timestamp(at)} ${cause}`,
    StartTime: at.nowMs,
    ...(running ? { StatusCode: 'InProgress', Progress: 50 } : { EndTime: at.nowMs, StatusCode: 'Successful', Progress: 100 }),
    Details: JSON.stringify({ 'Subnet ID': group.VPCZoneIdentifier, 'Availability Zone': group.AvailabilityZones[0] }),
  });
}

export function closeActivity(
  at: Place,
  id: string | undefined,
  status: 'Successful' | 'Failed' | 'Cancelled' = 'Successful',
  message?: string,
): void {
  const activity = at.table(activities).get(id);
  if (activity === undefined || activity.EndTime !== undefined) return;
  const said = message === undefined ? {} : { StatusMessage: message };
  at.table(activities).patch(activity, { StatusCode: status, Progress: 100, EndTime: at.nowMs, ...said });
}

/** `2026-01-01T00:00:00Z`, as causes of activities write it. */
export function timestamp(at: Place): string {
  return new Date(at.nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function addMember(
  at: Place,
  group: Group,
  instanceId: string,
  origin: Pick<Member, 'launchConfiguration' | 'launchTemplate'> = {},
): void {
  const instance = at.table(instances).get(instanceId)!;
  const { live } = at.world.machinery;
  at.table(members).put({
    group: group.AutoScalingGroupName,
    instanceId,
    instanceType: instance.InstanceType ?? '',
    zone: instance.Placement?.AvailabilityZone ?? '',
    lifecycleState: live ? 'Pending' : 'InService',
    ...(live ? { life: { launchedAtMs: instance.LaunchTime ?? at.nowMs, registration: 'none', hooksDone: [] } } : {}),
    healthStatus: 'Healthy',
    protectedFromScaleIn: group.NewInstancesProtectedFromScaleIn ?? false,
    ...origin,
  });
  setTags(at, instanceId, [{ Key: 'aws:autoscaling:groupName', Value: group.AutoScalingGroupName }]);
  if (live) return;
  for (const arn of group.TargetGroupARNs ?? []) if (at.table(targetGroups).has(arn)) registerTargets(at, arn, [{ Id: instanceId }]);
}

/** Launches an instance of a group's template; it is not a member yet. */
function launchInstance(at: Place, group: Group, { SubnetId, zone }: { SubnetId?: string | undefined; zone: string }) {
  const { input, origin } = launchInput(at, group);
  const where = SubnetId === undefined ? { Placement: { AvailabilityZone: zone } } : { SubnetId };
  const propagated = tagsOf(at, group.AutoScalingGroupName).filter(({ PropagateAtLaunch }) => PropagateAtLaunch);
  const Tags = propagated.map(({ Key, Value }) => ({ Key, Value }));
  const [instance] = launch(at, { ...input, ...where, TagSpecifications: [{ ResourceType: 'instance', Tags }] }, at.id('r'));
  return { instance: instance!, origin };
}

function launchOne(at: Place, group: Group, cause: string, from: number): void {
  const { instance, origin } = launchInstance(at, group, nextPlacement(at, group));
  addMember(at, group, instance.InstanceId, origin);
  logActivity(
    at,
    group,
    `Launching a new EC2 instance: ${instance.InstanceId}`,
    `${cause}  At ${timestamp(at)} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${from} to ${from + 1}.`,
  );
}

/** The version of a template that a new instance is made from: what tells instances of different versions apart. */
export function templateVersionOf(at: Place, group: Group): string {
  if (group.LaunchConfigurationName !== undefined) return group.LaunchConfigurationName;
  const reference = group.LaunchTemplate ?? group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification ?? {};
  const { id, version } = resolveLaunchTemplate(at, reference);
  return `${id}:${version}`;
}

/** Launches an instance in a zone and takes it into a group that really runs. */
export function launchMember(at: Place, group: Group, zone: string, lifecycleState: 'Pending' | 'Warmed:Pending', cause: string): Member {
  const ids = (group.VPCZoneIdentifier ?? '').split(',').filter((id) => id !== '');
  const SubnetId = ids.find((id) => at.table(subnets).get(id)?.AvailabilityZone === zone);
  const version = templateVersionOf(at, group);
  const { instance, origin } = launchInstance(at, group, { SubnetId, zone });
  setTags(at, instance.InstanceId, [{ Key: 'aws:autoscaling:groupName', Value: group.AutoScalingGroupName }]);
  const activity = logActivity(at, group, `Launching a new EC2 instance: ${instance.InstanceId}`, cause, true);
  return at.table(members).put({
    group: group.AutoScalingGroupName,
    instanceId: instance.InstanceId,
    instanceType: instance.InstanceType ?? '',
    zone,
    lifecycleState,
    healthStatus: 'Healthy',
    protectedFromScaleIn: group.NewInstancesProtectedFromScaleIn ?? false,
    ...origin,
    ...(origin.launchTemplate === undefined ? {} : { launchTemplate: { ...origin.launchTemplate, Version: version.split(':')[1] } }),
    life: { launchedAtMs: at.nowMs, registration: 'none', hooksDone: [], activityId: activity.ActivityId },
  });
}

/** What happens to a member of a group that really runs; its controller does the rest. */
export function tellMember(at: Place, member: Member, event: InstanceEvent, life: Partial<MemberLife> = {}): Member {
  const state = nextInstanceState(member.lifecycleState as InstanceState, event) ?? member.lifecycleState;
  return at.table(members).patch(member, { lifecycleState: state, life: { ...lifeOf(member), ...life } });
}

export function lifeOf(member: Member): MemberLife {
  return member.life ?? { launchedAtMs: 0, registration: 'none', hooksDone: [] };
}

/** Why the desired capacity has changed: opens the causes of the activities that follow. */
function noteCause(at: Place, group: Group, cause: string): void {
  const said = /^At \d{4}-/.test(cause) ? cause : `At ${timestamp(at)} ${cause}`;
  at.table(groups).patch(group, { capacityCauses: [...(group.capacityCauses ?? []), said].slice(-causesMax) });
}

const causesMax = 5;

/** Takes an instance out of its group and its target groups, and leaves it running. */
export function removeMember(at: Place, group: Group, instanceId: string): void {
  const member = at.table(members).get(instanceId);
  if (at.world.machinery.live && member !== undefined) {
    tellMember(at, member, 'detach');
    return;
  }
  at.table(members).delete(instanceId);
  for (const arn of group.TargetGroupARNs ?? []) deregisterTargets(at, arn, [{ Id: instanceId }]);
}

export function terminateMember(at: Place, group: Group, member: Member, cause: string): Activity {
  if (at.world.machinery.live) {
    const activity = logActivity(at, group, `Terminating EC2 instance: ${member.instanceId}`, cause, true);
    tellMember(at, member, 'terminate', { hook: undefined, hooksDone: [], activityId: activity.ActivityId });
    return activity;
  }
  removeMember(at, group, member.instanceId);
  const instance = at.table(instances).get(member.instanceId);
  if (instance !== undefined) terminate(at, instance);
  return logActivity(at, group, `Terminating EC2 instance: ${member.instanceId}`, cause);
}

/** The first to go: not protected, in the zone with most members, oldest first (the default policy's order). */
function surplus(all: readonly Member[], count: number): Member[] {
  const left = all.filter((member) => !member.protectedFromScaleIn && member.lifecycleState === 'InService');
  const gone: Member[] = [];
  while (gone.length < count && left.length > 0) {
    const inZone = (zone: string): number => left.filter((member) => member.zone === zone).length;
    const next = left.reduce((best, one) => (inZone(one.zone) > inZone(best.zone) ? one : best));
    left.splice(left.indexOf(next), 1);
    gone.push(next);
  }
  return gone;
}

/** Members whose instance was stopped or terminated behind the group's back are replaced. */
function dropDead(at: Place, group: Group): void {
  for (const member of at.table(members).filter((one) => one.group === group.AutoScalingGroupName)) {
    const state = at.table(instances).get(member.instanceId)?.state;
    if (state !== 'running' && state !== 'pending' && member.lifecycleState !== 'Standby') removeMember(at, group, member.instanceId);
  }
}

/**
 * How many instances make up the desired capacity. An override's weight says what one of its instances counts; the part
 * that is bought on demand and the part that is bought on the spot are each rounded up to whole instances.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups-instance-weighting.html
 */
function sizeFor({ DesiredCapacity: desired, MixedInstancesPolicy: mixed }: Group): number {
  const weight = Number(mixed?.LaunchTemplate?.Overrides?.[0]?.WeightedCapacity ?? 1);
  const { OnDemandBaseCapacity = 0, OnDemandPercentageAboveBaseCapacity = 100 } = mixed?.InstancesDistribution ?? {};
  const base = Math.min(desired, OnDemandBaseCapacity);
  const onDemand = base + Math.ceil(((desired - base) * OnDemandPercentageAboveBaseCapacity) / 100);
  return Math.ceil(onDemand / weight) + Math.ceil((desired - onDemand) / weight);
}

/** Brings a group to its desired capacity, at once. */
export function reconcile(at: Place, group: Group, cause: string): void {
  if (at.world.machinery.live) return noteCause(at, group, cause);
  dropDead(at, group);
  const inGroup = at.table(members).filter((member) => member.group === group.AutoScalingGroupName && member.lifecycleState !== 'Standby');
  const suspended = new Set((group.SuspendedProcesses ?? []).map(({ ProcessName }) => ProcessName));
  const wanted = sizeFor(group);
  if (!suspended.has('Launch')) for (let size = inGroup.length; size < wanted; size++) launchOne(at, group, cause, size);
  if (suspended.has('Terminate')) return;
  let size = inGroup.length;
  for (const member of surplus(inGroup, inGroup.length - wanted)) {
    terminateMember(
      at,
      group,
      member,
      `${cause}  At ${timestamp(at)} an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${size} to ${size - 1}.`,
    );
    size--;
  }
}

/** Replaces what ended behind its group's back; in the control plane alone a group is looked after when somebody looks at it. */
export function heal(at: Place): void {
  if (at.world.machinery.live) return;
  const dead = at.table(members).filter((member) => {
    const state = at.table(instances).get(member.instanceId)?.state;
    return member.lifecycleState !== 'Standby' && state !== 'running' && state !== 'pending';
  });
  for (const name of new Set(dead.map((member) => member.group))) {
    const group = at.table(groups).get(name);
    if (group !== undefined)
      reconcile(
        at,
        group,
        'an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.',
      );
  }
}

/** Ends all of a group's instances. */
export function emptyGroup(at: Place, group: Group): void {
  for (const member of at.table(members).filter((one) => one.group === group.AutoScalingGroupName))
    terminateMember(at, group, member, 'a user request deleted the AutoScalingGroup.');
  if (at.world.machinery.live) return;
  for (const activity of at.table(activities).filter((one) => one.AutoScalingGroupName === group.AutoScalingGroupName))
    at.table(activities).delete(activity.ActivityId);
}
