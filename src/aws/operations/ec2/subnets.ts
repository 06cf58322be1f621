import type { CreateSubnetRequest, EC2, Subnet as SdkSubnet, SubnetCidrReservation as SdkReservation } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { type Cidr, contains, formatAddress, formatCidr, overlaps, parseAddress, parseCidr, requireCidr, sizeOf } from './cidr.ts';
import { applyFilters, type FilterFields } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import {
  defaultVpc,
  networkAcls,
  interfacesBySubnet,
  networkInterfaces,
  requireSubnet,
  requireVpc,
  routeTables,
  type Subnet,
  subnets,
  type Vpc,
} from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';
import { noZoneForSubnet, requireZone, requireZoneToPlace, type Zone, zonesOf } from './zones.ts';

interface Reservation extends Plain<SdkReservation> {
  readonly SubnetCidrReservationId: string;
}

const reservations = table<Reservation>('ec2.subnet-cidr-reservation', (one) => one.SubnetCidrReservationId);

/** AWS keeps the first four addresses and the last of every subnet. */
const reservedAddresses = 5;

export function createSubnet(at: Place, vpc: Vpc, block: string, zone: Zone, isDefault = false): Subnet {
  const id = at.id('subnet');
  const acl = at.table(networkAcls).find((one) => one.VpcId === vpc.VpcId && one.IsDefault === true);
  if (acl !== undefined) {
    const association = { NetworkAclAssociationId: at.id('aclassoc'), NetworkAclId: acl.NetworkAclId, SubnetId: id };
    at.table(networkAcls).patch(acl, { Associations: [...(acl.Associations ?? []), association] });
  }
  return at.table(subnets).put({
    SubnetId: id,
    SubnetArn: at.arn('ec2', `subnet/${id}`),
    VpcId: vpc.VpcId,
    OwnerId: at.account,
    CidrBlock: block,
    AvailabilityZone: zone.name,
    AvailabilityZoneId: zone.id,
    AvailableIpAddressCount: sizeOf(parseCidr(block)!) - reservedAddresses,
    DefaultForAz: isDefault,
    MapPublicIpOnLaunch: isDefault,
    MapCustomerOwnedIpOnLaunch: false,
    AssignIpv6AddressOnCreation: false,
    Ipv6Native: false,
    Ipv6CidrBlockAssociationSet: [],
    EnableDns64: false,
    PrivateDnsNameOptionsOnLaunch: { HostnameType: 'ip-name', EnableResourceNameDnsARecord: false, EnableResourceNameDnsAAAARecord: false },
    State: 'available',
  });
}

/** The lowest address of the subnet that nothing uses. */
export function freeAddress(at: Place, subnet: Subnet): string {
  const block = parseCidr(subnet.CidrBlock)!;
  const used = usedAddresses(at, subnet);
  const kept = at
    .table(reservations)
    .filter((one) => one.SubnetId === subnet.SubnetId)
    .map((one) => parseCidr(one.Cidr ?? ''))
    .filter((one): one is Cidr => one !== undefined);
  for (let address = block.base + 4; address < block.base + sizeOf(block) - 1; address++) {
    if (!used.has(formatAddress(address)) && !kept.some((one) => contains(one, { base: address, bits: 32 }))) return formatAddress(address);
  }
  throw new AwsError(
    'InsufficientFreeAddressesInSubnet',
    `There are not enough free addresses in subnet '${subnet.SubnetId}' to satisfy the requested number of instances.`,
  );
}

function usedAddresses(at: Place, subnet: Subnet): Set<string> {
  const used = new Set<string>();
  for (const one of at.table(networkInterfaces).by(interfacesBySubnet, subnet.SubnetId)) {
    for (const { PrivateIpAddress } of one.PrivateIpAddresses ?? []) if (PrivateIpAddress !== undefined) used.add(PrivateIpAddress);
  }
  return used;
}

/** Checks that a caller's choice of address lies in the subnet and is free. */
export function requireFreeAddress(at: Place, subnet: Subnet, address: string): void {
  const base = parseAddress(address);
  if (at.strict && (base === undefined || !contains(parseCidr(subnet.CidrBlock)!, { base, bits: 32 }))) {
    throw new AwsError('InvalidParameterValue', "Address does not fall within the subnet's address range");
  }
  if (usedAddresses(at, subnet).has(address)) throw new AwsError('InvalidIPAddress.InUse', `Address ${address} is in use.`);
}

