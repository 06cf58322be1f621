import type { ElasticLoadBalancingV2, TargetGroup as SdkTargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { requireVpc, vpcs } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { groupsUsed } from './actions.ts';
import { dropTags, setTags } from './tags.ts';
import {
  attributeList,
  listeners,
  loadBalancers,
  requireLoadBalancer,
  requireTargetGroup,
  rules,
  type TargetGroup,
  targetGroups,
} from './resources.ts';

/** Load balancers whose listeners or rules forward to each group. */
export function usersOf(at: Place): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  const note = (actions: Parameters<typeof groupsUsed>[0], balancer: string): void => {
    for (const arn of groupsUsed(actions)) users.set(arn, (users.get(arn) ?? new Set()).add(balancer));
  };
  const balancerOf = new Map<string, string>();
  for (const listener of at.table(listeners).values()) {
    balancerOf.set(listener.ListenerArn, listener.LoadBalancerArn);
    note(listener.DefaultActions, listener.LoadBalancerArn);
  }
  for (const rule of at.table(rules).values()) note(rule.Actions, balancerOf.get(rule.listenerArn) ?? '');
  return users;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html */
function defaultAttributes(type: TargetGroup['TargetType'], protocol: string | undefined): Record<string, string> {
  const stickiness = { 'stickiness.enabled': 'false' };
  if (type === 'lambda') return { 'lambda.multi_value_headers.enabled': 'false', ...stickiness };
  const common = {
    'deregistration_delay.timeout_seconds': '300',
    ...stickiness,
    'load_balancing.cross_zone.enabled': 'use_load_balancer_configuration',
    'target_group_health.dns_failover.minimum_healthy_targets.count': '1',
    'target_group_health.dns_failover.minimum_healthy_targets.percentage': 'off',
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': '1',
    'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': 'off',
  };
  if (protocol === 'HTTP' || protocol === 'HTTPS') {
    return {
      ...common,
      'load_balancing.algorithm.type': 'round_robin',
      'load_balancing.algorithm.anomaly_mitigation': 'off',
      'slow_start.duration_seconds': '0',
      'stickiness.type': 'lb_cookie',
      'stickiness.lb_cookie.duration_seconds': '86400',
      'stickiness.app_cookie.cookie_name': '',
      'stickiness.app_cookie.duration_seconds': '86400',
    };
  }
  return {
    ...common,
    'stickiness.type': 'source_ip',
    'preserve_client_ip.enabled': type === 'instance' ? 'true' : 'false',
    'proxy_protocol_v2.enabled': 'false',
    'deregistration_delay.connection_termination.enabled': 'false',
  };
}

const layer7 = (protocol: string | undefined): boolean => protocol === 'HTTP' || protocol === 'HTTPS';

interface HealthInput {
  HealthCheckEnabled?: boolean | undefined;
  HealthCheckIntervalSeconds?: number | undefined;
  HealthCheckPath?: string | undefined;
  HealthCheckPort?: string | undefined;
  HealthCheckProtocol?: string | undefined;
  HealthCheckTimeoutSeconds?: number | undefined;
  HealthyThresholdCount?: number | undefined;
  UnhealthyThresholdCount?: number | undefined;
  Matcher?: { HttpCode?: string | undefined; GrpcCode?: string | undefined } | undefined;
  ProtocolVersion?: string | undefined;
}

function checkHealth(input: HealthInput, protocol: string | undefined): void {
  const between = (value: number | undefined, name: string, min: number, max: number): void => {
    if (value !== undefined && (value < min || value > max))
      throw new AwsError('ValidationError', `${name} must be between '${min}' and '${max}'`);
  };
  between(input.HealthCheckIntervalSeconds, 'Health check interval', 5, 300);
  between(input.HealthCheckTimeoutSeconds, 'Health check timeout', 2, 120);
  between(input.HealthyThresholdCount, 'Healthy threshold count', 2, 10);
  between(input.UnhealthyThresholdCount, 'Unhealthy threshold count', 2, 10);
  const { HealthCheckIntervalSeconds: interval, HealthCheckTimeoutSeconds: timeout } = input;
  if (interval !== undefined && timeout !== undefined && (layer7(protocol) ? timeout >= interval : timeout > interval)) {
    const than = layer7(protocol) ? 'smaller than' : 'smaller than or equal to';
    throw new AwsError('ValidationError', `Health check timeout '${timeout}' must be ${than} the interval '${interval}'`);
  }
  if (input.HealthCheckPath !== undefined && !input.HealthCheckPath.startsWith('/') && !input.HealthCheckPath.startsWith('/')) {
    throw new AwsError('ValidationError', `Health check path '${input.HealthCheckPath}' must begin with a '/' character`);
  }
  const codes = input.Matcher?.HttpCode;
  if (codes !== undefined && !/^\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*$/.test(codes)) {
    throw new AwsError('InvalidParameterValue', 'HttpCode must be like 200 | 200-399 | 200,201 ...');
  }
}

const knownProtocols = ['HTTPS', 'HTTP', 'TCP', 'TLS', 'UDP', 'TCP_UDP', 'GENEVE', 'QUIC', 'TCP_QUIC'];

function checkProtocols(protocol: string | undefined, member: string): void {
  if (protocol === undefined || knownProtocols.includes(protocol)) return;
  throw new AwsError(
    'ValidationError',
    `1 validation error detected: Value '${protocol}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${knownProtocols.join(', ')}]`,
  );
}

function requireName(name: string): void {
  if (name.length > 32) throw new AwsError('ValidationError', `Target group name '${name}' cannot be longer than '32' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name))
    throw new AwsError(
      'ValidationError',
      `Target group name '${name}' can only contain characters that are alphanumeric characters or hyphens(-)`,
    );
  if (name.startsWith('-') || name.endsWith('-') || name.includes('--')) {
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${name}' at 'targetGroup.targetGroupArn.targetGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!.*--)(?!^-)(?!.*-$)^[A-Za-z0-9-]+$`,
    );
  }
}

