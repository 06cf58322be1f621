import type { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import { createNetworkInterface, deleteNetworkInterface } from '../ec2/networkInterfaces.ts';
import { networkInterfaces, securityGroups, subnets, type Subnet } from '../ec2/resources.ts';
import { defaultGroupIds } from '../ec2/networkInterfaces.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { deleteListener } from './listeners.ts';
import { dropTags, setTags } from './tags.ts';
import { attributeList, listeners, type LoadBalancer, loadBalancers, requireLoadBalancer } from './resources.ts';

/** Quotas "Application/Network Load Balancers per Region". */
const perRegionMax = 100;

/** Attributes and their defaults. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html */
function defaultAttributes(type: LoadBalancer['Type']): Record<string, string> {
  const common = { 'deletion_protection.enabled': 'false', 'load_balancing.cross_zone.enabled': type === 'application' ? 'true' : 'false' };
  if (type === 'gateway') return common;
  const logs = { 'access_logs.s3.enabled': 'false', 'access_logs.s3.bucket': '', 'access_logs.s3.prefix': '' };
  if (type === 'network')
    return { ...common, ...logs, 'dns_record.client_routing_policy': 'any_availability_zone', 'zonal_shift.config.enabled': 'false' };
  return {
    ...common,
    ...logs,
    'connection_logs.s3.enabled': 'false',
    'connection_logs.s3.bucket': '',
    'connection_logs.s3.prefix': '',
    'idle_timeout.timeout_seconds': '60',
    'client_keep_alive.seconds': '3600',
    'routing.http.desync_mitigation_mode': 'defensive',
    'routing.http.drop_invalid_header_fields.enabled': 'false',
    'routing.http.preserve_host_header.enabled': 'false',
    'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': 'false',
    'routing.http.xff_client_port.enabled': 'false',
    'routing.http.xff_header_processing.mode': 'append',
    'routing.http2.enabled': 'true',
    'waf.fail_open.enabled': 'false',
    'zonal_shift.config.enabled': 'false',
  };
}

function requireName(name: string): void {
  const length = "Load balancer name cannot be longer than '32' characters";
  if (name.length > 32) throw new AwsError('ValidationError', `The load balancer name '${name}' cannot be longer than '32' characters`);
  if (name === '' || !/^[A-Za-z0-9-]+$/.test(name)) {
    throw new AwsError(
      'ValidationError',
      name === '' ? length : `The load balancer name '${name}' can only contain characters that are alphanumeric characters and hyphens(-)`,
    );
  }
  if (name.startsWith('-') || name.endsWith('-'))
    throw new AwsError('ValidationError', `The load balancer name '${name}' cannot begin or end with a hyphen(-)`);
  if (name.startsWith('internal-')) throw new AwsError('ValidationError', `The load balancer name '${name}' cannot begin with 'internal-'`);
}

function subnetsOf(at: Place, ids: readonly string[]): Subnet[] {
  const missing = ids.filter((id) => !at.table(subnets).has(id));
  if (missing.length > 0) throw new AwsError('SubnetNotFound', `The subnet ID '${missing[0] ?? ''}' does not exist`);
  const found = ids.map((id) => at.table(subnets).get(id)!);
  if (new Set(found.map((subnet) => subnet.AvailabilityZone)).size < found.length) {
    throw new AwsError(
      'InvalidConfigurationRequest',
      'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
    );
  }
  return found;
}

const zonesOf = (found: readonly Subnet[]): NonNullable<LoadBalancer['AvailabilityZones']> =>
  found.map((subnet) => ({ ZoneName: subnet.AvailabilityZone, SubnetId: subnet.SubnetId }));

interface NamedBalancer {
  readonly name: string;
  readonly id: string;
  readonly type: LoadBalancer['Type'];
  readonly scheme: string;
}

/** `internal-name-1234567.region.elb.amazonaws.com`; where rules are not held strictly, one that can be foretold. */
function dnsName(at: Place, { name, id, type, scheme }: NamedBalancer): string {
  if (!at.strict) return `${name}-1.${at.region}.elb.${at.dnsSuffix}`;
  const prefix = scheme === 'internal' ? 'internal-' : '';
  return type === 'application'
    ? `${prefix}${name}-${1 + (Number.parseInt(id.slice(0, 7), 16) % 2_000_000_000)}.${at.region}.elb.${at.dnsSuffix}`
    : `${prefix}${name}-${id}.elb.${at.region}.${at.dnsSuffix}`;
}

/** `ELB app/name/id`: what the security group of a load balancer is found in use by. */
function describeInterfaces(arn: string): string {
  return `ELB ${arn.split(':loadbalancer/')[1] ?? arn}`;
}

function replaceInterfaces(at: Place, balancer: LoadBalancer, found: readonly Subnet[]): void {
  const description = describeInterfaces(balancer.LoadBalancerArn);
  for (const one of at.table(networkInterfaces).filter((eni) => eni.Description === description))
    deleteNetworkInterface(at, one.NetworkInterfaceId);
  for (const subnet of found)
    createNetworkInterface(at, subnet, { description, groupIds: balancer.SecurityGroups ?? [], requesterId: 'amazon-elb' });
}

export const loadBalancerOperations: Operations<ElasticLoadBalancingV2> = {
  CreateLoadBalancer(input, at) {
    const name = input.Name ?? '';
    const type = input.Type ?? 'application';
    requireName(name);
    if (input.IpAddressType !== undefined && !addressTypes.has(input.IpAddressType)) throw invalidAddressType(input.IpAddressType);
    const ids = input.Subnets ?? (input.SubnetMappings ?? []).map(({ SubnetId = '' }) => SubnetId);
    if (ids.length === 0) throw new AwsError('ValidationError', 'Subnets or SubnetMappings must be specified');
    const found = subnetsOf(at, ids);
    const existing = at.table(loadBalancers).find((one) => one.LoadBalancerName === name);
    if (existing !== undefined) throw new AwsError('DuplicateLoadBalancerName', 'A load balancer with the same name exists.');
    if (at.table(loadBalancers).size >= perRegionMax)
      throw new AwsError('TooManyLoadBalancers', 'You have reached the maximum number of load balancers');
    const vpcId = found[0]!.VpcId;
    const groups =
      type === 'application' && (input.SecurityGroups ?? []).length === 0 ? defaultGroupIds(at, vpcId) : (input.SecurityGroups ?? []);
    requireGroups(at, groups);
    const kind = { application: 'app', network: 'net', gateway: 'gwy' }[type];
    const id = at.hex(16);
    const scheme = input.Scheme ?? 'internet-facing';
    const arn = at.arn('elasticloadbalancing', `loadbalancer/${kind}/${name}/${id}`);
    const balancer = at.table(loadBalancers).put({
      LoadBalancerArn: arn,
      LoadBalancerName: name,
      DNSName: at.world.machinery.dnsName?.(at, arn) ?? dnsName(at, { name, id, type, scheme }),
      CanonicalHostedZoneId: 'Z35SXDOTRQ7X7K',
      CreatedTime: at.nowMs,
      Scheme: scheme,
      VpcId: vpcId,
      State: { Code: at.world.machinery.transition(at, arn, 'provisioning', 'active') },
      Type: type,
      AvailabilityZones: zonesOf(found),
      ...(groups.length === 0 ? {} : { SecurityGroups: groups }),
      IpAddressType: input.IpAddressType ?? 'ipv4',
      attributes: defaultAttributes(type),
    });
    replaceInterfaces(at, balancer, found);
    setTags(at, arn, input.Tags);
    return { LoadBalancers: [{ ...balancer, State: { Code: 'provisioning' } }] };
  },

  DescribeLoadBalancers({ LoadBalancerArns, Names, Marker, PageSize }, at) {
    const all = at.table(loadBalancers);
    for (const arn of LoadBalancerArns ?? []) requireLoadBalancer(at, arn);
    const named = (Names ?? []).map((name) => {
      const found = all.find((one) => one.LoadBalancerName === name);
      if (found === undefined) throw new AwsError('LoadBalancerNotFound', `Load balancers '[${name}]' not found`);
      return found;
    });
    const asked = LoadBalancerArns?.length
      ? all.filter((one) => LoadBalancerArns.includes(one.LoadBalancerArn))
      : Names?.length
        ? named
        : all.values();
    const { items, next } = page(
      asked,
      { token: Marker, max: PageSize },
      { defaultMax: at.strict ? 400 : 50, nameOf: (one) => one.LoadBalancerName },
    );
    return { LoadBalancers: items, NextMarker: next };
  },

  DeleteLoadBalancer({ LoadBalancerArn }, at) {
    const balancer = at.table(loadBalancers).get(LoadBalancerArn);
    if (balancer === undefined) return {};
    if (balancer.attributes['deletion_protection.enabled'] === 'true') {
      throw new AwsError(
        'OperationNotPermitted',
        `Load balancer '${balancer.LoadBalancerArn}' cannot be deleted because deletion protection is enabled`,
      );
    }
    for (const listener of at.table(listeners).filter((one) => one.LoadBalancerArn === balancer.LoadBalancerArn))
      deleteListener(at, listener);
    replaceInterfaces(at, balancer, []);
    at.table(loadBalancers).delete(balancer.LoadBalancerArn);
    dropTags(at, balancer.LoadBalancerArn);
    return {};
  },

  DescribeLoadBalancerAttributes({ LoadBalancerArn }, at) {
    return { Attributes: attributeList(requireLoadBalancer(at, LoadBalancerArn).attributes) };
  },

  ModifyLoadBalancerAttributes({ LoadBalancerArn, Attributes = [] }, at) {
    const balancer = requireLoadBalancer(at, LoadBalancerArn);
    const known = {
      ...defaultAttributes('application'),
      ...defaultAttributes('network'),
      'ipv6.deny_all_igw_traffic': 'false',
      'secondary_ips.auto_assigned.per_subnet': '0',
    };
    const changed: Record<string, string> = { ...balancer.attributes };
    for (const { Key = '', Value = '' } of Attributes) {
      if (!(Key in known)) throw new AwsError('InvalidConfigurationRequest', `Key ${Key} not valid`);
      if (Key === 'idle_timeout.timeout_seconds' && !(Number(Value) >= 1 && Number(Value) <= 4000)) {
        throw new AwsError(
          'InvalidConfigurationRequest',
          "Load balancer attribute key 'idle_timeout.timeout_seconds' must be between 1 and 4000",
        );
      }
      changed[Key] = Value;
    }
    return { Attributes: attributeList(at.table(loadBalancers).patch(balancer, { attributes: changed }).attributes) };
  },

  SetSecurityGroups({ LoadBalancerArn, SecurityGroups = [] }, at) {
    const balancer = requireLoadBalancer(at, LoadBalancerArn);
    requireGroups(at, SecurityGroups);
    const changed = at.table(loadBalancers).patch(balancer, { SecurityGroups });
    replaceInterfaces(
      at,
      changed,
      (balancer.AvailabilityZones ?? []).flatMap(({ SubnetId }) => at.table(subnets).get(SubnetId) ?? []),
    );
    return { SecurityGroupIds: SecurityGroups };
  },

  SetSubnets({ LoadBalancerArn, Subnets, SubnetMappings = [], IpAddressType }, at) {
    const balancer = requireLoadBalancer(at, LoadBalancerArn);
    const found = subnetsOf(at, Subnets ?? SubnetMappings.map(({ SubnetId = '' }) => SubnetId));
    const changed = at
      .table(loadBalancers)
      .patch(balancer, { AvailabilityZones: zonesOf(found), IpAddressType: IpAddressType ?? balancer.IpAddressType });
    replaceInterfaces(at, changed, found);
    return { AvailabilityZones: changed.AvailabilityZones, IpAddressType: changed.IpAddressType };
  },

  SetIpAddressType({ LoadBalancerArn, IpAddressType }, at) {
    const balancer = requireLoadBalancer(at, LoadBalancerArn);
    if (IpAddressType !== 'ipv4' && IpAddressType !== 'dualstack' && IpAddressType !== 'dualstack-without-public-ipv4') {
      throw invalidAddressType(IpAddressType);
    }
    at.table(loadBalancers).patch(balancer, { IpAddressType });
    return { IpAddressType };
  },

  DescribeCapacityReservation({ LoadBalancerArn }, at) {
    requireLoadBalancer(at, LoadBalancerArn);
    return { CapacityReservationState: [], DecreaseRequestsRemaining: 2 };
  },

  DescribeAccountLimits({ Marker, PageSize }) {
    const { items, next } = page(limits, { token: Marker, max: PageSize });
    return { Limits: items, NextMarker: next };
  },
};

const addressTypes: ReadonlySet<string> = new Set(['ipv4', 'dualstack', 'dualstack-without-public-ipv4']);

function invalidAddressType(type: string | undefined): AwsError {
  return new AwsError(
    'ValidationError',
    `1 validation error detected: Value '${type ?? ''}' at 'ipAddressType' failed to satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]`,
  );
}

function requireGroups(at: Place, ids: readonly string[]): void {
  const missing = ids.filter((id) => !at.table(securityGroups).has(id));
  if (missing.length > 0) throw new AwsError('InvalidSecurityGroup', `The security group '${missing[0] ?? ''}' does not exist`);
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
const limits = [
  { Name: 'application-load-balancers', Max: '50' },
  { Name: 'target-groups', Max: '3000' },
  { Name: 'targets-per-application-load-balancer', Max: '1000' },
  { Name: 'listeners-per-application-load-balancer', Max: '50' },
  { Name: 'rules-per-application-load-balancer', Max: '100' },
  { Name: 'network-load-balancers', Max: '50' },
  { Name: 'targets-per-network-load-balancer', Max: '3000' },
  { Name: 'targets-per-availability-zone-per-network-load-balancer', Max: '500' },
  { Name: 'listeners-per-network-load-balancer', Max: '50' },
  { Name: 'condition-values-per-alb-rule', Max: '5' },
  { Name: 'condition-wildcards-per-alb-rule', Max: '6' },
  { Name: 'target-groups-per-application-load-balancer', Max: '100' },
  { Name: 'target-groups-per-action-on-application-load-balancer', Max: '5' },
  { Name: 'target-groups-per-action-on-network-load-balancer', Max: '1' },
  { Name: 'certificates-per-application-load-balancer', Max: '25' },
  { Name: 'certificates-per-network-load-balancer', Max: '25' },
];
