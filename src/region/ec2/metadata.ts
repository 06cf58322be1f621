import type { InstanceResource, Place } from '../../aws/index.ts';

/**
 * What the metadata service tells an instance of itself, by path below `/latest/`.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
 */
export function metadataOf(at: Place, instance: InstanceResource, userData: string | undefined): Record<string, string> {
  const { InstanceId, ImageId = '', InstanceType = '', PrivateIpAddress = '', PrivateDnsName = '', Placement } = instance;
  const zone = Placement?.AvailabilityZone ?? '';
  const groups = (instance.SecurityGroups ?? []).flatMap(({ GroupName }) => GroupName ?? []);
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
