import type { Cluster as SdkCluster, ECS } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { clusterName, clusters, instancesOf, requireCluster, services, tasks, waitingTasks, type Cluster } from './resources.ts';
import { dropTags, setTags, shownTagsIfAny } from './tags.ts';

function describe(at: Place, cluster: Cluster, include: readonly string[] = []): Plain<SdkCluster> {
  const inCluster = (one: { clusterArn?: string | undefined }): boolean => one.clusterArn === cluster.clusterArn;
  const own = at.table(tasks).filter(inCluster);
  const active = at.table(services).filter((service) => inCluster(service) && service.status === 'ACTIVE');
  const { configuration, ...rest } = cluster;
  return {
    ...rest,
    registeredContainerInstancesCount: instancesOf(at, cluster).length,
    runningTasksCount: own.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
    pendingTasksCount:
      own.filter(({ lastStatus }) => lastStatus === 'PENDING' || lastStatus === 'PROVISIONING').length +
      active.reduce((sum, service) => sum + waitingTasks(at, service), 0),
    activeServicesCount: active.length,
    ...shownTagsIfAny(at, cluster.clusterArn, include.includes('TAGS')),
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

  /** INACTIVE clusters "might remain discoverable for a period of time" (API_DeleteCluster); here only where nothing runs. */
  ListClusters({ nextToken, maxResults }, at) {
    const { items, next } = page(
      at.table(clusters).filter(({ status }) => !at.strict || status === 'ACTIVE'),
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
    const changed = at.table(clusters).patch(requireCluster(at, name), { capacityProviders, defaultCapacityProviderStrategy });
    return { cluster: describe(at, changed, everything) };
  },

  DeleteCluster({ cluster: name }, at) {
    const cluster = requireCluster(at, name);
    const described = describe(at, cluster);
    const refuse = (code: string, what: string): AwsError => new AwsError(code, `The Cluster cannot be deleted while ${what}.`);
    if ((described.registeredContainerInstancesCount ?? 0) > 0)
      throw refuse('ClusterContainsContainerInstancesException', 'Container Instances are active or draining');
    if ((described.activeServicesCount ?? 0) > 0) throw refuse('ClusterContainsServicesException', 'Services are active');
    if ((described.runningTasksCount ?? 0) > 0) throw refuse('ClusterContainsTasksException', 'Tasks are active');
    dropTags(at, cluster.clusterArn);
    return { cluster: describe(at, at.table(clusters).patch(cluster, { status: 'INACTIVE' }), everything) };
  },
};
