import type { EC2, Snapshot as SdkSnapshot, Volume as SdkVolume, VolumeModification } from '@aws-sdk/client-ec2';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { describedMax, page } from '../page.ts';
import { applyFilters } from './filter.ts';
import { byIds, notFound } from './ids.ts';
import { images, instances, requireInstance, type Snapshot, snapshots, type Volume, volumes } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';
import { requireZoneToPlace } from './zones.ts';

interface Modification extends Plain<VolumeModification> {
  readonly VolumeId: string;
}

/** The last modification of each volume. */
const modifications = table<Modification>('ec2.volume-modification', (one) => one.VolumeId);

export interface NewVolume {
  readonly zone: string;
  readonly VolumeSize?: number | undefined;
  readonly VolumeType?: string | undefined;
  readonly SnapshotId?: string | undefined;
  readonly Encrypted?: boolean | undefined;
  readonly KmsKeyId?: string | undefined;
  readonly Iops?: number | undefined;
  readonly Throughput?: number | undefined;
  readonly MultiAttachEnabled?: boolean | undefined;
  readonly attachment?: { readonly instanceId: string; readonly device: string; readonly deleteOnTermination: boolean };
}

export function createVolume(at: Place, options: NewVolume): Volume {
  const id = at.id('vol');
  const { attachment } = options;
  return at.table(volumes).put({
    VolumeId: id,
    AvailabilityZone: options.zone,
    CreateTime: at.nowMs,
    Encrypted: options.Encrypted ?? at.table(snapshots).get(options.SnapshotId)?.Encrypted ?? false,
    ...(options.KmsKeyId === undefined ? {} : { KmsKeyId: options.KmsKeyId }),
    ...(options.Iops === undefined ? {} : { Iops: options.Iops }),
    ...(options.Throughput === undefined ? {} : { Throughput: options.Throughput }),
    MultiAttachEnabled: options.MultiAttachEnabled ?? false,
    Size: options.VolumeSize ?? at.table(snapshots).get(options.SnapshotId)?.VolumeSize ?? 8,
    SnapshotId: options.SnapshotId ?? '',
    State: attachment === undefined ? 'available' : 'in-use',
    VolumeType: (options.VolumeType ?? 'gp2') as never,
    Attachments:
      attachment === undefined ? [] : [attached(at, id, attachment.instanceId, attachment.device, attachment.deleteOnTermination)],
  });
}

function attached(
  at: Place,
  VolumeId: string,
  InstanceId: string,
  Device: string,
  DeleteOnTermination: boolean,
): NonNullable<Volume['Attachments']>[number] {
  return { VolumeId, InstanceId, Device, DeleteOnTermination, State: 'attached', AttachTime: at.nowMs };
}

export function createSnapshot(at: Place, volume: Volume, description: string): Snapshot {
  return at.table(snapshots).put({
    SnapshotId: at.id('snap'),
    VolumeId: volume.VolumeId,
    VolumeSize: volume.Size,
    Description: description,
    Encrypted: volume.Encrypted,
    OwnerId: at.account,
    Progress: '100%',
    StartTime: at.nowMs,
    State: 'completed',
    StorageTier: 'standard',
  });
}

function requireVolume(at: Place, id = ''): Volume {
  const volume = at.table(volumes).get(id);
  if (volume === undefined) throw notFound(id.startsWith('vol-') ? id : `vol-${id}`);
  return volume;
}

/** EC2 leaves the list of tags out when a volume has none. */
function describeVolume(at: Place, volume: Volume): Plain<SdkVolume> {
  const tags = tagsOf(at, volume.VolumeId);
  return tags.length === 0 ? volume : { ...volume, Tags: [...tags] };
}

const describeSnapshot = (at: Place, snapshot: Snapshot): Plain<SdkSnapshot> => ({
  ...snapshot,
  Tags: [...tagsOf(at, snapshot.SnapshotId)],
});
const attachments = (volume: Volume): NonNullable<Volume['Attachments']> => volume.Attachments ?? [];

