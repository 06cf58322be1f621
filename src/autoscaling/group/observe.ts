import type { AutoScalingGroup, GroupInstance, ScalingProcess } from '../../model/index.ts';
import type { GroupSnapshot } from './command.ts';

/** A group's instances, sorted by what they mean to its size. */
export interface GroupObservation {
  readonly group: AutoScalingGroup;
  readonly nowMs: number;
  readonly capacityCauses: readonly string[];
  /** On the way into service. */
  readonly pending: readonly GroupInstance[];
  readonly inService: readonly GroupInstance[];
  /** `pending` and `inService`: what the desired capacity counts. */
  readonly counted: readonly GroupInstance[];
  readonly warm: readonly GroupInstance[];
  /** Terminating, detaching or on the way to standby. */
  readonly leaving: readonly GroupInstance[];
}

export function observeGroup({ group, instances, capacityCauses }: GroupSnapshot, nowMs: number): GroupObservation {
  const pending = instances.filter(({ state }) => state === 'Pending' || state === 'Pending:Wait' || state === 'Pending:Proceed');
  const inService = instances.filter(({ state }) => state === 'InService');
  const leaving = instances.filter(({ state }) => state.startsWith('Terminating') || state === 'Detaching' || state === 'EnteringStandby');
  const warm = instances.filter(({ state }) => state.startsWith('Warmed:'));
  return { group, nowMs, capacityCauses, pending, inService, counted: [...pending, ...inService], warm, leaving };
}

export function suspended(group: AutoScalingGroup, process: ScalingProcess): boolean {
  return group.suspendedProcesses.includes(process);
}

/** How many of the instances there are in each of the group's zones. */
export function byZone(group: AutoScalingGroup, instances: readonly GroupInstance[]): Map<string, GroupInstance[]> {
  const zones = new Map<string, GroupInstance[]>(group.zones.map((zone) => [zone, []]));
  for (const instance of instances) {
    const there = zones.get(instance.zone);
    if (there) there.push(instance);
    else zones.set(instance.zone, [instance]);
  }
  return zones;
}

/** Units of capacity that instances make up. */
export function capacityOf(instances: readonly GroupInstance[]): number {
  return instances.reduce((sum, { weight = 1 }) => sum + weight, 0);
}

/** An instance that has just come into service still warms up: policies do not count its metrics yet. */
export function isWarmingUp({ group, nowMs }: Pick<GroupObservation, 'group' | 'nowMs'>, { inServiceAtMs }: GroupInstance): boolean {
  return inServiceAtMs === undefined || nowMs - inServiceAtMs < group.instanceWarmupMs;
}
