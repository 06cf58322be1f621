import type { Attribute, ContainerInstance as SdkContainerInstance, ECS } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import { instances } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { requireCluster, type Cluster } from './clusters.ts';
import type { TaskDefinition } from './taskDefinitions.ts';
import { setTags } from './tags.ts';
import { stopTask, tasks } from './tasks.ts';

export interface ContainerInstance extends Plain<SdkContainerInstance> {
  readonly containerInstanceArn: string;
  readonly clusterArn: string;
  readonly status: string;
}

export const containerInstances = table<ContainerInstance>('ecs.container-instance', (one) => one.containerInstanceArn);

const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);

function find(at: Place, cluster: Cluster, reference: string): ContainerInstance | undefined {
  const id = reference.split('/').at(-1);
  return at
    .table(containerInstances)
    .find((one) => one.clusterArn === cluster.clusterArn && one.containerInstanceArn.split('/').at(-1) === id);
}

/** Books or frees what a task takes on an instance. */
export function changeCounts(at: Place, held: ContainerInstance, definition: TaskDefinition, by: 1 | -1): void {
  const instance = at.table(containerInstances).get(held.containerInstanceArn) ?? held;
  const containers = definition.containerDefinitions ?? [];
  const used: Record<string, number> = {
    CPU: containers.reduce((sum, container) => sum + (container.cpu ?? 0), 0),
    MEMORY: containers.reduce((sum, container) => sum + (container.memory ?? container.memoryReservation ?? 0), 0),
  };
  const ports = containers.flatMap(({ portMappings = [] }) =>
    portMappings.flatMap(({ hostPort }) => (hostPort === undefined || hostPort === 0 ? [] : [String(hostPort)])),
  );
  at.table(containerInstances).patch(instance, {
    runningTasksCount: (instance.runningTasksCount ?? 0) + by,
    remainingResources: (instance.remainingResources ?? []).map((resource) => {
      if (resource.name === 'PORTS') {
        const taken = resource.stringSetValue ?? [];
        return { ...resource, stringSetValue: by === 1 ? [...taken, ...ports] : taken.filter((port) => !ports.includes(port)) };
      }
      return { ...resource, integerValue: (resource.integerValue ?? 0) - by * (used[resource.name ?? ''] ?? 0) };
    }),
  });
}

const resources = (): NonNullable<ContainerInstance['remainingResources']> => [
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

/** What the agent announces; a list is shown for each kind, as `ListAttributes` reads it. */
const agentAttributes = [
  'com.amazonaws.ecs.capability.docker-remote-api.1.17',
  'com.amazonaws.ecs.capability.logging-driver.awslogs',
  'com.amazonaws.ecs.capability.task-iam-role',
];

export const containerInstanceOperations: Operations<ECS> = {
  RegisterContainerInstance({ cluster: name, instanceIdentityDocument = '{}', tags }, at) {
    const cluster = requireCluster(at, name);
    let ec2InstanceId = '';
    try {
      ec2InstanceId = (JSON.parse(instanceIdentityDocument) as { instanceId?: string }).instanceId ?? '';
    } catch {
      throw new AwsError('ClientException', 'The instance identity document is not valid JSON.');
    }
    const instance = at.table(instances).get(ec2InstanceId);
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
      versionInfo: { agentVersion: '1.89.0', agentHash: '4023248', dockerVersion: 'DockerVersion: 25.0.8' },
      registeredResources: resources(),
      remainingResources: resources(),
      attributes: [
        ...agentAttributes.map((attribute) => ({ name: attribute })),
        { name: 'ecs.ami-id', value: instance?.ImageId ?? '' },
        { name: 'ecs.availability-zone', value: instance?.Placement?.AvailabilityZone ?? '' },
        { name: 'ecs.instance-type', value: instance?.InstanceType ?? '' },
        { name: 'ecs.os-type', value: instance?.Platform === undefined ? 'linux' : 'windows' },
      ],
      attachments: [],
    });
    setTags(at, made.containerInstanceArn, tags);
    return { containerInstance: made };
  },

  ListContainerInstances({ cluster: name, status, nextToken, maxResults }, at) {
    const cluster = requireCluster(at, name);
    const found = at
      .table(containerInstances)
      .filter((one) => one.clusterArn === cluster.clusterArn && (status === undefined || one.status === status));
    const { items, next } = page(found, { token: nextToken, max: maxResults }, { defaultMax: 100 });
    return { containerInstanceArns: items.map(({ containerInstanceArn }) => containerInstanceArn), nextToken: next };
  },

  DescribeContainerInstances({ cluster: name, containerInstances: references = [] }, at) {
    const cluster = requireCluster(at, name);
    if (references.length === 0) throw new AwsError('ClientException', 'Container Instances cannot be empty.');
    const found = references.map((reference) => find(at, cluster, reference));
    return { containerInstances: found.filter((one) => one !== undefined), failures: missing(at, cluster, references, found) };
  },

  UpdateContainerInstancesState({ cluster: name, containerInstances: references = [], status = 'ACTIVE' }, at) {
    if (!['ACTIVE', 'DRAINING'].includes(status)) throw invalid(`Container instance status should be one of [ACTIVE, DRAINING]`);
    const cluster = requireCluster(at, name);
    const found = references.map((reference) => find(at, cluster, reference));
    const changed = found.filter((one) => one !== undefined).map((one) => at.table(containerInstances).patch(one, { status }));
    return { containerInstances: changed, failures: missing(at, cluster, references, found) };
  },

  DeregisterContainerInstance({ cluster: name, containerInstance = '', force = false }, at) {
    const found = find(at, requireCluster(at, name), containerInstance);
    if (found === undefined) throw invalid('Referenced container instance not found.');
    const running = at
      .table(tasks)
      .filter((task) => task.containerInstanceArn === found.containerInstanceArn && task.lastStatus !== 'STOPPED');
    if (running.length > 0 && !force) throw invalid('Found running tasks on the instance.');
    for (const task of running) stopTask(at, task, 'Container instance was deregistered');
    at.table(containerInstances).delete(found.containerInstanceArn);
    return { containerInstance: { ...found, status: 'INACTIVE' } };
  },

  PutAttributes({ cluster: name, attributes = [] }, at) {
    const cluster = requireCluster(at, name);
    for (const { targetId = '', name: key, value } of attributes) {
      const found = requireTarget(at, cluster, targetId);
      at.table(containerInstances).patch(found, {
        attributes: [...(found.attributes ?? []).filter((held) => held.name !== key), { name: key, value }],
      });
    }
    return { attributes };
  },

  DeleteAttributes({ cluster: name, attributes = [] }, at) {
    const cluster = requireCluster(at, name);
    for (const { targetId = '', name: key, value } of attributes) {
      const found = requireTarget(at, cluster, targetId);
      at.table(containerInstances).patch(found, {
        attributes: (found.attributes ?? []).filter((held) => held.name !== key || (value !== undefined && held.value !== value)),
      });
    }
    return { attributes };
  },

  ListAttributes({ cluster: name, attributeName, attributeValue }, at) {
    const cluster = requireCluster(at, name);
    const rows: Plain<Attribute>[] = at
      .table(containerInstances)
      .filter((one) => one.clusterArn === cluster.clusterArn)
      .flatMap((one) => (one.attributes ?? []).map((attribute) => ({ ...attribute, targetId: one.containerInstanceArn })));
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

function requireTarget(at: Place, cluster: Cluster, reference: string): ContainerInstance {
  const found = find(at, cluster, reference);
  if (found === undefined) throw new AwsError('TargetNotFoundException', 'Could not find the container instance.');
  return found;
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
