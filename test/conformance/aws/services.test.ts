import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { EC2 } from '@aws-sdk/client-ec2';
import { IAM } from '@aws-sdk/client-iam';
import { RDS } from '@aws-sdk/client-rds';
import { SSM } from '@aws-sdk/client-ssm';
import { start } from './support.ts';

const { url, client } = await start();

test('instances: launch, stop, start, attributes, protection, termination', async () => {
  const ec2 = new EC2(client());
  const image = (await new SSM(client()).getParameter({ Name: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64' }))
    .Parameter!.Value!;
  assert.equal((await ec2.describeImages({ ImageIds: [image] })).Images![0]!.OwnerId, '137112412989');
  const launched = await ec2.runInstances({
    ImageId: image,
    InstanceType: 't3.micro',
    MinCount: 2,
    MaxCount: 2,
    UserData: Buffer.from('#!/bin/sh').toString('base64'),
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }],
  });
  const ids = launched.Instances!.map(({ InstanceId }) => InstanceId!);
  assert.deepEqual(
    launched.Instances!.map(({ State }) => State!.Name),
    ['pending', 'pending'],
  );
  const { Reservations } = await ec2.describeInstances({ InstanceIds: ids });
  assert.equal(Reservations!.length, 1);
  assert.ok(
    Reservations![0]!.Instances!.every(
      ({ State, Tags, PrivateIpAddress }) =>
        State!.Name === 'running' && Tags![0]!.Value === 'web' && PrivateIpAddress!.startsWith('172.31.'),
    ),
  );
  assert.equal((await ec2.describeVolumes({ Filters: [{ Name: 'attachment.instance-id', Values: ids }] })).Volumes!.length, 2);
  await ec2.stopInstances({ InstanceIds: ids });
  await ec2.modifyInstanceAttribute({ InstanceId: ids[0], InstanceType: { Value: 't3.small' } });
  await ec2.startInstances({ InstanceIds: ids });
  assert.equal((await ec2.describeInstanceAttribute({ InstanceId: ids[0], Attribute: 'instanceType' })).InstanceType!.Value, 't3.small');
  assert.equal(
    (await ec2.describeInstanceAttribute({ InstanceId: ids[0], Attribute: 'userData' })).UserData!.Value,
    Buffer.from('#!/bin/sh').toString('base64'),
  );
  await ec2.modifyInstanceAttribute({ InstanceId: ids[0], DisableApiTermination: { Value: true } });
  await assert.rejects(ec2.terminateInstances({ InstanceIds: ids }), { name: 'OperationNotPermitted' });
  assert.equal((await ec2.describeInstanceStatus({ InstanceIds: ids })).InstanceStatuses!.length, 2, 'a refused call ends none of them');
  await ec2.modifyInstanceAttribute({ InstanceId: ids[0], DisableApiTermination: { Value: false } });
  await ec2.terminateInstances({ InstanceIds: ids });
  assert.deepEqual(
    (await ec2.describeInstances({ InstanceIds: ids })).Reservations![0]!.Instances!.map(({ State }) => State!.Name),
    ['terminated', 'terminated'],
  );
  assert.equal((await ec2.describeNetworkInterfaces({})).NetworkInterfaces!.length, 0);
  await assert.rejects(ec2.describeInstances({ InstanceIds: ['i-0123456789abcdef0'] }), { name: 'InvalidInstanceID.NotFound' });
});

test('CloudWatch is understood in CBOR, JSON 1.0 and awsQuery alike', async () => {
  const cloudwatch = new CloudWatch(client());
  const at = new Date(Math.floor(new Date().getTime() / 60_000) * 60_000 - 120_000);
  await cloudwatch.putMetricData({
    Namespace: 'Todo',
    MetricData: [
      {
        MetricName: 'Latency',
        Timestamp: at,
        Values: [1, 2, 3, 4],
        Counts: [1, 1, 1, 7],
        Unit: 'Milliseconds',
        Dimensions: [{ Name: 'Api', Value: 'list' }],
      },
    ],
  });
  const query = {
    Namespace: 'Todo',
    MetricName: 'Latency',
    StartTime: at,
    EndTime: new Date(at.getTime() + 60_000),
    Period: 60,
    Statistics: ['Average' as const, 'SampleCount' as const],
    Dimensions: [{ Name: 'Api', Value: 'list' }],
  };
  const byCbor = await cloudwatch.getMetricStatistics(query);
  assert.deepEqual(
    byCbor.Datapoints!.map(({ Average, SampleCount, Timestamp }) => [Average, SampleCount, Timestamp!.getTime()]),
    [[3.4, 10, at.getTime()]],
  );
  const json = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.GetMetricStatistics',
      'x-amzn-query-mode': 'true',
    },
    body: JSON.stringify({ ...query, StartTime: at.getTime() / 1000, EndTime: at.getTime() / 1000 + 60 }),
  });
  assert.deepEqual(
    ((await json.json()) as { Datapoints: { Average: number; Timestamp: number }[] }).Datapoints.map(({ Average, Timestamp }) => [
      Average,
      Timestamp,
    ]),
    [[3.4, at.getTime() / 1000]],
  );
  const form = new URLSearchParams({ Action: 'ListMetrics', Version: '2010-08-01', Namespace: 'Todo' });
  const xml = await (await fetch(url, { method: 'POST', body: form })).text();
  assert.match(xml, /<Metrics><member><Namespace>Todo<\/Namespace><MetricName>Latency<\/MetricName>/);
  const failed = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.SetAlarmState',
      'x-amzn-query-mode': 'true',
    },
    body: JSON.stringify({ AlarmName: 'none', StateValue: 'OK', StateReason: 'x' }),
  });
  assert.equal(failed.headers.get('x-amzn-query-error'), 'ResourceNotFound;Sender');
  await assert.rejects(cloudwatch.setAlarmState({ AlarmName: 'none', StateValue: 'OK', StateReason: 'x' }), { name: 'ResourceNotFound' });
});

