import type { ServiceCommand } from './command.ts';
import type { PhaseResult } from './launch.ts';
import { balanced, youngestFirst, type Observation } from './observe.ts';

/** Stopped tasks stay visible for an hour, as in ECS (StopTask, DescribeTasks), but not without bound. */
const KEPT_MS = 3_600_000;
const KEPT_MAX = 100;

/** Stops tasks that have drained and forgets those that stopped long ago. */
export function finish({ service, leaving, stopped, nowMs }: Observation): PhaseResult {
  const commands: ServiceCommand[] = [];
  for (const task of leaving) {
    if (task.state !== 'DEACTIVATING' || (balanced(service) && task.drained !== true)) continue;
    commands.push({ type: 'stop', taskId: task.id, reason: task.stoppedReason ?? '' });
  }
  let requeueAfterMs = Number.POSITIVE_INFINITY;
  for (const [index, task] of stopped.toSorted(youngestFirst).entries()) {
    const leftMs = (task.stoppedAtMs ?? nowMs) + KEPT_MS - nowMs;
    if (leftMs <= 0 || index >= KEPT_MAX) commands.push({ type: 'remove', taskId: task.id });
    else requeueAfterMs = Math.min(requeueAfterMs, leftMs);
  }
  return requeueAfterMs === Number.POSITIVE_INFINITY ? { commands } : { commands, requeueAfterMs };
}
