import type {
  Image as SdkImage,
  Instance as SdkInstance,
  InstanceStateName,
  InternetGateway as SdkInternetGateway,
  KeyPairInfo,
  LaunchPermission as SdkLaunchPermission,
  NetworkAcl as SdkNetworkAcl,
  NetworkInterface as SdkNetworkInterface,
  RouteTable as SdkRouteTable,
  SecurityGroupRule as SdkRule,
  Snapshot as SdkSnapshot,
  Subnet as SdkSubnet,
  Volume as SdkVolume,
  Vpc as SdkVpc,
} from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { index, table } from '../../state/table.ts';
import { byIds, notFound } from './ids.ts';

export interface Vpc extends Plain<Omit<SdkVpc, 'Tags'>> {
  readonly VpcId: string;
  readonly CidrBlock: string;
  readonly enableDnsSupport: boolean;
  readonly enableDnsHostnames: boolean;
  readonly enableNetworkAddressUsageMetrics: boolean;
  readonly classicLink: boolean;
  readonly classicLinkDns: boolean;
}

export const vpcs = table<Vpc>('ec2.vpc', (vpc) => vpc.VpcId);

export function requireVpc(at: Place, id: string | undefined): Vpc {
  const vpc = at.table(vpcs).get(id);
  if (vpc === undefined) throw notFound(id ?? 'vpc-');
  return vpc;
}

export function defaultVpc(at: Place): Vpc | undefined {
  return at.table(vpcs).find((vpc) => vpc.IsDefault === true);
}

export interface Subnet extends Plain<Omit<SdkSubnet, 'Tags'>> {
  readonly SubnetId: string;
  readonly VpcId: string;
  readonly CidrBlock: string;
  readonly AvailabilityZone: string;
}

export const subnets = table<Subnet>('ec2.subnet', (subnet) => subnet.SubnetId);

export function requireSubnet(at: Place, id: string | undefined): Subnet {
  const subnet = at.table(subnets).get(id);
  if (subnet === undefined) throw notFound(id ?? 'subnet-');
  return subnet;
}

export interface SecurityGroup {
  readonly GroupId: string;
  readonly GroupName: string;
  readonly Description: string;
  readonly VpcId: string;
  readonly OwnerId: string;
  readonly SecurityGroupArn: string;
}

export const securityGroups = table<SecurityGroup>('ec2.security-group', (group) => group.GroupId);

export function requireSecurityGroup(at: Place, id: string | undefined): SecurityGroup {
  const group = at.table(securityGroups).get(id);
  if (group === undefined) throw notFound(id?.startsWith('sg-') ? id : `sg-${id ?? ''}`);
  return group;
}

/** By id, or by name in the default VPC (or in any). */
export function findSecurityGroup(at: Place, id: string | undefined, name: string | undefined): SecurityGroup {
  if (id !== undefined) return requireSecurityGroup(at, id);
  const named = at.table(securityGroups).filter((group) => group.GroupName === name);
  const found = named.find((group) => group.VpcId === defaultVpc(at)?.VpcId) ?? named[0] ?? at.table(securityGroups).get(name);
  if (found === undefined) throw new AwsError('InvalidGroup.NotFound', `The security group '${name ?? ''}' does not exist`);
  return found;
}

export interface Rule extends Plain<Omit<SdkRule, 'Tags'>> {
  readonly SecurityGroupRuleId: string;
  readonly GroupId: string;
  readonly IsEgress: boolean;
  readonly IpProtocol: string;
}

/** One source or destination of one range of ports: what AWS counts as a rule. */
export const securityGroupRules = table<Rule>('ec2.security-group-rule', (rule) => rule.SecurityGroupRuleId);

export function rulesOf(at: Place, groupId: string): Rule[] {
  return at.table(securityGroupRules).filter((rule) => rule.GroupId === groupId);
}

export interface NetworkInterface extends Plain<Omit<SdkNetworkInterface, 'TagSet'>> {
  readonly NetworkInterfaceId: string;
  readonly SubnetId: string;
  readonly VpcId: string;
  readonly PrivateIpAddress: string;
}

export const networkInterfaces = table<NetworkInterface>('ec2.network-interface', (one) => one.NetworkInterfaceId);

/** For `Table.by`: the interfaces in a subnet. */
export const interfacesBySubnet = index<NetworkInterface>((one) => [one.SubnetId]);

const interfacesByInstance = index<NetworkInterface>((one) => [one.Attachment?.InstanceId]);

/** The interfaces of an instance, the primary one first. */
export function interfacesOf(at: Place, instanceId: string): NetworkInterface[] {
  return at
    .table(networkInterfaces)
    .by(interfacesByInstance, instanceId)
    .sort((a, b) => (a.Attachment?.DeviceIndex ?? 0) - (b.Attachment?.DeviceIndex ?? 0));
}

