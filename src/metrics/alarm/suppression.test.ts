import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AlarmState, AlarmStatus } from '../../model/index.ts';
import { mayAct, type SuppressionDecision } from './suppression.ts';

const ENTERED = 1_000_000;
const suppressor = { waitPeriodMs: 60_000, extensionPeriodMs: 120_000 };
const status = (state: AlarmState): AlarmStatus => ({ state, reason: '', updatedAtMs: 0 });
const ask = (afterMs: number, state: AlarmState | undefined, leftAlarmAtMs?: number): SuppressionDecision =>
  mayAct({ suppressor, suppressorStatus: state && status(state), leftAlarmAtMs, enteredAtMs: ENTERED, nowMs: ENTERED + afterMs });

describe('the actions of a composite alarm with a suppressor', () => {
  it('wait for the suppressor to speak, then run', () => {
    assert.deepEqual(ask(0, 'OK'), { act: false, suppressedBy: 'WaitPeriod', requeueAfterMs: 60_000 });
    assert.deepEqual(ask(59_000, 'OK'), { act: false, suppressedBy: 'WaitPeriod', requeueAfterMs: 1000 });
    assert.deepEqual(ask(60_000, 'OK'), { act: true });
  });

  it('are held back while the suppressor is in ALARM, however long', () => {
    for (const afterMs of [0, 60_000, 86_400_000]) assert.deepEqual(ask(afterMs, 'ALARM'), { act: false, suppressedBy: 'Alarm' });
  });

  it('are held back for the extension after it, and then run at once', () => {
    const left = ENTERED + 30_000;
    assert.deepEqual(ask(50_000, 'OK', left), { act: false, suppressedBy: 'ExtensionPeriod', requeueAfterMs: 100_000 });
    assert.deepEqual(ask(150_000, 'OK', left), { act: true });
    assert.deepEqual(
      ask(10_000, 'OK', ENTERED - 115_000),
      { act: false, suppressedBy: 'WaitPeriod', requeueAfterMs: 50_000 },
      'an extension from before does not shorten the wait',
    );
  });

  it('run at once without the suppressor', () => assert.deepEqual(ask(0, undefined), { act: true }));
});
