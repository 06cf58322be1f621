import { scalingActivities, services, type DBInstanceResource } from '../../aws/index.ts';
import type { ScalingActivity } from '../../model/index.ts';
import type { Region } from '../../region/index.ts';
import {
  connectionUri,
  containerPort,
  createBalancer,
  createDatabase,
  defaultSubnets,
  endpointOf,
  healthyUnits,
  image,
  maxUnits,
  minUnits,
  name,
  patienceMs,
  readyWithinMs,
  region,
  type Stack,
  type StackOptions,
  type Unit,
} from './stack.ts';

const resourceId = `service/${name}/${name}`;
/** Region time. A process starts in wall time: at a scale of 20 this leaves it 15 s, where two failed checks would leave it one. */
const startGraceS = 300;

/** ALB → ECS service → RDS, made by calls of the AWS API, as Terraform would. Resolves when the first task takes traffic. */
export async function createEcsStack(live: Region, options: StackOptions, onStep: (text: string) => void): Promise<Stack> {
  const { signal } = options;
  onStep('starting PostgreSQL');
  const database = await createDatabase(live, signal);
  onStep(`PostgreSQL is available at ${endpointOf(database)}`);
  const network = await defaultSubnets(live);
  const { targetGroupArn, url } = await createBalancer(live, { ...network, targetType: 'ip' }, signal);
  onStep(`load balancer ${name} listens on ${url}`);
  const serviceArn = await createService(live, options, { subnets: network.subnets, targetGroupArn, database });
  await createScaling(live, options.targetCpuPercent);
  const stack: Stack = {
    kind: 'ecs',
    noun: 'task',
    url,
    database,
    minUnits,
    maxUnits,
    units: () => tasksOf(live, serviceArn),
    desired: () => live.place(region).table(services).get(serviceArn)?.desiredCount ?? 0,
    activities: () => activitiesOf(live),
  };
  await live.waitFor('the first task is healthy', readyWithinMs, () => healthyUnits(stack) >= minUnits, signal);
  onStep('one task is healthy behind the load balancer');
  return stack;
}

async function createService(
  { endpoint }: Region,
  { cpuUnits, memoryMiB }: StackOptions,
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
          image,
          portMappings: [{ containerPort }],
          environment: [
            { name: 'SQLALCHEMY_DATABASE_URI', value: connectionUri(database) },
            { name: 'LOG_LEVEL', value: 'warn' },
            { name: 'DATABASE_STATEMENT_TIMEOUT_MS', value: String(patienceMs) },
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
      desiredCount: minUnits,
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
    { ...target, MinCapacity: minUnits, MaxCapacity: maxUnits },
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

function tasksOf(live: Region, serviceArn: string): Unit[] {
  return live.services
    .tasksOf(serviceArn)
    .filter(({ task }) => task.state !== 'STOPPED')
    .map(({ task: { id, state, health, address } }) => ({
      id,
      state,
      health,
      address,
      cpuPercent: live.usage.workloads.get(id)?.cpuPercent,
    }));
}

/** UpdateService. */
export async function setDesiredCount(live: Region, count: number): Promise<void> {
  await live.endpoint.call('ecs', 'UpdateService', { cluster: name, service: name, desiredCount: count }, region);
}

function activitiesOf(live: Region): ScalingActivity[] {
  let from = minUnits;
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