export function describeSubnet(at: Place, subnet: Subnet): Plain<SdkSubnet> {
  if (subnet.Ipv6Native === true) {
    const { CidrBlock: _none, ...rest } = subnet;
    return { ...rest, Tags: [...tagsOf(at, subnet.SubnetId)] };
  }
  const available = (subnet.AvailableIpAddressCount ?? 0) - usedAddresses(at, subnet).size;
  return { ...subnet, AvailableIpAddressCount: available, Tags: [...tagsOf(at, subnet.SubnetId)] };
}

const ipv6 = (subnet: Subnet): NonNullable<Subnet['Ipv6CidrBlockAssociationSet']> => subnet.Ipv6CidrBlockAssociationSet ?? [];

const fields: FilterFields<Subnet> = {
  'subnet-id': (subnet) => subnet.SubnetId,
  'subnet-arn': (subnet) => subnet.SubnetArn,
  'vpc-id': (subnet) => subnet.VpcId,
  cidr: (subnet) => subnet.CidrBlock,
  cidrBlock: (subnet) => subnet.CidrBlock,
  'cidr-block': (subnet) => subnet.CidrBlock,
  'availability-zone': (subnet) => subnet.AvailabilityZone,
  availabilityZone: (subnet) => subnet.AvailabilityZone,
  'availability-zone-id': (subnet) => subnet.AvailabilityZoneId,
  'available-ip-address-count': (subnet, at) => describeSubnet(at, subnet).AvailableIpAddressCount,
  'default-for-az': (subnet) => subnet.DefaultForAz,
  defaultForAz: (subnet) => subnet.DefaultForAz,
  'map-public-ip-on-launch': (subnet) => subnet.MapPublicIpOnLaunch,
  'owner-id': (subnet) => subnet.OwnerId,
  state: (subnet) => subnet.State,
  'ipv6-cidr-block-association.ipv6-cidr-block': (subnet) => ipv6(subnet).map((one) => one.Ipv6CidrBlock),
  'ipv6-cidr-block-association.association-id': (subnet) => ipv6(subnet).map((one) => one.AssociationId),
  'ipv6-cidr-block-association.state': (subnet) => ipv6(subnet).map((one) => one.Ipv6CidrBlockState?.State),
};

/** A subnet without IPv4: its block of the VPC's IPv6 range is all it has. */
function createIpv6Native(at: Place, vpc: Vpc, zone: Zone, input: Plain<CreateSubnetRequest>): Plain<SdkSubnet> {
  if (input.Ipv6CidrBlock === undefined)
    throw new AwsError('MissingParameter', "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.");
  if (input.CidrBlock !== undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      'When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true.',
    );
  }
  const subnet = at.table(subnets).patch(createSubnet(at, vpc, '0.0.0.0/32', zone), {
    Ipv6Native: true,
    AssignIpv6AddressOnCreation: true,
    AvailableIpAddressCount: 0,
    Ipv6CidrBlockAssociationSet: [ipv6Association(at, input.Ipv6CidrBlock)],
  });
  tagNew(at, subnet.SubnetId, 'subnet', input.TagSpecifications);
  return describeSubnet(at, subnet);
}

function dropRouteTableAssociations(at: Place, subnetId: string): void {
  for (const routeTable of at
    .table(routeTables)
    .filter((one) => one.Associations?.some((association) => association.SubnetId === subnetId) ?? false)) {
    at.table(routeTables).patch(routeTable, {
      Associations: routeTable.Associations!.filter((association) => association.SubnetId !== subnetId),
    });
  }
}

