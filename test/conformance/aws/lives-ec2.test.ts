/** The life of each resource of EC2 that Terraform's stacks are made of, by the SDK. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EC2,
  paginateDescribeDhcpOptions,
  paginateDescribeInternetGateways,
  paginateDescribeLaunchTemplates,
  paginateDescribeNatGateways,
  paginateDescribeNetworkAcls,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSnapshots,
  paginateDescribeSubnets,
  paginateDescribeVolumes,
  paginateDescribeVpcEndpoints,
  paginateDescribeVpcs,
} from '@aws-sdk/client-ec2';
import { life } from './life.ts';
import { start } from './support.ts';

const { client } = await start();
const ec2 = new EC2(client());
const paged = { client: ec2, pageSize: 2 };
const VpcId = (await ec2.describeVpcs({})).Vpcs![0]!.VpcId!;
const SubnetId = (await ec2.describeSubnets({})).Subnets![0]!.SubnetId!;

/** Every resource of EC2 is tagged by the same calls. */
const tags = {
  add: (id: string) => ec2.createTags({ Resources: [id], Tags: [{ Key: 'team', Value: 'blue' }] }),
  read: async (id: string) => (await ec2.describeTags({ Filters: [{ Name: 'resource-id', Values: [id] }] })).Tags,
  remove: (id: string) => ec2.deleteTags({ Resources: [id], Tags: [{ Key: 'team' }] }),
};

life('VPC', {
  make: async (number) => (await ec2.createVpc({ CidrBlock: `10.${number}.0.0/16` })).Vpc!.VpcId,
  read: async (id) => (await ec2.describeVpcAttribute({ VpcId: id, Attribute: 'enableDnsHostnames' })).EnableDnsHostnames,
  gone: 'InvalidVpcID.NotFound',
  change: async (id) => {
    await ec2.modifyVpcAttribute({ VpcId: id, EnableDnsHostnames: { Value: true } });
    return ({ Value }: { Value: boolean }) => Value;
  },
  pages: () => paginateDescribeVpcs(paged, {}) as never,
  listed: 'Vpcs',
  tags,
  remove: (id) => ec2.deleteVpc({ VpcId: id }),
});

life('subnet', {
  make: async (number) => (await ec2.createSubnet({ VpcId, CidrBlock: `172.31.${200 + number}.0/24` })).Subnet!.SubnetId,
  read: async (id) => (await ec2.describeSubnets({ SubnetIds: [id] })).Subnets![0],
  gone: 'InvalidSubnetID.NotFound',
  change: async (id) => {
    await ec2.modifySubnetAttribute({ SubnetId: id, MapPublicIpOnLaunch: { Value: true } });
    return (found: { MapPublicIpOnLaunch: boolean }) => found.MapPublicIpOnLaunch;
  },
  pages: () => paginateDescribeSubnets(paged, {}) as never,
  listed: 'Subnets',
  tags,
  remove: (id) => ec2.deleteSubnet({ SubnetId: id }),
});

life('security group', {
  make: async (number) => (await ec2.createSecurityGroup({ GroupName: `g${number}`, Description: 'd', VpcId })).GroupId,
  read: async (id) => (await ec2.describeSecurityGroups({ GroupIds: [id] })).SecurityGroups![0],
  gone: 'InvalidGroup.NotFound',
  change: async (id) => {
    const range = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '10.0.0.0/8' }] };
    const { SecurityGroupRules } = await ec2.authorizeSecurityGroupIngress({ GroupId: id, IpPermissions: [range] });
    const SecurityGroupRuleId = SecurityGroupRules![0]!.SecurityGroupRuleId!;
    const SecurityGroupRule = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIpv4: '10.0.0.0/8', Description: 'web' };
    await ec2.modifySecurityGroupRules({ GroupId: id, SecurityGroupRules: [{ SecurityGroupRuleId, SecurityGroupRule }] });
    const rules = await ec2.describeSecurityGroupRules({ SecurityGroupRuleIds: [SecurityGroupRuleId] });
    assert.equal(rules.SecurityGroupRules![0]!.Description, 'web');
    const named = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'renamed' }] };
    await ec2.updateSecurityGroupRuleDescriptionsIngress({ GroupId: id, IpPermissions: [named] });
    return ({ IpPermissions }: { IpPermissions: { FromPort: number; IpRanges: { Description: string }[] }[] }) =>
      IpPermissions[0]!.FromPort === 443 && IpPermissions[0]!.IpRanges[0]!.Description === 'renamed';
  },
  pages: () => paginateDescribeSecurityGroups(paged, {}) as never,
  listed: 'SecurityGroups',
  tags,
  remove: (id) => ec2.deleteSecurityGroup({ GroupId: id }),
});

