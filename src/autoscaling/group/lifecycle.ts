import type { AutoScalingGroup, GroupInstance, LifecycleHook } from '../../model/index.ts';
import { instanceCauses } from './activities.ts';
import type { GroupCommand } from './command.ts';

export interface LifecycleResult {
  readonly commands: readonly GroupCommand[];
  /** A hook is waited for; when its time is over. */
  readonly requeueAfterMs?: number;
}

const none: LifecycleResult = { commands: [] };

/**
 * The next step of one instance's life, as far as it is due: hooks, registration, draining, the end of the machine.
 *
 *     coming:  machine runs → hooks → register → InService
 *     going:   deregister → drained → hooks → destroy
 */
export function advance(group: AutoScalingGroup, instance: GroupInstance, nowMs: number): LifecycleResult {
  switch (instance.state) {
    case 'Pending':
    case 'Warmed:Pending':
      return instance.machine === 'running' ? nextHookOr(group, instance, 'LAUNCHING', arrive(instance)) : none;
    case 'Pending:Proceed':
    case 'Warmed:Pending:Proceed':
      return { commands: arrive(instance) };
    case 'Pending:Wait':
    case 'Warmed:Pending:Wait':
      return awaitHook(group, instance, 'LAUNCHING', nowMs);
    case 'Terminating':
      if (instance.registration !== 'none') return { commands: deregister(instance) };
      return nextHookOr(group, instance, 'TERMINATING', [{ type: 'destroy', instanceId: instance.id }]);
    case 'Terminating:Wait':
      return awaitHook(group, instance, 'TERMINATING', nowMs);
    case 'Terminating:Proceed':
      return { commands: [{ type: 'destroy', instanceId: instance.id }] };
    case 'EnteringStandby':
    case 'Detaching':
      return { commands: instance.registration === 'none' ? [{ type: 'leave', instanceId: instance.id }] : deregister(instance) };
    case 'Warmed:Stopped':
    case 'Warmed:Running':
    case 'InService':
    case 'Standby':
    case 'Detached':
    case 'Terminated':
      return none;
  }
  return instance.state satisfies never;
}

/** Tells a registered instance to drain; one that drains already is waited for. */
export function deregister({ id, registration }: GroupInstance): GroupCommand[] {
  return registration === 'registered' ? [{ type: 'deregister', instanceId: id }] : [];
}

function arrive({ id, state }: GroupInstance): GroupCommand[] {
  return [{ type: state.startsWith('Warmed:') ? 'warm' : 'register', instanceId: id }];
}

function nextHookOr(group: AutoScalingGroup, instance: GroupInstance, phase: Phase, commands: readonly GroupCommand[]): LifecycleResult {
  const hook = hooksOf(group, phase).find(({ name }) => !instance.hooksDone.includes(name));
  return { commands: hook ? [{ type: 'startHook', instanceId: instance.id, hook: hook.name }] : commands };
}

type Phase = 'LAUNCHING' | 'TERMINATING';

function hooksOf(group: AutoScalingGroup, phase: Phase): readonly LifecycleHook[] {
  return group.hooks.filter(({ transition }) => transition === `autoscaling:EC2_INSTANCE_${phase}`);
}

/** A hook ends by its answer or by its time. On the way in ABANDON ends the instance; on the way out both let it go. */
function awaitHook(group: AutoScalingGroup, instance: GroupInstance, phase: Phase, nowMs: number): LifecycleResult {
  const { id, hook, hooksDone } = instance;
  const hooks = hooksOf(group, phase);
  const config = hooks.find(({ name }) => name === hook?.name);
  const leftMs = hook && config ? hook.heartbeatAtMs + config.heartbeatTimeoutMs - nowMs : 0;
  if (hook && hook.result === undefined && leftMs > 0) return { commands: [], requeueAfterMs: leftMs };
  const result = hook?.result ?? config?.defaultResult ?? 'CONTINUE';
  if (phase === 'LAUNCHING' && result === 'ABANDON') {
    return { commands: [{ type: 'terminate', instanceId: id, cause: instanceCauses.hookAbandoned(nowMs) }] };
  }
  const next = result === 'ABANDON' ? undefined : hooks.find(({ name }) => name !== hook?.name && !hooksDone.includes(name));
  const ended: GroupCommand = { type: 'endHook', instanceId: id, hook: hook?.name ?? '', last: next === undefined };
  return { commands: next ? [ended, { type: 'startHook', instanceId: id, hook: next.name }] : [ended] };
}