export const volumeOperations: Operations<EC2> = {
  CreateVolume(input, at) {
    const zone = requireZoneToPlace(
      at,
      input.AvailabilityZone ?? input.AvailabilityZoneId ?? '',
      (name) => new AwsError('InvalidZone.NotFound', `The zone '${name}' does not exist.`),
    );
    if (input.Size === undefined && input.SnapshotId === undefined)
      throw new AwsError('MissingParameter', 'The request must contain the parameter size/snapshot');
    if (input.KmsKeyId !== undefined && input.Encrypted !== true)
      throw new AwsError('InvalidParameterDependency', 'The parameter KmsKeyId requires the parameter Encrypted to be set.');
    if (input.SnapshotId !== undefined && !at.table(snapshots).has(input.SnapshotId)) throw notFound(input.SnapshotId);
    const volume = createVolume(at, { ...input, zone: zone.name, VolumeSize: input.Size });
    tagNew(at, volume.VolumeId, 'volume', input.TagSpecifications);
    return { ...describeVolume(at, volume), State: 'creating' };
  },

  DescribeVolumes({ VolumeIds, Filters, NextToken, MaxResults }, at) {
    const found = applyFilters(at, byIds(at.table(volumes), VolumeIds), Filters, (volume) => volume.VolumeId, {
      'volume-id': (volume) => volume.VolumeId,
      'attachment.instance-id': (volume) => attachments(volume).map(({ InstanceId }) => InstanceId),
      'attachment.device': (volume) => attachments(volume).map(({ Device }) => Device),
      'attachment.status': (volume) => attachments(volume).map(({ State }) => State),
      'attachment.delete-on-termination': (volume) => attachments(volume).map(({ DeleteOnTermination }) => DeleteOnTermination),
      'availability-zone': (volume) => volume.AvailabilityZone,
      encrypted: (volume) => volume.Encrypted,
      size: (volume) => volume.Size,
      'snapshot-id': (volume) => volume.SnapshotId,
      status: (volume) => volume.State,
      'volume-type': (volume) => volume.VolumeType,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: describedMax });
    return { Volumes: items.map((volume) => describeVolume(at, volume)), NextToken: next };
  },

  DeleteVolume({ VolumeId }, at) {
    const volume = requireVolume(at, VolumeId);
    if (attachments(volume).length > 0)
      throw new AwsError('VolumeInUse', `Volume ${volume.VolumeId} is currently attached to ${attachments(volume)[0]?.InstanceId ?? ''}`);
    at.table(volumes).delete(volume.VolumeId);
    dropTags(at, volume.VolumeId);
  },

  AttachVolume({ VolumeId, InstanceId, Device = '' }, at) {
    const volume = requireVolume(at, VolumeId);
    const instance = requireInstance(at, InstanceId);
    if (attachments(volume).length > 0) throw new AwsError('VolumeInUse', `${volume.VolumeId} is already attached to an instance`);
    const others = (instance.BlockDeviceMappings ?? []).filter(({ DeviceName }) => DeviceName !== Device);
    if (at.strict && others.length < (instance.BlockDeviceMappings ?? []).length) {
      throw new AwsError('InvalidParameterValue', `Invalid value '${Device}' for unixDevice. Attachment point ${Device} is already in use`);
    }
    const attachment = attached(at, volume.VolumeId, instance.InstanceId, Device, false);
    at.table(volumes).patch(volume, { State: 'in-use', Attachments: [attachment] });
    const mapping = {
      DeviceName: Device,
      Ebs: { VolumeId: volume.VolumeId, Status: 'attached' as const, AttachTime: at.nowMs, DeleteOnTermination: false },
    };
    at.table(instances).patch(instance, { BlockDeviceMappings: [...others, mapping] });
    return { ...attachment, State: 'attaching' };
  },

  DetachVolume({ VolumeId, InstanceId, Device }, at) {
    const volume = requireVolume(at, VolumeId);
    const attachment = attachments(volume)[0];
    const wrong =
      (InstanceId !== undefined && attachment?.InstanceId !== InstanceId) || (Device !== undefined && attachment?.Device !== Device);
    if (attachment === undefined) throw new AwsError('IncorrectState', `Volume '${volume.VolumeId}' is in the 'available' state.`);
    if (wrong)
      throw new AwsError(
        'InvalidAttachment.NotFound',
        `The volume ${volume.VolumeId} is not attached to instance ${InstanceId ?? ''} as device ${Device ?? ''}`,
      );
    at.table(volumes).patch(volume, { State: 'available', Attachments: [] });
    const instance = at.table(instances).get(attachment.InstanceId);
    if (instance !== undefined) {
      at.table(instances).patch(instance, {
        BlockDeviceMappings: (instance.BlockDeviceMappings ?? []).filter(({ Ebs }) => Ebs?.VolumeId !== volume.VolumeId),
      });
    }
    return { ...attachment, State: 'detaching' };
  },

  ModifyVolume(input, at) {
    const volume = requireVolume(at, input.VolumeId);
    const changed = at.table(volumes).patch(volume, {
      Size: input.Size ?? volume.Size,
      VolumeType: input.VolumeType ?? volume.VolumeType,
      Iops: input.Iops ?? volume.Iops,
      Throughput: input.Throughput ?? volume.Throughput,
    });
    const modification = at.table(modifications).put({
      VolumeId: volume.VolumeId,
      ModificationState: 'completed',
      OriginalSize: volume.Size,
      OriginalVolumeType: volume.VolumeType,
      OriginalIops: volume.Iops,
      OriginalThroughput: volume.Throughput,
      TargetSize: changed.Size,
      TargetVolumeType: changed.VolumeType,
      TargetIops: changed.Iops,
      TargetThroughput: changed.Throughput,
      Progress: 100,
      StartTime: at.nowMs,
      EndTime: at.nowMs,
    });
    return { VolumeModification: modification };
  },

  DescribeVolumesModifications({ VolumeIds, Filters, NextToken, MaxResults }, at) {
    for (const id of VolumeIds ?? []) requireVolume(at, id);
    const asked = at
      .table(modifications)
      .filter(({ VolumeId }) => VolumeIds === undefined || VolumeIds.length === 0 || VolumeIds.includes(VolumeId));
    const found = applyFilters(at, asked, Filters, (one) => one.VolumeId, {
      'volume-id': (one) => one.VolumeId,
      'modification-state': (one) => one.ModificationState,
      'original-size': (one) => one.OriginalSize,
      'target-size': (one) => one.TargetSize,
      'original-volume-type': (one) => one.OriginalVolumeType,
      'target-volume-type': (one) => one.TargetVolumeType,
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: describedMax });
    return { VolumesModifications: items, NextToken: next };
  },

  CreateSnapshot({ VolumeId, Description = '', TagSpecifications }, at) {
    const snapshot = createSnapshot(at, requireVolume(at, VolumeId), Description);
    tagNew(at, snapshot.SnapshotId, 'snapshot', TagSpecifications);
    return { ...describeSnapshot(at, snapshot), State: 'pending' };
  },

  DescribeSnapshots({ SnapshotIds, OwnerIds, Filters, NextToken, MaxResults }, at) {
    const owners = OwnerIds?.map((owner) => (owner === 'self' ? at.account : owner));
    const asked = byIds(at.table(snapshots), SnapshotIds).filter((snapshot) => owners?.includes(snapshot.OwnerId ?? '') ?? true);
    const found = applyFilters(at, asked, Filters, (snapshot) => snapshot.SnapshotId, {
      'snapshot-id': (snapshot) => snapshot.SnapshotId,
      description: (snapshot) => snapshot.Description,
      encrypted: (snapshot) => snapshot.Encrypted,
      'owner-id': (snapshot) => snapshot.OwnerId,
      status: (snapshot) => snapshot.State,
      'volume-id': (snapshot) => snapshot.VolumeId,
      'volume-size': (snapshot) => snapshot.VolumeSize,
      'start-time': (snapshot) => (snapshot.StartTime === undefined ? undefined : new Date(snapshot.StartTime).toISOString()),
    });
    const { items, next } = page(found, { token: NextToken, max: MaxResults }, { defaultMax: describedMax });
    return { Snapshots: items.map((snapshot) => describeSnapshot(at, snapshot)), NextToken: next };
  },

  DeleteSnapshot({ SnapshotId = '' }, at) {
    if (!at.table(snapshots).has(SnapshotId)) throw notFound(SnapshotId);
    const user = at
      .table(images)
      .find(
        (image) =>
          image.State !== 'deregistered' && (image.BlockDeviceMappings?.some(({ Ebs }) => Ebs?.SnapshotId === SnapshotId) ?? false),
      );
    if (user !== undefined)
      throw new AwsError('InvalidSnapshot.InUse', `The snapshot ${SnapshotId} is currently in use by ${user.ImageId}`);
    at.table(snapshots).delete(SnapshotId);
    dropTags(at, SnapshotId);
  },
};
