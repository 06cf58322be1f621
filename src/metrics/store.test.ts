import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Histogram, type PlimsollError } from '../base/index.ts';
import type { Measurement, MetricDatum, Statistic } from '../model/index.ts';
import { MetricStore } from './store.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const identity = { namespace: 'AWS/ECS', name: 'CPUUtilization', dimensions: { ClusterName: 'c', ServiceName: 's' } };

function datum(offsetMs: number, measurement: Measurement, rest: Partial<MetricDatum> = {}): MetricDatum {
  return { ...identity, unit: 'Percent', timestampMs: START + offsetMs, ...measurement, ...rest };
}

function read(store: MetricStore, statistic: Statistic, periodS: number, fromMs = 0, toMs = DAY): [offsetMs: number, value: number][] {
  const points = store.statistics({ identity, statistic, periodS, startMs: START + fromMs, endMs: START + toMs });
  return points.map(({ timestampMs, value }) => [timestampMs - START, value]);
}

describe('the metrics store', () => {
  it('sums up a period’s measurements, aligned to whole periods, leaving out those without data', () => {
    const store = new MetricStore();
    store.put([datum(1_000, { value: 10 }), datum(59_999, { value: 30 }), datum(3 * MINUTE, { value: 5 })]);
    assert.deepEqual(read(store, 'Average', 60), [
      [0, 20],
      [3 * MINUTE, 5],
    ]);
    assert.deepEqual(read(store, 'SampleCount', 300), [[0, 3]]);
    assert.deepEqual(read(store, 'Sum', 300), [[0, 45]]);
    assert.deepEqual(read(store, 'Minimum', 300), [[0, 5]]);
    assert.deepEqual(read(store, 'Maximum', 300), [[0, 30]]);
  });

  it('takes the period of the start and leaves out the end', () => {
    const store = new MetricStore();
    for (const minute of [0, 1, 2]) store.put(datum(minute * MINUTE, { value: minute }));
    assert.deepEqual(read(store, 'Sum', 60, 30_000, 2 * MINUTE), [
      [0, 0],
      [MINUTE, 1],
    ]);
  });

  it('keeps seconds apart only for high-resolution data', () => {
    const store = new MetricStore();
    for (const second of [0, 1, 12]) store.put(datum(second * 1000, { value: second }, { storageResolutionS: 1 }));
    store.put(datum(0, { value: 100 }));
    assert.deepEqual(read(store, 'Sum', 10), [
      [0, 1],
      [10_000, 12],
    ]);
    assert.deepEqual(read(store, 'Sum', 60), [[0, 113]]);
  });

  it('knows a metric by its exact set of dimensions, whatever their order', () => {
    const store = new MetricStore();
    store.put(datum(0, { value: 1 }, { dimensions: { ServiceName: 's', ClusterName: 'c' } }));
    store.put(datum(0, { value: 10 }, { dimensions: { ServiceName: 's' } }));
    store.put(datum(0, { value: 100 }, { dimensions: {} }));
    assert.deepEqual(read(store, 'Sum', 60), [[0, 1]]);
    assert.equal(store.list().length, 3);
    assert.equal(store.list({ dimensions: { ServiceName: undefined } }).length, 2);
    assert.equal(store.list({ namespace: 'AWS/ECS', name: 'CPUUtilization', dimensions: { ClusterName: 'c' } }).length, 1);
    assert.equal(store.list({ name: 'MemoryUtilization' }).length, 0);
  });

  it('keeps units apart and answers with the latest one', () => {
    const store = new MetricStore();
    store.put([datum(0, { value: 1 }, { unit: 'Seconds' }), datum(0, { value: 1000 }, { unit: 'Milliseconds' })]);
    assert.deepEqual(store.units(identity), ['Seconds', 'Milliseconds']);
    assert.deepEqual(read(store, 'Sum', 60), [[0, 1000]]);
    const seconds = store.statistics({ identity, unit: 'Seconds', statistic: 'Sum', periodS: 60, startMs: START, endMs: START + 1 });
    assert.deepEqual(seconds, [{ timestampMs: START, value: 1 }]);
  });

  it('takes all forms of measurement alike', () => {
    const values = [3, 3, 8, 21];
    const histogram = new Histogram();
    for (const value of values) histogram.record(value);
    const forms: Measurement[] = [
      { values },
      { values: [3, 8, 21], counts: [2, 1, 1] },
      { statisticValues: { sampleCount: 4, sum: 35, minimum: 3, maximum: 21 } },
      { histogram: histogram.toData() },
    ];
    for (const form of forms) {
      const store = new MetricStore();
      store.put(datum(0, form));
      const all = (['SampleCount', 'Sum', 'Minimum', 'Maximum', 'Average'] as const).map((statistic) => read(store, statistic, 60)[0]?.[1]);
      assert.deepEqual(all, [4, 35, 3, 21, 8.75]);
      const median = read(store, 'p50', 60);
      if ('statisticValues' in form) assert.deepEqual(median, [], 'a bare statistic set tells no percentile');
      else assert.ok(Math.abs((median[0]?.[1] ?? 0) - 3) < 3 / 256);
    }
  });

  it('forgets nothing within its retention, whatever the resolution data were rolled up to', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ageMs: fc.nat(455 * DAY - HOUR - 1), value: fc.integer({ min: 0, max: 1000 }) }), { maxLength: 60 }),
        (samples) => {
          const store = new MetricStore();
          const newest = START + 500 * DAY;
          const inOrder = samples.toSorted((a, b) => b.ageMs - a.ageMs);
          for (const { ageMs, value } of inOrder) store.put({ ...identity, unit: 'Percent', timestampMs: newest - ageMs, value });
          store.put({ ...identity, unit: 'Percent', timestampMs: newest, value: 0 });
          const points = store.statistics({ identity, statistic: 'Sum', periodS: 3600, startMs: newest - 456 * DAY, endMs: newest + 1 });
          assert.equal(
            points.reduce((sum, { value }) => sum + value, 0),
            samples.reduce((sum, { value }) => sum + value, 0),
          );
        },
      ),
    );
  });

  it('rolls up as CloudWatch does: seconds for 3 h, minutes for 15 d, 5 minutes for 63 d, hours for 455 d', () => {
    const bounds: [ageMs: number, finestS: number][] = [
      [3 * HOUR, 1],
      [15 * DAY, 60],
      [63 * DAY, 300],
      [455 * DAY, 3600],
    ];
    const periods = [1, 60, 300, 3600];
    for (const [ageMs, finestS] of bounds) {
      for (const [elapsedMs, firstS] of [
        [ageMs - HOUR, finestS],
        [ageMs + HOUR, periods[periods.indexOf(finestS) + 1]],
      ] as const) {
        const store = new MetricStore();
        store.put(datum(0, { value: 7 }, { storageResolutionS: 1 }));
        store.put(datum(elapsedMs, { value: 1 }));
        const finest = periods.find((periodS) => read(store, 'Sum', periodS, 0, HOUR).length === 1);
        assert.equal(finest, firstS, `${elapsedMs} ms later`);
      }
    }
  });

  it('lets go of metrics that nobody has published for 455 days', () => {
    const store = new MetricStore({ seriesMax: 2 });
    store.put(datum(0, { value: 1 }));
    store.put(datum(0, { value: 1 }, { name: 'MemoryUtilization' }));
    store.put(datum(456 * DAY, { value: 1 }));
    assert.deepEqual(
      store.list().map(({ name }) => name),
      ['CPUUtilization'],
    );
    store.put(datum(456 * DAY, { value: 1 }, { name: 'Another' }));
  });

  it('places late data where they belong', () => {
    const store = new MetricStore();
    for (const minute of [5, 1, 3, 2, 4, 1]) store.put(datum(minute * MINUTE, { value: minute }));
    assert.deepEqual(
      read(store, 'SampleCount', 60).map(([, count]) => count),
      [2, 1, 1, 1, 1],
    );
  });

  const refused = (code: string) => (error: unknown) => (error as PlimsollError).code === code;

  it('refuses what is no number, no period, too much', () => {
    const store = new MetricStore({ seriesMax: 1 });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 361]) {
      assert.throws(() => store.put(datum(0, { value })), refused('PL_METRICS_VALUE'));
    }
    assert.throws(() => store.put(datum(0, { values: [1, 2], counts: [1] })), refused('PL_METRICS_VALUE'));
    assert.throws(
      () => store.put(datum(0, { statisticValues: { sampleCount: 1, sum: 1, minimum: 2, maximum: 1 } })),
      refused('PL_METRICS_VALUE'),
    );
    assert.deepEqual(store.list(), [], 'a refused measurement leaves no metric behind');
    store.put(datum(0, { value: 1 }));
    assert.throws(() => store.put(datum(0, { value: 1 }, { name: 'Other' })), refused('PL_METRICS_SERIES'));
    const dimensions = Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`d${i}`, 'x']));
    assert.throws(() => store.put(datum(0, { value: 1 }, { dimensions })), refused('PL_METRICS_DIMENSIONS'));
    for (const periodS of [0, 2, 45, 90, 60.5]) assert.throws(() => read(store, 'Sum', periodS), refused('PL_METRICS_PERIOD'));
    assert.throws(() => read(store, 'p101', 60), refused('PL_METRICS_STATISTIC'));
  });

  it('knows nothing of a metric that was never put', () => {
    assert.deepEqual(read(new MetricStore(), 'Sum', 60), []);
    assert.deepEqual(new MetricStore().units(identity), []);
  });
});
