import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

const values = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 });

test('every quantile is within 0.5 % of the exact nearest-rank value', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (sample, q) => {
      const histogram = new Histogram();
      for (const value of sample) histogram.record(value);
      const exact = sample.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(q * sample.length)) - 1] ?? 0;
      const got = histogram.quantile(q);
      assert.ok(Math.abs(got - exact) <= exact * 0.005 + 2 ** -20, `q=${q}: got ${got}, exact ${exact}`);
    }),
  );
});

test('histograms merged in any split equal one histogram of everything', () => {
  fc.assert(
    fc.property(values, fc.nat(), (sample, cut) => {
      const whole = new Histogram();
      const left = new Histogram();
      const right = new Histogram();
      sample.forEach((value, index) => {
        whole.record(value);
        (index < cut % sample.length ? left : right).record(value);
      });
      left.merge(structuredClone(right.toData()));
      for (const q of [0, 0.25, 0.5, 0.95, 0.99, 1]) assert.equal(left.quantile(q), whole.quantile(q));
      assert.equal(left.count, whole.count);
      assert.equal(left.max, whole.max);
      assert.equal(left.min, whole.min);
    }),
  );
});

test('an empty histogram answers 0 and survives a round trip', () => {
  const empty = Histogram.fromData(new Histogram().toData());
  assert.equal(empty.quantile(0.99), 0);
  assert.equal(empty.mean, 0);
  empty.record(3);
  assert.equal(empty.quantile(0.5), 3);
  assert.equal(empty.min, 3);
});

test('what is no number counts as 0 instead of poisoning the sums', () => {
  const histogram = new Histogram();
  for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY]) histogram.record(value);
  assert.equal(histogram.count, 3);
  assert.equal(histogram.sum, 0);
  assert.equal(histogram.quantile(1), 0);
});

test('reset empties it for the next window', () => {
  const histogram = new Histogram();
  histogram.record(100);
  histogram.reset();
  histogram.record(2);
  assert.equal(histogram.quantile(1), 2);
  assert.equal(histogram.min, 2);
});
