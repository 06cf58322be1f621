import { errorMessage, type Clock, type Logger } from '../../base/index.ts';
import {
  autoScalingGroups,
  AwsError,
  closeActivity,
  deregisterTargets,
  enforceQuotas,
  groupMembers,
  instances,
  instanceRefreshes,
  launchMember,
  lifeOf,
  logActivity,
  registerTargets,
  removeGroup,
  targetGroups,
  targets,
  tellMember,
  terminateInstance,
  type AutoScalingGroupResource,
  type GroupMemberResource,
  type Place,
  type QuotaSettings,
  type World,
} from '../../aws/index.ts';
import { countFailure, decideGroup, groupMetrics, noFailures, warmingUp } from '../../autoscaling/index.ts';
import type { GroupCommand, GroupSnapshot, StartFailures } from '../../autoscaling/index.ts';
import type { GroupInstance, MetricDatum } from '../../model/index.ts';
import { ControlLoop, type LoopResult } from '../control/loop.ts';
import type { LoadBalancing } from '../elbv2/loadBalancing.ts';
import { membersOf, modelGroup, modelInstance } from './model.ts';

export interface GroupsOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly loadBalancing: LoadBalancing;
  readonly quotas: QuotaSettings;
  readonly log: Logger;
}

interface GroupRuntime {
  readonly at: Place;
  readonly name: string;
  readonly loop: ControlLoop;
  failures: StartFailures;
}

const kinds = [autoScalingGroups, groupMembers, instances, instanceRefreshes].map(({ kind }) => `/${kind}`);

/** EC2 Auto Scaling made real: asks `decideGroup` what to do next for each group, and does it. */
export class Groups {
  readonly #options: GroupsOptions;
  readonly #runtimes = new Map<string, GroupRuntime>();
  #closed = false;

