/** Auto Scaling groups, ECS services and databases with their policies and alarms, as Terraform's AWS provider manages them. */
import assert from 'node:assert/strict';
import { codeOf, stable, until, type Managed, type Provider } from './provider.ts';

export interface Group extends Managed {
  update(maxSize: number): Promise<void>;
}

export async function group({ scaling }: Provider, name: string, templateId: string): Promise<Group> {
  const AutoScalingGroupName = name;
  await scaling.createAutoScalingGroup({
    AutoScalingGroupName,
    AvailabilityZones: ['us-east-1a'],
    MinSize: 1,
    MaxSize: 4,
    DesiredCapacity: 1,
    HealthCheckGracePeriod: 300,
    NewInstancesProtectedFromScaleIn: false,
    LaunchTemplate: { LaunchTemplateId: templateId, Version: '$Latest' },
    Tags: [{ Key: 'Name', Value: name, PropagateAtLaunch: true, ResourceId: name, ResourceType: 'auto-scaling-group' }],
  });
  const find = async () => (await scaling.describeAutoScalingGroups({ AutoScalingGroupNames: [name] })).AutoScalingGroups![0];
  const inService = async () =>
    (await find())!.Instances!.filter((one) => one.LifecycleState === 'InService' && one.HealthStatus === 'Healthy').length;
  await until(`capacity of ${name}`, 1, inService);
  const { Activities = [] } = await scaling.describeScalingActivities({ AutoScalingGroupName });
  assert.ok(Activities.every(({ StatusCode }) => StatusCode === 'Successful'));
  return {
    name,
    id: name,
    read: find,
    async update(MaxSize) {
      await scaling.updateAutoScalingGroup({ AutoScalingGroupName, MinSize: 1, MaxSize, DesiredCapacity: 1, DefaultCooldown: 120 });
      await scaling.enableMetricsCollection({ AutoScalingGroupName, Granularity: '1Minute' });
      await scaling.createOrUpdateTags({
        Tags: [{ Key: 'Stage', Value: 'two', PropagateAtLaunch: false, ResourceId: name, ResourceType: 'auto-scaling-group' }],
      });
      const after = await find();
      assert.deepEqual([after?.MaxSize, after?.DefaultCooldown, after?.Tags?.length], [MaxSize, 120, 2]);
    },
    async destroy() {
      await scaling.updateAutoScalingGroup({ AutoScalingGroupName, MinSize: 0, MaxSize: 0, DesiredCapacity: 0 });
      await until(`drained ${name}`, 0, async () => (await find())!.Instances!.length);
      await scaling.deleteAutoScalingGroup({ AutoScalingGroupName, ForceDelete: false });
      await until(name, undefined, find);
    },
  };
}

export async function groupAttachment({ scaling }: Provider, name: string, targetGroupArn: string): Promise<Managed> {
  const given = { AutoScalingGroupName: name, TargetGroupARNs: [targetGroupArn] };
  await scaling.attachLoadBalancerTargetGroups(given);
  const attached = async () =>
    (await scaling.describeAutoScalingGroups({ AutoScalingGroupNames: [name] })).AutoScalingGroups![0]!.TargetGroupARNs;
  assert.deepEqual(await attached(), [targetGroupArn]);
  return {
    name: `${name} in its target group`,
    id: targetGroupArn,
    read: attached,
    async destroy() {
      await scaling.detachLoadBalancerTargetGroups(given);
      assert.deepEqual((await attached()) ?? [], []);
    },
  };
}

export interface SimplePolicy extends Managed {
  update(adjustment: number): Promise<void>;
}

