import type {
  ContainerDefinition,
  ECS,
  RegisterTaskDefinitionRequest,
  TaskDefinition as SdkTaskDefinition,
  Volume,
} from '@aws-sdk/client-ecs';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { checkDependencies, checkEnvironmentFiles } from './containerChecks.ts';
import { clientError, findTaskDefinition, nameOf, requireTaskDefinition, taskDefinitions, type TaskDefinition } from './resources.ts';
import { dropTags, setTags, tagsOf } from './tags.ts';

/** Counts on when a family is registered again, so that a revision never returns. */
const revisions = table<{ family: string; last: number }>('ecs.task-definition-revision', ({ family }) => family);

/** vCPU units and the memory that Fargate allows with them, MiB. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html */
const fargateMemory: Readonly<Record<string, readonly [number, number]>> = {
  '256': [512, 2048],
  '512': [1024, 4096],
  '1024': [2048, 8192],
  '2048': [4096, 16_384],
  '4096': [8192, 30_720],
  '8192': [16_384, 61_440],
  '16384': [32_768, 122_880],
};

function check(at: Place, input: Plain<RegisterTaskDefinitionRequest>): void {
  const fargate = (input.requiresCompatibilities ?? []).includes('FARGATE');
  if (fargate && input.networkMode !== undefined && input.networkMode !== 'awsvpc')
    throw clientError('Fargate only supports network mode ‘awsvpc’.');
  if (fargate && input.cpu !== undefined && fargateMemory[cpuUnits(input.cpu)] === undefined)
    throw clientError('No Fargate configuration exists for given values.');
  if (fargate && input.pidMode === 'host') {
    throw clientError("Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.");
  }
  for (const container of input.containerDefinitions ?? []) {
    if ((container.name ?? '') === '') throw clientError('Container.name should not be null or empty.');
    if ((container.image ?? '') === '') throw clientError('Container.image should not be null or empty.');
    if (input.memory === undefined && container.memory === undefined && container.memoryReservation === undefined) {
      throw clientError(
        `Invalid setting for container '${container.name ?? ''}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
      );
    }
    if (at.strict) checkEnvironmentFiles(container);
  }
  if (at.strict) checkDependencies(input.containerDefinitions ?? []);
  if (at.strict && fargate && (input.cpu === undefined || input.memory === undefined))
    throw clientError("Fargate requires task definition to have a 'cpu' and 'memory' set.");
}

/** `1 vCPU` and `1024` are the same. */
function cpuUnits(text: string): string {
  const whole = /^([\d.]+)\s*vcpu$/i.exec(text)?.[1];
  return whole === undefined ? text : String(Number(whole) * 1024);
}

function completeContainer(container: Plain<ContainerDefinition>): Plain<ContainerDefinition> {
  return {
    cpu: 0,
    portMappings: [],
    essential: true,
    environment: [],
    mountPoints: [],
    volumesFrom: [],
    ...container,
    ...(container.portMappings === undefined
      ? {}
      : { portMappings: container.portMappings.map((mapping) => ({ protocol: 'tcp' as const, ...mapping })) }),
  };
}

/** A file system of EFS is mounted from its root unless told otherwise. */
function completeVolume(volume: Plain<Volume>): Plain<Volume> {
  const efs = volume.efsVolumeConfiguration;
  return efs === undefined ? volume : { ...volume, efsVolumeConfiguration: { rootDirectory: '/', ...efs } };
}

const bare = (definition: TaskDefinition): Plain<SdkTaskDefinition> => definition;

export const taskDefinitionOperations: Operations<ECS> = {
  RegisterTaskDefinition({ tags, ...input }, at) {
    check(at, input);
    const family = input.family ?? '';
    const revision = (at.table(revisions).get(family)?.last ?? 0) + 1;
    at.table(revisions).put({ family, last: revision });
    const fargate = (input.requiresCompatibilities ?? []).includes('FARGATE');
    const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Plain<SdkTaskDefinition>;
    const definition = at.table(taskDefinitions).put({
      placementConstraints: [],
      ...own,
      ...(input.networkMode === undefined && fargate ? { networkMode: 'awsvpc' } : { networkMode: input.networkMode ?? 'bridge' }),
      containerDefinitions: (input.containerDefinitions ?? []).map(completeContainer),
      volumes: (input.volumes ?? []).map(completeVolume),
      family,
      revision,
      taskDefinitionArn: at.arn('ecs', `task-definition/${family}:${revision}`),
      status: 'ACTIVE',
      compatibilities: fargate || input.networkMode === 'awsvpc' ? ['EC2', 'FARGATE'] : ['EC2'],
      registeredAt: at.nowMs,
      registeredBy: `arn:${at.partition}:iam::${at.account}:root`,
    });
    setTags(at, definition.taskDefinitionArn, tags);
    return { taskDefinition: bare(definition), tags: tagsOf(at, definition.taskDefinitionArn) };
  },

  DescribeTaskDefinition({ taskDefinition, include = [] }, at) {
    const definition = requireTaskDefinition(at, taskDefinition);
    return { taskDefinition: bare(definition), ...(include.includes('TAGS') ? { tags: tagsOf(at, definition.taskDefinitionArn) } : {}) };
  },

  ListTaskDefinitions({ familyPrefix, status = 'ACTIVE', sort = 'ASC', nextToken, maxResults }, at) {
    const found = at
      .table(taskDefinitions)
      .filter((one) => (familyPrefix === undefined || one.family === familyPrefix) && one.status === status);
    const { items, next } = page(sort === 'DESC' ? found.toReversed() : found, { token: nextToken, max: maxResults }, { defaultMax: 100 });
    return { taskDefinitionArns: items.map(({ taskDefinitionArn }) => taskDefinitionArn), nextToken: next };
  },

  ListTaskDefinitionFamilies({ familyPrefix = '', status = 'ACTIVE', nextToken, maxResults }, at) {
    const found = at
      .table(taskDefinitions)
      .filter((one) => one.family.startsWith(familyPrefix) && (status === 'ALL' || one.status === status));
    const { items, next } = page(
      [...new Set(found.map(({ family }) => family))],
      { token: nextToken, max: maxResults },
      { defaultMax: 100 },
    );
    return { families: items, nextToken: next };
  },

  DeregisterTaskDefinition({ taskDefinition: reference = '' }, at) {
    requireRevision(reference);
    const definition = findTaskDefinition(at, reference);
    if (definition === undefined) throw clientError('Unable to describe task definition.');
    return { taskDefinition: bare(at.table(taskDefinitions).patch(definition, { status: 'INACTIVE', deregisteredAt: at.nowMs })) };
  },

  DeleteTaskDefinitions({ taskDefinitions: references = [] }, at) {
    const deleted: Plain<SdkTaskDefinition>[] = [];
    const failures: { arn: string; reason: string; detail?: string }[] = [];
    for (const reference of references) {
      const definition = findTaskDefinition(at, reference);
      if (!identifiesRevision(reference))
        failures.push({
          arn: reference,
          reason: 'The specified task definition identifier is invalid. Specify a valid name or ARN and try again.',
        });
      else if (definition === undefined)
        failures.push({
          arn: reference,
          reason: 'The specified task definition does not exist. Specify a valid account, family, revision and try again.',
        });
      else if (definition.status === 'ACTIVE')
        failures.push({
          arn: definition.taskDefinitionArn,
          reason: 'The specified task definition is still in ACTIVE status. Please deregister the target and try again.',
        });
      else {
        deleted.push({ ...definition, status: 'DELETE_IN_PROGRESS' });
        at.table(taskDefinitions).delete(`${definition.family}:${definition.revision}`);
        dropTags(at, definition.taskDefinitionArn);
      }
    }
    return { taskDefinitions: deleted, failures };
  },
};

const identifiesRevision = (reference: string): boolean => /^[\w-]+:\d+$/.test(nameOf(reference));

function requireRevision(reference: string): void {
  const name = nameOf(reference);
  const revision = name.split(':')[1];
  if (revision === undefined || revision === '') throw clientError('Revision is missing.');
  if (!/^\d+$/.test(revision)) throw clientError(`Invalid revision number. Number: ${revision}`);
}
