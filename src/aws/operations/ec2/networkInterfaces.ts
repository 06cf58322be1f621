import type { EC2, NetworkInterface as SdkNetworkInterface } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { describedMax, page } from '../page.ts';
import { applyFilters, type FilterFields } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import {
  instances,
  type NetworkInterface,
  networkInterfaces,
  requireNetworkInterface,
  requireSecurityGroup,
  requireSubnet,
  securityGroups,
  type Subnet,
  vpcs,
} from './resources.ts';
import { freeAddress, requireFreeAddress } from './subnets.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

export interface NewNetworkInterface {
  readonly description?: string | undefined;
  readonly groupIds?: readonly string[] | undefined;
  readonly privateIpAddress?: string | undefined;
  readonly secondaryAddresses?: readonly string[];
  readonly secondaryCount?: number | undefined;
  readonly ipv6Addresses?: readonly string[];
  readonly interfaceType?: string | undefined;
  /** Filled in for interfaces that AWS makes for its own services. */
  readonly requesterId?: string;
}

export function groupIdentifiers(at: Place, ids: readonly string[]): { GroupId: string; GroupName: string }[] {
  return ids.map((id) => {
    const { GroupId, GroupName } = requireSecurityGroup(at, id);
    return { GroupId, GroupName };
  });
}

export function defaultGroupIds(at: Place, vpcId: string): string[] {
  const group = at.table(securityGroups).find((one) => one.VpcId === vpcId && one.GroupName === 'default');
  return group === undefined ? [] : [group.GroupId];
}

/** `ip-172-31-0-5.ec2.internal` in us-east-1, `….eu-west-1.compute.internal` elsewhere. */
export function privateDnsName(at: Place, address: string): string {
  const suffix = at.region === 'us-east-1' ? 'ec2.internal' : `${at.region}.compute.internal`;
  return `ip-${address.replaceAll('.', '-')}.${suffix}`;
}

export function createNetworkInterface(at: Place, subnet: Subnet, options: NewNetworkInterface = {}): NetworkInterface {
  const primary = options.privateIpAddress;
  if (primary !== undefined) requireFreeAddress(at, subnet, primary);
  const groupIds = options.groupIds === undefined || options.groupIds.length === 0 ? defaultGroupIds(at, subnet.VpcId) : options.groupIds;
  const address = primary ?? freeAddress(at, subnet);
  const names = at.table(vpcs).get(subnet.VpcId)?.enableDnsHostnames === true;
  const entry = (PrivateIpAddress: string, Primary: boolean): NonNullable<NetworkInterface['PrivateIpAddresses']>[number] => ({
    PrivateIpAddress,
    Primary,
    ...(names ? { PrivateDnsName: privateDnsName(at, PrivateIpAddress) } : {}),
  });
  let made = at.table(networkInterfaces).put({
    NetworkInterfaceId: at.id('eni'),
    AvailabilityZone: subnet.AvailabilityZone,
    Description: options.description ?? '',
    Groups: groupIdentifiers(at, groupIds),
    InterfaceType: (options.interfaceType ?? 'interface') as never,
    Ipv6Addresses: (options.ipv6Addresses ?? []).map((Ipv6Address) => ({ Ipv6Address })),
    MacAddress: macAddress(at),
    OwnerId: at.account,
    PrivateIpAddress: address,
    ...(names ? { PrivateDnsName: privateDnsName(at, address) } : {}),
    PrivateIpAddresses: [entry(address, true), ...(options.secondaryAddresses ?? []).map((one) => entry(one, false))],
    RequesterManaged: options.requesterId !== undefined,
    ...(options.requesterId === undefined ? {} : { RequesterId: options.requesterId }),
    SourceDestCheck: true,
    Status: 'available',
    SubnetId: subnet.SubnetId,
    VpcId: subnet.VpcId,
  });
  for (let extra = 0; extra < (options.secondaryCount ?? 0); extra++) {
    made = at
      .table(networkInterfaces)
      .patch(made, { PrivateIpAddresses: [...made.PrivateIpAddresses!, entry(freeAddress(at, subnet), false)] });
  }
  return made;
}

function macAddress(at: Place): string {
  return `02:${at.hex(10).replace(/(..)(?=.)/g, '$1:')}`;
}

export function attach(
  at: Place,
  one: NetworkInterface,
  instanceId: string,
  deviceIndex: number,
  deleteOnTermination: boolean,
): NetworkInterface {
  return at.table(networkInterfaces).patch(one, {
    Status: 'in-use',
    Attachment: {
      AttachmentId: at.id('eni-attach'),
      AttachTime: at.nowMs,
      DeleteOnTermination: deleteOnTermination,
      DeviceIndex: deviceIndex,
      NetworkCardIndex: 0,
      InstanceId: instanceId,
      InstanceOwnerId: at.account,
      Status: 'attached',
    },
  });
}

export function detach(at: Place, one: NetworkInterface): NetworkInterface {
  const { Attachment: _gone, ...rest } = one;
  return at.table(networkInterfaces).put({ ...rest, Status: 'available' });
}

