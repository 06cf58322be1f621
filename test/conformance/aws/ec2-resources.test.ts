import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EC2,
  type EC2Client,
  paginateDescribeInstances,
  paginateDescribeInternetGateways,
  paginateDescribeLaunchTemplates,
  paginateDescribeManagedPrefixLists,
  paginateDescribeNetworkAcls,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVolumes,
  paginateDescribeVpcPeeringConnections,
  paginateDescribeVpcs,
  type Filter,
  type ResourceType,
  type TagSpecification,
} from '@aws-sdk/client-ec2';
import { IAM } from '@aws-sdk/client-iam';
import { start } from './support.ts';

const { client } = await start();
const ec2 = new EC2(client());

/** Ids of the resources that a filter finds, page by page. */
type Pages = (filters: Filter[], pageSize: number) => AsyncIterable<(string | undefined)[]>;

interface Kind {
  readonly type: ResourceType;
  readonly create: (tags: TagSpecification[], index: number) => Promise<string>;
  readonly pages: Pages;
  readonly remove: (id: string) => Promise<unknown>;
  readonly unknown: string;
  /** What a call that names an unknown one answers with. */
  readonly missing: string;
}

async function* mapped<Page>(
  pages: AsyncIterable<Page>,
  ids: (page: Page) => (string | undefined)[],
): AsyncIterable<(string | undefined)[]> {
  for await (const page of pages) yield ids(page);
}

const config = (pageSize: number): { client: EC2Client; pageSize: number } => ({ client: ec2, pageSize });
const vpc = (await ec2.createVpc({ CidrBlock: '10.20.0.0/16' })).Vpc!.VpcId!;
const other = (await ec2.createVpc({ CidrBlock: '10.21.0.0/16' })).Vpc!.VpcId!;
const subnet = (await ec2.createSubnet({ VpcId: vpc, CidrBlock: '10.20.0.0/24' })).Subnet!.SubnetId!;

