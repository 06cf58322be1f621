import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { StepScalingPolicy } from '../../model/index.ts';
import { adjust, roundPercent } from './adjustment.ts';
import { combine, type Proposal } from './combine.ts';
import { decideSimple, type SimpleInput } from './simple.ts';
import { decideStep, stepFor, type StepInput } from './step.ts';

describe('an adjustment', () => {
  it('in percent is rounded by the documented rules', () => {
    const examples: [change: number, rounded: number][] = [
      [12.7, 12],
      [1.9, 1],
      [1, 1],
      [0.67, 1],
      [0.01, 1],
      [0, 0],
      [-0.01, -1],
      [-0.58, -1],
      [-1, -1],
      [-1.9, -1],
      [-6.67, -6],
    ];
    for (const [change, rounded] of examples) assert.equal(roundPercent(change), rounded, `${change}`);
  });

  it('changes by, changes to, changes by percent, and never below nothing', () => {
    assert.equal(adjust(5, { adjustmentType: 'ChangeInCapacity', adjustment: 3 }), 8);
    assert.equal(adjust(5, { adjustmentType: 'ChangeInCapacity', adjustment: -8 }), 0);
    assert.equal(adjust(5, { adjustmentType: 'ExactCapacity', adjustment: 2 }), 2);
    assert.equal(adjust(10, { adjustmentType: 'PercentChangeInCapacity', adjustment: 10 }), 11);
    assert.equal(adjust(10, { adjustmentType: 'PercentChangeInCapacity', adjustment: 29 }), 12);
    assert.equal(adjust(4, { adjustmentType: 'PercentChangeInCapacity', adjustment: 25, minAdjustmentMagnitude: 2 }), 6);
    assert.equal(adjust(4, { adjustmentType: 'PercentChangeInCapacity', adjustment: -25, minAdjustmentMagnitude: 2 }), 2);
  });

  it('in percent goes the way of its sign by a whole number within one of the exact value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: -100, max: 300 }), (capacity, adjustment) => {
        const change = adjust(capacity, { adjustmentType: 'PercentChangeInCapacity', adjustment }) - capacity;
        const exact = (capacity * adjustment) / 100;
        assert.ok(Number.isInteger(change) && Math.abs(change - exact) < 1);
        assert.equal(Math.sign(change), Math.sign(adjustment));
      }),
    );
  });
});

describe('a step policy', () => {
  // The example of the user guide: +10 % from 60, +30 % from 70; -10 % at 40, -30 % at 30; the threshold is 50.
  const policy: StepScalingPolicy = {
    name: 'steps',
    adjustmentType: 'PercentChangeInCapacity',
    steps: [
      { lowerBound: 0, upperBound: 10, adjustment: 0 },
      { lowerBound: 10, upperBound: 20, adjustment: 10 },
      { lowerBound: 20, adjustment: 30 },
      { lowerBound: -10, upperBound: 0, adjustment: 0 },
      { lowerBound: -20, upperBound: -10, adjustment: -10 },
      { upperBound: -20, adjustment: -30 },
    ],
  };
  const input = (change: Partial<StepInput>): StepInput => ({
    policy,
    bounds: { minCapacity: 1, maxCapacity: 20 },
    capacity: 10,
    pending: 0,
    scaleInBlocked: false,
    metricValue: 50,
    threshold: 50,
    ...change,
  });

  it('has steps closed towards the threshold and open away from it, on both sides', () => {
    const adjustmentAt = (distance: number): number | undefined => stepFor(policy.steps, distance)?.adjustment;
    assert.deepEqual([0, 9.99, 10, 19.99, 20, 500].map(adjustmentAt), [0, 0, 10, 10, 30, 30]);
    assert.deepEqual([-0.01, -9.99, -10, -19.99, -20, -500].map(adjustmentAt), [0, 0, -10, -10, -30, -30]);
    assert.equal(stepFor([{ lowerBound: 5, adjustment: 1 }], 4), undefined);
  });

  it('covers every distance exactly once', () => {
    fc.assert(
      fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (distance) => {
        assert.equal(policy.steps.filter((step) => stepFor([step], distance) !== undefined).length, 1);
      }),
    );
  });

  it('counts what warms up: the guide’s walk from 10 to 11 to 13 and back', () => {
    assert.deepEqual(decideStep(input({ metricValue: 60 })), { to: 11 });
    assert.equal(decideStep(input({ capacity: 11, pending: 1, metricValue: 65 })).to, undefined, 'the same step scales once');
    assert.deepEqual(
      decideStep(input({ capacity: 11, pending: 1, metricValue: 70 })),
      { to: 13 },
      '30 % of the 10 that count, of which 1 is there',
    );
    assert.deepEqual(decideStep(input({ capacity: 13, metricValue: 40 })), { to: 12 });
    assert.deepEqual(decideStep(input({ capacity: 13, metricValue: 30 })), { to: 10 });
  });

  it('takes nothing away while a scale-out warms up', () => {
    assert.equal(decideStep(input({ metricValue: 30, scaleInBlocked: true })).to, undefined);
  });

  it('stays within its bounds and says when they are in the way', () => {
    const bounds = { minCapacity: 10, maxCapacity: 11 };
    assert.deepEqual(decideStep(input({ bounds, metricValue: 90 })), { to: 11 });
    const codes = [
      decideStep(input({ bounds, capacity: 11, metricValue: 90 })),
      decideStep(input({ bounds, metricValue: 10 })),
      decideStep(input({ metricValue: 55 })),
    ].map((decision) => (decision.to === undefined ? decision.notScaled?.code : decision.to));
    assert.deepEqual(codes, ['AlreadyAtMaxCapacity', 'AlreadyAtMinCapacity', 'AlreadyAtDesiredCapacity']);
  });

  it('does nothing without data or where no step applies', () => {
    assert.equal(decideStep(input({ metricValue: undefined })).to, undefined);
    assert.equal(decideStep(input({ metricValue: 51, policy: { ...policy, steps: [{ lowerBound: 5, adjustment: 1 }] } })).to, undefined);
  });
});

