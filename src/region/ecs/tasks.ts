import type { Clock, Logger } from '../../base/index.ts';
import { taskDefinitions, type Place, type TaskDefinitionResource, type TaskResource, type World } from '../../aws/index.ts';
import { nextTaskState, type ComputeDriver, type Task, type TaskEvent, type WorkloadExit } from '../../model/index.ts';
import type { Addresses } from '../addresses.ts';
import type { RunnableImage } from '../images.ts';
import type { ComputeKind } from '../plane/protocol.ts';
import type { LogShipper } from '../logs.ts';
import { containerProgram } from './containers.ts';
import { readiness, stoppable } from './dependencies.ts';
import { containerStartReason, essentialExited, exitCodeOf, exitReason, taskStartReason } from './reasons.ts';
import { containerCheck, startChecks, taskHealth, type ContainerHealth } from './healthChecks.ts';
import { idOf, isEnding, saveTask, unstartedTask, type Container, type RunningTask, type StopCode } from './task.ts';
import type { ContainerResource } from './translate.ts';

export interface TasksOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly driver: ComputeDriver;
  readonly addresses: Addresses;
  readonly logs: LogShipper;
  readonly images: ReadonlyMap<string, RunnableImage>;
  readonly compute: ComputeKind;
  readonly dataDir: string;
  /** How long a task may take to end after SIGTERM before it is killed, wall milliseconds, where its definition does not say (ECS: 30 s). */
  readonly stopTimeoutMs: number;
  readonly log: Logger;
}

/** How long a container's dependents wait for it, region time, where its definition does not say: Fargate's default. */
const startTimeoutMs = 180_000;

/** A task that nothing checks has been of use once it ran so long; one that ends sooner has failed. */
const usefulAfterMs = 60_000;

/** States in which a task's processes all run. */
const adoptable = ['ACTIVATING', 'RUNNING', 'DEACTIVATING', 'STOPPING'] as const;
const healthStates = ['HEALTHY', 'UNHEALTHY', 'UNKNOWN'] as const;

type Watcher = (running: RunningTask, ended?: { asked: boolean; wasOfUse: boolean }) => void;

/**
 * Runs tasks: leases an address, starts each container as a workload there, follows them to their end, and keeps the
 * task's record in step with its state (`taskTransitions`). Which tasks there should be is for others to say.
 */
export class Tasks {
  readonly #options: TasksOptions;
  readonly #running = new Map<string, RunningTask>();
  readonly #byWorkload = new Map<string, { running: RunningTask; container: Container; stream?: { group: string; name: string } }>();
  readonly #watchers = new Set<Watcher>();
  #closed = false;