export async function simplePolicy({ scaling }: Provider, AutoScalingGroupName: string, name: string, by: number): Promise<SimplePolicy> {
  const put = (ScalingAdjustment: number) =>
    scaling.putScalingPolicy({
      AutoScalingGroupName,
      PolicyName: name,
      PolicyType: 'SimpleScaling',
      AdjustmentType: 'ChangeInCapacity',
      ScalingAdjustment,
      Cooldown: 120,
      Enabled: true,
    });
  const { PolicyARN } = await put(by);
  const find = async () => (await scaling.describePolicies({ AutoScalingGroupName, PolicyNames: [name] })).ScalingPolicies![0];
  return {
    name,
    id: PolicyARN!,
    read: find,
    async update(adjustment) {
      assert.equal((await put(adjustment)).PolicyARN, PolicyARN);
      assert.equal((await find())?.ScalingAdjustment, adjustment);
    },
    async destroy() {
      await scaling.deletePolicy({ AutoScalingGroupName, PolicyName: name });
      assert.equal(await find(), undefined);
    },
  };
}

export interface MetricAlarm extends Managed {
  update(threshold: number): Promise<void>;
}

export async function metricAlarm({ cloudwatch }: Provider, name: string, groupName: string, action: string): Promise<MetricAlarm> {
  const put = (Threshold: number) =>
    cloudwatch.putMetricAlarm({
      AlarmName: name,
      AlarmDescription: 'Monitors CPU utilization for Todo',
      ActionsEnabled: true,
      AlarmActions: [action],
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 2,
      Threshold,
      TreatMissingData: 'missing',
      Namespace: 'AWS/EC2',
      MetricName: 'CPUUtilization',
      Period: 120,
      Statistic: 'Average',
      Dimensions: [{ Name: 'AutoScalingGroupName', Value: groupName }],
      Tags: [{ Key: 'Name', Value: name }],
    });
  await put(20);
  const find = async () => {
    const { MetricAlarms = [] } = await cloudwatch.describeAlarms({ AlarmNames: [name], AlarmTypes: ['MetricAlarm'] });
    return MetricAlarms[0];
  };
  const ResourceARN = (await find())!.AlarmArn!;
  return {
    name,
    id: ResourceARN,
    read: async () => [await find(), stable(await cloudwatch.listTagsForResource({ ResourceARN }))],
    async update(threshold) {
      await put(threshold);
      await cloudwatch.tagResource({ ResourceARN, Tags: [{ Key: 'Stage', Value: 'two' }] });
      await cloudwatch.untagResource({ ResourceARN, TagKeys: ['Name'] });
      assert.equal((await find())?.Threshold, threshold);
    },
    async destroy() {
      await cloudwatch.deleteAlarms({ AlarmNames: [name] });
      assert.equal(await find(), undefined);
    },
  };
}

export interface Database extends Managed {
  readonly address: string;
  update(backupRetentionPeriod: number): Promise<void>;
}

export async function database({ rds }: Provider, name: string, groupId: string): Promise<Database> {
  const DBInstanceIdentifier = name;
  const made = await rds.createDBInstance({
    DBInstanceIdentifier,
    AllocatedStorage: 20,
    MaxAllocatedStorage: 1000,
    AutoMinorVersionUpgrade: true,
    BackupRetentionPeriod: 0,
    CopyTagsToSnapshot: false,
    DBInstanceClass: 'db.t4g.micro',
    DBName: 'todo',
    DBParameterGroupName: 'default.postgres14',
    DeletionProtection: false,
    Engine: 'postgres',
    EngineVersion: '14',
    MasterUsername: 'administrator',
    MasterUserPassword: 'VerySecurePassword123XYZ',
    PubliclyAccessible: true,
    StorageEncrypted: false,
    Tags: [{ Key: 'Name', Value: name }],
    VpcSecurityGroupIds: [groupId],
  });
  const resourceId = made.DBInstance!.DbiResourceId!;
  const ResourceName = made.DBInstance!.DBInstanceArn!;
  const find = async () => (await rds.describeDBInstances({ DBInstanceIdentifier })).DBInstances![0]!;
  const available = () => until(name, 'available', async () => (await find()).DBInstanceStatus!);
  await available();
  const read = async () => [
    // From 5.0 on the provider knows a database by its resource id.
    stable(await rds.describeDBInstances({ Filters: [{ Name: 'dbi-resource-id', Values: [resourceId] }] })),
    stable(await rds.listTagsForResource({ ResourceName })),
  ];
  const { Endpoint, EngineVersion } = await find();
  assert.match(EngineVersion!, /^14/);
  return {
    name,
    id: resourceId,
    address: Endpoint!.Address!,
    read,
    async update(BackupRetentionPeriod) {
      await rds.modifyDBInstance({ DBInstanceIdentifier, ApplyImmediately: true, BackupRetentionPeriod });
      await available();
      await rds.addTagsToResource({ ResourceName, Tags: [{ Key: 'Stage', Value: 'two' }] });
      await rds.removeTagsFromResource({ ResourceName, TagKeys: ['Name'] });
      assert.equal((await find()).BackupRetentionPeriod, BackupRetentionPeriod);
    },
    async destroy() {
      await rds.deleteDBInstance({ DBInstanceIdentifier, SkipFinalSnapshot: true, DeleteAutomatedBackups: true });
      await until(name, 'DBInstanceNotFoundFault', () => codeOf(find()));
    },
  };
}

