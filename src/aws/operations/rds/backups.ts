import type { RDS } from '@aws-sdk/client-rds';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { rdsPage } from './page.ts';
import { dbInstances, nameOf, snapshots, type Snapshot } from './resources.ts';
import { dropTags } from './tags.ts';

function automatedSnapshots(at: Place, dbiResourceId?: string): Snapshot[] {
  return at
    .table(snapshots)
    .filter((one) => one.SnapshotType === 'automated' && (dbiResourceId === undefined || one.DbiResourceId === dbiResourceId));
}

export function dropAutomatedSnapshots(at: Place, dbiResourceId: string | undefined): void {
  if (dbiResourceId === undefined) return;
  for (const { DBSnapshotIdentifier, DBSnapshotArn } of automatedSnapshots(at, dbiResourceId)) {
    at.table(snapshots).delete(DBSnapshotIdentifier);
    dropTags(at, DBSnapshotArn);
  }
}

export const backupOperations: Operations<RDS> = {
  /** One for each instance that was ever backed up by itself; retained are those of instances that are gone. */
  DescribeDBInstanceAutomatedBackups({ DBInstanceIdentifier, DbiResourceId, ...list }, at) {
    const latest = new Map(automatedSnapshots(at, DbiResourceId).map((one) => [one.DbiResourceId, one]));
    const found = [...latest.values()].filter(
      (one) => DBInstanceIdentifier === undefined || one.DBInstanceIdentifier === nameOf(DBInstanceIdentifier),
    );
    const { items, ...tail } = rdsPage(found, list);
    return {
      DBInstanceAutomatedBackups: items.map((one) => {
        const instance = at.table(dbInstances).find((held) => held.DbiResourceId === one.DbiResourceId);
        return {
          DBInstanceIdentifier: one.DBInstanceIdentifier,
          DBInstanceArn: at.arn('rds', `db:${one.DBInstanceIdentifier ?? ''}`),
          DbiResourceId: one.DbiResourceId,
          Engine: one.Engine,
          EngineVersion: one.EngineVersion,
          AllocatedStorage: one.AllocatedStorage,
          BackupRetentionPeriod: instance?.BackupRetentionPeriod,
          InstanceCreateTime: one.InstanceCreateTime,
          RestoreWindow: { EarliestTime: one.SnapshotCreateTime, LatestTime: one.SnapshotCreateTime },
          Region: at.region,
          Status: instance === undefined ? 'retained' : 'active',
        };
      }),
      ...tail,
    };
  },
};
