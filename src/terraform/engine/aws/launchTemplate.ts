import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2';
import type { Arguments } from '../arguments.ts';
import { tagChanges, tagList, tagMap, unlessGone, type ResourceType } from '../provider.ts';
import { block, blocks, computed, flag, forceNew, number, optional, required, settled, tagged, text, textMap, textSet } from '../schema.ts';
import { nameOf } from './names.ts';

export const launchTemplate: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(settled, forceNew),
    name_prefix: text(optional, forceNew),
    description: text(optional),
    image_id: text(optional),
    instance_type: text(optional),
    key_name: text(optional),
    user_data: text(optional),
    ebs_optimized: text(optional),
    disable_api_termination: flag(optional),
    vpc_security_group_ids: textSet(optional),
    security_group_names: textSet(optional),
    update_default_version: flag(optional),
    default_version: number(settled),
    latest_version: number(computed, { changing: true }),
    iam_instance_profile: block({ name: text(optional), arn: text(optional) }, optional),
    monitoring: block({ enabled: flag(optional) }, optional),
    placement: block({ availability_zone: text(optional), tenancy: text(optional) }, optional),
    credit_specification: block({ cpu_credits: text(optional) }, optional),
    metadata_options: block(
      { http_endpoint: text(optional), http_tokens: text(optional), http_put_response_hop_limit: number(optional) },
      optional,
    ),
    network_interfaces: blocks(
      {
        associate_public_ip_address: text(optional),
        delete_on_termination: text(optional),
        device_index: number(optional),
        security_groups: textSet(optional),
        subnet_id: text(optional),
      },
      optional,
    ),
    block_device_mappings: blocks(
      {
        device_name: text(optional),
        ebs: block(
          {
            delete_on_termination: text(optional),
            encrypted: text(optional),
            volume_size: number(optional),
            volume_type: text(optional),
            iops: number(optional),
          },
          optional,
        ),
      },
      optional,
    ),
    tag_specifications: blocks({ resource_type: text(required), tags: textMap(optional) }, optional),
    ...tagged,
  },

  async create(aws, planned) {
    const tags = tagList(planned);
    const { LaunchTemplate } = await (
      await aws.ec2()
    ).createLaunchTemplate({
      LaunchTemplateName: nameOf(planned),
      VersionDescription: planned.text('description'),
      LaunchTemplateData: dataOf(planned),
      ...(tags.length > 0 && { TagSpecifications: [{ ResourceType: 'launch-template', Tags: tags }] }),
    });
    return LaunchTemplate?.LaunchTemplateId ?? '';
  },

  async read(aws, id) {
    const ec2 = await aws.ec2();
    const found = await unlessGone(
      ec2.describeLaunchTemplates({ LaunchTemplateIds: [id] }),
      'InvalidLaunchTemplateId.NotFound',
      'InvalidLaunchTemplateId.NotFoundException',
    );
    const template = found?.LaunchTemplates?.[0];
    if (template === undefined) return undefined;
    const { LaunchTemplateVersions = [] } = await ec2.describeLaunchTemplateVersions({ LaunchTemplateId: id, Versions: ['$Latest'] });
    const data = LaunchTemplateVersions[0]?.LaunchTemplateData ?? {};
    return {
      id,
      arn: `arn:aws:ec2:${aws.region}:${/:(\d{12}):/.exec(template.CreatedBy ?? '')?.[1] ?? '123456789012'}:launch-template/${id}`,
      name: template.LaunchTemplateName ?? '',
      default_version: template.DefaultVersionNumber ?? 1,
      latest_version: template.LatestVersionNumber ?? 1,
      description: LaunchTemplateVersions[0]?.VersionDescription ?? '',
      image_id: data.ImageId ?? '',
      instance_type: data.InstanceType ?? '',
      key_name: data.KeyName ?? '',
      user_data: data.UserData ?? '',
      vpc_security_group_ids: (data.SecurityGroupIds ?? []).toSorted(),
      security_group_names: (data.SecurityGroups ?? []).toSorted(),
      tags_all: tagMap(template.Tags),
    };
  },

  async update(aws, id, planned, changed, before) {
    const ec2 = await aws.ec2();
    const { set, removed } = tagChanges(before, planned);
    if (set.length > 0) await ec2.createTags({ Resources: [id], Tags: set });
    if (removed.length > 0) await ec2.deleteTags({ Resources: [id], Tags: removed.map((Key) => ({ Key })) });
    const own = new Set(['tags', 'tags_all', 'default_version', 'update_default_version', 'latest_version']);
    let version = planned.number('default_version');
    if ([...changed].some((name) => !own.has(name))) {
      const made = await ec2.createLaunchTemplateVersion({
        LaunchTemplateId: id,
        VersionDescription: planned.text('description'),
        LaunchTemplateData: dataOf(planned),
      });
      if (planned.flag('update_default_version') === true) version = made.LaunchTemplateVersion?.VersionNumber;
    }
    if (version !== undefined && version !== before.number('default_version'))
      await ec2.modifyLaunchTemplate({ LaunchTemplateId: id, DefaultVersion: String(version) });
  },

  async delete(aws, id) {
    const gone = ['InvalidLaunchTemplateId.NotFound', 'InvalidLaunchTemplateId.NotFoundException'];
    await unlessGone((await aws.ec2()).deleteLaunchTemplate({ LaunchTemplateId: id }), ...gone);
  },
};

