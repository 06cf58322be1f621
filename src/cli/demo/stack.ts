import { serviceKey, type Region } from '../../region/index.ts';
import type { Database, Service, TargetGroupResource } from '../../model/index.ts';

/** The demo's stack, the same parts as examples of the course deploy on AWS: ALB → ECS service → RDS. */
export interface EcsStack {
  readonly url: string;
  readonly serviceKey: string;
  readonly service: Service;
  readonly targetGroup: TargetGroupResource;
  readonly database: Database;
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

const minTasks = 1;
const maxTasks = 4;
const healthyWithinMs = 60_000;
/** Region time. A process starts in wall time: at a scale of 20 this leaves it 15 s, where two failed checks would leave it one. */
const startGraceS = 300;

/** Creates everything and resolves when the first task takes traffic. */
export async function createEcsStack(region: Region, options: EcsStackOptions, onStep: (text: string) => void): Promise<EcsStack> {
  const { signal } = options;
  onStep('starting PostgreSQL');
  const database = await region.rds.create({
    identifier: 'taskoverflow',
    databaseName: 'taskoverflow',
    username: 'administrator',
    password: 'VerySecurePassword123XYZ',
    maxConnections: 100,
  });
  onStep(`${database.engineVersion ?? 'PostgreSQL'} is available at ${database.address}:${database.port}`);

  signal.throwIfAborted();
  const targetGroup = region.loadBalancing.createTargetGroup({
    name: 'taskoverflow',
    port: 6400,
    protocol: 'HTTP',
    algorithm: 'round_robin',
    deregistrationDelayS: 300,
    healthCheck: {
      path: '/api/v1/health',
      port: 'traffic-port',
      intervalS: 10,
      timeoutS: 5,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
      matcher: '200',
    },
  });
  const loadBalancer = region.loadBalancing.createLoadBalancer('taskoverflow');
  const listener = await region.loadBalancing.createListener({
    loadBalancerArn: loadBalancer.arn,
    port: 80,
    protocol: 'HTTP',
    targetGroupArn: targetGroup.arn,
  });
  const bound = region.loadBalancing.boundTo(listener.arn);
  const url = `http://${bound?.host}:${bound?.port}`;
  onStep(`load balancer taskoverflow listens on ${url}`);

  const service = region.ecs.createService({
    cluster: 'taskoverflow',
    name: 'taskoverflow',
    desiredCount: minTasks,
    targetGroupId: targetGroup.arn,
    healthCheckGracePeriodMs: startGraceS * 1000,
    taskDefinition: {
      family: 'taskoverflow',
      revision: 1,
      cpuUnits: options.cpuUnits,
      memoryMiB: options.memoryMiB,
      image: 'ghcr.io/csse6400/taskoverflow:latest',
      containerPort: 6400,
      environment: { SQLALCHEMY_DATABASE_URI: connectionUri(database), LOG_LEVEL: 'warn' },
    },
  });
  const key = serviceKey(service);
  const resourceId = `service/${key}`;
  region.scaling.registerScalableTarget({ resourceId, minCapacity: minTasks, maxCapacity: maxTasks });
  region.scaling.putTargetTrackingPolicy({
    name: 'taskoverflow-cpu',
    resourceId,
    targetValue: options.targetCpuPercent,
    scaleOutCooldownMs: 300_000,
    scaleInCooldownMs: 300_000,
    disableScaleIn: false,
  });
  await region.waitFor('the first task is healthy', healthyWithinMs, () => healthyTasks(region, key) >= minTasks, signal);
  onStep('one task is healthy behind the load balancer');
  return { url, serviceKey: key, service, targetGroup, database, minTasks, maxTasks };
}

export function healthyTasks(region: Region, key: string): number {
  return region.ecs.tasks(key).filter((task) => task.state === 'RUNNING' && task.health === 'HEALTHY').length;
}

function connectionUri(database: Database): string {
  const { username, password, address, port, databaseName } = database;
  return `postgresql://${encodeURIComponent(username)}:${encodeURIComponent(password)}@${address}:${port}/${databaseName}`;
}
