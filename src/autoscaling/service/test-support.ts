import { assert } from '../../base/index.ts';
import { nextTaskState, type Service, type Task, type TaskEvent } from '../../model/index.ts';
import { countFailure, noFailures } from './backoff.ts';
import type { ServiceCommand, StartFailures } from './command.ts';
import { decideService } from './decide.ts';
import { serviceEvents } from './events.ts';
import { startDeployment } from './rollout.ts';

/**
 * A stand-in for the region in tests: it executes a service's commands on tasks that are nothing but their
 * states. What takes time in the world (a start, a health check, a drain) happens when the test says so.
 */
export class ServiceWorld {
  service: Service;
  tasks: Task[] = [];
  failures: StartFailures = noFailures;
  nowMs: number;
  readonly events: string[] = [];
  /** All commands so far. */
  readonly commands: ServiceCommand[] = [];
  requeueAfterMs: number | undefined;
  #steady = false;
  #nextId = 1;

  constructor(service: Service, nowMs = Date.UTC(2026, 0, 1)) {
    this.service = service;
    this.nowMs = nowMs;
  }

  /** Decides and executes once; returns the commands. */
  step(): readonly ServiceCommand[] {
    const { service, tasks, failures } = this;
    const decision = decideService({ service, tasks, failures, steadyReported: this.#steady }, this.nowMs);
    this.#steady = decision.steady;
    this.requeueAfterMs = decision.requeueAfterMs;
    for (const command of decision.commands) this.#execute(command);
    const { deployments } = decision;
    if (deployments) {
      this.service = { ...this.service, deployments, taskDefinition: deployments[0]?.taskDefinition ?? this.service.taskDefinition };
      this.failures = noFailures;
    }
    this.commands.push(...decision.commands);
    return decision.commands;
  }

  /** UpdateService with another revision of the task definition. */
  deploy(revision: number): void {
    const taskDefinition = { ...this.service.taskDefinition, revision };
    this.service = startDeployment(this.service, taskDefinition, `ecs-svc/${revision}`, this.nowMs);
    this.failures = noFailures;
  }

  /** Lets everything that can happen without a fault happen, until nothing more does. */
  settle(): void {
    for (let round = 0; round < 50; round++) {
      const commands = this.step();
      const moved = this.tasks.map((task) => this.progress(task.id)).includes(true);
      if (commands.length === 0 && !moved) return;
    }
    assert(false, 'the service does not come to rest');
  }

  /** The next thing in a task's normal life; false when it waits for a command. */
  progress(id: string): boolean {
    const task = this.task(id);
    switch (task.state) {
      case 'PROVISIONING':
        return this.tell(id, 'addressLeased');
      case 'PENDING':
        return this.tell(id, 'processStarted');
      case 'RUNNING':
        if (task.health !== 'UNKNOWN') return false;
        this.change(id, { health: 'HEALTHY' });
        this.failures = noFailures;
        return true;
      case 'DEACTIVATING':
        if (task.drained === true) return false;
        this.change(id, { drained: true });
        return true;
      case 'STOPPING':
        return this.tell(id, 'processGone');
      case 'DEPROVISIONING':
        return this.tell(id, 'addressReleased');
      case 'ACTIVATING':
      case 'STOPPED':
        return false;
    }
    return task.state satisfies never;
  }

  /** A process that ends by itself. */
  crash(id: string): void {
    const { health } = this.task(id);
    if (health === 'UNKNOWN') this.failures = countFailure(this.failures, this.nowMs);
    this.change(id, { stoppedReason: 'Essential container in task exited' });
    this.tell(id, 'processGone');
    this.tell(id, 'addressReleased');
  }

  tell(id: string, event: TaskEvent): boolean {
    const state = nextTaskState(this.task(id).state, event);
    if (state === undefined) return false;
    this.change(id, {
      state,
      ...(event === 'processStarted' ? { startedAtMs: this.nowMs } : {}),
      ...(state === 'STOPPED' ? { stoppedAtMs: this.nowMs } : {}),
    });
    return true;
  }

  change(id: string, change: Partial<Task>): void {
    this.tasks = this.tasks.map((task) => (task.id === id ? { ...task, ...change } : task));
  }

  task(id: string): Task {
    const found = this.tasks.find((task) => task.id === id);
    assert(found, `no task ${id}`);
    return found;
  }

  /** Ids of the tasks in a state. */
  in(state: Task['state']): string[] {
    return this.tasks.filter((task) => task.state === state).map(({ id }) => id);
  }

  #execute(command: ServiceCommand): void {
    switch (command.type) {
      case 'launch': {
        const ids = Array.from({ length: command.count }, () => `t${this.#nextId++}`);
        const primary = this.service.deployments?.[0];
        const mark = primary ? { deploymentId: primary.id } : {};
        for (const id of ids)
          this.tasks.push({
            id,
            state: 'PROVISIONING',
            address: '127.18.0.1',
            port: 6400,
            createdAtMs: this.nowMs,
            health: 'UNKNOWN',
            ...mark,
          });
        this.events.push(serviceEvents.started(this.service, ids));
        return;
      }
      case 'activate':
        this.#must(command.taskId, 'registered');
        return;
      case 'deactivate':
        this.change(command.taskId, { stoppedReason: command.reason });
        this.#must(command.taskId, 'toldToStop');
        return;
      case 'stop':
        this.#stop(command.taskId, command.reason);
        return;
      case 'remove':
        this.tasks = this.tasks.filter(({ id }) => id !== command.taskId);
        return;
      case 'event':
        this.events.push(command.message);
        return;
    }
    command satisfies never;
  }

  #stop(id: string, reason: string): void {
    const { state, drained } = this.task(id);
    assert(state !== 'RUNNING', `${id} still takes new requests`);
    assert(state !== 'DEACTIVATING' || drained === true || this.service.targetGroupId === '', `${id} still has requests in flight`);
    this.change(id, { stoppedReason: reason });
    this.#must(id, state === 'DEACTIVATING' ? 'drained' : 'toldToStop');
  }

  #must(id: string, event: TaskEvent): void {
    assert(this.tell(id, event), `${event} means nothing to ${id} in ${this.task(id).state}`);
  }
}
