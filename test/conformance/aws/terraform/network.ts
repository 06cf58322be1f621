/** Security groups, instances, load balancers and launch templates, as Terraform's AWS provider manages them. */
import assert from 'node:assert/strict';
import type { IpPermission } from '@aws-sdk/client-ec2';
import { codeOf, stable, until, type Managed, type Provider } from './provider.ts';

const anywhere = [{ CidrIp: '0.0.0.0/0' }];

/** An ingress rule of one TCP port, open to all. */
export const tcp = (port: number): IpPermission => ({ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: anywhere });
const allEgress: IpPermission = { IpProtocol: '-1', IpRanges: anywhere };

export interface SecurityGroup extends Managed {
  readonly vpcId: string;
  /** Replaces the ingress rules by others, and one tag. */
  update(from: IpPermission[], to: IpPermission[]): Promise<void>;
}

export async function securityGroup({ ec2 }: Provider, name: string, ingress: IpPermission[]): Promise<SecurityGroup> {
  const Tags = [{ Key: 'Name', Value: name }];
  const TagSpecifications = [{ ResourceType: 'security-group' as const, Tags }];
  const made = await ec2.createSecurityGroup({ GroupName: name, Description: 'Managed by Terraform', TagSpecifications });
  const GroupId = made.GroupId!;
  const find = () => ec2.describeSecurityGroups({ GroupIds: [GroupId] });
  await until(name, 1, async () => (await find()).SecurityGroups!.length);
  // AWS's own egress rules go first: the one of IPv6 exists only in VPCs that have it, and is tried all the same.
  await ec2.revokeSecurityGroupEgress({ GroupId, IpPermissions: [{ ...allEgress, FromPort: 0, ToPort: 0 }] });
  const six = { IpProtocol: '-1', FromPort: 0, ToPort: 0, Ipv6Ranges: [{ CidrIpv6: '::/0' }] };
  assert.equal(await codeOf(ec2.revokeSecurityGroupEgress({ GroupId, IpPermissions: [six] })), 'InvalidPermission.NotFound');
  await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: ingress });
  await ec2.authorizeSecurityGroupEgress({ GroupId, IpPermissions: [allEgress] });
  const read = async () => stable(await find());
  const group = (await find()).SecurityGroups![0]!;
  assert.deepEqual([group.IpPermissions!.length, group.IpPermissionsEgress!.length, group.Tags], [ingress.length, 1, Tags]);
  return {
    name,
    id: GroupId,
    vpcId: group.VpcId!,
    read,
    async update(from, to) {
      await ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: from });
      await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: to });
      await ec2.deleteTags({ Resources: [GroupId], Tags: [{ Key: 'Name' }] });
      await ec2.createTags({ Resources: [GroupId], Tags: [{ Key: 'Name', Value: `${name}-2` }] });
      const [after] = (await find()).SecurityGroups!;
      assert.deepEqual(
        [after!.IpPermissions!.map(({ FromPort }) => FromPort), after!.Tags![0]!.Value],
        [to.map((one) => one.FromPort), `${name}-2`],
      );
    },
    async destroy() {
      const Filters = [{ Name: 'group-id', Values: [GroupId] }];
      await until(`interfaces of ${name}`, 0, async () => (await ec2.describeNetworkInterfaces({ Filters })).NetworkInterfaces!.length);
      await ec2.deleteSecurityGroup({ GroupId });
      await until(name, 'InvalidGroup.NotFound', () => codeOf(find()));
    },
  };
}

export interface Instance extends Managed {
  readonly publicIp: string | undefined;
  /** New user data: the instance is stopped for it and started again. */
  update(userData: string): Promise<void>;
}

