import { plain, type Arguments } from '../arguments.ts';
import { PlimsollError } from '../../../base/index.ts';
import { terraformErrors } from '../../errors.ts';
import { codeOf, tagChanges, tagMap, unlessGone, waitUntil, type Clients, type ResourceType } from '../provider.ts';
import { block, blockSet, computed, flag, forceNew, number, optional, required, settled, tagged, text, textSet } from '../schema.ts';
import type { Service, Tag } from '@aws-sdk/client-ecs';
import type { Value } from '../../language/index.ts';

/** ECS writes the members of tags in lower case. */
const ecsTags = (values: Arguments) => Object.entries(values.map('tags_all')).map(([key, value]) => ({ key, value }));
const tagValues = (tags: readonly Tag[] = []) => tagMap(tags.map(({ key, value }) => ({ Key: key, Value: value })));

async function changeTags(aws: Clients, resourceArn: string, before: Arguments, planned: Arguments): Promise<void> {
  const ecs = await aws.ecs();
  const { set, removed } = tagChanges(before, planned);
  if (set.length > 0) await ecs.tagResource({ resourceArn, tags: set.map(({ Key, Value }) => ({ key: Key, value: Value })) });
  if (removed.length > 0) await ecs.untagResource({ resourceArn, tagKeys: removed });
}

export const cluster: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(required, forceNew),
    setting: blockSet({ name: text(required), value: text(required) }, settled),
    ...tagged,
  },
  async create(aws, planned) {
    const settings = planned.blocks('setting').map((item) => ({ name: item.text('name') as never, value: item.text('value') }));
    const { cluster } = await (
      await aws.ecs()
    ).createCluster({
      clusterName: planned.sure('name'),
      tags: ecsTags(planned),
      ...(settings.length > 0 && { settings }),
    });
    return cluster?.clusterArn ?? '';
  },
  async read(aws, id) {
    const { clusters = [] } = await (await aws.ecs()).describeClusters({ clusters: [id], include: ['TAGS', 'SETTINGS'] });
    const found = clusters[0];
    if (found === undefined || found.status === 'INACTIVE') return undefined;
    return {
      id,
      arn: id,
      name: found.clusterName ?? '',
      setting: (found.settings ?? []).map(({ name = '', value = '' }) => ({ name, value })),
      tags_all: tagValues(found.tags),
    };
  },
  async update(aws, id, planned, changed, before) {
    if (changed.has('setting')) {
      const settings = planned.blocks('setting').map((item) => ({ name: item.text('name') as never, value: item.text('value') }));
      await (await aws.ecs()).updateClusterSettings({ cluster: id, settings });
    }
    await changeTags(aws, id, before, planned);
  },
  async delete(aws, id) {
    const ecs = await aws.ecs();
    await waitUntil('the cluster to be empty', aws.signal, async () => {
      try {
        await ecs.deleteCluster({ cluster: id });
        return true;
      } catch (error) {
        if (codeOf(error) === 'ClusterNotFoundException') return true;
        if (codeOf(error).startsWith('ClusterContains')) return undefined;
        throw error;
      }
    });
  },
};

/** The members of a container definition (Amazon ECS API, ContainerDefinition); ECS drops others. */
const containerMembers = new Set(
  `name image repositoryCredentials cpu memory memoryReservation links portMappings essential restartPolicy entryPoint command environment environmentFiles
  mountPoints volumesFrom linuxParameters secrets dependsOn startTimeout stopTimeout versionConsistency hostname user workingDirectory disableNetworking privileged
  readonlyRootFilesystem dnsServers dnsSearchDomains extraHosts dockerSecurityOptions interactive pseudoTerminal dockerLabels ulimits logConfiguration
  healthCheck systemControls resourceRequirements firelensConfiguration credentialSpecs`.split(/\s+/),
);

/** ECS fills definitions in: what a configuration says must be in what is there. */
function sameDefinitions(before: Value, after: Value): boolean {
  try {
    const asked = JSON.parse(plain(after)) as unknown;
    const known = Array.isArray(asked) ? asked.map(withoutStrangers) : asked;
    return covers(JSON.parse(plain(before)), known);
  } catch {
    return before === after;
  }
}

function withoutStrangers(container: unknown): unknown {
  if (typeof container !== 'object' || container === null) return container;
  return Object.fromEntries(Object.entries(container).filter(([key]) => containerMembers.has(key)));
}

