import type { InstanceNetworkInterfaceSpecification, RunInstancesRequest } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { findInstanceProfile } from '../iam/instanceProfiles.ts';
import { findImage } from './images.ts';
import { instanceTypeFacts } from './instanceTypes.ts';
import { resolveLaunchTemplate } from './launchTemplates.ts';
import { attach, createNetworkInterface, defaultGroupIds, ipv6In, privateDnsName } from './networkInterfaces.ts';
import { assignPublicAddress } from './publicAddresses.ts';
import {
  defaultVpc,
  findSecurityGroup,
  type Image,
  type Instance,
  instances,
  keyPairs,
  type NetworkInterface,
  requireNetworkInterface,
  requireSubnet,
  type Subnet,
  subnets,
  type Volume,
} from './resources.ts';
import { setTags, specifiedTags } from './tagSets.ts';
import { createVolume } from './volumes.ts';
import { requireZone } from './zones.ts';

export type LaunchInput = Plain<RunInstancesRequest>;

/** Launches what RunInstances asks for, or what a group does with its template; instances of one call share a reservation. */
export function launch(at: Place, given: LaunchInput, reservationId: string): Instance[] {
  const input = withTemplate(at, given);
  check(at, input);
  const image = findImage(at, input.ImageId ?? '');
  const count = input.MaxCount ?? 1;
  return Array.from({ length: count }, (_, index) => launchOne(at, input, image, reservationId, index));
}

/** What a launch template says, under what the call itself says. */
function withTemplate(at: Place, input: LaunchInput): LaunchInput {
  if (input.LaunchTemplate === undefined) return input;
  const { id, version, data } = resolveLaunchTemplate(at, input.LaunchTemplate);
  const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  return {
    ...(data as LaunchInput),
    ...own,
    TagSpecifications: mergedTags(id, version, data.TagSpecifications ?? [], input.TagSpecifications ?? []),
  };
}

type TagSpecifications = NonNullable<LaunchInput['TagSpecifications']>;

/** The call's tags come after the template's and win; instances are told which template made them. */
function mergedTags(id: string, version: number, template: TagSpecifications, own: TagSpecifications): TagSpecifications {
  const marks = [
    { Key: 'aws:ec2launchtemplate:id', Value: id },
    { Key: 'aws:ec2launchtemplate:version', Value: String(version) },
  ];
  return [...template, ...own, { ResourceType: 'instance', Tags: marks }];
}

function check(at: Place, input: LaunchInput): void {
  const { MinCount = 1, MaxCount = 1, ImageId, InstanceType, KeyName, SubnetId, NetworkInterfaces, SecurityGroupIds } = input;
  if (ImageId === undefined || ImageId === '') throw new AwsError('MissingParameter', 'The request must contain the parameter ImageId');
  if (MinCount < 1 || MaxCount < MinCount)
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${MinCount}) for parameter minCount is invalid. It must be between 1 and maxCount.`,
    );
  if (!ImageId.startsWith('ami-')) throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${ImageId}" (expecting "ami-...")`);
  if (InstanceType !== undefined && instanceTypeFacts(InstanceType) === undefined) {
    throw new AwsError('InvalidParameterValue', `Invalid value '${InstanceType}' for InstanceType.`);
  }
  const bySpecification = NetworkInterfaces !== undefined && NetworkInterfaces.length > 0;
  if (bySpecification && (SubnetId !== undefined || (SecurityGroupIds ?? []).length > 0)) {
    throw new AwsError(
      'InvalidParameterCombination',
      `Network interfaces and an instance-level ${SubnetId === undefined ? 'security groups' : 'subnet ID'} may not be specified on the same request`,
    );
  }
  for (const { Ebs, DeviceName, VirtualName, NoDevice } of input.BlockDeviceMappings ?? []) {
    if (Ebs === undefined && VirtualName === undefined && NoDevice === undefined)
      throw new AwsError('MissingParameter', 'The request must contain the parameter ebs');
    if (
      Ebs !== undefined &&
      Ebs.VolumeSize === undefined &&
      Ebs.SnapshotId === undefined &&
      DeviceName !== '/dev/sda1' &&
      DeviceName !== '/dev/xvda'
    ) {
      throw new AwsError('MissingParameter', 'The request must contain the parameter size or snapshotId');
    }
  }
  if (KeyName !== undefined && at.table(keyPairs).find((pair) => pair.KeyName === KeyName) === undefined) {
    throw new AwsError('InvalidKeyPair.NotFound', `The key pair '${KeyName}' does not exist`);
  }
}

