import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import connect, { type Sql } from 'postgres';
import { dbInstances, dbSnapshots } from '../../src/aws/index.ts';
import { monotonicMs, systemClock } from '../../src/base/index.ts';
import { region, startRegion, type TestRegion } from './support.ts';

describe('databases that really run', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let started: TestRegion;
  before(async () => {
    started = await startRegion();
  });
  after(() => started.close());

  const instanceOf = (id: string) => started.live.place(region).table(dbInstances).get(id);
  const settled = (id: string, status = 'available') =>
    started.live.waitFor(`${id} ${status}`, 90_000, () => instanceOf(id)?.DBInstanceStatus === status);
  const kept = (id: string) =>
    started.live.waitFor(`snapshot ${id}`, 90_000, () => started.live.place(region).table(dbSnapshots).get(id)?.Status === 'available');

  async function withSql<T>(id: string, use: (sql: Sql) => Promise<T>): Promise<T> {
    const { Address: host = '', Port: port = 0 } = instanceOf(id)?.Endpoint ?? {};
    const sql = connect({ host, port, user: 'todo', password: 'verysecret1', database: 'postgres', max: 1, onnotice: () => undefined });
    try {
      return await use(sql);
    } finally {
      await sql.end();
    }
  }

  test('a new master password holds; a copy of a snapshot has its data after the snapshot is gone; a stop may take one', async () => {
    const { endpoint } = started.live;
    const asked = { DBInstanceIdentifier: 'db', DBInstanceClass: 'db.t3.micro', Engine: 'postgres', AllocatedStorage: 20 };
    await endpoint.call('rds', 'CreateDBInstance', { ...asked, MasterUsername: 'todo', MasterUserPassword: 'beforehand1' }, region);
    await settled('db');
    const MasterUserPassword = 'verysecret1';
    await endpoint.call('rds', 'ModifyDBInstance', { DBInstanceIdentifier: 'db', MasterUserPassword }, region);
    assert.equal(instanceOf('db')?.DBInstanceStatus, 'resetting-master-credentials');
    await settled('db');
    const { Events = [] } = await endpoint.call('rds', 'DescribeEvents', { SourceIdentifier: 'db', SourceType: 'db-instance' }, region);
    assert.deepEqual(
      Events.map(({ Message }) => Message),
      ['DB instance created'],
    );
    await withSql('db', (sql) => sql`create table notes as select 'first' as text`);
    await assert.rejects(withSql('db', (sql) => sql`select * from nowhere`));
    const { DescribeDBLogFiles: [log] = [] } = await endpoint.call('rds', 'DescribeDBLogFiles', { DBInstanceIdentifier: 'db' }, region);
    const file = { DBInstanceIdentifier: 'db', LogFileName: log?.LogFileName };
    const download = () => endpoint.call('rds', 'DownloadDBLogFilePortion', { ...file, Marker: '0' }, region);
    let whole = await download();
    // The client hears of an error before the log does.
    for (let tries = 0; tries < 200 && whole.LogFileData?.includes('nowhere') !== true; tries++) {
      await systemClock.sleep(20);
      whole = await download();
    }
    assert.match(whole.LogFileData ?? '', /database system is ready.*relation "nowhere" does not exist/s);
    const rest = await endpoint.call('rds', 'DownloadDBLogFilePortion', { ...file, Marker: whole.Marker }, region);
    assert.deepEqual([rest.LogFileData, rest.AdditionalDataPending], ['', false]);
    const last = await endpoint.call('rds', 'DownloadDBLogFilePortion', { ...file, NumberOfLines: 1 }, region);
    assert.match(last.LogFileData ?? '', /^[^\n]+\n$/);
    await endpoint.call('rds', 'CreateDBSnapshot', { DBInstanceIdentifier: 'db', DBSnapshotIdentifier: 'one' }, region);
    await kept('one');
    await settled('db');
    await endpoint.call('rds', 'CopyDBSnapshot', { SourceDBSnapshotIdentifier: 'one', TargetDBSnapshotIdentifier: 'two' }, region);
    await endpoint.call('rds', 'DeleteDBSnapshot', { DBSnapshotIdentifier: 'one' }, region);
    await assert.rejects(
      endpoint.call('rds', 'CreateDBSnapshot', { DBInstanceIdentifier: 'db', DBSnapshotIdentifier: 'one' }, region),
      { code: 'DBSnapshotAlreadyExists' },
      'the copy still shares what the name stands for',
    );
    await withSql('db', (sql) => sql`insert into notes values ('second')`);
    await endpoint.call('rds', 'StopDBInstance', { DBInstanceIdentifier: 'db', DBSnapshotIdentifier: 'three' }, region);
    await kept('three');
    await settled('db', 'stopped');

    for (const [DBSnapshotIdentifier, notes] of [
      ['two', 1],
      ['three', 2],
    ] as const) {
      const DBInstanceIdentifier = `from-${DBSnapshotIdentifier}`;
      await endpoint.call('rds', 'RestoreDBInstanceFromDBSnapshot', { DBInstanceIdentifier, DBSnapshotIdentifier }, region);
      await settled(DBInstanceIdentifier);
      assert.equal((await withSql(DBInstanceIdentifier, (sql) => sql`select * from notes`)).length, notes);
    }
  });

  test('a tag adds latency to a database: the first time it reboots, then changes count at once', async () => {
    const { endpoint } = started.live;
    const id = 'from-two';
    const ResourceName = instanceOf(id)?.DBInstanceArn ?? '';
    const slowTo = (ms: number) =>
      endpoint.call('rds', 'AddTagsToResource', { ResourceName, Tags: [{ Key: 'plimsoll:latency-ms', Value: String(ms) }] }, region);
    const look = (): Promise<{ startedAt: string; tookMs: number }> =>
      withSql(id, async (sql) => {
        const [row] = await sql`select pg_postmaster_start_time()::text as at`;
        const beforeMs = monotonicMs();
        await sql`select 1`;
        return { startedAt: String(row?.['at']), tookMs: monotonicMs() - beforeMs };
      });
    const before = await look();
    const { Address, Port } = instanceOf(id)?.Endpoint ?? {};
    await slowTo(150);
    await started.live.waitFor('the reboot', 90_000, () => instanceOf(id)?.DBInstanceStatus === 'rebooting');
    await settled(id);
    assert.deepEqual([instanceOf(id)?.Endpoint?.Address, instanceOf(id)?.Endpoint?.Port], [Address, Port]);
    const slow = await look();
    assert.ok(slow.tookMs >= 145, `${slow.tookMs} ms`);
    assert.notEqual(slow.startedAt, before.startedAt);

    await slowTo(300);
    const slower = await look();
    assert.ok(slower.tookMs >= 290, `${slower.tookMs} ms`);
    assert.equal(slower.startedAt, slow.startedAt);
    const asked = { ResourceName, TagKeys: ['plimsoll:latency-ms'] };
    await endpoint.call('rds', 'RemoveTagsFromResource', asked, region);
    assert.equal((await look()).startedAt, slow.startedAt);
    await endpoint.call('rds', 'RebootDBInstance', { DBInstanceIdentifier: id }, region);
    await settled(id);
    assert.equal((await withSql(id, (sql) => sql`select * from notes`)).length, 1);
  });
});