function covers(there: unknown, asked: unknown): boolean {
  if (Array.isArray(asked))
    return Array.isArray(there) && there.length === asked.length && asked.every((item, index) => covers(there[index], item));
  if (typeof asked === 'object' && asked !== null) {
    if (typeof there !== 'object' || there === null) return false;
    return Object.entries(asked).every(([key, value]) => covers((there as Record<string, unknown>)[key], value));
  }
  return there === asked || String(there) === String(asked);
}

export const taskDefinition: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    arn_without_revision: text(computed),
    revision: number(computed),
    family: text(required, forceNew),
    container_definitions: text(required, forceNew, { same: sameDefinitions }),
    cpu: text(optional, forceNew),
    memory: text(optional, forceNew),
    network_mode: text(settled, forceNew),
    requires_compatibilities: textSet(optional, forceNew),
    execution_role_arn: text(optional, forceNew),
    task_role_arn: text(optional, forceNew),
    skip_destroy: flag(optional, { fallback: false }),
    track_latest: flag(optional, { fallback: false }),
    runtime_platform: block({ cpu_architecture: text(optional), operating_system_family: text(optional) }, optional, forceNew),
    ephemeral_storage: block({ size_in_gib: number(required) }, optional, forceNew),
    volume: blockSet({ name: text(required), host_path: text(optional) }, optional, forceNew),
    ...tagged,
  },
  async create(aws, planned) {
    const [platform, storage, volumes] = [planned.block('runtime_platform'), planned.block('ephemeral_storage'), planned.blocks('volume')];
    const tags = ecsTags(planned);
    const { taskDefinition } = await (
      await aws.ecs()
    ).registerTaskDefinition({
      family: planned.sure('family'),
      containerDefinitions: definitionsOf(planned.sure('container_definitions')),
      cpu: planned.text('cpu'),
      memory: planned.text('memory'),
      networkMode: planned.text('network_mode') as never,
      requiresCompatibilities: planned.texts('requires_compatibilities') as never,
      executionRoleArn: planned.text('execution_role_arn'),
      taskRoleArn: planned.text('task_role_arn'),
      ...(platform && {
        runtimePlatform: {
          cpuArchitecture: platform.text('cpu_architecture') as never,
          operatingSystemFamily: platform.text('operating_system_family') as never,
        },
      }),
      ...(storage && { ephemeralStorage: { sizeInGiB: storage.number('size_in_gib') } }),
      ...(volumes.length > 0 && {
        volumes: volumes.map((item) => ({ name: item.text('name'), host: { sourcePath: item.text('host_path') } })),
      }),
      ...(tags.length > 0 && { tags }),
    });
    return taskDefinition?.taskDefinitionArn ?? '';
  },
  async read(aws, id, known) {
    const call = (await aws.ecs()).describeTaskDefinition({ taskDefinition: known.text('arn') ?? id, include: ['TAGS'] });
    const found = await unlessGone(call, 'ClientException', 'InvalidParameterException');
    const definition = found?.taskDefinition;
    if (definition === undefined || definition.status !== 'ACTIVE') return undefined;
    const arn = definition.taskDefinitionArn ?? '';
    const containers = JSON.stringify(definition.containerDefinitions ?? []);
    const asked = known.text('container_definitions');
    return {
      id: arn,
      arn,
      arn_without_revision: arn.slice(0, arn.lastIndexOf(':')),
      revision: definition.revision ?? 1,
      family: definition.family ?? '',
      // What was asked for is kept while AWS still has it, so that a plan shows what a person changed and no more.
      container_definitions: asked !== undefined && sameDefinitions(containers, asked) ? asked : containers,
      cpu: definition.cpu ?? '',
      memory: definition.memory ?? '',
      network_mode: definition.networkMode ?? '',
      requires_compatibilities: (definition.requiresCompatibilities ?? []).toSorted(),
      execution_role_arn: definition.executionRoleArn ?? '',
      task_role_arn: definition.taskRoleArn ?? '',
      tags_all: tagValues(found?.tags),
    };
  },
  async update(aws, _id, planned, _changed, before) {
    await changeTags(aws, before.sure('arn'), before, planned);
  },
  async delete(aws, id, known) {
    if (known.flag('skip_destroy') === true) return;
    await unlessGone(
      (await aws.ecs()).deregisterTaskDefinition({ taskDefinition: known.text('arn') ?? id }),
      'ClientException',
      'InvalidParameterException',
    );
  },
};

