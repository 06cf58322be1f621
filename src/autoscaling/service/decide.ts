import type { ServiceCommand, ServiceDecision, ServiceSnapshot } from './command.ts';
import { serviceEvents } from './events.ts';
import { finish } from './finish.ts';
import { launch } from './launch.ts';
import { graceLeftMs, isAiling, liveCount, observe, type Observation } from './observe.ts';
import { register } from './register.ts';
import { retire } from './retire.ts';
import { decideRollout } from './rollout.ts';

/**
 * One pass of a service's scheduler: what to do now so that the service comes to run `desiredCount` healthy tasks of
 * the wanted version. Level-triggered: it looks at what is, not at what happened, so that any number of passes and
 * any loss of events lead to the same end.
 *
 *     observe ─▶ finish ─▶ register ─▶ launch ─▶ retire ─▶ steady? ─▶ deployments
 *                drained   started     missing   surplus,             completed,
 *                → stop    → activate            unhealthy,           failed,
 *                                                outdated             rolled back
 *
 * An unhealthy task is replaced before it is stopped: it counts as missing, so a new one is launched beside it, and
 * it leaves once a healthy task stands in for it. A new version comes in the same way, between the service's minimum
 * and maximum: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
export function decideService(snapshot: ServiceSnapshot, nowMs: number): ServiceDecision {
  const observation = observe(snapshot, nowMs);
  const finished = finish(observation);
  const launched = launch(observation, snapshot.failures);
  const retired = retire(observation);
  const commands: ServiceCommand[] = [...finished.commands, ...register(observation, retired), ...launched.commands, ...retired];
  const steady = isSteady(observation);
  const rollout = decideRollout(observation, snapshot.failures, steady);
  commands.push(...rollout.commands);
  if (steady && !snapshot.steadyReported) commands.push({ type: 'event', message: serviceEvents.steady(snapshot.service) });

  const waits = [finished.requeueAfterMs, launched.requeueAfterMs, graceEndMs(observation)].filter((wait) => wait !== undefined);
  return {
    commands,
    steady,
    ...(rollout.deployments ? { deployments: rollout.deployments } : {}),
    ...(waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }),
  };
}

function isSteady({ service, starting, healthy, untried, unhealthy, outdated, leaving }: Observation): boolean {
  const others = starting.length + untried.length + unhealthy.length + liveCount(outdated) + leaving.length;
  return healthy.length === service.desiredCount && others === 0;
}

/** When the first bad health that is still forgiven stops being so. */
function graceEndMs({ service, untried, outdated, nowMs }: Observation): number | undefined {
  const forgiven = [...untried, ...outdated.untried].filter((task) => isAiling(task, service));
  const waits = forgiven.map((task) => graceLeftMs(task, service, nowMs));
  return waits.length === 0 ? undefined : Math.min(...waits);
}