const kinds: readonly Kind[] = [
  {
    type: 'vpc',
    create: async (TagSpecifications, index) =>
      (await ec2.createVpc({ CidrBlock: `10.${30 + index}.0.0/16`, TagSpecifications })).Vpc!.VpcId!,
    pages: (Filters, size) => mapped(paginateDescribeVpcs(config(size), { Filters }), (page) => page.Vpcs!.map((one) => one.VpcId)),
    remove: (VpcId) => ec2.deleteVpc({ VpcId }),
    unknown: 'vpc-0123456789abcdef0',
    missing: 'InvalidVpcID.NotFound',
  },
  {
    type: 'subnet',
    create: async (TagSpecifications, index) =>
      (await ec2.createSubnet({ VpcId: vpc, CidrBlock: `10.20.${10 + index}.0/24`, TagSpecifications })).Subnet!.SubnetId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeSubnets(config(size), { Filters }), (page) => page.Subnets!.map((one) => one.SubnetId)),
    remove: (SubnetId) => ec2.deleteSubnet({ SubnetId }),
    unknown: 'subnet-0123456789abcdef0',
    missing: 'InvalidSubnetID.NotFound',
  },
  {
    type: 'security-group',
    create: async (TagSpecifications, index) =>
      (await ec2.createSecurityGroup({ GroupName: `web-${index}`, Description: 'web', VpcId: vpc, TagSpecifications })).GroupId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeSecurityGroups(config(size), { Filters }), (page) => page.SecurityGroups!.map((one) => one.GroupId)),
    remove: (GroupId) => ec2.deleteSecurityGroup({ GroupId }),
    unknown: 'sg-0123456789abcdef0',
    missing: 'InvalidGroup.NotFound',
  },
  {
    type: 'route-table',
    create: async (TagSpecifications) => (await ec2.createRouteTable({ VpcId: vpc, TagSpecifications })).RouteTable!.RouteTableId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeRouteTables(config(size), { Filters }), (page) => page.RouteTables!.map((one) => one.RouteTableId)),
    remove: (RouteTableId) => ec2.deleteRouteTable({ RouteTableId }),
    unknown: 'rtb-0123456789abcdef0',
    missing: 'InvalidRouteTableID.NotFound',
  },
  {
    type: 'internet-gateway',
    create: async (TagSpecifications) => (await ec2.createInternetGateway({ TagSpecifications })).InternetGateway!.InternetGatewayId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeInternetGateways(config(size), { Filters }), (page) =>
        page.InternetGateways!.map((one) => one.InternetGatewayId),
      ),
    remove: (InternetGatewayId) => ec2.deleteInternetGateway({ InternetGatewayId }),
    unknown: 'igw-0123456789abcdef0',
    missing: 'InvalidInternetGatewayID.NotFound',
  },
  {
    type: 'network-acl',
    create: async (TagSpecifications) => (await ec2.createNetworkAcl({ VpcId: vpc, TagSpecifications })).NetworkAcl!.NetworkAclId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeNetworkAcls(config(size), { Filters }), (page) => page.NetworkAcls!.map((one) => one.NetworkAclId)),
    remove: (NetworkAclId) => ec2.deleteNetworkAcl({ NetworkAclId }),
    unknown: 'acl-0123456789abcdef0',
    missing: 'InvalidNetworkAclID.NotFound',
  },
  {
    type: 'network-interface',
    create: async (TagSpecifications) =>
      (await ec2.createNetworkInterface({ SubnetId: subnet, TagSpecifications })).NetworkInterface!.NetworkInterfaceId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeNetworkInterfaces(config(size), { Filters }), (page) =>
        page.NetworkInterfaces!.map((one) => one.NetworkInterfaceId),
      ),
    remove: (NetworkInterfaceId) => ec2.deleteNetworkInterface({ NetworkInterfaceId }),
    unknown: 'eni-0123456789abcdef0',
    missing: 'InvalidNetworkInterfaceID.NotFound',
  },
  {
    type: 'volume',
    create: async (TagSpecifications) => (await ec2.createVolume({ AvailabilityZone: 'us-east-1a', Size: 1, TagSpecifications })).VolumeId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeVolumes(config(size), { Filters }), (page) => page.Volumes!.map((one) => one.VolumeId)),
    remove: (VolumeId) => ec2.deleteVolume({ VolumeId }),
    unknown: 'vol-0123456789abcdef0',
    missing: 'InvalidVolume.NotFound',
  },
  {
    type: 'launch-template',
    create: async (TagSpecifications, index) =>
      (
        await ec2.createLaunchTemplate({
          LaunchTemplateName: `template-${index}`,
          LaunchTemplateData: { InstanceType: 't3.micro' },
          TagSpecifications,
        })
      ).LaunchTemplate!.LaunchTemplateId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeLaunchTemplates(config(size), { Filters }), (page) =>
        page.LaunchTemplates!.map((one) => one.LaunchTemplateId),
      ),
    remove: (LaunchTemplateId) => ec2.deleteLaunchTemplate({ LaunchTemplateId }),
    unknown: 'lt-0123456789abcdef0',
    missing: 'InvalidLaunchTemplateId.NotFound',
  },
  {
    type: 'prefix-list',
    create: async (TagSpecifications, index) =>
      (await ec2.createManagedPrefixList({ PrefixListName: `list-${index}`, MaxEntries: 3, AddressFamily: 'IPv4', TagSpecifications }))
        .PrefixList!.PrefixListId!,
    pages: (Filters, size) =>
      mapped(paginateDescribeManagedPrefixLists(config(size), { Filters }), (page) => page.PrefixLists!.map((one) => one.PrefixListId)),
    remove: (PrefixListId) => ec2.deleteManagedPrefixList({ PrefixListId }),
    unknown: 'pl-0123456789abcdef0',
    missing: 'InvalidPrefixListID.NotFound',
  },
];

