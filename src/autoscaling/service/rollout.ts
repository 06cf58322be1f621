import type { Deployment, Service, TaskDefinition } from '../../model/index.ts';
import type { ServiceCommand, StartFailures } from './command.ts';
import { serviceEvents, stoppedReasons } from './events.ts';
import { isOf, type Observation } from './observe.ts';

/**
 * A deployment's life:
 *
 *     new version ──▶ IN_PROGRESS ──▶ COMPLETED            all tasks of it healthy, none of another left
 *                          │
 *                          └────────▶ FAILED               the circuit breaker has tripped
 *                                        └──▶ the last COMPLETED one is PRIMARY again, IN_PROGRESS
 */
export interface RolloutResult {
  readonly commands: readonly ServiceCommand[];
  readonly deployments?: readonly Deployment[];
}

/**
 * A service that is to run a version: the new deployment is PRIMARY, all others go out. A new service gets its first
 * deployment this way too, so that its tasks carry the mark that tells them from those of later versions. The caller
 * starts the count of failures anew.
 */
export function startDeployment(service: Service, taskDefinition: TaskDefinition, id: string, nowMs: number): Service {
  const started: Deployment = {
    id,
    status: 'PRIMARY',
    taskDefinition,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const others = (service.deployments ?? []).map((deployment) => ({ ...deployment, status: 'ACTIVE' as const }));
  return { ...service, taskDefinition, deployments: [started, ...others] };
}

/**
 * How many tasks may fail in a row before a deployment is given up: half of the desired count, at least 3 and at most 200.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
export function breakerThreshold(desiredCount: number): number {
  return Math.min(200, Math.max(3, Math.ceil(desiredCount / 2)));
}

/** Moves the deployment that is in progress on: completes it, or gives it up. */
export function decideRollout(observation: Observation, failures: StartFailures, steady: boolean): RolloutResult {
  const { service, primary } = observation;
  if (primary === undefined || primary.rolloutState !== 'IN_PROGRESS') return { commands: [] };
  if (steady) return complete(observation, primary);
  const failed = failures.consecutive + failedHealthChecks(observation, primary);
  if (service.circuitBreaker?.enable !== true || failed < breakerThreshold(service.desiredCount)) return { commands: [] };
  return giveUp(observation, primary);
}

function complete({ service, nowMs }: Observation, primary: Deployment): RolloutResult {
  const rolloutStateReason = `ECS deployment ${primary.id} completed.`;
  return {
    commands: [{ type: 'event', message: serviceEvents.deploymentCompleted(service, primary.id) }],
    deployments: [{ ...primary, rolloutState: 'COMPLETED', rolloutStateReason, updatedAtMs: nowMs }],
  };
}

/** Tasks of the deployment that ran and never became healthy. A healthy one forgives them all. */
function failedHealthChecks({ service, healthy, leaving, stopped }: Observation, primary: Deployment): number {
  if (healthy.some((task) => isOf(task, primary))) return 0;
  const reasons = new Set([stoppedReasons.unhealthy(service), stoppedReasons.containerUnhealthy]);
  return [...leaving, ...stopped].filter(
    ({ deploymentId, stoppedReason = '' }) => deploymentId === primary.id && reasons.has(stoppedReason),
  ).length;
}

function giveUp({ service, nowMs }: Observation, primary: Deployment): RolloutResult {
  const failed: Deployment = {
    ...primary,
    rolloutState: 'FAILED',
    rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
    updatedAtMs: nowMs,
  };
  const others = (service.deployments ?? []).filter(({ id }) => id !== primary.id);
  const commands: ServiceCommand[] = [{ type: 'event', message: serviceEvents.deploymentFailed(service, primary.id) }];
  const back = service.circuitBreaker?.rollback === true ? others.find(({ rolloutState }) => rolloutState === 'COMPLETED') : undefined;
  if (back === undefined) return { commands, deployments: [failed, ...others] };
  commands.push({ type: 'event', message: serviceEvents.rollingBack(service, back.id) });
  const restored: Deployment = {
    ...back,
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment circuit breaker: rolling back to deploymentId ${back.id}.`,
    updatedAtMs: nowMs,
  };
  return { commands, deployments: [restored, { ...failed, status: 'ACTIVE' }, ...others.filter(({ id }) => id !== back.id)] };
}