describe('a simple policy', () => {
  const base: SimpleInput = {
    policy: { name: 'up', adjustmentType: 'ChangeInCapacity', adjustment: 1, cooldownMs: 300_000 },
    bounds: { minCapacity: 1, maxCapacity: 4 },
    capacity: 2,
    activityInProgress: false,
    lastActivityEndMs: undefined,
    nowMs: 1_000_000,
  };

  it('waits for the running activity and then for its cooldown', () => {
    assert.deepEqual(decideSimple(base), { to: 3 });
    assert.equal(decideSimple({ ...base, activityInProgress: true }).to, undefined);
    const waits = decideSimple({ ...base, lastActivityEndMs: 900_000 });
    assert.deepEqual([waits.to, waits.requeueAfterMs], [undefined, 200_000]);
    assert.deepEqual(decideSimple({ ...base, lastActivityEndMs: 700_000 }), { to: 3 });
  });

  it('stays within the bounds', () => {
    const atMax = decideSimple({ ...base, capacity: 4 });
    assert.equal(atMax.to === undefined && atMax.notScaled?.code, 'AlreadyAtMaxCapacity');
  });
});

describe('several policies', () => {
  const tracking = (policyName: string, to: number | undefined, disableScaleIn = false): Proposal => ({
    policyName,
    type: 'TargetTracking',
    to,
    disableScaleIn,
  });
  const step = (policyName: string, to: number | undefined): Proposal => ({ policyName, type: 'Step', to });

  it('follow the one that wants the most', () => {
    assert.deepEqual(combine(4, [tracking('cpu', 6), step('queue', 9), tracking('requests', 2)]), { to: 9, policyName: 'queue' });
    assert.deepEqual(combine(4, [step('a', 1), step('b', 3)]), { to: 3, policyName: 'b' });
    assert.equal(combine(4, [step('a', undefined), step('b', 4)]), undefined);
    assert.equal(combine(4, []), undefined);
  });

  it('scale in by target tracking only when all of it agrees', () => {
    assert.equal(combine(4, [tracking('cpu', 2), tracking('requests', undefined)]), undefined);
    assert.deepEqual(combine(4, [tracking('cpu', 2), tracking('requests', 3)]), { to: 3, policyName: 'requests' });
    assert.deepEqual(combine(4, [tracking('cpu', 2), tracking('requests', undefined, true)]), { to: 2, policyName: 'cpu' });
  });
});