for (const { type, create, pages, remove, unknown, missing } of kinds) {
  test(`${type}: made with tags, found by them page by page, retagged, removed once, and unknown afterwards`, async () => {
    const specification = { ResourceType: type, Tags: [{ Key: 'set', Value: type }] };
    const made: string[] = [];
    for (let index = 0; index < 7; index++) made.push(await create([specification], index));
    const filters = [{ Name: 'tag:set', Values: [type] }];
    const seen: (string | undefined)[][] = [];
    for await (const page of pages(filters, 5)) seen.push(page);
    assert.deepEqual(
      seen.map(({ length }) => length),
      [5, 2],
    );
    assert.deepEqual(new Set(seen.flat()), new Set(made));
    const [first = ''] = made;
    await ec2.createTags({ Resources: [first], Tags: [{ Key: 'set', Value: 'changed' }, { Key: 'more' }] });
    const { Tags = [] } = await ec2.describeTags({ Filters: [{ Name: 'resource-id', Values: [first] }] });
    assert.deepEqual(Tags.map(({ Key, Value, ResourceType }) => `${Key} ${Value} ${ResourceType}`).toSorted(), [
      `more  ${type}`,
      `set changed ${type}`,
    ]);
    await ec2.deleteTags({ Resources: [first], Tags: [{ Key: 'more' }] });
    assert.equal((await ec2.describeTags({ Filters: [{ Name: 'resource-id', Values: [first] }] })).Tags!.length, 1);
    for (const id of made) await remove(id);
    await assert.rejects(remove(first), { name: missing });
    await assert.rejects(remove(unknown), { name: missing });
    for await (const page of pages(filters, 5)) assert.deepEqual(page, [], 'nothing is found afterwards');
  });
}

test('instances come in pages, across launches', async () => {
  const tags = [{ ResourceType: 'instance' as const, Tags: [{ Key: 'set', Value: 'paged' }] }];
  for (let launch = 0; launch < 3; launch++)
    await ec2.runInstances({ ImageId: 'ami-12345678', MinCount: 3, MaxCount: 3, SubnetId: subnet, TagSpecifications: tags });
  const sizes: number[] = [];
  const filters = [{ Name: 'tag:set', Values: ['paged'] }];
  for await (const page of paginateDescribeInstances(config(5), { Filters: filters }))
    sizes.push(page.Reservations!.flatMap(({ Instances }) => Instances!).length);
  assert.deepEqual(sizes, [5, 4]);
});

test('what is in use cannot be removed', async () => {
  const violation = { name: 'DependencyViolation' };
  await assert.rejects(ec2.deleteVpc({ VpcId: vpc }), violation);
  const group = (await ec2.createSecurityGroup({ GroupName: 'used', Description: 'used', VpcId: vpc })).GroupId!;
  const eni = (await ec2.createNetworkInterface({ SubnetId: subnet, Groups: [group] })).NetworkInterface!.NetworkInterfaceId!;
  await assert.rejects(ec2.deleteSecurityGroup({ GroupId: group }), violation);
  await assert.rejects(ec2.deleteSubnet({ SubnetId: subnet }), violation);
  await ec2.deleteNetworkInterface({ NetworkInterfaceId: eni });
  await ec2.deleteSecurityGroup({ GroupId: group });
});

test('a security group rule is changed as a whole, and names exactly one peer', async () => {
  const GroupId = (await ec2.createSecurityGroup({ GroupName: 'rules', Description: 'rules', VpcId: vpc })).GroupId!;
  const rule = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80 };
  const made = await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [{ ...rule, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] });
  const id = made.SecurityGroupRules![0]!.SecurityGroupRuleId!;
  await assert.rejects(ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [{ ...rule, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] }), {
    name: 'InvalidPermission.Duplicate',
  });
  const change = (request: object): Promise<unknown> =>
    ec2.modifySecurityGroupRules({ GroupId, SecurityGroupRules: [{ SecurityGroupRuleId: id, SecurityGroupRule: request }] });
  await assert.rejects(change({ CidrIpv4: '10.0.0.0/8' }), { name: 'InvalidParameterValue' });
  await assert.rejects(change(rule), { name: 'MissingParameter' });
  await assert.rejects(change({ ...rule, CidrIpv4: '10.0.0.0/8', CidrIpv6: '::/0' }), { name: 'InvalidParameterCombination' });
  await change({ IpProtocol: 'udp', FromPort: 53, ToPort: 53, CidrIpv6: '::/0', Description: 'names' });
  const [ingress] = (await ec2.describeSecurityGroups({ GroupIds: [GroupId] })).SecurityGroups![0]!.IpPermissions!;
  assert.deepEqual(
    [ingress!.IpProtocol, ingress!.FromPort, ingress!.Ipv6Ranges],
    ['udp', 53, [{ CidrIpv6: '::/0', Description: 'names' }]],
  );
  assert.deepEqual(ingress!.IpRanges, []);
  await ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [id] });
  await assert.rejects(ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [id] }), {
    name: 'InvalidSecurityGroupRuleId.NotFound',
  });
});

