import type { EC2, Vpc as SdkVpc } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { formatCidr, requireCidr } from './cidr.ts';
import { defaultDhcpOptions } from './dhcpOptions.ts';
import { applyFilters, type FilterFields } from './filter.ts';
import { byIds } from './ids.ts';
import { createNetworkAcl } from './networkAcls.ts';
import {
  defaultVpc,
  internetGateways,
  networkAcls,
  networkInterfaces,
  requireVpc,
  routeTables,
  securityGroups,
  subnets,
  type Vpc,
  vpcs,
} from './resources.ts';
import { createMainRouteTable } from './routeTables.ts';
import { createSecurityGroup } from './securityGroups.ts';
import { createSubnet } from './subnets.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';
import { zonesOf } from './zones.ts';

/** The default VPC with what AWS puts into it: a /20 subnet per zone, internet gateway, main route table, ACL, security group. */
export function createDefaultVpc(at: Place): Vpc {
  const vpc = createVpc(at, '172.31.0.0/16', { isDefault: true, tenancy: 'default', ipv6: false });
  const gateway = at
    .table(internetGateways)
    .put({ InternetGatewayId: at.id('igw'), OwnerId: at.account, Attachments: [{ State: 'available' as never, VpcId: vpc.VpcId }] });
  const main = at.table(routeTables).find((routeTable) => routeTable.VpcId === vpc.VpcId)!;
  at.table(routeTables).patch(main, {
    Routes: [
      ...(main.Routes ?? []),
      { DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway.InternetGatewayId, Origin: 'CreateRoute', State: 'active' },
    ],
  });
  zonesOf(at.region).forEach((zone, index) => createSubnet(at, vpc, `172.31.${index * 16}.0/20`, zone, true));
  return vpc;
}

function createVpc(at: Place, block: string, options: { isDefault: boolean; tenancy: string; ipv6: boolean }): Vpc {
  const vpc = at.table(vpcs).put({
    VpcId: at.id('vpc'),
    CidrBlock: block,
    OwnerId: at.account,
    State: 'available',
    IsDefault: options.isDefault,
    InstanceTenancy: options.tenancy as never,
    DhcpOptionsId: defaultDhcpOptions(at).DhcpOptionsId,
    Ipv6CidrBlockAssociationSet: options.ipv6 ? [ipv6Association(at)] : [],
    CidrBlockAssociationSet: [cidrAssociation(at, block)],
    enableDnsSupport: true,
    enableDnsHostnames: options.isDefault,
    enableNetworkAddressUsageMetrics: false,
    classicLink: false,
    classicLinkDns: false,
  });
  createMainRouteTable(at, vpc);
  createNetworkAcl(at, vpc, true);
  createSecurityGroup(at, vpc, 'default', 'default VPC security group');
  return vpc;
}

function cidrAssociation(at: Place, block: string): NonNullable<Vpc['CidrBlockAssociationSet']>[number] {
  return { AssociationId: at.id('vpc-cidr-assoc'), CidrBlock: block, CidrBlockState: { State: 'associated' } };
}

function ipv6Association(at: Place, pool = 'Amazon'): NonNullable<Vpc['Ipv6CidrBlockAssociationSet']>[number] {
  return {
    AssociationId: at.id('vpc-cidr-assoc'),
    Ipv6CidrBlock: `2400:6500:${at.hex(4)}:${at.hex(2)}00::/56`,
    Ipv6CidrBlockState: { State: 'associated' },
    NetworkBorderGroup: at.region,
    Ipv6Pool: pool,
  };
}

export function describeVpc(at: Place, vpc: Vpc): Plain<SdkVpc> {
  return { ...vpc, Tags: [...tagsOf(at, vpc.VpcId)] };
}

const blocks = (vpc: Vpc): (string | undefined)[] => (vpc.CidrBlockAssociationSet ?? []).map((one) => one.CidrBlock);