export function deleteNetworkInterface(at: Place, id: string): void {
  at.table(networkInterfaces).delete(id);
  dropTags(at, id);
}

export function describeNetworkInterface(at: Place, one: NetworkInterface): Plain<SdkNetworkInterface> {
  const addresses = (one.PrivateIpAddresses ?? []).map((address) =>
    address.Primary === true && one.Association !== undefined ? { ...address, Association: one.Association } : address,
  );
  return { ...one, PrivateIpAddresses: addresses, TagSet: [...tagsOf(at, one.NetworkInterfaceId)] };
}

const fields: FilterFields<NetworkInterface> = {
  'network-interface-id': (one) => one.NetworkInterfaceId,
  'subnet-id': (one) => one.SubnetId,
  'vpc-id': (one) => one.VpcId,
  'private-ip-address': (one) => one.PrivateIpAddress,
  'private-dns-name': (one) => one.PrivateDnsName,
  'addresses.private-ip-address': (one) => (one.PrivateIpAddresses ?? []).map((address) => address.PrivateIpAddress),
  'addresses.primary': (one) => (one.PrivateIpAddresses ?? []).map((address) => address.Primary),
  'group-id': (one) => (one.Groups ?? []).map((group) => group.GroupId),
  'group-name': (one) => (one.Groups ?? []).map((group) => group.GroupName),
  'attachment.instance-id': (one) => one.Attachment?.InstanceId,
  'attachment.instance-owner-id': (one) => one.Attachment?.InstanceOwnerId,
  'attachment.attachment-id': (one) => one.Attachment?.AttachmentId,
  'attachment.status': (one) => one.Attachment?.Status,
  'attachment.device-index': (one) => one.Attachment?.DeviceIndex,
  'attachment.delete-on-termination': (one) => one.Attachment?.DeleteOnTermination,
  'association.public-ip': (one) => one.Association?.PublicIp,
  'association.allocation-id': (one) => one.Association?.AllocationId,
  'availability-zone': (one) => one.AvailabilityZone,
  description: (one) => one.Description,
  'interface-type': (one) => one.InterfaceType,
  'mac-address': (one) => one.MacAddress,
  'owner-id': (one) => one.OwnerId,
  'requester-id': (one) => one.RequesterId,
  'requester-managed': (one) => one.RequesterManaged,
  'source-dest-check': (one) => one.SourceDestCheck,
  status: (one) => one.Status,
};

