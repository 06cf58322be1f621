/** The life of each resource of load balancing, scaling and CloudWatch, by the SDK. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApplicationAutoScaling,
  paginateDescribeScheduledActions as paginateScheduledScaling,
} from '@aws-sdk/client-application-auto-scaling';
import {
  AutoScaling,
  paginateDescribeAutoScalingGroups,
  paginateDescribeLaunchConfigurations,
  paginateDescribePolicies,
  paginateDescribeScheduledActions,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatch, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { EC2 } from '@aws-sdk/client-ec2';
import { ECS } from '@aws-sdk/client-ecs';
import {
  ElasticLoadBalancingV2,
  paginateDescribeListeners,
  paginateDescribeLoadBalancers,
  paginateDescribeRules,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { life } from './life.ts';
import { start } from './support.ts';

const { client } = await start();
const ec2 = new EC2(client());
const elb = new ElasticLoadBalancingV2(client());
const scaling = new AutoScaling(client());
const application = new ApplicationAutoScaling(client());
const watch = new CloudWatch(client());
const subnets = (await ec2.describeSubnets({})).Subnets!.slice(0, 2).map(({ SubnetId }) => SubnetId!);
const VpcId = (await ec2.describeVpcs({})).Vpcs![0]!.VpcId!;

const team = [{ Key: 'team', Value: 'blue' }];
const elbTags = {
  add: (arn: string) => elb.addTags({ ResourceArns: [arn], Tags: team }),
  read: async (arn: string) => (await elb.describeTags({ ResourceArns: [arn] })).TagDescriptions![0]!.Tags,
  remove: (arn: string) => elb.removeTags({ ResourceArns: [arn], TagKeys: ['team'] }),
};

life('load balancer', {
  make: async (number) => (await elb.createLoadBalancer({ Name: `lb-${number}`, Subnets: subnets })).LoadBalancers![0]!.LoadBalancerArn,
  read: async (arn) => (await elb.describeLoadBalancers({ LoadBalancerArns: [arn] })).LoadBalancers![0],
  gone: 'LoadBalancerNotFoundException',
  change: async (arn) => {
    const Attributes = [{ Key: 'idle_timeout.timeout_seconds', Value: '30' }];
    await elb.modifyLoadBalancerAttributes({ LoadBalancerArn: arn, Attributes });
    const found = await elb.describeLoadBalancerAttributes({ LoadBalancerArn: arn });
    assert.equal(found.Attributes!.find(({ Key }) => Key === Attributes[0]!.Key)!.Value, '30');
    const third = (await ec2.describeSubnets({})).Subnets![2]!.SubnetId!;
    await elb.setSubnets({ LoadBalancerArn: arn, Subnets: [...subnets, third] });
    return ({ AvailabilityZones }: { AvailabilityZones: unknown[] }) => AvailabilityZones.length === 3;
  },
  pages: () => paginateDescribeLoadBalancers({ client: elb }, { PageSize: 2 }) as never,
  listed: 'LoadBalancers',
  tags: elbTags,
  remove: (arn) => elb.deleteLoadBalancer({ LoadBalancerArn: arn }),
});

life('target group', {
  make: async (number) =>
    (await elb.createTargetGroup({ Name: `tg-${number}`, Protocol: 'HTTP', Port: 80, VpcId })).TargetGroups![0]!.TargetGroupArn,
  read: async (arn) => (await elb.describeTargetGroups({ TargetGroupArns: [arn] })).TargetGroups![0],
  gone: 'TargetGroupNotFoundException',
  change: async (arn) => {
    await elb.modifyTargetGroup({ TargetGroupArn: arn, HealthCheckPath: '/health' });
    return ({ HealthCheckPath }: { HealthCheckPath: string }) => HealthCheckPath === '/health';
  },
  pages: () => paginateDescribeTargetGroups({ client: elb }, { PageSize: 2 }) as never,
  listed: 'TargetGroups',
  tags: elbTags,
  remove: (arn) => elb.deleteTargetGroup({ TargetGroupArn: arn }),
});

const LoadBalancerArn = (await elb.createLoadBalancer({ Name: 'front', Subnets: subnets })).LoadBalancers![0]!.LoadBalancerArn!;
const answer = (text: string) => [
  { Type: 'fixed-response' as const, FixedResponseConfig: { StatusCode: '200', MessageBody: text, ContentType: 'text/plain' } },
];

life('listener', {
  make: async (number) =>
    (await elb.createListener({ LoadBalancerArn, Protocol: 'HTTP', Port: 8000 + number, DefaultActions: answer('a') })).Listeners![0]!
      .ListenerArn,
  read: async (arn) => (await elb.describeListeners({ ListenerArns: [arn] })).Listeners![0],
  gone: 'ListenerNotFoundException',
  change: async (arn) => {
    const Attributes = [{ Key: 'routing.http.response.server.enabled', Value: 'false' }];
    await elb.modifyListenerAttributes({ ListenerArn: arn, Attributes });
    const found = await elb.describeListenerAttributes({ ListenerArn: arn });
    assert.equal(found.Attributes!.find(({ Key }) => Key === Attributes[0]!.Key)!.Value, 'false');
    await elb.modifyListener({ ListenerArn: arn, Port: 9000 });
    return ({ Port }: { Port: number }) => Port === 9000;
  },
  pages: () => paginateDescribeListeners({ client: elb }, { PageSize: 2, LoadBalancerArn }) as never,
  listed: 'Listeners',
  tags: elbTags,
  remove: (arn) => elb.deleteListener({ ListenerArn: arn }),
});

const ListenerArn = (await elb.createListener({ LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions: answer('default') }))
  .Listeners![0]!.ListenerArn!;
const onPath = (path: string) => [{ Field: 'path-pattern', Values: [path] }];

life('rule', {
  make: async (number) =>
    (await elb.createRule({ ListenerArn, Priority: number + 1, Conditions: onPath(`/${number}`), Actions: answer('rule') })).Rules![0]!
      .RuleArn,
  read: async (arn) => (await elb.describeRules({ RuleArns: [arn] })).Rules![0],
  gone: 'RuleNotFoundException',
  change: async (arn) => {
    await elb.modifyRule({ RuleArn: arn, Conditions: onPath('/changed') });
    await elb.setRulePriorities({ RulePriorities: [{ RuleArn: arn, Priority: 50 }] });
    await assert.rejects(elb.createRule({ ListenerArn, Priority: 50, Conditions: onPath('/x'), Actions: answer('x') }), {
      name: 'PriorityInUseException',
    });
    return (found: { Priority: string; Conditions: { Values: string[] }[] }) =>
      found.Priority === '50' && found.Conditions[0]!.Values[0] === '/changed';
  },
  pages: () => paginateDescribeRules({ client: elb }, { PageSize: 2, ListenerArn }) as never,
  listed: 'Rules',
  tags: elbTags,
  remove: (arn) => elb.deleteRule({ RuleArn: arn }),
});

test("a listener's further certificates are added, listed and removed", async () => {
  const arn = (name: string) => ({ CertificateArn: `arn:aws:acm:us-east-1:123456789012:certificate/${name}` });
  const Certificates = [arn('first')];
  const { Listeners } = await elb.createListener({
    LoadBalancerArn,
    Protocol: 'HTTPS',
    Port: 443,
    Certificates,
    DefaultActions: answer('a'),
  });
  const secure = { ListenerArn: Listeners![0]!.ListenerArn };
  await elb.addListenerCertificates({ ...secure, Certificates: [arn('second')] });
  const listed = async () => (await elb.describeListenerCertificates(secure)).Certificates!.map(({ CertificateArn }) => CertificateArn);
  assert.deepEqual(await listed(), [arn('first').CertificateArn, arn('second').CertificateArn]);
  await elb.removeListenerCertificates({ ...secure, Certificates: [arn('second')] });
  assert.deepEqual(await listed(), [arn('first').CertificateArn]);
});

life('launch configuration', {
  make: async (number) => {
    const LaunchConfigurationName = `lc-${number}`;
    await scaling.createLaunchConfiguration({ LaunchConfigurationName, ImageId: 'ami-12345678', InstanceType: 't3.micro' });
    return LaunchConfigurationName;
  },
  read: async (name) => (await scaling.describeLaunchConfigurations({ LaunchConfigurationNames: [name] })).LaunchConfigurations![0],
  pages: () => paginateDescribeLaunchConfigurations({ client: scaling, pageSize: 2 }, {}) as never,
  listed: 'LaunchConfigurations',
  remove: (name) => scaling.deleteLaunchConfiguration({ LaunchConfigurationName: name }),
});

await scaling.createLaunchConfiguration({
  LaunchConfigurationName: 'kept',
  ImageId: 'ami-12345678',
  InstanceType: 't3.micro',
  MetadataOptions: { HttpEndpoint: 'disabled' },
});
const group = { LaunchConfigurationName: 'kept', MinSize: 0, MaxSize: 4, AvailabilityZones: ['us-east-1a'] };

life('auto scaling group', {
  make: async (number) => {
    await scaling.createAutoScalingGroup({ ...group, AutoScalingGroupName: `asg-${number}` });
    return `asg-${number}`;
  },
  read: async (name) => (await scaling.describeAutoScalingGroups({ AutoScalingGroupNames: [name] })).AutoScalingGroups![0],
  change: async (name) => {
    await scaling.updateAutoScalingGroup({ AutoScalingGroupName: name, MaxSize: 9 });
    return ({ MaxSize }: { MaxSize: number }) => MaxSize === 9;
  },
  pages: () => paginateDescribeAutoScalingGroups({ client: scaling, pageSize: 2 }, {}) as never,
  listed: 'AutoScalingGroups',
  tags: {
    add: (name) =>
      scaling.createOrUpdateTags({
        Tags: [{ ...team[0]!, ResourceId: name, ResourceType: 'auto-scaling-group', PropagateAtLaunch: true }],
      }),
    read: async (name) => (await scaling.describeTags({ Filters: [{ Name: 'auto-scaling-group', Values: [name] }] })).Tags,
    remove: (name) => scaling.deleteTags({ Tags: [{ Key: 'team', ResourceId: name, ResourceType: 'auto-scaling-group' }] }),
  },
  remove: (name) => scaling.deleteAutoScalingGroup({ AutoScalingGroupName: name }),
});

const AutoScalingGroupName = 'fleet';
await scaling.createAutoScalingGroup({ ...group, AutoScalingGroupName, DesiredCapacity: 2 });

test('an instance has the metadata options of the launch configuration that it is launched from', async () => {
  const Filters = [{ Name: 'tag:aws:autoscaling:groupName', Values: [AutoScalingGroupName] }];
  const { Reservations = [] } = await ec2.describeInstances({ Filters });
  const launched = Reservations.flatMap(({ Instances = [] }) => Instances);
  assert.deepEqual(
    launched.map(({ MetadataOptions }) => MetadataOptions?.HttpEndpoint),
    ['disabled', 'disabled'],
  );
});

life('scaling policy', {
  make: async (number) => {
    const PolicyName = `p-${number}`;
    await scaling.putScalingPolicy({ AutoScalingGroupName, PolicyName, AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: 1 });
    return PolicyName;
  },
  read: async (name) => (await scaling.describePolicies({ AutoScalingGroupName, PolicyNames: [name] })).ScalingPolicies![0],
  change: async (name) => {
    await scaling.putScalingPolicy({ AutoScalingGroupName, PolicyName: name, AdjustmentType: 'ExactCapacity', ScalingAdjustment: 3 });
    return ({ ScalingAdjustment }: { ScalingAdjustment: number }) => ScalingAdjustment === 3;
  },
  pages: () => paginateDescribePolicies({ client: scaling, pageSize: 2 }, { AutoScalingGroupName }) as never,
  listed: 'ScalingPolicies',
  remove: (name) => scaling.deletePolicy({ AutoScalingGroupName, PolicyName: name }),
});

test('a policy tells the alarms whose actions name it', async () => {
  const policy = { AutoScalingGroupName, PolicyName: 'alarmed', AdjustmentType: 'ChangeInCapacity', ScalingAdjustment: 1 };
  const { PolicyARN = '' } = await scaling.putScalingPolicy(policy);
  const metric = { Namespace: 'n', MetricName: 'm', Statistic: 'Sum', Period: 60, EvaluationPeriods: 1, Threshold: 1 } as const;
  const comparison = { ComparisonOperator: 'GreaterThanThreshold' } as const;
  const alarmed = async () => {
    const { ScalingPolicies = [] } = await scaling.describePolicies({ AutoScalingGroupName, PolicyNames: ['alarmed'] });
    return ScalingPolicies.flatMap(({ Alarms = [] }) => Alarms.map(({ AlarmName }) => AlarmName));
  };
  await watch.putMetricAlarm({ AlarmName: 'busy', AlarmActions: [PolicyARN], ...metric, ...comparison });
  assert.deepEqual(await alarmed(), ['busy']);
  await watch.deleteAlarms({ AlarmNames: ['busy'] });
  assert.deepEqual(await alarmed(), []);
  await scaling.deletePolicy({ AutoScalingGroupName, PolicyName: 'alarmed' });
});

life('scheduled action', {
  make: async (number) => {
    const ScheduledActionName = `s-${number}`;
    await scaling.putScheduledUpdateGroupAction({ AutoScalingGroupName, ScheduledActionName, Recurrence: '0 8 * * *', DesiredCapacity: 3 });
    return ScheduledActionName;
  },
  read: async (name) =>
    (await scaling.describeScheduledActions({ AutoScalingGroupName, ScheduledActionNames: [name] })).ScheduledUpdateGroupActions![0],
  change: async (name) => {
    const one = { ScheduledActionName: name, Recurrence: '0 9 * * *', DesiredCapacity: 1 };
    await scaling.batchPutScheduledUpdateGroupAction({ AutoScalingGroupName, ScheduledUpdateGroupActions: [one] });
    return ({ Recurrence }: { Recurrence: string }) => Recurrence === '0 9 * * *';
  },
  pages: () => paginateDescribeScheduledActions({ client: scaling, pageSize: 2 }, { AutoScalingGroupName }) as never,
  listed: 'ScheduledUpdateGroupActions',
  remove: (name) => scaling.batchDeleteScheduledAction({ AutoScalingGroupName, ScheduledActionNames: [name] }),
});

life('lifecycle hook', {
  make: async (number) => {
    const LifecycleHookName = `h-${number}`;
    await scaling.putLifecycleHook({
      AutoScalingGroupName,
      LifecycleHookName,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    });
    return LifecycleHookName;
  },
  read: async (name) => (await scaling.describeLifecycleHooks({ AutoScalingGroupName, LifecycleHookNames: [name] })).LifecycleHooks![0],
  change: async (name) => {
    await scaling.putLifecycleHook({ AutoScalingGroupName, LifecycleHookName: name, HeartbeatTimeout: 60 });
    return ({ HeartbeatTimeout }: { HeartbeatTimeout: number }) => HeartbeatTimeout === 60;
  },
  remove: (name) => scaling.deleteLifecycleHook({ AutoScalingGroupName, LifecycleHookName: name }),
});

test('a group: processes, metrics, notifications, warm pool, its instances attached, detached, replaced', async () => {
  const of = async () =>
    (await scaling.describeAutoScalingGroups({ AutoScalingGroupNames: [AutoScalingGroupName] })).AutoScalingGroups![0]!;
  await scaling.suspendProcesses({ AutoScalingGroupName, ScalingProcesses: ['Launch'] });
  assert.deepEqual(
    (await of()).SuspendedProcesses!.map(({ ProcessName }) => ProcessName),
    ['Launch'],
  );
  await scaling.resumeProcesses({ AutoScalingGroupName });
  await scaling.enableMetricsCollection({ AutoScalingGroupName, Granularity: '1Minute' });
  await scaling.disableMetricsCollection({ AutoScalingGroupName, Metrics: ['GroupMinSize'] });
  assert.ok((await of()).EnabledMetrics!.every(({ Metric }) => Metric !== 'GroupMinSize'));
  const TopicARN = 'arn:aws:sns:us-east-1:123456789012:scaling';
  const NotificationTypes = ['autoscaling:EC2_INSTANCE_LAUNCH'];
  await scaling.putNotificationConfiguration({ AutoScalingGroupName, TopicARN, NotificationTypes });
  assert.equal((await scaling.describeNotificationConfigurations({})).NotificationConfigurations!.length, 1);
  await scaling.deleteNotificationConfiguration({ AutoScalingGroupName, TopicARN });
  await scaling.putWarmPool({ AutoScalingGroupName, MinSize: 0, MaxGroupPreparedCapacity: 3 });
  assert.equal((await scaling.describeWarmPool({ AutoScalingGroupName })).WarmPoolConfiguration!.MaxGroupPreparedCapacity, 3);
  await scaling.deleteWarmPool({ AutoScalingGroupName, ForceDelete: true });
  const ids = async () => (await of()).Instances!.map(({ InstanceId }) => InstanceId!);
  const [first] = await ids();
  await scaling.detachInstances({ AutoScalingGroupName, InstanceIds: [first!], ShouldDecrementDesiredCapacity: true });
  assert.equal((await ids()).length, 1);
  await scaling.attachInstances({ AutoScalingGroupName, InstanceIds: [first!] });
  assert.deepEqual((await ids()).includes(first!), true);
  await scaling.terminateInstanceInAutoScalingGroup({ InstanceId: first, ShouldDecrementDesiredCapacity: false });
  assert.deepEqual([(await ids()).length, (await ids()).includes(first!)], [2, false]);
  const { AutoScalingInstances } = await scaling.describeAutoScalingInstances({ InstanceIds: await ids() });
  assert.equal(AutoScalingInstances!.length, 2);
  const { InstanceRefreshId } = await scaling.startInstanceRefresh({ AutoScalingGroupName });
  const { InstanceRefreshes } = await scaling.describeInstanceRefreshes({ AutoScalingGroupName });
  assert.equal(InstanceRefreshes![0]!.InstanceRefreshId, InstanceRefreshId);
  await scaling.deleteAutoScalingGroup({ AutoScalingGroupName, ForceDelete: true });
  await assert.rejects(scaling.setInstanceHealth({ InstanceId: first, HealthStatus: 'Unhealthy' }), { name: 'ValidationError' });
});

const ServiceNamespace = 'ecs' as const;
const ScalableDimension = 'ecs:service:DesiredCount' as const;
const ResourceId = 'service/app/web';
const ecs = new ECS(client());
await ecs.createCluster({ clusterName: 'app' });
await ecs.registerTaskDefinition({ family: 'web', containerDefinitions: [{ name: 'web', image: 'nginx', memory: 128 }] });
await ecs.createService({ cluster: 'app', serviceName: 'web', taskDefinition: 'web', desiredCount: 1 });
await application.registerScalableTarget({ ServiceNamespace, ScalableDimension, ResourceId, MinCapacity: 1, MaxCapacity: 4 });

life("a service's scheduled action", {
  make: async (number) => {
    const ScheduledActionName = `s-${number}`;
    const ScalableTargetAction = { MinCapacity: 2 };
    const at = { ServiceNamespace, ScalableDimension, ResourceId, Schedule: 'rate(1 day)' };
    await application.putScheduledAction({ ...at, ScheduledActionName, ScalableTargetAction });
    return ScheduledActionName;
  },
  read: async (name) =>
    (await application.describeScheduledActions({ ServiceNamespace, ScheduledActionNames: [name] })).ScheduledActions![0],
  pages: () => paginateScheduledScaling({ client: application, pageSize: 2 }, { ServiceNamespace }) as never,
  listed: 'ScheduledActions',
  remove: (name) => application.deleteScheduledAction({ ServiceNamespace, ScalableDimension, ResourceId, ScheduledActionName: name }),
});

const watchTags = (arn: (name: string) => string) => ({
  add: (name: string) => watch.tagResource({ ResourceARN: arn(name), Tags: team }),
  read: async (name: string) => (await watch.listTagsForResource({ ResourceARN: arn(name) })).Tags,
  remove: (name: string) => watch.untagResource({ ResourceARN: arn(name), TagKeys: ['team'] }),
});

const metric = { Namespace: 'app', MetricName: 'users', Statistic: 'Average' as const, Period: 60, EvaluationPeriods: 1 };
const threshold = { Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' as const };

life('alarm', {
  make: async (number) => {
    await watch.putMetricAlarm({ AlarmName: `a-${number}`, ...metric, ...threshold });
    return `a-${number}`;
  },
  read: async (name) => (await watch.describeAlarms({ AlarmNames: [name] })).MetricAlarms![0],
  change: async (name) => {
    await watch.putMetricAlarm({ AlarmName: name, ...metric, ...threshold, Threshold: 7 });
    await watch.disableAlarmActions({ AlarmNames: [name] });
    const same = await watch.describeAlarmsForMetric({ Namespace: 'app', MetricName: 'users' });
    assert.equal(same.MetricAlarms!.length, 3);
    return (found: { Threshold: number; ActionsEnabled: boolean }) => found.Threshold === 7 && !found.ActionsEnabled;
  },
  pages: () => paginateDescribeAlarms({ client: watch, pageSize: 2 }, {}) as never,
  listed: 'MetricAlarms',
  tags: watchTags((name) => `arn:aws:cloudwatch:us-east-1:123456789012:alarm:${name}`),
  remove: (name) => watch.deleteAlarms({ AlarmNames: [name] }),
});

life('composite alarm', {
  make: async (number) => {
    if (number === 0) await watch.putMetricAlarm({ AlarmName: 'part', ...metric, ...threshold });
    await watch.putCompositeAlarm({ AlarmName: `c-${number}`, AlarmRule: 'ALARM("part")' });
    return `c-${number}`;
  },
  read: async (name) => (await watch.describeAlarms({ AlarmNames: [name], AlarmTypes: ['CompositeAlarm'] })).CompositeAlarms![0],
  change: async (name) => {
    await assert.rejects(watch.putCompositeAlarm({ AlarmName: name, AlarmRule: 'ALARM("part") AND' }), { name: 'ValidationException' });
    await watch.putCompositeAlarm({ AlarmName: name, AlarmRule: 'NOT ALARM("part")' });
    return ({ AlarmRule }: { AlarmRule: string }) => AlarmRule === 'NOT ALARM("part")';
  },
  pages: () => paginateDescribeAlarms({ client: watch, pageSize: 2 }, { AlarmTypes: ['CompositeAlarm'] }) as never,
  listed: 'CompositeAlarms',
  remove: (name) => watch.deleteAlarms({ AlarmNames: [name] }),
});

life('dashboard', {
  make: async (number) => {
    await watch.putDashboard({ DashboardName: `d-${number}`, DashboardBody: '{"widgets":[]}' });
    return `d-${number}`;
  },
  read: (name) => watch.getDashboard({ DashboardName: name }),
  gone: 'ResourceNotFound',
  change: async (name) => {
    const DashboardBody = '{"widgets":[{"type":"text","properties":{"markdown":"hello"}}]}';
    await watch.putDashboard({ DashboardName: name, DashboardBody });
    assert.equal((await watch.listDashboards({ DashboardNamePrefix: 'd-' })).DashboardEntries!.length, 3);
    return (found: { DashboardBody: string }) => found.DashboardBody === DashboardBody;
  },
  remove: (name) => watch.deleteDashboards({ DashboardNames: [name] }),
});
