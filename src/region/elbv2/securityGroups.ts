import { BlockList } from 'node:net';
import { containerRange } from '../../compute/index.ts';
import { networkInterfaces, securityGroupRules, securityGroups, type LoadBalancerResource, type Place } from '../../aws/index.ts';

/** This computer's own parts reach each other over its loopback network, and containers over their bridge. */
const inside = ['127.0.0.0/8', containerRange];

/**
 * Which clients a load balancer's security groups let in at a port: CIDR ranges, or undefined for all.
 *
 * Who is in the VPC reaches a load balancer over the loopback network of this computer or its containers' bridge, and so
 * does whoever sits at it: a rule for the VPC's addresses, or for a group, admits both.
 *
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html
 */
export function sourcesOf(at: Place, { SecurityGroups = [] }: LoadBalancerResource, port: number): string[] | undefined {
  if (isOpen(at, SecurityGroups)) return undefined;
  const rules = rulesOf(at, SecurityGroups, port);
  const ranges = rules.flatMap(({ CidrIpv4, CidrIpv6 }) => [CidrIpv4, CidrIpv6].filter((range) => range !== undefined));
  const fromInside = rules.some(({ CidrIpv4, ReferencedGroupInfo, PrefixListId }) => {
    return ReferencedGroupInfo !== undefined || PrefixListId !== undefined || CidrIpv4?.startsWith('172.31.') === true;
  });
  return fromInside ? [...ranges, ...inside] : ranges;
}

/** Whether the security groups of a target let a load balancer in. What has no interface in the VPC has no groups to ask. */
export function reaches(at: Place, balancer: LoadBalancerResource, targetId: string, port: number): boolean {
  const groups = groupsOfTarget(at, targetId);
  if (groups === undefined || isOpen(at, groups)) return true;
  const own = new Set(balancer.SecurityGroups ?? []);
  const addresses = addressesOf(at, balancer);
  return rulesOf(at, groups, port).some(({ CidrIpv4, PrefixListId, ReferencedGroupInfo }) => {
    if (PrefixListId !== undefined || own.has(ReferencedGroupInfo?.GroupId ?? '')) return true;
    return CidrIpv4 !== undefined && addresses.some((address) => contains(CidrIpv4, address));
  });
}

/** No group at all, or a default one alone that nobody has chosen: on this computer that stands in nobody's way. */
function isOpen(at: Place, groupIds: readonly string[]): boolean {
  return groupIds.every((id) => at.table(securityGroups).get(id)?.GroupName === 'default');
}

function rulesOf(at: Place, groupIds: readonly string[], port: number) {
  return at.table(securityGroupRules).filter(({ GroupId, IsEgress, IpProtocol, FromPort = 0, ToPort = 65_535 }) => {
    if (IsEgress || !groupIds.includes(GroupId)) return false;
    return IpProtocol === '-1' || ((IpProtocol === 'tcp' || IpProtocol === '6') && FromPort <= port && port <= ToPort);
  });
}

function groupsOfTarget(at: Place, id: string): string[] | undefined {
  const own = at.table(networkInterfaces).filter((one) => one.Attachment?.InstanceId === id || one.PrivateIpAddress === id);
  return own.length === 0 ? undefined : own.flatMap(({ Groups = [] }) => Groups.flatMap(({ GroupId }) => GroupId ?? []));
}

function addressesOf(at: Place, { LoadBalancerArn }: LoadBalancerResource): string[] {
  const description = `ELB ${LoadBalancerArn.split(':loadbalancer/')[1] ?? ''}`;
  return at
    .table(networkInterfaces)
    .filter((one) => one.Description === description)
    .map(({ PrivateIpAddress }) => PrivateIpAddress);
}

function contains(range: string, address: string): boolean {
  const [network = '', bits = ''] = range.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(bits), 'ipv4');
  return list.check(address, 'ipv4');
}
