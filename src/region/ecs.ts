import { errorMessage, type Clock, type Logger } from '../base/index.ts';
import { countFailure, decideService, noFailures, serviceEvents, type ServiceCommand, type StartFailures } from '../autoscaling/index.ts';
import {
  nextTaskState,
  type ComputeDriver,
  type MetricDatum,
  type Service,
  type Task,
  type TaskEvent,
  type WorkloadExit,
} from '../model/index.ts';
import { ControlLoop, type LoopResult } from './control/loop.ts';
import { hexId } from './identity.ts';
import { resolveImage } from './images.ts';
import type { LoadBalancing } from './loadBalancing.ts';
import type { Collection, Log, Store } from '../state/index.ts';

export interface EcsOptions {
  clock: Clock;
  store: Store;
  driver: ComputeDriver;
  loadBalancing: LoadBalancing;
  /** How long a task may take to end after SIGTERM before it is killed, wall milliseconds (ECS's stopTimeout). */
  stopTimeoutMs: number;
  log: Logger;
}

export interface ServiceEvent {
  readonly atMs: number;
  readonly message: string;
}

/** A running service: what was asked for is in the store, this is what there is. */
interface ServiceRuntime {
  readonly key: string;
  readonly loop: ControlLoop;
  readonly tasks: Map<string, Task>;
  failures: StartFailures;
  steady: boolean;
}

/** ECS services: asks `decideService` what to do next, does it, and tells the tasks' states what came of it. */
export class Ecs {
  readonly #options: EcsOptions;
  readonly #services: Collection<Service>;
  readonly #events: Log<ServiceEvent>;
  readonly #runtimes = new Map<string, ServiceRuntime>();
  #closed = false;

