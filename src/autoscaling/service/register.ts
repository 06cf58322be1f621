import type { ServiceCommand } from './command.ts';
import { serviceEvents } from './events.ts';
import { balanced, type Observation } from './observe.ts';

/** Registers every task whose process has started; from then on the balancer checks its health. */
export function register({ service, starting, outdated }: Observation): ServiceCommand[] {
  const ready = [...starting, ...outdated.starting].filter(({ state }) => state === 'ACTIVATING');
  const commands: ServiceCommand[] = ready.map(({ id }) => ({ type: 'activate', taskId: id }));
  if (ready.length > 0 && balanced(service)) commands.push({ type: 'event', message: serviceEvents.registered(service, ready.length) });
  return commands;
}