export const networkInterfaceOperations: Operations<EC2> = {
  CreateNetworkInterface(input, at) {
    const subnet = requireSubnet(at, input.SubnetId);
    const addresses = input.PrivateIpAddresses ?? [];
    const primary = input.PrivateIpAddress ?? addresses.find(({ Primary }) => Primary === true)?.PrivateIpAddress;
    const made = createNetworkInterface(at, subnet, {
      description: input.Description,
      groupIds: input.Groups,
      privateIpAddress: primary,
      secondaryAddresses: addresses
        .filter(({ PrivateIpAddress }) => PrivateIpAddress !== primary)
        .map(({ PrivateIpAddress = '' }) => PrivateIpAddress),
      secondaryCount: input.SecondaryPrivateIpAddressCount,
      ipv6Addresses: [
        ...(input.Ipv6Addresses ?? []).map(({ Ipv6Address = '' }) => Ipv6Address),
        ...Array.from({ length: input.Ipv6AddressCount ?? 0 }, () => ipv6In(at, subnet)),
      ],
      interfaceType: input.InterfaceType,
    });
    tagNew(at, made.NetworkInterfaceId, 'network-interface', input.TagSpecifications);
    return { NetworkInterface: { ...describeNetworkInterface(at, made), Status: 'pending' as never }, ClientToken: input.ClientToken };
  },

  DescribeNetworkInterfaces({ NetworkInterfaceIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(
      at,
      byIds(at.table(networkInterfaces), NetworkInterfaceIds),
      Filters,
      (one) => one.NetworkInterfaceId,
      fields,
    );
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: describedMax });
    return { NetworkInterfaces: items.map((one) => describeNetworkInterface(at, one)), NextToken: next };
  },

  DescribeNetworkInterfaceAttribute({ NetworkInterfaceId, Attribute }, at) {
    const one = requireNetworkInterface(at, NetworkInterfaceId);
    if (Attribute === 'description') return { NetworkInterfaceId, Description: { Value: one.Description } };
    if (Attribute === 'groupSet') return { NetworkInterfaceId, Groups: one.Groups };
    if (Attribute === 'sourceDestCheck') return { NetworkInterfaceId, SourceDestCheck: { Value: one.SourceDestCheck } };
    if (Attribute === 'attachment') return { NetworkInterfaceId, Attachment: one.Attachment };
    throw new AwsError('InvalidParameterValue', `Value (${String(Attribute)}) for parameter attribute is invalid. Unknown attribute.`);
  },

  ModifyNetworkInterfaceAttribute(input, at) {
    const one = requireNetworkInterface(at, input.NetworkInterfaceId);
    at.table(networkInterfaces).patch(one, {
      Description: input.Description?.Value ?? one.Description,
      Groups: input.Groups === undefined ? one.Groups : groupIdentifiers(at, input.Groups),
      SourceDestCheck: input.SourceDestCheck?.Value ?? one.SourceDestCheck,
      Attachment:
        input.Attachment === undefined || one.Attachment === undefined
          ? one.Attachment
          : { ...one.Attachment, DeleteOnTermination: input.Attachment.DeleteOnTermination },
    });
  },

  AttachNetworkInterface({ NetworkInterfaceId, InstanceId = '', DeviceIndex = 0 }, at) {
    const one = requireNetworkInterface(at, NetworkInterfaceId);
    if (!at.table(instances).has(InstanceId)) throw notFound(InstanceId);
    if (one.Attachment !== undefined) throw new AwsError('InvalidNetworkInterface.InUse', `Interface: [${one.NetworkInterfaceId}] in use.`);
    return { AttachmentId: attach(at, one, InstanceId, DeviceIndex, false).Attachment?.AttachmentId, NetworkCardIndex: 0 };
  },

  DetachNetworkInterface({ AttachmentId = '' }, at) {
    const one = at.table(networkInterfaces).find((found) => found.Attachment?.AttachmentId === AttachmentId);
    if (one === undefined) throw new AwsError('InvalidAttachmentID.NotFound', `The attachment ID '${AttachmentId}' does not exist`);
    if (one.Attachment?.DeviceIndex === 0) {
      throw new AwsError('OperationNotPermitted', 'The network interface at device index 0 and networkCard index 0 cannot be detached.');
    }
    detach(at, one);
  },

  DeleteNetworkInterface({ NetworkInterfaceId }, at) {
    const one = requireNetworkInterface(at, NetworkInterfaceId);
    if (one.Attachment !== undefined)
      throw new AwsError('InvalidParameterValue', `Network interface '${one.NetworkInterfaceId}' is currently in use.`);
    deleteNetworkInterface(at, one.NetworkInterfaceId);
  },

  AssignPrivateIpAddresses({ NetworkInterfaceId, PrivateIpAddresses, SecondaryPrivateIpAddressCount = 0 }, at) {
    let one = requireNetworkInterface(at, NetworkInterfaceId);
    const subnet = requireSubnet(at, one.SubnetId);
    const wanted = PrivateIpAddresses ?? Array.from({ length: SecondaryPrivateIpAddressCount }, () => undefined);
    const assigned: string[] = [];
    for (const given of wanted) {
      const address = given ?? freeAddress(at, subnet);
      assigned.push(address);
      if (one.PrivateIpAddresses!.some((held) => held.PrivateIpAddress === address)) continue;
      one = at
        .table(networkInterfaces)
        .patch(one, { PrivateIpAddresses: [...one.PrivateIpAddresses!, { PrivateIpAddress: address, Primary: false }] });
    }
    return { NetworkInterfaceId, AssignedPrivateIpAddresses: assigned.map((PrivateIpAddress) => ({ PrivateIpAddress })) };
  },

  UnassignPrivateIpAddresses({ NetworkInterfaceId, PrivateIpAddresses = [] }, at) {
    const one = requireNetworkInterface(at, NetworkInterfaceId);
    at.table(networkInterfaces).patch(one, {
      PrivateIpAddresses: one.PrivateIpAddresses!.filter((address) => !PrivateIpAddresses.includes(address.PrivateIpAddress ?? '')),
    });
  },

  AssignIpv6Addresses({ NetworkInterfaceId, Ipv6Addresses, Ipv6AddressCount = 0 }, at) {
    const one = requireNetworkInterface(at, NetworkInterfaceId);
    const subnet = requireSubnet(at, one.SubnetId);
    const assigned = Ipv6Addresses ?? Array.from({ length: Ipv6AddressCount }, () => ipv6In(at, subnet));
    at.table(networkInterfaces).patch(one, {
      Ipv6Addresses: [...(one.Ipv6Addresses ?? []), ...assigned.map((Ipv6Address) => ({ Ipv6Address }))],
    });
    return { NetworkInterfaceId, AssignedIpv6Addresses: assigned };
  },

  UnassignIpv6Addresses({ NetworkInterfaceId, Ipv6Addresses = [] }, at) {
    const one = requireNetworkInterface(at, NetworkInterfaceId);
    at.table(networkInterfaces).patch(one, {
      Ipv6Addresses: (one.Ipv6Addresses ?? []).filter(({ Ipv6Address = '' }) => !Ipv6Addresses.includes(Ipv6Address)),
    });
    return { NetworkInterfaceId, UnassignedIpv6Addresses: Ipv6Addresses };
  },
};

/** An address in the subnet's IPv6 block, or in a block of ours when it has none. */
export function ipv6In(at: Place, subnet: Subnet): string {
  const block = subnet.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? '2001:db8:0:1::/64';
  return `${block.replace(/::\/\d+$/, '')}:${at.hex(4)}:${at.hex(4)}:${at.hex(4)}:${at.hex(4)}`;
}
