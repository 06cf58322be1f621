import {
  alarms,
  autoScalingGroups,
  dbInstances,
  groupMembers,
  instances,
  instanceTagsOf,
  scalableTargets,
  services,
  type Place,
} from '../../aws/index.ts';
import { taskDefinitions, tasks, type AlarmResource, type InstanceResource, type TaskResource } from '../../aws/index.ts';
import type { AlarmPicture, CapacityPicture, DatabasePicture, Picture, TargetGroupPicture, UnitPicture } from '../../console/index.ts';
import type { WorkloadUsage } from '../../model/index.ts';
import { databaseLatencyOf } from '../../region/index.ts';
import { loadBalancersOf, targetGroupsOf } from './balancing.ts';
import { rounded, type Taken } from './rates.ts';
import type { ConsoleSource } from './source.ts';

type Usage = ReadonlyMap<string, WorkloadUsage>;
/** By a target's id: an instance's id, or the address of a task. */
type Health = ReadonlyMap<string, AsTarget>;
type AsTarget = Required<Pick<UnitPicture, 'health' | 'requestsPerSecond'>>;

/** All that the overview shows of a region, as it is now. */
export async function lookAt(source: ConsoleSource, region: string, rates: Taken): Promise<Picture> {
  const { endpoint, timeScale, running } = source;
  const at = endpoint.place(region);
  const usage: Usage = running?.usage() ?? new Map();
  const targetGroups = await targetGroupsOf(endpoint, region, rates);
  const health = healthOf(targetGroups);
  const databases = databasesOf(at);
  return {
    atMs: endpoint.world.clock.nowMs(),
    region,
    timeScale,
    live: running !== undefined,
    loadBalancers: loadBalancersOf(at, targetGroups, rates),
    targetGroups,
    capacities: [...servicesOf(at, usage, health, databases), ...groupsOf(at, usage, health, databases)],
    instances: looseInstances(at, usage, health),
    databases,
    alarms: at.table(alarms).values().map(alarmPicture),
  };
}

/** What is in several groups is as well as the last of them says, and takes the requests of all. */
function healthOf(targetGroups: readonly TargetGroupPicture[]): Health {
  const health = new Map<string, AsTarget>();
  for (const { id, state, requestsPerSecond } of targetGroups.flatMap(({ targets }) => targets))
    health.set(id, {
      health: state === 'healthy' || state === 'unhealthy' ? state : 'unknown',
      requestsPerSecond: rounded(requestsPerSecond + (health.get(id)?.requestsPerSecond ?? 0)),
    });
  return health;
}

function servicesOf(at: Place, usage: Usage, health: Health, databases: readonly DatabasePicture[]): CapacityPicture[] {
  const bounds = new Map(
    at
      .table(scalableTargets)
      .values()
      .map((target) => [target.ResourceId, target]),
  );
  const byGroup = Map.groupBy(
    at.table(tasks).filter(({ lastStatus }) => lastStatus !== 'STOPPED'),
    ({ group = '' }) => group,
  );
  return at
    .table(services)
    .filter(({ status }) => status !== 'INACTIVE')
    .map((service): CapacityPicture => {
      const cluster = lastPart(service.clusterArn);
      const own = (byGroup.get(`service:${service.serviceName}`) ?? []).filter(({ clusterArn }) => clusterArn === service.clusterArn);
      const scaled = bounds.get(`service/${cluster}/${service.serviceName}`);
      const defined = at.table(taskDefinitions).get(lastPart(service.taskDefinition ?? ''))?.containerDefinitions ?? [];
      const environment = defined.flatMap(({ environment = [] }) => environment.map(({ value = '' }) => value)).join('\n');
      return {
        kind: 'service',
        id: service.serviceArn,
        name: service.serviceName,
        cluster,
        desired: service.desiredCount,
        running: own.filter(({ lastStatus, desiredStatus }) => lastStatus === 'RUNNING' && desiredStatus === 'RUNNING').length,
        ...(scaled === undefined ? {} : { min: scaled.MinCapacity ?? 0, max: scaled.MaxCapacity ?? 0 }),
        units: own.map((task) => taskPicture(task, usage, health)),
        targetGroupArns: (service.loadBalancers ?? []).flatMap(({ targetGroupArn }) => targetGroupArn ?? []),
        databases: mentioned(environment, databases),
      };
    });
}

function taskPicture(task: TaskResource, usage: Usage, health: Health): UnitPicture {
  const id = lastPart(task.taskArn);
  const address = task.attachments?.flatMap(({ details = [] }) => details).find(({ name }) => name === 'privateIPv4Address')?.value;
  const own = [...usage].filter(([workload]) => workload === id || workload.startsWith(`${id}-`)).map(([, used]) => used);
  const leaving = task.desiredStatus === 'STOPPED';
  return {
    id,
    name: id.slice(0, 8),
    state: task.lastStatus,
    phase: leaving ? 'leaving' : task.lastStatus === 'RUNNING' ? 'running' : 'starting',
    health: ownHealth(task.healthStatus),
    ...health.get(address ?? ''),
    ...used(own),
    ...(task.startedAt === undefined ? {} : { startedAtMs: task.startedAt }),
  };
}

const ownHealth = (status: string | undefined): UnitPicture['health'] =>
  status === 'HEALTHY' ? 'healthy' : status === 'UNHEALTHY' ? 'unhealthy' : 'unknown';