test('metric math answers over several series', async () => {
  const cloudwatch = new CloudWatch(client('eu-west-3'));
  const at = new Date(Math.floor(new Date().getTime() / 60_000) * 60_000 - 120_000);
  for (const [MetricName, Value] of [
    ['a', 6],
    ['b', 4],
  ] as const)
    await cloudwatch.putMetricData({ Namespace: 'Math', MetricData: [{ MetricName, Timestamp: at, Value }] });
  const stat = (MetricName: string) => ({ Metric: { Namespace: 'Math', MetricName }, Period: 60, Stat: 'Sum' });
  const { MetricDataResults } = await cloudwatch.getMetricData({
    StartTime: at,
    EndTime: new Date(at.getTime() + 60_000),
    MetricDataQueries: [
      { Id: 'a', MetricStat: stat('a'), ReturnData: false },
      { Id: 'b', MetricStat: stat('b'), ReturnData: false },
      { Id: 'ratio', Expression: '100 * a / (a + b)' },
      { Id: 'all', Expression: 'SUM(METRICS())' },
      { Id: 'choice', Expression: 'IF(a > b, ratio, 0)' },
    ],
  });
  assert.deepEqual(
    MetricDataResults!.map(({ Id, Values }) => [Id, Values]),
    [
      ['ratio', [60]],
      ['all', [10]],
      ['choice', [60]],
    ],
  );
  await assert.rejects(
    cloudwatch.getMetricData({
      StartTime: at,
      EndTime: new Date(at.getTime() + 60_000),
      MetricDataQueries: [{ Id: 'x', Expression: 'nothing + 1' }],
    }),
    { name: 'ValidationException' },
  );
});

test('alarms keep their state and tell their history', async () => {
  const cloudwatch = new CloudWatch(client());
  const alarm = {
    AlarmName: 'cpu',
    Namespace: 'AWS/EC2',
    MetricName: 'CPUUtilization',
    Statistic: 'Average' as const,
    Period: 60,
    EvaluationPeriods: 2,
    Threshold: 20,
    ComparisonOperator: 'GreaterThanThreshold' as const,
  };
  await cloudwatch.putMetricAlarm(alarm);
  await cloudwatch.setAlarmState({ AlarmName: 'cpu', StateValue: 'ALARM', StateReason: 'test' });
  await cloudwatch.putMetricAlarm({ ...alarm, Threshold: 30 });
  const { MetricAlarms } = await cloudwatch.describeAlarms({ AlarmNames: ['cpu'] });
  assert.deepEqual([MetricAlarms![0]!.StateValue, MetricAlarms![0]!.Threshold], ['ALARM', 30]);
  const { AlarmHistoryItems } = await cloudwatch.describeAlarmHistory({ AlarmName: 'cpu' });
  assert.deepEqual(
    AlarmHistoryItems!.map(({ HistoryItemType }) => HistoryItemType),
    ['ConfigurationUpdate', 'StateUpdate', 'ConfigurationUpdate'],
  );
  await assert.rejects(cloudwatch.putMetricAlarm({ ...alarm, ComparisonOperator: 'Above' as 'GreaterThanThreshold' }), {
    name: 'ValidationException',
  });
  await cloudwatch.deleteAlarms({ AlarmNames: ['cpu'] });
  assert.equal((await cloudwatch.describeAlarms({})).MetricAlarms!.length, 0);
});

