import type { ServiceCommand } from './command.ts';
import { serviceEvents } from './events.ts';
import { balanced, type Observation } from './observe.ts';

/** Registers every task whose process has started, but for those that `retired` ends; from then on the balancer checks its health. */
export function register({ service, starting, outdated }: Observation, retired: readonly ServiceCommand[]): ServiceCommand[] {
  const ending = new Set(retired.flatMap((command) => (command.type === 'stop' ? [command.taskId] : [])));
  const ready = [...starting, ...outdated.starting].filter(({ id, state }) => state === 'ACTIVATING' && !ending.has(id));
  const commands: ServiceCommand[] = ready.map(({ id }) => ({ type: 'activate', taskId: id }));
  if (ready.length > 0 && balanced(service)) commands.push({ type: 'event', message: serviceEvents.registered(service, ready.length) });
  return commands;
}
