import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ScalableTarget, TargetTrackingPolicy } from '../../model/index.ts';
import { clampCapacity, enforceBounds } from '../activity.ts';
import { trackingAlarms } from './alarms.ts';
import { decideTargetTracking, proportional, type TargetTrackingDecision, type TargetTrackingInput } from './decide.ts';
import { recordScaling, type ScalingHistory } from './history.ts';

const NOW = Date.UTC(2026, 0, 1);
const SECOND = 1000;

const policy: TargetTrackingPolicy = {
  name: 'taskoverflow-cpu',
  resourceId: 'service/taskoverflow/taskoverflow',
  targetValue: 20,
  scaleOutCooldownMs: 300 * SECOND,
  scaleInCooldownMs: 300 * SECOND,
  disableScaleIn: false,
};
const target: ScalableTarget = { resourceId: policy.resourceId, minCapacity: 1, maxCapacity: 4 };
const metric = { namespace: 'AWS/ECS', name: 'CPUUtilization', dimensions: {} };
const alarms = trackingAlarms(policy, metric, 'aaaa', 'bbbb');

function decide(change: Partial<TargetTrackingInput>): TargetTrackingDecision {
  return decideTargetTracking({
    policy,
    target,
    capacity: 1,
    metricValue: 50,
    alarmInAlarm: 'high',
    alarms,
    history: {},
    nowMs: NOW,
    ...change,
  });
}

describe('the alarms of a target-tracking policy', () => {
  it('are named, bounded and timed as Application Auto Scaling does it', () => {
    assert.equal(alarms.high.name, 'TargetTracking-service/taskoverflow/taskoverflow-AlarmHigh-aaaa');
    assert.equal(alarms.low?.name, 'TargetTracking-service/taskoverflow/taskoverflow-AlarmLow-bbbb');
    const { high, low } = alarms;
    assert.deepEqual([high.comparison, high.threshold, high.evaluationPeriods, high.periodS], ['GreaterThanThreshold', 20, 3, 60]);
    assert.deepEqual([low?.comparison, low?.threshold, low?.evaluationPeriods, low?.periodS], ['LessThanThreshold', 18, 15, 60]);
    assert.equal(low?.datapointsToAlarm, 15);
  });

  it('leave out the low one when scale-in is disabled', () => {
    assert.equal(trackingAlarms({ ...policy, disableScaleIn: true }, metric, 'a', 'b').low, undefined);
  });

  it('have thresholds without rounding noise', () => {
    for (const [targetValue, threshold] of [
      [70, 63],
      [35, 31.5],
      [11, 9.9],
      [0.1, 0.09],
    ] as const) {
      assert.equal(trackingAlarms({ ...policy, targetValue }, metric, 'a', 'b').low?.threshold, threshold);
    }
    assert.equal(trackingAlarms({ ...policy, targetValue: 50 }, metric, 'a', 'b', { lowFactor: 0.7 }).low?.threshold, 35);
  });
});

