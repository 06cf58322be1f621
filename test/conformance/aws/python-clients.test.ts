import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { start } from './support.ts';

/** The clients of Amazon's that are written in Python, where this machine has them. */
const { url } = await start();
const run = promisify(execFile);
const env = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  AWS_ENDPOINT_URL: url,
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_MAX_ATTEMPTS: '1',
  AWS_PAGER: '',
};

async function runs(program: string, ...args: string[]): Promise<boolean> {
  return run(program, args, { env }).then(
    () => true,
    () => false,
  );
}

const hasCli = await runs('aws', '--version');
const hasBoto = await runs('python3', '-c', 'import boto3');

async function aws(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run('aws', ['--endpoint-url', url, '--output', 'json', ...args], { env });
  return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}

test('the AWS CLI makes, changes, lists in pages, tags and removes', { skip: !hasCli && 'no AWS CLI on this machine' }, async () => {
  const { SecurityGroups } = await aws('ec2', 'describe-security-groups', '--filters', 'Name=group-name,Values=default');
  assert.equal((SecurityGroups as unknown[]).length, 1);
  const tags = 'ResourceType=vpc,Tags=[{Key=set,Value=cli}]';
  for (let index = 0; index < 6; index++)
    await aws('ec2', 'create-vpc', '--cidr-block', `10.${index}.0.0/16`, '--tag-specifications', tags);
  const { Vpcs } = await aws('ec2', 'describe-vpcs', '--filters', 'Name=tag:set,Values=cli', '--page-size', '5');
  const [first, ...others] = (Vpcs as { VpcId: string }[]).map(({ VpcId }) => VpcId);
  assert.equal(others.length, 5);
  await aws('ec2', 'create-tags', '--resources', first!, '--tags', 'Key=set,Value=other');
  const { Tags } = await aws('ec2', 'describe-tags', '--filters', `Name=resource-id,Values=${first!}`);
  assert.deepEqual(Tags, [{ Key: 'set', ResourceId: first, ResourceType: 'vpc', Value: 'other' }]);
  await aws('ec2', 'delete-vpc', '--vpc-id', first!);
  await assert.rejects(aws('ec2', 'delete-vpc', '--vpc-id', first!), /InvalidVpcID\.NotFound/);
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  await aws('iam', 'create-role', '--role-name', 'cli', '--assume-role-policy-document', trust);
  const { Role } = await aws('iam', 'get-role', '--role-name', 'cli');
  assert.deepEqual((Role as { AssumeRolePolicyDocument: unknown }).AssumeRolePolicyDocument, JSON.parse(trust));
  await aws('iam', 'delete-role', '--role-name', 'cli');
  await assert.rejects(aws('iam', 'get-role', '--role-name', 'cli'), /NoSuchEntity/);
  await aws('logs', 'create-log-group', '--log-group-name', '/cli', '--tags', 'a=b');
  const { logGroups } = await aws('logs', 'describe-log-groups', '--log-group-name-prefix', '/cli');
  assert.equal((logGroups as { logGroupName: string }[])[0]!.logGroupName, '/cli');
  await aws('logs', 'delete-log-group', '--log-group-name', '/cli');
});

const script = `
import boto3, botocore
ec2 = boto3.client('ec2')
for index in range(3):
    ec2.run_instances(ImageId='ami-12345678', MinCount=2, MaxCount=2, InstanceType='t3.micro',
        TagSpecifications=[{'ResourceType': 'instance', 'Tags': [{'Key': 'set', 'Value': 'boto'}]}])
pages = ec2.get_paginator('describe_instances').paginate(
    Filters=[{'Name': 'tag:set', 'Values': ['boto']}], PaginationConfig={'PageSize': 5})
sizes = [sum(len(r['Instances']) for r in page['Reservations']) for page in pages]
assert sizes == [5, 1], sizes
ids = [i['InstanceId'] for page in pages for r in page['Reservations'] for i in r['Instances']]
ec2.get_waiter('instance_running').wait(InstanceIds=ids)
ec2.terminate_instances(InstanceIds=ids)
ec2.get_waiter('instance_terminated').wait(InstanceIds=ids)
try:
    ec2.describe_instances(InstanceIds=['i-0123456789abcdef0'])
    assert False
except botocore.exceptions.ClientError as error:
    assert error.response['Error']['Code'] == 'InvalidInstanceID.NotFound', error
logs = boto3.client('logs')
logs.create_log_group(logGroupName='/boto')
logs.create_log_stream(logGroupName='/boto', logStreamName='s')
import time
logs.put_log_events(logGroupName='/boto', logStreamName='s', logEvents=[{'timestamp': int(time.time() * 1000), 'message': 'grüße'}])
assert logs.filter_log_events(logGroupName='/boto')['events'][0]['message'] == 'grüße'
try:
    logs.get_log_events(logGroupName='/boto', logStreamName='none')
    assert False
except logs.exceptions.ResourceNotFoundException:
    pass
`;

test('boto3 pages, waits and tells errors apart', { skip: !hasBoto && 'no boto3 on this machine' }, async () => {
  await run('python3', ['-c', script], { env });
});