test('a VPC with IPv6 lets its groups out by IPv6 too', async () => {
  const { Vpc } = await ec2.createVpc({ CidrBlock: '10.90.0.0/16', AmazonProvidedIpv6CidrBlock: true });
  const { GroupId = '' } = await ec2.createSecurityGroup({ GroupName: 'six', Description: 'six', VpcId: Vpc!.VpcId });
  const [egress] = (await ec2.describeSecurityGroups({ GroupIds: [GroupId] })).SecurityGroups![0]!.IpPermissionsEgress!;
  assert.deepEqual([egress!.IpRanges, egress!.Ipv6Ranges], [[{ CidrIp: '0.0.0.0/0' }], [{ CidrIpv6: '::/0' }]]);
});

test('a public address goes with a stop and another comes with the start; an Elastic IP stays', async () => {
  await ec2.modifySubnetAttribute({ SubnetId: subnet, MapPublicIpOnLaunch: { Value: true } });
  const launched = await ec2.runInstances({ ImageId: 'ami-12345678', MinCount: 1, MaxCount: 1, SubnetId: subnet });
  const id = launched.Instances![0]!.InstanceId!;
  const address = async (): Promise<string | undefined> =>
    (await ec2.describeInstances({ InstanceIds: [id] })).Reservations![0]!.Instances![0]!.PublicIpAddress;
  assert.match((await address())!, /^203\.0\./);
  await ec2.stopInstances({ InstanceIds: [id] });
  assert.equal(await address(), undefined);
  await ec2.startInstances({ InstanceIds: [id] });
  assert.match((await address())!, /^203\.0\./);
  const { AllocationId, PublicIp } = await ec2.allocateAddress({});
  await ec2.associateAddress({ AllocationId, InstanceId: id });
  await ec2.stopInstances({ InstanceIds: [id] });
  assert.equal(await address(), PublicIp);
  await assert.rejects(ec2.releaseAddress({ AllocationId }), { name: 'InvalidIPAddress.InUse' });
  await ec2.terminateInstances({ InstanceIds: [id] });
});

test('VPCs peer across regions, once the other side accepts', async () => {
  const west = new EC2(client('us-west-2'));
  const peer = (await west.createVpc({ CidrBlock: '10.99.0.0/16' })).Vpc!.VpcId!;
  const asked = (await ec2.createVpcPeeringConnection({ VpcId: other, PeerVpcId: peer, PeerRegion: 'us-west-2' })).VpcPeeringConnection!;
  const id = asked.VpcPeeringConnectionId!;
  const state = async (region: EC2): Promise<string | undefined> =>
    (await region.describeVpcPeeringConnections({ VpcPeeringConnectionIds: [id] })).VpcPeeringConnections![0]!.Status!.Code;
  assert.deepEqual(
    [asked.Status!.Code, await state(ec2), await state(west)],
    ['initiating-request', 'pending-acceptance', 'pending-acceptance'],
  );
  await assert.rejects(ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id }), { name: 'OperationNotPermitted' });
  await west.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id });
  assert.deepEqual([await state(ec2), await state(west)], ['active', 'active']);
  await assert.rejects(west.rejectVpcPeeringConnection({ VpcPeeringConnectionId: id }), { name: 'InvalidStateTransition' });
  await ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id });
  assert.equal(await state(west), 'deleted');
  const found: (string | undefined)[] = [];
  for await (const page of paginateDescribeVpcPeeringConnections(config(5), {}))
    found.push(...page.VpcPeeringConnections!.map((one) => one.VpcPeeringConnectionId));
  assert.deepEqual(found, [id]);
});