  constructor(options: GroupsOptions) {
    this.#options = options;
    options.world.watch((changed) => {
      for (const table of changed) if (kinds.some((kind) => table.endsWith(kind))) return this.#sync();
    });
    options.loadBalancing.onChange(() => this.#sync());
    this.#sync();
  }

  /** The group that an instance belongs to. */
  groupOf(at: Place, instanceId: string): string | undefined {
    return at.table(groupMembers).get(instanceId)?.group;
  }

  /** How much of a group's capacity still warms up. */
  warming(at: Place, name: string): number {
    const group = at.table(autoScalingGroups).get(name);
    return group === undefined ? 0 : warmingUp(this.#snapshot({ at, name }, group), this.#options.clock.nowMs());
  }

  /** AWS/AutoScaling metrics of the groups that have them enabled. */
  metrics(): { at: Place; data: MetricDatum[] }[] {
    return [...this.#runtimes.values()].map((runtime) => {
      const group = runtime.at.table(autoScalingGroups).get(runtime.name);
      const enabled = new Set((group?.EnabledMetrics ?? []).map(({ Metric }) => Metric));
      const data =
        group === undefined || enabled.size === 0 ? [] : groupMetrics(this.#snapshot(runtime, group), this.#options.clock.nowMs());
      return { at: runtime.at, data: data.filter(({ name }) => enabled.has(name)) };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#runtimes.values()].map(({ loop }) => loop.stop()));
  }

  #sync(): void {
    if (this.#closed) return;
    for (const at of this.#options.world.places()) for (const name of at.table(autoScalingGroups).keys()) this.#wake(at, name);
  }

  #wake(at: Place, name: string): void {
    const key = `${at.account}/${at.region}/${name}`;
    let runtime = this.#runtimes.get(key);
    if (runtime === undefined) {
      const { clock, log } = this.#options;
      const onError = (message: string, error: unknown): void => log.error({ err: error }, message);
      const loop = new ControlLoop(`group ${name}`, clock, () => this.#reconcile(key), onError);
      this.#runtimes.set(key, (runtime = { at, name, loop, failures: noFailures }));
    }
    runtime.loop.wake();
  }

  async #reconcile(key: string): Promise<LoopResult> {
    const runtime = this.#runtimes.get(key);
    if (runtime === undefined) return {};
    const { at, name } = runtime;
    const group = at.table(autoScalingGroups).get(name);
    if (group === undefined) {
      this.#runtimes.delete(key);
      return {};
    }
    if (group.Status === 'Delete in progress' && membersOf(at, name).length === 0) {
      this.#options.world.transaction(() => removeGroup(at, name));
      return {};
    }
    this.#seeDrained(runtime, group);
    this.#startTaken(runtime);
    const decision = decideGroup(this.#snapshot(runtime, group), this.#options.clock.nowMs());
    for (const command of decision.commands) this.#execute(runtime, command);
    if (decision.steady && (group.capacityCauses ?? []).length > 0) this.#patch(runtime, () => ({ capacityCauses: [] }));
    if (decision.refreshPercent !== undefined) this.#refresh(runtime, decision.refreshPercent);
    return decision.requeueAfterMs === undefined ? {} : { requeueAfterMs: decision.requeueAfterMs };
  }

  #snapshot({ at, name }: Pick<GroupRuntime, 'at' | 'name'> & Partial<GroupRuntime>, group: AutoScalingGroupResource): GroupSnapshot {
    const failures = this.#runtimes.get(`${at.account}/${at.region}/${name}`)?.failures ?? noFailures;
    const model = modelGroup(at, group);
    return {
      group: model,
      instances: membersOf(at, name).map((member) => modelInstance(at, member, group, model, (id) => this.#healthOf(at, group, id))),
      failures,
      capacityCauses: group.capacityCauses ?? [],
    };
  }

  /** UNHEALTHY where one of the group's target groups says so, HEALTHY where all do that a balancer uses. */
  #healthOf(at: Place, group: AutoScalingGroupResource, id: string): GroupInstance['targetHealth'] {
    const used = (group.TargetGroupARNs ?? []).filter((arn) => this.#options.loadBalancing.isUsed(arn));
    const states = used.flatMap((arn) => this.#targetsOf(at, arn, id)).map((target) => target?.health?.state);
    if (states.includes('unhealthy')) return 'UNHEALTHY';
    return states.every((state) => state === 'healthy') ? 'HEALTHY' : 'UNKNOWN';
  }

  /** What the data plane knows of an instance in a target group. */
  #targetsOf(at: Place, arn: string, id: string) {
    const ports = at.table(targets).filter((target) => target.groupArn === arn && target.id === id);
    const port = at.table(targetGroups).get(arn)?.Port ?? 0;
    const all = ports.length === 0 ? [port] : ports.map((target) => target.port ?? port);
    return all.map((one) => this.#options.loadBalancing.target(arn, id, one));
  }

  #execute(runtime: GroupRuntime, command: GroupCommand): void {
    const { at, name } = runtime;
    if (command.type === 'launch') return this.#launch(runtime, command);
    this.#options.world.transaction(() => {
      const member = at.table(groupMembers).get(command.instanceId);
      const group = at.table(autoScalingGroups).get(name);
      if (member === undefined || group === undefined) return;
      switch (command.type) {
        case 'take':
          return this.#take(at, group, member, command.cause);
        case 'startHook': {
          const hook = { name: command.hook, heartbeatAtMs: at.nowMs };
          tellMember(at, member, 'hookStarted', { hook, hookToken: at.uuid() });
          return;
        }
        case 'endHook': {
          const hooksDone = [...lifeOf(member).hooksDone, command.hook];
          if (command.last) tellMember(at, member, 'hooksDone', { hook: undefined, hooksDone });
          else at.table(groupMembers).patch(member, { life: { ...lifeOf(member), hook: undefined, hooksDone } });
          return;
        }
        case 'register':
          return this.#register(at, group, member, runtime);
        case 'warm':
          return this.#warm(at, group, member);
        case 'deregister':
          this.#eachTargetGroup(at, group, (arn) => deregisterTargets(at, arn, [{ Id: member.instanceId }]));
          at.table(groupMembers).patch(member, { life: { ...lifeOf(member), registration: 'draining' } });
          return;
        case 'terminate': {
          const { ActivityId } = logActivity(at, group, `Terminating EC2 instance: ${member.instanceId}`, command.cause, true);
          closeActivity(at, lifeOf(member).activityId, 'Cancelled');
          tellMember(at, member, 'terminate', { hook: undefined, hooksDone: [], activityId: ActivityId });
          return;
        }
        case 'leave':
          return this.#leave(at, member);
        case 'destroy': {
          const instance = at.table(instances).get(member.instanceId);
          if (instance !== undefined && instance.state !== 'shutting-down' && instance.state !== 'terminated')
            terminateInstance(at, instance);
          closeActivity(at, lifeOf(member).activityId);
          at.table(groupMembers).delete(member.instanceId);
          return;
        }
      }
      command satisfies never;
    });
  }

  #launch(runtime: GroupRuntime, { zone, cause, warm }: Extract<GroupCommand, { type: 'launch' }>): void {
    const { at, name } = runtime;
    const group = at.table(autoScalingGroups).get(name);
    if (group === undefined) return;
    try {
      this.#options.world.transaction(() => {
        launchMember(at, group, zone, warm ? 'Warmed:Pending' : 'Pending', cause);
        // As if EC2 had been asked: within the account's vCPUs, or not at all.
        enforceQuotas(this.#options.quotas, 'ec2', 'RunInstances', at);
      });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      runtime.failures = countFailure(runtime.failures, this.#options.clock.nowMs());
      this.#options.world.transaction(() => {
        const { ActivityId } = logActivity(at, group, 'Launching a new EC2 instance', cause, true);
        closeActivity(at, ActivityId, 'Failed', `${errorMessage(error)}  Launching EC2 instance failed.`);
      });
      this.#options.log.warn({ err: error }, `group ${name} cannot launch an instance`);
    }
  }

  /** Out of the warm pool and into service. */
  #take(at: Place, group: AutoScalingGroupResource, member: GroupMemberResource, cause: string): void {
    const { ActivityId } = logActivity(at, group, `Launching a new EC2 instance from warm pool: ${member.instanceId}`, cause, true);
    tellMember(at, member, 'taken', { hooksDone: [], activityId: ActivityId });
  }

