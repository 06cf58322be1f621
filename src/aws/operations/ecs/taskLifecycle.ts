import type { NetworkConfiguration, Task as SdkTask } from '@aws-sdk/client-ecs';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { createNetworkInterface, deleteNetworkInterface } from '../ec2/networkInterfaces.ts';
import { networkInterfaces, securityGroups, subnets } from '../ec2/resources.ts';
import { changeCounts } from './placement.ts';
import {
  containerInstances,
  invalidParameter,
  requireTaskDefinition,
  tasks,
  type Cluster,
  type ContainerInstance,
  type Task,
  type TaskDefinition,
} from './resources.ts';
import { setTags, type EcsTag } from './tags.ts';

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
  if (subnetIds.length === 0) throw invalidParameter('subnets can not be empty.');
  const subnet = subnetIds.find((id) => !at.table(subnets).has(id));
  if (subnet !== undefined)
    throw invalidParameter(
      `Error retrieving subnet information for [${subnet}]: The subnet ID '${subnet}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`,
    );
  const group = groupIds.find((id) => !at.table(securityGroups).has(id));
  if (group !== undefined)
    throw invalidParameter(
      `Error retrieving security group information for [${group}]: The security group '${group}' does not exist (ErrorCode: InvalidGroup.NotFound)`,
    );
}

export function requireNetwork(at: Place, definition: TaskDefinition, network: Plain<NetworkConfiguration> | undefined): void {
  const configuration = network?.awsvpcConfiguration;
  if (definition.networkMode === 'awsvpc' && configuration === undefined) {
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (configuration !== undefined) checkNetwork(at, configuration.subnets ?? [], configuration.securityGroups ?? []);
}

/** The same of a single task, which mocks start with groups that nobody made. */
export function requireTaskNetwork(at: Place, definition: TaskDefinition, network: Plain<NetworkConfiguration> | undefined): void {
  const configuration = network?.awsvpcConfiguration;
  const known = at.strict ? configuration : configuration && { ...configuration, securityGroups: [] };
  requireNetwork(at, definition, known && { awsvpcConfiguration: known });
}

function attachment(at: Place, network: Plain<NetworkConfiguration> | undefined, taskId: string): NonNullable<Task['attachments']> {
  const configuration = network?.awsvpcConfiguration;
  const subnet = at.table(subnets).get(configuration?.subnets?.[0]);
  if (configuration === undefined || subnet === undefined) return [];
  const groupIds = configuration.securityGroups ?? [];
  const unknown = groupIds.filter((id) => !at.table(securityGroups).has(id));
  const eni = createNetworkInterface(at, subnet, {
    description: at.arn('ecs', `attachment/${taskId}`),
    groupIds: groupIds.filter((id) => !unknown.includes(id)),
    requesterId: 'amazon-ecs',
  });
  // Only where nothing runs: groups that nobody made are shown as they were named.
  if (unknown.length > 0)
    at.table(networkInterfaces).patch(eni, {
      Groups: groupIds.map((id) => ({ GroupId: id, GroupName: at.table(securityGroups).get(id)?.GroupName ?? id })),
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
  const containers = definition.containerDefinitions ?? [];
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
    cpu: definition.cpu ?? String(containers.reduce((sum, { cpu = 0 }) => sum + cpu, 0)),
    memory:
      definition.memory ?? String(containers.reduce((sum, { memory, memoryReservation = 0 }) => sum + (memory ?? memoryReservation), 0)),
    connectivity: 'CONNECTED',
    createdAt: at.nowMs,
    // Mocks say that a running task was stopped for no reason.
    ...(at.strict ? {} : { stoppedReason: '' }),
    ...(at.world.machinery.live ? {} : { startedAt: at.nowMs }),
    version: 1,
    attachments,
    ...(launchType === 'FARGATE' ? { platformVersion: options.platformVersion ?? '1.4.0', platformFamily: 'Linux' } : {}),
    containers: containers.map((container) => ({
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
