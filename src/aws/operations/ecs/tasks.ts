import type { ECS, NetworkConfiguration, RunTaskRequest, Task as SdkTask } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import { createNetworkInterface, deleteNetworkInterface } from '../ec2/networkInterfaces.ts';
import { securityGroups, subnets } from '../ec2/resources.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { requireCluster, type Cluster } from './clusters.ts';
import { changeCounts, containerInstances, type ContainerInstance } from './containerInstances.ts';
import { setTags, tagsOf, type EcsTag } from './tags.ts';
import { requireTaskDefinition, type TaskDefinition } from './taskDefinitions.ts';

export interface Task extends Plain<Omit<SdkTask, 'tags'>> {
  readonly taskArn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
}

export const tasks = table<Task>('ecs.task', (task) => task.taskArn);

const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);

/** A stopped task stays visible for an hour. */
const afterlifeMs = 3_600_000;

export interface NewTask {
  readonly launchType?: string | undefined;
  readonly group: string;
  readonly startedBy?: string | undefined;
  readonly overrides?: SdkTask['overrides'];
  readonly networkConfiguration?: Plain<NetworkConfiguration> | undefined;
  readonly containerInstance?: ContainerInstance | undefined;
  readonly tags?: readonly EcsTag[] | undefined;
  readonly platformVersion?: string | undefined;
  readonly capacityProvider?: string | undefined;
}

function checkNetwork(at: Place, subnetIds: readonly string[], groupIds: readonly string[]): void {
  if (subnetIds.length === 0) throw invalid('subnets can not be empty.');
  const subnet = subnetIds.find((id) => !at.table(subnets).has(id));
  if (subnet !== undefined)
    throw invalid(
      `Error retrieving subnet information for [${subnet}]: The subnet ID '${subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`,
    );
  const group = groupIds.find((id) => !at.table(securityGroups).has(id));
  if (group !== undefined)
    throw invalid(
      `Error retrieving security group information for [${group}]: The security group '${group}' does not exist (ErrorCode: InvalidGroup.NotFound)`,
    );
}