test('a prefix list has versions, a limit, and stays while a route or rule names it', async () => {
  const list = (
    await ec2.createManagedPrefixList({
      PrefixListName: 'offices',
      MaxEntries: 2,
      AddressFamily: 'IPv4',
      Entries: [{ Cidr: '192.0.2.0/24' }],
    })
  ).PrefixList!;
  const PrefixListId = list.PrefixListId!;
  const change = await ec2.modifyManagedPrefixList({
    PrefixListId,
    CurrentVersion: 1,
    AddEntries: [{ Cidr: '198.51.100.0/24', Description: 'new' }],
  });
  assert.equal(change.PrefixList!.Version, 2);
  const entries = async (TargetVersion?: number): Promise<number> =>
    (await ec2.getManagedPrefixListEntries({ PrefixListId, TargetVersion })).Entries!.length;
  assert.deepEqual([await entries(), await entries(1)], [2, 1]);
  await assert.rejects(ec2.modifyManagedPrefixList({ PrefixListId, CurrentVersion: 1, AddEntries: [{ Cidr: '203.0.113.0/24' }] }), {
    name: 'PrefixListVersionMismatch',
  });
  await assert.rejects(ec2.modifyManagedPrefixList({ PrefixListId, CurrentVersion: 2, AddEntries: [{ Cidr: '203.0.113.0/24' }] }), {
    name: 'PrefixListMaxEntriesExceeded',
  });
  const { GroupId } = await ec2.createSecurityGroup({ GroupName: 'by-list', Description: 'by list', VpcId: vpc });
  const permission = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, PrefixListIds: [{ PrefixListId }] };
  await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [permission] });
  await ec2.deleteManagedPrefixList({ PrefixListId });
  const [held] = (await ec2.describeManagedPrefixLists({ PrefixListIds: [PrefixListId] })).PrefixLists!;
  assert.equal(held!.State, 'delete-failed');
  await ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: [permission] });
  await ec2.deleteManagedPrefixList({ PrefixListId });
  await assert.rejects(ec2.getManagedPrefixListEntries({ PrefixListId }), { name: 'InvalidPrefixListID.NotFound' });
});

test('an image goes, its id stays known; its launch permissions name accounts, organisations or all', async () => {
  const launched = await ec2.runInstances({ ImageId: 'ami-12345678', MinCount: 1, MaxCount: 1 });
  const ImageId = (await ec2.createImage({ InstanceId: launched.Instances![0]!.InstanceId, Name: 'golden' })).ImageId!;
  const organisation = { OrganizationArn: 'arn:aws:organizations::123456789012:organization/o-1' };
  await ec2.modifyImageAttribute({ ImageId, LaunchPermission: { Add: [{ UserId: '111122223333' }, organisation, { Group: 'all' }] } });
  await ec2.modifyImageAttribute({ ImageId, LaunchPermission: { Remove: [{ UserId: '111122223333' }] } });
  const { LaunchPermissions } = await ec2.describeImageAttribute({ ImageId, Attribute: 'launchPermission' });
  assert.deepEqual(LaunchPermissions, [organisation, { Group: 'all' }]);
  await ec2.deregisterImage({ ImageId });
  assert.deepEqual((await ec2.describeImages({ ImageIds: [ImageId] })).Images, []);
  await assert.rejects(ec2.deregisterImage({ ImageId }), { name: 'InvalidAMIID.Unavailable' });
  await assert.rejects(ec2.runInstances({ ImageId, MinCount: 1, MaxCount: 1 }), { name: 'InvalidAMIID.Unavailable' });
});

