import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readiness, stoppable, type DependencyState } from './dependencies.ts';

const container = (name: string, more: Partial<DependencyState> = {}): DependencyState => ({
  name,
  state: 'PENDING',
  dependsOn: [],
  ...more,
});

test('each condition is reached when ECS says so, and some never are', () => {
  const rows: [string, Partial<DependencyState>, 'ready' | 'waiting' | 'never'][] = [
    ['START', {}, 'waiting'],
    ['START', { state: 'RUNNING' }, 'ready'],
    // One that has started and ended meanwhile has started.
    ['START', { state: 'STOPPED', exitCode: 1 }, 'ready'],
    ['COMPLETE', { state: 'RUNNING' }, 'waiting'],
    ['COMPLETE', { state: 'STOPPED', exitCode: 1 }, 'ready'],
    ['SUCCESS', { state: 'RUNNING' }, 'waiting'],
    ['SUCCESS', { state: 'STOPPED', exitCode: 0 }, 'ready'],
    ['SUCCESS', { state: 'STOPPED', exitCode: 1 }, 'never'],
    ['SUCCESS', { state: 'STOPPED' }, 'never'],
    ['HEALTHY', { state: 'RUNNING', health: 'UNKNOWN' }, 'waiting'],
    ['HEALTHY', { state: 'RUNNING', health: 'UNHEALTHY' }, 'waiting'],
    ['HEALTHY', { state: 'RUNNING', health: 'HEALTHY' }, 'ready'],
    ['HEALTHY', { state: 'STOPPED', health: 'HEALTHY' }, 'never'],
  ];
  for (const [condition, state, expected] of rows) {
    const own = container('app', { dependsOn: [{ containerName: 'first', condition }] });
    const found = readiness(own, [container('first', state), own]);
    assert.equal(typeof found === 'string' ? found : 'never', expected, `${condition} ${JSON.stringify(state)}`);
  }
});

test('a container waits for all that it depends on, and tells which one it waits for in vain', () => {
  const dependsOn = [
    { containerName: 'one', condition: 'START' },
    { containerName: 'two', condition: 'SUCCESS' },
  ];
  const own = container('app', { dependsOn });
  const one = container('one', { state: 'RUNNING' });
  assert.equal(readiness(own, [one, container('two')]), 'waiting');
  assert.equal(readiness(own, [one, container('two', { state: 'STOPPED', exitCode: 0 })]), 'ready');
  assert.match(JSON.stringify(readiness(own, [one, container('two', { state: 'STOPPED', exitCode: 2 })])), /\[two\] for target \[app\]/);
});

test('containers stop in the reverse order of their start', () => {
  const needs = (name: string) => ({ dependsOn: [{ containerName: name, condition: 'START' }] });
  const all = (...states: DependencyState['state'][]) => [
    container('database', { state: states[0]! }),
    container('app', { state: states[1]!, ...needs('database') }),
    container('proxy', { state: states[2]!, ...needs('app') }),
    container('logger', { state: 'RUNNING' }),
  ];
  const names = (found: readonly DependencyState[]): string[] => found.map(({ name }) => name);
  assert.deepEqual(names(stoppable(all('RUNNING', 'RUNNING', 'RUNNING'))), ['proxy', 'logger']);
  assert.deepEqual(names(stoppable(all('RUNNING', 'RUNNING', 'STOPPED'))), ['app', 'logger']);
  assert.deepEqual(names(stoppable(all('RUNNING', 'PENDING', 'PENDING'))), ['database', 'logger']);
});
