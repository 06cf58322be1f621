import { deregisterTargets, endTask, targets, tasks as taskRecords, type Place, type TaskResource, type World } from '../../aws/index.ts';
import { isLeaving, privateAddress, type RunningTask } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface TaskRequestsOptions {
  readonly world: World;
  readonly tasks: Tasks;
  /** Takes a service's task out of traffic before it is stopped. */
  retire(running: RunningTask, reason: string): void;
}

/** Sees to tasks that are asked for one by one: RunTask, StartTask and StopTask. */
export function followTaskRequests(options: TaskRequestsOptions): void {
  const { world, tasks } = options;
  const start = (at: Place, record: TaskResource): void => {
    if (record.desiredStatus === 'RUNNING' && tasks.get(record.taskArn) === undefined) tasks.launch(at, record);
  };
  const stop = (record: TaskResource): void => {
    const running = tasks.get(record.taskArn);
    const reason = record.stoppedReason ?? '';
    if (running === undefined) return;
    if (running.task.state === 'RUNNING' && isOfService(record)) options.retire(running, reason);
    else if (!isLeaving(running.task)) tasks.stop(running, reason);
  };
  world.watch((changed) => {
    if (![...changed].some((table) => table.endsWith(`/${taskRecords.kind}`))) return;
    for (const at of world.places()) {
      for (const record of at.table(taskRecords).values()) {
        if (record.lastStatus === 'PROVISIONING' && !isOfService(record)) start(at, record);
        else if (record.desiredStatus === 'STOPPED' && record.lastStatus !== 'STOPPED') stop(record);
      }
    }
  });
  tasks.onChange((running) => {
    if (running.task.state === 'ACTIVATING' && !isOfService(recordOf(running))) tasks.tell(running, 'registered');
  });
}

/**
 * Takes on the tasks that an earlier run of this region has left running; the records of others end, as their processes
 * have. `there`: what runs or has ended unheard, by its id, with its address.
 */
export function adoptTasks(world: World, tasks: Tasks, there: ReadonlyMap<string, string>): void {
  for (const at of world.places()) {
    const left = at.table(taskRecords).filter((record) => record.lastStatus !== 'STOPPED' && !tasks.adopt(at, record, there));
    if (left.length === 0) continue;
    world.transaction(() => {
      for (const record of left) {
        const address = privateAddress(record);
        const groups = new Set(
          at
            .table(targets)
            .filter(({ id }) => id === address)
            .map(({ groupArn }) => groupArn),
        );
        for (const group of groups) deregisterTargets(at, group, [{ Id: address }]);
        endTask(at, at.table(taskRecords).patch(record, { stoppedReason: 'The region was stopped while this task was running.' }));
      }
    });
  }
}

function recordOf({ at, arn }: RunningTask): TaskResource | undefined {
  return at.table(taskRecords).get(arn);
}

function isOfService(record: TaskResource | undefined): boolean {
  return record?.group?.startsWith('service:') === true;
}