life('network interface', {
  make: async () => (await ec2.createNetworkInterface({ SubnetId })).NetworkInterface!.NetworkInterfaceId,
  read: async (id) => (await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [id] })).NetworkInterfaces![0],
  gone: 'InvalidNetworkInterfaceID.NotFound',
  change: async (id) => {
    await ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: id, Description: { Value: 'spare' } });
    await ec2.assignPrivateIpAddresses({ NetworkInterfaceId: id, SecondaryPrivateIpAddressCount: 2 });
    const asked = await ec2.describeNetworkInterfaceAttribute({ NetworkInterfaceId: id, Attribute: 'description' });
    assert.equal(asked.Description!.Value, 'spare');
    return (found: { PrivateIpAddresses: unknown[] }) => found.PrivateIpAddresses.length === 3;
  },
  pages: () => paginateDescribeNetworkInterfaces(paged, {}) as never,
  listed: 'NetworkInterfaces',
  tags,
  remove: (id) => ec2.deleteNetworkInterface({ NetworkInterfaceId: id }),
});

life('volume', {
  make: async () => (await ec2.createVolume({ AvailabilityZone: 'us-east-1a', Size: 1 })).VolumeId,
  read: async (id) => (await ec2.describeVolumes({ VolumeIds: [id] })).Volumes![0],
  gone: 'InvalidVolume.NotFound',
  change: async (id) => {
    await ec2.modifyVolume({ VolumeId: id, Size: 2 });
    return ({ Size }: { Size: number }) => Size === 2;
  },
  pages: () => paginateDescribeVolumes(paged, {}) as never,
  listed: 'Volumes',
  tags,
  remove: (id) => ec2.deleteVolume({ VolumeId: id }),
});

const snapshotOf = (await ec2.createVolume({ AvailabilityZone: 'us-east-1a', Size: 1 })).VolumeId!;
life('snapshot', {
  make: async () => (await ec2.createSnapshot({ VolumeId: snapshotOf })).SnapshotId,
  read: async (id) => (await ec2.describeSnapshots({ SnapshotIds: [id] })).Snapshots![0],
  gone: 'InvalidSnapshot.NotFound',
  pages: () => paginateDescribeSnapshots(paged, { OwnerIds: ['self'] }) as never,
  listed: 'Snapshots',
  tags,
  remove: (id) => ec2.deleteSnapshot({ SnapshotId: id }),
});

life('internet gateway', {
  make: async () => (await ec2.createInternetGateway({})).InternetGateway!.InternetGatewayId,
  read: async (id) => (await ec2.describeInternetGateways({ InternetGatewayIds: [id] })).InternetGateways![0],
  gone: 'InvalidInternetGatewayID.NotFound',
  change: async (id) => {
    const vpc = (await ec2.createVpc({ CidrBlock: '10.9.0.0/16' })).Vpc!.VpcId!;
    await ec2.attachInternetGateway({ InternetGatewayId: id, VpcId: vpc });
    await assert.rejects(ec2.deleteInternetGateway({ InternetGatewayId: id }), { name: 'DependencyViolation' });
    await ec2.detachInternetGateway({ InternetGatewayId: id, VpcId: vpc });
    return ({ Attachments }: { Attachments?: unknown[] }) => (Attachments ?? []).length === 0;
  },
  pages: () => paginateDescribeInternetGateways(paged, {}) as never,
  listed: 'InternetGateways',
  tags,
  remove: (id) => ec2.deleteInternetGateway({ InternetGatewayId: id }),
});