export async function instance({ ec2 }: Provider, name: string, groupName: string, userData: string): Promise<Instance> {
  const ImageId = 'ami-04902260ca3d33422';
  const { Instances } = await ec2.runInstances({
    ImageId,
    InstanceType: 't2.micro',
    MinCount: 1,
    MaxCount: 1,
    ClientToken: `terraform-${name}`,
    SecurityGroups: [groupName],
    UserData: Buffer.from(userData).toString('base64'),
    TagSpecifications: [
      { ResourceType: 'instance', Tags: [{ Key: 'Name', Value: name }] },
      { ResourceType: 'volume', Tags: [{ Key: 'Name', Value: name }] },
    ],
  });
  const InstanceId = Instances![0]!.InstanceId!;
  const InstanceIds = [InstanceId];
  const find = async () => (await ec2.describeInstances({ InstanceIds })).Reservations![0]!.Instances![0]!;
  const reached = (state: string) => until(name, state, async () => (await find()).State!.Name as string);
  await reached('running');
  const attribute = async (Attribute: 'disableApiStop' | 'disableApiTermination' | 'instanceInitiatedShutdownBehavior' | 'userData') =>
    stable(await ec2.describeInstanceAttribute({ InstanceId, Attribute }));
  const read = async () => {
    const found = await find();
    const Filters = [{ Name: 'attachment.instance-id', Values: InstanceIds }];
    return [
      found,
      stable(await ec2.describeInstanceTypes({ InstanceTypes: ['t2.micro'] })),
      stable(await ec2.describeVolumes({ Filters })),
      stable(await ec2.describeTags({ Filters: [{ Name: 'resource-id', Values: [found.BlockDeviceMappings![0]!.Ebs!.VolumeId!] }] })),
      await attribute('disableApiStop'),
      await attribute('disableApiTermination'),
      await attribute('instanceInitiatedShutdownBehavior'),
      await attribute('userData'),
      stable(await ec2.describeInstanceCreditSpecifications({ InstanceIds })),
      stable(await ec2.describeSubnets({ SubnetIds: [found.SubnetId!] })),
    ];
  };
  const { PublicIpAddress } = await find();
  return {
    name,
    id: InstanceId,
    publicIp: PublicIpAddress,
    read,
    async update(changed) {
      await ec2.stopInstances({ InstanceIds });
      await reached('stopped');
      await ec2.modifyInstanceAttribute({ InstanceId, UserData: { Value: Buffer.from(changed) } });
      await ec2.startInstances({ InstanceIds });
      await reached('running');
      const { UserData } = await ec2.describeInstanceAttribute({ InstanceId, Attribute: 'userData' });
      assert.equal(Buffer.from(UserData!.Value!, 'base64').toString(), changed);
      await ec2.modifyInstanceAttribute({ InstanceId, InstanceInitiatedShutdownBehavior: { Value: 'terminate' } });
      await ec2.monitorInstances({ InstanceIds });
    },
    async destroy() {
      await ec2.modifyInstanceAttribute({ InstanceId, DisableApiTermination: { Value: false } });
      await ec2.modifyInstanceAttribute({ InstanceId, DisableApiStop: { Value: false } });
      await ec2.terminateInstances({ InstanceIds });
      await reached('terminated');
    },
  };
}

export interface LaunchTemplate extends Managed {
  update(instanceType: 't3.micro'): Promise<void>;
}

export async function launchTemplate({ ec2 }: Provider, name: string, groupId: string): Promise<LaunchTemplate> {
  const LaunchTemplateData = {
    ImageId: 'ami-005f9685cb30f234b',
    InstanceType: 't2.micro' as const,
    UserData: Buffer.from('#!/bin/bash\nyum update -y\n').toString('base64'),
    SecurityGroupIds: [groupId],
  };
  const made = await ec2.createLaunchTemplate({ ClientToken: `terraform-${name}`, LaunchTemplateName: name, LaunchTemplateData });
  const LaunchTemplateId = made.LaunchTemplate!.LaunchTemplateId!;
  const find = () => ec2.describeLaunchTemplates({ LaunchTemplateIds: [LaunchTemplateId] });
  const read = async () => {
    const found = stable(await find());
    const Versions = [String(found.LaunchTemplates![0]!.LatestVersionNumber)];
    return [found, stable(await ec2.describeLaunchTemplateVersions({ LaunchTemplateId, Versions }))];
  };
  return {
    name,
    id: LaunchTemplateId,
    read,
    async update(InstanceType) {
      await ec2.createLaunchTemplateVersion({ LaunchTemplateId, LaunchTemplateData: { ...LaunchTemplateData, InstanceType } });
      await ec2.modifyLaunchTemplate({ LaunchTemplateId, DefaultVersion: '2' });
      const [template] = (await find()).LaunchTemplates!;
      assert.deepEqual([template!.DefaultVersionNumber, template!.LatestVersionNumber], [2, 2]);
    },
    async destroy() {
      await ec2.deleteLaunchTemplate({ LaunchTemplateId });
      assert.equal(await codeOf(find()), 'InvalidLaunchTemplateId.NotFound');
    },
  };
}
