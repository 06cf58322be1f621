import type { Arguments } from '../arguments.ts';
import { elbTagsOf, targetGroupOf } from './lookups.ts';
import { tagChanges, tagList, tagMap, unlessGone, whileInUse, type Clients, type ResourceType } from '../provider.ts';
import { block, computed, flag, forceNew, number, optional, required, settled, tagged, text, type Attributes } from '../schema.ts';
import { nameOf } from './names.ts';

const attributes: Readonly<Record<string, string>> = {
  deregistration_delay: 'deregistration_delay.timeout_seconds',
  slow_start: 'slow_start.duration_seconds',
  load_balancing_algorithm_type: 'load_balancing.algorithm.type',
  load_balancing_anomaly_mitigation: 'load_balancing.algorithm.anomaly_mitigation',
  load_balancing_cross_zone_enabled: 'load_balancing.cross_zone.enabled',
  preserve_client_ip: 'preserve_client_ip.enabled',
  proxy_protocol_v2: 'proxy_protocol_v2.enabled',
  connection_termination: 'deregistration_delay.connection_termination.enabled',
};

export const targetGroup: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    arn_suffix: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    port: number(optional, forceNew),
    protocol: text(optional, forceNew),
    protocol_version: text(settled, forceNew),
    vpc_id: text(optional, forceNew),
    target_type: text(optional, forceNew, { fallback: 'instance' }),
    ip_address_type: text(settled, forceNew),
    deregistration_delay: number(optional, { fallback: 300 }),
    slow_start: number(optional, { fallback: 0 }),
    load_balancing_algorithm_type: text(settled),
    load_balancing_anomaly_mitigation: text(settled),
    load_balancing_cross_zone_enabled: text(settled),
    preserve_client_ip: text(settled),
    proxy_protocol_v2: flag(optional, { fallback: false }),
    connection_termination: flag(settled),
    health_check: block(
      {
        enabled: flag(optional, { fallback: true }),
        interval: number(optional, { fallback: 30 }),
        timeout: number(settled),
        path: text(settled),
        port: text(optional, { fallback: 'traffic-port' }),
        protocol: text(optional, { fallback: 'HTTP' }),
        matcher: text(settled),
        healthy_threshold: number(optional, { fallback: 3 }),
        unhealthy_threshold: number(optional, { fallback: 3 }),
      },
      settled,
    ),
    stickiness: block(
      {
        type: text(required),
        enabled: flag(optional, { fallback: true }),
        cookie_duration: number(optional, { fallback: 86_400 }),
        cookie_name: text(optional),
      },
      settled,
    ),
    ...tagged,
  },

  async create(aws, planned) {
    const tags = tagList(planned);
    const { TargetGroups } = await (
      await aws.elb()
    ).createTargetGroup({
      Name: nameOf(planned, 'tf-'),
      Port: planned.number('port'),
      Protocol: planned.text('protocol') as never,
      ProtocolVersion: planned.text('protocol_version'),
      VpcId: planned.text('vpc_id'),
      TargetType: planned.text('target_type') as never,
      IpAddressType: planned.text('ip_address_type') as never,
      ...healthCheckOf(planned),
      ...(tags.length > 0 && { Tags: tags }),
    });
    return TargetGroups?.[0]?.TargetGroupArn ?? '';
  },

  async settle(aws, id, planned) {
    await modify(aws, id, planned, new Set([...Object.keys(attributes), 'stickiness']));
  },

  async read(aws, id) {
    const group = await targetGroupOf(aws, id);
    if (group === undefined) return undefined;
    const elb = await aws.elb();
    const [{ Attributes = [] }, tags] = await Promise.all([elb.describeTargetGroupAttributes({ TargetGroupArn: id }), elbTagsOf(aws, id)]);
    const values = new Map(Attributes.map(({ Key = '', Value = '' }) => [Key, Value]));
    return {
      id,
      arn: id,
      arn_suffix: id.slice(id.lastIndexOf(':') + 1),
      name: group.TargetGroupName ?? '',
      port: group.Port ?? null,
      protocol: group.Protocol ?? '',
      protocol_version: group.ProtocolVersion ?? '',
      vpc_id: group.VpcId ?? '',
      target_type: group.TargetType ?? 'instance',
      ip_address_type: group.IpAddressType ?? 'ipv4',
      ...attributeValues(values),
      health_check: [
        {
          enabled: group.HealthCheckEnabled ?? true,
          interval: group.HealthCheckIntervalSeconds ?? 30,
          timeout: group.HealthCheckTimeoutSeconds ?? 5,
          path: group.HealthCheckPath ?? '',
          port: group.HealthCheckPort ?? 'traffic-port',
          protocol: group.HealthCheckProtocol ?? 'HTTP',
          matcher: group.Matcher?.HttpCode ?? group.Matcher?.GrpcCode ?? '',
          healthy_threshold: group.HealthyThresholdCount ?? 3,
          unhealthy_threshold: group.UnhealthyThresholdCount ?? 3,
        },
      ],
      stickiness: [
        {
          type: values.get('stickiness.type') ?? 'lb_cookie',
          enabled: values.get('stickiness.enabled') === 'true',
          cookie_duration: Number(
            values.get(
              values.get('stickiness.type') === 'app_cookie'
                ? 'stickiness.app_cookie.duration_seconds'
                : 'stickiness.lb_cookie.duration_seconds',
            ) ?? 86_400,
          ),
          cookie_name: values.get('stickiness.app_cookie.cookie_name') ?? '',
        },
      ],
      tags_all: tagMap(tags),
    };
  },

  async update(aws, id, planned, changed, before) {
    const elb = await aws.elb();
    const { set, removed } = tagChanges(before, planned);
    if (set.length > 0) await elb.addTags({ ResourceArns: [id], Tags: set });
    if (removed.length > 0) await elb.removeTags({ ResourceArns: [id], TagKeys: removed });
    if (changed.has('health_check')) await elb.modifyTargetGroup({ TargetGroupArn: id, ...healthCheckOf(planned) });
    await modify(aws, id, planned, changed);
  },

  async delete(aws, id) {
    const elb = await aws.elb();
    const call = (): Promise<unknown> =>
      unlessGone(elb.deleteTargetGroup({ TargetGroupArn: id }), 'TargetGroupNotFound', 'TargetGroupNotFoundException');
    await whileInUse('the target group to be free', aws.signal, call, 'ResourceInUse', 'ResourceInUseException');
  },
};

