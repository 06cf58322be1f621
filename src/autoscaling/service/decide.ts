import type { ServiceCommand, ServiceDecision, ServiceSnapshot } from './command.ts';
import { serviceEvents } from './events.ts';
import { finish } from './finish.ts';
import { launch } from './launch.ts';
import { graceLeftMs, observe, type Observation } from './observe.ts';
import { register } from './register.ts';
import { retire } from './retire.ts';

/**
 * One pass of a service's scheduler: what to do now so that the service comes to run `desiredCount` healthy tasks.
 * Level-triggered: it looks at what is, not at what happened, so that any number of passes and any loss of events
 * lead to the same end.
 *
 *     observe ─▶ finish ─▶ register ─▶ launch ─▶ retire ─▶ steady?
 *                drained   started     missing   surplus,
 *                → stop    → activate            unhealthy
 *
 * An unhealthy task is replaced before it is stopped: it counts as missing, so a new one is launched beside it, and
 * it leaves once a healthy task stands in for it.
 */
export function decideService(snapshot: ServiceSnapshot, nowMs: number): ServiceDecision {
  const observation = observe(snapshot, nowMs);
  const finished = finish(observation);
  const launched = launch(observation, snapshot.failures);
  const commands: ServiceCommand[] = [...finished.commands, ...register(observation), ...launched.commands, ...retire(observation)];
  const steady = isSteady(observation);
  if (steady && !snapshot.steadyReported) commands.push({ type: 'event', message: serviceEvents.steady(snapshot.service) });

  const waits = [finished.requeueAfterMs, launched.requeueAfterMs, graceEndMs(observation)].filter((wait) => wait !== undefined);
  return waits.length === 0 ? { commands, steady } : { commands, steady, requeueAfterMs: Math.min(...waits) };
}

function isSteady({ service, starting, healthy, untried, unhealthy, leaving }: Observation): boolean {
  const others = starting.length + untried.length + unhealthy.length + leaving.length;
  return healthy.length === service.desiredCount && others === 0;
}

/** When the first bad health that is still forgiven stops being so. */
function graceEndMs({ service, untried, nowMs }: Observation): number | undefined {
  const waits = untried.filter(({ health }) => health === 'UNHEALTHY').map((task) => graceLeftMs(task, service, nowMs));
  return waits.length === 0 ? undefined : Math.min(...waits);
}