function definitionsOf(source: string) {
  try {
    const found: unknown = JSON.parse(source);
    // Numbers may be written as strings, names as numbers: the wire wants them as ECS's API has them.
    if (Array.isArray(found)) return found.map((item) => normalised(item as Record<string, unknown>)) as never[];
  } catch {
    // Said below.
  }
  throw new PlimsollError(terraformErrors.PL_TERRAFORM_APPLY, {
    what: 'ECS Task Definition container_definitions is invalid: it is no JSON list of containers',
  });
}

function normalised(container: Record<string, unknown>): Record<string, unknown> {
  const environment = container['environment'];
  if (!Array.isArray(environment)) return container;
  const pairs = (environment as { name?: unknown; value?: unknown }[]).map(({ name, value }) => ({
    name: String(name),
    value: String(value),
  }));
  return { ...container, environment: pairs };
}

export const service: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    name: text(required, forceNew),
    cluster: text(settled, forceNew),
    task_definition: text(optional),
    desired_count: number(optional, { fallback: 0 }),
    launch_type: text(settled, forceNew),
    platform_version: text(settled),
    scheduling_strategy: text(optional, forceNew, { fallback: 'REPLICA' }),
    deployment_maximum_percent: number(optional, { fallback: 200 }),
    deployment_minimum_healthy_percent: number(optional, { fallback: 100 }),
    health_check_grace_period_seconds: number(optional),
    enable_ecs_managed_tags: flag(optional, { fallback: false }),
    enable_execute_command: flag(optional, { fallback: false }),
    propagate_tags: text(optional),
    iam_role: text(settled, forceNew),
    force_new_deployment: flag(optional),
    force_delete: flag(optional),
    wait_for_steady_state: flag(optional, { fallback: false }),
    network_configuration: block(
      { subnets: textSet(required), security_groups: textSet(optional), assign_public_ip: flag(optional, { fallback: false }) },
      optional,
    ),
    load_balancer: blockSet(
      { target_group_arn: text(optional), container_name: text(required), container_port: number(required), elb_name: text(optional) },
      optional,
    ),
    deployment_circuit_breaker: block({ enable: flag(required), rollback: flag(required) }, optional),
    deployment_controller: block({ type: text(optional, { fallback: 'ECS' }) }, optional, forceNew),
    capacity_provider_strategy: blockSet({ capacity_provider: text(required), base: number(optional), weight: number(optional) }, optional),
    ...tagged,
  },
  async create(aws, planned) {
    const tags = ecsTags(planned);
    const [controller, capacity] = [planned.block('deployment_controller'), planned.blocks('capacity_provider_strategy')];
    const { service } = await (
      await aws.ecs()
    ).createService({
      serviceName: planned.sure('name'),
      launchType: planned.text('launch_type') as never,
      schedulingStrategy: planned.text('scheduling_strategy') as never,
      role: planned.text('iam_role'),
      ...serviceInput(planned),
      ...(controller && { deploymentController: { type: controller.text('type') as never } }),
      ...(capacity.length > 0 && {
        capacityProviderStrategy: capacity.map((item) => ({
          capacityProvider: item.text('capacity_provider'),
          base: item.number('base'),
          weight: item.number('weight'),
        })),
      }),
      ...(tags.length > 0 && { tags }),
    });
    return service?.serviceArn ?? '';
  },
  async settle(aws, id, planned) {
    if (planned.flag('wait_for_steady_state') === true) await steady(aws, id, planned);
  },
  async read(aws, id, known) {
    const found = await find(aws, id, known);
    if (found === undefined || found.status !== 'ACTIVE') return undefined;
    const network = found.networkConfiguration?.awsvpcConfiguration;
    const cluster = known.text('cluster');
    const asked = known.text('task_definition');
    const [arn, name] = [found.taskDefinition ?? '', (found.taskDefinition ?? '').split('/').at(-1) ?? ''];
    return {
      id,
      arn: id,
      name: found.serviceName ?? '',
      // Cluster and task definition may be named in short or by ARN.
      cluster: cluster !== undefined && found.clusterArn?.endsWith(`/${cluster}`) === true ? cluster : (found.clusterArn ?? ''),
      task_definition: asked !== undefined && (asked === name || asked === name.split(':')[0]) ? asked : arn,
      desired_count: found.desiredCount ?? 0,
      launch_type: found.launchType ?? '',
      platform_version: found.platformVersion ?? '',
      scheduling_strategy: found.schedulingStrategy ?? 'REPLICA',
      deployment_maximum_percent: found.deploymentConfiguration?.maximumPercent ?? 200,
      deployment_minimum_healthy_percent: found.deploymentConfiguration?.minimumHealthyPercent ?? 100,
      health_check_grace_period_seconds: found.healthCheckGracePeriodSeconds ?? 0,
      ...(found.enableECSManagedTags !== undefined && { enable_ecs_managed_tags: found.enableECSManagedTags }),
      network_configuration:
        network === undefined
          ? []
          : [
              {
                subnets: (network.subnets ?? []).toSorted(),
                security_groups: (network.securityGroups ?? []).toSorted(),
                assign_public_ip: network.assignPublicIp === 'ENABLED',
              },
            ],
      load_balancer: (found.loadBalancers ?? []).map((item) => ({
        target_group_arn: item.targetGroupArn ?? '',
        container_name: item.containerName ?? '',
        container_port: item.containerPort ?? 0,
        elb_name: item.loadBalancerName ?? '',
      })),
      tags_all: tagValues(found.tags),
    };
  },
  async update(aws, id, planned, changed, before) {
    const own = [...changed].filter((name) => !['tags', 'tags_all', 'wait_for_steady_state', 'force_delete'].includes(name));
    if (own.length > 0) {
      const { cluster, desiredCount, ...input } = serviceInput(planned);
      await (
        await aws.ecs()
      ).updateService({
        service: id,
        cluster,
        ...input,
        // A count that auto scaling set stays unless it is what changed.
        ...(changed.has('desired_count') && { desiredCount }),
        forceNewDeployment: planned.flag('force_new_deployment'),
      });
      if (planned.flag('wait_for_steady_state') === true) await steady(aws, id, planned);
    }
    await changeTags(aws, id, before, planned);
  },
  async delete(aws, id, known) {
    const ecs = await aws.ecs();
    const cluster = known.text('cluster');
    const there = await find(aws, id, known);
    if (there === undefined || there.status === 'INACTIVE') return;
    if (there.status === 'ACTIVE') {
      if (known.flag('force_delete') !== true) await ecs.updateService({ service: id, cluster, desiredCount: 0 });
      await unlessGone(
        ecs.deleteService({ service: id, cluster, force: true }),
        'ServiceNotFoundException',
        'ServiceNotActiveException',
        'ClusterNotFoundException',
      );
    }
    await waitUntil('the service to be gone', aws.signal, async () => {
      const found = await find(aws, id, known);
      return found === undefined || found.status === 'INACTIVE' ? true : undefined;
    });
  },
};

