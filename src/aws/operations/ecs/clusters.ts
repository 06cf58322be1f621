import type { Cluster as SdkCluster, ECS } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { containerInstances } from './containerInstances.ts';
import { services } from './services.ts';
import { dropTags, setTags, tagsOf } from './tags.ts';
import { tasks } from './tasks.ts';

export interface Cluster extends Plain<SdkCluster> {
  readonly clusterArn: string;
  readonly clusterName: string;
}

export const clusters = table<Cluster>('ecs.cluster', (cluster) => cluster.clusterName);

/** `cluster` of an ARN or a name; the cluster named `default` when nothing is given. */
export function clusterName(nameOrArn: string | undefined): string {
  return nameOrArn === undefined ? 'default' : (nameOrArn.split('/').at(-1) ?? nameOrArn);
}

export function requireCluster(at: Place, nameOrArn: string | undefined): Cluster {
  const cluster = at.table(clusters).get(clusterName(nameOrArn));
  if (cluster === undefined || cluster.status !== 'ACTIVE') throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  return cluster;
}

function describe(at: Place, cluster: Cluster, include: readonly string[] = []): Plain<SdkCluster> {
  const inCluster = (one: { clusterArn?: string | undefined }): boolean => one.clusterArn === cluster.clusterArn;
  const running = at.table(tasks).filter((task) => inCluster(task) && task.lastStatus === 'RUNNING');
  const { configuration, ...rest } = cluster;
  return {
    ...rest,
    registeredContainerInstancesCount: at.table(containerInstances).filter(inCluster).length,
    runningTasksCount: running.length,
    pendingTasksCount: at
      .table(tasks)
      .filter((task) => inCluster(task) && (task.lastStatus === 'PENDING' || task.lastStatus === 'PROVISIONING')).length,
    activeServicesCount: at.table(services).filter((service) => inCluster(service) && service.status === 'ACTIVE').length,
    ...(include.includes('TAGS') ? { tags: tagsOf(at, cluster.clusterArn) } : { tags: [] }),
    ...(include.includes('SETTINGS') ? {} : { settings: [] }),
    ...(include.includes('CONFIGURATIONS') && configuration !== undefined ? { configuration } : {}),
    statistics: [],
  };
}

const everything = ['TAGS', 'SETTINGS', 'CONFIGURATIONS'];

export const clusterOperations: Operations<ECS> = {
  CreateCluster(input, at) {
    const name = input.clusterName ?? 'default';
    const arn = at.arn('ecs', `cluster/${name}`);
    const cluster = at.table(clusters).put({
      clusterArn: arn,
      clusterName: name,
      status: 'ACTIVE',
      settings: input.settings ?? [{ name: 'containerInsights', value: 'disabled' }],
      ...(input.configuration === undefined ? {} : { configuration: input.configuration }),
      capacityProviders: input.capacityProviders ?? [],
      defaultCapacityProviderStrategy: input.defaultCapacityProviderStrategy ?? [],
      ...(input.serviceConnectDefaults === undefined ? {} : { serviceConnectDefaults: input.serviceConnectDefaults }),
    });
    setTags(at, arn, input.tags);
    return { cluster: describe(at, cluster, everything) };
  },

  DescribeClusters({ clusters: names = ['default'], include = [] }, at) {
    const found = names.map((name) => at.table(clusters).get(clusterName(name)));
    return {
      clusters: found.filter((cluster) => cluster !== undefined).map((cluster) => describe(at, cluster, include)),
      failures: names
        .filter((_name, index) => found[index] === undefined)
        .map((name) => ({ arn: name.startsWith('arn:') ? name : at.arn('ecs', `cluster/${name}`), reason: 'MISSING' })),
    };
  },

  ListClusters({ nextToken, maxResults }, at) {
    const { items, next } = page(
      at.table(clusters).filter(({ status }) => status === 'ACTIVE'),
      { token: nextToken, max: maxResults },
      { defaultMax: 100 },
    );
    return { clusterArns: items.map(({ clusterArn }) => clusterArn), nextToken: next };
  },

  UpdateCluster({ cluster: name, settings, configuration, serviceConnectDefaults }, at) {
    const cluster = requireCluster(at, name);
    const changed = at.table(clusters).patch(cluster, {
      settings: settings ?? cluster.settings,
      configuration: configuration ?? cluster.configuration,
      ...(serviceConnectDefaults === undefined ? {} : { serviceConnectDefaults }),
    });
    return { cluster: describe(at, changed, everything) };
  },

  UpdateClusterSettings({ cluster: name, settings = [] }, at) {
    const cluster = requireCluster(at, name);
    const kept = (cluster.settings ?? []).filter((held) => !settings.some((one) => one.name === held.name));
    return { cluster: describe(at, at.table(clusters).patch(cluster, { settings: [...kept, ...settings] }), everything) };
  },

  PutClusterCapacityProviders({ cluster: name, capacityProviders, defaultCapacityProviderStrategy }, at) {
    return {
      cluster: describe(
        at,
        at.table(clusters).patch(requireCluster(at, name), { capacityProviders, defaultCapacityProviderStrategy }),
        everything,
      ),
    };
  },

  DeleteCluster({ cluster: name }, at) {
    const cluster = requireCluster(at, name);
    const described = describe(at, cluster);
    if ((described.registeredContainerInstancesCount ?? 0) > 0)
      throw new AwsError(
        'ClusterContainsContainerInstancesException',
        'The Cluster cannot be deleted while Container Instances are active or draining.',
      );
    if ((described.activeServicesCount ?? 0) > 0)
      throw new AwsError('ClusterContainsServicesException', 'The Cluster cannot be deleted while Services are active.');
    if ((described.runningTasksCount ?? 0) > 0)
      throw new AwsError('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.');
    dropTags(at, cluster.clusterArn);
    return { cluster: describe(at, at.table(clusters).patch(cluster, { status: 'INACTIVE' }), everything) };
  },
};
