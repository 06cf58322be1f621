import { backoffLeftMs, FAILURES_TOLD } from './backoff.ts';
import type { ServiceCommand, StartFailures } from './command.ts';
import { serviceEvents } from './events.ts';
import { liveCount, type Observation } from './observe.ts';

/** What a phase has to say: commands, and when it wants to be asked again. */
export interface PhaseResult {
  readonly commands: readonly ServiceCommand[];
  readonly requeueAfterMs?: number;
}

/** How many tasks of the wanted version lack, counting those on their way as there and unhealthy ones as gone. */
export function missingCount({ service, starting, healthy, untried }: Observation): number {
  return Math.max(0, service.desiredCount - starting.length - healthy.length - untried.length);
}

/** How many tasks may be added beside those that are not leaving. */
export function roomCount(observation: Observation): number {
  return Math.max(0, observation.countMax - liveCount(observation) - liveCount(observation.outdated));
}

/**
 * Launches what lacks, replacements of unhealthy tasks among it, as far as there is room and not during a back-off.
 * A version that has failed gets no further task.
 */
export function launch(observation: Observation, failures: StartFailures): PhaseResult {
  const count = Math.min(missingCount(observation), roomCount(observation));
  if (count === 0 || observation.primary?.rolloutState === 'FAILED') return { commands: [] };
  const waitMs = backoffLeftMs(failures, observation.nowMs);
  if (waitMs > 0) return { commands: [], requeueAfterMs: waitMs };
  const commands: ServiceCommand[] = [];
  if (failures.consecutive >= FAILURES_TOLD) {
    commands.push({ type: 'event', message: serviceEvents.cannotStart(observation.service) });
  }
  commands.push({ type: 'launch', count });
  return { commands };
}