  constructor(options: EcsOptions) {
    this.#options = options;
    this.#services = options.store.collection('ecs.service');
    this.#events = options.store.log('ecs.service-event', 100);
    options.driver.onExit((exit) => this.#onExit(exit));
    options.loadBalancing.onChange(() => this.#onTargetsChanged());
    for (const service of this.#services.values()) this.#run(serviceKey(service));
  }

  createService(service: Service): Service {
    this.#services.put(serviceKey(service), service);
    this.#run(serviceKey(service));
    return service;
  }

  /** UpdateService's desiredCount. */
  setDesiredCount(key: string, desiredCount: number): void {
    this.#services.put(key, { ...this.service(key), desiredCount });
    this.#runtime(key).loop.wake();
  }

  service(key: string): Service {
    const service = this.#services.get(key);
    if (!service) throw new Error(`no service ${key}`);
    return service;
  }

  services(): Service[] {
    return this.#services.values();
  }

  /** Oldest first; ended tasks stay for a while with their reason. */
  tasks(key: string): Task[] {
    return [...this.#runtime(key).tasks.values()];
  }

  /** Newest first. */
  events(key: string): ServiceEvent[] {
    return this.#events.newest(key);
  }

  /** AWS/ECS CPUUtilization and MemoryUtilization: percent of what the service's running tasks reserve. */
  metrics(usage: ReadonlyMap<string, { cpuPercent: number; memoryPercent: number }>): MetricDatum[] {
    const timestampMs = this.#options.clock.nowMs();
    const data: MetricDatum[] = [];
    for (const runtime of this.#runtimes.values()) {
      const { cluster, name } = this.service(runtime.key);
      const common = {
        namespace: 'AWS/ECS',
        dimensions: { ClusterName: cluster, ServiceName: name },
        timestampMs,
        unit: 'Percent',
      } as const;
      for (const task of runtime.tasks.values()) {
        const used = task.state === 'RUNNING' ? usage.get(task.id) : undefined;
        if (!used) continue;
        data.push({ ...common, name: 'CPUUtilization', value: used.cpuPercent });
        data.push({ ...common, name: 'MemoryUtilization', value: used.memoryPercent });
      }
    }
    return data;
  }

  /** No decision is taken afterwards; the tasks are the driver's to end. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#runtimes.values()].map((runtime) => runtime.loop.stop()));
  }

  #run(key: string): void {
    const { clock, log } = this.#options;
    const onError = (message: string, error: unknown): void => log.error({ err: error }, message);
    const loop = new ControlLoop(`service ${key}`, clock, () => this.#reconcile(key), onError);
    this.#runtimes.set(key, { key, loop, tasks: new Map(), failures: noFailures, steady: false });
    loop.wake();
  }

  async #reconcile(key: string): Promise<LoopResult> {
    const runtime = this.#runtime(key);
    const service = this.service(key);
    const { failures, steady } = runtime;
    const snapshot = { service, tasks: [...runtime.tasks.values()], failures, steadyReported: steady };
    const decision = decideService(snapshot, this.#options.clock.nowMs());
    runtime.steady = decision.steady;
    for (const command of decision.commands) await this.#execute(runtime, service, command);
    return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
  }

  async #execute(runtime: ServiceRuntime, service: Service, command: ServiceCommand): Promise<void> {
    switch (command.type) {
      case 'launch':
        this.#launch(runtime, service, command.count);
        return;
      case 'activate':
        await this.#activate(runtime, service, command.taskId);
        return;
      case 'deactivate':
        await this.#deactivate(runtime, service, command.taskId, command.reason);
        return;
      case 'stop':
        this.#stop(runtime, command.taskId, command.reason);
        return;
      case 'remove':
        runtime.tasks.delete(command.taskId);
        return;
      case 'event':
        this.#events.append(runtime.key, { atMs: this.#options.clock.nowMs(), message: command.message });
        return;
    }
    command satisfies never;
  }

  #launch(runtime: ServiceRuntime, service: Service, count: number): void {
    const createdAtMs = this.#options.clock.nowMs();
    const { containerPort: port } = service.taskDefinition;
    const ids = Array.from({ length: count }, () => hexId(32));
    for (const id of ids) runtime.tasks.set(id, { id, state: 'PROVISIONING', address: '', port, createdAtMs, health: 'UNKNOWN' });
    this.#events.append(runtime.key, { atMs: createdAtMs, message: serviceEvents.started(service, ids) });
    for (const id of ids) void this.#start(runtime, service, id);
  }

  async #start(runtime: ServiceRuntime, service: Service, id: string): Promise<void> {
    const { driver } = this.#options;
    const { taskDefinition } = service;
    try {
      const image = resolveImage(taskDefinition.image);
      const address = driver.leaseAddress();
      this.#tell(runtime, id, 'addressLeased', { address });
      await driver.start({
        id,
        command: image.command,
        args: image.args,
        cwd: image.cwd,
        env: { ...image.environment, HOST: address, PORT: String(taskDefinition.containerPort), ...taskDefinition.environment },
        address,
        cpuUnits: taskDefinition.cpuUnits,
        memoryMiB: taskDefinition.memoryMiB,
      });
      this.#tell(runtime, id, 'processStarted', { startedAtMs: this.#options.clock.nowMs() });
    } catch (error) {
      this.#options.log.error({ err: error, task: id }, 'a task cannot be started');
      this.#ended(runtime, id, `TaskFailedToStart: ${errorMessage(error)}`);
    }
  }

  async #activate(runtime: ServiceRuntime, service: Service, id: string): Promise<void> {
    const task = runtime.tasks.get(id);
    if (!task) return;
    if (service.targetGroupId !== '') await this.#options.loadBalancing.registerTarget(service.targetGroupId, task.address, task.port);
    this.#tell(runtime, id, 'registered');
  }

  async #deactivate(runtime: ServiceRuntime, service: Service, id: string, stoppedReason: string): Promise<void> {
    const task = runtime.tasks.get(id);
    if (!task) return;
    this.#tell(runtime, id, 'toldToStop', { stoppedReason });
    if (service.targetGroupId === '') return;
    await this.#options.loadBalancing.deregisterTarget(service.targetGroupId, targetId(task));
  }

  #stop(runtime: ServiceRuntime, id: string, reason: string): void {
    const task = runtime.tasks.get(id);
    if (!task) return;
    const stoppedReason = task.stoppedReason ?? reason;
    this.#tell(runtime, id, task.state === 'DEACTIVATING' ? 'drained' : 'toldToStop', { stoppedReason });
    void this.#options.driver.stop(id, this.#options.stopTimeoutMs);
  }

  #onExit(exit: WorkloadExit): void {
    if (this.#closed) return;
    for (const runtime of this.#runtimes.values()) {
      if (!runtime.tasks.has(exit.id)) continue;
      const { log } = this.#options;
      if (runtime.tasks.get(exit.id)?.state !== 'STOPPING') log.warn(exit, 'a task ended by itself');
      this.#ended(runtime, exit.id, exitReason(exit));
      return;
    }
  }

  /** The process is gone, or never came to be. */
  #ended(runtime: ServiceRuntime, id: string, reason: string): void {
    const task = runtime.tasks.get(id);
    if (!task) return;
    const service = this.service(runtime.key);
    const asked = task.state === 'STOPPING' || task.state === 'DEACTIVATING';
    const wasOfUse = task.state === 'RUNNING' && (service.targetGroupId === '' || task.health !== 'UNKNOWN');
    if (!asked) runtime.failures = wasOfUse ? noFailures : countFailure(runtime.failures, this.#options.clock.nowMs());
    this.#tell(runtime, id, 'processGone', { stoppedReason: task.stoppedReason ?? reason });
    if (service.targetGroupId !== '') this.#options.loadBalancing.removeTarget(service.targetGroupId, targetId(task));
    this.#options.driver.releaseAddress(task.address);
    this.#tell(runtime, id, 'addressReleased', { stoppedAtMs: this.#options.clock.nowMs() });
  }

  #onTargetsChanged(): void {
    for (const runtime of this.#runtimes.values()) {
      const { targetGroupId } = this.service(runtime.key);
      for (const task of runtime.tasks.values()) {
        if (task.state === 'RUNNING') this.#seeHealth(runtime, task, targetGroupId);
        else if (task.state === 'DEACTIVATING' && !this.#options.loadBalancing.target(targetGroupId, targetId(task))) {
          this.#change(runtime, { ...task, drained: true });
        }
      }
    }
  }

  #seeHealth(runtime: ServiceRuntime, task: Task, targetGroupId: string): void {
    const seen = this.#options.loadBalancing.target(targetGroupId, targetId(task))?.health;
    const health = seen?.state === 'healthy' ? 'HEALTHY' : seen?.state === 'unhealthy' ? 'UNHEALTHY' : 'UNKNOWN';
    if (health === task.health) return;
    if (health === 'HEALTHY') runtime.failures = noFailures;
    const { healthReason: _, ...rest } = task;
    const healthReason = seen?.description ?? seen?.reason;
    this.#change(runtime, { ...rest, health, ...(health === 'HEALTHY' || healthReason === undefined ? {} : { healthReason }) });
  }

  #tell(runtime: ServiceRuntime, id: string, event: TaskEvent, changes: Partial<Task> = {}): void {
    const task = runtime.tasks.get(id);
    if (task) this.#change(runtime, { ...task, ...changes, state: nextTaskState(task.state, event) ?? task.state });
  }

  #change(runtime: ServiceRuntime, task: Task): void {
    runtime.tasks.set(task.id, task);
    runtime.loop.wake();
  }

  #runtime(key: string): ServiceRuntime {
    const runtime = this.#runtimes.get(key);
    if (!runtime) throw new Error(`no service ${key}`);
    return runtime;
  }
}

/** `<cluster>/<service>`: the part of a scalable target's resource id after `service/`. */
export function serviceKey(service: Pick<Service, 'cluster' | 'name'>): string {
  return `${service.cluster}/${service.name}`;
}

function targetId(task: Task): string {
  return `${task.address}:${task.port}`;
}

/** ECS's stoppedReason of a container that ended. */
function exitReason(exit: WorkloadExit): string {
  if (exit.outOfMemory) return 'OutOfMemoryError: Container killed due to memory usage';
  const how = exit.signal === null ? `exit code ${exit.code ?? 'unknown'}` : exit.signal;
  const lastLine = exit.lastLines.at(-1);
  return `Essential container in task exited (${how}${lastLine === undefined ? '' : `: ${lastLine.slice(0, 200)}`})`;
}
