import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Datapoint, PredictiveScalingPolicy } from '../../model/index.ts';
import { decidePredictive, forecastCapacity, forecastLoad, type ForecastHour } from './predictive.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 15);
const policy: PredictiveScalingPolicy = {
  name: 'p',
  targetValue: 40,
  mode: 'ForecastAndScale',
  schedulingBufferMs: 300_000,
  maxCapacityBreach: 'HonorMaxCapacity',
};
const bounds = { minCapacity: 1, maxCapacity: 10 };

/** Hourly loads of so many hours before NOW. */
function past(hours: number, loadAt: (hour: number) => number): Datapoint[] {
  return Array.from({ length: hours }, (_, i) => ({ timestampMs: NOW - (hours - i) * HOUR, value: loadAt(i - hours) }));
}

const daily = (hour: number): number => 100 + 80 * Math.sin(((((hour % 24) + 24) % 24) / 24) * 2 * Math.PI);

describe('a load forecast', () => {
  it('needs a day of data and covers two', () => {
    assert.deepEqual(forecastLoad(past(23, daily), NOW), []);
    const forecast = forecastLoad(past(24, daily), NOW);
    assert.deepEqual([forecast.length, forecast[0]?.timestampMs, forecast.at(-1)?.timestampMs], [48, NOW, NOW + 47 * HOUR]);
  });

  it('meets a steady daily rhythm exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 24, max: 336 }), (hours) => {
        for (const { timestampMs, value } of forecastLoad(past(hours, daily), NOW)) {
          const expected = daily((timestampMs - NOW) / HOUR);
          assert.ok(Math.abs(value - expected) < 1e-6, `${value} instead of ${expected}`);
        }
      }),
    );
  });

  it('follows growth, but is not carried away by it', () => {
    const doubled = past(72, (hour) => (hour >= -24 ? 2 : 1) * 50);
    const [first] = forecastLoad(doubled, NOW);
    assert.ok(first && first.value > 75 && first.value <= 200);
    const jumped = forecastLoad(
      past(72, (hour) => (hour >= -24 ? 1000 : 1)),
      NOW,
    );
    assert.ok(jumped.every(({ value }) => value <= 2000));
  });

  it('is made of data of at most two weeks', () => {
    const old = past(1000, (hour) => (hour < -336 ? 1e9 : 10));
    assert.ok(forecastLoad(old, NOW).every(({ value }) => value < 11));
  });
});

describe('predictive scaling', () => {
  const hours: ForecastHour[] = [2, 6, 3].map((capacity, i) => ({ startMs: NOW + i * HOUR, load: capacity * 40, capacity }));

  it('carries the load at the target value, within the bounds as they are meant', () => {
    const load = [{ timestampMs: NOW, value: 401 }];
    assert.equal(forecastCapacity(policy, bounds, load)[0]?.capacity, 10);
    assert.equal(forecastCapacity({ ...policy, maxCapacityBreach: 'IncreaseMaxCapacity' }, bounds, load)[0]?.capacity, 11);
    assert.equal(forecastCapacity(policy, bounds, [{ timestampMs: NOW, value: 0 }])[0]?.capacity, 1);
    assert.equal(forecastCapacity(policy, bounds, [{ timestampMs: NOW, value: 120 }])[0]?.capacity, 3);
  });

  it('raises the capacity ahead of its hour by the buffer, and never lowers it', () => {
    assert.deepEqual(decidePredictive(policy, hours, 2, NOW + HOUR / 2), { to: undefined, requeueAfterMs: HOUR / 2 - 300_000 });
    assert.equal(decidePredictive(policy, hours, 2, NOW + HOUR - 300_000).to, 6);
    assert.equal(decidePredictive(policy, hours, 6, NOW + 2 * HOUR).to, undefined);
    assert.equal(decidePredictive(policy, hours, 1, NOW + 2 * HOUR).to, 3);
  });

  it('only forecasts where it is told so', () => {
    assert.deepEqual(decidePredictive({ ...policy, mode: 'ForecastOnly' }, hours, 0, NOW), { to: undefined });
    assert.deepEqual(decidePredictive(policy, [], 2, NOW), { to: undefined });
  });
});