test('a database is available, modified, protected and deleted', async () => {
  const rds = new RDS(client());
  const made = await rds.createDBInstance({
    DBInstanceIdentifier: 'todo',
    DBInstanceClass: 'db.t3.micro',
    Engine: 'postgres',
    MasterUsername: 'todo',
    MasterUserPassword: 'verysecret',
    DBName: 'todo',
    AllocatedStorage: 20,
    DeletionProtection: true,
  });
  assert.equal(made.DBInstance!.Endpoint!.Port, 5432);
  assert.ok(!JSON.stringify(made).includes('verysecret'));
  assert.equal((await rds.describeDBInstances({ DBInstanceIdentifier: 'todo' })).DBInstances![0]!.DBInstanceStatus, 'available');
  await assert.rejects(rds.deleteDBInstance({ DBInstanceIdentifier: 'todo', SkipFinalSnapshot: true }), {
    name: 'InvalidParameterCombination',
  });
  await rds.modifyDBInstance({ DBInstanceIdentifier: 'todo', DeletionProtection: false, ApplyImmediately: true });
  await rds.deleteDBInstance({ DBInstanceIdentifier: 'todo', SkipFinalSnapshot: true });
  await assert.rejects(rds.describeDBInstances({ DBInstanceIdentifier: 'todo' }), { name: 'DBInstanceNotFoundFault' });
});

test('log events come back in order, by stream and by pattern', async () => {
  const logs = new CloudWatchLogs(client());
  await logs.createLogGroup({ logGroupName: '/todo', tags: { app: 'todo' } });
  await assert.rejects(logs.createLogGroup({ logGroupName: '/todo' }), { name: 'ResourceAlreadyExistsException' });
  await logs.createLogStream({ logGroupName: '/todo', logStreamName: 'one' });
  const now = new Date().getTime();
  await logs.putLogEvents({
    logGroupName: '/todo',
    logStreamName: 'one',
    logEvents: [
      { timestamp: now - 2, message: 'GET /a 200' },
      { timestamp: now - 1, message: 'GET /b 500' },
    ],
  });
  const read = await logs.getLogEvents({ logGroupName: '/todo', logStreamName: 'one', startFromHead: true });
  assert.deepEqual(
    read.events!.map(({ message }) => message),
    ['GET /a 200', 'GET /b 500'],
  );
  const found = await logs.filterLogEvents({ logGroupName: '/todo', filterPattern: 'GET -200' });
  assert.deepEqual(
    found.events!.map(({ message, logStreamName }) => [message, logStreamName]),
    [['GET /b 500', 'one']],
  );
  await logs.deleteLogGroup({ logGroupName: '/todo' });
  await assert.rejects(logs.getLogEvents({ logGroupName: '/todo', logStreamName: 'one' }), { name: 'ResourceNotFoundException' });
});

test('roles, policies and instance profiles refuse to go while they are used', async () => {
  const iam = new IAM(client());
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  await iam.createRole({ RoleName: 'app', AssumeRolePolicyDocument: trust });
  const { Role } = await iam.getRole({ RoleName: 'app' });
  assert.equal(decodeURIComponent(Role!.AssumeRolePolicyDocument!), trust);
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] });
  const { Policy } = await iam.createPolicy({ PolicyName: 'app', PolicyDocument: policy });
  await assert.rejects(iam.createPolicy({ PolicyName: 'bad', PolicyDocument: '{"Statement":1}' }), {
    name: 'MalformedPolicyDocumentException',
  });
  await iam.attachRolePolicy({ RoleName: 'app', PolicyArn: Policy!.Arn });
  await iam.createInstanceProfile({ InstanceProfileName: 'app' });
  await iam.addRoleToInstanceProfile({ InstanceProfileName: 'app', RoleName: 'app' });
  await assert.rejects(iam.deleteRole({ RoleName: 'app' }), { name: 'DeleteConflictException' });
  await iam.removeRoleFromInstanceProfile({ InstanceProfileName: 'app', RoleName: 'app' });
  await assert.rejects(iam.deletePolicy({ PolicyArn: Policy!.Arn }), { name: 'DeleteConflictException' });
  await iam.detachRolePolicy({ RoleName: 'app', PolicyArn: Policy!.Arn });
  await iam.deleteRole({ RoleName: 'app' });
  await iam.deletePolicy({ PolicyArn: Policy!.Arn });
  await iam.deleteInstanceProfile({ InstanceProfileName: 'app' });
});