life('route table', {
  make: async () => (await ec2.createRouteTable({ VpcId })).RouteTable!.RouteTableId,
  read: async (id) => (await ec2.describeRouteTables({ RouteTableIds: [id] })).RouteTables![0],
  gone: 'InvalidRouteTableID.NotFound',
  change: async (id) => {
    const [gateway] = (await ec2.describeInternetGateways({})).InternetGateways!;
    const route = { RouteTableId: id, DestinationCidrBlock: '0.0.0.0/0' };
    await ec2.createRoute({ ...route, GatewayId: gateway!.InternetGatewayId });
    await assert.rejects(ec2.createRoute({ ...route, GatewayId: gateway!.InternetGatewayId }), { name: 'RouteAlreadyExists' });
    await ec2.deleteRoute(route);
    await assert.rejects(ec2.deleteRoute(route), { name: 'InvalidRoute.NotFound' });
    const { AssociationId } = await ec2.associateRouteTable({ RouteTableId: id, SubnetId });
    await assert.rejects(ec2.deleteRouteTable({ RouteTableId: id }), { name: 'DependencyViolation' });
    await ec2.disassociateRouteTable({ AssociationId });
    return ({ Routes }: { Routes: unknown[] }) => Routes.length === 1;
  },
  pages: () => paginateDescribeRouteTables(paged, {}) as never,
  listed: 'RouteTables',
  tags,
  remove: (id) => ec2.deleteRouteTable({ RouteTableId: id }),
});

life('network ACL', {
  make: async () => (await ec2.createNetworkAcl({ VpcId })).NetworkAcl!.NetworkAclId,
  read: async (id) => (await ec2.describeNetworkAcls({ NetworkAclIds: [id] })).NetworkAcls![0],
  gone: 'InvalidNetworkAclID.NotFound',
  change: async (id) => {
    const entry = { NetworkAclId: id, RuleNumber: 100, Egress: false };
    const rule = { ...entry, Protocol: '-1', RuleAction: 'allow' as const, CidrBlock: '0.0.0.0/0' };
    await ec2.createNetworkAclEntry(rule);
    await ec2.replaceNetworkAclEntry({ ...rule, RuleAction: 'deny' });
    await assert.rejects(ec2.createNetworkAclEntry(rule), { name: 'NetworkAclEntryAlreadyExists' });
    await ec2.deleteNetworkAclEntry(entry);
    return ({ Entries }: { Entries: { RuleNumber: number }[] }) => Entries.every(({ RuleNumber }) => RuleNumber !== 100);
  },
  pages: () => paginateDescribeNetworkAcls(paged, {}) as never,
  listed: 'NetworkAcls',
  tags,
  remove: (id) => ec2.deleteNetworkAcl({ NetworkAclId: id }),
});

life('DHCP options', {
  make: async () =>
    (await ec2.createDhcpOptions({ DhcpConfigurations: [{ Key: 'domain-name', Values: ['a'] }] })).DhcpOptions!.DhcpOptionsId,
  read: async (id) => (await ec2.describeDhcpOptions({ DhcpOptionsIds: [id] })).DhcpOptions![0],
  gone: 'InvalidDhcpOptionID.NotFound',
  pages: () => paginateDescribeDhcpOptions(paged, {}) as never,
  listed: 'DhcpOptions',
  tags,
  remove: (id) => ec2.deleteDhcpOptions({ DhcpOptionsId: id }),
});

life('VPC endpoint', {
  make: async () => (await ec2.createVpcEndpoint({ VpcId, ServiceName: 'com.amazonaws.us-east-1.s3' })).VpcEndpoint!.VpcEndpointId,
  read: async (id) =>
    (await ec2.describeVpcEndpoints({ VpcEndpointIds: [id] })).VpcEndpoints!.find(({ State }) => String(State) !== 'deleted'),
  change: async (id) => {
    const [table] = (await ec2.describeRouteTables({})).RouteTables!;
    await ec2.modifyVpcEndpoint({ VpcEndpointId: id, AddRouteTableIds: [table!.RouteTableId!] });
    return ({ RouteTableIds }: { RouteTableIds: unknown[] }) => RouteTableIds.length === 1;
  },
  pages: () => paginateDescribeVpcEndpoints(paged, {}) as never,
  listed: 'VpcEndpoints',
  tags,
  remove: (id) => ec2.deleteVpcEndpoints({ VpcEndpointIds: [id] }),
});