function healthChecks(input: HealthInput, type: TargetGroup['TargetType'], protocol: string | undefined): Partial<TargetGroup> {
  const lambda = type === 'lambda';
  const checkProtocol =
    input.HealthCheckProtocol ??
    (lambda ? undefined : layer7(protocol) ? (protocol === 'HTTPS' ? 'HTTPS' : 'HTTP') : protocol === 'GENEVE' ? 'TCP' : 'TCP');
  const http = lambda || layer7(checkProtocol);
  const grpc = input.ProtocolVersion === 'GRPC';
  const path = input.HealthCheckPath ?? (grpc ? '/AWS.ALB/healthcheck' : http ? '/' : undefined);
  const matcher = input.Matcher ?? (http ? defaultMatcher(grpc, lambda || layer7(protocol)) : undefined);
  return {
    HealthCheckEnabled: input.HealthCheckEnabled ?? !lambda,
    ...(checkProtocol === undefined ? {} : { HealthCheckProtocol: checkProtocol as never }),
    ...(lambda ? {} : { HealthCheckPort: input.HealthCheckPort ?? 'traffic-port' }),
    ...(path === undefined ? {} : { HealthCheckPath: path }),
    HealthCheckIntervalSeconds: input.HealthCheckIntervalSeconds ?? (lambda ? 35 : protocol === 'GENEVE' ? 10 : 30),
    HealthCheckTimeoutSeconds:
      input.HealthCheckTimeoutSeconds ?? (lambda ? 30 : layer7(protocol) ? 5 : protocol === 'GENEVE' ? 5 : http ? 6 : 10),
    HealthyThresholdCount: input.HealthyThresholdCount ?? 5,
    UnhealthyThresholdCount: input.UnhealthyThresholdCount ?? 2,
    ...(matcher === undefined ? {} : { Matcher: matcher }),
  };
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html: groups of network balancers take more codes. */
function defaultMatcher(grpc: boolean, application: boolean): TargetGroup['Matcher'] {
  if (grpc) return { GrpcCode: '12' };
  return { HttpCode: application ? '200' : '200-399' };
}

function describe(group: TargetGroup, users: ReadonlyMap<string, ReadonlySet<string>>): Plain<SdkTargetGroup> {
  return { ...group, LoadBalancerArns: [...(users.get(group.TargetGroupArn) ?? [])] };
}

export const targetGroupOperations: Operations<ElasticLoadBalancingV2> = {
  CreateTargetGroup(input, at) {
    const name = input.Name ?? '';
    requireName(name);
    const type = input.TargetType ?? 'instance';
    const { Protocol: protocol, Port: port } = input;
    if (type === 'lambda') {
      const needless = [
        ['Port', port],
        ['VPC ID', input.VpcId],
        ['Protocol', protocol],
      ].find(([, value]) => value !== undefined);
      if (needless !== undefined)
        throw new AwsError('ValidationError', `${needless[0]} cannot be specified for target groups with target type 'lambda'`);
    } else {
      if (protocol === undefined) throw new AwsError('ValidationError', 'A protocol must be specified');
      if (port === undefined && protocol !== 'GENEVE') throw new AwsError('ValidationError', 'A port must be specified');
      if (input.VpcId === undefined) throw new AwsError('ValidationError', 'A VPC ID must be specified');
      if (!at.table(vpcs).has(input.VpcId)) throw new AwsError('ValidationError', `The VPC ID '${input.VpcId}' is not found`);
    }
    checkProtocols(input.HealthCheckProtocol, 'healthCheckProtocol');
    checkProtocols(protocol, 'protocol');
    checkHealth(input, protocol);
    const existing = at.table(targetGroups).find((group) => group.TargetGroupName === name);
    if (existing !== undefined) {
      const same =
        existing.Protocol === protocol && existing.Port === port && existing.VpcId === input.VpcId && existing.TargetType === type;
      if (!same)
        throw new AwsError('DuplicateTargetGroupName', `A target group with the same name '${name}' exists, but with different settings`);
      return { TargetGroups: [describe(existing, usersOf(at))] };
    }
    const arn = at.arn('elasticloadbalancing', `targetgroup/${name}/${at.hex(16)}`);
    const group = at.table(targetGroups).put({
      TargetGroupArn: arn,
      TargetGroupName: name,
      TargetType: type,
      ...(protocol === undefined ? {} : { Protocol: protocol }),
      ...(port === undefined ? {} : { Port: port }),
      ...(input.VpcId === undefined ? {} : { VpcId: requireVpc(at, input.VpcId).VpcId }),
      ...(layer7(protocol) ? { ProtocolVersion: input.ProtocolVersion ?? 'HTTP1' } : {}),
      ...(type === 'lambda' ? {} : { IpAddressType: input.IpAddressType ?? 'ipv4' }),
      ...healthChecks(input, type, protocol),
      attributes: defaultAttributes(type, protocol),
    });
    setTags(at, arn, input.Tags);
    return { TargetGroups: [group] };
  },

  DescribeTargetGroups({ LoadBalancerArn, TargetGroupArns, Names, Marker, PageSize }, at) {
    const all = at.table(targetGroups);
    const users = usersOf(at);
    for (const arn of TargetGroupArns ?? [])
      if (!all.has(arn)) throw new AwsError('TargetGroupNotFound', `One or more target groups not found`);
    if (LoadBalancerArn !== undefined && !at.table(loadBalancers).has(LoadBalancerArn)) requireLoadBalancer(at, LoadBalancerArn);
    const named = (Names ?? []).map((name) => {
      const found = all.find((group) => group.TargetGroupName === name);
      if (found === undefined) throw new AwsError('TargetGroupNotFound', `One or more target groups not found`);
      return found;
    });
    const asked = TargetGroupArns?.length
      ? TargetGroupArns.map((arn) => all.get(arn)!)
      : Names?.length
        ? named
        : LoadBalancerArn === undefined
          ? all.values().toSorted((a, b) => (a.TargetGroupName < b.TargetGroupName ? -1 : 1))
          : all.filter((group) => users.get(group.TargetGroupArn)?.has(LoadBalancerArn) ?? false);
    if (LoadBalancerArn !== undefined && asked.length === 0)
      throw new AwsError('TargetGroupNotFound', 'One or more target groups not found');
    const { items, next } = page(asked, { token: Marker, max: PageSize }, { defaultMax: 400 });
    return { TargetGroups: items.map((group) => describe(group, users)), NextMarker: next };
  },

  ModifyTargetGroup(input, at) {
    const group = requireTargetGroup(at, input.TargetGroupArn);
    checkHealth(input, group.Protocol);
    const given = Object.fromEntries(
      Object.entries(input).filter(([key, value]) => key !== 'TargetGroupArn' && value !== undefined),
    ) as Partial<TargetGroup>;
    const changed = at.table(targetGroups).patch(group, given);
    return { TargetGroups: [describe(changed, usersOf(at))] };
  },

  DeleteTargetGroup({ TargetGroupArn = '' }, at) {
    const group = at.table(targetGroups).get(TargetGroupArn);
    if (group === undefined) return {};
    if ((usersOf(at).get(group.TargetGroupArn)?.size ?? 0) > 0) {
      throw new AwsError('ResourceInUse', `The target group '${group.TargetGroupArn}' is currently in use by a listener or a rule`);
    }
    at.table(targetGroups).delete(group.TargetGroupArn);
    dropTags(at, group.TargetGroupArn);
    return {};
  },

  DescribeTargetGroupAttributes({ TargetGroupArn }, at) {
    return { Attributes: attributeList(requireTargetGroup(at, TargetGroupArn).attributes) };
  },

  ModifyTargetGroupAttributes({ TargetGroupArn, Attributes = [] }, at) {
    const group = requireTargetGroup(at, TargetGroupArn);
    checkStickiness(group, Attributes);
    const changed: Record<string, string> = { ...group.attributes };
    for (const { Key = '', Value = '' } of Attributes) {
      changed[Key] = Value;
    }
    at.table(targetGroups).patch(group, { attributes: changed });
    return { Attributes: Attributes.map(({ Key = '', Value = '' }) => ({ Key, Value })) };
  },
};

const stickinessTypes = ['app_cookie', 'lb_cookie', 'source_ip'];
const gatewayStickinessTypes = ['source_ip_dest_ip_proto', 'source_ip_dest_ip'];

/** Which kind of stickiness a protocol knows. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html */
function checkStickiness(group: TargetGroup, attributes: readonly { Key?: string | undefined; Value?: string | undefined }[]): void {
  const type = attributes.find(({ Key }) => Key === 'stickiness.type')?.Value;
  if (type === undefined) return;
  const invalid = (message: string): AwsError => new AwsError('InvalidConfigurationRequest', message);
  const protocol = group.Protocol ?? '';
  if (protocol === 'GENEVE') {
    if (attributes.some(({ Key }) => Key === 'stickiness.app_cookie.cookie_name'))
      throw invalid("Target group attribute key 'stickiness.app_cookie.cookie_name' is not recognized");
    if (!gatewayStickinessTypes.includes(type)) throw invalid(`'${type}' must be one of [${gatewayStickinessTypes.join(', ')}]`);
    return;
  }
  if (!stickinessTypes.includes(type)) throw invalid(`'Stickiness type' must be one of [${stickinessTypes.join(', ')}]`);
  if (protocol === 'TLS' && type === 'source_ip') throw invalid('You cannot enable stickiness on target groups with the TLS protocol');
  if (layer7(protocol) === (type === 'source_ip'))
    throw invalid(`Stickiness type '${type}' is not supported for target groups with the ${protocol} protocol`);
}
