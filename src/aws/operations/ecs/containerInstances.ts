import type { Attribute, ECS, Resource } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { instances } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import {
  clientError,
  containerInstances,
  findContainerInstance,
  instancesOf,
  invalidParameter,
  requireCluster,
  tasks,
  type Cluster,
  type ContainerInstance,
} from './resources.ts';
import { setTags } from './tags.ts';
import { stopTask } from './taskLifecycle.ts';

/** What an instance offers whose agent did not say. */
const usualResources: Plain<Resource>[] = [
  { name: 'CPU', type: 'INTEGER', doubleValue: 0, longValue: 0, integerValue: 4096 },
  { name: 'MEMORY', type: 'INTEGER', doubleValue: 0, longValue: 0, integerValue: 7482 },
  {
    name: 'PORTS',
    type: 'STRINGSET',
    doubleValue: 0,
    longValue: 0,
    integerValue: 0,
    stringSetValue: ['22', '2376', '2375', '51678', '51679'],
  },
  { name: 'PORTS_UDP', type: 'STRINGSET', doubleValue: 0, longValue: 0, integerValue: 0, stringSetValue: [] },
];

const usualVersion = { agentVersion: '1.0.0', agentHash: '4023248', dockerVersion: 'DockerVersion: 1.5.0' };

