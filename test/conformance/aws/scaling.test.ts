/** A scale-out stack by the AWS SDK, as Terraform's provider would make it: network, balancer, group, alarms, service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationAutoScaling } from '@aws-sdk/client-application-auto-scaling';
import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { start } from './support.ts';

const { client } = await start();
const ec2 = new EC2(client());
const elb = new ElasticLoadBalancingV2(client());
const scaling = new AutoScaling(client());
const ecs = new ECS(client());

const { Vpcs } = await ec2.describeVpcs({ Filters: [{ Name: 'is-default', Values: ['true'] }] });
const vpcId = Vpcs![0]!.VpcId!;
const { Subnets } = await ec2.describeSubnets({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] });
const subnetIds = Subnets!.map(({ SubnetId }) => SubnetId!);

test('a region starts with AWS’s default network', async () => {
  assert.equal(Vpcs![0]!.CidrBlock, '172.31.0.0/16');
  assert.deepEqual(
    Subnets!.map(({ AvailabilityZone }) => AvailabilityZone),
    ['a', 'b', 'c', 'd', 'e', 'f'].map((zone) => `us-east-1${zone}`),
  );
  assert.ok(Subnets!.every(({ CidrBlock, DefaultForAz }) => CidrBlock!.endsWith('/20') && DefaultForAz));
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [{ Name: 'association.main', Values: ['true'] }] });
  assert.deepEqual(
    RouteTables![0]!.Routes!.map(({ DestinationCidrBlock }) => DestinationCidrBlock),
    ['172.31.0.0/16', '0.0.0.0/0'],
  );
  assert.equal((await ec2.describeSecurityGroups({ GroupNames: ['default'] })).SecurityGroups!.length, 1);
  assert.equal((await ec2.describeNetworkAcls({})).NetworkAcls![0]!.Associations!.length, 6);
});

test('security groups: rules by permission and by id, duplicates and dependencies refused', async () => {
  const { GroupId } = await ec2.createSecurityGroup({ GroupName: 'web', Description: 'web', VpcId: vpcId });
  const ingress = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'all' }] };
  const { SecurityGroupRules } = await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [ingress] });
  await assert.rejects(ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [ingress] }), { name: 'InvalidPermission.Duplicate' });
  const { SecurityGroups } = await ec2.describeSecurityGroups({ GroupIds: [GroupId!] });
  assert.deepEqual(SecurityGroups![0]!.IpPermissions, [{ ...ingress, Ipv6Ranges: [], PrefixListIds: [], UserIdGroupPairs: [] }]);
  const user = await ec2.createSecurityGroup({ GroupName: 'db', Description: 'db', VpcId: vpcId });
  await ec2.authorizeSecurityGroupIngress({
    GroupId: user.GroupId,
    IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId }] }],
  });
  await assert.rejects(ec2.deleteSecurityGroup({ GroupId }), { name: 'DependencyViolation' });
  await ec2.deleteSecurityGroup({ GroupId: user.GroupId });
  await ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [SecurityGroupRules![0]!.SecurityGroupRuleId!] });
  await ec2.deleteSecurityGroup({ GroupId });
  await assert.rejects(ec2.describeSecurityGroups({ GroupIds: [GroupId!] }), { name: 'InvalidGroup.NotFound' });
});

test('a load balancer with listener, rule and targets lives and dies in order', async () => {
  const { LoadBalancers } = await elb.createLoadBalancer({
    Name: 'web',
    Subnets: subnetIds.slice(0, 2),
    Tags: [{ Key: 'app', Value: 'todo' }],
  });
  const balancer = LoadBalancers![0]!;
  assert.match(balancer.LoadBalancerArn!, /^arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer\/app\/web\/[0-9a-f]{16}$/);
  assert.equal((await elb.describeLoadBalancers({ Names: ['web'] })).LoadBalancers![0]!.State!.Code, 'active');
  assert.deepEqual((await elb.describeTags({ ResourceArns: [balancer.LoadBalancerArn!] })).TagDescriptions![0]!.Tags, [
    { Key: 'app', Value: 'todo' },
  ]);
  const { TargetGroups } = await elb.createTargetGroup({
    Name: 'web',
    Protocol: 'HTTP',
    Port: 6400,
    VpcId: vpcId,
    TargetType: 'ip',
    HealthCheckPath: '/health',
  });
  const groupArn = TargetGroups![0]!.TargetGroupArn!;
  const { Listeners } = await elb.createListener({
    LoadBalancerArn: balancer.LoadBalancerArn,
    Port: 80,
    Protocol: 'HTTP',
    DefaultActions: [{ Type: 'forward', TargetGroupArn: groupArn }],
  });
  const ListenerArn = Listeners![0]!.ListenerArn!;
  const { Rules } = await elb.createRule({
    ListenerArn,
    Priority: 10,
    Conditions: [{ Field: 'path-pattern', Values: ['/api/*'] }],
    Actions: [{ Type: 'forward', TargetGroupArn: groupArn }],
  });
  assert.equal(Rules![0]!.Priority, '10');
  await elb.registerTargets({ TargetGroupArn: groupArn, Targets: [{ Id: '172.31.0.9' }] });
  const health = await elb.describeTargetHealth({ TargetGroupArn: groupArn });
  assert.deepEqual(
    health.TargetHealthDescriptions!.map(({ TargetHealth, Target }) => [Target!.Id, Target!.Port, TargetHealth!.State]),
    [['172.31.0.9', 6400, 'healthy']],
  );
  await assert.rejects(elb.deleteTargetGroup({ TargetGroupArn: groupArn }), { name: 'ResourceInUseException' });
  const description = `ELB app/web/${balancer.LoadBalancerArn!.split('/').at(-1)}`;
  const interfaces = { Filters: [{ Name: 'description', Values: [description] }] };
  assert.equal((await ec2.describeNetworkInterfaces(interfaces)).NetworkInterfaces!.length, 2);
  await elb.deleteLoadBalancer({ LoadBalancerArn: balancer.LoadBalancerArn });
  assert.equal((await ec2.describeNetworkInterfaces(interfaces)).NetworkInterfaces!.length, 0);
  await elb.deleteTargetGroup({ TargetGroupArn: groupArn });
  await assert.rejects(elb.describeTargetGroups({ TargetGroupArns: [groupArn] }), { name: 'TargetGroupNotFoundException' });
});

test('pages of target groups hold each once', async () => {
  for (let index = 0; index < 7; index++) await elb.createTargetGroup({ Name: `page-${index}`, Protocol: 'HTTP', Port: 80, VpcId: vpcId });
  const names: string[] = [];
  for (let Marker: string | undefined, first = true; first || Marker !== undefined; first = false) {
    const page = await elb.describeTargetGroups({ PageSize: 3, ...(Marker === undefined ? {} : { Marker }) });
    assert.ok(page.TargetGroups!.length <= 3);
    names.push(...page.TargetGroups!.map(({ TargetGroupName }) => TargetGroupName!));
    Marker = page.NextMarker;
  }
  assert.deepEqual(
    names,
    Array.from({ length: 7 }, (_, index) => `page-${index}`),
  );
});

test('an auto scaling group launches, scales by policy, and empties', async () => {
  const { LaunchTemplate } = await ec2.createLaunchTemplate({
    LaunchTemplateName: 'todo',
    LaunchTemplateData: { ImageId: 'ami-0123456789abcdef0', InstanceType: 't2.micro' },
  });
  const { TargetGroups } = await elb.createTargetGroup({ Name: 'asg', Protocol: 'HTTP', Port: 80, VpcId: vpcId });
  const groupArn = TargetGroups![0]!.TargetGroupArn!;
  const AutoScalingGroupName = 'todo';
  await scaling.createAutoScalingGroup({
    AutoScalingGroupName,
    MinSize: 1,
    MaxSize: 4,
    DesiredCapacity: 2,
    LaunchTemplate: { LaunchTemplateId: LaunchTemplate!.LaunchTemplateId, Version: '$Latest' },
    VPCZoneIdentifier: subnetIds.slice(0, 2).join(','),
    TargetGroupARNs: [groupArn],
    Tags: [{ Key: 'Name', Value: 'todo', PropagateAtLaunch: true, ResourceId: AutoScalingGroupName, ResourceType: 'auto-scaling-group' }],
  });
  const group = async () =>
    (await scaling.describeAutoScalingGroups({ AutoScalingGroupNames: [AutoScalingGroupName] })).AutoScalingGroups![0]!;
  const zones = (await group()).Instances!.map(({ AvailabilityZone }) => AvailabilityZone);
  assert.equal(new Set(zones).size, 2, 'instances are spread over the zones');
  const tagged = await ec2.describeInstances({
    Filters: [
      { Name: 'tag:aws:autoscaling:groupName', Values: ['todo'] },
      { Name: 'tag:Name', Values: ['to*'] },
    ],
  });
  assert.equal(tagged.Reservations!.flatMap(({ Instances }) => Instances!).length, 2);
  assert.equal((await elb.describeTargetHealth({ TargetGroupArn: groupArn })).TargetHealthDescriptions!.length, 2);
  await scaling.putScalingPolicy({
    AutoScalingGroupName,
    PolicyName: 'up',
    AdjustmentType: 'PercentChangeInCapacity',
    ScalingAdjustment: 10,
  });
  await scaling.executePolicy({ AutoScalingGroupName, PolicyName: 'up' });
  assert.equal((await group()).DesiredCapacity, 3, 'a percentage between 0 and 1 counts as 1');
  const { Alarms } = await scaling.putScalingPolicy({
    AutoScalingGroupName,
    PolicyName: 'track',
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingConfiguration: { TargetValue: 20, PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageCPUUtilization' } },
  });
  const alarms = (await new CloudWatch(client()).describeAlarms({ AlarmNames: Alarms!.map(({ AlarmName }) => AlarmName!) })).MetricAlarms!;
  const seen = alarms.map(
    ({ Threshold, EvaluationPeriods, StateValue }) => `above or below ${Threshold} for ${EvaluationPeriods}: ${StateValue}`,
  );
  assert.deepEqual(new Set(seen), new Set(['above or below 20 for 3: INSUFFICIENT_DATA', 'above or below 18 for 15: INSUFFICIENT_DATA']));
  await assert.rejects(scaling.deleteAutoScalingGroup({ AutoScalingGroupName }), { name: 'ResourceInUseFault' });
  const { Activities } = await scaling.describeScalingActivities({ AutoScalingGroupName });
  assert.match(Activities![0]!.Description!, /^Launching a new EC2 instance: i-/);
  assert.match(Activities![0]!.Cause!, /increasing the capacity from 2 to 3\.$/);
  await scaling.deleteAutoScalingGroup({ AutoScalingGroupName, ForceDelete: true });
  const left = await ec2.describeInstances({ Filters: [{ Name: 'instance-state-name', Values: ['running'] }] });
  assert.equal(left.Reservations!.length, 0);
  assert.equal((await elb.describeTargetHealth({ TargetGroupArn: groupArn })).TargetHealthDescriptions!.length, 0);
});

test('a Fargate service is stable at once and scales through its scalable target', async () => {
  await ecs.createCluster({ clusterName: 'todo' });
  const definition = await ecs.registerTaskDefinition({
    family: 'todo',
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    containerDefinitions: [{ name: 'todo', image: 'todo', portMappings: [{ containerPort: 6400 }] }],
  });
  const { TargetGroups } = await elb.createTargetGroup({ Name: 'ecs', Protocol: 'HTTP', Port: 6400, VpcId: vpcId, TargetType: 'ip' });
  const groupArn = TargetGroups![0]!.TargetGroupArn!;
  await ecs.createService({
    cluster: 'todo',
    serviceName: 'todo',
    taskDefinition: 'todo',
    desiredCount: 1,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: [subnetIds[0]!] } },
    loadBalancers: [{ targetGroupArn: groupArn, containerName: 'todo', containerPort: 6400 }],
  });
  const service = async () => (await ecs.describeServices({ cluster: 'todo', services: ['todo'] })).services![0]!;
  assert.deepEqual([(await service()).runningCount, (await service()).deployments!.length], [1, 1]);
  const application = new ApplicationAutoScaling(client());
  const target = { ServiceNamespace: 'ecs', ResourceId: 'service/todo/todo', ScalableDimension: 'ecs:service:DesiredCount' } as const;
  await application.registerScalableTarget({ ...target, MinCapacity: 1, MaxCapacity: 4 });
  const { Alarms } = await application.putScalingPolicy({
    ...target,
    PolicyName: 'cpu',
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: 20,
      PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
    },
  });
  assert.equal(Alarms!.length, 2);
  await ecs.updateService({ cluster: 'todo', service: 'todo', desiredCount: 3 });
  assert.equal((await elb.describeTargetHealth({ TargetGroupArn: groupArn })).TargetHealthDescriptions!.length, 3);
  assert.match((await service()).events![0]!.message!, /^\(service todo\) has reached a steady state\.$/);
  await assert.rejects(ecs.deleteCluster({ cluster: 'todo' }), { name: 'ClusterContainsServicesException' });
  await ecs.deleteService({ cluster: 'todo', service: 'todo', force: true });
  assert.equal((await elb.describeTargetHealth({ TargetGroupArn: groupArn })).TargetHealthDescriptions!.length, 0);
  await ecs.deregisterTaskDefinition({ taskDefinition: definition.taskDefinition!.taskDefinitionArn });
  assert.equal((await ecs.deleteCluster({ cluster: 'todo' })).cluster!.status, 'INACTIVE');
  assert.equal((await ec2.describeNetworkInterfaces({})).NetworkInterfaces!.length, 0, 'no task leaves its interface behind');
});

test('scalable targets and policies that do not exist are ObjectNotFoundException where AWS’s rules hold', async () => {
  const running = await start({ machinery: { live: true, transition: (_place, _resource, passing) => passing } });
  const application = new ApplicationAutoScaling(running.client());
  const absent = { ServiceNamespace: 'ecs', ResourceId: 'service/a/b', ScalableDimension: 'ecs:service:DesiredCount' } as const;
  const name = 'ObjectNotFoundException';
  await assert.rejects(application.deregisterScalableTarget(absent), { name });
  await assert.rejects(application.deleteScalingPolicy({ ...absent, PolicyName: 'p' }), { name });
  await assert.rejects(application.deleteScheduledAction({ ...absent, ScheduledActionName: 's' }), { name });
});
