import type { CreateServiceRequest, Deployment as SdkDeployment, ECS, Service as SdkService } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import { targetGroups } from '../elbv2/resources.ts';
import { deregisterTargets, registerTargets } from '../elbv2/targets.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { clusterName, requireCluster, type Cluster } from './clusters.ts';
import { containerInstances } from './containerInstances.ts';
import { dropTags, setTags, tagsOf } from './tags.ts';
import { requireTaskDefinition } from './taskDefinitions.ts';
import { requireNetwork, startTask, stopTask, tasks, type Task } from './tasks.ts';

export interface Service extends Plain<Omit<SdkService, 'tags'>> {
  readonly serviceArn: string;
  readonly serviceName: string;
  readonly clusterArn: string;
  readonly status: string;
  readonly desiredCount: number;
}

export const services = table<Service>('ecs.service', (service) => service.serviceArn);

const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);
const eventsMax = 100;

function nameOf(reference: string): string {
  return reference.split('/').at(-1) ?? reference;
}

/** An active or draining service by its cluster's and its own name. */
export function findService(at: Place, cluster: string, reference: string): Service | undefined {
  const name = nameOf(reference);
  const all = at
    .table(services)
    .filter((service) => service.serviceName === name && service.clusterArn.endsWith(`:cluster/${clusterName(cluster)}`));
  return all.find((service) => service.status === 'ACTIVE') ?? all.at(-1);
}