const fields: FilterFields<Vpc> = {
  'vpc-id': (vpc) => vpc.VpcId,
  cidr: (vpc) => vpc.CidrBlock,
  cidrBlock: (vpc) => vpc.CidrBlock,
  'cidr-block': (vpc) => vpc.CidrBlock,
  'cidr-block-association.cidr-block': blocks,
  'cidr-block-association.association-id': (vpc) => (vpc.CidrBlockAssociationSet ?? []).map((one) => one.AssociationId),
  'cidr-block-association.state': (vpc) => (vpc.CidrBlockAssociationSet ?? []).map((one) => one.CidrBlockState?.State),
  'ipv6-cidr-block-association.ipv6-cidr-block': (vpc) => (vpc.Ipv6CidrBlockAssociationSet ?? []).map((one) => one.Ipv6CidrBlock),
  'ipv6-cidr-block-association.association-id': (vpc) => (vpc.Ipv6CidrBlockAssociationSet ?? []).map((one) => one.AssociationId),
  'ipv6-cidr-block-association.state': (vpc) => (vpc.Ipv6CidrBlockAssociationSet ?? []).map((one) => one.Ipv6CidrBlockState?.State),
  'dhcp-options-id': (vpc) => vpc.DhcpOptionsId,
  'is-default': (vpc) => vpc.IsDefault,
  isDefault: (vpc) => vpc.IsDefault,
  'owner-id': (vpc) => vpc.OwnerId,
  state: (vpc) => vpc.State,
};

