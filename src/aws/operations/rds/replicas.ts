import type { RDS } from '@aws-sdk/client-rds';
import type { Operations } from '../operation.ts';
import { tellEvent } from './events.ts';
import { describeInstance } from './instanceRecords.ts';
import { checkInstanceIdentifier, dbInstances, fault, nameOf, placeOf, refuseLive, requireInstance } from './resources.ts';
import { setTags } from './tags.ts';

export const replicaOperations: Operations<RDS> = {
  /** A replica in another region than its source is known there by its ARN, and it knows its source by that one's. */
  CreateDBInstanceReadReplica(input, at) {
    refuseLive(at, 'Plimsoll runs no read replicas.');
    const source = requireInstance(at, input.SourceDBInstanceIdentifier);
    const from = placeOf(at, input.SourceDBInstanceIdentifier);
    checkInstanceIdentifier(input.DBInstanceIdentifier);
    const id = nameOf(input.DBInstanceIdentifier);
    if (at.table(dbInstances).has(id)) throw fault('DBInstanceAlreadyExists', 'DB instance already exists');
    const arn = at.arn('rds', `db:${id}`);
    const replica = at.table(dbInstances).put({
      ...source,
      DBInstanceIdentifier: id,
      DBInstanceArn: arn,
      DbiResourceId: `db-${at.hex(26).toUpperCase()}`,
      DBInstanceClass: input.DBInstanceClass ?? source.DBInstanceClass,
      Endpoint: { ...source.Endpoint, Address: `${id}.${at.hex(12)}.${at.region}.rds.${at.dnsSuffix}` },
      ReadReplicaSourceDBInstanceIdentifier: from === at ? source.DBInstanceIdentifier : source.DBInstanceArn,
      ReadReplicaDBInstanceIdentifiers: [],
      StatusInfos: [{ StatusType: 'read replication', Status: 'replicating', Normal: true }],
      BackupRetentionPeriod: 0,
      InstanceCreateTime: at.nowMs,
    });
    from.table(dbInstances).patch(source, {
      ReadReplicaDBInstanceIdentifiers: [...(source.ReadReplicaDBInstanceIdentifiers ?? []), from === at ? id : arn],
    });
    setTags(at, arn, input.Tags);
    tellEvent(at, 'created', id, arn);
    return { DBInstance: describeInstance(at, replica) };
  },

  PromoteReadReplica({ DBInstanceIdentifier, BackupRetentionPeriod }, at) {
    const replica = requireInstance(at, DBInstanceIdentifier);
    const { ReadReplicaSourceDBInstanceIdentifier: source, ...rest } = replica;
    if (source === undefined) throw fault('InvalidDBInstanceState', `DB Instance is not a read replica: ${replica.DBInstanceIdentifier}`);
    const own = new Set([replica.DBInstanceIdentifier, replica.DBInstanceArn]);
    const place = placeOf(at, source);
    const primary = place.table(dbInstances).get(nameOf(source));
    if (primary !== undefined)
      place.table(dbInstances).patch(primary, {
        ReadReplicaDBInstanceIdentifiers: (primary.ReadReplicaDBInstanceIdentifiers ?? []).filter((one) => !own.has(one)),
      });
    const promoted = at.table(dbInstances).put({ ...rest, StatusInfos: [], BackupRetentionPeriod: BackupRetentionPeriod ?? 1 });
    return { DBInstance: describeInstance(at, promoted) };
  },
};