export function requireNetwork(at: Place, definition: TaskDefinition, network: Plain<NetworkConfiguration> | undefined): void {
  const configuration = network?.awsvpcConfiguration;
  if (definition.networkMode === 'awsvpc' && configuration === undefined) {
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (configuration !== undefined) checkNetwork(at, configuration.subnets ?? [], configuration.securityGroups ?? []);
}

function attachment(at: Place, network: Plain<NetworkConfiguration> | undefined, taskId: string): NonNullable<Task['attachments']> {
  const configuration = network?.awsvpcConfiguration;
  const subnet = at.table(subnets).get(configuration?.subnets?.[0]);
  if (configuration === undefined || subnet === undefined) return [];
  const eni = createNetworkInterface(at, subnet, {
    description: at.arn('ecs', `attachment/${taskId}`),
    groupIds: configuration.securityGroups,
    requesterId: 'amazon-ecs',
  });
  const details = {
    subnetId: subnet.SubnetId,
    networkInterfaceId: eni.NetworkInterfaceId,
    macAddress: eni.MacAddress ?? '',
    privateDnsName: eni.PrivateDnsName ?? '',
    privateIPv4Address: eni.PrivateIpAddress,
  };
  return [
    {
      id: at.uuid(),
      type: 'ElasticNetworkInterface',
      status: 'ATTACHED',
      details: Object.entries(details).map(([name, value]) => ({ name, value })),
    },
  ];
}

export function startTask(at: Place, cluster: Cluster, definition: TaskDefinition, options: NewTask): Task {
  const id = at.hex(32);
  const arn = at.arn('ecs', `task/${cluster.clusterName}/${id}`);
  const lastStatus = at.world.machinery.transition(at, arn, 'PROVISIONING', 'RUNNING');
  const attachments = definition.networkMode === 'awsvpc' ? attachment(at, options.networkConfiguration, id) : [];
  const address = attachments[0]?.details?.find(({ name }) => name === 'privateIPv4Address')?.value;
  const launchType = options.launchType ?? 'EC2';
  const healthStatus = at.world.machinery.live ? 'UNKNOWN' : 'HEALTHY';
  const memory =
    definition.memory ??
    String(
      (definition.containerDefinitions ?? []).reduce((sum, container) => sum + (container.memory ?? container.memoryReservation ?? 0), 0),
    );
  const task = at.table(tasks).put({
    taskArn: arn,
    clusterArn: cluster.clusterArn,
    taskDefinitionArn: definition.taskDefinitionArn,
    lastStatus,
    desiredStatus: 'RUNNING',
    launchType: launchType as 'EC2',
    group: options.group,
    ...(options.capacityProvider === undefined ? {} : { capacityProviderName: options.capacityProvider }),
    ...(options.startedBy === undefined ? {} : { startedBy: options.startedBy }),
    ...(options.containerInstance === undefined ? {} : { containerInstanceArn: options.containerInstance.containerInstanceArn }),
    overrides: options.overrides ?? { containerOverrides: [] },
    cpu: definition.cpu ?? String((definition.containerDefinitions ?? []).reduce((sum, container) => sum + (container.cpu ?? 0), 0)),
    memory,
    connectivity: 'CONNECTED',
    createdAt: at.nowMs,
    ...(at.world.machinery.live ? {} : { startedAt: at.nowMs }),
    version: 1,
    attachments,
    ...(launchType === 'FARGATE' ? { platformVersion: options.platformVersion ?? '1.4.0', platformFamily: 'Linux' } : {}),
    containers: (definition.containerDefinitions ?? []).map((container) => ({
      containerArn: at.arn('ecs', `container/${cluster.clusterName}/${id}/${at.uuid()}`),
      taskArn: arn,
      name: container.name,
      image: container.image,
      lastStatus: lastStatus === 'RUNNING' ? lastStatus : 'PENDING',
      ...(at.world.machinery.live ? {} : { exitCode: 0 }),
      networkBindings: [],
      networkInterfaces: address === undefined ? [] : [{ attachmentId: attachments[0]?.id, privateIpv4Address: address }],
      healthStatus,
      cpu: String(container.cpu ?? 0),
      ...(container.memory === undefined ? {} : { memory: String(container.memory) }),
    })),
    healthStatus,
  });
  setTags(at, arn, options.tags);
  if (options.containerInstance !== undefined) changeCounts(at, options.containerInstance, definition, 1);
  return task;
}

/** Asks for a task to be stopped. Where nothing runs, that is all there is to it. */
export function stopTask(
  at: Place,
  task: Task,
  reason: string,
  code: 'UserInitiated' | 'ServiceSchedulerInitiated' = 'UserInitiated',
): Task {
  if (task.desiredStatus === 'STOPPED') return task;
  const asked = at.table(tasks).patch(task, { desiredStatus: 'STOPPED', stoppedReason: reason, stopCode: code, stoppingAt: at.nowMs });
  return at.world.machinery.live ? asked : endTask(at, asked);
}

/** A task is over: its address and its place on a container instance are free again. */
export function endTask(at: Place, task: Task): Task {
  for (const { details = [] } of task.attachments ?? []) {
    const eni = details.find(({ name }) => name === 'networkInterfaceId')?.value;
    if (eni !== undefined) deleteNetworkInterface(at, eni);
  }
  const instance = at.table(containerInstances).get(task.containerInstanceArn);
  if (instance !== undefined) changeCounts(at, instance, requireTaskDefinition(at, task.taskDefinitionArn), -1);
  return at.table(tasks).patch(task, {
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    stoppedAt: at.nowMs,
    attachments: (task.attachments ?? []).map((one) => ({ ...one, status: 'DELETED' })),
    containers: (task.containers ?? []).map((container) => ({ ...container, lastStatus: 'STOPPED' })),
  });
}

function describe(at: Place, task: Task, withTags: boolean): Plain<SdkTask> {
  return { ...task, ...(withTags ? { tags: tagsOf(at, task.taskArn) } : { tags: [] }) };
}

function find(at: Place, cluster: Cluster, reference: string): Task | undefined {
  const id = reference.split('/').at(-1);
  return at
    .table(tasks)
    .find((task) => task.clusterArn === cluster.clusterArn && (task.taskArn === reference || task.taskArn.split('/').at(-1) === id));
}

function instancesFor(at: Place, cluster: Cluster, references: readonly string[] | undefined): (ContainerInstance | undefined)[] {
  const inCluster = at.table(containerInstances).filter((one) => one.clusterArn === cluster.clusterArn);
  if (references !== undefined)
    return references.map((reference) =>
      inCluster.find((one) => one.containerInstanceArn.split('/').at(-1) === reference.split('/').at(-1)),
    );
  return inCluster.filter((one) => one.status === 'ACTIVE');
}

type RunInput = Plain<RunTaskRequest>;

/** A strategy of the call, else of the cluster unless a launch type was asked for. */
function providerOf(cluster: Cluster, input: RunInput): string | undefined {
  if (input.launchType !== undefined && (input.capacityProviderStrategy ?? []).length > 0) {
    throw invalid('Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.');
  }
  const strategy =
    input.capacityProviderStrategy ?? (input.launchType === undefined ? cluster.defaultCapacityProviderStrategy : undefined) ?? [];
  return strategy[0]?.capacityProvider;
}

function newTask(cluster: Cluster, input: RunInput, definition: TaskDefinition): NewTask {
  const capacityProvider = providerOf(cluster, input);
  return {
    launchType: input.launchType ?? (capacityProvider?.startsWith('FARGATE') === true ? 'FARGATE' : undefined),
    capacityProvider,
    group: input.group ?? `family:${definition.family}`,
    startedBy: input.startedBy,
    overrides: input.overrides as SdkTask['overrides'],
    networkConfiguration: input.networkConfiguration,
    platformVersion: input.platformVersion,
    tags: input.propagateTags === 'TASK_DEFINITION' ? undefined : input.tags,
  };
}

export const taskOperations: Operations<ECS> = {
  RunTask(input, at) {
    if (input.launchType !== undefined && !['EC2', 'FARGATE', 'EXTERNAL'].includes(input.launchType))
      throw new AwsError('ClientException', 'launch type should be one of [EC2,FARGATE,EXTERNAL]');
    const cluster = requireCluster(at, input.cluster);
    const definition = requireTaskDefinition(at, input.taskDefinition);
    requireNetwork(at, definition, input.networkConfiguration);
    const options = newTask(cluster, input, definition);
    if (options.launchType === 'FARGATE') {
      const started = Array.from({ length: input.count ?? 1 }, () => startTask(at, cluster, definition, options));
      if (input.propagateTags === 'TASK_DEFINITION')
        for (const task of started) setTags(at, task.taskArn, [...tagsOf(at, definition.taskDefinitionArn), ...(input.tags ?? [])]);
      return { tasks: started.map((task) => describe(at, task, true)), failures: [] };
    }
    const places = instancesFor(at, cluster, undefined);
    if (places.length === 0) throw invalid('No Container Instances were found in your cluster.');
    const started = Array.from({ length: input.count ?? 1 }, (_, index) => {
      const place = at.table(containerInstances).get(places[index % places.length]!.containerInstanceArn);
      return startTask(at, cluster, definition, { ...options, containerInstance: place });
    });
    if (input.propagateTags === 'TASK_DEFINITION')
      for (const task of started) setTags(at, task.taskArn, [...tagsOf(at, definition.taskDefinitionArn), ...(input.tags ?? [])]);
    return { tasks: started.map((task) => describe(at, task, true)), failures: [] };
  },

  StartTask(input, at) {
    const cluster = requireCluster(at, input.cluster);
    const definition = requireTaskDefinition(at, input.taskDefinition);
    if ((input.containerInstances ?? []).length === 0) throw invalid('Container Instances cannot be empty.');
    const places = instancesFor(at, cluster, input.containerInstances);
    const started = places.map((containerInstance) =>
      startTask(at, cluster, definition, { ...newTask(cluster, input as unknown as RunInput, definition), containerInstance }),
    );
    return { tasks: started.map((task) => describe(at, task, true)), failures: [] };
  },

  DescribeTasks({ cluster: name, tasks: references = [], include = [] }, at) {
    const cluster = requireCluster(at, name);
    if (references.length === 0) throw invalid('Tasks cannot be empty.');
    const found = references.map((reference) => find(at, cluster, reference));
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
          (containerInstance === undefined || task.containerInstanceArn?.split('/').at(-1) === containerInstance.split('/').at(-1)) &&
          (family === undefined || (task.taskDefinitionArn.split('/').at(-1) ?? '').split(':')[0] === family) &&
          (startedBy === undefined || task.startedBy === startedBy) &&
          (serviceName === undefined || task.group === `service:${serviceName.split('/').at(-1) ?? ''}`) &&
          (launchType === undefined || task.launchType === launchType),
      );
    const { items, next } = page(found, { token: nextToken, max: maxResults }, { defaultMax: 100 });
    return { taskArns: items.map(({ taskArn }) => taskArn), nextToken: next };
  },

  StopTask({ cluster: name, task: reference = '', reason = '' }, at) {
    const task = find(at, requireCluster(at, name), reference);
    if (task === undefined) throw invalid('The referenced task was not found.');
    return { task: describe(at, stopTask(at, task, reason), true) };
  },
};