export const containerInstanceOperations: Operations<ECS> = {
  /** What the agent of an instance says of itself is kept as it says it. */
  RegisterContainerInstance(input, at) {
    const cluster = requireCluster(at, input.cluster);
    const ec2InstanceId = instanceIdOf(input.instanceIdentityDocument);
    const instance = at.table(instances).get(ec2InstanceId);
    const resources = input.totalResources ?? usualResources;
    const made = at.table(containerInstances).put({
      containerInstanceArn: at.arn('ecs', `container-instance/${cluster.clusterName}/${at.uuid()}`),
      clusterArn: cluster.clusterArn,
      ec2InstanceId,
      status: 'ACTIVE',
      agentConnected: true,
      agentUpdateStatus: 'UPDATED',
      runningTasksCount: 0,
      pendingTasksCount: 0,
      registeredAt: at.nowMs,
      version: 1,
      versionInfo: input.versionInfo ?? usualVersion,
      registeredResources: resources,
      remainingResources: resources,
      attributes: [
        { name: 'ecs.ami-id', value: instance?.ImageId ?? '' },
        { name: 'ecs.availability-zone', value: instance?.Placement?.AvailabilityZone ?? '' },
        { name: 'ecs.instance-type', value: instance?.InstanceType ?? '' },
        { name: 'ecs.os-type', value: instance?.Platform === undefined ? 'linux' : 'windows' },
        ...(input.attributes ?? []),
      ],
      attachments: [],
    });
    setTags(at, made.containerInstanceArn, input.tags);
    return { containerInstance: made };
  },

  ListContainerInstances({ cluster: name, status, nextToken, maxResults }, at) {
    const cluster = requireCluster(at, name);
    const found = instancesOf(at, cluster).filter((one) => status === undefined || one.status === status);
    const { items, next } = page(found, { token: nextToken, max: maxResults }, { defaultMax: 100 });
    return { containerInstanceArns: items.map(({ containerInstanceArn }) => containerInstanceArn), nextToken: next };
  },

  DescribeContainerInstances({ cluster: name, containerInstances: references = [] }, at) {
    const cluster = requireCluster(at, name);
    if (references.length === 0) throw clientError('Container Instances cannot be empty.');
    const found = references.map((reference) => findContainerInstance(at, cluster, reference));
    return { containerInstances: found.filter((one) => one !== undefined), failures: missing(at, cluster, references, found) };
  },

  UpdateContainerInstancesState({ cluster: name, containerInstances: references = [], status = 'ACTIVE' }, at) {
    if (!['ACTIVE', 'DRAINING'].includes(status)) throw invalidParameter(`Container instance status should be one of [ACTIVE, DRAINING]`);
    const cluster = requireCluster(at, name);
    const found = references.map((reference) => findContainerInstance(at, cluster, reference));
    const changed = found.filter((one) => one !== undefined).map((one) => at.table(containerInstances).patch(one, { status }));
    return { containerInstances: changed, failures: missing(at, cluster, references, found) };
  },

  DeregisterContainerInstance({ cluster: name, containerInstance = '', force = false }, at) {
    const found = findContainerInstance(at, requireCluster(at, name), containerInstance);
    if (found === undefined) throw invalidParameter('Referenced container instance not found.');
    const running = at
      .table(tasks)
      .filter((task) => task.containerInstanceArn === found.containerInstanceArn && task.lastStatus !== 'STOPPED');
    if (running.length > 0 && !force) throw invalidParameter('Found running tasks on the instance.');
    for (const task of running) stopTask(at, task, 'Container instance was deregistered');
    at.table(containerInstances).delete(found.containerInstanceArn);
    return { containerInstance: { ...found, status: 'INACTIVE' } };
  },

  PutAttributes({ cluster: name, attributes = [] }, at) {
    const cluster = requireCluster(at, name);
    for (const { targetId, name: key, value } of attributes) {
      for (const found of targets(at, cluster, targetId))
        at.table(containerInstances).patch(found, {
          attributes: [...(found.attributes ?? []).filter((held) => held.name !== key), { name: key, value }],
        });
    }
    return { attributes };
  },

  DeleteAttributes({ cluster: name, attributes = [] }, at) {
    const cluster = requireCluster(at, name);
    for (const { targetId, name: key, value } of attributes) {
      for (const found of targets(at, cluster, targetId))
        at.table(containerInstances).patch(found, {
          attributes: (found.attributes ?? []).filter((held) => held.name !== key || (value !== undefined && held.value !== value)),
        });
    }
    return { attributes };
  },

  ListAttributes({ cluster: name, attributeName, attributeValue }, at) {
    const cluster = requireCluster(at, name);
    const rows = instancesOf(at, cluster).flatMap((one): Plain<Attribute>[] =>
      (one.attributes ?? []).map((attribute) => ({ ...attribute, targetId: one.containerInstanceArn })),
    );
    return {
      attributes: rows.filter(
        (row) =>
          (attributeName === undefined || row.name === attributeName) && (attributeValue === undefined || row.value === attributeValue),
      ),
    };
  },

  DiscoverPollEndpoint: (_input, at) => ({
    endpoint: `https://ecs-a-1.${at.region}.${at.dnsSuffix}/`,
    telemetryEndpoint: `https://ecs-t-1.${at.region}.${at.dnsSuffix}/`,
  }),
};

function instanceIdOf(identityDocument = '{}'): string {
  try {
    return (JSON.parse(identityDocument) as { instanceId?: string }).instanceId ?? '';
  } catch {
    throw clientError('The instance identity document is not valid JSON.');
  }
}

/** The instance that an attribute is for. Mocks take one without a target for all of the cluster; ECS refuses it. */
function targets(at: Place, cluster: Cluster, reference: string | undefined): ContainerInstance[] {
  if (reference === undefined && !at.strict) return instancesOf(at, cluster);
  const found = findContainerInstance(at, cluster, reference ?? '');
  if (found === undefined) throw new AwsError('TargetNotFoundException', 'Could not find the container instance.');
  return [found];
}

function missing(
  at: Place,
  cluster: Cluster,
  references: readonly string[],
  found: readonly (ContainerInstance | undefined)[],
): { arn: string; reason: string }[] {
  return references
    .filter((_one, index) => found[index] === undefined)
    .map((reference) => ({
      arn: reference.startsWith('arn:') ? reference : at.arn('ecs', `container-instance/${cluster.clusterName}/${reference}`),
      reason: 'MISSING',
    }));
}
