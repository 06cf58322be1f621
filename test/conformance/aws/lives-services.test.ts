/** The life of each resource of ECS, RDS, IAM, CloudWatch Logs and SSM, by the SDK. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudWatchLogs, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { ECS, paginateListClusters, paginateListServices, paginateListTaskDefinitions } from '@aws-sdk/client-ecs';
import {
  IAM,
  paginateListAttachedRolePolicies,
  paginateListInstanceProfiles,
  paginateListPolicies,
  paginateListRoles,
  paginateListUsers,
} from '@aws-sdk/client-iam';
import { RDS } from '@aws-sdk/client-rds';
import { SSM, paginateDescribeParameters } from '@aws-sdk/client-ssm';
import { EC2 } from '@aws-sdk/client-ec2';
import { capital, life } from './life.ts';
import { start } from './support.ts';

const { client } = await start();
const ecs = new ECS(client());
const rds = new RDS(client());
const iam = new IAM(client());
const logs = new CloudWatchLogs(client());
const ssm = new SSM(client());

const ecsTags = {
  add: (arn: string) => ecs.tagResource({ resourceArn: arn, tags: [{ key: 'team', value: 'blue' }] }),
  read: async (arn: string) => capital((await ecs.listTagsForResource({ resourceArn: arn })).tags),
  remove: (arn: string) => ecs.untagResource({ resourceArn: arn, tagKeys: ['team'] }),
};

life('cluster', {
  make: async (number) => (await ecs.createCluster({ clusterName: `c-${number}` })).cluster!.clusterArn,
  read: async (arn) =>
    (await ecs.describeClusters({ clusters: [arn], include: ['SETTINGS'] })).clusters!.find(({ status }) => status === 'ACTIVE'),
  change: async (arn) => {
    await ecs.updateClusterSettings({ cluster: arn, settings: [{ name: 'containerInsights', value: 'enabled' }] });
    return ({ settings }: { settings: { value: string }[] }) => settings[0]!.value === 'enabled';
  },
  pages: () => paginateListClusters({ client: ecs, pageSize: 2 }, {}) as never,
  listed: 'clusterArns',
  tags: ecsTags,
  remove: (arn) => ecs.deleteCluster({ cluster: arn }),
});

const containerDefinitions = [{ name: 'web', image: 'nginx', memory: 128 }];
life('task definition', {
  make: async (number) =>
    (await ecs.registerTaskDefinition({ family: `f-${number}`, containerDefinitions })).taskDefinition!.taskDefinitionArn,
  read: async (arn) => {
    const { taskDefinition } = await ecs.describeTaskDefinition({ taskDefinition: arn });
    return taskDefinition!.status === 'ACTIVE' ? taskDefinition : undefined;
  },
  pages: () => paginateListTaskDefinitions({ client: ecs, pageSize: 2 }, {}) as never,
  listed: 'taskDefinitionArns',
  tags: ecsTags,
  remove: (arn) => ecs.deregisterTaskDefinition({ taskDefinition: arn }),
});

await ecs.createCluster({ clusterName: 'app' });
await ecs.registerTaskDefinition({ family: 'web', containerDefinitions });
life('service', {
  make: async (number) =>
    (await ecs.createService({ cluster: 'app', serviceName: `s-${number}`, taskDefinition: 'web', desiredCount: 1 })).service!.serviceArn,
  read: async (arn) =>
    (await ecs.describeServices({ cluster: 'app', services: [arn] })).services!.find(({ status }) => status === 'ACTIVE'),
  change: async (arn) => {
    await ecs.updateService({ cluster: 'app', service: arn, desiredCount: 0 });
    return ({ desiredCount }: { desiredCount: number }) => desiredCount === 0;
  },
  pages: () => paginateListServices({ client: ecs, pageSize: 2 }, { cluster: 'app' }) as never,
  listed: 'serviceArns',
  tags: ecsTags,
  remove: (arn) => ecs.deleteService({ cluster: 'app', service: arn, force: true }),
});

test('tasks are run, described, listed in pages and stopped; families, settings and capacity providers are kept', async () => {
  const subnets = [(await new EC2(client()).describeSubnets({})).Subnets![0]!.SubnetId!];
  await ecs.registerTaskDefinition({
    family: 'job',
    containerDefinitions: [{ name: 'job', image: 'job' }],
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
  });
  const run = { cluster: 'app', taskDefinition: 'job', launchType: 'FARGATE' as const, count: 3 };
  const { tasks } = await ecs.runTask({ ...run, networkConfiguration: { awsvpcConfiguration: { subnets } } });
  const arns = tasks!.map(({ taskArn }) => taskArn!);
  assert.equal((await ecs.describeTasks({ cluster: 'app', tasks: arns })).tasks!.length, 3);
  const first = await ecs.listTasks({ cluster: 'app', family: 'job', maxResults: 2 });
  const second = await ecs.listTasks({ cluster: 'app', family: 'job', maxResults: 2, nextToken: first.nextToken! });
  assert.deepEqual([...first.taskArns!, ...second.taskArns!].toSorted(), arns.toSorted());
  await ecs.stopTask({ cluster: 'app', task: arns[0]!, reason: 'enough' });
  const [stopped] = (await ecs.describeTasks({ cluster: 'app', tasks: arns.slice(0, 1) })).tasks!;
  assert.deepEqual([stopped!.desiredStatus, stopped!.stoppedReason], ['STOPPED', 'enough']);
  const missing = await ecs.describeTasks({ cluster: 'app', tasks: ['0123456789abcdef0123456789abcdef'] });
  assert.equal(missing.failures![0]!.reason, 'MISSING');
  assert.deepEqual((await ecs.listTaskDefinitionFamilies({ familyPrefix: 'jo' })).families, ['job']);
  await ecs.putAccountSetting({ name: 'containerInsights', value: 'enabled' });
  assert.equal((await ecs.listAccountSettings({ name: 'containerInsights' })).settings![0]!.value, 'enabled');
  await ecs.deleteAccountSetting({ name: 'containerInsights' });
  const autoScalingGroupProvider = {
    autoScalingGroupArn: 'arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:x:autoScalingGroupName/g',
  };
  await ecs.createCapacityProvider({ name: 'spare', autoScalingGroupProvider });
  await ecs.putClusterCapacityProviders({ cluster: 'app', capacityProviders: ['spare'], defaultCapacityProviderStrategy: [] });
  const { capacityProviders } = await ecs.describeCapacityProviders({ capacityProviders: ['spare'] });
  assert.equal(capacityProviders![0]!.status, 'ACTIVE');
  await ecs.putClusterCapacityProviders({ cluster: 'app', capacityProviders: [], defaultCapacityProviderStrategy: [] });
  await ecs.deleteCapacityProvider({ capacityProvider: 'spare' });
});

/** RDS asks for 20 to a page at least, so its pages are tested where more are made. */
const rdsTags = (arn: (name: string) => string) => ({
  add: (name: string) => rds.addTagsToResource({ ResourceName: arn(name), Tags: [{ Key: 'team', Value: 'blue' }] }),
  read: async (name: string) => (await rds.listTagsForResource({ ResourceName: arn(name) })).TagList,
  remove: (name: string) => rds.removeTagsFromResource({ ResourceName: arn(name), TagKeys: ['team'] }),
});
const rdsArn = (kind: string) => (name: string) => `arn:aws:rds:us-east-1:123456789012:${kind}:${name}`;