export const subnetOperations: Operations<EC2> = {
  CreateSubnet(input, at) {
    const vpc = requireVpc(at, input.VpcId);
    const asked = input.AvailabilityZone ?? input.AvailabilityZoneId;
    const zone = asked === undefined ? zonesOf(at.region)[0]! : requireZoneToPlace(at, asked, noZoneForSubnet);
    if (input.Ipv6Native === true) return { Subnet: createIpv6Native(at, vpc, zone, input) };
    if (input.CidrBlock === undefined) throw new AwsError('MissingParameter', 'The request must contain the parameter CidrBlock');
    const cidr = requireCidr(input.CidrBlock, 'cidrBlock');
    const block = formatCidr(cidr);
    const inVpc = (vpc.CidrBlockAssociationSet ?? []).some((one) => contains(parseCidr(one.CidrBlock ?? '')!, cidr));
    if (!inVpc || cidr.bits > 28) throw new AwsError('InvalidSubnet.Range', `The CIDR '${input.CidrBlock ?? ''}' is invalid.`);
    const conflict = at.table(subnets).find((one) => one.VpcId === vpc.VpcId && overlaps(parseCidr(one.CidrBlock)!, cidr));
    if (conflict !== undefined) throw new AwsError('InvalidSubnet.Conflict', `The CIDR '${block}' conflicts with another subnet`);
    let subnet = createSubnet(at, vpc, block, zone);
    if (input.Ipv6CidrBlock !== undefined)
      subnet = at.table(subnets).patch(subnet, { Ipv6CidrBlockAssociationSet: [ipv6Association(at, input.Ipv6CidrBlock)] });
    tagNew(at, subnet.SubnetId, 'subnet', input.TagSpecifications);
    return { Subnet: describeSubnet(at, subnet) };
  },

  CreateDefaultSubnet({ AvailabilityZone = '' }, at) {
    const vpc = defaultVpc(at);
    if (vpc === undefined) throw new AwsError('DefaultVpcDoesNotExist', 'No default VPC exists for this account in this region.');
    const zone = requireZone(at, AvailabilityZone, noZoneForSubnet);
    const existing = at.table(subnets).find((one) => one.DefaultForAz === true && one.AvailabilityZone === zone.name);
    if (existing !== undefined) {
      throw new AwsError(
        'DefaultSubnetAlreadyExistsInAvailabilityZone',
        `'${existing.SubnetId}' is already the default subnet in ${zone.name}.`,
      );
    }
    const taken = at
      .table(subnets)
      .filter((one) => one.VpcId === vpc.VpcId)
      .map((one) => parseCidr(one.CidrBlock)!);
    for (let index = 0; index < 16; index++) {
      const block = `172.31.${index * 16}.0/20`;
      if (!taken.some((one) => overlaps(one, parseCidr(block)!)))
        return { Subnet: describeSubnet(at, createSubnet(at, vpc, block, zone, true)) };
    }
    throw new AwsError('InvalidSubnet.Conflict', 'The default VPC has no free block for another default subnet');
  },

  DescribeSubnets({ SubnetIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, byIds(at.table(subnets), SubnetIds), Filters, (subnet) => subnet.SubnetId, fields);
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { Subnets: items.map((subnet) => describeSubnet(at, subnet)), NextToken: next };
  },

  DeleteSubnet({ SubnetId = '' }, at) {
    requireSubnet(at, SubnetId);
    if (at.table(networkInterfaces).by(interfacesBySubnet, SubnetId).length > 0) {
      throw new AwsError('DependencyViolation', `The subnet '${SubnetId}' has dependencies and cannot be deleted.`);
    }
    if (at.strict) dropRouteTableAssociations(at, SubnetId);
    for (const acl of at
      .table(networkAcls)
      .filter((one) => one.Associations?.some((association) => association.SubnetId === SubnetId) ?? false)) {
      at.table(networkAcls).patch(acl, { Associations: acl.Associations!.filter((association) => association.SubnetId !== SubnetId) });
    }
    at.table(subnets).delete(SubnetId);
    dropTags(at, SubnetId);
  },

  ModifySubnetAttribute(input, at) {
    const subnet = requireSubnet(at, input.SubnetId);
    const names = subnet.PrivateDnsNameOptionsOnLaunch ?? {};
    at.table(subnets).patch(subnet, {
      MapPublicIpOnLaunch: input.MapPublicIpOnLaunch?.Value ?? subnet.MapPublicIpOnLaunch,
      AssignIpv6AddressOnCreation: input.AssignIpv6AddressOnCreation?.Value ?? subnet.AssignIpv6AddressOnCreation,
      EnableDns64: input.EnableDns64?.Value ?? subnet.EnableDns64,
      MapCustomerOwnedIpOnLaunch: input.MapCustomerOwnedIpOnLaunch?.Value ?? subnet.MapCustomerOwnedIpOnLaunch,
      PrivateDnsNameOptionsOnLaunch: {
        HostnameType: input.PrivateDnsHostnameTypeOnLaunch ?? names.HostnameType,
        EnableResourceNameDnsARecord: input.EnableResourceNameDnsARecordOnLaunch?.Value ?? names.EnableResourceNameDnsARecord,
        EnableResourceNameDnsAAAARecord: input.EnableResourceNameDnsAAAARecordOnLaunch?.Value ?? names.EnableResourceNameDnsAAAARecord,
      },
    });
  },

  AssociateSubnetCidrBlock({ SubnetId, Ipv6CidrBlock = '' }, at) {
    const subnet = requireSubnet(at, SubnetId);
    const association = ipv6Association(at, Ipv6CidrBlock);
    const taken = at.table(subnets).find((one) => ipv6(one).some((held) => held.Ipv6CidrBlock === Ipv6CidrBlock));
    if (taken !== undefined) throw new AwsError('InvalidSubnet.Conflict', `The CIDR '${Ipv6CidrBlock}' conflicts with another subnet`);
    at.table(subnets).patch(subnet, { Ipv6CidrBlockAssociationSet: [...ipv6(subnet), association] });
    return {
      SubnetId,
      Ipv6CidrBlockAssociation: at.strict ? { ...association, Ipv6CidrBlockState: { State: 'associating' } } : association,
    };
  },

  DisassociateSubnetCidrBlock({ AssociationId = '' }, at) {
    const subnet = at.table(subnets).find((one) => ipv6(one).some((held) => held.AssociationId === AssociationId));
    if (subnet === undefined) {
      throw new AwsError(
        'InvalidSubnetCidrBlockAssociationID.NotFound',
        `The subnet CIDR block with association ID '${AssociationId}' does not exist`,
      );
    }
    const association = ipv6(subnet).find((held) => held.AssociationId === AssociationId)!;
    at.table(subnets).patch(subnet, { Ipv6CidrBlockAssociationSet: ipv6(subnet).filter((held) => held !== association) });
    return { SubnetId: subnet.SubnetId, Ipv6CidrBlockAssociation: { ...association, Ipv6CidrBlockState: { State: 'disassociating' } } };
  },

  CreateSubnetCidrReservation({ SubnetId, Cidr = '', ReservationType, Description, TagSpecifications }, at) {
    const subnet = requireSubnet(at, SubnetId);
    const cidr = parseCidr(Cidr);
    if (cidr !== undefined && !contains(parseCidr(subnet.CidrBlock)!, cidr))
      throw new AwsError('InvalidParameterValue', `Reservation CIDR should be within subnet CIDR block (${subnet.CidrBlock})`);
    const clash = at
      .table(reservations)
      .find(
        (one) =>
          one.SubnetId === subnet.SubnetId && cidr !== undefined && overlaps(parseCidr(one.Cidr ?? '') ?? { base: 0, bits: 32 }, cidr),
      );
    if (clash !== undefined)
      throw new AwsError('InvalidParameterValue', `Reservation CIDR ${Cidr} has overlap with existing reserved CIDR block`);
    if (ReservationType !== 'prefix' && ReservationType !== 'explicit')
      throw new AwsError(
        'InvalidParameterValue',
        `Invalid value '${String(ReservationType)}' for reservationType. Must be 'prefix' or 'explicit'.`,
      );
    const made = at.table(reservations).put({
      SubnetCidrReservationId: at.id('scr'),
      SubnetId: subnet.SubnetId,
      Cidr,
      ReservationType,
      OwnerId: at.account,
      ...(Description === undefined ? {} : { Description }),
    });
    tagNew(at, made.SubnetCidrReservationId, 'subnet-cidr-reservation', TagSpecifications);
    return { SubnetCidrReservation: describeReservation(at, made) };
  },

  GetSubnetCidrReservations({ SubnetId = '', Filters, NextToken, MaxResults }, at) {
    requireSubnet(at, SubnetId);
    const found = applyFilters(
      at,
      at.table(reservations).filter((one) => one.SubnetId === SubnetId),
      Filters,
      (one) => one.SubnetCidrReservationId,
      {
        reservationType: (one) => one.ReservationType,
        'reservation-type': (one) => one.ReservationType,
        'subnet-id': (one) => one.SubnetId,
      },
    );
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    const described = items.map((one) => describeReservation(at, one));
    const four = described.filter((one) => !one.Cidr?.includes(':'));
    return {
      SubnetIpv4CidrReservations: four,
      SubnetIpv6CidrReservations: described.filter((one) => !four.includes(one)),
      NextToken: next,
    };
  },

  DeleteSubnetCidrReservation({ SubnetCidrReservationId = '' }, at) {
    const found = at.table(reservations).get(SubnetCidrReservationId);
    if (found === undefined) throw notFound(SubnetCidrReservationId);
    const described = describeReservation(at, found);
    at.table(reservations).delete(SubnetCidrReservationId);
    return { DeletedSubnetCidrReservation: described };
  },
};

function describeReservation(at: Place, one: Reservation): Plain<SdkReservation> {
  return { ...one, Tags: [...tagsOf(at, one.SubnetCidrReservationId)] };
}

function ipv6Association(at: Place, block: string): NonNullable<Subnet['Ipv6CidrBlockAssociationSet']>[number] {
  return { AssociationId: at.id('subnet-cidr-assoc'), Ipv6CidrBlock: block, Ipv6CidrBlockState: { State: 'associated' } };
}
