import type { EC2, Route as SdkRoute, RouteTable as SdkRouteTable } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { formatCidr, parseCidr } from './cidr.ts';
import { applyFilters, type FilterFields } from './filter.ts';
import { byIds, knownResource, notFound } from './ids.ts';
import { primaryInterface, requireSubnet, requireVpc, type RouteTable, routeTables, type Vpc } from './resources.ts';
import { vpcEndpoints } from './vpcEndpoints.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

function requireRouteTable(at: Place, id = ''): RouteTable {
  const found = at.table(routeTables).get(id);
  if (found === undefined) throw notFound(id.startsWith('rtb-') ? id : `rtb-${id}`);
  return found;
}

function create(at: Place, vpc: Vpc): RouteTable {
  const local = (vpc.CidrBlockAssociationSet ?? []).map((one) => localRoute({ DestinationCidrBlock: one.CidrBlock }));
  const local6 = (vpc.Ipv6CidrBlockAssociationSet ?? []).map((one) => localRoute({ DestinationIpv6CidrBlock: one.Ipv6CidrBlock }));
  return at.table(routeTables).put({
    RouteTableId: at.id('rtb'),
    VpcId: vpc.VpcId,
    OwnerId: at.account,
    Associations: [],
    PropagatingVgws: [],
    Routes: [...local, ...local6],
  });
}