life('database', {
  make: async (number) => {
    const login = { MasterUsername: 'postgres', MasterUserPassword: 'VerySecure1' };
    const size = { Engine: 'postgres', DBInstanceClass: 'db.t4g.micro', AllocatedStorage: 20 };
    return (await rds.createDBInstance({ DBInstanceIdentifier: `d-${number}`, ...login, ...size })).DBInstance!.DBInstanceIdentifier;
  },
  read: async (name) => (await rds.describeDBInstances({ DBInstanceIdentifier: name })).DBInstances![0],
  gone: 'DBInstanceNotFoundFault',
  change: async (name) => {
    await rds.modifyDBInstance({ DBInstanceIdentifier: name, AllocatedStorage: 40, ApplyImmediately: true });
    return ({ AllocatedStorage }: { AllocatedStorage: number }) => AllocatedStorage === 40;
  },
  tags: rdsTags(rdsArn('db')),
  remove: (name) => rds.deleteDBInstance({ DBInstanceIdentifier: name, SkipFinalSnapshot: true }),
});

const SubnetIds = (await new EC2(client()).describeSubnets({})).Subnets!.map(({ SubnetId }) => SubnetId!);
life('subnet group', {
  make: async (number) => {
    const group = { DBSubnetGroupName: `sg-${number}`, DBSubnetGroupDescription: 'd', SubnetIds: SubnetIds.slice(0, 2) };
    return (await rds.createDBSubnetGroup(group)).DBSubnetGroup!.DBSubnetGroupName;
  },
  read: async (name) => (await rds.describeDBSubnetGroups({ DBSubnetGroupName: name })).DBSubnetGroups![0],
  gone: 'DBSubnetGroupNotFoundFault',
  change: async (name) => {
    await rds.modifyDBSubnetGroup({ DBSubnetGroupName: name, SubnetIds: SubnetIds.slice(0, 3) });
    return ({ Subnets }: { Subnets: unknown[] }) => Subnets.length === 3;
  },
  tags: rdsTags(rdsArn('subgrp')),
  remove: (name) => rds.deleteDBSubnetGroup({ DBSubnetGroupName: name }),
});