test('an instance has one instance profile at most, which can be replaced and taken away', async () => {
  const iam = new IAM(client());
  for (const InstanceProfileName of ['one', 'two']) await iam.createInstanceProfile({ InstanceProfileName });
  const launched = await ec2.runInstances({ ImageId: 'ami-12345678', MinCount: 1, MaxCount: 1, IamInstanceProfile: { Name: 'one' } });
  const id = launched.Instances![0]!.InstanceId!;
  const held = async (): Promise<string | undefined> =>
    (await ec2.describeInstances({ InstanceIds: [id] })).Reservations![0]!.Instances![0]!.IamInstanceProfile?.Arn;
  const found = await ec2.describeIamInstanceProfileAssociations({ Filters: [{ Name: 'instance-id', Values: [id] }] });
  const [association] = found.IamInstanceProfileAssociations!;
  assert.deepEqual([association!.State, association!.IamInstanceProfile!.Arn], ['associated', await held()]);
  await assert.rejects(ec2.associateIamInstanceProfile({ InstanceId: id, IamInstanceProfile: { Name: 'two' } }), {
    name: 'IncorrectState',
  });
  const changed = await ec2.replaceIamInstanceProfileAssociation({
    AssociationId: association!.AssociationId,
    IamInstanceProfile: { Name: 'two' },
  });
  assert.equal(await held(), 'arn:aws:iam::123456789012:instance-profile/two');
  await ec2.disassociateIamInstanceProfile({ AssociationId: changed.IamInstanceProfileAssociation!.AssociationId });
  assert.equal(await held(), undefined);
  await assert.rejects(ec2.disassociateIamInstanceProfile({ AssociationId: association!.AssociationId }), {
    name: 'InvalidAssociationID.NotFound',
  });
});

test('a volume grows, and says so; what it inherits from a snapshot it keeps', async () => {
  const { VolumeId } = await ec2.createVolume({ AvailabilityZone: 'us-east-1a', Size: 1, Encrypted: true });
  await ec2.modifyVolume({ VolumeId, Size: 4, VolumeType: 'gp3' });
  const [change] = (await ec2.describeVolumesModifications({ VolumeIds: [VolumeId!] })).VolumesModifications!;
  assert.deepEqual(
    [change!.ModificationState, change!.OriginalSize, change!.TargetSize, change!.TargetVolumeType],
    ['completed', 1, 4, 'gp3'],
  );
  const { SnapshotId } = await ec2.createSnapshot({ VolumeId });
  const copy = await ec2.createVolume({ AvailabilityZone: 'us-east-1a', SnapshotId });
  assert.deepEqual([copy.Size, copy.Encrypted], [4, true]);
  await assert.rejects(ec2.createVolume({ AvailabilityZone: 'nowhere-1a', Size: 1 }), { name: 'InvalidZone.NotFound' });
  await ec2.deleteSnapshot({ SnapshotId });
  await assert.rejects(ec2.deleteSnapshot({ SnapshotId }), { name: 'InvalidSnapshot.NotFound' });
});

test('an Elastic IP may be given to its holder again, but to another only when asked', async () => {
  const [one, two] = await Promise.all(
    [1, 2].map(async () => (await ec2.createNetworkInterface({ SubnetId: subnet })).NetworkInterface!.NetworkInterfaceId),
  );
  const { AllocationId } = await ec2.allocateAddress({});
  const { AssociationId } = await ec2.associateAddress({ AllocationId, NetworkInterfaceId: one });
  assert.equal((await ec2.associateAddress({ AllocationId, NetworkInterfaceId: one })).AssociationId, AssociationId);
  await assert.rejects(ec2.associateAddress({ AllocationId, NetworkInterfaceId: two, AllowReassociation: false }), {
    name: 'Resource.AlreadyAssociated',
  });
  const moved = await ec2.associateAddress({ AllocationId, NetworkInterfaceId: two, AllowReassociation: true });
  await ec2.disassociateAddress({ AssociationId: moved.AssociationId });
  await ec2.releaseAddress({ AllocationId });
  await assert.rejects(ec2.releaseAddress({ AllocationId }), { name: 'InvalidAllocationID.NotFound' });
  await assert.rejects(ec2.releaseAddress({}), { name: 'MissingParameter' });
});

test('a dry run says what would happen and changes nothing', async () => {
  await assert.rejects(ec2.createVpc({ CidrBlock: '10.77.0.0/16', DryRun: true }), { name: 'DryRunOperation' });
  assert.deepEqual((await ec2.describeVpcs({ Filters: [{ Name: 'cidr', Values: ['10.77.0.0/16'] }] })).Vpcs, []);
});
