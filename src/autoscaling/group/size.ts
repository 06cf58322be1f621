import type { GroupInstance } from '../../model/index.ts';
import { instanceCauses, sentences } from './activities.ts';
import type { GroupCommand } from './command.ts';
import { byZone, capacityOf, suspended, type GroupObservation } from './observe.ts';
import { selectForTermination } from './terminationPolicy.ts';

/** How many of the launches stand in for what; the others make up the difference to the desired capacity. */
export interface Replacing {
  readonly unhealthy: number;
  readonly refreshed: number;
}

/**
 * Launches what lacks, each in the zone that then has the fewest, out of the warm pool as long as it has prepared
 * instances. `remaining` are the instances that count and are not ended by the same decision; `wanted` is the desired
 * capacity, or more while a refresh launches first.
 */
export function grow(
  observation: GroupObservation,
  remaining: readonly GroupInstance[],
  replacing: Replacing,
  wanted: number,
): GroupCommand[] {
  const { group, nowMs, capacityCauses } = observation;
  const count = Math.ceil((wanted - capacityOf(remaining)) / (group.launchWeight ?? 1));
  if (count <= 0 || suspended(group, 'Launch')) return [];
  const zones = new Map([...byZone(group, remaining)].map(([zone, there]) => [zone, there.length]));
  const prepared = observation.warm.filter(({ state }) => state === 'Warmed:Stopped' || state === 'Warmed:Running');
  const difference = sentences([...capacityCauses, instanceCauses.started(nowMs, capacityOf(remaining), wanted)]);
  return Array.from({ length: count }, (_, i): GroupCommand => {
    const cause =
      i < replacing.unhealthy
        ? instanceCauses.replacing(nowMs)
        : i < replacing.unhealthy + replacing.refreshed
          ? instanceCauses.refreshIn(nowMs)
          : difference;
    const zone = emptiestZone(group.zones, zones);
    const warm = prepared.find((one) => one.zone === zone) ?? prepared[0];
    if (warm) prepared.splice(prepared.indexOf(warm), 1);
    const where = warm?.zone ?? zone;
    zones.set(where, (zones.get(where) ?? 0) + 1);
    if (warm) return { type: 'take', instanceId: warm.id, cause };
    return { type: 'launch', zone, templateVersion: group.refresh?.templateVersion ?? group.templateVersion, cause, warm: false };
  });
}

/**
 * The instances beyond the desired capacity, chosen by zone and policy among those in service. What is still pending
 * is not counted on: a scale-in waits for the scale-out before it, and a rebalanced zone for its new instance.
 */
export function surplusInstances({ group, nowMs }: GroupObservation, remaining: readonly GroupInstance[]): GroupInstance[] {
  const inService = remaining.filter(({ state }) => state === 'InService');
  let spare = capacityOf(inService) - group.desiredCapacity;
  if (spare <= 0 || suspended(group, 'Terminate')) return [];
  // Never below the desired capacity: one that weighs more than there is to spare stays.
  return selectForTermination(group, inService, inService.length, nowMs).filter(({ weight = 1 }) => {
    if (weight > spare) return false;
    spare -= weight;
    return true;
  });
}

export function surplusCause({ nowMs, capacityCauses }: GroupObservation, from: number, selected: readonly GroupInstance[]): string {
  const ids = selected.map(({ id }) => id);
  return sentences([...capacityCauses, instanceCauses.surplus(nowMs, from, from - capacityOf(selected), ids)]);
}

/**
 * One instance more in the emptiest zone while zones differ by two or more, or while a zone that the group has left
 * still has instances: the surplus then goes from there. Launching first may exceed the maximum by a tenth, at least
 * by one. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-benefits.html ("Rebalancing activities")
 */
export function rebalance({ group, counted, nowMs }: GroupObservation): GroupCommand[] {
  if (suspended(group, 'AZRebalance') || suspended(group, 'Launch') || suspended(group, 'Terminate')) return [];
  if (capacityOf(counted) >= group.maxSize + Math.max(1, Math.floor(group.maxSize / 10))) return [];
  const counts = new Map([...byZone(group, counted)].map(([zone, there]) => [zone, there.length]));
  const to = emptiestZone(group.zones, counts);
  const [next] = selectForTermination(group, counted, 1, nowMs);
  if (next === undefined) return [];
  const uneven = (counts.get(next.zone) ?? 0) - (counts.get(to) ?? 0) >= 2;
  if (!uneven && group.zones.includes(next.zone)) return [];
  const cause = instanceCauses.rebalance(nowMs, next.zone, to);
  return [{ type: 'launch', zone: to, templateVersion: group.templateVersion, cause, warm: false }];
}

/** How many the warm pool should hold: what is prepared beyond the capacity, at least its minimum. */
function warmWanted({ group, counted }: GroupObservation): number {
  const { warmPool } = group;
  if (warmPool === undefined) return 0;
  const prepared = warmPool.maxGroupPreparedCapacity ?? group.maxSize;
  return Math.max(warmPool.minSize, prepared - Math.max(counted.length, group.desiredCapacity));
}

/** Fills the warm pool. */
export function warmUp(observation: GroupObservation): GroupCommand[] {
  const { group, nowMs, warm } = observation;
  const count = warmWanted(observation) - warm.length;
  if (count <= 0 || suspended(group, 'Launch')) return [];
  const zones = new Map([...byZone(group, warm)].map(([zone, there]) => [zone, there.length]));
  return Array.from({ length: count }, (): GroupCommand => {
    const zone = emptiestZone(group.zones, zones);
    zones.set(zone, (zones.get(zone) ?? 0) + 1);
    return { type: 'launch', zone, templateVersion: group.templateVersion, cause: instanceCauses.warming(nowMs), warm: true };
  });
}

/** The warm instances beyond the pool's size, oldest first. */
export function surplusWarm(observation: GroupObservation): GroupInstance[] {
  const { group, warm } = observation;
  if (suspended(group, 'Terminate')) return [];
  const oldestFirst = warm.toSorted((a, b) => a.launchedAtMs - b.launchedAtMs || (a.id < b.id ? -1 : 1));
  return oldestFirst.slice(0, Math.max(0, warm.length - warmWanted(observation)));
}

/** Ties go to the zone that the group names first. */
function emptiestZone(zones: readonly string[], counts: ReadonlyMap<string, number>): string {
  return zones.reduce((best, zone) => ((counts.get(zone) ?? 0) < (counts.get(best) ?? 0) ? zone : best));
}
