import { assert } from '../../base/index.ts';
import { nextInstanceState, type AutoScalingGroup, type GroupInstance, type InstanceEvent } from '../../model/index.ts';
import { countFailure, noFailures } from '../service/backoff.ts';
import type { StartFailures } from '../service/command.ts';
import type { GroupCommand } from './command.ts';
import { decideGroup } from './decide.ts';

/** A group of two behind a balancer, in two zones. */
export const sampleGroup: AutoScalingGroup = {
  name: 'web',
  minSize: 1,
  maxSize: 8,
  desiredCapacity: 2,
  zones: ['us-east-1a', 'us-east-1b'],
  templateVersion: '1',
  targetGroupIds: ['tg'],
  healthCheckType: 'ELB',
  healthCheckGracePeriodMs: 0,
  instanceWarmupMs: 0,
  terminationPolicies: ['Default'],
  hooks: [],
  suspendedProcesses: [],
};

/** A stand-in for the region in tests: it executes a group's commands on instances that are nothing but their facts. */
export class GroupWorld {
  group: AutoScalingGroup;
  instances: GroupInstance[] = [];
  failures: StartFailures = noFailures;
  capacityCauses: string[] = [];
  nowMs: number;
  requeueAfterMs: number | undefined;
  refreshPercent: number | undefined;
  steady = false;
  #nextId = 1;

  constructor(group: AutoScalingGroup, nowMs = Date.UTC(2026, 0, 1)) {
    this.group = group;
    this.nowMs = nowMs;
  }

  /** Decides and executes once; returns the commands. */
  step(): readonly GroupCommand[] {
    const { group, instances, failures, capacityCauses } = this;
    const decision = decideGroup({ group, instances, failures, capacityCauses }, this.nowMs);
    this.requeueAfterMs = decision.requeueAfterMs;
    this.refreshPercent = decision.refreshPercent;
    this.steady = decision.steady;
    for (const command of decision.commands) this.#execute(command);
    return decision.commands;
  }

  /** Lets everything that can happen without a fault happen, until nothing more does. */
  settle(): void {
    for (let round = 0; round < 200; round++) {
      const commands = this.step();
      const moved = this.instances.map(({ id }) => this.progress(id)).includes(true);
      if (commands.length === 0 && !moved) return;
    }
    assert(false, 'the group does not come to rest');
  }

  /** The next thing in an instance's normal life; false when it waits for a command. */
  progress(id: string): boolean {
    const instance = this.instance(id);
    const { state, machine, registration, hook } = instance;
    if (machine === 'starting') return this.change(id, { machine: 'running' });
    if (hook && hook.result === undefined) return this.change(id, { hook: { ...hook, result: 'CONTINUE' } });
    if (registration === 'draining') return this.change(id, { registration: 'none' });
    if (state === 'InService' && registration === 'registered' && instance.targetHealth === 'UNKNOWN')
      return this.change(id, { targetHealth: 'HEALTHY' });
    return false;
  }

  /** The machine dies by itself. */
  crash(id: string): void {
    if (this.instance(id).state.startsWith('Pending')) this.failures = countFailure(this.failures, this.nowMs);
    this.change(id, { machine: 'gone' });
  }

  change(id: string, change: Partial<GroupInstance>): true {
    this.instances = this.instances.map((instance) => (instance.id === id ? { ...instance, ...change } : instance));
    return true;
  }

  tell(id: string, event: InstanceEvent): void {
    const { state: from } = this.instance(id);
    const state = nextInstanceState(from, event);
    assert(state !== undefined, `${event} means nothing to ${id} in ${from}`);
    this.change(id, { state });
  }

  instance(id: string): GroupInstance {
    const found = this.instances.find((instance) => instance.id === id);
    assert(found, `no instance ${id}`);
    return found;
  }

  /** Ids of the instances in a state. */
  in(state: GroupInstance['state']): string[] {
    return this.instances.filter((instance) => instance.state === state).map(({ id }) => id);
  }

  /** How many instances of the states there are per zone, in the order of the group's zones. */
  perZone(...states: GroupInstance['state'][]): number[] {
    return this.group.zones.map(
      (zone) => this.instances.filter((instance) => instance.zone === zone && states.includes(instance.state)).length,
    );
  }

  #execute(command: GroupCommand): void {
    if (command.type === 'launch') {
      this.#launch(command);
      return;
    }
    const { instanceId: id } = command;
    switch (command.type) {
      case 'take':
        this.tell(id, 'taken');
        this.change(id, { machine: 'starting', hooksDone: [] });
        return;
      case 'startHook':
        if (this.instance(id).hook === undefined && !this.instance(id).state.endsWith(':Wait')) this.tell(id, 'hookStarted');
        this.change(id, { hook: { name: command.hook, heartbeatAtMs: this.nowMs } });
        return;
      case 'endHook': {
        const { hook: _, ...rest } = this.instance(id);
        this.instances = this.instances.map((one) => (one.id === id ? { ...rest, hooksDone: [...rest.hooksDone, command.hook] } : one));
        if (command.last) this.tell(id, 'hooksDone');
        return;
      }
      case 'register':
        this.tell(id, 'registered');
        this.change(id, {
          inServiceAtMs: this.nowMs,
          registration: this.group.targetGroupIds.length > 0 ? 'registered' : 'none',
          targetHealth: 'UNKNOWN',
        });
        return;
      case 'warm':
        this.tell(id, this.group.warmPool?.state === 'Running' ? 'warmedRunning' : 'warmedStopped');
        if (this.group.warmPool?.state !== 'Running') this.change(id, { machine: 'stopped' });
        return;
      case 'deregister':
        assert(this.instance(id).registration === 'registered', `${id} is not registered`);
        this.change(id, { registration: 'draining' });
        return;
      case 'leave':
        this.tell(id, 'drained');
        return;
      case 'terminate': {
        this.tell(id, 'terminate');
        const { hook: _, ...rest } = this.instance(id);
        this.instances = this.instances.map((one) => (one.id === id ? { ...rest, hooksDone: [] } : one));
        return;
      }
      case 'destroy':
        assert(this.instance(id).registration === 'none', `${id} still has requests in flight`);
        this.tell(id, 'gone');
        this.instances = this.instances.filter((one) => one.id !== id);
        return;
    }
    command satisfies never;
  }

  #launch({ zone, templateVersion, warm }: Extract<GroupCommand, { type: 'launch' }>): void {
    this.instances.push({
      id: `i-${String(this.#nextId++).padStart(4, '0')}`,
      state: warm ? 'Warmed:Pending' : 'Pending',
      zone,
      templateVersion,
      launchedAtMs: this.nowMs,
      machine: 'starting',
      targetHealth: 'UNKNOWN',
      protectedFromScaleIn: false,
      registration: 'none',
      hooksDone: [],
      ...(this.group.launchWeight === undefined ? {} : { weight: this.group.launchWeight }),
    });
  }
}
