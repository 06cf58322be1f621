import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import connect from 'postgres';
import { dbInstances, instances, loadBalancers } from '../../src/aws/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { claimLoopbackNetwork, type LoopbackNetwork } from '../../src/compute/index.ts';
import type { Region } from '../../src/region/index.ts';
import { createService, images, type TestService } from './service.ts';
import { base64, refusal, region, startRegion, webServer, type TestRegion } from './support.ts';
import { startTraffic } from './traffic.ts';

describe('kill -9 of the data plane', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  let own: TestRegion;
  let live: Region;
  let service: TestService;
  let instanceId: string | undefined;

  before(async () => {
    own = await startRegion({ timeScale: 10, images });
    live = own.live;
    const made = createService(live, { name: 'web', desiredCount: 2 });
    await createDatabase();
    if ((await refusal()) === false) instanceId = await launch();
    service = await made;
    await live.waitFor('the service', 90_000, () => service.healthy().length === 2);
    await live.waitFor('the database', 90_000, () => database()?.DBInstanceStatus === 'available');
  });
  after(() => own?.close());

  const database = () => live.place(region).table(dbInstances).get('db');
  const plane = (): number => (JSON.parse(readFileSync(join(own.folder, 'data-plane.json'), 'utf8')) as { pid: number }).pid;
  /** Folders of the data plane outside of the region's. */
  const leftovers = (): string[] => {
    const { socket } = JSON.parse(readFileSync(join(own.folder, 'data-plane.json'), 'utf8')) as { socket: string };
    return [dirname(socket), ...(instanceId === undefined ? [] : [readFileSync(join(own.folder, 'machines-folder'), 'utf8')])];
  };
  /** As another region does it, faster than the next data plane. */
  const claim = async (slice: string): Promise<LoopbackNetwork> => {
    for (let tries = 0; tries < 1000; tries++) {
      const network = await claimLoopbackNetwork({ preferred: slice });
      if (network.name === slice) return network;
      await network.close();
      await systemClock.sleep(1);
    }
    return assert.fail(`${slice} cannot be claimed`);
  };
  const portOf = (): number | undefined => Object.values(live.loadBalancing.whereabouts())[0]?.port;
  const pageOf = (id: string): Promise<string | undefined> =>
    fetch(`http://${live.instances.whereabouts()[id]?.host}/`).then(
      (answer) => answer.text(),
      () => undefined,
    );

  async function createDatabase(): Promise<void> {
    const asked = { DBInstanceIdentifier: 'db', DBInstanceClass: 'db.t3.micro', Engine: 'postgres', AllocatedStorage: 20 };
    await live.endpoint.call('rds', 'CreateDBInstance', { ...asked, MasterUsername: 'todo', MasterUserPassword: 'verysecret1' }, region);
  }

  async function launch(): Promise<string> {
    const { GroupId = '' } = await live.endpoint.call('ec2', 'CreateSecurityGroup', { GroupName: 'web', Description: 'web' }, region);
    const port = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    await live.endpoint.call('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [port] }, region);
    const asked = { ImageId: 'ami-1', InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1, SecurityGroupIds: [GroupId] };
    const { Instances = [] } = await live.endpoint.call('ec2', 'RunInstances', { ...asked, UserData: base64(webServer) }, region);
    return Instances[0]?.InstanceId ?? '';
  }

  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    for (let waitedMs = 0; !(await holds()); waitedMs += 50) {
      assert.ok(waitedMs < 90_000, `${what}: not within 90 s`);
      await systemClock.sleep(50);
    }
  };

  test('another takes its place: the same listeners, tasks, instances and databases come back by themselves', async () => {
    const uri = `postgres://todo:verysecret1@${database()?.Endpoint?.Address}:5432/postgres`;
    const before = connect(uri, { max: 1 });
    await before`create table kept as select 7 as value`;
    await before.end();
    const served = instanceId;
    if (served !== undefined) await until('the web server', async () => (await pageOf(served)) === served);
    const tasks = new Set(service.tasks().map(({ id }) => id));
    const first = plane();
    const left = leftovers();
    assert.ok(left.every((path) => existsSync(path)));

    const traffic = startTraffic(service.url);
    await systemClock.sleep(200);
    assert.deepEqual(traffic.failures, []);
    process.kill(first, 'SIGKILL');
    await until('it is noticed', () => service.tasks().every(({ id }) => !tasks.has(id)));
    await until('two healthy tasks', () => service.healthy().length === 2);
    await until('an answer', async () => (await fetch(service.url).catch(() => undefined))?.status === 200);
    await traffic.stop();
    assert.notEqual(plane(), first);

    const afterwards = startTraffic(service.url);
    await until('the database', () => database()?.DBInstanceStatus === 'available');
    const again = connect(uri, { max: 1 });
    const [row] = await again`select value from kept`;
    await again.end();
    assert.equal(row?.['value'], 7);
    if (served !== undefined) {
      await until('the web server', async () => (await pageOf(served)) === served);
      assert.equal(live.place(region).table(instances).get(served)?.state, 'running');
    }
    assert.deepEqual(
      left.filter((path) => existsSync(path)),
      [],
      'what the killed one had in temporary folders',
    );
    await service.update({ desiredCount: 3 });
    await until('three healthy tasks', () => service.healthy().length === 3);
    await afterwards.stop();
    assert.deepEqual(afterwards.failures, []);
  });

  test('what is asked for while none runs is done by the next', async () => {
    process.kill(plane(), 'SIGKILL');
    await service.update({ desiredCount: 1 });
    await live.endpoint.call('rds', 'RebootDBInstance', { DBInstanceIdentifier: 'db' }, region);
    await until('one healthy task', () => service.tasks().length === 1 && service.healthy().length === 1);
    await until('an answer', async () => (await fetch(service.url).catch(() => undefined))?.status === 200);
    await until('the database', () => database()?.DBInstanceStatus === 'available');
  });

  test('where another region has taken its addresses, load balancers and databases get others, and all comes back', async () => {
    const first = plane();
    const uri = (): string => `postgres://todo:verysecret1@${database()?.Endpoint?.Address}:5432/postgres`;
    const name = (): string => live.place(region).table(loadBalancers).values()[0]?.DNSName ?? '';
    const [address, before] = [name(), uri()];
    const slice = readFileSync(join(own.folder, 'network'), 'utf8');
    process.kill(first, 'SIGKILL');
    const other = await claim(slice);
    try {
      await until('another name', () => name() !== address);
      await until('one healthy task', () => service.tasks().length === 1 && service.healthy().length === 1);
      await until('an answer', async () => (await fetch(`http://${name()}:${portOf()}/`).catch(() => undefined))?.status === 200);
      await until('the database', () => database()?.DBInstanceStatus === 'available' && uri() !== before);
      const sql = connect(uri(), { max: 1 });
      const [row] = await sql`select value from kept`;
      await sql.end();
      assert.equal(row?.['value'], 7);
      const served = instanceId;
      if (served !== undefined) await until('the web server', async () => (await pageOf(served)) === served);
      assert.notEqual(readFileSync(join(own.folder, 'network'), 'utf8'), slice);
    } finally {
      await other.close();
    }
  });

  test('a region that is closed while none runs leaves nothing behind', async () => {
    const left = leftovers();
    process.kill(plane(), 'SIGKILL');
    await own.close();
    assert.deepEqual(
      [own.folder, ...left].filter((path) => existsSync(path)),
      [],
    );
  });
});