function subnetFor(at: Place, input: LaunchInput): Subnet {
  if (input.SubnetId !== undefined) {
    const subnet = requireSubnet(at, input.SubnetId);
    const zone = input.Placement?.AvailabilityZone;
    if (zone !== undefined && zone !== subnet.AvailabilityZone) {
      throw new AwsError(
        'InvalidParameterValue',
        `The specified availability zone '${zone}' and subnet '${subnet.SubnetId}' do not match.`,
      );
    }
    return subnet;
  }
  const zone = input.Placement?.AvailabilityZone;
  if (zone !== undefined) requireZone(at, zone, (name) => new AwsError('InvalidParameterValue', `Invalid Availability Zone (${name})`));
  const vpc = defaultVpc(at);
  const inVpc = at
    .table(subnets)
    .filter((subnet) => subnet.VpcId === vpc?.VpcId && (zone === undefined || subnet.AvailabilityZone === zone));
  const found = inVpc.find((subnet) => subnet.DefaultForAz) ?? inVpc[0];
  if (found === undefined)
    throw new AwsError('MissingInput', `No subnets found for the default VPC '${vpc?.VpcId ?? 'none'}'. Please specify a subnet.`);
  return found;
}

function groupIds(
  at: Place,
  input: LaunchInput,
  specification: Plain<InstanceNetworkInterfaceSpecification> | undefined,
  subnet: Subnet,
): string[] {
  const ids = specification?.Groups ?? input.SecurityGroupIds ?? [];
  const named = (input.SecurityGroups ?? []).map((name) => findSecurityGroup(at, undefined, name).GroupId);
  const all = [...ids, ...named].map((id) => findSecurityGroup(at, id, undefined).GroupId);
  return all.length === 0 ? defaultGroupIds(at, subnet.VpcId) : all;
}

function interfacesFor(at: Place, input: LaunchInput, instanceId: string): { primary: NetworkInterface; publicIp: boolean } {
  const specifications =
    input.NetworkInterfaces !== undefined && input.NetworkInterfaces.length > 0 ? input.NetworkInterfaces : [undefined];
  let primary: NetworkInterface | undefined;
  let publicIp = false;
  specifications.forEach((specification, index) => {
    const deviceIndex = specification?.DeviceIndex ?? index;
    if (specification?.NetworkInterfaceId !== undefined) {
      const existing = requireNetworkInterface(at, specification.NetworkInterfaceId);
      const attached = attach(at, existing, instanceId, deviceIndex, specification.DeleteOnTermination ?? false);
      if (deviceIndex === 0) primary = attached;
      return;
    }
    const subnet = specification?.SubnetId !== undefined ? requireSubnet(at, specification.SubnetId) : subnetFor(at, input);
    const listed = specification?.PrivateIpAddresses ?? [];
    const chosen =
      specification?.PrivateIpAddress === undefined
        ? listed.find(({ Primary }) => Primary === true)
        : { PrivateIpAddress: specification.PrivateIpAddress };
    const made = createNetworkInterface(at, subnet, {
      description: specification?.Description,
      groupIds: groupIds(at, input, specification, subnet),
      privateIpAddress: chosen?.PrivateIpAddress ?? (specification === undefined ? input.PrivateIpAddress : undefined),
      secondaryAddresses: listed.filter((one) => one !== chosen).map(({ PrivateIpAddress = '' }) => PrivateIpAddress),
      secondaryCount: specification?.SecondaryPrivateIpAddressCount,
      ipv6Addresses: ipv6AddressesFor(at, specification ?? input, subnet),
    });
    const attached = attach(at, made, instanceId, deviceIndex, specification?.DeleteOnTermination ?? true);
    if (deviceIndex === 0 || primary === undefined) {
      primary = attached;
      publicIp = specification?.AssociatePublicIpAddress ?? subnet.MapPublicIpOnLaunch === true;
    }
  });
  return { primary: publicIp ? assignPublicAddress(at, primary!) : primary!, publicIp };
}

