/** Load balancers, target groups, their attachments and listeners, as Terraform's AWS provider manages them. */
import assert from 'node:assert/strict';
import type { CreateTargetGroupCommandInput } from '@aws-sdk/client-elastic-load-balancing-v2';
import { codeOf, stable, until, type Managed, type Provider } from './provider.ts';

export interface LoadBalancer extends Managed {
  readonly dnsName: string;
  update(idleTimeout: number, subnetIds: string[], groupId: string): Promise<void>;
}

export async function loadBalancer({ ec2, elb }: Provider, name: string, subnetIds: string[], groupId: string): Promise<LoadBalancer> {
  assert.equal(await codeOf(elb.describeLoadBalancers({ Names: [name] })), 'LoadBalancerNotFoundException');
  const made = await elb.createLoadBalancer({
    Name: name,
    Type: 'application',
    Scheme: 'internet-facing',
    Subnets: subnetIds,
    SecurityGroups: [groupId],
    Tags: [{ Key: 'Name', Value: name }],
  });
  const LoadBalancerArn = made.LoadBalancers![0]!.LoadBalancerArn!;
  const LoadBalancerArns = [LoadBalancerArn];
  const find = async () => (await elb.describeLoadBalancers({ LoadBalancerArns })).LoadBalancers![0]!;
  await until(name, 'active', async () => (await find()).State!.Code as string);
  const attributes = {
    'access_logs.s3.enabled': 'false',
    'connection_logs.s3.enabled': 'false',
    'deletion_protection.enabled': 'false',
    'idle_timeout.timeout_seconds': '60',
    'routing.http.desync_mitigation_mode': 'defensive',
    'routing.http.drop_invalid_header_fields.enabled': 'false',
    'routing.http.preserve_host_header.enabled': 'false',
    'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': 'false',
    'routing.http.xff_client_port.enabled': 'false',
    'routing.http.xff_header_processing.mode': 'append',
    'routing.http2.enabled': 'true',
    'waf.fail_open.enabled': 'false',
    'zonal_shift.config.enabled': 'false',
    'client_keep_alive.seconds': '3600',
  };
  const Attributes = Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
  await elb.modifyLoadBalancerAttributes({ LoadBalancerArn, Attributes });
  const read = async () => [
    await find(),
    stable(await elb.describeLoadBalancerAttributes({ LoadBalancerArn })),
    stable(await elb.describeCapacityReservation({ LoadBalancerArn })),
    stable(await elb.describeTags({ ResourceArns: LoadBalancerArns })),
  ];
  return {
    name,
    id: LoadBalancerArn,
    dnsName: (await find()).DNSName!,
    read,
    async update(idleTimeout, subnets, group) {
      const changed = [{ Key: 'idle_timeout.timeout_seconds', Value: String(idleTimeout) }];
      await elb.modifyLoadBalancerAttributes({ LoadBalancerArn, Attributes: changed });
      await elb.setSecurityGroups({ LoadBalancerArn, SecurityGroups: [group] });
      await elb.setSubnets({ LoadBalancerArn, Subnets: subnets });
      await elb.setIpAddressType({ LoadBalancerArn, IpAddressType: 'ipv4' });
      await elb.addTags({ ResourceArns: LoadBalancerArns, Tags: [{ Key: 'Stage', Value: 'two' }] });
      await elb.removeTags({ ResourceArns: LoadBalancerArns, TagKeys: ['Name'] });
      await until(name, 'active', async () => (await find()).State!.Code as string);
      const seen = (await find()).AvailabilityZones!.map(({ SubnetId }) => SubnetId!);
      assert.deepEqual(seen.toSorted(), subnets.toSorted());
    },
    async destroy() {
      await elb.deleteLoadBalancer({ LoadBalancerArn });
      await until(name, 'LoadBalancerNotFoundException', () => codeOf(find()));
      const description = `ELB ${LoadBalancerArn.slice(LoadBalancerArn.indexOf('/') + 1)}`;
      const Filters = [{ Name: 'description', Values: [description] }];
      await until(description, 0, async () => (await ec2.describeNetworkInterfaces({ Filters })).NetworkInterfaces!.length);
    },
  };
}

export interface TargetGroup extends Managed {
  update(healthCheckIntervalSeconds: number): Promise<void>;
}

