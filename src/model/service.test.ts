import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextTaskState, taskEvents, taskStates, type TaskEvent, type TaskState } from './service.ts';

describe('a task’s life', () => {
  const happyPath: [TaskEvent, TaskState][] = [
    ['addressLeased', 'PENDING'],
    ['processStarted', 'ACTIVATING'],
    ['registered', 'RUNNING'],
    ['toldToStop', 'DEACTIVATING'],
    ['drained', 'STOPPING'],
    ['processGone', 'DEPROVISIONING'],
    ['addressReleased', 'STOPPED'],
  ];

  it('passes through all eight states in order', () => {
    let state: TaskState = 'PROVISIONING';
    const seen: TaskState[] = [state];
    for (const [event, expected] of happyPath) {
      state = nextTaskState(state, event) ?? assert.fail(`${event} means nothing in ${state}`);
      assert.equal(state, expected);
      seen.push(state);
    }
    assert.deepEqual(seen, [...taskStates]);
  });

  const before = (state: TaskState, other: TaskState): boolean => taskStates.indexOf(state) < taskStates.indexOf(other);
  for (const from of taskStates) {
    for (const event of taskEvents) {
      it(`${from} on ${event} moves forward or stays`, () => {
        const to = nextTaskState(from, event);
        if (to !== undefined) assert.ok(before(from, to), `${from} → ${to} goes back`);
      });
    }

    it(`${from}: a process that is gone is never waited for`, () => {
      const to = nextTaskState(from, 'processGone');
      assert.equal(to, before(from, 'DEPROVISIONING') ? 'DEPROVISIONING' : undefined);
    });

    it(`${from}: told to stop, only a task that takes traffic drains first`, () => {
      const to = nextTaskState(from, 'toldToStop');
      assert.equal(to, from === 'RUNNING' ? 'DEACTIVATING' : before(from, 'RUNNING') ? 'STOPPING' : undefined);
    });

    it(`${from} can always end`, () => {
      let state: TaskState = from;
      for (let step = 0; step < taskStates.length && state !== 'STOPPED'; step++) {
        state = nextTaskState(state, 'processGone') ?? nextTaskState(state, 'addressReleased') ?? state;
      }
      assert.equal(state, 'STOPPED');
    });
  }
});