  constructor(options: TasksOptions) {
    this.#options = options;
    options.driver.onExit((exit) => this.#onExit(exit));
    options.driver.onLine((id, line) => {
      const found = this.#byWorkload.get(id);
      if (found?.stream !== undefined) options.logs.put(found.running.at, found.stream.group, found.stream.name, line);
    });
  }

  onChange(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  get(arn: string): RunningTask | undefined {
    return this.#running.get(arn);
  }

  all(): RunningTask[] {
    return [...this.#running.values()];
  }

  /** Takes on a task that was written down as PROVISIONING, and starts it. */
  launch(at: Place, record: TaskResource): RunningTask {
    const definition = at.table(taskDefinitions).get(idOf(record.taskDefinitionArn));
    const running = unstartedTask(at, record, definition, this.#options.stopTimeoutMs);
    this.#running.set(record.taskArn, running);
    void this.#start(running, record, definition);
    return running;
  }

  /**
   * Takes on a task that an earlier run of the region has left running: `there` says which workloads are, or have ended
   * since in a way that is yet to be told. False where not all of it is there; then it has to be ended.
   */
  adopt(at: Place, record: TaskResource, there: ReadonlyMap<string, string>): boolean {
    const definition = at.table(taskDefinitions).get(idOf(record.taskDefinitionArn));
    const state = adoptable.find((one) => one === record.lastStatus);
    const running = unstartedTask(at, record, definition, this.#options.stopTimeoutMs);
    for (const container of running.containers)
      container.state =
        (record.containers ?? []).find(({ name }) => name === container.name)?.lastStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING';
    const left = running.containers.filter(({ state }) => state === 'RUNNING');
    if (definition === undefined || state === undefined || left.length === 0 || !left.every(({ workloadId }) => there.has(workloadId)))
      return false;
    const address = left.map(({ workloadId }) => there.get(workloadId)).find((one) => one !== '') ?? '';
    running.wasHealthy = record.healthStatus === 'HEALTHY';
    running.task = {
      ...running.task,
      state,
      address,
      health: healthStates.find((one) => one === record.healthStatus) ?? 'UNKNOWN',
      ...(record.startedAt === undefined ? {} : { startedAtMs: record.startedAt }),
      ...(record.stoppedReason === undefined ? {} : { stoppedReason: record.stoppedReason }),
    };
    if (record.stopCode !== undefined) running.stopCode = record.stopCode as StopCode;
    this.#running.set(record.taskArn, running);
    if (address !== '') this.#options.addresses.bind(running.name, address);
    for (const container of left) {
      const own = definition.containerDefinitions?.find(({ name }) => name === container.name);
      if (own === undefined) continue;
      this.#byWorkload.set(container.workloadId, { running, container, ...this.#stream(running, own) });
      if (state !== 'STOPPING') this.#check(running, container, own);
    }
    if (state === 'STOPPING') this.#stopContainers(running);
    return true;
  }

  /** Whether a workload is of a task that exists. */
  owns(workloadId: string): boolean {
    return this.#byWorkload.has(workloadId);
  }

  /** Lets a task's state follow an event. */
  tell(running: RunningTask, event: TaskEvent, changes: Partial<Task> = {}): void {
    const { task } = running;
    this.change(running, { ...task, ...changes, state: nextTaskState(task.state, event) ?? task.state });
  }

  change(running: RunningTask, task: Task): void {
    const containerHealth = taskHealth(running.containers);
    running.wasHealthy ||= task.health === 'HEALTHY';
    running.task = containerHealth === undefined ? task : { ...task, containerHealth };
    saveTask(this.#options.world, running);
    this.#changed(running);
  }

  /** SIGTERM to each container, SIGKILL after the stop timeout. The outcome is told by the task's state. */
  stop(running: RunningTask, reason: string): void {
    const { task } = running;
    running.stopCode ??= 'ServiceSchedulerInitiated';
    const stoppedReason = task.stoppedReason ?? reason;
    if (task.state === 'RUNNING') this.tell(running, 'toldToStop', { stoppedReason });
    this.tell(running, running.task.state === 'DEACTIVATING' ? 'drained' : 'toldToStop', { stoppedReason });
    this.#stopContainers(running);
  }

  /** A stopped task that nobody asks for any more. */
  forget(arn: string): void {
    if (this.#running.get(arn)?.task.state === 'STOPPED') this.#running.delete(arn);
  }

  /** No state follows any more; the workloads are the driver's to end. */
  close(): void {
    this.#closed = true;
    for (const { containers } of this.#running.values())
      for (const { checks, startTimer } of containers) {
        checks?.cancel();
        startTimer?.cancel();
      }
  }

  async #start(running: RunningTask, record: TaskResource, definition: TaskDefinitionResource | undefined): Promise<void> {
    const { driver, clock, log } = this.#options;
    try {
      if (definition === undefined) throw new Error('its task definition is gone');
      const address = driver.leaseAddress();
      this.tell(running, 'addressLeased', { address });
      await this.#startContainers(running, record, definition.containerDefinitions ?? []);
      if (running.task.state === 'STOPPED') return;
      if (isEnding(running.task)) return this.#abandon(running);
      this.#options.addresses.bind(running.name, address);
      this.tell(running, 'processStarted', { startedAtMs: clock.nowMs() });
    } catch (error) {
      log.error({ err: error, task: running.task.id }, 'a task cannot be started');
      running.stopCode ??= 'TaskFailedToStart';
      running.task = { ...running.task, stoppedReason: running.task.stoppedReason ?? taskStartReason(error) };
      this.#abandon(running);
    } finally {
      for (const { startTimer } of running.containers) startTimer?.cancel();
    }
  }

  /** Told to stop while it was being started: what runs of it is stopped only now that the driver knows it. */
  #abandon(running: RunningTask): void {
    for (const container of running.containers) if (container.state === 'PENDING') container.state = 'STOPPED';
    if (running.containers.every(({ state }) => state === 'STOPPED')) this.#ended(running, '');
    else this.#stopContainers(running);
  }

  /** Resolves when each container has been started once its dependencies allowed it, or the task is on its way out. */
  async #startContainers(running: RunningTask, record: TaskResource, defined: readonly ContainerResource[]): Promise<void> {
    for (;;) {
      const pending = running.containers.filter(({ state }) => state === 'PENDING');
      if (pending.length === 0 || isEnding(running.task)) return;
      const next = pending.find((one) => readiness(one, running.containers) !== 'waiting');
      if (next === undefined) {
        await new Promise<void>((changed) => (running.onContainers = changed));
        continue;
      }
      const ready = readiness(next, running.containers);
      const own = defined.find(({ name }) => name === next.name);
      if (typeof ready === 'object') this.#seeEnd(running, next, ready.never);
      else if (own !== undefined) await this.#startContainer(running, next, own, record);
    }
  }

  async #startContainer(running: RunningTask, container: Container, own: ContainerResource, record: TaskResource): Promise<void> {
    const { driver, clock, images, compute, dataDir } = this.#options;
    const { address, id } = running.task;
    try {
      const program = containerProgram(running.at, own, record, { address, images, compute, dataDir });
      this.#byWorkload.set(container.workloadId, { running, container, ...this.#stream(running, own) });
      const network = running.containers.length === 1 ? {} : { network: id };
      await driver.start({ id: container.workloadId, ...program, address, ...network, ...container.limits });
    } catch (error) {
      this.#byWorkload.delete(container.workloadId);
      container.reason = containerStartReason(error);
      throw error;
    }
    // Its end may have been told already.
    if (container.state !== 'PENDING') return;
    container.state = 'RUNNING';
    this.#check(running, container, own);
    const timeoutMs = own.startTimeout === undefined ? startTimeoutMs : own.startTimeout * 1000;
    const onLate = (): void => {
      container.late = true;
      running.onContainers?.();
    };
    if (running.containers.some(({ dependsOn }) => dependsOn.some(({ containerName }) => containerName === container.name)))
      container.startTimer = clock.after(timeoutMs, onLate);
  }

  #check(running: RunningTask, container: Container, own: ContainerResource): void {
    const { driver, clock } = this.#options;
    const check = containerCheck(own);
    if (check === undefined) return;
    container.health = 'UNKNOWN';
    container.checks = startChecks(check, {
      clock,
      run: () => driver.exec(container.workloadId, check.command, check.timeoutMs),
      onHealth: (health) => this.#onHealth(running, container, health),
    });
  }

  #onHealth(running: RunningTask, container: Container, health: ContainerHealth): void {
    if (this.#closed || container.state !== 'RUNNING') return;
    container.health = health;
    running.onContainers?.();
    this.change(running, running.task);
  }

  /** Where a container's output goes by its `awslogs` options. */
  #stream(running: RunningTask, own: ContainerResource): { stream?: { group: string; name: string } } {
    const { logDriver, options = {} } = own.logConfiguration ?? {};
    const group = options['awslogs-group'];
    if (logDriver !== 'awslogs' || group === undefined) return {};
    const prefix = options['awslogs-stream-prefix'];
    const name = prefix === undefined ? running.task.id : `${prefix}/${own.name ?? ''}/${running.task.id}`;
    if (!this.#options.logs.open(running.at, group, name, options['awslogs-create-group'] === 'true'))
      throw new Error(
        `ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition: ${group}`,
      );
    return { stream: { group, name } };
  }

  /** In the reverse order of their start: what a container depends on is stopped when it has ended. */
  #stopContainers(running: RunningTask): void {
    for (const container of stoppable(running.containers)) {
      if (container.stopping === true) continue;
      container.stopping = true;
      container.checks?.cancel();
      void this.#options.driver.stop(container.workloadId, container.stopTimeoutMs);
    }
  }

  #onExit(exit: WorkloadExit): void {
    const found = this.#byWorkload.get(exit.id);
    if (found === undefined || this.#closed) return;
    this.#byWorkload.delete(exit.id);
    const { running, container } = found;
    if (running.task.state !== 'STOPPING') this.#options.log.warn({ ...exit, task: running.task.id }, 'a container ended by itself');
    const exitCode = exitCodeOf(exit);
    if (exitCode !== undefined) container.exitCode = exitCode;
    this.#seeEnd(running, container, exitReason(exit));
  }

  /** A container has ended, or never will start. */
  #seeEnd(running: RunningTask, container: Container, reason: string): void {
    container.state = 'STOPPED';
    container.checks?.cancel();
    container.reason = reason;
    const isLast = running.containers.every(({ state }) => state === 'STOPPED');
    if ((container.essential || isLast) && running.task.stoppedReason === undefined)
      running.task = { ...running.task, stoppedReason: essentialExited };
    running.onContainers?.();
    if (isLast) return this.#ended(running, essentialExited);
    if (isEnding(running.task)) this.#stopContainers(running);
    saveTask(this.#options.world, running);
    this.#changed(running);
  }

  /** The processes are gone, or never came to be. */
  #ended(running: RunningTask, reason: string): void {
    const { task } = running;
    if (task.state === 'STOPPED') return;
    const asked = task.state === 'STOPPING' || task.state === 'DEACTIVATING';
    const ranMs = this.#options.clock.nowMs() - (task.startedAtMs ?? Number.POSITIVE_INFINITY);
    const wasOfUse = task.state === 'RUNNING' && (running.wasHealthy || ranMs >= usefulAfterMs);
    this.#options.addresses.unbind(running.name);
    if (task.address !== '') this.#options.driver.releaseAddress(task.address);
    running.task = { ...task, stoppedReason: task.stoppedReason ?? reason, state: nextTaskState(task.state, 'processGone') ?? task.state };
    running.task = { ...running.task, stoppedAtMs: this.#options.clock.nowMs(), state: 'STOPPED' };
    saveTask(this.#options.world, running);
    this.#changed(running, { asked, wasOfUse });
  }

  #changed(running: RunningTask, ended?: { asked: boolean; wasOfUse: boolean }): void {
    for (const watcher of this.#watchers) watcher(running, ended);
  }
}
