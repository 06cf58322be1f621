/** Quotas that are set lower, and calls that are made twice with one client token. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { RDS } from '@aws-sdk/client-rds';
import { quotaNames } from '../../../src/aws/index.ts';
import { runCommand } from '../../support/processes.ts';
import { start } from './support.ts';

const { client } = await start({ quotas: new Map([...quotaNames.keys()].map((name) => [name, 1])) });
const ec2 = new EC2(client());
const elb = new ElasticLoadBalancingV2(client());
const scaling = new AutoScaling(client());
const rds = new RDS(client());
const { Subnets = [] } = await ec2.describeSubnets({});
const subnets = Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId!);
const VpcId = Subnets[0]!.VpcId!;

test('beyond a quota each call fails with AWS’s code, and leaves nothing', async () => {
  const balancer = (Name: string, Type: 'application' | 'network') => elb.createLoadBalancer({ Name, Type, Subnets: subnets });
  const { LoadBalancers } = await balancer('a', 'application');
  await assert.rejects(balancer('b', 'application'), { name: 'TooManyLoadBalancersException' });
  await balancer('c', 'network');
  await assert.rejects(balancer('d', 'network'), { name: 'TooManyLoadBalancersException' });
  assert.equal((await elb.describeLoadBalancers({})).LoadBalancers!.length, 2);

  const group = (Name: string) => elb.createTargetGroup({ Name, Protocol: 'HTTP', Port: 80, VpcId, TargetType: 'ip' });
  const TargetGroupArn = (await group('a')).TargetGroups![0]!.TargetGroupArn!;
  await assert.rejects(group('b'), { name: 'TooManyTargetGroupsException' });
  const two = [{ Id: '172.31.0.10' }, { Id: '172.31.0.11' }];
  await assert.rejects(elb.registerTargets({ TargetGroupArn, Targets: two }), { name: 'TooManyTargetsException' });
  await elb.registerTargets({ TargetGroupArn, Targets: two.slice(0, 1) });

  const LoadBalancerArn = LoadBalancers![0]!.LoadBalancerArn!;
  const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn }];
  const listener = (Port: number) => elb.createListener({ LoadBalancerArn, Port, Protocol: 'HTTP', DefaultActions });
  const ListenerArn = (await listener(80)).Listeners![0]!.ListenerArn!;
  await assert.rejects(listener(81), { name: 'TooManyListenersException' });
  const rule = (Priority: number) =>
    elb.createRule({ ListenerArn, Priority, Actions: DefaultActions, Conditions: [{ Field: 'path-pattern', Values: [`/${Priority}`] }] });
  await rule(1);
  await assert.rejects(rule(2), { name: 'TooManyRulesException' });

  const LaunchTemplateData = { ImageId: 'ami-005f9685cb30f234b', InstanceType: 't2.micro' as const };
  await ec2.createLaunchTemplate({ LaunchTemplateName: 'one', LaunchTemplateData });
  const sizes = { MinSize: 0, MaxSize: 1, AvailabilityZones: ['us-east-1a'], LaunchTemplate: { LaunchTemplateName: 'one' } };
  await scaling.createAutoScalingGroup({ AutoScalingGroupName: 'a', ...sizes });
  await assert.rejects(scaling.createAutoScalingGroup({ AutoScalingGroupName: 'b', ...sizes }), { name: 'LimitExceededFault' });

  const run = (MaxCount: number) => ec2.runInstances({ ImageId: 'ami-1', InstanceType: 't2.micro', MinCount: 1, MaxCount });
  await assert.rejects(run(2), { name: 'VcpuLimitExceeded' });
  await run(1);

  const { GroupId } = await ec2.createSecurityGroup({ GroupName: 'g', Description: 'g' });
  const allow = (port: number) =>
    ec2.authorizeSecurityGroupIngress({ GroupId, IpProtocol: 'tcp', FromPort: port, ToPort: port, CidrIp: '0.0.0.0/0' });
  await allow(80);
  await assert.rejects(allow(81), { name: 'RulesPerSecurityGroupLimitExceeded' });

  const database = (DBInstanceIdentifier: string) =>
    rds.createDBInstance({
      DBInstanceIdentifier,
      Engine: 'postgres',
      DBInstanceClass: 'db.t4g.micro',
      AllocatedStorage: 20,
      MasterUsername: 'administrator',
      MasterUserPassword: 'VerySecure1',
    });
  await database('a');
  await assert.rejects(database('b'), { name: 'InstanceQuotaExceededFault' });
});

test('a call that is made again with its token is answered again, and happens once', async () => {
  const free = await start();
  const other = new EC2(free.client());
  const given = { ImageId: 'ami-1', InstanceType: 't2.micro' as const, MinCount: 1, MaxCount: 1, ClientToken: 'token' };
  const ids = async () => (await other.describeInstances({})).Reservations!.flatMap(({ Instances = [] }) => Instances).length;
  const all = await Promise.all([other.runInstances(given), other.runInstances(given), other.runInstances(given)]);
  assert.equal(new Set(all.map(({ Instances }) => Instances![0]!.InstanceId)).size, 1);
  assert.equal(await ids(), 1);
  await assert.rejects(other.runInstances({ ...given, MaxCount: 2 }), { name: 'IdempotentParameterMismatch' });
  await other.runInstances({ ...given, ClientToken: 'another' });
  assert.equal(await ids(), 2);
  const elsewhere = new EC2(free.client('eu-west-1'));
  await elsewhere.runInstances(given);
  assert.equal(await ids(), 2, 'a token is of one region');
  const ecs = new ECS(free.client());
  await ecs.createCluster({ clusterName: 'c' });
  const fargate = { networkMode: 'awsvpc' as const, requiresCompatibilities: ['FARGATE' as const], cpu: '256', memory: '512' };
  await ecs.registerTaskDefinition({ family: 'f', ...fargate, containerDefinitions: [{ name: 'f', image: 'f' }] });
  const [subnet] = (await other.describeSubnets({})).Subnets!;
  const networkConfiguration = { awsvpcConfiguration: { subnets: [subnet!.SubnetId!] } };
  const run = () => ecs.runTask({ cluster: 'c', taskDefinition: 'f', launchType: 'FARGATE', networkConfiguration, clientToken: 'token' });
  const first = (await run()).tasks![0]!.taskArn;
  assert.equal((await run()).tasks![0]!.taskArn, first);
  assert.deepEqual((await ecs.listTasks({ cluster: 'c' })).taskArns, [first]);
});

test('ECS tells a token that is used for something else in its own words, and keeps the tokens of each cluster apart', async () => {
  const free = await start();
  const ecs = new ECS(free.client());
  const [subnet] = (await new EC2(free.client()).describeSubnets({})).Subnets!;
  const networkConfiguration = { awsvpcConfiguration: { subnets: [subnet!.SubnetId!] } };
  const fargate = { networkMode: 'awsvpc' as const, requiresCompatibilities: ['FARGATE' as const], cpu: '256', memory: '512' };
  await ecs.registerTaskDefinition({ family: 'f', ...fargate, containerDefinitions: [{ name: 'f', image: 'f' }] });
  const given = { taskDefinition: 'f', launchType: 'FARGATE' as const, networkConfiguration, clientToken: 'token' };
  await ecs.createCluster({ clusterName: 'a' });
  await ecs.createCluster({ clusterName: 'b' });
  const first = (await ecs.runTask({ ...given, cluster: 'a' })).tasks![0]!.taskArn!;
  await assert.rejects(ecs.runTask({ ...given, cluster: 'a', count: 2 }), { name: 'ConflictException', resourceIds: [first] });
  assert.notEqual((await ecs.runTask({ ...given, cluster: 'b' })).tasks![0]!.taskArn, first);
  const service = { cluster: 'a', serviceName: 's', ...given };
  const arn = (await ecs.createService({ ...service, desiredCount: 1 })).service!.serviceArn;
  assert.equal((await ecs.createService({ ...service, desiredCount: 1 })).service!.serviceArn, arn);
  await assert.rejects(ecs.createService({ ...service, desiredCount: 2 }), { name: 'InvalidParameterException' });
});

test('a quota that does not exist, or is no number, is refused before anything starts', async () => {
  for (const [quota, said] of [
    ['nonsense=1', /no quota is called "nonsense".*choose from .*vcpus-on-demand/],
    ['target-groups=many', /target-groups is a whole number/],
  ] as const) {
    const { code, stderr } = await runCommand(['up', '--ephemeral', '--control-plane-only', '--port', '0', '--quota', quota]).finished;
    assert.equal(code, 2);
    assert.match(stderr, said);
  }
});
