import type { ECS, RunTaskRequest, StartTaskRequest, Task as SdkTask } from '@aws-sdk/client-ecs';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { placeTask, type PlacementFailure } from './placement.ts';
import {
  containerInstances,
  findContainerInstance,
  findTask,
  instancesOf,
  invalidParameter,
  nameOf,
  requireCluster,
  requireTaskDefinition,
  tasks,
  type Cluster,
  type ContainerInstance,
  type Task,
  type TaskDefinition,
} from './resources.ts';
import { requireTaskNetwork, startTask, stopTask, type NewTask } from './taskLifecycle.ts';
import { shownTags, tagsOf, type EcsTag } from './tags.ts';

/** A stopped task stays visible for an hour. */
const afterlifeMs = 3_600_000;

function describe(at: Place, task: Task, withTags: boolean): Plain<SdkTask> {
  return { ...task, ...shownTags(at, task.taskArn, withTags) };
}

/** A task that was just made: with its tags, also where there are none. */
const made = (at: Place, task: Task): Plain<SdkTask> => ({ ...task, tags: tagsOf(at, task.taskArn) });

type RunInput = Plain<RunTaskRequest>;

/** A strategy of the call, else of the cluster unless a launch type was asked for. */
function providerOf(cluster: Cluster, input: RunInput): string | undefined {
  if (input.launchType !== undefined && (input.capacityProviderStrategy ?? []).length > 0) {
    throw invalidParameter('Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.');
  }
  const strategy =
    input.capacityProviderStrategy ?? (input.launchType === undefined ? cluster.defaultCapacityProviderStrategy : undefined) ?? [];
  return strategy[0]?.capacityProvider;
}

/** What RunTask and StartTask ask of each task alike. */
function common(at: Place, input: Plain<StartTaskRequest> | RunInput, definition: TaskDefinition): NewTask {
  const propagated: EcsTag[] = input.propagateTags === 'TASK_DEFINITION' ? tagsOf(at, definition.taskDefinitionArn) : [];
  return {
    group: input.group ?? `family:${definition.family}`,
    startedBy: input.startedBy,
    overrides: input.overrides as SdkTask['overrides'],
    networkConfiguration: input.networkConfiguration,
    tags: [...propagated, ...(input.tags ?? [])],
  };
}

const launchTypes: ReadonlySet<string> = new Set(['EC2', 'FARGATE', 'EXTERNAL']);

/** Runs up to `count` tasks on the cluster's instances, as far as there is room. */
function runOnInstances(
  at: Place,
  cluster: Cluster,
  definition: TaskDefinition,
  options: NewTask,
  count: number,
): { started: Task[]; failures: PlacementFailure[] } {
  const started: Task[] = [];
  while (started.length < count) {
    const candidates = instancesOf(at, cluster).filter(({ status }) => status === 'ACTIVE');
    if (candidates.length === 0) throw invalidParameter('No Container Instances were found in your cluster.');
    const place = placeTask(candidates, definition);
    if (Array.isArray(place)) return { started, failures: place };
    started.push(startTask(at, cluster, definition, { ...options, containerInstance: place }));
  }
  return { started, failures: [] };
}

export const taskOperations: Operations<ECS> = {
  RunTask(input, at) {
    if (input.launchType !== undefined && !launchTypes.has(input.launchType))
      throw invalidParameter('launch type should be one of [EC2,FARGATE,EXTERNAL]');
    const cluster = requireCluster(at, input.cluster);
    const definition = requireTaskDefinition(at, input.taskDefinition);
    requireTaskNetwork(at, definition, input.networkConfiguration);
    const capacityProvider = providerOf(cluster, input);
    const launchType = input.launchType ?? (capacityProvider?.startsWith('FARGATE') === true ? 'FARGATE' : undefined);
    const options = { ...common(at, input, definition), launchType, capacityProvider, platformVersion: input.platformVersion };
    const count = input.count ?? 1;
    const { started, failures } =
      launchType === 'FARGATE'
        ? { started: Array.from({ length: count }, () => startTask(at, cluster, definition, options)), failures: [] }
        : runOnInstances(at, cluster, definition, options, count);
    return { tasks: started.map((task) => made(at, task)), failures };
  },

  StartTask(input, at) {
    const cluster = requireCluster(at, input.cluster);
    const definition = requireTaskDefinition(at, input.taskDefinition);
    const references = input.containerInstances ?? [];
    if (references.length === 0) throw invalidParameter('Container Instances cannot be empty.');
    requireTaskNetwork(at, definition, input.networkConfiguration);
    const options = common(at, input, definition);
    const places = references.map((reference) => findContainerInstance(at, cluster, reference));
    const started = places
      .filter((place): place is ContainerInstance => place !== undefined)
      .map(({ containerInstanceArn }) =>
        startTask(at, cluster, definition, { ...options, containerInstance: at.table(containerInstances).get(containerInstanceArn) }),
      );
    return {
      tasks: started.map((task) => made(at, task)),
      failures: references
        .filter((_one, index) => places[index] === undefined)
        .map((reference) => ({
          arn: reference.startsWith('arn:') ? reference : at.arn('ecs', `container-instance/${cluster.clusterName}/${reference}`),
          reason: 'MISSING',
        })),
    };
  },

  DescribeTasks({ cluster: name, tasks: references = [], include = [] }, at) {
    const cluster = requireCluster(at, name);
    if (references.length === 0) throw invalidParameter('Tasks cannot be empty.');
    const found = references.map((reference) => findTask(at, cluster, reference));
    return {
      tasks: found.filter((task) => task !== undefined).map((task) => describe(at, task, include.includes('TAGS'))),
      failures: references
        .filter((_reference, index) => found[index] === undefined)
        .map((arn) => ({ arn: arn.startsWith('arn:') ? arn : at.arn('ecs', `task/${cluster.clusterName}/${arn}`), reason: 'MISSING' })),
    };
  },

  ListTasks(
    { cluster: name, containerInstance, family, startedBy, serviceName, desiredStatus = 'RUNNING', launchType, nextToken, maxResults },
    at,
  ) {
    const cluster = requireCluster(at, name);
    for (const old of at.table(tasks).filter((task) => (task.stoppedAt ?? Infinity) < at.nowMs - afterlifeMs))
      at.table(tasks).delete(old.taskArn);
    const found = at
      .table(tasks)
      .filter(
        (task) =>
          task.clusterArn === cluster.clusterArn &&
          task.desiredStatus === desiredStatus &&
          (containerInstance === undefined || nameOf(task.containerInstanceArn ?? '') === nameOf(containerInstance)) &&
          (family === undefined || nameOf(task.taskDefinitionArn).split(':')[0] === family) &&
          (startedBy === undefined || task.startedBy === startedBy) &&
          (serviceName === undefined || task.group === `service:${nameOf(serviceName)}`) &&
          (launchType === undefined || task.launchType === launchType),
      );
    const { items, next } = page(found, { token: nextToken, max: maxResults }, { defaultMax: 100 });
    return { taskArns: items.map(({ taskArn }) => taskArn), nextToken: next };
  },

  StopTask({ cluster: name, task: reference = '', reason = '' }, at) {
    const task = findTask(at, requireCluster(at, name), reference);
    if (task === undefined) throw invalidParameter('The referenced task was not found.');
    return { task: describe(at, stopTask(at, task, reason), true) };
  },
};
