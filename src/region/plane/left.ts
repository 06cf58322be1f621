import type { Found } from './protocol.ts';

/** What an earlier run has left running, or what has ended since unheard: then with an empty address, and its end is told soon. */
export interface LeftRunning {
  /** Id → address. */
  readonly workloads: ReadonlyMap<string, string>;
  /** Id → the host by which it is reached. */
  readonly machines: ReadonlyMap<string, string>;
}

export function leftRunning({ workloads, machines, missed }: Found): LeftRunning {
  const ended = missed.flatMap((event): [string, string][] => (event.type === 'exit' ? [[event.exit.id, '']] : []));
  return {
    workloads: new Map([...ended, ...workloads.map(({ id, address }): [string, string] => [id, address])]),
    machines: new Map([...ended, ...machines.map(({ id, host }): [string, string] => [id, host])]),
  };
}
