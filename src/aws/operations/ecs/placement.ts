import type { Place } from '../../state/place.ts';
import { containerInstances, type ContainerInstance, type TaskDefinition } from './resources.ts';

interface Needs {
  readonly CPU: number;
  readonly MEMORY: number;
  /** Ports of the host that the task takes; a port of 0 is any that is free. */
  readonly ports: readonly string[];
}

function needsOf({ containerDefinitions = [] }: TaskDefinition): Needs {
  return {
    CPU: containerDefinitions.reduce((sum, { cpu = 0 }) => sum + cpu, 0),
    MEMORY: containerDefinitions.reduce((sum, { memory, memoryReservation = 0 }) => sum + (memory ?? memoryReservation), 0),
    ports: containerDefinitions.flatMap(({ portMappings = [] }) =>
      portMappings.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [String(hostPort)])),
    ),
  };
}

/** What an instance lacks for a task; undefined where there is room. */
function lacks(instance: ContainerInstance, needs: Needs): 'RESOURCE:CPU' | 'RESOURCE:MEMORY' | 'RESOURCE:PORTS' | undefined {
  for (const { name, integerValue = 0, stringSetValue = [] } of instance.remainingResources ?? []) {
    if ((name === 'CPU' || name === 'MEMORY') && needs[name] > integerValue) return `RESOURCE:${name}`;
    if (name === 'PORTS' && needs.ports.some((port) => stringSetValue.includes(port))) return 'RESOURCE:PORTS';
  }
  return undefined;
}

/** Why an instance did not get a task, as RunTask tells it. */
export interface PlacementFailure {
  readonly arn: string;
  readonly reason: string;
}

/**
 * The instance with the fewest tasks of those that have room, else why each has none.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
 */
export function placeTask(candidates: readonly ContainerInstance[], definition: TaskDefinition): ContainerInstance | PlacementFailure[] {
  const needs = needsOf(definition);
  const failures: PlacementFailure[] = [];
  let best: ContainerInstance | undefined;
  for (const instance of candidates) {
    const reason = lacks(instance, needs);
    if (reason !== undefined) failures.push({ arn: instance.containerInstanceArn, reason });
    else if (best === undefined || (instance.runningTasksCount ?? 0) < (best.runningTasksCount ?? 0)) best = instance;
  }
  return best ?? failures;
}

/** Books or frees what a task takes on an instance. */
export function changeCounts(at: Place, held: ContainerInstance, definition: TaskDefinition, by: 1 | -1): void {
  const instance = at.table(containerInstances).get(held.containerInstanceArn) ?? held;
  const { ports, ...amounts } = needsOf(definition);
  const used: Record<string, number> = amounts;
  at.table(containerInstances).patch(instance, {
    runningTasksCount: (instance.runningTasksCount ?? 0) + by,
    remainingResources: (instance.remainingResources ?? []).map((resource) => {
      if (resource.name === 'PORTS') {
        const taken = resource.stringSetValue ?? [];
        return { ...resource, stringSetValue: by === 1 ? [...taken, ...ports] : taken.filter((port) => !ports.includes(port)) };
      }
      return { ...resource, integerValue: (resource.integerValue ?? 0) - by * (used[resource.name ?? ''] ?? 0) };
    }),
  });
}