life('launch template', {
  make: async (number) =>
    (await ec2.createLaunchTemplate({ LaunchTemplateName: `lt-${number}`, LaunchTemplateData: { InstanceType: 't3.micro' } }))
      .LaunchTemplate!.LaunchTemplateId,
  read: async (id) => (await ec2.describeLaunchTemplates({ LaunchTemplateIds: [id] })).LaunchTemplates![0],
  gone: 'InvalidLaunchTemplateId.NotFound',
  change: async (id) => {
    await ec2.createLaunchTemplateVersion({ LaunchTemplateId: id, LaunchTemplateData: { InstanceType: 't3.small' } });
    await ec2.modifyLaunchTemplate({ LaunchTemplateId: id, DefaultVersion: '2' });
    await ec2.deleteLaunchTemplateVersions({ LaunchTemplateId: id, Versions: ['1'] });
    const { LaunchTemplateVersions } = await ec2.describeLaunchTemplateVersions({ LaunchTemplateId: id });
    assert.deepEqual(
      LaunchTemplateVersions!.map(({ VersionNumber }) => VersionNumber),
      [2],
    );
    return ({ DefaultVersionNumber }: { DefaultVersionNumber: number }) => DefaultVersionNumber === 2;
  },
  pages: () => paginateDescribeLaunchTemplates(paged, {}) as never,
  listed: 'LaunchTemplates',
  tags,
  remove: (id) => ec2.deleteLaunchTemplate({ LaunchTemplateId: id }),
});

life('key pair', {
  make: async (number) => (await ec2.createKeyPair({ KeyName: `key-${number}` })).KeyPairId,
  read: async (id) => (await ec2.describeKeyPairs({ KeyPairIds: [id] })).KeyPairs![0],
  gone: 'InvalidKeyPair.NotFound',
  tags,
  remove: (id) => ec2.deleteKeyPair({ KeyPairId: id }),
});

life('NAT gateway', {
  make: async () => (await ec2.createNatGateway({ SubnetId, ConnectivityType: 'private' })).NatGateway!.NatGatewayId,
  read: async (id) => {
    const [found] = (await ec2.describeNatGateways({ NatGatewayIds: [id] })).NatGateways!;
    return found!.State === 'deleted' ? undefined : found;
  },
  pages: () => paginateDescribeNatGateways(paged, {}) as never,
  listed: 'NatGateways',
  tags,
  remove: (id) => ec2.deleteNatGateway({ NatGatewayId: id }),
});

test('an instance: its volumes and interfaces come and go, its attributes change, its image is copied', async () => {
  const run = await ec2.runInstances({ ImageId: 'ami-12345678', InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, SubnetId });
  const InstanceId = run.Instances![0]!.InstanceId!;
  const { VolumeId } = await ec2.createVolume({ AvailabilityZone: run.Instances![0]!.Placement!.AvailabilityZone, Size: 1 });
  await ec2.attachVolume({ VolumeId, InstanceId, Device: '/dev/sdf' });
  await assert.rejects(ec2.deleteVolume({ VolumeId }), { name: 'VolumeInUse' });
  await ec2.detachVolume({ VolumeId });
  await ec2.deleteVolume({ VolumeId });
  const { NetworkInterface } = await ec2.createNetworkInterface({ SubnetId });
  const { NetworkInterfaceId } = NetworkInterface!;
  const { AttachmentId } = await ec2.attachNetworkInterface({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 });
  const of = async () => (await ec2.describeInstances({ InstanceIds: [InstanceId] })).Reservations![0]!.Instances![0]!;
  assert.equal((await of()).NetworkInterfaces!.length, 2);
  await ec2.detachNetworkInterface({ AttachmentId });
  await ec2.modifyInstanceMetadataOptions({ InstanceId, HttpTokens: 'required' });
  await ec2.modifyInstanceMaintenanceOptions({ InstanceId, AutoRecovery: 'disabled' });
  await ec2.modifyInstanceCreditSpecification({ InstanceCreditSpecifications: [{ InstanceId, CpuCredits: 'standard' }] });
  await ec2.rebootInstances({ InstanceIds: [InstanceId] });
  const changed = await of();
  assert.deepEqual([changed.MetadataOptions!.HttpTokens, changed.MaintenanceOptions!.AutoRecovery], ['required', 'disabled']);
  const { ImageId } = await ec2.createImage({ InstanceId, Name: 'golden' });
  const copy = await ec2.copyImage({ SourceImageId: ImageId, SourceRegion: 'us-east-1', Name: 'copied' });
  const named = await ec2.describeImages({ Owners: ['self'], Filters: [{ Name: 'name', Values: ['copied'] }] });
  assert.equal(named.Images![0]!.ImageId, copy.ImageId);
  await ec2.deregisterImage({ ImageId: copy.ImageId });
  await ec2.terminateInstances({ InstanceIds: [InstanceId] });
  await assert.rejects(ec2.attachVolume({ VolumeId, InstanceId, Device: '/dev/sdf' }), { name: 'InvalidVolume.NotFound' });
});
