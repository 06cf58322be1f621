import type { ContainerHealth } from './healthChecks.ts';
import type { ContainerResource } from './translate.ts';

/** What a container waits for before it starts. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html */
export interface Dependency {
  readonly containerName: string;
  readonly condition: string;
}

/** As much of a container as its dependents need to know. */
export interface DependencyState {
  readonly name: string;
  readonly state: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly exitCode?: number;
  readonly health?: ContainerHealth;
  /** It has had the time that its dependents wait for it. */
  readonly late?: true;
  readonly dependsOn: readonly Dependency[];
}

export function dependenciesOf({ dependsOn = [] }: ContainerResource): Dependency[] {
  return dependsOn.flatMap(({ containerName, condition }) =>
    containerName === undefined || condition === undefined ? [] : [{ containerName, condition }],
  );
}

/** Whether a container may start; a text says why it never can. */
export function readiness(own: DependencyState, all: readonly DependencyState[]): 'ready' | 'waiting' | { readonly never: string } {
  let ready = true;
  for (const { containerName, condition } of own.dependsOn) {
    const one = all.find(({ name }) => name === containerName);
    const state = one === undefined ? 'never' : stateOf(one, condition);
    if (state === 'never' || (state === 'waiting' && one?.late === true))
      return {
        never: `dependency graph: container ordering dependency [${containerName}] for target [${own.name}] did not reach ${condition}`,
      };
    ready &&= state === 'reached';
  }
  return ready ? 'ready' : 'waiting';
}

function stateOf({ state, exitCode, health }: DependencyState, condition: string): 'reached' | 'waiting' | 'never' {
  const stopped = state === 'STOPPED';
  switch (condition) {
    case 'START':
      return state === 'PENDING' ? 'waiting' : 'reached';
    case 'COMPLETE':
      return stopped ? 'reached' : 'waiting';
    case 'SUCCESS':
      return !stopped ? 'waiting' : exitCode === 0 ? 'reached' : 'never';
    case 'HEALTHY':
      return stopped ? 'never' : health === 'HEALTHY' ? 'reached' : 'waiting';
    default:
      return 'never';
  }
}

/** Containers that are to be stopped now: those that run and that nothing which runs depends on. The others follow. */
export function stoppable<One extends DependencyState>(all: readonly One[]): One[] {
  const running = all.filter(({ state }) => state === 'RUNNING');
  const needed = new Set(running.flatMap(({ dependsOn }) => dependsOn.map(({ containerName }) => containerName)));
  return running.filter(({ name }) => !needed.has(name));
}
