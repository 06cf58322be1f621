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
const hasCliModule = await runs('python3', '-c', 'import awscli.clidriver');
const hasBoto = await runs('python3', '-c', 'import boto3');

async function aws(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run('aws', ['--endpoint-url', url, '--output', 'json', ...args], { env });
  return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}

test('the AWS CLI as a command', { skip: !hasCli && 'no AWS CLI on this machine' }, async () => {
  const { SecurityGroups } = await aws('ec2', 'describe-security-groups', '--filters', 'Name=group-name,Values=default');
  assert.equal((SecurityGroups as unknown[]).length, 1);
  await aws('logs', 'create-log-group', '--log-group-name', '/cli', '--tags', 'a=b');
  await aws('logs', 'delete-log-group', '--log-group-name', '/cli');
  await assert.rejects(aws('logs', 'delete-log-group', '--log-group-name', '/cli'), /ResourceNotFoundException/);
});

/** The CLI's own code, called again and again in one process: each service's main resource made, changed, paged, tagged, removed. */
const commands = `
import contextlib, io, json, os, shlex
from awscli.clidriver import create_clidriver
driver = create_clidriver()
def run(command):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = driver.main(['--endpoint-url', os.environ['AWS_ENDPOINT_URL'], '--output', 'json', *shlex.split(command)])
    return code, out.getvalue(), err.getvalue()
def aws(command):
    code, out, err = run(command)
    assert code == 0, (command, err)
    return json.loads(out) if out.strip() else {}
def refused(error, command):
    code, out, err = run(command)
    assert code != 0 and error in err, (command, code, err)

vpc = aws('ec2 describe-vpcs')['Vpcs'][0]['VpcId']
subnets = [subnet['SubnetId'] for subnet in aws('ec2 describe-subnets')['Subnets']][:2]
for n in range(6):
    made = aws(f'ec2 create-vpc --cidr-block 10.{n}.0.0/16 --tag-specifications ResourceType=vpc,Tags=[{{Key=set,Value=cli}}]')['Vpc']['VpcId']
assert len(aws('ec2 describe-vpcs --filters Name=tag:set,Values=cli --page-size 5')['Vpcs']) == 6
aws(f'ec2 create-tags --resources {made} --tags Key=set,Value=other')
assert aws(f'ec2 describe-tags --filters Name=resource-id,Values={made}')['Tags'][0]['Value'] == 'other'
aws(f'ec2 delete-vpc --vpc-id {made}')
refused('InvalidVpcID.NotFound', f'ec2 delete-vpc --vpc-id {made}')

groups = []
for n in range(3):
    group = aws(f'elbv2 create-target-group --name cli-{n} --protocol HTTP --port 80 --vpc-id {vpc}')['TargetGroups'][0]['TargetGroupArn']
    groups.append(group)
page = aws('elbv2 describe-target-groups --page-size 2')
assert len(page['TargetGroups']) == 2 and page['NextMarker'], page
balancer = aws(f'elbv2 create-load-balancer --name cli --subnets {" ".join(subnets)}')['LoadBalancers'][0]['LoadBalancerArn']
listener = aws(f'elbv2 create-listener --load-balancer-arn {balancer} --protocol HTTP --port 80 --default-actions Type=forward,TargetGroupArn={group}')
listener = listener['Listeners'][0]['ListenerArn']
rule = aws(f'elbv2 create-rule --listener-arn {listener} --priority 7 --conditions Field=path-pattern,Values=/api/* '
    f'--actions Type=forward,TargetGroupArn={group}')['Rules'][0]['RuleArn']
refused('PriorityInUse', f'elbv2 create-rule --listener-arn {listener} --priority 7 --conditions Field=path-pattern,Values=/b '
    f'--actions Type=forward,TargetGroupArn={group}')
aws(f'elbv2 add-tags --resource-arns {rule} --tags Key=a,Value=b')
assert aws(f'elbv2 describe-tags --resource-arns {rule}')['TagDescriptions'][0]['Tags'] == [{'Key': 'a', 'Value': 'b'}]
refused('ResourceInUse', f'elbv2 delete-target-group --target-group-arn {group}')
aws(f'elbv2 delete-load-balancer --load-balancer-arn {balancer}')
for group in groups:
    aws(f'elbv2 delete-target-group --target-group-arn {group}')

aws('ec2 create-launch-template --launch-template-name cli --launch-template-data ImageId=ami-12345678,InstanceType=t3.micro')
aws(f'autoscaling create-auto-scaling-group --auto-scaling-group-name cli --launch-template LaunchTemplateName=cli --min-size 0 '
    f'--max-size 3 --desired-capacity 1 --vpc-zone-identifier {",".join(subnets)} --tags Key=a,Value=b,PropagateAtLaunch=true')
aws('autoscaling update-auto-scaling-group --auto-scaling-group-name cli --desired-capacity 2')
assert len(aws('autoscaling describe-auto-scaling-groups --page-size 1')['AutoScalingGroups'][0]['Instances']) == 2
aws('autoscaling put-scaling-policy --auto-scaling-group-name cli --policy-name p --policy-type TargetTrackingScaling '
    '--target-tracking-configuration PredefinedMetricSpecification={PredefinedMetricType=ASGAverageCPUUtilization},TargetValue=50')
assert len(aws('cloudwatch describe-alarms --alarm-name-prefix TargetTracking-cli')['MetricAlarms']) == 2
refused('ResourceInUse', 'autoscaling delete-auto-scaling-group --auto-scaling-group-name cli')
aws('autoscaling delete-auto-scaling-group --auto-scaling-group-name cli --force-delete')

aws('cloudwatch put-metric-alarm --alarm-name cli --namespace n --metric-name m --statistic Average --period 60 --evaluation-periods 1 '
    '--threshold 1 --comparison-operator GreaterThanThreshold --tags Key=a,Value=b')
aws('cloudwatch set-alarm-state --alarm-name cli --state-value ALARM --state-reason test')
assert aws('cloudwatch describe-alarms --alarm-names cli')['MetricAlarms'][0]['StateValue'] == 'ALARM'
aws('cloudwatch put-metric-data --namespace n --metric-name m --value 3 --dimensions a=b')
assert len(aws('cloudwatch list-metrics --namespace n')['Metrics']) == 1
aws('cloudwatch delete-alarms --alarm-names cli')
refused('ResourceNotFound', 'cloudwatch set-alarm-state --alarm-name cli --state-value OK --state-reason test')

aws('ecs create-cluster --cluster-name cli')
aws('ecs register-task-definition --family cli --container-definitions name=web,image=nginx,memory=128')
aws('ecs create-service --cluster cli --service-name web --task-definition cli --desired-count 1')
aws('application-autoscaling register-scalable-target --service-namespace ecs --scalable-dimension ecs:service:DesiredCount '
    '--resource-id service/cli/web --min-capacity 1 --max-capacity 4')
assert aws('application-autoscaling describe-scalable-targets --service-namespace ecs')['ScalableTargets'][0]['MaxCapacity'] == 4
aws('ecs update-service --cluster cli --service web --desired-count 0')
assert aws('ecs describe-services --cluster cli --services web')['services'][0]['desiredCount'] == 0
refused('ClusterContainsServicesException', 'ecs delete-cluster --cluster cli')
aws('ecs delete-service --cluster cli --service web --force')
assert aws('ecs delete-cluster --cluster cli')['cluster']['status'] == 'INACTIVE'

aws('rds create-db-instance --db-instance-identifier cli --engine postgres --db-instance-class db.t3.micro --allocated-storage 20 '
    '--master-username administrator --master-user-password VerySecure1 --tags Key=a,Value=b')
aws('rds modify-db-instance --db-instance-identifier cli --allocated-storage 30 --apply-immediately')
assert aws('rds describe-db-instances --db-instance-identifier cli')['DBInstances'][0]['AllocatedStorage'] == 30
aws('rds delete-db-instance --db-instance-identifier cli --skip-final-snapshot')
refused('DBInstanceNotFound', 'rds describe-db-instances --db-instance-identifier cli')

trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'ec2.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}
aws('iam create-role --role-name cli --assume-role-policy-document ' + shlex.quote(json.dumps(trust)))
assert aws('iam get-role --role-name cli')['Role']['AssumeRolePolicyDocument'] == trust
aws('iam delete-role --role-name cli')
refused('NoSuchEntity', 'iam get-role --role-name cli')

aws('ssm put-parameter --name /cli --value one --type String')
assert aws('ssm get-parameter --name /cli')['Parameter']['Value'] == 'one'
aws('ssm delete-parameter --name /cli')
refused('ParameterNotFound', 'ssm get-parameter --name /cli')
assert aws('sts get-caller-identity')['Account'] == '123456789012'
`;

test('the AWS CLI with every service', { skip: !hasCliModule && 'the AWS CLI is no Python package here' }, async () => {
  // A region of its own: the tests of this file share an endpoint.
  await run('python3', ['-c', commands], { env: { ...env, AWS_DEFAULT_REGION: 'eu-west-1' } });
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