life('parameter group', {
  make: async (number) => {
    const group = { DBParameterGroupName: `pg-${number}`, DBParameterGroupFamily: 'postgres16', Description: 'd' };
    return (await rds.createDBParameterGroup(group)).DBParameterGroup!.DBParameterGroupName;
  },
  read: async (name) => (await rds.describeDBParameterGroups({ DBParameterGroupName: name })).DBParameterGroups![0],
  gone: 'DBParameterGroupNotFoundFault',
  change: async (name) => {
    const Parameters = [{ ParameterName: 'work_mem', ParameterValue: '65536', ApplyMethod: 'immediate' as const }];
    await rds.modifyDBParameterGroup({ DBParameterGroupName: name, Parameters });
    const held = await rds.describeDBParameters({ DBParameterGroupName: name, Source: 'user' });
    assert.equal(held.Parameters!.find(({ ParameterName }) => ParameterName === 'work_mem')!.ParameterValue, '65536');
    await rds.resetDBParameterGroup({ DBParameterGroupName: name, ResetAllParameters: true });
    return () => true;
  },
  tags: rdsTags(rdsArn('pg')),
  remove: (name) => rds.deleteDBParameterGroup({ DBParameterGroupName: name }),
});

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const permission = (action: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] });
const Tags = [{ Key: 'team', Value: 'blue' }];

life('role', {
  make: async (number) => (await iam.createRole({ RoleName: `r-${number}`, AssumeRolePolicyDocument: trust })).Role!.RoleName,
  read: async (name) => (await iam.getRole({ RoleName: name })).Role,
  gone: 'NoSuchEntityException',
  change: async (name) => {
    await iam.updateRole({ RoleName: name, MaxSessionDuration: 7200 });
    await iam.putRolePolicy({ RoleName: name, PolicyName: 'inline', PolicyDocument: permission('s3:GetObject') });
    assert.deepEqual((await iam.listRolePolicies({ RoleName: name })).PolicyNames, ['inline']);
    await assert.rejects(iam.deleteRole({ RoleName: name }), { name: 'DeleteConflictException' });
    await iam.deleteRolePolicy({ RoleName: name, PolicyName: 'inline' });
    await assert.rejects(iam.getRolePolicy({ RoleName: name, PolicyName: 'inline' }), { name: 'NoSuchEntityException' });
    return ({ MaxSessionDuration }: { MaxSessionDuration: number }) => MaxSessionDuration === 7200;
  },
  pages: () => paginateListRoles({ client: iam, pageSize: 2 }, {}) as never,
  listed: 'Roles',
  tags: {
    add: (name) => iam.tagRole({ RoleName: name, Tags }),
    read: async (name) => (await iam.listRoleTags({ RoleName: name })).Tags,
    remove: (name) => iam.untagRole({ RoleName: name, TagKeys: ['team'] }),
  },
  remove: (name) => iam.deleteRole({ RoleName: name }),
});

