import type { EC2, VpcEndpoint as SdkVpcEndpoint } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import { createNetworkInterface, defaultGroupIds, deleteNetworkInterface, groupIdentifiers } from './networkInterfaces.ts';
import { requireSubnet, requireVpc, routeTables } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

interface VpcEndpoint extends Plain<Omit<SdkVpcEndpoint, 'Tags'>> {
  readonly VpcEndpointId: string;
  readonly deletedAtMs?: number;
}

const endpointTypes = ['Gateway', 'Interface', 'GatewayLoadBalancer'] as const;

/** A deleted endpoint is shown for a while. */
const afterlifeMs = 3_600_000;

export const vpcEndpoints = table<VpcEndpoint>('ec2.vpc-endpoint', (endpoint) => endpoint.VpcEndpointId);

const openPolicy = JSON.stringify({ Version: '2008-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }] });

const noEndpoint = (id: string): AwsError => new AwsError('InvalidVpcEndpointId.NotFound', `The Vpc Endpoint Id '${id}' does not exist`);

function requireEndpoint(at: Place, id = ''): VpcEndpoint {
  const endpoint = at.table(vpcEndpoints).get(id);
  if (endpoint === undefined || endpoint.deletedAtMs !== undefined) throw notFound(id.startsWith('vpce-') ? id : `vpce-${id}`);
  return endpoint;
}

/** A gateway endpoint is a route to the service's prefix list in each of its tables. */
function setRoutes(at: Place, endpointId: string, tableIds: readonly string[]): void {
  const destination = `pl-${endpointId.slice(-8)}`;
  for (const routeTable of at.table(routeTables).values()) {
    const others = (routeTable.Routes ?? []).filter((route) => route.GatewayId !== endpointId);
    const wanted = tableIds.includes(routeTable.RouteTableId);
    if (!wanted && others.length === (routeTable.Routes ?? []).length) continue;
    const route = { DestinationPrefixListId: destination, GatewayId: endpointId, Origin: 'CreateRoute' as const, State: 'active' as const };
    at.table(routeTables).patch(routeTable, { Routes: wanted ? [...others, route] : others });
  }
}

function describe(at: Place, endpoint: VpcEndpoint): Plain<SdkVpcEndpoint> {
  return { ...endpoint, Tags: [...tagsOf(at, endpoint.VpcEndpointId)] };
}

/** `vpce-….s3.us-east-1.vpce.amazonaws.com` for a service of AWS; other names as they are. */
function dnsName(at: Place, id: string, service: string): string {
  const own = /^com\.amazonaws\.(?:vpce\.)?([a-z]+-[a-z-]+-\d)\.(.+)$/.exec(service);
  return own === null ? `${id}.${service}` : `${id}-${at.hex(8)}.${own[2]}.${own[1]}.vpce.${at.dnsSuffix}`;
}

function forgetLongDeleted(at: Place): void {
  for (const one of at.table(vpcEndpoints).filter(({ deletedAtMs = Infinity }) => deletedAtMs < at.nowMs - afterlifeMs)) {
    at.table(vpcEndpoints).delete(one.VpcEndpointId);
    dropTags(at, one.VpcEndpointId);
  }
}

const changed = (
  held: readonly string[] | undefined,
  add: readonly string[] | undefined,
  remove: readonly string[] | undefined,
): string[] => [...new Set([...(held ?? []).filter((id) => !(remove ?? []).includes(id)), ...(add ?? [])])];

export const vpcEndpointOperations: Operations<EC2> = {
  CreateVpcEndpoint(input, at) {
    const vpc = requireVpc(at, input.VpcId);
    const id = at.id('vpce');
    const type = endpointTypes.find((one) => one.toLowerCase() === input.VpcEndpointType?.toLowerCase()) ?? 'Gateway';
    for (const tableId of input.RouteTableIds ?? []) if (!at.table(routeTables).has(tableId)) throw notFound(tableId);
    const groupIds = type === 'Interface' ? (input.SecurityGroupIds?.length ? input.SecurityGroupIds : defaultGroupIds(at, vpc.VpcId)) : [];
    const enis = (input.SubnetIds ?? []).map((subnetId) =>
      createNetworkInterface(at, requireSubnet(at, subnetId), {
        description: `VPC Endpoint Interface ${id}`,
        groupIds,
        interfaceType: 'vpc_endpoint',
        requesterId: 'amazon-vpce',
      }),
    );
    const endpoint = at.table(vpcEndpoints).put({
      VpcEndpointId: id,
      VpcEndpointType: at.strict ? type : (input.VpcEndpointType ?? type),
      VpcId: vpc.VpcId,
      ServiceName: input.ServiceName,
      State: 'available' as never,
      PolicyDocument: input.PolicyDocument ?? openPolicy,
      RouteTableIds: input.RouteTableIds ?? [],
      SubnetIds: input.SubnetIds ?? [],
      Groups: groupIdentifiers(at, groupIds),
      PrivateDnsEnabled: input.PrivateDnsEnabled ?? (type === 'Interface' || !at.strict),
      RequesterManaged: false,
      NetworkInterfaceIds: enis.map((eni) => eni.NetworkInterfaceId),
      DnsEntries:
        type === 'Interface'
          ? [
              {
                DnsName: dnsName(at, id, input.ServiceName ?? ''),
                HostedZoneId: `Z${at.hex(13).toUpperCase()}`,
              },
            ]
          : [],
      CreationTimestamp: at.nowMs,
      OwnerId: at.account,
      IpAddressType: 'ipv4',
    });
    if (type === 'Gateway') setRoutes(at, id, input.RouteTableIds ?? []);
    tagNew(at, id, 'vpc-endpoint', input.TagSpecifications);
    return { VpcEndpoint: describe(at, endpoint), ClientToken: input.ClientToken };
  },

  DescribeVpcEndpoints({ VpcEndpointIds, Filters, NextToken, MaxResults }, at) {
    forgetLongDeleted(at);
    const found = applyFilters(at, byIds(at.table(vpcEndpoints), VpcEndpointIds, noEndpoint), Filters, (one) => one.VpcEndpointId, {
      'vpc-endpoint-id': (one) => one.VpcEndpointId,
      'vpc-endpoint-type': (one) => one.VpcEndpointType,
      'vpc-endpoint-state': (one) => one.State,
      'vpc-id': (one) => one.VpcId,
      'service-name': (one) => one.ServiceName,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { VpcEndpoints: items.map((one) => describe(at, one)), NextToken: next };
  },

  ModifyVpcEndpoint(input, at) {
    const endpoint = requireEndpoint(at, input.VpcEndpointId);
    const tableIds = changed(endpoint.RouteTableIds, input.AddRouteTableIds, input.RemoveRouteTableIds);
    const groupIds = changed(
      (endpoint.Groups ?? []).map(({ GroupId = '' }) => GroupId),
      input.AddSecurityGroupIds,
      input.RemoveSecurityGroupIds,
    );
    at.table(vpcEndpoints).patch(endpoint, {
      PolicyDocument: input.ResetPolicy === true ? openPolicy : (input.PolicyDocument ?? endpoint.PolicyDocument),
      RouteTableIds: tableIds,
      SubnetIds: changed(endpoint.SubnetIds, input.AddSubnetIds, input.RemoveSubnetIds),
      Groups: groupIdentifiers(at, groupIds),
      PrivateDnsEnabled: input.PrivateDnsEnabled ?? endpoint.PrivateDnsEnabled,
    });
    if (endpoint.VpcEndpointType === 'Gateway') setRoutes(at, endpoint.VpcEndpointId, tableIds);
    return { Return: true };
  },

  DeleteVpcEndpoints({ VpcEndpointIds = [] }, at) {
    const unsuccessful: { ResourceId: string; Error: { Code: string; Message: string } }[] = [];
    for (const id of VpcEndpointIds) {
      const endpoint = at.table(vpcEndpoints).get(id);
      if (endpoint === undefined || endpoint.deletedAtMs !== undefined) {
        const error: AwsError = notFound(id);
        unsuccessful.push({ ResourceId: id, Error: { Code: error.code, Message: error.message } });
        continue;
      }
      setRoutes(at, id, []);
      for (const eni of endpoint.NetworkInterfaceIds ?? []) deleteNetworkInterface(at, eni);
      at.table(vpcEndpoints).patch(endpoint, { State: 'deleted' as never, deletedAtMs: at.nowMs, NetworkInterfaceIds: [] });
    }
    return { Unsuccessful: unsuccessful };
  },
};
