/** RDS: backups, snapshots, replicas, groups and events of DB instances, and what a running region refuses to pretend. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RDS } from '@aws-sdk/client-rds';
import { start } from './support.ts';

const { client } = await start();
const rds = new RDS(client());

/** As the endpoint of a running region answers: nothing is settled at once. */
const running = await start({ machinery: { live: true, transition: (_place, _resource, passing) => passing } });
const strict = new RDS(running.client());

const create = (DBInstanceIdentifier: string, more: object = {}) =>
  rds.createDBInstance({
    DBInstanceIdentifier,
    Engine: 'postgres',
    DBInstanceClass: 'db.t3.micro',
    AllocatedStorage: 20,
    MasterUsername: 'todo',
    MasterUserPassword: 'verysecret',
    ...more,
  });

test('an instance is backed up by itself; its backups go with it unless they are to be retained', async () => {
  await create('kept', { CopyTagsToSnapshot: true, Tags: [{ Key: 'team', Value: 'a' }] });
  await create('dropped');
  const automated = async (DBInstanceIdentifier: string) =>
    (await rds.describeDBSnapshots({ DBInstanceIdentifier, SnapshotType: 'automated' })).DBSnapshots!;
  const [backup] = await automated('kept');
  assert.match(backup!.DBSnapshotIdentifier!, /^rds:kept-\d{4}-\d\d-\d\d-\d\d-\d\d$/);
  assert.deepEqual(backup!.TagList, [{ Key: 'team', Value: 'a' }]);
  await assert.rejects(
    rds.modifyDBSnapshotAttribute({ DBSnapshotIdentifier: backup!.DBSnapshotIdentifier, AttributeName: 'restore', ValuesToAdd: ['1'] }),
    { name: 'InvalidParameterValue' },
  );
  await rds.deleteDBInstance({ DBInstanceIdentifier: 'kept', SkipFinalSnapshot: true, DeleteAutomatedBackups: false });
  await rds.deleteDBInstance({ DBInstanceIdentifier: 'dropped', SkipFinalSnapshot: true });
  assert.deepEqual(await automated('dropped'), []);
  const { DBInstanceAutomatedBackups } = await rds.describeDBInstanceAutomatedBackups({});
  assert.deepEqual(
    DBInstanceAutomatedBackups!.map(({ DBInstanceIdentifier, Status }) => [DBInstanceIdentifier, Status]),
    [['kept', 'retained']],
  );
  const copy = await rds.copyDBSnapshot({ SourceDBSnapshotIdentifier: backup!.DBSnapshotArn, TargetDBSnapshotIdentifier: 'copy' });
  assert.equal(copy.DBSnapshot!.SnapshotType, 'manual', 'an ARN may hold the colon of an automated snapshot');
  const restored = await rds.restoreDBInstanceFromDBSnapshot({ DBInstanceIdentifier: 'again', DBSnapshotIdentifier: 'copy' });
  assert.equal(restored.DBInstance!.MasterUsername, 'todo');
});