life('policy', {
  make: async (number) => (await iam.createPolicy({ PolicyName: `p-${number}`, PolicyDocument: permission('s3:GetObject') })).Policy!.Arn,
  read: async (arn) => (await iam.getPolicy({ PolicyArn: arn })).Policy,
  gone: 'NoSuchEntityException',
  change: async (arn) => {
    await iam.createPolicyVersion({ PolicyArn: arn, PolicyDocument: permission('s3:PutObject'), SetAsDefault: true });
    await iam.setDefaultPolicyVersion({ PolicyArn: arn, VersionId: 'v1' });
    const { PolicyVersion } = await iam.getPolicyVersion({ PolicyArn: arn, VersionId: 'v2' });
    assert.equal(decodeURIComponent(PolicyVersion!.Document!), permission('s3:PutObject'));
    await iam.deletePolicyVersion({ PolicyArn: arn, VersionId: 'v2' });
    return ({ DefaultVersionId }: { DefaultVersionId: string }) => DefaultVersionId === 'v1';
  },
  pages: () => paginateListPolicies({ client: iam, pageSize: 2 }, { Scope: 'Local' }) as never,
  listed: 'Policies',
  tags: {
    add: (arn) => iam.tagPolicy({ PolicyArn: arn, Tags }),
    read: async (arn) => (await iam.listPolicyTags({ PolicyArn: arn })).Tags,
    remove: (arn) => iam.untagPolicy({ PolicyArn: arn, TagKeys: ['team'] }),
  },
  remove: (arn) => iam.deletePolicy({ PolicyArn: arn }),
});

life('instance profile', {
  make: async (number) => (await iam.createInstanceProfile({ InstanceProfileName: `ip-${number}` })).InstanceProfile!.InstanceProfileName,
  read: async (name) => (await iam.getInstanceProfile({ InstanceProfileName: name })).InstanceProfile,
  gone: 'NoSuchEntityException',
  change: async (name) => {
    await iam.addRoleToInstanceProfile({ InstanceProfileName: name, RoleName: 'LabRole' });
    const { InstanceProfiles } = await iam.listInstanceProfilesForRole({ RoleName: 'LabRole' });
    assert.ok(InstanceProfiles!.some(({ InstanceProfileName }) => InstanceProfileName === name));
    await assert.rejects(iam.deleteInstanceProfile({ InstanceProfileName: name }), { name: 'DeleteConflictException' });
    await iam.removeRoleFromInstanceProfile({ InstanceProfileName: name, RoleName: 'LabRole' });
    return ({ Roles }: { Roles: unknown[] }) => Roles.length === 0;
  },
  pages: () => paginateListInstanceProfiles({ client: iam, pageSize: 2 }, {}) as never,
  listed: 'InstanceProfiles',
  tags: {
    add: (name) => iam.tagInstanceProfile({ InstanceProfileName: name, Tags }),
    read: async (name) => (await iam.listInstanceProfileTags({ InstanceProfileName: name })).Tags,
    remove: (name) => iam.untagInstanceProfile({ InstanceProfileName: name, TagKeys: ['team'] }),
  },
  remove: (name) => iam.deleteInstanceProfile({ InstanceProfileName: name }),
});

life('user', {
  make: async (number) => (await iam.createUser({ UserName: `u-${number}` })).User!.UserName,
  read: async (name) => (await iam.getUser({ UserName: name })).User,
  gone: 'NoSuchEntityException',
  change: async (name) => {
    await iam.putUserPolicy({ UserName: name, PolicyName: 'inline', PolicyDocument: permission('s3:GetObject') });
    assert.deepEqual((await iam.listUserPolicies({ UserName: name })).PolicyNames, ['inline']);
    await iam.deleteUserPolicy({ UserName: name, PolicyName: 'inline' });
    return () => true;
  },
  pages: () => paginateListUsers({ client: iam, pageSize: 2 }, {}) as never,
  listed: 'Users',
  tags: {
    add: (name) => iam.tagUser({ UserName: name, Tags }),
    read: async (name) => (await iam.listUserTags({ UserName: name })).Tags,
    remove: (name) => iam.untagUser({ UserName: name, TagKeys: ['team'] }),
  },
  remove: (name) => iam.deleteUser({ UserName: name }),
});

