import type { Clock, Logger } from '../../base/index.ts';
import {
  clusters,
  containerInstances,
  deregisterTargets,
  registerTargets,
  serviceEvent,
  services,
  startTask,
  targetGroups,
  taskDefinitions,
  tasks as taskRecords,
  type Place,
  type ServiceResource,
  type World,
} from '../../aws/index.ts';
import {
  countFailure,
  decideService,
  noFailures,
  serviceEvents,
  type ServiceCommand,
  type StartFailures,
} from '../../autoscaling/index.ts';
import type { MetricDatum, Service, Task, WorkloadUsage } from '../../model/index.ts';
import { ControlLoop, type LoopResult } from '../control/loop.ts';
import type { LoadBalancing } from '../elbv2/loadBalancing.ts';
import { idOf, taskUsage, type RunningTask } from './task.ts';
import type { Tasks } from './tasks.ts';
import { deploymentResources, modelService, serviceTargets } from './translate.ts';

export interface ServicesOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly tasks: Tasks;
  readonly loadBalancing: LoadBalancing;
  readonly log: Logger;
}

/** What the scheduler remembers of a service besides its record and its tasks. */
interface ServiceRuntime {
  readonly at: Place;
  readonly arn: string;
  readonly loop: ControlLoop;
  /** The deployment that `failures` are of. */
  deploymentId: string;
  failures: StartFailures;
  steady: boolean;
}

const kinds = [services, containerInstances].map(({ kind }) => `/${kind}`);

/** The ECS service scheduler: asks `decideService` what to do next for each service, and does it. */
export class Services {
  readonly #options: ServicesOptions;
  readonly #runtimes = new Map<string, ServiceRuntime>();
  #closed = false;

