import { PlimsollError } from '../../base/index.ts';
import { alarms, dbInstances, scalingActivities, services, type AlarmResource, type DBInstanceResource } from '../../aws/index.ts';
import type { ScalingActivity, Task } from '../../model/index.ts';
import { regionErrors, type Region } from '../../region/index.ts';

/** The demo's stack, the same parts as examples of the course deploy on AWS: ALB → ECS service → RDS. */
export interface EcsStack {
  readonly url: string;
  readonly serviceArn: string;
  readonly database: DBInstanceResource;
  readonly minTasks: number;
  readonly maxTasks: number;
}

export interface EcsStackOptions {
  /** 256 is a quarter of a vCPU, Fargate's smallest: four of them fit on a machine of two cores beside everything else. */
  cpuUnits: number;
  memoryMiB: number;
  targetCpuPercent: number;
  signal: AbortSignal;
}

const name = 'taskoverflow';
const region = 'us-east-1';
const resourceId = `service/${name}/${name}`;
const minTasks = 1;
const maxTasks = 4;
const readyWithinMs = 60_000;
const containerPort = 6400;
/** Region time. A process starts in wall time: at a scale of 20 this leaves it 15 s, where two failed checks would leave it one. */
const startGraceS = 300;
const password = 'VerySecurePassword123XYZ';

/** Creates everything by calls of the AWS API, as Terraform would, and resolves when the first task takes traffic. */
export async function createEcsStack(live: Region, options: EcsStackOptions, onStep: (text: string) => void): Promise<EcsStack> {
  const { signal } = options;
  onStep('starting PostgreSQL');
  const database = await createDatabase(live, signal);
  onStep(`PostgreSQL is available at ${endpointOf(database)}`);
  const { Subnets = [] } = await live.endpoint.call('ec2', 'DescribeSubnets', {}, region);
  const subnets = Subnets.flatMap(({ SubnetId }) => SubnetId ?? []);
  const { targetGroupArn, url } = await createBalancer(live, Subnets[0]?.VpcId ?? '', subnets, signal);
  onStep(`load balancer ${name} listens on ${url}`);
  const serviceArn = await createService(live, options, { subnets, targetGroupArn, database });
  await createScaling(live, options.targetCpuPercent);
  const stack = { url, serviceArn, database, minTasks, maxTasks };
  await live.waitFor('the first task is healthy', readyWithinMs, () => healthyTasks(live, stack) >= minTasks, signal);
  onStep('one task is healthy behind the load balancer');
  return stack;
}

async function createDatabase(live: Region, signal: AbortSignal): Promise<DBInstanceResource> {
  await live.endpoint.call(
    'rds',
    'CreateDBInstance',
    {
      DBInstanceIdentifier: name,
      DBInstanceClass: 'db.t3.micro',
      Engine: 'postgres',
      AllocatedStorage: 20,
      DBName: name,
      MasterUsername: 'administrator',
      MasterUserPassword: password,
    },
    region,
  );
  const found = (): DBInstanceResource => live.place(region).table(dbInstances).get(name)!;
  await live.waitFor('the database is available', readyWithinMs, () => found().DBInstanceStatus !== 'creating', signal);
  if (found().DBInstanceStatus !== 'available') {
    throw new PlimsollError(regionErrors.PL_REGION_NOT_READY, {
      what: `PostgreSQL could not be started: ${live.databases.failureOf(live.place(region), name) ?? 'unknown reason'}`,
    });
  }
  return found();
}

async function createBalancer(
  live: Region,
  vpcId: string,
  subnets: readonly string[],
  signal: AbortSignal,
): Promise<{ targetGroupArn: string; url: string }> {
  const { endpoint, loadBalancing } = live;
  const { TargetGroups = [] } = await endpoint.call(
    'elbv2',
    'CreateTargetGroup',
    {
      Name: name,
      Port: containerPort,
      Protocol: 'HTTP',
      VpcId: vpcId,
      TargetType: 'ip',
      HealthCheckPath: '/api/v1/health',
      HealthCheckIntervalSeconds: 10,
      HealthCheckTimeoutSeconds: 5,
      HealthyThresholdCount: 2,
      UnhealthyThresholdCount: 2,
    },
    region,
  );
  const targetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
  const { LoadBalancers = [] } = await endpoint.call('elbv2', 'CreateLoadBalancer', { Name: name, Subnets: subnets.slice(0, 2) }, region);
  const { Listeners = [] } = await endpoint.call(
    'elbv2',
    'CreateListener',
    {
      LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn ?? '',
      Port: 80,
      Protocol: 'HTTP',
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
    },
    region,
  );
  const listener = Listeners[0]?.ListenerArn ?? '';
  const settled = (): boolean => loadBalancing.boundTo(listener) !== undefined || loadBalancing.failureOf(listener) !== undefined;
  await live.waitFor('the load balancer listens', readyWithinMs, settled, signal);
  const bound = loadBalancing.boundTo(listener);
  if (bound !== undefined) return { targetGroupArn, url: `http://${bound.host}:${bound.port}` };
  throw new PlimsollError(regionErrors.PL_REGION_LISTENER_FAILED, {
    what: `the load balancer cannot listen: ${loadBalancing.failureOf(listener)}`,
    fix: 'free that port or choose another with --port',
  });
}