export async function targetGroup({ elb }: Provider, given: CreateTargetGroupCommandInput & { Name: string }): Promise<TargetGroup> {
  const { Name: name } = given;
  assert.equal(await codeOf(elb.describeTargetGroups({ Names: [name] })), 'TargetGroupNotFoundException');
  const defaults = { Protocol: 'HTTP', ProtocolVersion: 'HTTP1', TargetType: 'instance', HealthCheckEnabled: true } as const;
  const made = await elb.createTargetGroup({ ...defaults, Tags: [{ Key: 'Name', Value: name }], ...given });
  const TargetGroupArn = made.TargetGroups![0]!.TargetGroupArn!;
  const find = async () => (await elb.describeTargetGroups({ TargetGroupArns: [TargetGroupArn] })).TargetGroups![0]!;
  const Attributes = [
    { Key: 'deregistration_delay.timeout_seconds', Value: '300' },
    { Key: 'load_balancing.algorithm.type', Value: 'round_robin' },
    { Key: 'load_balancing.algorithm.anomaly_mitigation', Value: 'off' },
    { Key: 'load_balancing.cross_zone.enabled', Value: 'use_load_balancer_configuration' },
    { Key: 'slow_start.duration_seconds', Value: '0' },
    { Key: 'stickiness.enabled', Value: 'false' },
  ];
  await elb.modifyTargetGroupAttributes({ TargetGroupArn, Attributes });
  const read = async () => [
    await find(),
    stable(await elb.describeTargetGroupAttributes({ TargetGroupArn })),
    stable(await elb.describeTags({ ResourceArns: [TargetGroupArn] })),
  ];
  return {
    name,
    id: TargetGroupArn,
    read,
    async update(HealthCheckIntervalSeconds) {
      const { HealthCheckPath, HealthCheckPort, HealthCheckProtocol, HealthCheckTimeoutSeconds } = await find();
      const health = { HealthCheckPath, HealthCheckPort, HealthCheckProtocol, HealthCheckTimeoutSeconds, HealthCheckIntervalSeconds };
      await elb.modifyTargetGroup({ TargetGroupArn, Matcher: { HttpCode: '200-299' }, ...health });
      const after = await find();
      assert.deepEqual([after.HealthCheckIntervalSeconds, after.Matcher!.HttpCode], [HealthCheckIntervalSeconds, '200-299']);
    },
    async destroy() {
      await elb.deleteTargetGroup({ TargetGroupArn });
      await until(name, 'TargetGroupNotFoundException', () => codeOf(find()));
    },
  };
}

export async function attachment({ elb }: Provider, TargetGroupArn: string, Id: string, Port: number): Promise<Managed> {
  const Targets = [{ Id, Port }];
  await elb.registerTargets({ TargetGroupArn, Targets });
  const state = async () => {
    const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({ TargetGroupArn, Targets });
    return TargetHealthDescriptions[0]?.TargetHealth;
  };
  return {
    name: `${Id} in its group`,
    id: Id,
    // Health moves by itself; what the provider keeps of it is that the target is registered.
    read: async () => (await state())?.Reason === 'Target.NotRegistered',
    async destroy() {
      await elb.deregisterTargets({ TargetGroupArn, Targets });
      await until(`deregistered ${Id}`, true, async () => [undefined, 'unused'].includes((await state())?.State));
    },
  };
}

export interface Listener extends Managed {
  update(targetGroupArn: string, port: number): Promise<void>;
}

export async function listener(
  { elb }: Provider,
  LoadBalancerArn: string,
  groupArn: string,
  tags: Record<string, string>,
): Promise<Listener> {
  const made = await elb.createListener({
    LoadBalancerArn,
    Port: 80,
    Protocol: 'HTTP',
    DefaultActions: [{ Type: 'forward', TargetGroupArn: groupArn }],
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  });
  const ListenerArn = made.Listeners![0]!.ListenerArn!;
  const find = async () => (await elb.describeListeners({ ListenerArns: [ListenerArn] })).Listeners![0]!;
  const read = async () => [
    await find(),
    stable(await elb.describeListenerAttributes({ ListenerArn })),
    stable(await elb.describeTags({ ResourceArns: [ListenerArn] })),
  ];
  return {
    name: 'listener',
    id: ListenerArn,
    read,
    async update(TargetGroupArn, Port) {
      const DefaultActions = [{ Type: 'forward' as const, Order: 1, ForwardConfig: { TargetGroups: [{ TargetGroupArn, Weight: 1 }] } }];
      await elb.modifyListener({ ListenerArn, Port, Protocol: 'HTTP', DefaultActions });
      assert.equal((await find()).Port, Port);
    },
    async destroy() {
      await elb.deleteListener({ ListenerArn });
      assert.equal(await codeOf(find()), 'ListenerNotFoundException');
    },
  };
}
