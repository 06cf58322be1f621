import { createHash } from 'node:crypto';
import { PlimsollError } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import type { Arguments } from '../arguments.ts';
import { instanceOf } from './lookups.ts';
import { tagChanges, tagList, tagMap, unlessGone, waitUntil, type ResourceType } from '../provider.ts';
import { block, computed, flag, forceNew, number, optional, settled, tagged, text, texts, textSet, type Attributes } from '../schema.ts';
import type { Instance } from '@aws-sdk/client-ec2';
import type { Value } from '../../language/index.ts';

const sha1 = (value: string): string => createHash('sha1').update(value).digest('hex');

/** The state has the digest of user data, whether it came from AWS or from the file: a script is long, and may hold a secret. */
function sameUserData(before: Value, after: Value): boolean {
  return (
    before === after || (typeof before === 'string' && typeof after === 'string' && (before === sha1(after) || sha1(before) === after))
  );
}

const rootDevice = {
  delete_on_termination: flag(settled),
  encrypted: flag(settled, forceNew),
  iops: number(settled),
  throughput: number(settled),
  volume_id: text(computed),
  volume_size: number(settled),
  volume_type: text(settled),
};

export const instance: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    ami: text(settled, forceNew),
    instance_type: text(settled),
    instance_state: text(computed),
    availability_zone: text(settled, forceNew),
    subnet_id: text(settled, forceNew),
    private_ip: text(settled, forceNew),
    private_dns: text(computed),
    public_ip: text(computed),
    public_dns: text(computed),
    associate_public_ip_address: flag(settled, forceNew),
    primary_network_interface_id: text(computed),
    security_groups: textSet(settled, forceNew),
    vpc_security_group_ids: textSet(settled),
    key_name: text(settled, forceNew),
    user_data: text(optional, { same: sameUserData }),
    user_data_base64: text(optional),
    user_data_replace_on_change: flag(optional),
    iam_instance_profile: text(optional),
    monitoring: flag(settled),
    ebs_optimized: flag(settled, forceNew),
    source_dest_check: flag(optional, { fallback: true }),
    disable_api_termination: flag(settled),
    tenancy: text(settled, forceNew),
    root_block_device: block(rootDevice, settled),
    metadata_options: block(
      {
        http_endpoint: text(settled),
        http_put_response_hop_limit: number(settled),
        http_tokens: text(settled),
        instance_metadata_tags: text(settled),
      },
      settled,
    ),
    credit_specification: block({ cpu_credits: text(optional) }, optional),
    launch_template: block({ id: text(settled, forceNew), name: text(settled, forceNew), version: text(optional) }, optional, forceNew),
    ipv6_addresses: texts(settled, forceNew),
    ...tagged,
  },

  async create(aws, planned) {
    const template = planned.block('launch_template');
    const root = planned.block('root_block_device');
    const metadata = planned.block('metadata_options');
    const script = planned.text('user_data');
    const tags = tagList(planned);
    const { Instances } = await (
      await aws.ec2()
    ).runInstances({
      ImageId: planned.text('ami'),
      InstanceType: planned.text('instance_type') as never,
      MinCount: 1,
      MaxCount: 1,
      KeyName: planned.text('key_name'),
      SubnetId: planned.text('subnet_id'),
      PrivateIpAddress: planned.text('private_ip'),
      SecurityGroups: planned.texts('security_groups'),
      SecurityGroupIds: planned.texts('vpc_security_group_ids'),
      UserData: script === undefined ? planned.text('user_data_base64') : Buffer.from(script).toString('base64'),
      DisableApiTermination: planned.flag('disable_api_termination'),
      EbsOptimized: planned.flag('ebs_optimized'),
      ...(planned.text('iam_instance_profile') && { IamInstanceProfile: { Name: planned.text('iam_instance_profile') } }),
      ...(planned.flag('monitoring') !== undefined && { Monitoring: { Enabled: planned.flag('monitoring') } }),
      ...((planned.text('availability_zone') ?? planned.text('tenancy')) && {
        Placement: { AvailabilityZone: planned.text('availability_zone'), Tenancy: planned.text('tenancy') as never },
      }),
      ...(template && {
        LaunchTemplate: {
          Version: template.text('version'),
          ...(template.text('id') ? { LaunchTemplateId: template.text('id') } : { LaunchTemplateName: template.text('name') }),
        },
      }),
      ...(root && { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: deviceOf(root) }] }),
      ...(metadata && {
        MetadataOptions: {
          HttpEndpoint: metadata.text('http_endpoint') as never,
          HttpPutResponseHopLimit: metadata.number('http_put_response_hop_limit'),
          HttpTokens: metadata.text('http_tokens') as never,
          InstanceMetadataTags: metadata.text('instance_metadata_tags') as never,
        },
      }),
      ...(planned.block('credit_specification') && {
        CreditSpecification: { CpuCredits: planned.block('credit_specification')?.text('cpu_credits') },
      }),
      ...(tags.length > 0 && {
        TagSpecifications: [
          { ResourceType: 'instance', Tags: tags },
          { ResourceType: 'volume', Tags: tags },
        ],
      }),
    });
    return Instances?.[0]?.InstanceId ?? '';
  },

  async settle(aws, id) {
    await waitUntil(`instance ${id} to run`, aws.signal, async () => {
      const found = await instanceOf(aws, id);
      const state = found?.State?.Name;
      if (state === 'running') return found;
      if (state === 'pending') return undefined;
      const why = found?.StateReason?.Message ?? found?.StateTransitionReason;
      throw new PlimsollError(terraformErrors.PL_TERRAFORM_APPLY, {
        what: `waiting for instance ${id}: it is ${state ?? 'gone'}, not running${why ? `: ${why}` : ''}`,
      });
    });
  },

  async read(aws, id, known) {
    const found = await instanceOf(aws, id);
    if (found === undefined || found.State?.Name === 'terminated') return undefined;
    return describe(found, aws.region, known);
  },

  async update(aws, id, planned, changed, before) {
    const ec2 = await aws.ec2();
    const { set, removed } = tagChanges(before, planned);
    if (set.length > 0) await ec2.createTags({ Resources: [id], Tags: set });
    if (removed.length > 0) await ec2.deleteTags({ Resources: [id], Tags: removed.map((Key) => ({ Key })) });
    if (changed.has('vpc_security_group_ids'))
      await ec2.modifyInstanceAttribute({ InstanceId: id, Groups: planned.texts('vpc_security_group_ids') });
    if (changed.has('source_dest_check'))
      await ec2.modifyInstanceAttribute({ InstanceId: id, SourceDestCheck: { Value: planned.flag('source_dest_check') } });
    if (changed.has('disable_api_termination'))
      await ec2.modifyInstanceAttribute({ InstanceId: id, DisableApiTermination: { Value: planned.flag('disable_api_termination') } });
    if (changed.has('monitoring'))
      await (planned.flag('monitoring') === true
        ? ec2.monitorInstances({ InstanceIds: [id] })
        : ec2.unmonitorInstances({ InstanceIds: [id] }));
    if (!['instance_type', 'user_data', 'user_data_base64'].some((name) => changed.has(name))) return;
    // These can be changed of a stopped instance only.
    await ec2.stopInstances({ InstanceIds: [id] });
    await waitUntil(`instance ${id} to stop`, aws.signal, async () =>
      (await instanceOf(aws, id))?.State?.Name === 'stopped' ? true : undefined,
    );
    if (changed.has('instance_type'))
      await ec2.modifyInstanceAttribute({ InstanceId: id, InstanceType: { Value: planned.text('instance_type') } });
    const script = planned.text('user_data');
    if (changed.has('user_data')) await ec2.modifyInstanceAttribute({ InstanceId: id, UserData: { Value: Buffer.from(script ?? '') } });
    else if (changed.has('user_data_base64'))
      await ec2.modifyInstanceAttribute({
        InstanceId: id,
        UserData: { Value: Buffer.from(planned.text('user_data_base64') ?? '', 'base64') },
      });
    await ec2.startInstances({ InstanceIds: [id] });
    await waitUntil(`instance ${id} to run`, aws.signal, async () =>
      (await instanceOf(aws, id))?.State?.Name === 'running' ? true : undefined,
    );
  },

  async delete(aws, id) {
    const ec2 = await aws.ec2();
    if ((await unlessGone(ec2.terminateInstances({ InstanceIds: [id] }), 'InvalidInstanceID.NotFound')) === undefined) return;
    await waitUntil(`instance ${id} to terminate`, aws.signal, async () => {
      const found = await instanceOf(aws, id);
      return found === undefined || found.State?.Name === 'terminated' ? true : undefined;
    });
  },
};