export function primaryInterface(at: Place, instanceId: string): NetworkInterface | undefined {
  return interfacesOf(at, instanceId).find((one) => one.Attachment?.DeviceIndex === 0);
}

export function requireNetworkInterface(at: Place, id: string | undefined): NetworkInterface {
  const found = at.table(networkInterfaces).get(id);
  if (found === undefined) throw notFound(id?.startsWith('eni-') ? id : `eni-${id ?? ''}`);
  return found;
}

export interface Instance extends Plain<Omit<SdkInstance, 'Tags' | 'NetworkInterfaces' | 'State'>> {
  readonly InstanceId: string;
  readonly reservationId: string;
  readonly state: InstanceStateName;
  /** As given, base64. */
  readonly userData?: string | undefined;
  readonly disableApiTermination: boolean;
  readonly disableApiStop: boolean;
  readonly shutdownBehavior: 'stop' | 'terminate';
  /** Group names asked for outside a VPC; kept for DescribeInstanceAttribute. */
  readonly creditSpecification: string;
  readonly terminatedAtMs?: number;
  /** Gets a public address of Amazon's pool at each start. */
  readonly publicAddress: boolean;
  /** When RebootInstances was last called. */
  readonly rebootedAtMs?: number | undefined;
}

export const instances = table<Instance>('ec2.instance', (instance) => instance.InstanceId);

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const stateCodes: Readonly<Record<InstanceStateName, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export function stateOf(name: InstanceStateName): { Code: number; Name: InstanceStateName } {
  return { Code: stateCodes[name], Name: name };
}

export function requireInstance(at: Place, id: string | undefined): Instance {
  const instance = at.table(instances).get(id);
  if (instance === undefined) throw notFound(id?.startsWith('i-') ? id : `i-${id ?? ''}`);
  return instance;
}

/** All the ids that are unknown are named in one error, as EC2 does. */
export function missingInstances(_id: string, all: readonly string[], at: Place): AwsError {
  const unknown = all.filter((id) => !at.table(instances).has(id));
  if (unknown.length === 1) return new AwsError('InvalidInstanceID.NotFound', `The instance ID '${unknown[0] ?? ''}' does not exist`);
  return new AwsError('InvalidInstanceID.NotFound', `The instance IDs '${unknown.join(', ')}' do not exist`);
}

export function requireInstances(at: Place, ids: readonly string[] | undefined): Instance[] {
  return byIds(at.table(instances), ids, (id, all) => missingInstances(id, all, at));
}

export interface RouteTable extends Plain<Omit<SdkRouteTable, 'Tags'>> {
  readonly RouteTableId: string;
  readonly VpcId: string;
}

export const routeTables = table<RouteTable>('ec2.route-table', (one) => one.RouteTableId);

export interface NetworkAcl extends Plain<Omit<SdkNetworkAcl, 'Tags'>> {
  readonly NetworkAclId: string;
  readonly VpcId: string;
}

export const networkAcls = table<NetworkAcl>('ec2.network-acl', (acl) => acl.NetworkAclId);

export interface InternetGateway extends Plain<Omit<SdkInternetGateway, 'Tags'>> {
  readonly InternetGatewayId: string;
}

export const internetGateways = table<InternetGateway>('ec2.internet-gateway', (gateway) => gateway.InternetGatewayId);

export interface Image extends Plain<Omit<SdkImage, 'Tags'>> {
  readonly ImageId: string;
  readonly launchPermissions: readonly LaunchPermission[];
}

/** Who may launch an image: one of these, never several. */
export type LaunchPermission = Plain<SdkLaunchPermission>;

export const images = table<Image>('ec2.image', (image) => image.ImageId);

export interface Volume extends Plain<Omit<SdkVolume, 'Tags'>> {
  readonly VolumeId: string;
}

export interface Snapshot extends Plain<Omit<SdkSnapshot, 'Tags'>> {
  readonly SnapshotId: string;
}

export const volumes = table<Volume>('ec2.volume', (volume) => volume.VolumeId);

/** For `Table.by`: the volumes of an instance. */
export const volumesByInstance = index<Volume>((volume) => (volume.Attachments ?? []).map(({ InstanceId }) => InstanceId));

export const snapshots = table<Snapshot>('ec2.snapshot', (snapshot) => snapshot.SnapshotId);

export interface KeyPair extends Plain<Omit<KeyPairInfo, 'Tags'>> {
  readonly KeyPairId: string;
  readonly KeyName: string;
}

export const keyPairs = table<KeyPair>('ec2.key-pair', (pair) => pair.KeyPairId);
