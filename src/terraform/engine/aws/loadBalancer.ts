import type { Arguments } from '../arguments.ts';
import { elbTagsOf, loadBalancerOf } from './lookups.ts';
import { tagChanges, tagList, tagMap, unlessGone, waitUntil, type Clients, type ResourceType } from '../provider.ts';
import { block, blockSet, computed, flag, forceNew, number, optional, required, settled, tagged, text, textSet } from '../schema.ts';
import { nameOf } from './names.ts';

/** Arguments that are attributes of ELBv2's API, and those of which only one kind of load balancer knows. */
const attributes: Readonly<Record<string, { key: string; only?: 'application' | 'network' }>> = {
  idle_timeout: { key: 'idle_timeout.timeout_seconds', only: 'application' },
  enable_deletion_protection: { key: 'deletion_protection.enabled' },
  enable_http2: { key: 'routing.http2.enabled', only: 'application' },
  drop_invalid_header_fields: { key: 'routing.http.drop_invalid_header_fields.enabled', only: 'application' },
  preserve_host_header: { key: 'routing.http.preserve_host_header.enabled', only: 'application' },
  desync_mitigation_mode: { key: 'routing.http.desync_mitigation_mode', only: 'application' },
  xff_header_processing_mode: { key: 'routing.http.xff_header_processing.mode', only: 'application' },
  enable_tls_version_and_cipher_suite_headers: { key: 'routing.http.x_amzn_tls_version_and_cipher_suite.enabled', only: 'application' },
  client_keep_alive: { key: 'client_keep_alive.seconds', only: 'application' },
  enable_cross_zone_load_balancing: { key: 'load_balancing.cross_zone.enabled', only: 'network' },
};

