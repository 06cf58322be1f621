import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instanceEvents, instanceStates, nextInstanceState, type InstanceEvent, type InstanceState } from './group.ts';

describe('the life of an instance in a group', () => {
  const paths: [name: string, start: InstanceState, events: InstanceEvent[], end: InstanceState][] = [
    ['without hooks', 'Pending', ['registered', 'terminate', 'gone'], 'Terminated'],
    ['with hooks', 'Pending', ['hookStarted', 'hooksDone', 'registered', 'terminate', 'hookStarted', 'hooksDone', 'gone'], 'Terminated'],
    ['through standby', 'Pending', ['registered', 'enterStandby', 'drained', 'exitStandby', 'registered'], 'InService'],
    ['detached', 'Pending', ['registered', 'detach', 'drained'], 'Detached'],
    ['detached in standby', 'Standby', ['detach'], 'Detached'],
    ['warm, stopped', 'Warmed:Pending', ['warmedStopped', 'taken', 'registered'], 'InService'],
    ['warm, running, with hooks', 'Warmed:Pending', ['hookStarted', 'hooksDone', 'warmedRunning', 'taken'], 'Pending'],
  ];
  for (const [name, start, events, end] of paths) {
    it(name, () => {
      const state = events.reduce<InstanceState>(
        (from, event) => nextInstanceState(from, event) ?? assert.fail(`${event} in ${from}`),
        start,
      );
      assert.equal(state, end);
    });
  }

  for (const state of instanceStates) {
    it(`${state} can be reached and, unless it is an end, left`, () => {
      const reached = instanceStates.some((from) => instanceEvents.some((event) => nextInstanceState(from, event) === state));
      assert.ok(reached || state === 'Pending' || state === 'Warmed:Pending');
      const left = instanceEvents.some((event) => nextInstanceState(state, event) !== undefined);
      assert.equal(left, state !== 'Terminated' && state !== 'Detached');
    });

    it(`${state} can be terminated unless it already ends or has left`, () => {
      const ending = state.startsWith('Terminat') || state.startsWith('Detach');
      assert.equal(nextInstanceState(state, 'terminate'), ending ? undefined : 'Terminating');
    });
  }
});
