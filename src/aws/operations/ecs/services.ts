import type { CreateServiceRequest, Deployment as SdkDeployment, ECS, Service as SdkService } from '@aws-sdk/client-ecs';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { targetGroups } from '../elbv2/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import {
  clientError,
  findService,
  instancesOf,
  invalidParameter,
  requireCluster,
  requireService,
  requireTaskDefinition,
  services,
  tasksOf,
  waitingTasks,
  type Service,
} from './resources.ts';
import { reconcile } from './serviceTasks.ts';
import { dropTags, setTags, shownTags } from './tags.ts';
import { requireNetwork } from './taskLifecycle.ts';
import { describeTaskSets, dropTaskSets, requireExternal } from './taskSets.ts';

function deployment(
  at: Place,
  input: Pick<Service, 'taskDefinition' | 'desiredCount' | 'launchType' | 'networkConfiguration' | 'platformVersion'>,
): Plain<SdkDeployment> {
  const id = `ecs-svc/${at.digits(19)}`;
  return {
    id,
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
    ...(input.platformVersion === undefined ? {} : { platformVersion: input.platformVersion }),
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
  };
}

/** Deployments that a new one takes the place of; where tasks come and go at once nothing is left of them. */
function outgoing(at: Place, service: Service): Plain<SdkDeployment>[] {
  if (!at.world.machinery.live) return [];
  return (service.deployments ?? []).map((one) => ({ ...one, status: 'ACTIVE' }));
}

function describe(at: Place, service: Service, withTags: boolean): Plain<SdkService> {
  const current = tasksOf(at, service);
  const waiting = waitingTasks(at, service);
  const count = (running: boolean, deploymentId?: string): number =>
    current.filter((task) => (task.lastStatus === 'RUNNING') === running && (deploymentId === undefined || task.startedBy === deploymentId))
      .length;
  return {
    ...service,
    runningCount: count(true),
    pendingCount: count(false) + waiting,
    deployments: (service.deployments ?? []).map((one) => ({
      ...one,
      desiredCount: one.status === 'PRIMARY' ? service.desiredCount : 0,
      runningCount: count(true, one.id),
      pendingCount: count(false, one.id) + (one.status === 'PRIMARY' ? waiting : 0),
      ...(at.world.machinery.live || waiting > 0 ? {} : completed(one.id)),
    })),
    ...(service.deploymentController?.type === 'EXTERNAL' ? { taskSets: describeTaskSets(at, service) } : {}),
    ...shownTags(at, service.serviceArn, withTags),
  };
}

/** Where nothing runs a deployment is over as soon as its tasks are there. */
const completed = (id = ''): Pick<Plain<SdkDeployment>, 'rolloutState' | 'rolloutStateReason'> => ({
  rolloutState: 'COMPLETED',
  rolloutStateReason: `ECS deployment ${id} completed.`,
});

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
    const external = input.deploymentController?.type === 'EXTERNAL';
    if (external) requireExternal(at);
    const cluster = requireCluster(at, input.cluster);
    const name = input.serviceName ?? '';
    if (input.launchType !== undefined && !['EC2', 'FARGATE', 'EXTERNAL'].includes(input.launchType))
      throw clientError('launch type should be one of [EC2,FARGATE]');
    if (findService(at, cluster.clusterName, name)?.status === 'ACTIVE') throw invalidParameter('Creation of service was not idempotent.');
    const definition = input.taskDefinition === undefined ? undefined : requireTaskDefinition(at, input.taskDefinition);
    if (definition !== undefined && !external && (at.strict || input.networkConfiguration !== undefined))
      requireNetwork(at, definition, input.networkConfiguration);
    for (const { targetGroupArn } of input.loadBalancers ?? []) {
      if (targetGroupArn !== undefined && targetGroupArn.includes(':targetgroup/') && !at.table(targetGroups).has(targetGroupArn))
        throw invalidParameter(`The target group ${targetGroupArn} does not exist.`);
    }
    const daemon = input.schedulingStrategy === 'DAEMON';
    const asked = daemon && at.strict ? undefined : input.desiredCount;
    const desiredCount = asked ?? (daemon ? instancesOf(at, cluster).length : 0);
    const launchType = input.launchType ?? ((input.capacityProviderStrategy ?? []).length > 0 ? undefined : 'EC2');
    const base = {
      taskDefinition: definition?.taskDefinitionArn,
      desiredCount,
      launchType,
      networkConfiguration: input.networkConfiguration,
      platformVersion: input.platformVersion,
    };
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
    if (definition !== undefined && service.deploymentController?.type === 'CODE_DEPLOY')
      throw invalidParameter(
        'Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.',
      );
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
          arn: reference.startsWith('arn:') ? reference : at.arn('ecs', `service/${reference}`),
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
      throw invalidParameter('The service cannot be stopped while it is scaled above 0.');
    const emptied = reconcile(at, at.table(services).patch(service, { desiredCount: 0 }));
    dropTags(at, service.serviceArn);
    dropTaskSets(at, service);
    const described = describe(at, emptied, false);
    const { live } = at.world.machinery;
    at.table(services).patch(emptied, live ? { status: 'DRAINING' } : { status: 'INACTIVE', deployments: [] });
    return { service: { ...described, status: live ? 'DRAINING' : 'INACTIVE' } };
  },
};