function groupsOf(at: Place, usage: Usage, health: Health, databases: readonly DatabasePicture[]): CapacityPicture[] {
  const byGroup = Map.groupBy(at.table(groupMembers).values(), ({ group }) => group);
  return at
    .table(autoScalingGroups)
    .values()
    .map((group): CapacityPicture => {
      const members = byGroup.get(group.AutoScalingGroupName) ?? [];
      const launched = members.flatMap(({ instanceId }) => at.table(instances).get(instanceId) ?? []);
      const userData = launched.map(({ userData = '' }) => Buffer.from(userData, 'base64').toString('utf8')).join('\n');
      return {
        kind: 'group',
        id: group.AutoScalingGroupName,
        name: group.AutoScalingGroupName,
        desired: group.DesiredCapacity,
        running: members.filter(({ lifecycleState }) => lifecycleState === 'InService').length,
        min: group.MinSize,
        max: group.MaxSize,
        units: members.map(({ instanceId, lifecycleState }) => ({
          ...instancePicture(instanceId, at.table(instances).get(instanceId), usage, health),
          state: lifecycleState,
          phase: phaseOf(lifecycleState),
        })),
        targetGroupArns: group.TargetGroupARNs ?? [],
        databases: mentioned(userData, databases),
      };
    });
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html */
function phaseOf(lifecycleState: string): UnitPicture['phase'] {
  if (/Terminat|Detach|EnteringStandby/.test(lifecycleState)) return 'leaving';
  return lifecycleState.includes('Pending') ? 'starting' : 'running';
}

function looseInstances(at: Place, usage: Usage, health: Health): UnitPicture[] {
  return at
    .table(instances)
    .filter(({ InstanceId, state }) => state !== 'terminated' && !at.table(groupMembers).has(InstanceId))
    .map((instance) => {
      const tagName = instanceTagsOf(at, instance.InstanceId).find(({ Key }) => Key === 'Name')?.Value;
      const picture = instancePicture(instance.InstanceId, instance, usage, health);
      return tagName === undefined || tagName === '' ? picture : { ...picture, tagName };
    });
}

function instancePicture(id: string, instance: InstanceResource | undefined, usage: Usage, health: Health): UnitPicture {
  const state = instance?.state ?? 'terminated';
  const own = usage.get(id);
  return {
    id,
    name: id,
    state,
    phase: state === 'pending' ? 'starting' : state === 'running' ? 'running' : 'leaving',
    health: state === 'running' ? 'healthy' : 'unknown',
    ...health.get(id),
    ...used(own === undefined ? [] : [own]),
    ...(instance?.LaunchTime === undefined ? {} : { startedAtMs: instance.LaunchTime }),
  };
}

/** Containers of a task have each a limit of its own; the fullest counts. */
function used(own: readonly WorkloadUsage[]): { cpuPercent?: number; memoryPercent?: number } {
  if (own.length === 0) return {};
  return {
    cpuPercent: rounded(Math.max(...own.map(({ cpuPercent }) => cpuPercent))),
    memoryPercent: rounded(Math.max(...own.map(({ memoryPercent }) => memoryPercent))),
  };
}

/** CloudWatch's period for metrics of AWS; the newest one that has a point counts, if it is not the one before the last. */
const periodMs = 60_000;

function databasesOf(at: Place): DatabasePicture[] {
  const { clock, machinery } = at.world;
  const store = machinery.metrics?.(at);
  const latest = (name: string, id: string): number | undefined => {
    const identity = { namespace: 'AWS/RDS', name, dimensions: { DBInstanceIdentifier: id } };
    const nowMs = clock.nowMs();
    return store?.statistics({ identity, statistic: 'Maximum', periodS: 60, startMs: nowMs - 2 * periodMs, endMs: nowMs + periodMs }).at(-1)
      ?.value;
  };
  return at
    .table(dbInstances)
    .values()
    .map(({ DBInstanceIdentifier: id, DBInstanceArn: arn, Engine, DBInstanceStatus, Endpoint }): DatabasePicture => {
      const connections = latest('DatabaseConnections', id);
      const cpuPercent = latest('CPUUtilization', id);
      const addedLatencyMs = databaseLatencyOf(at, arn);
      return {
        id,
        arn,
        engine: Engine,
        state: DBInstanceStatus,
        ...(Endpoint?.Address === undefined ? {} : { address: Endpoint.Address }),
        ...(connections === undefined ? {} : { connections }),
        ...(cpuPercent === undefined ? {} : { cpuPercent: rounded(cpuPercent) }),
        ...(addedLatencyMs === 0 ? {} : { addedLatencyMs }),
      };
    });
}

function mentioned(text: string, databases: readonly DatabasePicture[]): string[] {
  return databases.filter(({ address }) => address !== undefined && text.includes(address)).map(({ id }) => id);
}

const signs: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: '≥',
  GreaterThanThreshold: '>',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '≤',
};

function alarmPicture(alarm: AlarmResource): AlarmPicture {
  return {
    name: alarm.AlarmName,
    state: alarm.StateValue ?? 'INSUFFICIENT_DATA',
    reason: alarm.StateReason ?? '',
    condition: alarm.composite ? (alarm.AlarmRule ?? '') : conditionOf(alarm),
  };
}

function conditionOf({
  MetricName,
  ComparisonOperator,
  Threshold,
  DatapointsToAlarm,
  EvaluationPeriods = 1,
  Period = 60,
}: AlarmResource): string {
  const what = `${MetricName ?? 'expression'} ${signs[ComparisonOperator ?? ''] ?? ''} ${Threshold ?? ''}`;
  return `${what} for ${DatapointsToAlarm ?? EvaluationPeriods} of ${EvaluationPeriods} × ${Period} s`;
}

const lastPart = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);
