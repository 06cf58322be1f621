import type { DBSnapshot as SdkDBSnapshot } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { tellEvent } from './events.ts';
import {
  checkSnapshotIdentifier,
  creationInput,
  fault,
  pass,
  snapshots,
  type DBInstance,
  type RdsTag,
  type Snapshot,
} from './resources.ts';
import { setTags, tagsOf } from './tags.ts';

export function describeSnapshot(
  at: Place,
  { source: _source, files: _files, copied: _copied, sharedWith: _sharedWith, ...snapshot }: Snapshot,
): Plain<SdkDBSnapshot> {
  return { ...snapshot, TagList: tagsOf(at, snapshot.DBSnapshotArn) };
}

/** A name is taken while there is a snapshot of it, or copies of one that share its data. */
export function refuseDuplicate(at: Place, id: string): void {
  const taken = at.world.machinery.live
    ? at.table(snapshots).find(({ DBSnapshotIdentifier, files }) => DBSnapshotIdentifier === id || files === id) !== undefined
    : at.table(snapshots).has(id);
  if (taken)
    throw fault('DBSnapshotAlreadyExists', `Cannot create the snapshot because a snapshot with the identifier ${id} already exists.`);
}

function putSnapshot(at: Place, instance: DBInstance, id: string, type: string, tags: readonly RdsTag[] | undefined): Snapshot {
  const arn = at.arn('rds', `snapshot:${id}`);
  const copied = tags ?? (instance.CopyTagsToSnapshot === true ? tagsOf(at, instance.DBInstanceArn) : []);
  setTags(at, arn, copied);
  return at.table(snapshots).put({
    DBSnapshotIdentifier: id,
    DBSnapshotArn: arn,
    DBInstanceIdentifier: instance.DBInstanceIdentifier,
    DbiResourceId: instance.DbiResourceId,
    SnapshotType: type,
    Status: at.world.machinery.transition(at, arn, 'creating', 'available'),
    PercentProgress: 100,
    SnapshotCreateTime: at.nowMs,
    OriginalSnapshotCreateTime: at.nowMs,
    InstanceCreateTime: instance.InstanceCreateTime,
    Engine: instance.Engine,
    EngineVersion: instance.EngineVersion,
    AllocatedStorage: instance.AllocatedStorage,
    AvailabilityZone: instance.AvailabilityZone,
    VpcId: instance.DBSubnetGroup?.VpcId,
    Port: instance.DbInstancePort,
    MasterUsername: instance.MasterUsername,
    LicenseModel: instance.LicenseModel,
    StorageType: instance.StorageType,
    Encrypted: instance.StorageEncrypted,
    ...(instance.KmsKeyId === undefined ? {} : { KmsKeyId: instance.KmsKeyId }),
    IAMDatabaseAuthenticationEnabled: instance.IAMDatabaseAuthenticationEnabled,
    OptionGroupName: instance.OptionGroupMemberships?.[0]?.OptionGroupName,
    SnapshotTarget: 'region',
    source: creationInput(instance),
    files: id,
    copied,
    sharedWith: [],
  });
}

export function createSnapshot(at: Place, instance: DBInstance, identifier: string, tags?: readonly RdsTag[]): Snapshot {
  checkSnapshotIdentifier(identifier);
  const id = identifier.toLowerCase();
  refuseDuplicate(at, id);
  const snapshot = putSnapshot(at, instance, id, 'manual', tags);
  if (instance.DBInstanceStatus === 'available') pass(at, instance, 'backing-up');
  tellEvent(at, 'snapshotMade', id, snapshot.DBSnapshotArn);
  return snapshot;
}

/** The backup that follows an instance's creation, where nothing runs. A region that runs things makes none unasked. */
export function backUp(at: Place, instance: DBInstance): void {
  if (at.world.machinery.live || instance.BackupRetentionPeriod === 0) return;
  const minute = new Date(at.nowMs).toISOString().slice(0, 16).replaceAll(/[T:]/g, '-');
  putSnapshot(at, instance, `rds:${instance.DBInstanceIdentifier}-${minute}`, 'automated', undefined);
  tellEvent(at, 'backedUp', instance.DBInstanceIdentifier, instance.DBInstanceArn);
}
