import type { InstanceNetworkInterfaceSpecification } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { findImage } from './images.ts';
import { instanceTypeFacts } from './instanceTypes.ts';
import { checkLaunch, withTemplate, type LaunchInput } from './launchInput.ts';
import { attach, createNetworkInterface, defaultGroupIds, ipv6In, privateDnsName } from './networkInterfaces.ts';
import { associateProfile } from './profileAssociations.ts';
import { assignPublicAddress } from './publicAddresses.ts';
import {
  defaultVpc,
  findSecurityGroup,
  type Image,
  type Instance,
  instances,
  type NetworkInterface,
  requireNetworkInterface,
  requireInstance,
  requireSubnet,
  type Subnet,
  subnets,
  type Volume,
} from './resources.ts';
import { setTags, specifiedTags } from './tagSets.ts';
import { createVolume } from './volumes.ts';
import { requireZone } from './zones.ts';

/** Launches what RunInstances asks for, or what a group does with its template; instances of one call share a reservation. */
export function launch(at: Place, given: LaunchInput, reservationId: string): Instance[] {
  const input = withTemplate(at, given);
  checkLaunch(at, input);
  const image = findImage(at, input.ImageId ?? '');
  const count = input.MaxCount ?? 1;
  return Array.from({ length: count }, (_, index) => launchOne(at, input, image, reservationId, index));
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
  if (vpc === undefined)
    throw new AwsError('VPCIdNotSpecified', 'No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.');
  const inVpc = at
    .table(subnets)
    .filter((subnet) => subnet.VpcId === vpc.VpcId && (zone === undefined || subnet.AvailabilityZone === zone));
  const found = inVpc.find((subnet) => subnet.DefaultForAz) ?? inVpc[0];
  if (found === undefined && zone !== undefined) throw new AwsError('InvalidInput', `No default subnet for availability zone: '${zone}'.`);
  if (found === undefined)
    throw new AwsError('MissingInput', `No subnets found for the default VPC '${vpc.VpcId}'. Please specify a subnet.`);
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
  const spot = input.InstanceMarketOptions?.MarketType === 'spot';
  at.table(instances).put({
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
    CpuOptions: {
      CoreCount: input.CpuOptions?.CoreCount ?? Math.max(1, (facts?.vcpus ?? 1) / (facts?.threadsPerCore ?? 1)),
      ThreadsPerCore: input.CpuOptions?.ThreadsPerCore ?? facts?.threadsPerCore ?? 1,
    },
    creditSpecification: input.CreditSpecification?.CpuCredits ?? (/^t[34]/.test(type) ? 'unlimited' : 'standard'),
    CurrentInstanceBootMode: 'legacy-bios',
    disableApiStop: input.DisableApiStop ?? false,
    disableApiTermination: input.DisableApiTermination ?? false,
    EbsOptimized: input.EbsOptimized ?? false,
    EnaSupport: true,
    EnclaveOptions: { Enabled: input.EnclaveOptions?.Enabled ?? false },
    HibernationOptions: { Configured: input.HibernationOptions?.Configured ?? false },
    Hypervisor: 'xen',
    ImageId: input.ImageId,
    ...(spot ? { InstanceLifecycle: 'spot' as const, SpotInstanceRequestId: at.id('sir', 8) } : {}),
    InstanceType: type,
    ...(input.KeyName === undefined ? {} : { KeyName: input.KeyName }),
    LaunchTime: at.nowMs,
    MaintenanceOptions: { AutoRecovery: input.MaintenanceOptions?.AutoRecovery ?? 'default' },
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
    PrivateDnsNameOptions: {
      HostnameType: input.PrivateDnsNameOptions?.HostnameType ?? subnet.PrivateDnsNameOptionsOnLaunch?.HostnameType ?? 'ip-name',
      EnableResourceNameDnsARecord: input.PrivateDnsNameOptions?.EnableResourceNameDnsARecord ?? false,
      EnableResourceNameDnsAAAARecord: input.PrivateDnsNameOptions?.EnableResourceNameDnsAAAARecord ?? false,
    },
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
  if (input.IamInstanceProfile !== undefined) associateProfile(at, requireInstance(at, id), input.IamInstanceProfile);
  return requireInstance(at, id);
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
