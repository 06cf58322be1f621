import type { ECS, TaskSet as SdkTaskSet } from '@aws-sdk/client-ecs';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import type { Operations } from '../operation.ts';
import {
  clientError,
  requireCluster,
  requireService,
  requireTaskDefinition,
  services,
  taskSets,
  taskSetsOf,
  tasksStartedBy,
  type Service,
  type TaskSet,
} from './resources.ts';
import { reconcile } from './serviceTasks.ts';
import { dropTags, setTags, tagsOf } from './tags.ts';

/** Task sets exist where nothing runs; the scheduler of a running region rolls services out by itself alone. */
export function requireExternal(at: Place): void {
  if (!at.world.machinery.live) return;
  throw new AwsError(
    'UnsupportedFeatureException',
    'Plimsoll runs services of the deployment controller ECS. EXTERNAL, and with it task sets, exists with --control-plane-only.',
  );
}

function counted(at: Place, service: Service, set: TaskSet): Plain<SdkTaskSet> {
  const own = tasksStartedBy(at, service, set.id);
  const runningCount = own.filter(({ lastStatus }) => lastStatus === 'RUNNING').length;
  const steady = runningCount === set.computedDesiredCount;
  return { ...set, runningCount, pendingCount: own.length - runningCount, stabilityStatus: steady ? 'STEADY_STATE' : 'STABILIZING' };
}

export function describeTaskSets(at: Place, service: Service): Plain<SdkTaskSet>[] {
  return taskSetsOf(at, service).map((set) => counted(at, service, set));
}

/** By ARN, by id (`ecs-svc/1234…`), or by the id's number. */
const isMeant = (set: TaskSet, reference: string): boolean => set.taskSetArn === reference || set.taskSetArn.endsWith(`/${reference}`);

interface Reference {
  readonly cluster?: string | undefined;
  readonly service?: string | undefined;
}

function requireTaskSet(at: Place, { cluster, service: name }: Reference, reference = ''): { service: Service; set: TaskSet } {
  const service = requireService(at, requireCluster(at, cluster), name);
  const set = taskSetsOf(at, service).find((one) => isMeant(one, reference));
  if (set === undefined) throw new AwsError('TaskSetNotFoundException', 'The specified task set does not exist.');
  return { service, set };
}

/** A task set as it stands after its tasks were seen to. */
function settled(at: Place, service: Service, set: TaskSet): Plain<SdkTaskSet> {
  reconcile(at, service);
  return counted(at, service, at.table(taskSets).get(set.taskSetArn) ?? set);
}

export function dropTaskSets(at: Place, service: Service): void {
  for (const { taskSetArn } of taskSetsOf(at, service)) {
    at.table(taskSets).delete(taskSetArn);
    dropTags(at, taskSetArn);
  }
}

export const taskSetOperations: Operations<ECS> = {
  CreateTaskSet(input, at) {
    requireExternal(at);
    if (input.launchType !== undefined && !['EC2', 'FARGATE', 'EXTERNAL'].includes(input.launchType))
      throw clientError('launch type should be one of [EC2,FARGATE]');
    const cluster = requireCluster(at, input.cluster);
    const service = requireService(at, cluster, input.service);
    const definition = requireTaskDefinition(at, input.taskDefinition);
    const id = `ecs-svc/${at.digits(19)}`;
    const { capacityProviderStrategy, clientToken: _token, cluster: _cluster, service: _service, tags, ...own } = input;
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Partial<TaskSet>;
    const set = at.table(taskSets).put({
      loadBalancers: [],
      serviceRegistries: [],
      platformVersion: 'LATEST',
      scale: { value: 100, unit: 'PERCENT' },
      ...given,
      ...(capacityProviderStrategy === undefined ? { launchType: input.launchType ?? 'EC2' } : { capacityProviderStrategy }),
      id,
      taskSetArn: at.arn('ecs', `task-set/${cluster.clusterName}/${service.serviceName}/${id}`),
      serviceArn: service.serviceArn,
      clusterArn: cluster.clusterArn,
      status: 'ACTIVE',
      taskDefinition: definition.taskDefinitionArn,
      createdAt: at.nowMs,
      updatedAt: at.nowMs,
      stabilityStatusAt: at.nowMs,
    });
    setTags(at, set.taskSetArn, tags);
    return { taskSet: { ...settled(at, service, set), tags: tagsOf(at, set.taskSetArn) } };
  },

  DescribeTaskSets({ cluster, service: name, taskSets: references, include = [] }, at) {
    const service = requireService(at, requireCluster(at, cluster), name);
    const all = describeTaskSets(at, service) as TaskSet[];
    const found = all.filter((set) => references?.some((reference) => isMeant(set, reference)) ?? true);
    return {
      taskSets: found.map((set) => (include.includes('TAGS') ? { ...set, tags: tagsOf(at, set.taskSetArn) } : set)),
      failures: (references ?? [])
        .filter((reference) => !all.some((set) => isMeant(set, reference)))
        .map((arn) => ({ arn, reason: 'MISSING' })),
    };
  },

  UpdateTaskSet({ taskSet, scale, ...reference }, at) {
    const { service, set } = requireTaskSet(at, reference, taskSet);
    return { taskSet: settled(at, service, at.table(taskSets).patch(set, { scale, updatedAt: at.nowMs })) };
  },

  UpdateServicePrimaryTaskSet({ primaryTaskSet, ...reference }, at) {
    const { service, set } = requireTaskSet(at, reference, primaryTaskSet);
    for (const one of taskSetsOf(at, service))
      if (one.status === 'PRIMARY') at.table(taskSets).patch(one, { status: 'ACTIVE', updatedAt: at.nowMs });
    const primary = at.table(taskSets).patch(set, { status: 'PRIMARY', updatedAt: at.nowMs });
    at.table(services).patch(service, { taskDefinition: set.taskDefinition });
    return { taskSet: counted(at, service, primary) };
  },

  DeleteTaskSet({ taskSet, ...reference }, at) {
    const { service, set } = requireTaskSet(at, reference, taskSet);
    const emptied = settled(at, service, at.table(taskSets).patch(set, { scale: { value: 0, unit: 'PERCENT' } }));
    at.table(taskSets).delete(set.taskSetArn);
    dropTags(at, set.taskSetArn);
    return { taskSet: { ...emptied, status: 'DRAINING' } };
  },
};
