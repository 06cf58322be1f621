import type { Place } from '../../state/place.ts';
import type { FilterFields } from './filter.ts';
import { type Instance, interfacesOf, stateOf } from './resources.ts';

const groupsOf = (at: Place, instance: Instance): { GroupId?: string | undefined; GroupName?: string | undefined }[] =>
  interfacesOf(at, instance.InstanceId).flatMap((one) => one.Groups ?? []);
const ebsOf = (instance: Instance): NonNullable<NonNullable<Instance['BlockDeviceMappings']>[number]['Ebs']>[] =>
  (instance.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => (Ebs === undefined ? [] : [Ebs]));

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html, what of it applies here. */
export const instanceFields: FilterFields<Instance> = {
  architecture: (one) => one.Architecture,
  'availability-zone': (one) => one.Placement?.AvailabilityZone,
  'block-device-mapping.device-name': (one) => (one.BlockDeviceMappings ?? []).map(({ DeviceName }) => DeviceName),
  'block-device-mapping.volume-id': (one) => ebsOf(one).map(({ VolumeId }) => VolumeId),
  'block-device-mapping.status': (one) => ebsOf(one).map(({ Status }) => Status),
  'block-device-mapping.delete-on-termination': (one) => ebsOf(one).map(({ DeleteOnTermination }) => DeleteOnTermination),
  'client-token': (one) => one.ClientToken,
  'dns-name': (one, at) => interfacesOf(at, one.InstanceId).map((eni) => eni.Association?.PublicDnsName),
  'ebs-optimized': (one) => one.EbsOptimized,
  'group-id': (one, at) => groupsOf(at, one).map(({ GroupId }) => GroupId),
  'group-name': (one, at) => groupsOf(at, one).map(({ GroupName }) => GroupName),
  'instance.group-id': (one, at) => groupsOf(at, one).map(({ GroupId }) => GroupId),
  'instance.group-name': (one, at) => groupsOf(at, one).map(({ GroupName }) => GroupName),
  hypervisor: (one) => one.Hypervisor,
  'iam-instance-profile.arn': (one) => one.IamInstanceProfile?.Arn,
  'iam-instance-profile.id': (one) => one.IamInstanceProfile?.Id,
  'image-id': (one) => one.ImageId,
  'instance-id': (one) => one.InstanceId,
  'instance-lifecycle': (one) => one.InstanceLifecycle,
  'instance-state-code': (one) => stateOf(one.state).Code,
  'instance-state-name': (one) => one.state,
  'instance-status.status': (one) => (one.state === 'running' ? 'ok' : 'not-applicable'),
  'system-status.status': (one) => (one.state === 'running' ? 'ok' : 'not-applicable'),
  'instance-type': (one) => one.InstanceType,
  'ip-address': (one, at) => interfacesOf(at, one.InstanceId).map((eni) => eni.Association?.PublicIp),
  'kernel-id': (one) => one.KernelId,
  'key-name': (one) => one.KeyName,
  'launch-index': (one) => one.AmiLaunchIndex,
  'launch-time': (one) => (one.LaunchTime === undefined ? undefined : new Date(one.LaunchTime).toISOString()),
  'metadata-options.http-tokens': (one) => one.MetadataOptions?.HttpTokens,
  'monitoring-state': (one) => one.Monitoring?.State,
  'network-interface.network-interface-id': (one, at) => interfacesOf(at, one.InstanceId).map((eni) => eni.NetworkInterfaceId),
  'network-interface.private-dns-name': (one, at) => interfacesOf(at, one.InstanceId).map((eni) => eni.PrivateDnsName),
  'network-interface.addresses.private-ip-address': (one, at) => interfacesOf(at, one.InstanceId).map((eni) => eni.PrivateIpAddress),
  'network-interface.private-ip-address': (one, at) => interfacesOf(at, one.InstanceId).map((eni) => eni.PrivateIpAddress),
  'network-interface.subnet-id': (one, at) => interfacesOf(at, one.InstanceId).map((eni) => eni.SubnetId),
  'network-interface.vpc-id': (one, at) => interfacesOf(at, one.InstanceId).map((eni) => eni.VpcId),
  'owner-id': (_one, at) => at.account,
  'placement-group-name': (one) => one.Placement?.GroupName,
  platform: (one) => one.Platform,
  'private-dns-name': (one) => one.PrivateDnsName,
  'private-ip-address': (one) => one.PrivateIpAddress,
  'requester-id': () => undefined,
  'reservation-id': (one) => one.reservationId,
  'root-device-name': (one) => one.RootDeviceName,
  'root-device-type': (one) => one.RootDeviceType,
  'source-dest-check': (one) => one.SourceDestCheck,
  'state-reason-code': (one) => one.StateReason?.Code ?? '',
  'subnet-id': (one) => one.SubnetId,
  tenancy: (one) => one.Placement?.Tenancy,
  'virtualization-type': (one) => one.VirtualizationType,
  'vpc-id': (one) => one.VpcId,
};
