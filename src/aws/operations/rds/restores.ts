import type { RDS } from '@aws-sdk/client-rds';
import type { Operations } from '../operation.ts';
import { tellEvent } from './events.ts';
import { describeInstance, newInstance, type Input } from './instanceRecords.ts';
import { creationInput, dbInstances, fault, given, refuseLive, requireInstance, requireSnapshot } from './resources.ts';

/** Storage never shrinks. */
function checkStorage(asked: number | undefined, held: number | undefined, message: string): void {
  if (asked !== undefined && asked < (held ?? 0)) throw fault('InvalidParameterValue', message);
}

export const restoreOperations: Operations<RDS> = {
  RestoreDBInstanceFromDBSnapshot(input, at) {
    const snapshot = requireSnapshot(at, input.DBSnapshotIdentifier);
    const { DBSnapshotIdentifier: id } = snapshot;
    if (snapshot.Status !== 'available') throw fault('InvalidDBSnapshotState', `Snapshot ${id} is not available.`);
    checkStorage(
      input.AllocatedStorage,
      snapshot.AllocatedStorage,
      `The allocated storage size must not be less than that of the snapshot, ${snapshot.AllocatedStorage ?? 0} GiB.`,
    );
    const restored = newInstance(at, { ...snapshot.source, Tags: [...snapshot.copied], ...given(input) } as Input);
    tellEvent(at, 'restored', restored.DBInstanceIdentifier, restored.DBInstanceArn);
    return { DBInstance: describeInstance(at, at.table(dbInstances).patch(restored, { sourceSnapshot: snapshot.files ?? id })) };
  },

  RestoreDBInstanceToPointInTime(input, at) {
    const source = requireInstance(at, input.SourceDBInstanceIdentifier ?? input.SourceDbiResourceId);
    refuseLive(at, 'Plimsoll keeps no backups of points in time. Create a DB snapshot and restore from it.');
    checkStorage(
      input.AllocatedStorage,
      source.AllocatedStorage,
      `Allocated storage must not be less than that of the source, ${source.AllocatedStorage ?? 0} GiB.`,
    );
    const asked = { ...creationInput(source), ...given(input), DBInstanceIdentifier: input.TargetDBInstanceIdentifier };
    return { DBInstance: describeInstance(at, newInstance(at, asked)) };
  },
};
