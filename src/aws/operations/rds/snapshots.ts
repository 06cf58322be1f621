import type { DBSnapshot as SdkDBSnapshot, RDS } from '@aws-sdk/client-rds';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { pass, type DBInstance } from './dbInstance.ts';
import { creationInput, requireInstance } from './instances.ts';
import { rdsPage } from './page.ts';
import { dropTags, setTags, tagsOf, type RdsTag } from './tags.ts';

export interface Snapshot extends Plain<Omit<SdkDBSnapshot, 'TagList'>> {
  readonly DBSnapshotIdentifier: string;
  readonly DBSnapshotArn: string;
  /** What it takes to create the instance again. */
  readonly source: ReturnType<typeof creationInput>;
  readonly copied: readonly RdsTag[];
  readonly sharedWith: readonly string[];
}

export const snapshots = table<Snapshot>('rds.db-snapshot', (snapshot) => snapshot.DBSnapshotIdentifier);

const nameOf = (identifier: string | undefined): string =>
  (identifier?.startsWith('arn:') === true ? identifier.split(':').slice(6).join(':') : (identifier ?? '')).toLowerCase();

function requireSnapshot(at: Place, identifier: string | undefined): Snapshot {
  const snapshot = at.table(snapshots).get(nameOf(identifier));
  if (snapshot === undefined) throw new AwsError('DBSnapshotNotFound', `DBSnapshot ${nameOf(identifier)} not found.`, { status: 404 });
  return snapshot;
}

function refuseDuplicate(at: Place, id: string): void {
  if (at.table(snapshots).has(id))
    throw new AwsError(
      'DBSnapshotAlreadyExists',
      `Cannot create the snapshot because a snapshot with the identifier ${id} already exists.`,
    );
}

export function createSnapshot(at: Place, instance: DBInstance, identifier: string, tags: readonly RdsTag[] | undefined): Snapshot {
  const id = nameOf(identifier);
  refuseDuplicate(at, id);
  const arn = at.arn('rds', `snapshot:${id}`);
  const copied = tags ?? (instance.CopyTagsToSnapshot === true ? tagsOf(at, instance.DBInstanceArn) : []);
  const snapshot = at.table(snapshots).put({
    DBSnapshotIdentifier: id,
    DBSnapshotArn: arn,
    DBInstanceIdentifier: instance.DBInstanceIdentifier,
    DbiResourceId: instance.DbiResourceId,
    SnapshotType: 'manual',
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
    copied,
    sharedWith: [],
  });
  setTags(at, arn, copied);
  if (instance.DBInstanceStatus === 'available') pass(at, instance, 'backing-up');
  return snapshot;
}

function describe(at: Place, { source: _source, copied: _copied, sharedWith: _shared, ...snapshot }: Snapshot): Plain<SdkDBSnapshot> {
  return { ...snapshot, TagList: tagsOf(at, snapshot.DBSnapshotArn) };
}

function attributes(snapshot: Snapshot): {
  DBSnapshotIdentifier: string;
  DBSnapshotAttributes: { AttributeName: string; AttributeValues: string[] }[];
} {
  return {
    DBSnapshotIdentifier: snapshot.DBSnapshotIdentifier,
    DBSnapshotAttributes: [{ AttributeName: 'restore', AttributeValues: [...snapshot.sharedWith] }],
  };
}

export const snapshotOperations: Operations<RDS> = {
  CreateDBSnapshot({ DBInstanceIdentifier, DBSnapshotIdentifier = '', Tags }, at) {
    const instance = requireInstance(at, DBInstanceIdentifier);
    return { DBSnapshot: describe(at, createSnapshot(at, instance, DBSnapshotIdentifier, Tags)) };
  },

  CopyDBSnapshot({ SourceDBSnapshotIdentifier, TargetDBSnapshotIdentifier = '', Tags, CopyTags = false, KmsKeyId }, at) {
    const found = requireSnapshot(at, SourceDBSnapshotIdentifier);
    const id = nameOf(TargetDBSnapshotIdentifier);
    refuseDuplicate(at, id);
    const arn = at.arn('rds', `snapshot:${id}`);
    const tags = Tags ?? (CopyTags ? tagsOf(at, found.DBSnapshotArn) : []);
    setTags(at, arn, tags);
    const copy = at.table(snapshots).put({
      ...found,
      DBSnapshotIdentifier: id,
      DBSnapshotArn: arn,
      SourceDBSnapshotIdentifier: found.DBSnapshotArn,
      SnapshotCreateTime: at.nowMs,
      SnapshotType: 'manual',
      ...(KmsKeyId === undefined ? {} : { KmsKeyId, Encrypted: true }),
      copied: tags,
      sharedWith: [],
    });
    return { DBSnapshot: describe(at, copy) };
  },

  DescribeDBSnapshots({ DBInstanceIdentifier, DBSnapshotIdentifier, SnapshotType, Filters = [], ...list }, at) {
    const asked = DBSnapshotIdentifier === undefined ? at.table(snapshots).values() : [requireSnapshot(at, DBSnapshotIdentifier)];
    const fields: Record<string, (one: Snapshot) => string | undefined> = {
      'db-instance-id': (one) => one.DBInstanceIdentifier,
      'db-snapshot-id': (one) => one.DBSnapshotIdentifier,
      'dbi-resource-id': (one) => one.DbiResourceId,
      'snapshot-type': (one) => one.SnapshotType,
      engine: (one) => one.Engine,
    };
    const found = asked.filter(
      (one) =>
        (DBInstanceIdentifier === undefined || one.DBInstanceIdentifier === nameOf(DBInstanceIdentifier)) &&
        (SnapshotType === undefined || one.SnapshotType === SnapshotType) &&
        Filters.every(({ Name = '', Values = [] }) => Values.includes(fields[Name]?.(one) ?? '')),
    );
    const { items, ...tail } = rdsPage(found, list);
    return { DBSnapshots: items.map((one) => describe(at, one)), ...tail };
  },

  DeleteDBSnapshot({ DBSnapshotIdentifier }, at) {
    const snapshot = requireSnapshot(at, DBSnapshotIdentifier);
    const described = describe(at, snapshot);
    at.table(snapshots).delete(snapshot.DBSnapshotIdentifier);
    dropTags(at, snapshot.DBSnapshotArn);
    return { DBSnapshot: { ...described, Status: 'deleted' } };
  },

  DescribeDBSnapshotAttributes: ({ DBSnapshotIdentifier }, at) => ({
    DBSnapshotAttributesResult: attributes(requireSnapshot(at, DBSnapshotIdentifier)),
  }),

  ModifyDBSnapshotAttribute({ DBSnapshotIdentifier, AttributeName, ValuesToAdd = [], ValuesToRemove = [] }, at) {
    const snapshot = requireSnapshot(at, DBSnapshotIdentifier);
    if (AttributeName !== 'restore') throw new AwsError('InvalidParameterValue', `Invalid snapshot attribute ${AttributeName ?? ''}`);
    const sharedWith = [...new Set([...snapshot.sharedWith.filter((one) => !ValuesToRemove.includes(one)), ...ValuesToAdd])];
    return { DBSnapshotAttributesResult: attributes(at.table(snapshots).patch(snapshot, { sharedWith })) };
  },
};
