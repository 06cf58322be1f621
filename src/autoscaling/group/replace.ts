import type { GroupInstance } from '../../model/index.ts';
import { isWarmingUp, suspended, type GroupObservation } from './observe.ts';

/** What a refresh still has to do. */
export interface RefreshPlan {
  /** To be ended now. */
  readonly out: readonly GroupInstance[];
  /** To be launched now, before others are ended. */
  readonly extra: number;
  /** More than the desired capacity is wanted for now: nothing of it is surplus. */
  readonly exceeds: boolean;
  /** How much of the group is of the new version and warm. */
  readonly percent: number;
}

/**
 * The next batch of an instance refresh. Instances of another version leave as long as the healthy ones that stay make
 * up the minimum; where the maximum allows more than the desired capacity, replacements come first.
 * Healthy is what is in service, past its warm-up and, behind a balancer, healthy to that.
 */
export function planRefresh(observation: GroupObservation, remaining: readonly GroupInstance[]): RefreshPlan | undefined {
  const { group, inService } = observation;
  const { refresh } = group;
  if (refresh === undefined) return undefined;
  // In instances, of which there are fewer where each counts more.
  const size = Math.ceil(group.desiredCapacity / (group.launchWeight ?? 1));
  const old = remaining.filter(({ templateVersion }) => templateVersion !== refresh.templateVersion);
  const ready = inService.filter(
    (instance) => remaining.includes(instance) && !isWarmingUp(observation, instance) && !isUntried(group, instance),
  );
  const readyNew = ready.filter(({ templateVersion }) => templateVersion === refresh.templateVersion).length;
  const percent = size === 0 ? 100 : Math.min(100, Math.floor((100 * readyNew) / size));
  const exceeds = refresh.maxHealthyPercentage > 100 && percent < 100;
  if (old.length === 0 || suspended(group, 'InstanceRefresh') || suspended(group, 'Terminate'))
    return { out: [], extra: 0, exceeds, percent };

  const healthyMin = Math.ceil((size * refresh.minHealthyPercentage) / 100);
  const countMax = Math.max(size, Math.floor((size * refresh.maxHealthyPercentage) / 100));
  const inPlace = countMax === size;
  const underWay = remaining.length - ready.length;
  // In place and with a minimum that forbids any loss, one at a time goes all the same: else nothing ever would.
  const spare = Math.max(ready.length - healthyMin, inPlace && underWay === 0 && remaining.length >= size ? 1 : 0);
  const notReady = old.filter((instance) => !ready.includes(instance));
  const out = [
    ...notReady,
    ...old
      .filter((instance) => ready.includes(instance))
      .toSorted(oldestFirst)
      .slice(0, spare),
  ];
  const extra = inPlace ? 0 : Math.max(0, Math.min(old.length - out.length - underWay, countMax - remaining.length));
  return { out, extra, exceeds, percent };
}

/** Behind a balancer an instance is of use once that has found it healthy. */
function isUntried({ targetGroupIds }: GroupObservation['group'], { registration, targetHealth }: GroupInstance): boolean {
  return targetGroupIds.length > 0 && registration === 'registered' && targetHealth !== 'HEALTHY';
}

/** The instances that are older than the group allows, one at a time and only while nothing else is under way. */
export function expired({ group, counted, inService, leaving, nowMs }: GroupObservation): GroupInstance[] {
  const { maxInstanceLifetimeMs } = group;
  if (maxInstanceLifetimeMs === undefined || leaving.length > 0 || counted.length !== inService.length || suspended(group, 'Terminate'))
    return [];
  return inService
    .filter(({ launchedAtMs }) => nowMs - launchedAtMs >= maxInstanceLifetimeMs)
    .toSorted(oldestFirst)
    .slice(0, 1);
}

/** When the next instance reaches its lifetime. */
export function nextExpiryMs({ group, inService, nowMs }: GroupObservation): number | undefined {
  const { maxInstanceLifetimeMs } = group;
  if (maxInstanceLifetimeMs === undefined || inService.length === 0) return undefined;
  const next = Math.min(...inService.map(({ launchedAtMs }) => launchedAtMs)) + maxInstanceLifetimeMs - nowMs;
  return next > 0 ? next : undefined;
}

function oldestFirst(a: GroupInstance, b: GroupInstance): number {
  return a.launchedAtMs - b.launchedAtMs || (a.id < b.id ? -1 : 1);
}
