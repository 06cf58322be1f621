/** One call is one write: all of what it makes is on disk before it is answered, or none of it ever is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { RDS } from '@aws-sdk/client-rds';
import { Store, type Row } from '../../../src/state/index.ts';
import { start } from './support.ts';

/** Tells what each write holds, and refuses one as a disk does that fails. */
class WatchedStore extends Store {
  writes: (readonly Row[])[] = [];
  broken = false;

  override write(rows: readonly Row[]): void {
    if (this.broken) throw new Error('the disk is gone');
    this.writes.push(rows);
    super.write(rows);
  }
}

let folder = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-atomic-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The kinds of what a call wrote, each as often as it was written: `ec2.vpc 1`. */
function kindsOf(rows: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of rows) counts[kind.split('/')[2]!] = (counts[kind.split('/')[2]!] ?? 0) + 1;
  return counts;
}

test('calls that make many things make them in one write; when it fails, nothing was made', async () => {
  const store = new WatchedStore();
  const { client } = await start({ store });
  const [ec2, scaling, ecs, elb, rds] = [
    new EC2(client()),
    new AutoScaling(client()),
    new ECS(client()),
    new ElasticLoadBalancingV2(client()),
    new RDS(client()),
  ];
  const subnets = (await ec2.describeSubnets({})).Subnets!.slice(0, 2).map(({ SubnetId }) => SubnetId!);
  await ec2.createLaunchTemplate({ LaunchTemplateName: 'web', LaunchTemplateData: { ImageId: 'ami-1', InstanceType: 't3.micro' } });
  await ecs.createCluster({ clusterName: 'app' });
  await ecs.registerTaskDefinition({
    family: 'web',
    containerDefinitions: [{ name: 'web', image: 'nginx' }],
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
  });
  const networkConfiguration = { awsvpcConfiguration: { subnets } };
  /** Each call, and what it has to write at least. */
  const calls: [string, () => Promise<unknown>, Record<string, number>][] = [
    [
      'CreateVpc',
      () => ec2.createVpc({ CidrBlock: '10.0.0.0/16' }),
      { 'ec2.vpc': 1, 'ec2.route-table': 1, 'ec2.network-acl': 1, 'ec2.security-group': 1, 'ec2.security-group-rule': 2 },
    ],
    [
      'RunInstances',
      () => ec2.runInstances({ ImageId: 'ami-1', InstanceType: 't3.micro', MinCount: 5, MaxCount: 5 }),
      { 'ec2.instance': 5, 'ec2.network-interface': 5, 'ec2.volume': 5 },
    ],
    [
      'CreateAutoScalingGroup',
      () =>
        scaling.createAutoScalingGroup({
          AutoScalingGroupName: 'web',
          LaunchTemplate: { LaunchTemplateName: 'web' },
          MinSize: 3,
          MaxSize: 3,
          VPCZoneIdentifier: subnets.join(','),
          Tags: [{ Key: 'team', Value: 'blue', PropagateAtLaunch: true }],
        }),
      { 'autoscaling.group': 1, 'autoscaling.member': 3, 'autoscaling.activity': 3, 'ec2.instance': 3, 'ec2.tags': 3 },
    ],
    [
      'CreateLoadBalancer',
      () => elb.createLoadBalancer({ Name: 'web', Subnets: subnets, Tags: [{ Key: 'team', Value: 'blue' }] }),
      { 'elbv2.load-balancer': 1, 'elbv2.tags': 1, 'ec2.network-interface': 2 },
    ],
    [
      'RunTask',
      () => ecs.runTask({ cluster: 'app', taskDefinition: 'web', count: 3, launchType: 'FARGATE', networkConfiguration }),
      { 'ecs.task': 3 },
    ],
    [
      'CreateDBInstance',
      () =>
        rds.createDBInstance({
          DBInstanceIdentifier: 'db',
          Engine: 'postgres',
          DBInstanceClass: 'db.t3.micro',
          AllocatedStorage: 20,
          MasterUsername: 'postgres',
          MasterUserPassword: 'password',
        }),
      { 'rds.db-instance': 1, 'rds.event': 2 },
    ],
  ];
  for (const [name, call, least] of calls) {
    store.broken = true;
    await assert.rejects(call(), { name: 'InternalFailure' }, name);
    store.broken = false;
    store.writes = [];
    await call();
    assert.equal(store.writes.length, 1, `${name} is one write`);
    const found = kindsOf(store.writes[0]!);
    for (const [kind, count] of Object.entries(least)) assert.equal(found[kind], count, `${name}: ${kind} of ${JSON.stringify(found)}`);
  }
  // Had a call that failed left something, the second one of its name would have been refused, or there would be more now.
  const { Reservations = [] } = await ec2.describeInstances({});
  assert.equal(Reservations.flatMap(({ Instances = [] }) => Instances).length, 8);
  assert.equal((await ec2.describeVpcs({})).Vpcs!.length, 2);
});

test('a process that is killed between two rows of one write leaves none of them', () => {
  const data = join(folder, 'killed');
  // The rows before the deadly one are with SQLite already when JSON is made of it.
  const script = `
    import { Store } from ${JSON.stringify(new URL('../../../src/state/index.ts', import.meta.url).href)};
    const store = new Store(${JSON.stringify(data)});
    store.write([{ kind: 'thing', id: 'answered', value: 1 }]);
    const deadly = { toJSON: () => process.kill(process.pid, 'SIGKILL') };
    store.write([
      { kind: 'thing', id: 'answered', value: undefined },
      { kind: 'thing', id: 'first', value: 'x'.repeat(100_000) },
      { kind: 'thing', id: 'second', value: deadly },
    ]);`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(signal, 'SIGKILL');
  const store = new Store(data);
  assert.deepEqual([...store.rows()], [{ kind: 'thing', id: 'answered', value: 1 }]);
  store.close();
});