  /** Starts the machines of instances that came out of the warm pool; one that is still being stopped follows then. */
  #startTaken({ at, name }: GroupRuntime): void {
    const taken = membersOf(at, name).filter(({ lifecycleState }) => lifecycleState === 'Pending');
    const stopped = taken.map(({ instanceId }) => at.table(instances).get(instanceId)).filter((instance) => instance?.state === 'stopped');
    if (stopped.length === 0) return;
    this.#options.world.transaction(() => {
      for (const instance of stopped) at.table(instances).patch(instance!, { state: 'pending', LaunchTime: at.nowMs });
    });
  }

  #register(at: Place, group: AutoScalingGroupResource, member: GroupMemberResource, runtime: GroupRuntime): void {
    const suspended = (group.SuspendedProcesses ?? []).some(({ ProcessName }) => ProcessName === 'AddToLoadBalancer');
    const registers = !suspended && (group.TargetGroupARNs ?? []).length > 0;
    if (registers) this.#eachTargetGroup(at, group, (arn) => registerTargets(at, arn, [{ Id: member.instanceId }]));
    closeActivity(at, lifeOf(member).activityId);
    tellMember(at, member, 'registered', {
      inServiceAtMs: at.nowMs,
      registration: registers ? 'registered' : 'none',
      hooksDone: [],
      activityId: undefined,
    });
    runtime.failures = noFailures;
  }

  #warm(at: Place, group: AutoScalingGroupResource, member: GroupMemberResource): void {
    const instance = at.table(instances).get(member.instanceId);
    const stops = group.WarmPoolConfiguration?.PoolState !== 'Running';
    if (stops && instance?.state === 'running') at.table(instances).patch(instance, { state: 'stopping' });
    closeActivity(at, lifeOf(member).activityId);
    tellMember(at, member, stops ? 'warmedStopped' : 'warmedRunning', { activityId: undefined });
  }

  /** Out of the target groups: into standby, or out of the group. */
  #leave(at: Place, member: GroupMemberResource): void {
    const left = tellMember(at, member, 'drained', { inServiceAtMs: undefined });
    if (left.lifecycleState === 'Detached') at.table(groupMembers).delete(member.instanceId);
  }

  /** Draining is over when the data plane knows the instance no more. */
  #seeDrained({ at, name }: GroupRuntime, group: AutoScalingGroupResource): void {
    for (const member of membersOf(at, name)) {
      if (lifeOf(member).registration !== 'draining') continue;
      const known = (group.TargetGroupARNs ?? []).flatMap((arn) => this.#targetsOf(at, arn, member.instanceId));
      if (known.some((target) => target !== undefined)) continue;
      this.#options.world.transaction(() => at.table(groupMembers).patch(member, { life: { ...lifeOf(member), registration: 'none' } }));
    }
  }

  #eachTargetGroup(at: Place, group: AutoScalingGroupResource, act: (arn: string) => void): void {
    for (const arn of group.TargetGroupARNs ?? []) if (at.table(targetGroups).has(arn)) act(arn);
  }

  #refresh({ at, name }: GroupRuntime, percent: number): void {
    const running = at
      .table(instanceRefreshes)
      .find((one) => one.AutoScalingGroupName === name && (one.Status === 'Pending' || one.Status === 'InProgress'));
    if (running === undefined) return;
    const busy = membersOf(at, name).some(({ lifecycleState }) => lifecycleState !== 'InService' && lifecycleState !== 'Standby');
    const done = percent === 100 && !busy;
    // A write that changes nothing would wake this controller again, and so on.
    if (!done && running.Status === 'InProgress' && running.PercentageComplete === percent) return;
    this.#options.world.transaction(() =>
      at.table(instanceRefreshes).patch(running, {
        Status: done ? 'Successful' : 'InProgress',
        PercentageComplete: percent,
        ...(done ? { EndTime: at.nowMs, InstancesToUpdate: 0 } : {}),
      }),
    );
  }

  #patch({ at, name }: GroupRuntime, change: (held: AutoScalingGroupResource) => Partial<AutoScalingGroupResource>): void {
    this.#options.world.transaction(() => {
      const held = at.table(autoScalingGroups).get(name);
      if (held !== undefined) at.table(autoScalingGroups).patch(held, change(held));
    });
  }
}
