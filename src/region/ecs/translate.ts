import type { ServiceResource, TaskDefinitionResource } from '../../aws/index.ts';
import type { Deployment, Service, TaskDefinition } from '../../model/index.ts';

type DeploymentResource = NonNullable<ServiceResource['deployments']>[number];
export type ContainerResource = NonNullable<TaskDefinitionResource['containerDefinitions']>[number];

/** A target group that a service's tasks stand in, and their port in it. */
export interface ServiceTarget {
  readonly groupArn: string;
  readonly port: number;
}

export function serviceTargets(service: ServiceResource): ServiceTarget[] {
  return (service.loadBalancers ?? []).flatMap(({ targetGroupArn, containerPort = 0 }) =>
    targetGroupArn === undefined ? [] : [{ groupArn: targetGroupArn, port: containerPort }],
  );
}

/** A service as the scheduler sees it. Spans are region time. */
export function modelService(
  service: ServiceResource,
  definitionOf: (arn: string) => TaskDefinitionResource | undefined,
): Service | undefined {
  const deployments = (service.deployments ?? []).flatMap((one) => modelDeployment(one, definitionOf));
  const primary = deployments.find(({ status }) => status === 'PRIMARY');
  if (primary === undefined) return undefined;
  const { deploymentCircuitBreaker: breaker, maximumPercent, minimumHealthyPercent } = service.deploymentConfiguration ?? {};
  return {
    cluster: service.clusterArn.split('/').at(-1) ?? '',
    name: service.serviceName,
    taskDefinition: primary.taskDefinition,
    desiredCount: service.status === 'ACTIVE' ? service.desiredCount : 0,
    targetGroupId: serviceTargets(service)[0]?.groupArn ?? '',
    healthCheckGracePeriodMs: (service.healthCheckGracePeriodSeconds ?? 0) * 1000,
    deployments,
    ...(maximumPercent === undefined ? {} : { maximumPercent }),
    ...(minimumHealthyPercent === undefined ? {} : { minimumHealthyPercent }),
    ...(breaker === undefined ? {} : { circuitBreaker: { enable: breaker.enable ?? false, rollback: breaker.rollback ?? false } }),
  };
}

function modelDeployment(one: DeploymentResource, definitionOf: (arn: string) => TaskDefinitionResource | undefined): Deployment[] {
  const definition = definitionOf(one.taskDefinition ?? '');
  if (definition === undefined) return [];
  return [
    {
      id: one.id ?? '',
      status: one.status === 'PRIMARY' ? 'PRIMARY' : 'ACTIVE',
      taskDefinition: modelDefinition(definition),
      rolloutState: one.rolloutState === 'COMPLETED' || one.rolloutState === 'FAILED' ? one.rolloutState : 'IN_PROGRESS',
      rolloutStateReason: one.rolloutStateReason ?? '',
      createdAtMs: one.createdAt ?? 0,
      updatedAtMs: one.updatedAt ?? 0,
    },
  ];
}

/** What the scheduler knows of a definition; what its containers run is the runner's affair. */
function modelDefinition(definition: TaskDefinitionResource): TaskDefinition {
  const [container] = definition.containerDefinitions ?? [];
  return {
    family: definition.family,
    revision: definition.revision,
    cpuUnits: taskCpuUnits(definition),
    memoryMiB: taskMemoryMiB(definition),
    image: container?.image ?? '',
    containerPort: container?.portMappings?.[0]?.containerPort ?? 0,
    environment: {},
  };
}

/** The deployments of a decision, as the service keeps them: known ones with their news, the others as they were. */
export function deploymentResources(service: ServiceResource, decided: readonly Deployment[]): DeploymentResource[] {
  return decided.flatMap((deployment) => {
    const held = (service.deployments ?? []).find(({ id }) => id === deployment.id);
    if (held === undefined) return [];
    const { status, rolloutState, rolloutStateReason, updatedAtMs: updatedAt } = deployment;
    return [{ ...held, status, rolloutState, rolloutStateReason, updatedAt }];
  });
}

/** Of the task, else what its containers add up to; a quarter of a vCPU where nothing is said. */
export function taskCpuUnits(definition: TaskDefinitionResource): number {
  const containers = (definition.containerDefinitions ?? []).reduce((sum, { cpu = 0 }) => sum + cpu, 0);
  return units(definition.cpu, 'vcpu', 1024) ?? (containers > 0 ? containers : 256);
}

export function taskMemoryMiB(definition: TaskDefinitionResource): number {
  const containers = (definition.containerDefinitions ?? []).reduce(
    (sum, { memory, memoryReservation = 0 }) => sum + (memory ?? memoryReservation),
    0,
  );
  return units(definition.memory, 'gb', 1024) ?? (containers > 0 ? containers : 512);
}

export interface Limits {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

/** What one container of a task may use: of the task's CPU what the others have not reserved, of its memory what it may at most. */
export function containerLimits(own: ContainerResource, all: readonly ContainerResource[], task: Limits): Limits {
  const reserved = all.reduce((sum, { cpu = 0 }) => sum + cpu, 0) - (own.cpu ?? 0);
  return {
    cpuUnits: Math.max(1, own.cpu ?? 0, task.cpuUnits - reserved),
    memoryMiB: Math.min(own.memory ?? task.memoryMiB, task.memoryMiB),
  };
}

/** `1024`, `1 vCPU`, `.5 GB`. */
function units(text: string | undefined, unit: string, factor: number): number | undefined {
  const match = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text ?? '');
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * (match[2]?.toLowerCase() === unit ? factor : 1));
}