function healthCheckOf(planned: Arguments) {
  const check = planned.block('health_check');
  if (check === undefined) return {};
  const matcher = check.text('matcher');
  return {
    HealthCheckEnabled: check.flag('enabled'),
    HealthCheckIntervalSeconds: check.number('interval'),
    HealthCheckTimeoutSeconds: check.number('timeout'),
    HealthCheckPath: check.text('path'),
    HealthCheckPort: check.text('port'),
    HealthCheckProtocol: check.text('protocol') as never,
    HealthyThresholdCount: check.number('healthy_threshold'),
    UnhealthyThresholdCount: check.number('unhealthy_threshold'),
    ...(matcher !== undefined && { Matcher: planned.text('protocol_version') === 'GRPC' ? { GrpcCode: matcher } : { HttpCode: matcher } }),
  };
}

function attributeValues(values: ReadonlyMap<string, string>): Attributes {
  const found = Object.entries(attributes).flatMap(([name, key]) => {
    const value = values.get(key);
    if (value === undefined) return [];
    const isFlag = name === 'proxy_protocol_v2' || name === 'connection_termination';
    return [[name, isFlag ? value === 'true' : /^\d+$/.test(value) ? Number(value) : value] as const];
  });
  return Object.fromEntries(found);
}

async function modify(aws: Clients, id: string, planned: Arguments, changed: ReadonlySet<string>): Promise<void> {
  const network = !/^(HTTPS?)$/.test(planned.text('protocol') ?? 'HTTP');
  const skipped = network
    ? ['slow_start', 'load_balancing_algorithm_type', 'load_balancing_anomaly_mitigation']
    : ['proxy_protocol_v2', 'connection_termination', 'preserve_client_ip'];
  const Attributes = Object.entries(attributes)
    .filter(([name]) => changed.has(name) && !skipped.includes(name) && planned.text(name) !== undefined)
    .map(([name, Key]) => ({ Key, Value: planned.sure(name) }));
  const stickiness = planned.block('stickiness');
  if (stickiness && changed.has('stickiness')) {
    const type = stickiness.sure('type');
    Attributes.push(
      { Key: 'stickiness.enabled', Value: String(stickiness.flag('enabled') ?? true) },
      { Key: 'stickiness.type', Value: type },
    );
    if (type.endsWith('_cookie'))
      Attributes.push({ Key: `stickiness.${type}.duration_seconds`, Value: stickiness.text('cookie_duration') ?? '86400' });
    if (type === 'app_cookie') Attributes.push({ Key: 'stickiness.app_cookie.cookie_name', Value: stickiness.sure('cookie_name') });
  }
  if (Attributes.length > 0) await (await aws.elb()).modifyTargetGroupAttributes({ TargetGroupArn: id, Attributes });
}

const targetOf = (values: Arguments) => ({
  Id: values.sure('target_id'),
  ...(values.number('port') !== undefined && { Port: values.number('port') }),
  ...(values.text('availability_zone') !== undefined && { AvailabilityZone: values.text('availability_zone') }),
});

export const targetGroupAttachment: ResourceType = {
  schema: {
    id: text(computed),
    target_group_arn: text(required, forceNew),
    target_id: text(required, forceNew),
    port: number(optional, forceNew),
    availability_zone: text(optional, forceNew),
  },
  async create(aws, planned) {
    const TargetGroupArn = planned.sure('target_group_arn');
    await (await aws.elb()).registerTargets({ TargetGroupArn, Targets: [targetOf(planned)] });
    return [TargetGroupArn, planned.sure('target_id'), planned.text('port') ?? ''].join(',');
  },
  async read(aws, _id, known) {
    const call = (await aws.elb()).describeTargetHealth({ TargetGroupArn: known.sure('target_group_arn'), Targets: [targetOf(known)] });
    const found = await unlessGone(call, 'TargetGroupNotFound', 'TargetGroupNotFoundException', 'InvalidTarget', 'InvalidTargetException');
    const health = found?.TargetHealthDescriptions?.[0]?.TargetHealth;
    if (health === undefined || health.Reason === 'Target.NotRegistered' || health.Reason === 'Target.DeregistrationInProgress')
      return undefined;
    return {};
  },
  async delete(aws, _id, known) {
    const call = (await aws.elb()).deregisterTargets({ TargetGroupArn: known.sure('target_group_arn'), Targets: [targetOf(known)] });
    await unlessGone(call, 'TargetGroupNotFound', 'TargetGroupNotFoundException', 'InvalidTarget', 'InvalidTargetException');
  },
};
