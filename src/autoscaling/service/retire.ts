import type { Task } from '../../model/index.ts';
import type { ServiceCommand } from './command.ts';
import { serviceEvents, stoppedReasons } from './events.ts';
import { missingCount, roomCount } from './launch.ts';
import { balanced, youngestFirst, type Observation } from './observe.ts';

/**
 * Takes away what is too much:
 *
 * - **Surplus.** ECS documents only that it keeps zones even, which one machine has not. Within that freedom those go
 *   first whose end costs least: tasks that take no traffic yet, then untried ones, then the youngest.
 * - **Unhealthy tasks** once a healthy one stands in for each; where the maximum leaves no room to start a
 *   replacement first, one at a time before it. The youngest go first: a replacement that never became healthy
 *   makes way for the next, not for it the task that it was to replace.
 * - **Tasks of an outdated version**: those that never took traffic at once, the others as healthy ones of the new
 *   version take their place, never going below the healthy minimum. Those that are not healthy go first. Yet they
 *   may serve: a slow machine fails a health check, and of a target that a new data plane has just come to know
 *   nothing is known. So as many stay as healthy ones lack for the minimum.
 */
export function retire(observation: Observation): ServiceCommand[] {
  const { service } = observation;
  const surplus = [...surplusTasks(observation), ...outdatedTasks(observation)];
  const unhealthy = replacedTasks(observation);
  const pending = surplus.filter(({ state }) => state !== 'RUNNING');
  const running = surplus.filter(({ state }) => state === 'RUNNING');

  const commands: ServiceCommand[] = [];
  for (const { id } of pending) commands.push({ type: 'stop', taskId: id, reason: stoppedReasons.scaling(service) });
  if (pending.length > 0) commands.push({ type: 'event', message: serviceEvents.stoppedPending(service, pending.length) });
  for (const task of unhealthy) {
    const own = task.containerHealth === 'UNHEALTHY';
    const message = own ? serviceEvents.containerUnhealthy(service, task) : serviceEvents.unhealthy(service, task);
    const reason = own ? stoppedReasons.containerUnhealthy : stoppedReasons.unhealthy(service);
    commands.push({ type: 'event', message }, { type: 'deactivate', taskId: task.id, reason });
  }
  for (const { id } of running) commands.push({ type: 'deactivate', taskId: id, reason: stoppedReasons.scaling(service) });
  commands.push(...departure(observation, [...unhealthy, ...running]));
  return commands;
}

function surplusTasks({ service, starting, healthy, untried }: Observation): Task[] {
  const surplus = starting.length + healthy.length + untried.length - service.desiredCount;
  if (surplus <= 0) return [];
  const order = [starting, untried, healthy].flatMap((tasks) => tasks.toSorted(youngestFirst));
  return order.slice(0, surplus);
}

function outdatedTasks(observation: Observation): Task[] {
  const { primary, outdated, healthy, unhealthy, healthyMin } = observation;
  if (primary === undefined || primary.rolloutState === 'FAILED') return [];
  const healthyCount = healthy.length + outdated.healthy.length;
  const unproven = [...outdated.unhealthy, ...outdated.untried].toSorted(youngestFirst);
  const dispensable = unproven.length - Math.max(0, healthyMin - healthyCount);
  const forced = unhealthy.length === 0 && isStuck(observation) ? 1 : 0;
  return [
    ...outdated.starting,
    ...unproven.slice(0, Math.max(dispensable, forced)),
    ...outdated.healthy
      .toSorted(youngestFirst)
      .reverse()
      .slice(0, Math.max(0, healthyCount - healthyMin)),
  ];
}

function replacedTasks(observation: Observation): Task[] {
  const { service, healthy, unhealthy } = observation;
  const standIns = healthy.length - (service.desiredCount - unhealthy.length);
  const count = Math.max(standIns, isStuck(observation) ? 1 : 0);
  return unhealthy.toSorted(youngestFirst).slice(0, Math.max(0, count));
}

/** Whether tasks lack, none is on its way to being healthy, and none can be started before another has left. */
function isStuck(observation: Observation): boolean {
  const { starting, untried, outdated } = observation;
  const coming = starting.length + untried.length + outdated.starting.length;
  return coming === 0 && missingCount(observation) > 0 && roomCount(observation) === 0;
}

/** What ECS tells of tasks that leave, in its order. */
function departure({ service }: Observation, tasks: readonly Task[]): ServiceCommand[] {
  if (tasks.length === 0) return [];
  const ids = tasks.map(({ id }) => id);
  const messages = [serviceEvents.stopped(service, ids)];
  if (balanced(service)) messages.push(serviceEvents.deregistered(service, ids.length), serviceEvents.draining(service, ids.length));
  return messages.map((message) => ({ type: 'event', message }));
}