export async function cluster({ ecs }: Provider, clusterName: string): Promise<Managed> {
  const made = await ecs.createCluster({ clusterName, tags: [{ key: 'Name', value: clusterName }] });
  const clusterArn = made.cluster!.clusterArn!;
  const find = () => ecs.describeClusters({ clusters: [clusterArn], include: ['TAGS', 'CONFIGURATIONS', 'SETTINGS'] });
  const reached = (status: string) => until(clusterName, status, async () => (await find()).clusters![0]!.status!);
  await reached('ACTIVE');
  return {
    name: clusterName,
    id: clusterArn,
    read: async () => stable(await find()),
    async destroy() {
      await ecs.deleteCluster({ cluster: clusterArn });
      await reached('INACTIVE');
    },
  };
}

export async function taskDefinition({ ecs }: Provider, family: string, executionRoleArn: string): Promise<Managed> {
  const container = {
    name: family,
    image: 'ghcr.io/csse6400/taskoverflow:latest',
    cpu: 1024,
    memory: 2048,
    portMappings: [{ containerPort: 6400, hostPort: 6400 }],
    environment: [{ name: 'SQLALCHEMY_DATABASE_URI', value: 'postgresql://user:password@host:5432/todo' }],
    logConfiguration: { logDriver: 'awslogs' as const, options: { 'awslogs-group': '/taskoverflow/db', 'awslogs-region': 'us-east-1' } },
  };
  const made = await ecs.registerTaskDefinition({
    family,
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '1024',
    memory: '2048',
    executionRoleArn,
    containerDefinitions: [container],
    tags: [{ key: 'Name', value: family }],
  });
  const arn = made.taskDefinition!.taskDefinitionArn!;
  const find = () => ecs.describeTaskDefinition({ taskDefinition: arn, include: ['TAGS'] });
  return {
    name: family,
    id: arn,
    read: async () => stable(await find()),
    async destroy() {
      await ecs.deregisterTaskDefinition({ taskDefinition: arn });
      assert.equal((await find()).taskDefinition!.status, 'INACTIVE');
    },
  };
}

export interface Service extends Managed {
  update(taskDefinition: string, desiredCount: number): Promise<void>;
}

export interface ServiceParts {
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly subnetIds: string[];
  readonly groupId: string;
  readonly targetGroupArn: string;
}

