import { PlimsollError } from '../../base/index.ts';
import { alarms, dbInstances, type AlarmResource, type DBInstanceResource } from '../../aws/index.ts';
import type { ScalingActivity } from '../../model/index.ts';
import { regionErrors, type Region } from '../../region/index.ts';

/** One of the like parts that a stack has more or fewer of: a task, an instance. */
export interface Unit {
  readonly id: string;
  /** In AWS's words, e.g. RUNNING or InService. */
  readonly state: string;
  readonly health: string;
  readonly address: string;
  readonly cpuPercent: number | undefined;
}

/** What the demo swarms: TaskOverflow behind a load balancer, with a database, on something that scales from one to four. */
export interface Stack {
  readonly kind: 'ecs' | 'ec2';
  /** What a unit is called. */
  readonly noun: 'task' | 'instance';
  readonly url: string;
  readonly database: DBInstanceResource;
  readonly minUnits: number;
  readonly maxUnits: number;
  /** Those that are there or on their way, in or out. */
  units(): Unit[];
  desired(): number;
  /** What scaling did, newest first. */
  activities(): ScalingActivity[];
}

export interface StackOptions {
  /** 256 is a quarter of a vCPU, Fargate's smallest: four of them fit on a machine of two cores beside everything else. */
  cpuUnits: number;
  memoryMiB: number;
  targetCpuPercent: number;
  signal: AbortSignal;
}

export const name = 'taskoverflow';
export const region = 'us-east-1';
export const image = 'ghcr.io/csse6400/taskoverflow:latest';
export const minUnits = 1;
export const maxUnits = 4;
export const readyWithinMs = 60_000;
export const containerPort = 6400;
/**
 * How long a query waits for one of the service's connections, and runs: the story overloads one task on purpose, and on a
 * computer that is busy with other things its users are to wait, not to be refused after five seconds.
 */
export const patienceMs = 30_000;
const password = 'VerySecurePassword123XYZ';

/** Takes traffic. */
export function healthyUnits(stack: Stack): number {
  return stack.units().filter(({ state, health }) => (state === 'RUNNING' || state === 'InService') && health === 'HEALTHY').length;
}

export function alarmsOf(live: Region): AlarmResource[] {
  return live.place(region).table(alarms).values();
}

export function databaseOf(live: Region): DBInstanceResource {
  return live.place(region).table(dbInstances).get(name)!;
}

export function endpointOf({ Endpoint }: DBInstanceResource): string {
  return `${Endpoint?.Address ?? ''}:${Endpoint?.Port ?? 0}`;
}

export function connectionUri(database: DBInstanceResource): string {
  return `postgresql://${database.MasterUsername ?? ''}:${password}@${endpointOf(database)}/${database.DBName ?? ''}`;
}

/** The subnets of the default VPC. */
export async function defaultSubnets(live: Region): Promise<{ vpcId: string; subnets: string[] }> {
  const { Subnets = [] } = await live.endpoint.call('ec2', 'DescribeSubnets', {}, region);
  return { vpcId: Subnets[0]?.VpcId ?? '', subnets: Subnets.flatMap(({ SubnetId }) => SubnetId ?? []) };
}

export async function createDatabase(live: Region, signal: AbortSignal): Promise<DBInstanceResource> {
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

export async function createBalancer(
  live: Region,
  { vpcId, subnets, targetType }: { vpcId: string; subnets: readonly string[]; targetType: 'ip' | 'instance' },
  signal: AbortSignal,
): Promise<{ targetGroupArn: string; url: string }> {
  const { endpoint } = live;
  const { TargetGroups = [] } = await endpoint.call(
    'elbv2',
    'CreateTargetGroup',
    {
      Name: name,
      Port: containerPort,
      Protocol: 'HTTP',
      VpcId: vpcId,
      TargetType: targetType,
      HealthCheckPath: '/api/v1/health',
      HealthCheckIntervalSeconds: 10,
      HealthCheckTimeoutSeconds: 5,
      HealthyThresholdCount: 2,
      UnhealthyThresholdCount: 2,
    },
    region,
  );
  const targetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
  const listener = await createListener(live, { name, subnets, targetGroupArn });
  return { targetGroupArn, url: await urlOnceListening(live, listener, signal) };
}

export interface FrontDoor {
  readonly name: string;
  /** The first two are the load balancer's. */
  readonly subnets: readonly string[];
  readonly targetGroupArn: string;
  readonly securityGroups?: readonly string[];
}

/** A load balancer with one listener, of HTTP at port 80, that forwards to a target group; the listener's ARN. */
export async function createListener({ endpoint }: Region, door: FrontDoor): Promise<string> {
  const { name: Name, subnets, securityGroups: groups = [], targetGroupArn } = door;
  const shape = { Name, Subnets: subnets.slice(0, 2), SecurityGroups: [...groups] };
  const { LoadBalancers = [] } = await endpoint.call('elbv2', 'CreateLoadBalancer', shape, region);
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
  return Listeners[0]?.ListenerArn ?? '';
}

/** Where clients reach a listener. @throws PL_REGION_LISTENER_FAILED */
export async function urlOnceListening(live: Region, listener: string, signal: AbortSignal): Promise<string> {
  const { loadBalancing } = live;
  const settled = (): boolean => loadBalancing.boundTo(listener) !== undefined || loadBalancing.failureOf(listener) !== undefined;
  await live.waitFor('the load balancer listens', readyWithinMs, settled, signal);
  const bound = loadBalancing.boundTo(listener);
  if (bound !== undefined) return `http://${bound.host}:${bound.port}`;
  throw new PlimsollError(regionErrors.PL_REGION_LISTENER_FAILED, {
    what: `the load balancer cannot listen: ${loadBalancing.failureOf(listener)}`,
    fix: 'free that port or choose another with --port',
  });
}
