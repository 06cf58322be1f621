import type { GroupInstance } from '../../model/index.ts';
import { instanceCauses } from './activities.ts';
import type { GroupCommand } from './command.ts';
import { unhealthyInstances, type Ending } from './health.ts';
import { capacityOf, type GroupObservation } from './observe.ts';
import { expired, planRefresh } from './replace.ts';
import { grow, rebalance, surplusCause, surplusInstances, surplusWarm, warmUp } from './size.ts';

/** Who goes, and what comes. */
export interface SizePlan {
  readonly endings: readonly Ending[];
  readonly launches: readonly GroupCommand[];
  readonly refreshPercent: number | undefined;
}

/**
 * Brings a group to its size: what has to be replaced leaves first, then what is too much; what lacks after that is
 * launched. Zones are evened out only when nothing else is to be done, the warm pool filled only when the group is not
 * growing itself.
 */
export function planSize(observation: GroupObservation): SizePlan {
  const { group, counted, nowMs, pending, leaving } = observation;
  const ended = (instances: readonly GroupInstance[], cause: string): Ending[] => instances.map((instance) => ({ instance, cause }));

  const unhealthy = unhealthyInstances(observation);
  const refresh = planRefresh(observation, without(counted, unhealthy));
  const refreshed = ended(refresh?.out ?? [], instanceCauses.refreshOut(nowMs));
  const aged = unhealthy.length + refreshed.length > 0 ? [] : ended(expired(observation), instanceCauses.lifetime(nowMs));
  const replaced = [...unhealthy, ...refreshed, ...aged];

  const remaining = without(counted, replaced);
  const surplus = refresh?.exceeds === true ? [] : surplusInstances(observation, remaining);
  const endings = [...replaced, ...ended(surplus, surplusCause(observation, capacityOf(remaining), surplus))];

  const extra = refresh?.extra ?? 0;
  const grown = grow(
    observation,
    remaining,
    { unhealthy: unhealthy.length, refreshed: refreshed.length + extra },
    group.desiredCapacity + extra,
  );
  if (grown.length > 0) return { endings, launches: grown, refreshPercent: refresh?.percent };

  const quiet = endings.length === 0 && refresh === undefined && pending.length + leaving.length === 0;
  return {
    endings: [...endings, ...ended(surplusWarm(observation), instanceCauses.cooling(nowMs))],
    launches: [...(quiet ? rebalance(observation) : []), ...warmUp(observation)],
    refreshPercent: refresh?.percent,
  };
}

function without(instances: readonly GroupInstance[], gone: readonly Ending[]): GroupInstance[] {
  return instances.filter((one) => !gone.some(({ instance }) => instance === one));
}