const deviceOf = (root: Arguments) => ({
  DeleteOnTermination: root.flag('delete_on_termination'),
  Encrypted: root.flag('encrypted'),
  Iops: root.number('iops'),
  Throughput: root.number('throughput'),
  VolumeSize: root.number('volume_size'),
  VolumeType: root.text('volume_type') as never,
});

function describe(found: Instance, region: string, known: Arguments): Attributes {
  const groups = found.SecurityGroups ?? [];
  const script = known.text('user_data');
  return {
    id: found.InstanceId ?? '',
    arn: `arn:aws:ec2:${region}:${found.NetworkInterfaces?.[0]?.OwnerId ?? '123456789012'}:instance/${found.InstanceId}`,
    ami: found.ImageId ?? '',
    instance_type: found.InstanceType ?? '',
    instance_state: found.State?.Name ?? '',
    availability_zone: found.Placement?.AvailabilityZone ?? '',
    tenancy: found.Placement?.Tenancy ?? 'default',
    subnet_id: found.SubnetId ?? '',
    private_ip: found.PrivateIpAddress ?? '',
    private_dns: found.PrivateDnsName ?? '',
    public_ip: found.PublicIpAddress ?? '',
    public_dns: found.PublicDnsName ?? '',
    associate_public_ip_address: found.PublicIpAddress !== undefined,
    primary_network_interface_id: found.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '',
    security_groups: groups.map(({ GroupName = '' }) => GroupName).toSorted(),
    vpc_security_group_ids: groups.map(({ GroupId = '' }) => GroupId).toSorted(),
    key_name: found.KeyName ?? '',
    monitoring: found.Monitoring?.State === 'enabled',
    ebs_optimized: found.EbsOptimized === true,
    source_dest_check: found.SourceDestCheck !== false,
    ...(script !== undefined && !/^[0-9a-f]{40}$/.test(script) && { user_data: sha1(script) }),
    tags_all: tagMap(found.Tags),
  };
}