test('snapshots are copied to another region, and only by names and keys that there are', async () => {
  await create('origin');
  const { DBSnapshot } = await rds.createDBSnapshot({ DBInstanceIdentifier: 'origin', DBSnapshotIdentifier: 'one' });
  const west = new RDS(client('us-west-2'));
  const copied = await west.copyDBSnapshot({
    SourceDBSnapshotIdentifier: DBSnapshot!.DBSnapshotArn,
    TargetDBSnapshotIdentifier: 'one',
  });
  assert.equal(copied.DBSnapshot!.SourceRegion, 'us-east-1');
  const copy = (more: object) => rds.copyDBSnapshot({ SourceDBSnapshotIdentifier: 'one', TargetDBSnapshotIdentifier: 'two', ...more });
  await assert.rejects(copy({ KmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/1' }), { name: 'KMSKeyNotAccessibleFault' });
  await assert.rejects(copy({ TargetDBSnapshotIdentifier: 'no--name' }), { name: 'InvalidParameterValue' });
  await assert.rejects(
    rds.restoreDBInstanceFromDBSnapshot({ DBInstanceIdentifier: 'b', DBSnapshotIdentifier: 'one', AllocatedStorage: 10 }),
    {
      name: 'InvalidParameterValue',
      message: /allocated storage/,
    },
  );
});

test('replicas know their source and are known to it, also from another region', async () => {
  const { DBInstance: source } = await create('source');
  await rds.createDBInstanceReadReplica({ DBInstanceIdentifier: 'near', SourceDBInstanceIdentifier: 'source' });
  const west = new RDS(client('us-west-2'));
  const far = await west.createDBInstanceReadReplica({ DBInstanceIdentifier: 'far', SourceDBInstanceIdentifier: source!.DBInstanceArn });
  assert.equal(far.DBInstance!.ReadReplicaSourceDBInstanceIdentifier, source!.DBInstanceArn);
  const replicas = async () =>
    (await rds.describeDBInstances({ DBInstanceIdentifier: 'source' })).DBInstances![0]!.ReadReplicaDBInstanceIdentifiers;
  assert.deepEqual(await replicas(), ['near', far.DBInstance!.DBInstanceArn]);
  await assert.rejects(rds.stopDBInstance({ DBInstanceIdentifier: 'near' }), { name: 'InvalidDBInstanceStateFault' });
  await rds.promoteReadReplica({ DBInstanceIdentifier: 'near' });
  await west.deleteDBInstance({ DBInstanceIdentifier: 'far', SkipFinalSnapshot: true });
  assert.deepEqual(await replicas(), []);
  await rds.stopDBInstance({ DBInstanceIdentifier: 'near' });
});

test('events tell what became of an instance, by source and category', async () => {
  await create('told');
  await rds.rebootDBInstance({ DBInstanceIdentifier: 'told' });
  const asked = { SourceIdentifier: 'told', SourceType: 'db-instance' as const };
  const messages = async (more: object = {}) => (await rds.describeEvents({ ...asked, ...more })).Events!.map(({ Message }) => Message);
  assert.deepEqual(await messages(), ['DB instance created', 'Finished DB Instance backup', 'DB instance restarted']);
  assert.deepEqual(await messages({ EventCategories: ['backup'] }), ['Finished DB Instance backup']);
  await assert.rejects(rds.describeEvents({ SourceIdentifier: 'told' }), { name: 'InvalidParameterCombination' });
});

test('a parameter group keeps what is said of a parameter, and stays while it is used', async () => {
  await rds.createDBParameterGroup({ DBParameterGroupName: 'tuned', DBParameterGroupFamily: 'postgres17', Description: 'tuned' });
  const modify = (parameter: object) => rds.modifyDBParameterGroup({ DBParameterGroupName: 'tuned', Parameters: [parameter] });
  await modify({ ParameterName: 'work_mem', ParameterValue: '4096', ApplyMethod: 'immediate' });
  await modify({ ParameterName: 'work_mem', ParameterValue: '8192' });
  const { Parameters } = await rds.describeDBParameters({ DBParameterGroupName: 'tuned' });
  assert.deepEqual(
    Parameters!.map(({ ParameterValue, ApplyMethod }) => [ParameterValue, ApplyMethod]),
    [['8192', 'immediate']],
  );
  await create('user', { DBParameterGroupName: 'tuned' });
  await assert.rejects(rds.deleteDBParameterGroup({ DBParameterGroupName: 'tuned' }), { name: 'InvalidDBParameterGroupStateFault' });
});

test('filters that do not exist, or look for nothing, are refused', async () => {
  const filter = (Name: string, Values: string[]) => rds.describeDBInstances({ Filters: [{ Name, Values }] });
  await assert.rejects(filter('colour', ['red']), { name: 'InvalidParameterValue', message: 'Unrecognized filter name: colour' });
  await assert.rejects(filter('engine', []), { name: 'InvalidParameterCombination' });
  assert.deepEqual((await filter('engine', ['mysql'])).DBInstances, []);
});

test('a running region refuses what it would only pretend', async () => {
  const asked = { DBInstanceIdentifier: 'db', Engine: 'postgres', DBInstanceClass: 'db.t3.micro', AllocatedStorage: 20 };
  const combination = { name: 'InvalidParameterCombination' };
  await assert.rejects(strict.createDBInstance({ ...asked, MasterUsername: 'todo' }), { message: /MasterUserPassword must be provided/ });
  await assert.rejects(strict.createDBInstance({ ...asked, MasterUsername: 'todo', ManageMasterUserPassword: true }), combination);
  await assert.rejects(
    strict.createDBInstance({ ...asked, Engine: 'mysql', MasterUsername: 'a', MasterUserPassword: 'verysecret' }),
    combination,
  );
  await strict.createDBInstance({ ...asked, MasterUsername: 'todo', MasterUserPassword: 'verysecret' });
  const db = { DBInstanceIdentifier: 'db' };
  await assert.rejects(strict.createDBInstanceReadReplica({ DBInstanceIdentifier: 'r', SourceDBInstanceIdentifier: 'db' }), combination);
  await assert.rejects(
    strict.restoreDBInstanceToPointInTime({
      SourceDBInstanceIdentifier: 'db',
      TargetDBInstanceIdentifier: 'r',
      UseLatestRestorableTime: true,
    }),
    combination,
  );
  await assert.rejects(strict.modifyDBInstance({ ...db, NewDBInstanceIdentifier: 'r', ApplyImmediately: true }), combination);
  await assert.rejects(strict.modifyDBInstance({ ...db, MasterUserPassword: 'othersecret' }), { name: 'InvalidDBInstanceStateFault' });
  await strict.modifyDBInstance({ ...db, MasterUserPassword: 'verysecret' });
  await assert.rejects(strict.deleteDBInstance(db), { message: /FinalDBSnapshotIdentifier is required/ });
  await assert.rejects(strict.createDBSnapshot({ ...db, DBSnapshotIdentifier: 's' }), { name: 'InvalidDBInstanceStateFault' });
  await assert.rejects(strict.createEventSubscription({ SubscriptionName: 's', SnsTopicArn: 'arn:aws:sns:us-east-1:123456789012:t' }), {
    name: 'SNSTopicArnNotFoundFault',
  });
  await assert.rejects(strict.createDBSecurityGroup({ DBSecurityGroupName: 'g', DBSecurityGroupDescription: 'g' }), {
    name: 'DBSecurityGroupNotSupportedFault',
  });
});

test('a change waits for the maintenance window of a running region unless it is to be applied at once', async () => {
  const modify = (AllocatedStorage: number, ApplyImmediately: boolean) =>
    strict.modifyDBInstance({ DBInstanceIdentifier: 'db', AllocatedStorage, ApplyImmediately });
  const waiting = (await modify(50, false)).DBInstance!;
  assert.deepEqual([waiting.AllocatedStorage, waiting.PendingModifiedValues?.AllocatedStorage], [20, 50]);
  const applied = (await modify(50, true)).DBInstance!;
  assert.deepEqual([applied.AllocatedStorage, applied.PendingModifiedValues], [50, {}]);
});