life('log group', {
  make: async (number) => {
    await logs.createLogGroup({ logGroupName: `/g/${number}` });
    return `/g/${number}`;
  },
  read: async (name) => (await logs.describeLogGroups({ logGroupNamePrefix: name })).logGroups![0],
  change: async (name) => {
    await logs.putRetentionPolicy({ logGroupName: name, retentionInDays: 7 });
    const filter = { logGroupName: name, filterName: 'all' };
    const destination = { destinationArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/s', roleArn: 'arn:aws:iam::123456789012:role/r' };
    await logs.putSubscriptionFilter({ ...filter, ...destination, filterPattern: '' });
    assert.equal((await logs.describeSubscriptionFilters({ logGroupName: name })).subscriptionFilters!.length, 1);
    await logs.deleteSubscriptionFilter(filter);
    await assert.rejects(logs.deleteSubscriptionFilter(filter), { name: 'ResourceNotFoundException' });
    await logs.deleteRetentionPolicy({ logGroupName: name });
    return ({ retentionInDays }: { retentionInDays?: number }) => retentionInDays === undefined;
  },
  pages: () => paginateDescribeLogGroups({ client: logs, pageSize: 2 }, {}) as never,
  listed: 'logGroups',
  tags: {
    add: (name) => logs.tagLogGroup({ logGroupName: name, tags: { team: 'blue' } }),
    read: async (name) => capital((await logs.listTagsLogGroup({ logGroupName: name })).tags),
    remove: (name) => logs.untagLogGroup({ logGroupName: name, tags: ['team'] }),
  },
  remove: (name) => logs.deleteLogGroup({ logGroupName: name }),
});

life('parameter', {
  make: async (number) => {
    await ssm.putParameter({ Name: `/app/${number}`, Value: 'one', Type: 'String' });
    return `/app/${number}`;
  },
  read: async (name) => (await ssm.getParameter({ Name: name })).Parameter,
  gone: 'ParameterNotFound',
  change: async (name) => {
    await assert.rejects(ssm.putParameter({ Name: name, Value: 'two', Type: 'String' }), { name: 'ParameterAlreadyExists' });
    await ssm.putParameter({ Name: name, Value: 'two', Type: 'String', Overwrite: true });
    assert.deepEqual((await ssm.getParameters({ Names: [name, '/none'] })).InvalidParameters, ['/none']);
    return ({ Value, Version }: { Value: string; Version: number }) => Value === 'two' && Version === 2;
  },
  pages: () => paginateDescribeParameters({ client: ssm, pageSize: 2 }, {}) as never,
  listed: 'Parameters',
  remove: (name) => ssm.deleteParameter({ Name: name }),
});

test('policies are attached, listed in pages and detached', async () => {
  await iam.createRole({ RoleName: 'attached', AssumeRolePolicyDocument: trust });
  const arns = ['AmazonEC2FullAccess', 'AmazonS3ReadOnlyAccess', 'CloudWatchFullAccess'].map((name) => `arn:aws:iam::aws:policy/${name}`);
  for (const PolicyArn of arns) await iam.attachRolePolicy({ RoleName: 'attached', PolicyArn });
  const listed: (string | undefined)[][] = [];
  for await (const page of paginateListAttachedRolePolicies({ client: iam, pageSize: 2 }, { RoleName: 'attached' }))
    listed.push(page.AttachedPolicies!.map(({ PolicyArn }) => PolicyArn));
  assert.deepEqual(
    listed.map((page) => page.length),
    [2, 1],
  );
  for (const PolicyArn of arns) await iam.detachRolePolicy({ RoleName: 'attached', PolicyArn });
  await iam.deleteRole({ RoleName: 'attached' });
});