export async function service({ ecs }: Provider, name: string, parts: ServiceParts): Promise<Service> {
  const { cluster, taskDefinition, subnetIds, groupId, targetGroupArn } = parts;
  const made = await ecs.createService({
    cluster,
    serviceName: name,
    taskDefinition,
    desiredCount: 1,
    launchType: 'FARGATE',
    schedulingStrategy: 'REPLICA',
    deploymentController: { type: 'ECS' },
    deploymentConfiguration: { maximumPercent: 200, minimumHealthyPercent: 100 },
    enableECSManagedTags: false,
    enableExecuteCommand: false,
    loadBalancers: [{ targetGroupArn, containerName: name, containerPort: 6400 }],
    networkConfiguration: { awsvpcConfiguration: { subnets: subnetIds, securityGroups: [groupId], assignPublicIp: 'ENABLED' } },
    tags: [{ key: 'Name', value: name }],
  });
  const arn = made.service!.serviceArn!;
  const find = async () => (await ecs.describeServices({ cluster, services: [arn], include: ['TAGS'] })).services![0]!;
  const stableCount = async () => {
    const { deployments = [], desiredCount, runningCount } = await find();
    return deployments.length === 1 && desiredCount === runningCount ? runningCount : `${deployments.length} deployments, ${runningCount}`;
  };
  await until(name, 1, stableCount);
  return {
    name,
    id: arn,
    read: find,
    async update(changed, desiredCount) {
      await ecs.updateService({ cluster, service: name, taskDefinition: changed, desiredCount, forceNewDeployment: false });
      await until(name, desiredCount, stableCount);
    },
    async destroy() {
      await ecs.updateService({ cluster, service: name, desiredCount: 0 });
      await until(name, 0, stableCount);
      await ecs.deleteService({ cluster, service: name, force: false });
      await until(name, 'INACTIVE', async () => (await find()).status!);
    },
  };
}

export interface ScalableTarget extends Managed {
  update(maxCapacity: number): Promise<void>;
}

const dimension = { ServiceNamespace: 'ecs', ScalableDimension: 'ecs:service:DesiredCount' } as const;

export async function scalableTarget({ applicationScaling }: Provider, ResourceId: string): Promise<ScalableTarget> {
  const register = (MaxCapacity: number) =>
    applicationScaling.registerScalableTarget({ ...dimension, ResourceId, MinCapacity: 1, MaxCapacity });
  const ResourceARN = (await register(4)).ScalableTargetARN!;
  const find = async () =>
    (await applicationScaling.describeScalableTargets({ ...dimension, ResourceIds: [ResourceId] })).ScalableTargets![0];
  return {
    name: ResourceId,
    id: ResourceARN,
    read: async () => [await find(), stable(await applicationScaling.listTagsForResource({ ResourceARN }))],
    async update(max) {
      await register(max);
      assert.equal((await find())?.MaxCapacity, max);
    },
    async destroy() {
      await applicationScaling.deregisterScalableTarget({ ...dimension, ResourceId });
      await until(ResourceId, undefined, find);
    },
  };
}

export interface TrackingPolicy extends Managed {
  update(targetValue: number): Promise<void>;
}

export async function trackingPolicy(
  { applicationScaling, cloudwatch }: Provider,
  PolicyName: string,
  ResourceId: string,
): Promise<TrackingPolicy> {
  const put = (TargetValue: number) =>
    applicationScaling.putScalingPolicy({
      ...dimension,
      PolicyName,
      ResourceId,
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    });
  const { PolicyARN, Alarms = [] } = await put(20);
  assert.equal(Alarms.length, 2);
  const find = async () =>
    (await applicationScaling.describeScalingPolicies({ ...dimension, PolicyNames: [PolicyName], ResourceId })).ScalingPolicies![0];
  return {
    name: PolicyName,
    id: PolicyARN!,
    read: find,
    async update(value) {
      assert.equal((await put(value)).PolicyARN, PolicyARN);
      assert.equal((await find())?.TargetTrackingScalingPolicyConfiguration?.TargetValue, value);
    },
    async destroy() {
      await applicationScaling.deleteScalingPolicy({ ...dimension, PolicyName, ResourceId });
      assert.equal(await find(), undefined);
      const { MetricAlarms } = await cloudwatch.describeAlarms({ AlarmNamePrefix: 'TargetTracking-' });
      assert.deepEqual(MetricAlarms, []);
    },
  };
}
