import type {
  Cluster as SdkCluster,
  ContainerInstance as SdkContainerInstance,
  Service as SdkService,
  Task as SdkTask,
  TaskDefinition as SdkTaskDefinition,
  TaskSet as SdkTaskSet,
} from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';

export interface Cluster extends Plain<SdkCluster> {
  readonly clusterArn: string;
  readonly clusterName: string;
}

export interface ContainerInstance extends Plain<SdkContainerInstance> {
  readonly containerInstanceArn: string;
  readonly clusterArn: string;
  readonly status: string;
}

export interface Service extends Plain<Omit<SdkService, 'tags' | 'taskSets'>> {
  readonly serviceArn: string;
  readonly serviceName: string;
  readonly clusterArn: string;
  readonly status: string;
  readonly desiredCount: number;
}

export interface Task extends Plain<Omit<SdkTask, 'tags'>> {
  readonly taskArn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
}

export interface TaskDefinition extends Plain<SdkTaskDefinition> {
  readonly taskDefinitionArn: string;
  readonly family: string;
  readonly revision: number;
}

export interface TaskSet extends Plain<Omit<SdkTaskSet, 'tags'>> {
  /** `ecs-svc/…`: what its tasks were started by. */
  readonly id: string;
  readonly taskSetArn: string;
  readonly serviceArn: string;
  readonly status: string;
}

export const clusters = table<Cluster>('ecs.cluster', (cluster) => cluster.clusterName);
export const containerInstances = table<ContainerInstance>('ecs.container-instance', (one) => one.containerInstanceArn);
export const services = table<Service>('ecs.service', (service) => service.serviceArn);
export const tasks = table<Task>('ecs.task', (task) => task.taskArn);
export const taskDefinitions = table<TaskDefinition>('ecs.task-definition', ({ family, revision }) => `${family}:${revision}`);
export const taskSets = table<TaskSet>('ecs.task-set', (set) => set.taskSetArn);

export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);
export const clientError = (message: string): AwsError => new AwsError('ClientException', message);

/** The last part of an ARN, or a name as it is. */
export function nameOf(reference: string): string {
  return reference.split('/').at(-1) ?? reference;
}

/** `cluster` of an ARN or a name; the cluster named `default` when nothing is given. */
export function clusterName(nameOrArn: string | undefined): string {
  return nameOrArn === undefined ? 'default' : nameOf(nameOrArn);
}

export function requireCluster(at: Place, nameOrArn: string | undefined): Cluster {
  const cluster = at.table(clusters).get(clusterName(nameOrArn));
  if (cluster === undefined || cluster.status !== 'ACTIVE') throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  return cluster;
}

export function instancesOf(at: Place, cluster: Cluster): ContainerInstance[] {
  return at.table(containerInstances).filter((one) => one.clusterArn === cluster.clusterArn);
}

export function findContainerInstance(at: Place, cluster: Cluster, reference: string): ContainerInstance | undefined {
  return instancesOf(at, cluster).find((one) => nameOf(one.containerInstanceArn) === nameOf(reference));
}

/** By ARN, `family:revision` or family (then its newest active revision). */
export function findTaskDefinition(at: Place, reference: string): TaskDefinition | undefined {
  const name = nameOf(reference);
  if (name.includes(':')) return at.table(taskDefinitions).get(name);
  return at
    .table(taskDefinitions)
    .values()
    .findLast(({ family, status }) => family === name && status === 'ACTIVE');
}

export function requireTaskDefinition(at: Place, reference = ''): TaskDefinition {
  const found = findTaskDefinition(at, reference);
  if (found === undefined || found.status === 'DELETE_IN_PROGRESS') throw clientError('Unable to describe task definition.');
  return found;
}

/** A service by its cluster's and its own name: the active one where others before it had the name. */
export function findService(at: Place, cluster: string, reference: string): Service | undefined {
  const name = nameOf(reference);
  const all = at
    .table(services)
    .filter((service) => service.serviceName === name && service.clusterArn.endsWith(`:cluster/${clusterName(cluster)}`));
  return all.find((service) => service.status === 'ACTIVE') ?? all.at(-1);
}

export function requireService(at: Place, cluster: Cluster, reference = ''): Service {
  const service = findService(at, cluster.clusterName, reference);
  if (service === undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.');
  if (service.status !== 'ACTIVE') throw new AwsError('ServiceNotActiveException', 'Service was not ACTIVE.');
  return service;
}

/** The tasks of a service that are meant to run. */
export function tasksOf(at: Place, service: Service): Task[] {
  return at
    .table(tasks)
    .filter(
      (task) =>
        task.clusterArn === service.clusterArn && task.group === `service:${service.serviceName}` && task.desiredStatus === 'RUNNING',
    );
}

/** Those of a deployment or task set, by its id. */
export function tasksStartedBy(at: Place, service: Service, id: string | undefined): Task[] {
  return tasksOf(at, service).filter(({ startedBy }) => startedBy === id);
}

export function taskSetsOf(at: Place, service: Service): TaskSet[] {
  return at.table(taskSets).filter(({ serviceArn }) => serviceArn === service.serviceArn);
}

export function findTask(at: Place, cluster: Cluster, reference: string): Task | undefined {
  return at.table(tasks).find((task) => task.clusterArn === cluster.clusterArn && nameOf(task.taskArn) === nameOf(reference));
}

/**
 * Tasks of a service that wait for container instances. Where nothing runs no instance offers its room to services,
 * so that those of the launch type EC2 wait for good.
 */
export function waitingTasks(at: Place, service: Service): number {
  if (at.world.machinery.live || service.status !== 'ACTIVE' || service.deploymentController?.type === 'EXTERNAL') return 0;
  return Math.max(0, service.desiredCount - tasksOf(at, service).length);
}
