import type { AutoScalingGroup, GroupInstance, TerminationPolicy } from '../../model/index.ts';
import { byZone } from './observe.ts';

const HOUR_MS = 3_600_000;

/** Keeps of the candidates those that one policy would end; more than one where it sees no difference. */
type Narrow = (candidates: readonly GroupInstance[], group: AutoScalingGroup, nowMs: number) => readonly GroupInstance[];

const narrows: Readonly<Record<TerminationPolicy, Narrow>> = {
  OldestInstance: (candidates) => leastBy(candidates, ({ launchedAtMs }) => launchedAtMs),
  NewestInstance: (candidates) => leastBy(candidates, ({ launchedAtMs }) => -launchedAtMs),
  OldestLaunchTemplate: (candidates) => leastBy(candidates, ({ templateVersion }) => versionNumber(templateVersion)),
  /** Launch configurations have no order: those of another than the group's present one are the older ones. */
  OldestLaunchConfiguration: (candidates, { templateVersion: present }) =>
    leastBy(candidates, ({ templateVersion }) => (templateVersion === present ? 1 : 0)),
  ClosestToNextInstanceHour: (candidates, _group, nowMs) =>
    leastBy(candidates, ({ launchedAtMs }) => HOUR_MS - ((nowMs - launchedAtMs) % HOUR_MS)),
  /** All instances here are of one kind: every choice fits the allocation strategy. */
  AllocationStrategy: (candidates) => candidates,
  Default: (candidates, group, nowMs) =>
    (['AllocationStrategy', 'OldestLaunchTemplate', 'ClosestToNextInstanceHour'] as const).reduce<readonly GroupInstance[]>(
      (left, policy) => narrows[policy](left, group, nowMs),
      candidates,
    ),
};

/**
 * Which `count` instances a scale-in ends: first from zones that the group has left, then from the zone with the most
 * instances that has an unprotected one, there by the group's policies in their order, ties by id. Fewer than asked
 * where the others are protected.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
 */
export function selectForTermination(
  group: AutoScalingGroup,
  instances: readonly GroupInstance[],
  count: number,
  nowMs: number,
): GroupInstance[] {
  const selected: GroupInstance[] = [];
  let left = instances;
  while (selected.length < count) {
    const candidates = fullestZones(group, left).flatMap((there) => there.filter(unprotected));
    const policies: readonly TerminationPolicy[] = group.terminationPolicies.length === 0 ? ['Default'] : group.terminationPolicies;
    const narrowed = policies.reduce<readonly GroupInstance[]>((some, policy) => narrows[policy](some, group, nowMs), candidates);
    const [chosen] = narrowed.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    if (chosen === undefined) break;
    selected.push(chosen);
    left = left.filter(({ id }) => id !== chosen.id);
  }
  return selected;
}

/** The instances of the zones that are next to give one up. */
function fullestZones(group: AutoScalingGroup, instances: readonly GroupInstance[]): (readonly GroupInstance[])[] {
  const zones = [...byZone(group, instances)].filter(([, there]) => there.some(unprotected));
  const left = zones.filter(([zone]) => !group.zones.includes(zone)).map(([, there]) => there);
  if (left.length > 0) return left;
  const most = Math.max(...zones.map(([, there]) => there.length));
  return zones.map(([, there]) => there).filter((there) => there.length === most);
}

function unprotected({ protectedFromScaleIn }: GroupInstance): boolean {
  return !protectedFromScaleIn;
}

/** `3`, and the 3 of `lt-0123456789abcdef0:3`; what has no number is all the same age. */
function versionNumber(templateVersion: string): number {
  const number = Number(templateVersion.slice(templateVersion.lastIndexOf(':') + 1));
  return Number.isNaN(number) ? 0 : number;
}

function leastBy(candidates: readonly GroupInstance[], key: (instance: GroupInstance) => number): readonly GroupInstance[] {
  const least = Math.min(...candidates.map(key));
  return candidates.filter((candidate) => key(candidate) === least);
}