function dataOf(planned: Arguments): RequestLaunchTemplateData {
  const profile = planned.block('iam_instance_profile');
  const [monitoring, placement, credit, metadata] = ['monitoring', 'placement', 'credit_specification', 'metadata_options'].map((name) =>
    planned.block(name),
  );
  const [interfaces, devices, tags] = ['network_interfaces', 'block_device_mappings', 'tag_specifications'].map((name) =>
    planned.blocks(name),
  );
  return {
    ImageId: planned.text('image_id'),
    InstanceType: planned.text('instance_type') as never,
    KeyName: planned.text('key_name'),
    UserData: planned.text('user_data'),
    EbsOptimized: planned.flag('ebs_optimized'),
    DisableApiTermination: planned.flag('disable_api_termination'),
    SecurityGroupIds: planned.texts('vpc_security_group_ids'),
    SecurityGroups: planned.texts('security_group_names'),
    ...(profile && { IamInstanceProfile: { Name: profile.text('name'), Arn: profile.text('arn') } }),
    ...(monitoring && { Monitoring: { Enabled: monitoring.flag('enabled') } }),
    ...(placement && { Placement: { AvailabilityZone: placement.text('availability_zone'), Tenancy: placement.text('tenancy') as never } }),
    ...(credit && { CreditSpecification: { CpuCredits: credit.text('cpu_credits') } }),
    ...(metadata && {
      MetadataOptions: {
        HttpEndpoint: metadata.text('http_endpoint') as never,
        HttpTokens: metadata.text('http_tokens') as never,
        HttpPutResponseHopLimit: metadata.number('http_put_response_hop_limit'),
      },
    }),
    ...(interfaces &&
      interfaces.length > 0 && {
        NetworkInterfaces: interfaces.map((item, index) => ({
          AssociatePublicIpAddress: item.flag('associate_public_ip_address'),
          DeleteOnTermination: item.flag('delete_on_termination'),
          DeviceIndex: item.number('device_index') ?? index,
          Groups: item.texts('security_groups'),
          SubnetId: item.text('subnet_id'),
        })),
      }),
    ...(devices &&
      devices.length > 0 && {
        BlockDeviceMappings: devices.map((item) => {
          const ebs = item.block('ebs');
          return {
            DeviceName: item.text('device_name'),
            ...(ebs && {
              Ebs: {
                DeleteOnTermination: ebs.flag('delete_on_termination'),
                Encrypted: ebs.flag('encrypted'),
                VolumeSize: ebs.number('volume_size'),
                VolumeType: ebs.text('volume_type') as never,
                Iops: ebs.number('iops'),
              },
            }),
          };
        }),
      }),
    ...(tags &&
      tags.length > 0 && {
        TagSpecifications: tags.map((item) => ({
          ResourceType: item.text('resource_type') as never,
          Tags: Object.entries(item.map('tags')).map(([Key, Value]) => ({ Key, Value })),
        })),
      }),
  };
}
