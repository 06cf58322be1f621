import { instanceTagsOf, type InstanceResource, type Place } from '../../aws/index.ts';
import type { MachineMetadata } from '../../model/index.ts';

/** What the metadata service tells an instance of itself, as its options have it. The hop limit has no meaning: nothing stands between the two. */
export function metadataOf(at: Place, instance: InstanceResource): MachineMetadata {
  const { HttpEndpoint = 'enabled', HttpTokens = 'optional' } = instance.MetadataOptions ?? {};
  return { values: valuesOf(at, instance), endpoint: HttpEndpoint, tokens: HttpTokens };
}

/** The user data of an instance, as text; undefined where it has none. */
export function userDataOf({ userData }: InstanceResource): string | undefined {
  return userData === undefined ? undefined : Buffer.from(userData, 'base64').toString('utf8');
}

/** By path below `/latest/`: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html */
function valuesOf(at: Place, instance: InstanceResource): Record<string, string> {
  const { InstanceId, ImageId = '', InstanceType = '', PrivateIpAddress = '', PrivateDnsName = '', Placement } = instance;
  const zone = Placement?.AvailabilityZone ?? '';
  const groups = (instance.SecurityGroups ?? []).flatMap(({ GroupName }) => GroupName ?? []);
  const tags = instance.MetadataOptions?.InstanceMetadataTags === 'enabled' ? instanceTagsOf(at, InstanceId) : [];
  const userData = userDataOf(instance);
  return {
    'meta-data/ami-id': ImageId,
    'meta-data/hostname': PrivateDnsName,
    'meta-data/instance-id': InstanceId,
    'meta-data/instance-type': InstanceType,
    'meta-data/local-hostname': PrivateDnsName,
    'meta-data/local-ipv4': PrivateIpAddress,
    'meta-data/placement/availability-zone': zone,
    'meta-data/placement/region': at.region,
    'meta-data/security-groups': groups.join('\n'),
    'meta-data/services/domain': at.dnsSuffix,
    // Keys that would be a path stand in no metadata.
    ...Object.fromEntries(tags.filter(({ Key }) => !/[\s/]/.test(Key)).map(({ Key, Value }) => [`meta-data/tags/instance/${Key}`, Value])),
    'dynamic/instance-identity/document': JSON.stringify({
      accountId: at.account,
      architecture: instance.Architecture ?? 'x86_64',
      availabilityZone: zone,
      imageId: ImageId,
      instanceId: InstanceId,
      instanceType: InstanceType,
      privateIp: PrivateIpAddress,
      region: at.region,
    }),
    ...(userData === undefined ? {} : { 'user-data': userData }),
  };
}
