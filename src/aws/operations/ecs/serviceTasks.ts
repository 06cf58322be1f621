import type { NetworkConfiguration } from '@aws-sdk/client-ecs';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { targetGroups } from '../elbv2/resources.ts';
import { deregisterTargets, registerTargets } from '../elbv2/targets.ts';
import { placeTask } from './placement.ts';
import {
  containerInstances,
  instancesOf,
  nameOf,
  requireCluster,
  requireTaskDefinition,
  services,
  taskSets,
  taskSetsOf,
  tasksOf,
  tasksStartedBy,
  type ContainerInstance,
  type Service,
  type Task,
  type TaskSet,
} from './resources.ts';
import { startTask, stopTask } from './taskLifecycle.ts';
import { tagsOf, type EcsTag } from './tags.ts';

const eventsMax = 100;

export function event(at: Place, service: Service, message: string): Service {
  const entry = { id: at.uuid(), createdAt: at.nowMs, message: `(service ${service.serviceName}) ${message}` };
  return at.table(services).patch(service, { events: [entry, ...(service.events ?? [])].slice(0, eventsMax) });
}

type LoadBalancers = Service['loadBalancers'];

/** What a task registers with a target group: its own address, or the instance that it runs on. */
function targetOf(at: Place, task: Task, port: number | undefined): { Id: string; Port?: number | undefined } | undefined {
  const address = task.attachments?.[0]?.details?.find(({ name }) => name === 'privateIPv4Address')?.value;
  if (address !== undefined) return { Id: address, Port: port };
  const instance = at.table(containerInstances).get(task.containerInstanceArn);
  return instance?.ec2InstanceId === undefined ? undefined : { Id: instance.ec2InstanceId, Port: port };
}

function eachTarget(at: Place, balancers: LoadBalancers, task: Task, act: typeof registerTargets): void {
  for (const { targetGroupArn, containerPort } of balancers ?? []) {
    const target = targetOf(at, task, containerPort);
    if (targetGroupArn !== undefined && target !== undefined && at.table(targetGroups).has(targetGroupArn))
      act(at, targetGroupArn, [target]);
  }
}

/** What one deployment or task set of a service runs. */
interface Rollout {
  /** Its tasks are known by it. */
  readonly id: string | undefined;
  readonly taskDefinition: string | undefined;
  readonly count: number;
  readonly fargate: boolean;
  readonly networkConfiguration: Plain<NetworkConfiguration> | undefined;
  readonly loadBalancers: LoadBalancers;
}

function propagatedTags(at: Place, service: Service, definitionArn: string): EcsTag[] | undefined {
  if (service.propagateTags === 'SERVICE') return tagsOf(at, service.serviceArn);
  return service.propagateTags === 'TASK_DEFINITION' ? tagsOf(at, definitionArn) : undefined;
}

function stopTasks(at: Place, leaving: readonly Task[], { id, loadBalancers }: Rollout): void {
  for (const task of leaving) {
    eachTarget(at, loadBalancers, task, deregisterTargets);
    stopTask(at, task, `Scaling activity initiated by (deployment ${id ?? ''})`, 'ServiceSchedulerInitiated');
  }
}

/** Starts what a rollout lacks: on Fargate, else on instances with room that `instances` gives. */
function startMissing(at: Place, service: Service, rollout: Rollout, running: number, instances: () => ContainerInstance[]): Task[] {
  if (rollout.taskDefinition === undefined) return [];
  const cluster = requireCluster(at, service.clusterArn);
  const definition = requireTaskDefinition(at, rollout.taskDefinition);
  const started: Task[] = [];
  for (let count = running; count < rollout.count; count++) {
    const place = rollout.fargate ? undefined : placeTask(instances(), definition);
    if (Array.isArray(place)) break;
    const task = startTask(at, cluster, definition, {
      ...(rollout.fargate ? { launchType: 'FARGATE' } : { containerInstance: place }),
      group: `service:${service.serviceName}`,
      startedBy: rollout.id,
      networkConfiguration: rollout.networkConfiguration,
      tags: propagatedTags(at, service, definition.taskDefinitionArn),
    });
    eachTarget(at, rollout.loadBalancers, task, registerTargets);
    started.push(task);
  }
  return started;
}

const isFargate = (one: Pick<Service, 'launchType' | 'capacityProviderStrategy'>): boolean =>
  one.launchType === 'FARGATE' ||
  (one.capacityProviderStrategy ?? []).some(({ capacityProvider = '' }) => capacityProvider.startsWith('FARGATE'));

const listed = (some: readonly Task[]): string => some.map((task) => `(task ${nameOf(task.taskArn)})`).join(' ');

/**
 * Where nothing runs: brings a service to its desired count with tasks of its present definition, at once: one
 * deployment, steady. In a region that runs things the scheduler does it, which watches the records.
 */
export function reconcile(at: Place, service: Service): Service {
  if (at.world.machinery.live) return service;
  if (service.deploymentController?.type === 'EXTERNAL') return reconcileTaskSets(at, service);
  const rollout: Rollout = {
    id: service.deployments?.[0]?.id,
    taskDefinition: service.taskDefinition,
    count: service.desiredCount,
    fargate: isFargate(service),
    networkConfiguration: service.networkConfiguration,
    loadBalancers: service.loadBalancers,
  };
  const current = tasksStartedBy(at, service, rollout.id).filter((task) => task.taskDefinitionArn === service.taskDefinition);
  const gone = [...tasksOf(at, service).filter((task) => !current.includes(task)), ...current.slice(rollout.count)];
  stopTasks(at, gone, rollout);
  const started = startMissing(at, service, rollout, current.length, () => []);
  let changed = service;
  if (started.length > 0) changed = event(at, changed, `has started ${started.length} tasks: ${listed(started)}.`);
  if (gone.length > 0) changed = event(at, changed, `has stopped ${gone.length} running tasks: ${listed(gone)}.`);
  return started.length + gone.length > 0 ? event(at, changed, 'has reached a steady state.') : changed;
}

/** The share of the service's desired count that a task set's scale asks for, rounded up (API_TaskSet, `computedDesiredCount`). */
const computedCount = (service: Service, { scale }: Pick<TaskSet, 'scale'>): number =>
  Math.ceil((service.desiredCount * (scale?.value ?? 100)) / 100);

/** Brings each task set of a service to its share of the desired count. */
function reconcileTaskSets(at: Place, service: Service): Service {
  for (const set of taskSetsOf(at, service)) {
    const count = computedCount(service, set);
    const { id, taskDefinition, networkConfiguration, loadBalancers } = set;
    const rollout: Rollout = { id, taskDefinition, count, fargate: isFargate(set), networkConfiguration, loadBalancers };
    const current = tasksStartedBy(at, service, id);
    stopTasks(at, current.slice(count), rollout);
    startMissing(at, service, rollout, current.length, () =>
      instancesOf(at, requireCluster(at, service.clusterArn)).filter(({ status }) => status === 'ACTIVE'),
    );
    at.table(taskSets).patch(set, { computedDesiredCount: count });
  }
  return service;
}
