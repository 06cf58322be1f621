import type { GroupInstance } from '../../model/index.ts';
import { backoffLeftMs } from '../service/backoff.ts';
import { instanceCauses } from './activities.ts';
import type { GroupCommand, GroupDecision, GroupSnapshot } from './command.ts';
import { groupGraceEndMs, unhealthyInstances } from './health.ts';
import { advance } from './lifecycle.ts';
import { isWarmingUp, observeGroup, type GroupObservation } from './observe.ts';
import { expired, nextExpiryMs, planRefresh } from './replace.ts';
import { grow, rebalance, surplusCause, surplusInstances, surplusWarm, warmUp } from './size.ts';

/** An instance that this decision ends, and why. */
interface Ending {
  readonly instance: GroupInstance;
  readonly cause: string;
}

/**
 * One pass of an EC2 Auto Scaling group: every instance takes the step that is due, then the group is brought to its
 * size. Level-triggered like the service scheduler.
 *
 *     lifecycle ─▶ ends: unhealthy, refreshed, expired, surplus ─▶ launches ─▶ zones ─▶ warm pool
 *
 * Each instance gets at most one command for its own life in a pass: one that ends does nothing else.
 */
export function decideGroup(snapshot: GroupSnapshot, nowMs: number): GroupDecision {
  const observation = observeGroup(snapshot, nowMs);
  const plan = planSize(observation);
  const ending = new Set(plan.endings.map(({ instance }) => instance.id));

  const lives = snapshot.instances.filter(({ id }) => !ending.has(id)).map((instance) => advance(observation.group, instance, nowMs));
  const ends = plan.endings.flatMap(({ instance, cause }): GroupCommand[] => endCommands(instance, cause));
  const launchWaitMs = plan.launches.length === 0 ? 0 : backoffLeftMs(snapshot.failures, nowMs);
  const launches = launchWaitMs > 0 ? [] : plan.launches;
  const commands = [...lives.flatMap((life) => life.commands), ...ends, ...launches, ...draining(observation)];

  const waits = [
    ...lives.map(({ requeueAfterMs }) => requeueAfterMs),
    launchWaitMs || undefined,
    groupGraceEndMs(observation),
    nextExpiryMs(observation),
    warmUpEndMs(observation),
  ];
  const known = waits.filter((wait) => wait !== undefined);
  return {
    commands,
    steady:
      commands.length === 0 &&
      observation.inService.length === observation.group.desiredCapacity &&
      observation.pending.length + observation.leaving.length === 0,
    ...(plan.refreshPercent === undefined ? {} : { refreshPercent: plan.refreshPercent }),
    ...(known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) }),
  };
}

interface SizePlan {
  readonly endings: readonly Ending[];
  readonly launches: readonly GroupCommand[];
  readonly refreshPercent: number | undefined;
}

function planSize(observation: GroupObservation): SizePlan {
  const { group, counted, nowMs } = observation;
  const without = (gone: readonly Ending[]): GroupInstance[] => counted.filter((one) => !gone.some(({ instance }) => instance === one));

  const unhealthy: Ending[] = unhealthyInstances(observation);
  const refresh = planRefresh(observation, without(unhealthy));
  const refreshed: Ending[] = (refresh?.out ?? []).map((instance) => ({ instance, cause: instanceCauses.refreshOut(nowMs) }));
  const aged: Ending[] =
    unhealthy.length + refreshed.length > 0
      ? []
      : expired(observation).map((instance) => ({ instance, cause: instanceCauses.lifetime(nowMs) }));
  const replaced = [...unhealthy, ...refreshed, ...aged];

  const extra = refresh?.extra ?? 0;
  const wanted: GroupObservation =
    extra === 0 ? observation : { ...observation, group: { ...group, desiredCapacity: group.desiredCapacity + extra } };
  const remaining = without(replaced);
  const refreshing =
    refresh !== undefined && group.refresh !== undefined && group.refresh.maxHealthyPercentage > 100 && refresh.percent < 100;
  const surplus = refreshing ? [] : surplusInstances(wanted, remaining);
  const cause = surplusCause(observation, remaining.length, surplus);
  const endings = [...replaced, ...surplus.map((instance) => ({ instance, cause }))];

  const grown = grow(wanted, remaining, { unhealthy: unhealthy.length, refreshed: refreshed.length + extra });
  const quiet =
    endings.length === 0 && grown.length === 0 && refresh === undefined && observation.pending.length + observation.leaving.length === 0;
  const cooled = grown.some(({ type }) => type === 'take')
    ? []
    : surplusWarm(observation).map((instance) => ({ instance, cause: instanceCauses.cooling(nowMs) }));
  const launches = [...grown, ...(quiet ? rebalance(observation) : []), ...(grown.length === 0 ? warmUp(observation) : [])];
  return { endings: [...endings, ...cooled], launches, refreshPercent: refresh?.percent };
}

function endCommands(instance: GroupInstance, cause: string): GroupCommand[] {
  const commands: GroupCommand[] = [{ type: 'terminate', instanceId: instance.id, cause }];
  if (instance.registered) commands.push({ type: 'deregister', instanceId: instance.id });
  return commands;
}

/** Instances that were sent to standby or are being detached leave the target groups too. */
function draining({ leaving }: GroupObservation): GroupCommand[] {
  return leaving
    .filter(({ state, registered }) => registered && (state === 'EnteringStandby' || state === 'Detaching'))
    .map(({ id }) => ({ type: 'deregister', instanceId: id }));
}

/** A refresh goes on when the next of its instances has warmed up. */
function warmUpEndMs(observation: GroupObservation): number | undefined {
  const { group, inService, nowMs } = observation;
  if (group.refresh === undefined) return undefined;
  const waits = inService
    .filter((instance) => isWarmingUp(observation, instance))
    .map(({ inServiceAtMs = nowMs }) => inServiceAtMs + group.instanceWarmupMs - nowMs);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