async function createService(
  { endpoint }: Region,
  { cpuUnits, memoryMiB }: EcsStackOptions,
  { subnets, targetGroupArn, database }: { subnets: string[]; targetGroupArn: string; database: DBInstanceResource },
): Promise<string> {
  await endpoint.call('ecs', 'CreateCluster', { clusterName: name }, region);
  await endpoint.call(
    'ecs',
    'RegisterTaskDefinition',
    {
      family: name,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: String(cpuUnits),
      memory: String(memoryMiB),
      containerDefinitions: [
        {
          name,
          image: 'ghcr.io/csse6400/taskoverflow:latest',
          portMappings: [{ containerPort }],
          environment: [
            { name: 'SQLALCHEMY_DATABASE_URI', value: connectionUri(database) },
            { name: 'LOG_LEVEL', value: 'warn' },
          ],
        },
      ],
    },
    region,
  );
  const { service } = await endpoint.call(
    'ecs',
    'CreateService',
    {
      cluster: name,
      serviceName: name,
      taskDefinition: name,
      desiredCount: minTasks,
      launchType: 'FARGATE',
      healthCheckGracePeriodSeconds: startGraceS,
      networkConfiguration: { awsvpcConfiguration: { subnets } },
      loadBalancers: [{ targetGroupArn, containerName: name, containerPort }],
    },
    region,
  );
  return service?.serviceArn ?? '';
}

async function createScaling({ endpoint }: Region, targetCpuPercent: number): Promise<void> {
  const target = { ServiceNamespace: 'ecs', ResourceId: resourceId, ScalableDimension: 'ecs:service:DesiredCount' } as const;
  await endpoint.call(
    'application-autoscaling',
    'RegisterScalableTarget',
    { ...target, MinCapacity: minTasks, MaxCapacity: maxTasks },
    region,
  );
  await endpoint.call(
    'application-autoscaling',
    'PutScalingPolicy',
    {
      ...target,
      PolicyName: `${name}-cpu`,
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: targetCpuPercent,
        ScaleOutCooldown: 300,
        ScaleInCooldown: 300,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    },
    region,
  );
}

/** All tasks of the stack's service, stopped ones among them for a while. */
export function tasksOf(live: Region, { serviceArn }: EcsStack): Task[] {
  return live.services.tasksOf(serviceArn).map(({ task }) => task);
}

export function healthyTasks(live: Region, stack: EcsStack): number {
  return tasksOf(live, stack).filter((task) => task.state === 'RUNNING' && task.health === 'HEALTHY').length;
}

export function desiredCount(live: Region, { serviceArn }: EcsStack): number {
  return live.place(region).table(services).get(serviceArn)?.desiredCount ?? 0;
}

export async function setDesiredCount(live: Region, count: number): Promise<void> {
  await live.endpoint.call('ecs', 'UpdateService', { cluster: name, service: name, desiredCount: count }, region);
}

export function alarmsOf(live: Region): AlarmResource[] {
  return live.place(region).table(alarms).values();
}

export function databaseOf(live: Region): DBInstanceResource {
  return live.place(region).table(dbInstances).get(name)!;
}

/** What scaling did to the service, newest first. */
export function activitiesOf(live: Region): ScalingActivity[] {
  let from = minTasks;
  const done = live
    .place(region)
    .table(scalingActivities)
    .filter(({ NotScaledReasons }) => NotScaledReasons === undefined)
    .map((activity): ScalingActivity => {
      const to = Number(/to (\d+)/.exec(activity.Description ?? '')?.[1] ?? from);
      const entry = {
        id: activity.ActivityId,
        resourceId: activity.ResourceId,
        atMs: activity.StartTime,
        description: activity.Description ?? '',
        cause: activity.Cause ?? '',
        from,
        to,
        status: 'Successful',
      } as const;
      from = to;
      return entry;
    });
  return done.toReversed();
}

export function endpointOf({ Endpoint }: DBInstanceResource): string {
  return `${Endpoint?.Address ?? ''}:${Endpoint?.Port ?? 0}`;
}

function connectionUri(database: DBInstanceResource): string {
  return `postgresql://${database.MasterUsername ?? ''}:${password}@${endpointOf(database)}/${database.DBName ?? ''}`;
}