export const loadBalancer: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    arn_suffix: text(computed),
    dns_name: text(computed),
    zone_id: text(computed),
    vpc_id: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    internal: flag(settled, forceNew),
    load_balancer_type: text(optional, forceNew, { fallback: 'application' }),
    ip_address_type: text(settled),
    subnets: textSet(settled),
    security_groups: textSet(settled),
    subnet_mapping: blockSet({ subnet_id: text(required), private_ipv4_address: text(optional), allocation_id: text(optional) }, optional),
    idle_timeout: number(optional, { fallback: 60 }),
    enable_deletion_protection: flag(optional, { fallback: false }),
    enable_http2: flag(optional, { fallback: true }),
    drop_invalid_header_fields: flag(optional, { fallback: false }),
    preserve_host_header: flag(optional, { fallback: false }),
    desync_mitigation_mode: text(optional, { fallback: 'defensive' }),
    xff_header_processing_mode: text(optional, { fallback: 'append' }),
    enable_tls_version_and_cipher_suite_headers: flag(optional, { fallback: false }),
    client_keep_alive: number(optional, { fallback: 3600 }),
    enable_cross_zone_load_balancing: flag(optional, { fallback: false }),
    access_logs: block({ bucket: text(required), prefix: text(optional), enabled: flag(optional, { fallback: false }) }, optional),
    ...tagged,
  },

  async create(aws, planned) {
    const mappings = planned.blocks('subnet_mapping');
    const tags = tagList(planned);
    const { LoadBalancers } = await (
      await aws.elb()
    ).createLoadBalancer({
      Name: nameOf(planned, 'tf-lb-'),
      Type: planned.text('load_balancer_type') as never,
      Scheme: planned.flag('internal') === true ? 'internal' : 'internet-facing',
      SecurityGroups: planned.texts('security_groups'),
      IpAddressType: planned.text('ip_address_type') as never,
      ...(mappings.length === 0
        ? { Subnets: planned.texts('subnets') }
        : {
            SubnetMappings: mappings.map((item) => ({
              SubnetId: item.text('subnet_id'),
              PrivateIPv4Address: item.text('private_ipv4_address'),
              AllocationId: item.text('allocation_id'),
            })),
          }),
      ...(tags.length > 0 && { Tags: tags }),
    });
    return LoadBalancers?.[0]?.LoadBalancerArn ?? '';
  },

  async settle(aws, id, planned) {
    await modify(aws, id, planned, new Set(Object.keys(attributes)));
    await waitUntil('the load balancer to be active', aws.signal, async () =>
      (await loadBalancerOf(aws, id))?.State?.Code === 'provisioning' ? undefined : true,
    );
  },

  async read(aws, id) {
    const found = await loadBalancerOf(aws, id);
    if (found === undefined) return undefined;
    const elb = await aws.elb();
    const [{ Attributes = [] }, tags] = await Promise.all([
      elb.describeLoadBalancerAttributes({ LoadBalancerArn: id }),
      elbTagsOf(aws, id),
    ]);
    const values = new Map(Attributes.map(({ Key = '', Value = '' }) => [Key, Value]));
    const zones = found.AvailabilityZones ?? [];
    return {
      id,
      arn: id,
      arn_suffix: id.slice(id.indexOf(':loadbalancer/') + 14),
      dns_name: found.DNSName ?? '',
      zone_id: found.CanonicalHostedZoneId ?? '',
      vpc_id: found.VpcId ?? '',
      name: found.LoadBalancerName ?? '',
      internal: found.Scheme === 'internal',
      load_balancer_type: found.Type ?? 'application',
      ip_address_type: found.IpAddressType ?? 'ipv4',
      subnets: zones.map(({ SubnetId = '' }) => SubnetId).toSorted(),
      security_groups: (found.SecurityGroups ?? []).toSorted(),
      ...Object.fromEntries(
        Object.entries(attributes).flatMap(([name, { key, only }]) => {
          const value = values.get(key);
          // Cross-zone balancing is on for good in an application load balancer, and says nothing there.
          if (value === undefined || (only !== undefined && only !== found.Type)) return [];
          return [[name, /^(true|false)$/.test(value) ? value === 'true' : /^\d+$/.test(value) ? Number(value) : value]];
        }),
      ),
      tags_all: tagMap(tags),
    };
  },

  async update(aws, id, planned, changed, before) {
    const elb = await aws.elb();
    const { set, removed } = tagChanges(before, planned);
    if (set.length > 0) await elb.addTags({ ResourceArns: [id], Tags: set });
    if (removed.length > 0) await elb.removeTags({ ResourceArns: [id], TagKeys: removed });
    if (changed.has('security_groups'))
      await elb.setSecurityGroups({ LoadBalancerArn: id, SecurityGroups: planned.texts('security_groups') });
    if (changed.has('subnets')) await elb.setSubnets({ LoadBalancerArn: id, Subnets: planned.texts('subnets') });
    if (changed.has('ip_address_type'))
      await elb.setIpAddressType({ LoadBalancerArn: id, IpAddressType: planned.text('ip_address_type') as never });
    await modify(aws, id, planned, changed);
  },

  async delete(aws, id) {
    await unlessGone(
      (await aws.elb()).deleteLoadBalancer({ LoadBalancerArn: id }),
      'LoadBalancerNotFound',
      'LoadBalancerNotFoundException',
    );
    await waitUntil('the load balancer to be gone', aws.signal, async () =>
      (await loadBalancerOf(aws, id)) === undefined ? true : undefined,
    );
  },
};

async function modify(aws: Clients, id: string, planned: Arguments, changed: ReadonlySet<string>): Promise<void> {
  const kind = planned.text('load_balancer_type');
  const wanted = Object.entries(attributes).filter(([name, { only }]) => changed.has(name) && (only === undefined || only === kind));
  const Attributes = wanted.flatMap(([name, { key }]) => {
    const value = planned.text(name);
    return value === undefined ? [] : [{ Key: key, Value: value }];
  });
  const logs = planned.block('access_logs');
  if (logs && changed.has('access_logs')) Attributes.push({ Key: 'access_logs.s3.enabled', Value: String(logs.flag('enabled') ?? false) });
  if (Attributes.length > 0) await (await aws.elb()).modifyLoadBalancerAttributes({ LoadBalancerArn: id, Attributes });
}