function requireService(at: Place, cluster: Cluster, reference = ''): Service {
  const service = findService(at, cluster.clusterName, reference);
  if (service === undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.');
  if (service.status !== 'ACTIVE') throw new AwsError('ServiceNotActiveException', 'Service was not ACTIVE.');
  return service;
}

export function event(at: Place, service: Service, message: string): Service {
  const entry = { id: at.uuid(), createdAt: at.nowMs, message: `(service ${service.serviceName}) ${message}` };
  return at.table(services).patch(service, { events: [entry, ...(service.events ?? [])].slice(0, eventsMax) });
}

function tasksOf(at: Place, service: Service): Task[] {
  return at
    .table(tasks)
    .filter(
      (task) =>
        task.clusterArn === service.clusterArn && task.group === `service:${service.serviceName}` && task.desiredStatus === 'RUNNING',
    );
}

/** What a task registers with a target group: its own address, or the instance that it runs on. */
function targetOf(at: Place, task: Task, port: number | undefined): { Id: string; Port?: number | undefined } | undefined {
  const address = task.attachments?.[0]?.details?.find(({ name }) => name === 'privateIPv4Address')?.value;
  if (address !== undefined) return { Id: address, Port: port };
  const instance = at.table(containerInstances).get(task.containerInstanceArn);
  return instance?.ec2InstanceId === undefined ? undefined : { Id: instance.ec2InstanceId, Port: port };
}

function eachTarget(at: Place, service: Service, task: Task, act: typeof registerTargets): void {
  for (const { targetGroupArn, containerPort } of service.loadBalancers ?? []) {
    const target = targetOf(at, task, containerPort);
    if (targetGroupArn !== undefined && target !== undefined && at.table(targetGroups).has(targetGroupArn))
      act(at, targetGroupArn, [target]);
  }
}

/** Brings a service to its desired count with tasks of its present definition, at once: one deployment, steady. */
function reconcile(at: Place, service: Service): Service {
  if (at.world.machinery.live) return service;
  const cluster = requireCluster(at, service.clusterArn);
  const fargate =
    service.launchType === 'FARGATE' ||
    (service.capacityProviderStrategy ?? []).some(({ capacityProvider = '' }) => capacityProvider.startsWith('FARGATE'));
  const running = tasksOf(at, service);
  const current = running.filter(
    (task) => task.taskDefinitionArn === service.taskDefinition && task.startedBy === service.deployments?.[0]?.id,
  );
  const gone = [...running.filter((task) => !current.includes(task)), ...current.slice(service.desiredCount)];
  for (const task of gone) {
    eachTarget(at, service, task, deregisterTargets);
    stopTask(at, task, `Scaling activity initiated by (deployment ${service.deployments?.[0]?.id ?? ''})`, 'ServiceSchedulerInitiated');
  }
  const places = at.table(containerInstances).filter((one) => one.clusterArn === cluster.clusterArn && one.status === 'ACTIVE');
  const definition = service.taskDefinition === undefined ? undefined : requireTaskDefinition(at, service.taskDefinition);
  const started: Task[] = [];
  if (definition !== undefined && fargate) {
    for (let count = current.length; count < service.desiredCount; count++) {
      const task = startTask(at, cluster, definition, {
        launchType: 'FARGATE',
        group: `service:${service.serviceName}`,
        startedBy: service.deployments?.[0]?.id,
        networkConfiguration: service.networkConfiguration,
        containerInstance: places[count % Math.max(1, places.length)],
        tags:
          service.propagateTags === 'SERVICE'
            ? tagsOf(at, service.serviceArn)
            : service.propagateTags === 'TASK_DEFINITION'
              ? tagsOf(at, definition.taskDefinitionArn)
              : undefined,
      });
      eachTarget(at, service, task, registerTargets);
      started.push(task);
    }
  }
  let changed = service;
  if (started.length > 0)
    changed = event(
      at,
      changed,
      `has started ${started.length} tasks: ${started.map((task) => `(task ${nameOf(task.taskArn)})`).join(' ')}.`,
    );
  if (gone.length > 0)
    changed = event(
      at,
      changed,
      `has stopped ${gone.length} running tasks: ${gone.map((task) => `(task ${nameOf(task.taskArn)})`).join(' ')}.`,
    );
  return started.length + gone.length > 0 ? event(at, changed, 'has reached a steady state.') : changed;
}

function deployment(
  at: Place,
  input: Pick<Service, 'taskDefinition' | 'desiredCount' | 'launchType' | 'networkConfiguration' | 'platformVersion'>,
): Plain<SdkDeployment> {
  return {
    id: `ecs-svc/${at.hex(19).replace(/[a-f]/g, (letter) => String(letter.charCodeAt(0) % 10))}`,
    status: 'PRIMARY',
    taskDefinition: input.taskDefinition,
    desiredCount: input.desiredCount,
    pendingCount: 0,
    runningCount: 0,
    failedTasks: 0,
    createdAt: at.nowMs,
    updatedAt: at.nowMs,
    ...(input.launchType === undefined ? {} : { launchType: input.launchType }),
    ...(input.networkConfiguration === undefined ? {} : { networkConfiguration: input.networkConfiguration }),
    ...(at.world.machinery.live
      ? { rolloutState: 'IN_PROGRESS', rolloutStateReason: 'ECS deployment in progress.' }
      : { rolloutState: 'COMPLETED', rolloutStateReason: 'ECS deployment completed.' }),
  };
}

/** Deployments that a new one takes the place of; where tasks come and go at once nothing is left of them. */
function outgoing(at: Place, service: Service): Plain<SdkDeployment>[] {
  if (!at.world.machinery.live) return [];
  return (service.deployments ?? []).map((one) => ({ ...one, status: 'ACTIVE' }));
}

function describe(at: Place, service: Service, withTags: boolean): Plain<SdkService> {
  const current = tasksOf(at, service);
  const count = (running: boolean, deploymentId?: string): number =>
    current.filter((task) => (task.lastStatus === 'RUNNING') === running && (deploymentId === undefined || task.startedBy === deploymentId))
      .length;
  return {
    ...service,
    runningCount: count(true),
    pendingCount: count(false),
    deployments: (service.deployments ?? []).map((one) => ({
      ...one,
      desiredCount: one.status === 'PRIMARY' ? service.desiredCount : 0,
      runningCount: count(true, one.id),
      pendingCount: count(false, one.id),
    })),
    ...(withTags ? { tags: tagsOf(at, service.serviceArn) } : { tags: [] }),
  };
}

/** Settings that CreateService and UpdateService both take as they are. */
const shared = [
  'availabilityZoneRebalancing',
  'capacityProviderStrategy',
  'deploymentConfiguration',
  'enableECSManagedTags',
  'enableExecuteCommand',
  'healthCheckGracePeriodSeconds',
  'loadBalancers',
  'networkConfiguration',
  'placementConstraints',
  'placementStrategy',
  'platformVersion',
  'propagateTags',
  'serviceRegistries',
] as const;

function sharedOf(input: Partial<Plain<CreateServiceRequest>>): Partial<Service> {
  return Object.fromEntries(shared.filter((key) => input[key] !== undefined).map((key) => [key, input[key]]));
}

export const serviceOperations: Operations<ECS> = {
  CreateService(input, at) {
    const cluster = requireCluster(at, input.cluster);
    const name = input.serviceName ?? '';
    if (input.launchType !== undefined && !['EC2', 'FARGATE', 'EXTERNAL'].includes(input.launchType))
      throw new AwsError('ClientException', 'launch type should be one of [EC2,FARGATE]');
    if (findService(at, cluster.clusterName, name)?.status === 'ACTIVE') throw invalid('Creation of service was not idempotent.');
    const definition = input.taskDefinition === undefined ? undefined : requireTaskDefinition(at, input.taskDefinition);
    if (definition !== undefined && input.deploymentController?.type !== 'EXTERNAL')
      requireNetwork(at, definition, input.networkConfiguration);
    for (const { targetGroupArn } of input.loadBalancers ?? []) {
      if (targetGroupArn !== undefined && targetGroupArn.includes(':targetgroup/') && !at.table(targetGroups).has(targetGroupArn))
        throw invalid(`The target group ${targetGroupArn} does not exist.`);
    }
    const daemon = input.schedulingStrategy === 'DAEMON';
    const desiredCount = daemon
      ? at.table(containerInstances).filter((one) => one.clusterArn === cluster.clusterArn).length
      : (input.desiredCount ?? 0);
    const launchType = input.launchType ?? ((input.capacityProviderStrategy ?? []).length > 0 ? undefined : 'EC2');
    const base = {
      taskDefinition: definition?.taskDefinitionArn,
      desiredCount,
      launchType,
      networkConfiguration: input.networkConfiguration,
      platformVersion: input.platformVersion,
    };
    const external = input.deploymentController?.type === 'EXTERNAL';
    const defaults = {
      deploymentCircuitBreaker: { enable: false, rollback: false },
      maximumPercent: 200,
      minimumHealthyPercent: daemon ? 0 : 100,
    };
    const service = at.table(services).put({
      serviceArn: at.arn('ecs', `service/${cluster.clusterName}/${name}`),
      serviceName: name,
      clusterArn: cluster.clusterArn,
      status: 'ACTIVE',
      loadBalancers: [],
      serviceRegistries: [],
      placementConstraints: [],
      placementStrategy: [],
      enableECSManagedTags: false,
      enableExecuteCommand: false,
      ...(launchType === 'FARGATE' ? { platformVersion: 'LATEST', platformFamily: 'Linux' } : {}),
      ...sharedOf(input),
      deploymentConfiguration: { ...defaults, ...input.deploymentConfiguration },
      deploymentController: input.deploymentController ?? { type: 'ECS' },
      desiredCount,
      ...(launchType === undefined ? {} : { launchType }),
      ...(definition === undefined ? {} : { taskDefinition: definition.taskDefinitionArn }),
      schedulingStrategy: input.schedulingStrategy ?? 'REPLICA',
      propagateTags: input.propagateTags ?? 'NONE',
      roleArn: input.role ?? `arn:${at.partition}:iam::${at.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`,
      createdAt: at.nowMs,
      createdBy: `arn:${at.partition}:iam::${at.account}:root`,
      deployments: external ? [] : [deployment(at, base)],
      events: [],
    });
    setTags(at, service.serviceArn, input.tags);
    return { service: describe(at, reconcile(at, service), true) };
  },

  UpdateService(input, at) {
    const cluster = requireCluster(at, input.cluster);
    const service = requireService(at, cluster, input.service);
    const definition = input.taskDefinition === undefined ? undefined : requireTaskDefinition(at, input.taskDefinition);
    const taskDefinition = definition?.taskDefinitionArn ?? service.taskDefinition;
    const desiredCount = input.desiredCount ?? service.desiredCount;
    const rollOut = input.forceNewDeployment === true || taskDefinition !== service.taskDefinition;
    const changed = at.table(services).put({
      ...service,
      ...sharedOf(input),
      deploymentConfiguration: { ...service.deploymentConfiguration, ...input.deploymentConfiguration },
      desiredCount,
      taskDefinition,
      ...(rollOut ? { deployments: [deployment(at, { ...service, taskDefinition, desiredCount }), ...outgoing(at, service)] } : {}),
    });
    return { service: describe(at, reconcile(at, changed), true) };
  },

  DescribeServices({ cluster: name, services: references = [], include = [] }, at) {
    const cluster = requireCluster(at, name);
    const found = references.map((reference) => findService(at, cluster.clusterName, reference));
    return {
      services: found.filter((service) => service !== undefined).map((service) => describe(at, service, include.includes('TAGS'))),
      failures: references
        .filter((_reference, index) => found[index] === undefined)
        .map((reference) => ({
          arn: reference.startsWith('arn:') ? reference : at.arn('ecs', `service/${cluster.clusterName}/${reference}`),
          reason: 'MISSING',
        })),
    };
  },

  ListServices({ cluster: name, launchType, schedulingStrategy, nextToken, maxResults }, at) {
    const cluster = requireCluster(at, name);
    const found = at
      .table(services)
      .filter(
        (one) =>
          one.clusterArn === cluster.clusterArn &&
          one.status === 'ACTIVE' &&
          (launchType === undefined || one.launchType === launchType) &&
          (schedulingStrategy === undefined || one.schedulingStrategy === schedulingStrategy),
      );
    const { items, next } = page(found, { token: nextToken, max: maxResults }, { defaultMax: 10 });
    return { serviceArns: items.map(({ serviceArn }) => serviceArn), nextToken: next };
  },

  DeleteService({ cluster: name, service: reference, force = false }, at) {
    const service = requireService(at, requireCluster(at, name), reference);
    if (service.desiredCount > 0 && !force && service.schedulingStrategy !== 'DAEMON')
      throw invalid('The service cannot be stopped while it is scaled above 0.');
    const emptied = reconcile(at, at.table(services).patch(service, { desiredCount: 0 }));
    dropTags(at, service.serviceArn);
    const described = describe(at, emptied, false);
    at.table(services).patch(emptied, at.world.machinery.live ? { status: 'DRAINING' } : { status: 'INACTIVE', deployments: [] });
    return { service: { ...described, status: 'DRAINING' } };
  },
};
