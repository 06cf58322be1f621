import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';

/** A prefix of EC2's identifiers: the type that tags know it by, and the words of its NotFound error. */
interface IdKind {
  readonly prefix: string;
  readonly type: string;
  readonly kind: string;
  readonly code: string;
  readonly noun: string;
}

const kinds: readonly IdKind[] = [
  kind('i', 'instance', 'ec2.instance', 'InvalidInstanceID.NotFound', 'instance ID'),
  kind('vpc', 'vpc', 'ec2.vpc', 'InvalidVpcID.NotFound', 'vpc ID'),
  kind('subnet', 'subnet', 'ec2.subnet', 'InvalidSubnetID.NotFound', 'subnet ID'),
  kind('sg', 'security-group', 'ec2.security-group', 'InvalidGroup.NotFound', 'security group'),
  kind('sgr', 'security-group-rule', 'ec2.security-group-rule', 'InvalidSecurityGroupRuleId.NotFound', 'security group rule ID'),
  kind('igw', 'internet-gateway', 'ec2.internet-gateway', 'InvalidInternetGatewayID.NotFound', 'internetGateway ID'),
  kind('rtb', 'route-table', 'ec2.route-table', 'InvalidRouteTableID.NotFound', 'routeTable ID'),
  kind('acl', 'network-acl', 'ec2.network-acl', 'InvalidNetworkAclID.NotFound', 'networkAcl ID'),
  kind('eni', 'network-interface', 'ec2.network-interface', 'InvalidNetworkInterfaceID.NotFound', 'networkInterface ID'),
  kind('vol', 'volume', 'ec2.volume', 'InvalidVolume.NotFound', 'volume'),
  kind('snap', 'snapshot', 'ec2.snapshot', 'InvalidSnapshot.NotFound', 'snapshot'),
  kind('ami', 'image', 'ec2.image', 'InvalidAMIID.NotFound', 'image id'),
  kind('key', 'key-pair', 'ec2.key-pair', 'InvalidKeyPair.NotFound', 'key pair'),
  kind('lt', 'launch-template', 'ec2.launch-template', 'InvalidLaunchTemplateId.NotFound', 'launch template ID'),
  kind('dopt', 'dhcp-options', 'ec2.dhcp-options', 'InvalidDhcpOptionID.NotFound', 'dhcpOption ID'),
  kind('eipalloc', 'elastic-ip', 'ec2.address', 'InvalidAllocationID.NotFound', 'allocation ID'),
  kind('nat', 'natgateway', 'ec2.nat-gateway', 'NatGatewayNotFound', 'NAT gateway'),
  kind('vpce', 'vpc-endpoint', 'ec2.vpc-endpoint', 'InvalidVpcEndpointId.NotFound', 'Vpc Endpoint Id'),
  kind('pcx', 'vpc-peering-connection', 'ec2.peering', 'InvalidVpcPeeringConnectionId.NotFound', 'vpcPeeringConnection ID'),
  kind(
    'eigw',
    'egress-only-internet-gateway',
    'ec2.egress-only-internet-gateway',
    'InvalidEgressOnlyInternetGatewayId.NotFound',
    'egress only internet gateway ID',
  ),
  kind('pl', 'prefix-list', 'ec2.prefix-list', 'InvalidPrefixListID.NotFound', 'prefix list ID'),
  kind(
    'scr',
    'subnet-cidr-reservation',
    'ec2.subnet-cidr-reservation',
    'InvalidSubnetCidrReservationID.NotFound',
    'subnet-cidr-reservation ID',
  ),
];

function kind(prefix: string, type: string, table: string, code: string, noun: string): IdKind {
  return { prefix, type, kind: table, code, noun };
}

function kindOf(id: string): IdKind | undefined {
  const dash = id.indexOf('-');
  const prefix = dash < 0 ? '' : id.slice(0, dash);
  return kinds.find((one) => one.prefix === prefix);
}

/** The resource that an identifier names, of whatever kind; undefined when there is none. */
export function knownResource(at: Place, id: string): { readonly type: string } | undefined {
  const found = kindOf(id);
  if (found === undefined) return undefined;
  // Image ids that nobody registered stand for the default machine image, so they can be tagged too.
  if (found.prefix === 'ami' && /^ami-[0-9a-f]+$/.test(id)) return { type: found.type };
  return at.world.holds(at, found.kind, id) ? { type: found.type } : undefined;
}

/** AWS's error for an identifier that names nothing. */
export function notFound(id: string): AwsError {
  const found = kindOf(id);
  if (found === undefined) return new AwsError('InvalidID', `The ID '${id}' is not valid`);
  if (found.prefix === 'ami')
    return /^ami-[0-9a-f]+$/.test(id)
      ? new AwsError(found.code, `The image id '[${id}]' does not exist`)
      : new AwsError('InvalidID', `The ID '${id}' is not valid`);
  if (found.prefix === 'vol' || found.prefix === 'snap') return new AwsError(found.code, `The ${found.noun} '${id}' does not exist.`);
  return new AwsError(found.code, `The ${found.noun} '${id}' does not exist`);
}

/** The resources with the given ids in their order, or all of them; an unknown id is an error. */
export function byIds<T>(
  table: { get(id: string): T | undefined; values(): T[] },
  ids: readonly string[] | undefined,
  missing: (id: string, all: readonly string[]) => AwsError = notFound,
): T[] {
  if (ids === undefined || ids.length === 0) return table.values();
  return ids.map((id) => {
    const found = table.get(id);
    if (found === undefined) throw missing(id, ids);
    return found;
  });
}
