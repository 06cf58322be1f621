import type { DBSnapshotAttributesResult, RDS } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { tellEvent } from './events.ts';
import { filtered, withIdentifier, type FilterFields } from './filters.ts';
import { rdsPage } from './page.ts';
import {
  checkSnapshotIdentifier,
  fault,
  nameOf,
  placeOf,
  refuseLive,
  requireInstance,
  requireSnapshot,
  requireStatus,
  snapshots,
  type Snapshot,
} from './resources.ts';
import { createSnapshot, describeSnapshot, refuseDuplicate } from './snapshotRecords.ts';
import { dropTags, setTags, tagsOf } from './tags.ts';

function attributes(snapshot: Snapshot): Plain<DBSnapshotAttributesResult> {
  return {
    DBSnapshotIdentifier: snapshot.DBSnapshotIdentifier,
    DBSnapshotAttributes: [{ AttributeName: 'restore', AttributeValues: [...snapshot.sharedWith] }],
  };
}

const fields: FilterFields<Snapshot> = {
  'db-instance-id': (one) => [one.DBInstanceIdentifier, one.DBSnapshotArn.replace(/snapshot:.*$/, `db:${one.DBInstanceIdentifier ?? ''}`)],
  'db-snapshot-id': (one) => [one.DBSnapshotIdentifier, one.DBSnapshotArn],
  'dbi-resource-id': (one) => [one.DbiResourceId],
  'snapshot-type': (one) => [one.SnapshotType],
  engine: (one) => [one.Engine],
};

/** AWS shares a snapshot with this many accounts at most (API_ModifyDBSnapshotAttribute). */
const sharesMax = 20;

function requireSource(at: Place, identifier = ''): Snapshot {
  if (identifier.startsWith('arn:') && !/^arn:[^:]+:rds:[^:]*:\d*:snapshot:/.test(identifier))
    throw fault('InvalidParameterValue', `Invalid snapshot identifier: ${identifier} is not a valid identifier`);
  const source = requireSnapshot(at, identifier);
  if (source.Status !== 'available') throw fault('InvalidDBSnapshotState', `Snapshot ${source.DBSnapshotIdentifier} is not available.`);
  return source;
}

/** RDS's own key aside there are no keys to encrypt with: KMS is not one of the services here. */
function refuseUnknownKey(key: string | undefined, source: Snapshot): void {
  if (key === undefined || key === source.KmsKeyId || key.endsWith('alias/aws/rds')) return;
  throw fault(
    'KMSKeyNotAccessibleFault',
    `Specified KMS key [${key}] does not exist, is not enabled or you do not have permissions to access it.`,
  );
}

export const snapshotOperations: Operations<RDS> = {
  CreateDBSnapshot({ DBInstanceIdentifier, DBSnapshotIdentifier = '', Tags }, at) {
    const instance = requireInstance(at, DBInstanceIdentifier);
    if (at.strict) requireStatus(instance, 'available');
    return { DBSnapshot: describeSnapshot(at, createSnapshot(at, instance, DBSnapshotIdentifier, Tags)) };
  },

  CopyDBSnapshot({ SourceDBSnapshotIdentifier, TargetDBSnapshotIdentifier, Tags = [], CopyTags = false, KmsKeyId }, at) {
    const source = requireSource(at, SourceDBSnapshotIdentifier);
    const from = placeOf(at, SourceDBSnapshotIdentifier);
    if (from !== at) refuseLive(at, 'Plimsoll copies the data of snapshots within a region only.');
    checkSnapshotIdentifier(TargetDBSnapshotIdentifier);
    const id = nameOf(TargetDBSnapshotIdentifier);
    refuseDuplicate(at, id);
    refuseUnknownKey(KmsKeyId, source);
    const arn = at.arn('rds', `snapshot:${id}`);
    const copied = Tags.length === 0 && CopyTags ? tagsOf(from, source.DBSnapshotArn) : Tags;
    setTags(at, arn, copied);
    const copy = at.table(snapshots).put({
      ...source,
      DBSnapshotIdentifier: id,
      DBSnapshotArn: arn,
      SourceDBSnapshotIdentifier: source.DBSnapshotArn,
      ...(from === at ? {} : { SourceRegion: from.region }),
      SnapshotCreateTime: at.nowMs,
      SnapshotType: 'manual',
      ...(KmsKeyId === undefined ? {} : { KmsKeyId, Encrypted: true }),
      copied,
      sharedWith: [],
    });
    return { DBSnapshot: describeSnapshot(at, copy) };
  },

  /**
   * Identifiers are values of the filters of their kind. A snapshot's is an error where nothing is found,
   * unless an instance's stands beside it.
   */
  DescribeDBSnapshots({ DBInstanceIdentifier, DBSnapshotIdentifier, SnapshotType, Filters, ...list }, at) {
    const ofInstance = withIdentifier(Filters, 'db-instance-id', DBInstanceIdentifier);
    const filters = withIdentifier(ofInstance, 'db-snapshot-id', DBSnapshotIdentifier);
    const found = filtered(at.table(snapshots).values(), filters, fields).filter(
      (one) => SnapshotType === undefined || one.SnapshotType === SnapshotType,
    );
    if (found.length === 0 && DBSnapshotIdentifier !== undefined && DBInstanceIdentifier === undefined)
      throw fault('DBSnapshotNotFound', `DBSnapshot ${DBSnapshotIdentifier} not found.`, 404);
    const { items, ...tail } = rdsPage(found, list);
    return { DBSnapshots: items.map((one) => describeSnapshot(at, one)), ...tail };
  },

  DeleteDBSnapshot({ DBSnapshotIdentifier }, at) {
    const snapshot = requireSnapshot(at, DBSnapshotIdentifier);
    const described = describeSnapshot(at, snapshot);
    at.table(snapshots).delete(snapshot.DBSnapshotIdentifier);
    dropTags(at, snapshot.DBSnapshotArn);
    tellEvent(at, 'snapshotDeleted', snapshot.DBSnapshotIdentifier, snapshot.DBSnapshotArn);
    return { DBSnapshot: { ...described, Status: 'deleted' } };
  },

  DescribeDBSnapshotAttributes: ({ DBSnapshotIdentifier }, at) => ({
    DBSnapshotAttributesResult: attributes(requireSnapshot(at, DBSnapshotIdentifier)),
  }),

  ModifyDBSnapshotAttribute({ DBSnapshotIdentifier, AttributeName = '', ValuesToAdd = [], ValuesToRemove = [] }, at) {
    const snapshot = requireSnapshot(at, DBSnapshotIdentifier);
    if (AttributeName !== 'restore') throw fault('InvalidParameterValue', `Invalid snapshot attribute ${AttributeName}`);
    if (snapshot.SnapshotType === 'automated')
      throw fault('InvalidParameterValue', 'The attributes of automated snapshots cannot be modified.');
    if (ValuesToAdd.some((one) => ValuesToRemove.includes(one)))
      throw fault('InvalidParameterCombination', 'A value may not appear in both the add list and remove list.');
    const sharedWith = [...new Set([...snapshot.sharedWith.filter((one) => !ValuesToRemove.includes(one)), ...ValuesToAdd])];
    if (sharedWith.length > sharesMax)
      throw fault('SharedSnapshotQuotaExceeded', `A snapshot can be shared with ${sharesMax} accounts at most.`);
    return { DBSnapshotAttributesResult: attributes(at.table(snapshots).patch(snapshot, { sharedWith })) };
  },
};