function localRoute(destination: Plain<SdkRoute>): Plain<SdkRoute> {
  return { ...destination, GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' };
}

export function createMainRouteTable(at: Place, vpc: Vpc): void {
  const made = create(at, vpc);
  const id = at.id('rtbassoc');
  at.table(routeTables).patch(made, {
    Associations: [{ Main: true, RouteTableAssociationId: id, RouteTableId: made.RouteTableId, AssociationState: { State: 'associated' } }],
  });
}

const associations = (one: RouteTable): NonNullable<RouteTable['Associations']> => one.Associations ?? [];
const routes = (one: RouteTable): Plain<SdkRoute>[] => one.Routes ?? [];

const fields: FilterFields<RouteTable> = {
  'route-table-id': (one) => one.RouteTableId,
  'vpc-id': (one) => one.VpcId,
  'owner-id': (one) => one.OwnerId,
  'association.main': (one) => associations(one).some(({ Main }) => Main === true),
  'association.route-table-id': (one) => (associations(one).length === 0 ? undefined : one.RouteTableId),
  'association.route-table-association-id': (one) => associations(one).map((association) => association.RouteTableAssociationId),
  'association.subnet-id': (one) => associations(one).map((association) => association.SubnetId),
  'association.gateway-id': (one) => associations(one).map((association) => association.GatewayId),
  'route.destination-cidr-block': (one) => routes(one).map((route) => route.DestinationCidrBlock),
  'route.destination-ipv6-cidr-block': (one) => routes(one).map((route) => route.DestinationIpv6CidrBlock),
  'route.destination-prefix-list-id': (one) => routes(one).map((route) => route.DestinationPrefixListId),
  'route.gateway-id': (one) => routes(one).map((route) => route.GatewayId),
  'route.instance-id': (one) => routes(one).map((route) => route.InstanceId),
  'route.nat-gateway-id': (one) => routes(one).map((route) => route.NatGatewayId),
  'route.transit-gateway-id': (one) => routes(one).map((route) => route.TransitGatewayId),
  'route.vpc-peering-connection-id': (one) => routes(one).map((route) => route.VpcPeeringConnectionId),
  'route.origin': (one) => routes(one).map((route) => route.Origin),
  'route.state': (one) => routes(one).map((route) => route.State),
};

interface RouteInput {
  DestinationCidrBlock?: string | undefined;
  DestinationIpv6CidrBlock?: string | undefined;
  DestinationPrefixListId?: string | undefined;
}

const targetKeys = [
  'GatewayId',
  'InstanceId',
  'NatGatewayId',
  'NetworkInterfaceId',
  'TransitGatewayId',
  'EgressOnlyInternetGatewayId',
  'VpcPeeringConnectionId',
  'CarrierGatewayId',
  'LocalGatewayId',
  'CoreNetworkArn',
] as const;

/** What a route is looked up by: its destination, of whichever kind. */
function destination(route: RouteInput): string {
  return route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId ?? '';
}

/** Targets that have an error of their own. */
function checkTarget(at: Place, { EgressOnlyInternetGatewayId: gateway, VpcEndpointId: endpoint }: TargetInput): void {
  if (gateway !== undefined && knownResource(at, gateway) === undefined)
    throw new AwsError('InvalidGatewayID.NotFound', `The eigw ID '${gateway}' does not exist`);
  if (endpoint !== undefined && at.table(vpcEndpoints).get(endpoint)?.VpcEndpointType === 'Gateway') {
    throw new AwsError(
      'RouteNotSupported',
      `Route table contains unsupported route target: ${endpoint}. VPC Endpoints of this type cannot be used as route targets.`,
    );
  }
}

interface TargetInput {
  EgressOnlyInternetGatewayId?: string | undefined;
  VpcEndpointId?: string | undefined;
}

function newRoute(at: Place, input: RouteInput & Plain<SdkRoute> & { VpcEndpointId?: string | undefined }): Plain<SdkRoute> {
  const { DestinationCidrBlock: block } = input;
  const cidr = block === undefined ? undefined : parseCidr(block);
  if (block !== undefined && cidr === undefined) {
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${block}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`,
    );
  }
  checkTarget(at, input);
  const route: Record<string, unknown> = { State: 'active', Origin: 'CreateRoute' };
  if (cidr !== undefined) route['DestinationCidrBlock'] = at.strict ? formatCidr(cidr) : block;
  if (input.DestinationIpv6CidrBlock !== undefined) route['DestinationIpv6CidrBlock'] = input.DestinationIpv6CidrBlock;
  if (input.DestinationPrefixListId !== undefined) route['DestinationPrefixListId'] = input.DestinationPrefixListId;
  for (const key of targetKeys) if (input[key] !== undefined) route[key] = input[key];
  if (input.VpcEndpointId !== undefined) route['GatewayId'] = input.VpcEndpointId;
  const target = targetKeys.map((key) => route[key] as string | undefined).find((id) => id !== undefined);
  if (target !== undefined && /^(igw|nat|eni|eigw|pcx|i)-/.test(target) && knownResource(at, target) === undefined) throw notFound(target);
  const eni = input.InstanceId === undefined || !at.strict ? undefined : primaryInterface(at, input.InstanceId);
  if (eni !== undefined) {
    route['NetworkInterfaceId'] = eni.NetworkInterfaceId;
    route['InstanceOwnerId'] = at.account;
  }
  return route;
}

/** The route table that holds an association, with the association. */
function requireAssociation(at: Place, id = ''): [RouteTable, NonNullable<RouteTable['Associations']>[number]] {
  for (const routeTable of at.table(routeTables).values()) {
    const found = associations(routeTable).find((one) => one.RouteTableAssociationId === id);
    if (found !== undefined) return [routeTable, found];
  }
  throw new AwsError('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
}

function describe(at: Place, one: RouteTable): Plain<SdkRouteTable> {
  return { ...one, Tags: [...tagsOf(at, one.RouteTableId)] };
}

export const routeTableOperations: Operations<EC2> = {
  CreateRouteTable({ VpcId, TagSpecifications }, at) {
    const made = create(at, requireVpc(at, VpcId));
    tagNew(at, made.RouteTableId, 'route-table', TagSpecifications);
    return { RouteTable: describe(at, made) };
  },

  DescribeRouteTables({ RouteTableIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, byIds(at.table(routeTables), RouteTableIds), Filters, (one) => one.RouteTableId, fields);
    const { items, next } = page(found, { token: NextToken, max: MaxResults });
    return { RouteTables: items.map((one) => describe(at, one)), NextToken: next };
  },

  DeleteRouteTable({ RouteTableId }, at) {
    const found = requireRouteTable(at, RouteTableId);
    if (associations(found).length > 0) {
      throw new AwsError('DependencyViolation', `The routeTable '${found.RouteTableId}' has dependencies and cannot be deleted.`);
    }
    at.table(routeTables).delete(found.RouteTableId);
    dropTags(at, found.RouteTableId);
  },

  AssociateRouteTable({ RouteTableId, SubnetId, GatewayId }, at) {
    const found = requireRouteTable(at, RouteTableId);
    const held = associations(found).find((one) => (SubnetId !== undefined ? one.SubnetId === SubnetId : one.GatewayId === GatewayId));
    if (held !== undefined) return { AssociationId: held.RouteTableAssociationId, AssociationState: held.AssociationState };
    const elsewhere =
      SubnetId !== undefined &&
      at.table(routeTables).find((one) => associations(one).some((association) => association.SubnetId === SubnetId));
    if (elsewhere)
      throw new AwsError(
        'Resource.AlreadyAssociated',
        `the specified association for route table ${found.RouteTableId} conflicts with an existing association`,
      );
    const target = SubnetId !== undefined ? { SubnetId: requireSubnet(at, SubnetId).SubnetId } : { GatewayId };
    const made = {
      Main: false,
      RouteTableAssociationId: at.id('rtbassoc'),
      RouteTableId: found.RouteTableId,
      AssociationState: { State: 'associated' as const },
      ...target,
    };
    at.table(routeTables).patch(found, { Associations: [...associations(found), made] });
    return { AssociationId: made.RouteTableAssociationId, AssociationState: made.AssociationState };
  },

  DisassociateRouteTable({ AssociationId }, at) {
    const [routeTable, found] = requireAssociation(at, AssociationId);
    if (found.Main === true)
      throw new AwsError('InvalidParameterValue', `cannot disassociate the main route table association ${AssociationId ?? ''}`);
    at.table(routeTables).patch(routeTable, { Associations: associations(routeTable).filter((one) => one !== found) });
  },

  ReplaceRouteTableAssociation({ AssociationId, RouteTableId }, at) {
    const target = requireRouteTable(at, RouteTableId);
    const [routeTable, found] = requireAssociation(at, AssociationId);
    if (routeTable === target) return { NewAssociationId: found.RouteTableAssociationId, AssociationState: found.AssociationState };
    const moved = { ...found, RouteTableAssociationId: at.id('rtbassoc'), RouteTableId: target.RouteTableId };
    at.table(routeTables).patch(routeTable, { Associations: associations(routeTable).filter((one) => one !== found) });
    at.table(routeTables).patch(target, { Associations: [...associations(target), moved] });
    return { NewAssociationId: moved.RouteTableAssociationId, AssociationState: moved.AssociationState };
  },

  CreateRoute(input, at) {
    const found = requireRouteTable(at, input.RouteTableId);
    const route = newRoute(at, input);
    const same = routes(found).find((one) => destination(one) === destination(route));
    if (same !== undefined) {
      throw new AwsError('RouteAlreadyExists', `The route identified by ${destination(route)} already exists.`);
    }
    at.table(routeTables).patch(found, { Routes: [...routes(found), route] });
    return { Return: true };
  },

  ReplaceRoute(input, at) {
    const found = requireRouteTable(at, input.RouteTableId);
    const route = newRoute(at, input.LocalTarget === true ? { ...input, GatewayId: 'local' } : input);
    if (!routes(found).some((one) => destination(one) === destination(route)))
      throw new AwsError(
        'InvalidParameterValue',
        `There is no route defined for '${destination(route)}' in the route table. Use CreateRoute instead.`,
      );
    at.table(routeTables).patch(found, { Routes: routes(found).map((one) => (destination(one) === destination(route) ? route : one)) });
  },

  DeleteRoute(input, at) {
    const found = requireRouteTable(at, input.RouteTableId);
    const gone = requireRoute(found, input);
    at.table(routeTables).patch(found, { Routes: routes(found).filter((one) => one !== gone) });
  },
};

function requireRoute(routeTable: RouteTable, wanted: RouteInput): Plain<SdkRoute> {
  const found = routes(routeTable).find((one) => destination(one) === destination(wanted));
  if (found !== undefined) return found;
  throw new AwsError(
    'InvalidRoute.NotFound',
    `no route with destination-cidr-block ${destination(wanted)} in route table ${routeTable.RouteTableId}`,
  );
}