export const vpcOperations: Operations<EC2> = {
  CreateVpc(input, at) {
    const block = input.CidrBlock ?? '10.0.0.0/16';
    const cidr = requireCidr(block, 'cidrBlock');
    if (cidr.bits < 16 || cidr.bits > 28) throw new AwsError('InvalidVpc.Range', `The CIDR '${block}' is invalid.`);
    const ipv6 = input.AmazonProvidedIpv6CidrBlock === true;
    const vpc = createVpc(at, at.strict ? formatCidr(cidr) : block, {
      isDefault: false,
      tenancy: input.InstanceTenancy ?? 'default',
      ipv6,
    });
    tagNew(at, vpc.VpcId, 'vpc', input.TagSpecifications);
    return { Vpc: describeVpc(at, vpc) };
  },

  CreateDefaultVpc(_input, at) {
    if (defaultVpc(at) !== undefined)
      throw new AwsError('DefaultVpcAlreadyExists', 'A Default VPC already exists for this account in this region.');
    return { Vpc: describeVpc(at, createDefaultVpc(at)) };
  },

  DescribeVpcs({ VpcIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, byIds(at.table(vpcs), VpcIds), Filters, (vpc) => vpc.VpcId, fields);
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { Vpcs: items.map((vpc) => describeVpc(at, vpc)), NextToken: next };
  },

  DeleteVpc({ VpcId = '' }, at) {
    const vpc = requireVpc(at, VpcId);
    const inVpc = (one: { VpcId?: string | undefined }): boolean => one.VpcId === VpcId;
    const blocked =
      at.table(subnets).find(inVpc) ??
      at.table(networkInterfaces).find(inVpc) ??
      at.table(securityGroups).find((group) => inVpc(group) && group.GroupName !== 'default') ??
      at.table(routeTables).find((routeTable) => inVpc(routeTable) && !routeTable.Associations?.some(({ Main }) => Main)) ??
      (at.strict ? at.table(internetGateways).find((gateway) => gateway.Attachments?.some(inVpc) ?? false) : undefined);
    if (blocked !== undefined) throw new AwsError('DependencyViolation', `The vpc '${VpcId}' has dependencies and cannot be deleted.`);
    for (const group of at.table(securityGroups).filter(inVpc)) at.table(securityGroups).delete(group.GroupId);
    for (const routeTable of at.table(routeTables).filter(inVpc)) at.table(routeTables).delete(routeTable.RouteTableId);
    for (const acl of at.table(networkAcls).filter(inVpc)) at.table(networkAcls).delete(acl.NetworkAclId);
    at.table(vpcs).delete(vpc.VpcId);
    dropTags(at, vpc.VpcId);
  },

  DescribeVpcAttribute({ VpcId, Attribute }, at) {
    const vpc = requireVpc(at, VpcId);
    if (Attribute === 'enableDnsHostnames') return { VpcId, EnableDnsHostnames: { Value: vpc.enableDnsHostnames } };
    if (Attribute === 'enableDnsSupport') return { VpcId, EnableDnsSupport: { Value: vpc.enableDnsSupport } };
    if (Attribute === 'enableNetworkAddressUsageMetrics')
      return { VpcId, EnableNetworkAddressUsageMetrics: { Value: vpc.enableNetworkAddressUsageMetrics } };
    throw new AwsError('InvalidParameterValue', `Value (${String(Attribute)}) for parameter attribute is invalid.`);
  },

  ModifyVpcAttribute({ VpcId, EnableDnsSupport, EnableDnsHostnames, EnableNetworkAddressUsageMetrics }, at) {
    const vpc = requireVpc(at, VpcId);
    at.table(vpcs).patch(vpc, {
      enableDnsSupport: EnableDnsSupport?.Value ?? vpc.enableDnsSupport,
      enableDnsHostnames: EnableDnsHostnames?.Value ?? vpc.enableDnsHostnames,
      enableNetworkAddressUsageMetrics: EnableNetworkAddressUsageMetrics?.Value ?? vpc.enableNetworkAddressUsageMetrics,
    });
  },

  ModifyVpcTenancy({ VpcId, InstanceTenancy }, at) {
    if (InstanceTenancy !== 'default')
      throw new AwsError('UnsupportedTenancy', `The tenancy value ${String(InstanceTenancy)} is not supported.`);
    at.table(vpcs).patch(requireVpc(at, VpcId), { InstanceTenancy });
    return { ReturnValue: true };
  },

  AssociateVpcCidrBlock({ VpcId, CidrBlock, AmazonProvidedIpv6CidrBlock, Ipv6Pool }, at) {
    const vpc = requireVpc(at, VpcId);
    if (AmazonProvidedIpv6CidrBlock === true || Ipv6Pool !== undefined) {
      const held = vpc.Ipv6CidrBlockAssociationSet ?? [];
      if (held.length >= 1) throw tooManyBlocks(vpc.VpcId, 1);
      const association = ipv6Association(at, Ipv6Pool);
      at.table(vpcs).patch(vpc, { Ipv6CidrBlockAssociationSet: [...held, association] });
      return { VpcId, Ipv6CidrBlockAssociation: { ...association, Ipv6CidrBlockState: { State: 'associating' } } };
    }
    const block = formatCidr(requireCidr(CidrBlock ?? '', 'cidrBlock'));
    const held = vpc.CidrBlockAssociationSet ?? [];
    if (held.length >= 5) throw tooManyBlocks(vpc.VpcId, 5);
    const association = cidrAssociation(at, block);
    at.table(vpcs).patch(vpc, { CidrBlockAssociationSet: [...held, association] });
    return { VpcId, CidrBlockAssociation: { ...association, CidrBlockState: { State: 'associating' } } };
  },

  DisassociateVpcCidrBlock({ AssociationId = '' }, at) {
    for (const vpc of at.table(vpcs).values()) {
      const four = vpc.CidrBlockAssociationSet?.find((one) => one.AssociationId === AssociationId);
      const six = vpc.Ipv6CidrBlockAssociationSet?.find((one) => one.AssociationId === AssociationId);
      if (four?.CidrBlock === vpc.CidrBlock && four !== undefined) {
        throw new AwsError(
          'OperationNotPermitted',
          `The vpc CIDR block with association ID ${AssociationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
        );
      }
      if (four === undefined && six === undefined) continue;
      const others = <T extends { AssociationId?: string | undefined }>(list: T[] | undefined): T[] =>
        (list ?? []).filter((one) => one.AssociationId !== AssociationId);
      at.table(vpcs).patch(vpc, {
        CidrBlockAssociationSet: others(vpc.CidrBlockAssociationSet),
        Ipv6CidrBlockAssociationSet: others(vpc.Ipv6CidrBlockAssociationSet),
      });
      if (four !== undefined) return { VpcId: vpc.VpcId, CidrBlockAssociation: { ...four, CidrBlockState: { State: 'disassociating' } } };
      return { VpcId: vpc.VpcId, Ipv6CidrBlockAssociation: { ...six, Ipv6CidrBlockState: { State: 'disassociating' } } };
    }
    throw new AwsError(
      'InvalidVpcCidrBlockAssociationIdError.NotFound',
      `The vpc CIDR block association ID '${AssociationId}' does not exist`,
    );
  },
};

function tooManyBlocks(id: string, max: number): AwsError {
  return new AwsError('CidrLimitExceeded', `This network ${id} has met its maximum number of allowed CIDRs: ${max}`);
}
