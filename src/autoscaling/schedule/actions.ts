import type { ScheduledAction } from '../../model/index.ts';
import { nextRunMs } from './next.ts';

/** A scheduled action that has come due, and when. */
export interface DueAction {
  readonly action: ScheduledAction;
  readonly atMs: number;
}

export interface ScheduleResult {
  /** In order of time; of one that came due several times only the last run counts, as nobody can act in the past. */
  readonly due: readonly DueAction[];
  /** When the next action comes due; absent when none does. */
  readonly requeueAfterMs?: number;
}

/** Which actions came due in (lastMs, nowMs], and how long it is to the next. */
export function dueActions(actions: readonly ScheduledAction[], lastMs: number, nowMs: number): ScheduleResult {
  const due: DueAction[] = [];
  let nextMs = Number.POSITIVE_INFINITY;
  for (const action of actions) {
    const last = lastRun(action, lastMs, nowMs);
    if (last !== undefined) due.push({ action, atMs: last });
    nextMs = Math.min(nextMs, nextRunMs(action.schedule, nowMs) ?? Number.POSITIVE_INFINITY);
  }
  due.sort((a, b) => a.atMs - b.atMs || (a.action.name < b.action.name ? -1 : 1));
  return nextMs === Number.POSITIVE_INFINITY ? { due } : { due, requeueAfterMs: nextMs - nowMs };
}

/** After a long pause there may be many runs; skipping ahead by halves finds the last without walking them all. */
function lastRun({ schedule }: ScheduledAction, lastMs: number, nowMs: number): number | undefined {
  let last: number | undefined;
  let fromMs = lastMs;
  let next = nextRunMs(schedule, fromMs);
  while (next !== undefined && next <= nowMs) {
    last = next;
    const middleMs = next + Math.floor((nowMs - next) / 2);
    const ahead = nextRunMs(schedule, middleMs);
    fromMs = ahead !== undefined && ahead <= nowMs ? middleMs : next;
    next = fromMs === middleMs ? ahead : nextRunMs(schedule, fromMs);
  }
  return last;
}

export interface Sizes {
  readonly minCapacity: number;
  readonly maxCapacity: number;
  readonly desiredCapacity: number;
}

/**
 * The sizes after an action. What it does not name stays; the capacity is then moved into the bounds. A group's action
 * may set the desired capacity, that of a scalable target only bounds.
 */
export function applyScheduled(sizes: Sizes, { minCapacity, maxCapacity, desiredCapacity }: ScheduledAction): Sizes {
  const min = minCapacity ?? sizes.minCapacity;
  const max = Math.max(min, maxCapacity ?? sizes.maxCapacity);
  const desired = Math.min(max, Math.max(min, desiredCapacity ?? sizes.desiredCapacity));
  return { minCapacity: min, maxCapacity: max, desiredCapacity: desired };
}
