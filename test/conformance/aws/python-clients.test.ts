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

/** Make, read, change, list in pages, tag, remove, and the error of what is gone: for the main resource of each service. */
const resources = `
import boto3, botocore, json
def refused(code, call, **given):
    try:
        call(**given)
    except botocore.exceptions.ClientError as error:
        assert error.response['Error']['Code'] == code, error
        return
    assert False, code
def page_sizes(client, name, key, size):
    return [len(page[key]) for page in client.get_paginator(name).paginate(PaginationConfig={'PageSize': size})]

elb = boto3.client('elbv2')
vpc = boto3.client('ec2').describe_vpcs()['Vpcs'][0]['VpcId']
arns = [elb.create_target_group(Name=f'g{n}', Protocol='HTTP', Port=80, VpcId=vpc)['TargetGroups'][0]['TargetGroupArn'] for n in range(3)]
assert page_sizes(elb, 'describe_target_groups', 'TargetGroups', 2) == [2, 1]
changed = elb.modify_target_group(TargetGroupArn=arns[0], HealthCheckPath='/health')['TargetGroups'][0]
assert changed['HealthCheckPath'] == '/health'
elb.add_tags(ResourceArns=arns[:1], Tags=[{'Key': 'a', 'Value': 'b'}])
assert elb.describe_tags(ResourceArns=arns[:1])['TagDescriptions'][0]['Tags'] == [{'Key': 'a', 'Value': 'b'}]
elb.delete_target_group(TargetGroupArn=arns[0])
refused('TargetGroupNotFound', elb.describe_target_groups, TargetGroupArns=arns[:1])

asg = boto3.client('autoscaling')
asg.create_launch_configuration(LaunchConfigurationName='lc', ImageId='ami-12345678', InstanceType='t3.micro')
for n in range(3):
    asg.create_auto_scaling_group(AutoScalingGroupName=f'g{n}', LaunchConfigurationName='lc', MinSize=0, MaxSize=2, DesiredCapacity=1,
        AvailabilityZones=['us-east-1a'], Tags=[{'Key': 'n', 'Value': str(n), 'PropagateAtLaunch': True}])
assert page_sizes(asg, 'describe_auto_scaling_groups', 'AutoScalingGroups', 2) == [2, 1]
asg.set_desired_capacity(AutoScalingGroupName='g0', DesiredCapacity=2)
group = asg.describe_auto_scaling_groups(AutoScalingGroupNames=['g0'])['AutoScalingGroups'][0]
assert len(group['Instances']) == 2 and group['Tags'][0]['Value'] == '0', group
refused('ResourceInUse', asg.delete_auto_scaling_group, AutoScalingGroupName='g0')
asg.delete_auto_scaling_group(AutoScalingGroupName='g0', ForceDelete=True)
refused('ValidationError', asg.set_desired_capacity, AutoScalingGroupName='g0', DesiredCapacity=1)

watch = boto3.client('cloudwatch')
alarm = dict(Namespace='n', MetricName='m', Statistic='Average', Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator='GreaterThanThreshold')
for n in range(3):
    watch.put_metric_alarm(AlarmName=f'a{n}', **alarm)
watch.put_metric_alarm(AlarmName='a0', **{**alarm, 'Threshold': 2.5})
assert watch.describe_alarms(AlarmNames=['a0'])['MetricAlarms'][0]['Threshold'] == 2.5
assert page_sizes(watch, 'describe_alarms', 'MetricAlarms', 2) == [2, 1]
watch.delete_alarms(AlarmNames=['a0'])
refused('ResourceNotFound', watch.set_alarm_state, AlarmName='a0', StateValue='OK', StateReason='r')

ecs = boto3.client('ecs')
cluster = ecs.create_cluster(clusterName='c', tags=[{'key': 'a', 'value': 'b'}])['cluster']['clusterArn']
assert ecs.list_tags_for_resource(resourceArn=cluster)['tags'] == [{'key': 'a', 'value': 'b'}]
for n in range(3):
    ecs.register_task_definition(family='f', containerDefinitions=[{'name': 'a', 'image': 'a', 'memory': 128}])
assert page_sizes(ecs, 'list_task_definitions', 'taskDefinitionArns', 2) == [2, 1]
assert ecs.describe_task_definition(taskDefinition='f')['taskDefinition']['revision'] == 3
refused('ServiceNotFoundException', ecs.update_service, cluster='c', service='none', desiredCount=1)
assert ecs.delete_cluster(cluster='c')['cluster']['status'] == 'INACTIVE'

rds = boto3.client('rds')
for n in range(21):
    database = rds.create_db_instance(DBInstanceIdentifier=f'd{n}', Engine='postgres', DBInstanceClass='db.t4g.micro', AllocatedStorage=20,
        MasterUsername='administrator', MasterUserPassword='VerySecure1')['DBInstance']
assert page_sizes(rds, 'describe_db_instances', 'DBInstances', 20) == [20, 1]
rds.modify_db_instance(DBInstanceIdentifier='d0', AllocatedStorage=30, ApplyImmediately=True)
assert rds.describe_db_instances(DBInstanceIdentifier='d0')['DBInstances'][0]['AllocatedStorage'] == 30
rds.add_tags_to_resource(ResourceName=database['DBInstanceArn'], Tags=[{'Key': 'a', 'Value': 'b'}])
assert rds.list_tags_for_resource(ResourceName=database['DBInstanceArn'])['TagList'] == [{'Key': 'a', 'Value': 'b'}]
refused('DBInstanceAlreadyExists', rds.create_db_instance, DBInstanceIdentifier='d0', Engine='postgres', DBInstanceClass='db.t4g.micro',
    AllocatedStorage=20, MasterUsername='administrator', MasterUserPassword='VerySecure1')
rds.delete_db_instance(DBInstanceIdentifier='d0', SkipFinalSnapshot=True)
refused('DBInstanceNotFound', rds.describe_db_instances, DBInstanceIdentifier='d0')

iam = boto3.client('iam')
trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'ec2.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}
iam.create_role(RoleName='r', AssumeRolePolicyDocument=json.dumps(trust), Tags=[{'Key': 'a', 'Value': 'b'}])
iam.update_role(RoleName='r', Description='changed')
assert iam.get_role(RoleName='r')['Role']['Description'] == 'changed'
assert iam.list_role_tags(RoleName='r')['Tags'] == [{'Key': 'a', 'Value': 'b'}]
iam.delete_role(RoleName='r')
refused('NoSuchEntity', iam.get_role, RoleName='r')
`;

test('boto3 makes, changes, pages, tags and removes of each service', { skip: !hasBoto && 'no boto3 on this machine' }, async () => {
  await run('python3', ['-c', resources], { env });
});