function serviceInput(planned: Arguments) {
  const [network, breaker] = [planned.block('network_configuration'), planned.block('deployment_circuit_breaker')];
  const balancers = planned.blocks('load_balancer');
  return {
    cluster: planned.text('cluster'),
    taskDefinition: planned.text('task_definition'),
    desiredCount: planned.number('desired_count'),
    platformVersion: planned.text('platform_version'),
    healthCheckGracePeriodSeconds: planned.number('health_check_grace_period_seconds'),
    enableECSManagedTags: planned.flag('enable_ecs_managed_tags'),
    enableExecuteCommand: planned.flag('enable_execute_command'),
    propagateTags: planned.text('propagate_tags') as never,
    deploymentConfiguration: {
      maximumPercent: planned.number('deployment_maximum_percent'),
      minimumHealthyPercent: planned.number('deployment_minimum_healthy_percent'),
      ...(breaker && { deploymentCircuitBreaker: { enable: breaker.flag('enable'), rollback: breaker.flag('rollback') } }),
    },
    ...(network && {
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: network.texts('subnets'),
          securityGroups: network.texts('security_groups'),
          assignPublicIp: network.flag('assign_public_ip') === true ? ('ENABLED' as const) : ('DISABLED' as const),
        },
      },
    }),
    ...(balancers.length > 0 && {
      loadBalancers: balancers.map((item) => ({
        targetGroupArn: item.text('target_group_arn'),
        containerName: item.text('container_name'),
        containerPort: item.number('container_port'),
        loadBalancerName: item.text('elb_name'),
      })),
    }),
  };
}

async function find(aws: Clients, id: string, known: Arguments): Promise<Service | undefined> {
  const call = (await aws.ecs()).describeServices({ services: [id], cluster: known.text('cluster'), include: ['TAGS'] });
  return (await unlessGone(call, 'ClusterNotFoundException'))?.services?.[0];
}

async function steady(aws: Clients, id: string, planned: Arguments): Promise<void> {
  await waitUntil('the service to be steady', aws.signal, async () => {
    const found = await find(aws, id, planned);
    return found?.deployments?.length === 1 && found.runningCount === found.desiredCount ? true : undefined;
  });
}