describe('target tracking', () => {
  it('scales out to ceil(capacity × metric / target), and says so as AWS does', () => {
    assert.deepEqual(decide({ metricValue: 50 }), {
      to: 3,
      activity: {
        description: 'Setting desired count to 3.',
        cause:
          'monitor alarm TargetTracking-service/taskoverflow/taskoverflow-AlarmHigh-aaaa in state ALARM triggered policy taskoverflow-cpu',
      },
    });
  });

  it('scales in by the same formula', () => {
    const decision = decide({ capacity: 4, metricValue: 9, alarmInAlarm: 'low' });
    assert.equal(decision.to, 2);
    assert.match(decision.to === undefined ? '' : decision.activity.cause, /-AlarmLow-bbbb in state ALARM triggered/);
  });

  it('keeps within the bounds and says when they are in the way', () => {
    assert.equal(decide({ metricValue: 100 }).to, 4);
    assert.equal(decide({ capacity: 4, metricValue: 0, alarmInAlarm: 'low' }).to, 1);
    const atMax = decide({ capacity: 4, metricValue: 100 });
    assert.deepEqual(atMax.to === undefined && atMax.notScaled, { code: 'AlreadyAtMaxCapacity', currentCapacity: 4, maxCapacity: 4 });
    const atMin = decide({ capacity: 1, metricValue: 0, alarmInAlarm: 'low' });
    assert.deepEqual(atMin.to === undefined && atMin.notScaled, { code: 'AlreadyAtMinCapacity', currentCapacity: 1, minCapacity: 1 });
    const right = decide({ capacity: 3, metricValue: 17, alarmInAlarm: 'low' });
    assert.deepEqual(right.to === undefined && right.notScaled, { code: 'AlreadyAtDesiredCapacity', currentCapacity: 3 });
  });

  it('does nothing without data or without an alarm', () => {
    assert.equal(decide({ metricValue: undefined }).to, undefined);
    assert.equal(decide({ alarmInAlarm: undefined }).to, undefined);
    assert.equal(decide({ capacity: 4, metricValue: 0, alarmInAlarm: 'low', policy: { ...policy, disableScaleIn: true } }).to, undefined);
  });

  it('does nothing in a direction that is suspended', () => {
    const suspended = { scaleIn: true, scaleOut: false, scheduled: false };
    assert.equal(decide({ capacity: 4, metricValue: 0, alarmInAlarm: 'low', target: { ...target, suspended } }).to, undefined);
    assert.equal(decide({ metricValue: 50, target: { ...target, suspended } }).to, 3);
    assert.equal(decide({ metricValue: 50, target: { ...target, suspended: { ...suspended, scaleOut: true } } }).to, undefined);
  });

  it('in a scale-out cooldown counts what was already added', () => {
    const history = recordScaling({}, { atMs: NOW, from: 1, to: 2 }, policy);
    const during = { history, capacity: 2, nowMs: NOW + 60 * SECOND };
    const same = decide({ ...during, metricValue: 40 });
    assert.deepEqual([same.to, same.to === undefined && same.requeueAfterMs], [undefined, 240 * SECOND]);
    assert.equal(decide({ ...during, metricValue: 55 }).to, 3, 'a larger scale-out adds only the rest');
    assert.equal(decide({ ...during, metricValue: 40, nowMs: NOW + 300 * SECOND }).to, 4, 'after it the present capacity counts');
  });

  it('counts a climb of several steps from its foot', () => {
    let history = recordScaling({}, { atMs: NOW, from: 1, to: 2 }, policy);
    history = recordScaling(history, { atMs: NOW + 60 * SECOND, from: 2, to: 3 }, policy);
    assert.equal(decide({ history, capacity: 3, metricValue: 60, nowMs: NOW + 120 * SECOND }).to, undefined);
    assert.equal(decide({ history, capacity: 3, metricValue: 61, nowMs: NOW + 120 * SECOND }).to, 4);
    const restarted = decide({ history, capacity: 3, metricValue: 60, nowMs: NOW + 120 * SECOND });
    assert.equal(restarted.to === undefined && restarted.requeueAfterMs, 240 * SECOND, 'each step starts the cooldown anew');
  });

  it('counts what still warms up as it counts a cooldown, and scales nothing in before', () => {
    const warming = { capacity: 3, pending: 2 };
    assert.equal(decide({ ...warming, metricValue: 60 }).to, undefined);
    assert.equal(decide({ ...warming, metricValue: 61 }).to, 4);
    assert.equal(decide({ capacity: 3, metricValue: 5, alarmInAlarm: 'low', pending: 1 }).to, undefined);
    assert.equal(decide({ capacity: 3, metricValue: 5, alarmInAlarm: 'low', pending: 0 }).to, 1);
  });

  it('waits out a scale-in cooldown, which a scale-out ends', () => {
    const scaledIn = recordScaling({}, { atMs: NOW, from: 4, to: 3 }, policy);
    const at = (history: ScalingHistory, alarmInAlarm: 'high' | 'low', metricValue: number): TargetTrackingDecision =>
      decide({ history, capacity: 3, alarmInAlarm, metricValue, nowMs: NOW + 100 * SECOND });
    const waits = at(scaledIn, 'low', 5);
    assert.deepEqual([waits.to, waits.to === undefined && waits.requeueAfterMs], [undefined, 200 * SECOND]);
    assert.equal(at(scaledIn, 'high', 25).to, 4, 'a scale-out does not wait for it');
    const outAgain = recordScaling(scaledIn, { atMs: NOW + 50 * SECOND, from: 3, to: 4 }, policy);
    assert.equal(at(outAgain, 'low', 5).to, 1);
  });

  const inputs = fc
    .record({
      min: fc.integer({ min: 0, max: 20 }),
      spread: fc.integer({ min: 0, max: 100 }),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      metricValue: fc.double({ min: 0, max: 1000, noNaN: true }),
      targetValue: fc.double({ min: 0.1, max: 100, noNaN: true }),
      alarmInAlarm: fc.constantFrom('high' as const, 'low' as const),
      out: fc.option(fc.record({ agoMs: fc.nat(600 * SECOND), from: fc.integer({ min: 0, max: 120 }) })),
      inAgoMs: fc.option(fc.nat(600 * SECOND)),
    })
    .map(({ min, spread, at, metricValue, targetValue, alarmInAlarm, out, inAgoMs }): TargetTrackingInput => {
      const capacity = min + Math.round(at * spread);
      const from = Math.min(out?.from ?? 0, capacity);
      return {
        policy: { ...policy, targetValue },
        target: { resourceId: policy.resourceId, minCapacity: min, maxCapacity: min + spread },
        capacity,
        metricValue,
        alarmInAlarm,
        alarms,
        history: {
          ...(out ? { lastScaleOut: { atMs: NOW - out.agoMs, from, to: capacity } } : {}),
          ...(inAgoMs === null ? {} : { lastScaleIn: { atMs: NOW - inAgoMs, from: capacity + 1, to: capacity } }),
        },
        nowMs: NOW,
      };
    });

  it('moves only in its alarm’s direction, only within the bounds and never beyond the formula', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { to } = decideTargetTracking(input);
        if (to === undefined) return;
        const {
          capacity,
          alarmInAlarm,
          metricValue,
          policy: { targetValue },
          target: bounds,
        } = input;
        assert.equal(alarmInAlarm, to > capacity ? 'high' : 'low');
        assert.equal(clampCapacity(bounds, to), to);
        const formula = clampCapacity(bounds, proportional(capacity, metricValue as number, targetValue));
        assert.ok(to <= formula, 'the cooldown only ever lessens what is added');
        if (alarmInAlarm === 'low') assert.equal(to, formula);
      }),
      { numRuns: 2000 },
    );
  });

  it('with a perfectly shared load needs one step to its target and would not go back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0.1, max: 1e4, noNaN: true }), (capacity, load) => {
        const to = Math.max(1, proportional(capacity, load / capacity, 20));
        assert.ok(load / to <= 20 * (1 + 1e-8));
        assert.equal(Math.max(1, proportional(to, load / to, 20)), to);
      }),
    );
  });

  it('never scales in during a scale-in cooldown nor repeats a scale-out before its cooldown is over', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 30, maxLength: 120 }), (metricValues) => {
        let history: ScalingHistory = {};
        let capacity = 2;
        let lastIn = Number.NEGATIVE_INFINITY;
        metricValues.forEach((metricValue, minute) => {
          const nowMs = NOW + minute * 60 * SECOND;
          const alarmInAlarm = metricValue > 20 ? 'high' : metricValue < 18 ? 'low' : undefined;
          const { to } = decide({ capacity, metricValue, alarmInAlarm, history, nowMs, target: { ...target, maxCapacity: 50 } });
          if (to === undefined) return;
          if (to < capacity) {
            assert.ok(nowMs - lastIn >= policy.scaleInCooldownMs);
            lastIn = nowMs;
          } else lastIn = Number.NEGATIVE_INFINITY;
          history = recordScaling(history, { atMs: nowMs, from: capacity, to }, policy);
          capacity = to;
        });
      }),
    );
  });
});

describe('the bounds of a scalable target', () => {
  it('move a capacity that lies outside', () => {
    assert.deepEqual(enforceBounds(target, 0), {
      to: 1,
      activity: { description: 'Setting desired count to 1.', cause: 'minimum capacity was set to 1' },
    });
    assert.equal(enforceBounds(target, 9)?.activity.cause, 'maximum capacity was set to 4');
    assert.equal(enforceBounds(target, 3), undefined);
  });
});