  constructor(options: ServicesOptions) {
    this.#options = options;
    const { world, tasks, loadBalancing } = options;
    world.watch((changed) => {
      for (const table of changed) if (kinds.some((kind) => table.endsWith(kind))) return this.#sync();
    });
    tasks.onChange((running, ended) => this.#onTask(running, ended));
    loadBalancing.onChange(() => this.#onTargetsChanged());
    this.#sync();
  }

  /** AWS/ECS CPUUtilization and MemoryUtilization: percent of what the service's running tasks reserve. */
  metrics(usage: ReadonlyMap<string, WorkloadUsage>): { at: Place; data: MetricDatum[] }[] {
    return [...this.#runtimes.values()].map(({ at, arn }) => {
      const [, cluster = '', name = ''] = arn.split(':service')[1]?.split('/') ?? [];
      const common = {
        namespace: 'AWS/ECS',
        dimensions: { ClusterName: cluster, ServiceName: name },
        timestampMs: this.#options.clock.nowMs(),
        unit: 'Percent',
      } as const;
      const data = this.tasksOf(arn).flatMap((running): MetricDatum[] => {
        const used = running.task.state === 'RUNNING' ? taskUsage(running, usage) : undefined;
        if (used === undefined) return [];
        return [
          { ...common, name: 'CPUUtilization', value: used.cpuPercent },
          { ...common, name: 'MemoryUtilization', value: used.memoryPercent },
        ];
      });
      return { at, data };
    });
  }

  /** Oldest first; ended tasks stay for a while with their reason. */
  tasksOf(serviceArn: string): RunningTask[] {
    const runtime = this.#runtimes.get(serviceArn);
    if (runtime === undefined) return [];
    const group = `service:${idOf(serviceArn)}`;
    return this.#options.tasks.all().filter(({ at, arn }) => {
      const record = at === runtime.at ? at.table(taskRecords).get(arn) : undefined;
      return record?.group === group && record.clusterArn === clusterOf(serviceArn);
    });
  }

  /** StopTask of a task of a service: it leaves as one that is scaled in. */
  retire(running: RunningTask, reason: string): void {
    const runtime = this.#runtimeOf(running);
    if (runtime !== undefined) this.#deactivate(runtime, running, reason);
  }

  /** No decision is taken afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#runtimes.values()].map(({ loop }) => loop.stop()));
  }

  /** One runtime for each service there is. */
  #sync(): void {
    if (this.#closed) return;
    for (const at of this.#options.world.places()) {
      for (const service of at.table(services).values()) {
        if (service.status === 'INACTIVE') this.#end(service.serviceArn);
        else this.#wake(at, service.serviceArn);
      }
    }
  }

  #wake(at: Place, arn: string): void {
    let runtime = this.#runtimes.get(arn);
    if (runtime === undefined) {
      const { clock, log } = this.#options;
      const onError = (message: string, error: unknown): void => log.error({ err: error }, message);
      const loop = new ControlLoop(`service ${idOf(arn)}`, clock, () => this.#reconcile(arn), onError);
      this.#runtimes.set(arn, (runtime = { at, arn, loop, deploymentId: '', failures: noFailures, steady: false }));
    }
    runtime.loop.wake();
  }

  #end(arn: string): void {
    const runtime = this.#runtimes.get(arn);
    if (runtime === undefined) return;
    this.#runtimes.delete(arn);
    void runtime.loop.stop();
  }

  async #reconcile(arn: string): Promise<LoopResult> {
    const runtime = this.#runtimes.get(arn);
    const record = runtime?.at.table(services).get(arn);
    if (runtime === undefined || record === undefined) return {};
    const service = modelService(record, (definition) => runtime.at.table(taskDefinitions).get(idOf(definition)));
    if (service === undefined) return {};
    const deploymentId = service.deployments?.find(({ status }) => status === 'PRIMARY')?.id ?? '';
    if (deploymentId !== runtime.deploymentId) Object.assign(runtime, { deploymentId, failures: noFailures });
    const tasks = this.tasksOf(arn).map(({ task }) => task);
    const snapshot = { service, tasks, failures: runtime.failures, steadyReported: runtime.steady };
    const decision = decideService(snapshot, this.#options.clock.nowMs());
    runtime.steady = decision.steady;
    for (const command of decision.commands) this.#execute(runtime, service, command);
    if (decision.deployments) this.#patch(runtime, (held) => ({ deployments: deploymentResources(held, decision.deployments!) }));
    this.#retire(runtime, tasks);
    return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
  }

  /** A deleted service whose tasks are all gone is INACTIVE. */
  #retire(runtime: ServiceRuntime, tasks: readonly Task[]): void {
    if (runtime.at.table(services).get(runtime.arn)?.status !== 'DRAINING' || tasks.some(({ state }) => state !== 'STOPPED')) return;
    this.#patch(runtime, () => ({ status: 'INACTIVE', deployments: [] }));
  }

  #execute(runtime: ServiceRuntime, service: Service, command: ServiceCommand): void {
    switch (command.type) {
      case 'launch':
        return this.#launch(runtime, service, command.count);
      case 'event':
        return this.#tellEvent(runtime, command.message);
      case 'remove': {
        const running = this.#find(runtime, command.taskId);
        return running === undefined ? undefined : this.#options.tasks.forget(running.arn);
      }
      case 'activate':
      case 'deactivate':
      case 'stop': {
        const running = this.#find(runtime, command.taskId);
        if (running === undefined) return;
        if (command.type === 'activate') this.#activate(runtime, running);
        else if (command.type === 'deactivate') this.#deactivate(runtime, running, command.reason);
        else this.#options.tasks.stop(running, command.reason);
        return;
      }
    }
    command satisfies never;
  }

  #launch(runtime: ServiceRuntime, service: Service, count: number): void {
    const { at, arn } = runtime;
    const record = at.table(services).get(arn);
    const primary = record?.deployments?.find(({ status }) => status === 'PRIMARY');
    const definition = at.table(taskDefinitions).get(idOf(primary?.taskDefinition ?? ''));
    const cluster = at.table(clusters).get(idOf(clusterOf(arn)));
    if (record === undefined || definition === undefined || cluster === undefined) return;
    const hosts = hostsOf(at, record);
    if (hosts?.length === 0) return this.#cannotPlace(runtime, service);
    const started = this.#options.world.transaction(() =>
      Array.from({ length: count }, (_, index) =>
        startTask(at, cluster, definition, {
          launchType: record.launchType ?? 'FARGATE',
          containerInstance: hosts === undefined ? undefined : at.table(containerInstances).get(hosts[index % hosts.length]),
          group: `service:${record.serviceName}`,
          startedBy: primary?.id,
          networkConfiguration: record.networkConfiguration,
        }),
      ),
    );
    this.#tellEvent(
      runtime,
      serviceEvents.started(
        service,
        started.map(({ taskArn }) => idOf(taskArn)),
      ),
    );
    for (const task of started) this.#options.tasks.launch(at, task);
  }

  /** Nothing can be launched until there is somewhere to put it; said once for as long as nothing else happens. */
  #cannotPlace(runtime: ServiceRuntime, service: Service): void {
    const message = serviceEvents.cannotPlace(service);
    const newest = runtime.at.table(services).get(runtime.arn)?.events?.[0]?.message;
    if (newest !== message) this.#tellEvent(runtime, message);
  }

  #activate(runtime: ServiceRuntime, running: RunningTask): void {
    this.#eachTarget(runtime, running, registerTargets);
    this.#options.tasks.tell(running, 'registered');
  }

  #deactivate(runtime: ServiceRuntime, running: RunningTask, stoppedReason: string): void {
    this.#eachTarget(runtime, running, deregisterTargets);
    running.stopCode ??= 'ServiceSchedulerInitiated';
    this.#options.tasks.tell(running, 'toldToStop', { stoppedReason });
    this.#seeDrained(runtime, running);
  }

  #eachTarget({ at, arn }: ServiceRuntime, running: RunningTask, act: typeof registerTargets): void {
    const record = at.table(services).get(arn);
    if (record === undefined) return;
    this.#options.world.transaction(() => {
      for (const { groupArn, port } of serviceTargets(record))
        if (at.table(targetGroups).has(groupArn)) act(at, groupArn, [{ Id: running.name, Port: port }]);
    });
  }

  #onTask(running: RunningTask, ended: { asked: boolean; wasOfUse: boolean } | undefined): void {
    const runtime = this.#runtimeOf(running);
    if (runtime === undefined || this.#closed) return;
    if (ended !== undefined) {
      if (!ended.asked && isWanted(runtime, running))
        runtime.failures = ended.wasOfUse ? noFailures : countFailure(runtime.failures, this.#options.clock.nowMs());
      this.#eachTarget(runtime, running, deregisterTargets);
    }
    runtime.loop.wake();
  }

  #onTargetsChanged(): void {
    for (const runtime of this.#runtimes.values()) {
      for (const running of this.tasksOf(runtime.arn)) {
        if (running.task.state === 'RUNNING') this.#seeHealth(runtime, running);
        else if (running.task.state === 'DEACTIVATING') this.#seeDrained(runtime, running);
      }
    }
  }

  /** HEALTHY where all target groups say so, UNHEALTHY where one says so. */
  #seeHealth({ at, arn }: ServiceRuntime, running: RunningTask): void {
    const record = at.table(services).get(arn);
    if (record === undefined) return;
    const seen = serviceTargets(record).map(
      ({ groupArn, port }) => this.#options.loadBalancing.target(groupArn, running.name, port)?.health,
    );
    if (seen.length === 0) return;
    const bad = seen.find((health) => health?.state === 'unhealthy');
    const health = bad !== undefined ? 'UNHEALTHY' : seen.every((each) => each?.state === 'healthy') ? 'HEALTHY' : 'UNKNOWN';
    if (health === running.task.health) return;
    const runtime = this.#runtimes.get(arn);
    if (health === 'HEALTHY' && runtime !== undefined && isWanted(runtime, running)) runtime.failures = noFailures;
    const { healthReason: _, ...rest } = running.task;
    const healthReason = bad?.description ?? bad?.reason;
    this.#options.tasks.change(running, { ...rest, health, ...(healthReason === undefined ? {} : { healthReason }) });
  }

  #seeDrained({ at, arn }: ServiceRuntime, running: RunningTask): void {
    const record = at.table(services).get(arn);
    const left = record === undefined ? [] : serviceTargets(record);
    if (running.task.drained === true) return;
    if (left.some(({ groupArn, port }) => this.#options.loadBalancing.target(groupArn, running.name, port) !== undefined)) return;
    this.#options.tasks.change(running, { ...running.task, drained: true });
  }

  #find(runtime: ServiceRuntime, taskId: string): RunningTask | undefined {
    return this.tasksOf(runtime.arn).find(({ task }) => task.id === taskId);
  }

  #runtimeOf({ at, arn }: RunningTask): ServiceRuntime | undefined {
    const record = at.table(taskRecords).get(arn);
    if (record?.group?.startsWith('service:') !== true) return undefined;
    return this.#runtimes.get(at.arn('ecs', `service/${idOf(record.clusterArn)}/${record.group.slice('service:'.length)}`));
  }

  #tellEvent(runtime: ServiceRuntime, message: string): void {
    const [, text = message] = /^\(service [^)]*\) ([\s\S]*)$/.exec(message) ?? [];
    this.#options.world.transaction(() => {
      const held = runtime.at.table(services).get(runtime.arn);
      if (held !== undefined) serviceEvent(runtime.at, held, text);
    });
  }

  #patch({ at, arn }: ServiceRuntime, change: (held: ServiceResource) => Partial<ServiceResource>): void {
    this.#options.world.transaction(() => {
      const held = at.table(services).get(arn);
      if (held !== undefined) at.table(services).patch(held, change(held));
    });
  }
}

/** Whether a task is of the version that the count of failures is about: what another version does says nothing of it. */
function isWanted({ deploymentId }: ServiceRuntime, { task }: RunningTask): boolean {
  return task.deploymentId === undefined || task.deploymentId === deploymentId;
}

/** The container instances that tasks of the EC2 launch type may be placed on; undefined where they need none. */
function hostsOf(at: Place, { clusterArn, launchType }: ServiceResource): string[] | undefined {
  if (launchType !== 'EC2') return undefined;
  const found = at.table(containerInstances).filter((one) => one.clusterArn === clusterArn && one.status === 'ACTIVE');
  return found.map(({ containerInstanceArn }) => containerInstanceArn);
}

function clusterOf(serviceArn: string): string {
  return serviceArn.replace(':service/', ':cluster/').split('/').slice(0, 2).join('/');
}