/** The IPv6 addresses asked for, by value or by count, or one where the subnet gives each interface one. */
function ipv6AddressesFor(
  at: Place,
  { Ipv6Addresses, Ipv6AddressCount }: Pick<Plain<InstanceNetworkInterfaceSpecification>, 'Ipv6Addresses' | 'Ipv6AddressCount'>,
  subnet: Subnet,
): string[] {
  const given = (Ipv6Addresses ?? []).map(({ Ipv6Address = '' }) => Ipv6Address);
  const count = Ipv6AddressCount ?? (subnet.AssignIpv6AddressOnCreation === true && given.length === 0 ? 1 : 0);
  return [...given, ...Array.from({ length: count }, () => ipv6In(at, subnet))];
}

function launchOne(at: Place, input: LaunchInput, image: Image | undefined, reservationId: string, index: number): Instance {
  const id = at.id('i');
  const { primary, publicIp } = interfacesFor(at, input, id);
  const subnet = requireSubnet(at, primary.SubnetId);
  const type = input.InstanceType ?? 'm1.small';
  const facts = instanceTypeFacts(type);
  const rootDevice = image?.RootDeviceName ?? '/dev/sda1';
  const disks = attachVolumes(at, input, image, rootDevice, id, subnet.AvailabilityZone);
  const profile =
    input.IamInstanceProfile === undefined
      ? undefined
      : findInstanceProfile(at.global, input.IamInstanceProfile.Arn ?? input.IamInstanceProfile.Name ?? '');
  const spot = input.InstanceMarketOptions?.MarketType === 'spot';
  const instance = at.table(instances).put({
    InstanceId: id,
    reservationId,
    AmiLaunchIndex: index,
    Architecture: image?.Architecture ?? facts?.architecture ?? 'x86_64',
    BlockDeviceMappings: disks.map((disk) => ({
      DeviceName: disk.Attachments?.[0]?.Device,
      Ebs: {
        VolumeId: disk.VolumeId,
        Status: 'attached',
        AttachTime: at.nowMs,
        DeleteOnTermination: disk.Attachments?.[0]?.DeleteOnTermination,
      },
    })),
    CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
    ClientToken: input.ClientToken ?? '',
    CpuOptions: { CoreCount: Math.max(1, (facts?.vcpus ?? 1) / (facts?.threadsPerCore ?? 1)), ThreadsPerCore: facts?.threadsPerCore ?? 1 },
    creditSpecification: input.CreditSpecification?.CpuCredits ?? (/^t[34]/.test(type) ? 'unlimited' : 'standard'),
    CurrentInstanceBootMode: 'legacy-bios',
    disableApiStop: input.DisableApiStop ?? false,
    disableApiTermination: input.DisableApiTermination ?? false,
    EbsOptimized: input.EbsOptimized ?? false,
    EnaSupport: true,
    EnclaveOptions: { Enabled: input.EnclaveOptions?.Enabled ?? false },
    HibernationOptions: { Configured: input.HibernationOptions?.Configured ?? false },
    Hypervisor: 'xen',
    ...(profile === undefined ? {} : { IamInstanceProfile: { Arn: profile.Arn, Id: profile.InstanceProfileId } }),
    ImageId: input.ImageId,
    ...(spot ? { InstanceLifecycle: 'spot' as const, SpotInstanceRequestId: at.id('sir', 8) } : {}),
    InstanceType: type,
    ...(input.KeyName === undefined ? {} : { KeyName: input.KeyName }),
    LaunchTime: at.nowMs,
    MaintenanceOptions: { AutoRecovery: 'default' },
    MetadataOptions: {
      State: 'applied',
      HttpTokens: input.MetadataOptions?.HttpTokens ?? 'optional',
      HttpPutResponseHopLimit: input.MetadataOptions?.HttpPutResponseHopLimit ?? 1,
      HttpEndpoint: input.MetadataOptions?.HttpEndpoint ?? 'enabled',
      HttpProtocolIpv6: input.MetadataOptions?.HttpProtocolIpv6 ?? 'disabled',
      InstanceMetadataTags: input.MetadataOptions?.InstanceMetadataTags ?? 'disabled',
    },
    Monitoring: { State: input.Monitoring?.Enabled === true ? 'enabled' : 'disabled' },
    Placement: {
      AvailabilityZone: subnet.AvailabilityZone,
      GroupName: input.Placement?.GroupName ?? '',
      Tenancy: input.Placement?.Tenancy ?? 'default',
      ...(input.Placement?.HostId === undefined ? {} : { HostId: input.Placement.HostId }),
    },
    ...(image?.Platform === undefined ? {} : { Platform: 'Windows' as const }),
    PlatformDetails: image?.PlatformDetails ?? 'Linux/UNIX',
    PrivateDnsName: privateDnsName(at, primary.PrivateIpAddress),
    PrivateDnsNameOptions: { HostnameType: 'ip-name', EnableResourceNameDnsARecord: false, EnableResourceNameDnsAAAARecord: false },
    PrivateIpAddress: primary.PrivateIpAddress,
    ProductCodes: [],
    publicAddress: publicIp,
    PublicDnsName: '',
    RootDeviceName: rootDevice,
    RootDeviceType: image?.RootDeviceType ?? 'ebs',
    shutdownBehavior: input.InstanceInitiatedShutdownBehavior ?? 'stop',
    SourceDestCheck: true,
    state: at.world.machinery.transition(at, id, 'pending', 'running'),
    StateTransitionReason: '',
    SubnetId: subnet.SubnetId,
    UsageOperation: 'RunInstances',
    UsageOperationUpdateTime: at.nowMs,
    userData: input.UserData,
    VirtualizationType: image?.VirtualizationType ?? 'hvm',
    VpcId: subnet.VpcId,
  });
  setTags(at, id, specifiedTags(input.TagSpecifications, 'instance'));
  for (const disk of disks) setTags(at, disk.VolumeId, specifiedTags(input.TagSpecifications, 'volume'));
  setTags(at, primary.NetworkInterfaceId, specifiedTags(input.TagSpecifications, 'network-interface'));
  return instance;
}

function attachVolumes(
  at: Place,
  input: LaunchInput,
  image: Image | undefined,
  rootDevice: string,
  instanceId: string,
  zone: string,
): Volume[] {
  const asked = new Map((image?.BlockDeviceMappings ?? []).filter(({ Ebs }) => Ebs !== undefined).map((one) => [one.DeviceName, one]));
  for (const one of input.BlockDeviceMappings ?? []) {
    if (one.NoDevice !== undefined) asked.delete(one.DeviceName);
    else if (one.Ebs !== undefined) asked.set(one.DeviceName, { ...one, Ebs: { ...asked.get(one.DeviceName)?.Ebs, ...one.Ebs } });
  }
  if (!asked.has(rootDevice) && image?.RootDeviceType !== 'instance-store')
    asked.set(rootDevice, { DeviceName: rootDevice, Ebs: { VolumeSize: 8, DeleteOnTermination: true } });
  return [...asked.values()].map(({ DeviceName, Ebs = {} }) =>
    createVolume(at, {
      ...Ebs,
      zone,
      attachment: {
        instanceId,
        device: DeviceName ?? rootDevice,
        deleteOnTermination: Ebs.DeleteOnTermination ?? DeviceName === rootDevice,
      },
    }),
  );
}
