import { backoffLeftMs } from '../service/backoff.ts';
import type { GroupDecision, GroupSnapshot } from './command.ts';
import { groupGraceEndMs } from './health.ts';
import { advance, deregister } from './lifecycle.ts';
import { capacityOf, isWarmingUp, observeGroup, type GroupObservation } from './observe.ts';
import { planSize } from './plan.ts';
import { nextExpiryMs } from './replace.ts';

/**
 * One pass of an EC2 Auto Scaling group: every instance takes the step that is due, then the group is brought to its
 * size. Level-triggered like the service scheduler.
 *
 *     lifecycle ─▶ ends: unhealthy, refreshed, expired, surplus ─▶ launches ─▶ zones ─▶ warm pool
 *
 * An instance that ends takes no other step in the same pass.
 */
export function decideGroup(snapshot: GroupSnapshot, nowMs: number): GroupDecision {
  const observation = observeGroup(snapshot, nowMs);
  const plan = planSize(observation);
  const ending = new Set(plan.endings.map(({ instance }) => instance.id));

  const lives = snapshot.instances.filter(({ id }) => !ending.has(id)).map((instance) => advance(observation.group, instance, nowMs));
  const ends = plan.endings.flatMap(({ instance, cause }) => [
    { type: 'terminate', instanceId: instance.id, cause } as const,
    ...deregister(instance),
  ]);
  const launchWaitMs = plan.launches.length === 0 ? 0 : backoffLeftMs(snapshot.failures, nowMs);
  const commands = [...lives.flatMap((life) => life.commands), ...ends, ...(launchWaitMs > 0 ? [] : plan.launches)];

  const waits = [
    ...lives.map(({ requeueAfterMs }) => requeueAfterMs),
    launchWaitMs || undefined,
    groupGraceEndMs(observation),
    nextExpiryMs(observation),
    warmUpEndMs(observation),
  ].filter((wait) => wait !== undefined);
  return {
    commands,
    steady: commands.length === 0 && isComplete(observation),
    ...(plan.refreshPercent === undefined ? {} : { refreshPercent: plan.refreshPercent }),
    ...(waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }),
  };
}

function isComplete({ group, inService, pending, leaving }: GroupObservation): boolean {
  const over = capacityOf(inService) - group.desiredCapacity;
  return over >= 0 && over < (group.launchWeight ?? 1) && pending.length + leaving.length === 0;
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
