import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MetricRegistry, noTags } from './registry.ts';
import { TrendSink } from './sinks.ts';
import { aggregateOf, checkThreshold, evaluateThresholds, parseThreshold, type ThresholdOption } from './thresholds.ts';
import { SlidingWindows } from './windows.ts';

/** k6's rule over all values: linear interpolation between the nearest ranks. */
function exactPercentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percent / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  return low + ((sorted[Math.ceil(at)] as number) - low) * (at - Math.floor(at));
}

test('percentiles are within 0.5 % of the exact ones', () => {
  const values = fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, fc.constantFrom(0, 50, 90, 95, 99, 99.9, 100), (list, percent) => {
      const sink = new TrendSink();
      for (const value of list) sink.add(value);
      const exact = exactPercentile(list, percent);
      assert.ok(Math.abs(sink.percentile(percent) - exact) <= 0.005 * exact, `${sink.percentile(percent)} for ${exact}`);
    }),
  );
});

test('what processes report adds up to what one would have counted', () => {
  const names = ['http_reqs', 'http_req_duration', 'http_req_failed', 'http_req_duration{name:a}'];
  const whole = new MetricRegistry();
  const merged = new MetricRegistry();
  const parts = [new MetricRegistry(), new MetricRegistry()];
  for (const registry of [whole, ...parts]) registry.submetric('http_req_duration{name:a}');
  for (let i = 0; i < 1000; i++) {
    const tags = { tag: (name: string) => (name === 'name' ? (i % 3 === 0 ? 'a' : 'b') : undefined) };
    for (const registry of [whole, parts[i % 2] as MetricRegistry]) {
      registry.builtIn('http_reqs').add(1, tags);
      registry.builtIn('http_req_duration').add(i / 7, tags);
      registry.builtIn('http_req_failed').add(i % 10 === 0 ? 1 : 0, tags);
    }
    if (i % 100 === 0) for (const part of parts) merged.merge(part.take());
  }
  for (const part of parts) merged.merge(part.take());
  for (const name of names)
    for (const aggregate of ['count', 'rate', 'p(95)', 'med', 'max', 'min']) {
      const [left, right] = [merged, whole].map((registry) => registry.get(name)?.sink);
      assert.ok(left && right);
      assert.equal(aggregateOf(left, aggregate, 10), aggregateOf(right, aggregate, 10), `${name} ${aggregate}`);
    }
});

const evaluated: [option: ThresholdOption, ok: boolean][] = [
  ['p(95)<500', true],
  ['p(99.9) >= 100', false],
  ['avg<=5.5', true],
  ['med<5.6', true],
  ['max!=10', false],
  ['min===1', true],
  ['count>9', true],
  [{ threshold: 'avg<1', abortOnFail: true }, false],
];
for (const [option, ok] of evaluated)
  test(`threshold ${JSON.stringify(option)} is ${ok} for 1 to 10`, () => {
    const metrics = new MetricRegistry();
    for (let i = 1; i <= 10; i++) metrics.builtIn('http_req_duration').add(i, noTags);
    const threshold = parseThreshold(option);
    const abort = evaluateThresholds([{ name: 'http_req_duration', thresholds: [threshold] }], metrics, 1000, false);
    assert.equal(threshold.ok, ok);
    assert.equal(abort !== undefined, threshold.abortOnFail && !ok);
  });

test('abortOnFail waits for delayAbortEval, and metrics without data are passed over until the end', () => {
  const metrics = new MetricRegistry();
  metrics.define('errors', 'counter', 'default');
  const threshold = parseThreshold({ threshold: 'count>0', abortOnFail: true, delayAbortEval: '10s' });
  const all = [{ name: 'errors', thresholds: [threshold] }];
  assert.equal(evaluateThresholds(all, metrics, 20_000, false), undefined);
  assert.ok(threshold.ok);
  assert.equal(evaluateThresholds(all, metrics, 9999, true), undefined);
  assert.ok(!threshold.ok);
  assert.match(evaluateThresholds(all, metrics, 10_000, true) ?? '', /errors: count>0/);
});

test('what is no threshold of the metric is refused', () => {
  for (const text of ['p95<3', 'avg', '<3', 'avg<x', 'avg<3 && max<4']) assert.throws(() => parseThreshold(text), /not a threshold/);
  const metrics = new MetricRegistry();
  assert.throws(() => checkThreshold(parseThreshold('p(95)<3'), metrics.builtIn('http_reqs')), /counter/);
  assert.throws(() => checkThreshold(parseThreshold('rate<3'), metrics.builtIn('http_req_duration')), /trend/);
});

test('a threshold over a sliding window is crossed by one bad stretch, which a whole run hides', () => {
  const all = new MetricRegistry();
  const windows = new SlidingWindows();
  windows.keep('http_req_duration', 10_000);
  const whole = parseThreshold('avg<100');
  const lately = parseThreshold({ threshold: 'avg<100', window: '10s' });
  assert.equal(lately.source, 'avg<100 in every 10s');
  const thresholds = [{ name: 'http_req_duration', thresholds: [whole, lately] }];
  const crossedAt: number[] = [];
  for (let second = 1; second <= 100; second++) {
    const report = new MetricRegistry();
    report.builtIn('http_req_duration').add(second > 50 && second <= 60 ? 200 : 10, noTags);
    const deltas = report.take();
    all.merge(deltas);
    windows.add(deltas, second * 1000);
    const before = lately.ok;
    evaluateThresholds(thresholds, all, second * 1000, false, { of: windows, nowMs: second * 1000 });
    if (before && !lately.ok) crossedAt.push(second);
  }
  assert.ok(whole.ok);
  assert.deepEqual(crossedAt, [55], 'as soon as half of ten seconds are slow: (5 · 200 + 5 · 10) / 10 ≥ 100');
  assert.ok(!lately.ok, 'and it stays so');
  assert.equal(lately.shown, 105);
});

test('a window is not looked at before it is full, and its rates are per second of it', () => {
  const all = new MetricRegistry();
  const windows = new SlidingWindows();
  windows.keep('http_reqs', 4000);
  const threshold = parseThreshold({ threshold: 'rate>=5', window: '4s', abortOnFail: true });
  const thresholds = [{ name: 'http_reqs', thresholds: [threshold] }];
  const aborts: (string | undefined)[] = [];
  for (let second = 1; second <= 6; second++) {
    const report = new MetricRegistry();
    report.builtIn('http_reqs').add(second < 5 ? 5 : 1, noTags);
    const deltas = report.take();
    all.merge(deltas);
    windows.add(deltas, second * 1000);
    aborts.push(evaluateThresholds(thresholds, all, second * 1000, false, { of: windows, nowMs: second * 1000 }));
  }
  assert.deepEqual(aborts.map((reason) => reason !== undefined), [false, false, false, false, true, true]); // prettier-ignore
  assert.throws(() => parseThreshold({ threshold: 'rate>=5', window: '1s' }), /at least 2s/);
});

test('percentiles of trends are within half a percent of exact, also when merged from parts', () => {
  const values = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 4 }), fc.double({ min: 0, max: 100, noNaN: true }), (all, parts, percent) => {
      const whole = new TrendSink();
      for (let part = 0; part < parts; part++) {
        const sink = new TrendSink();
        all.forEach((value, i) => i % parts === part && sink.add(value));
        const data = sink.take();
        if (data) whole.merge(data);
      }
      const exact = exactPercentile(all, percent);
      assert.ok(Math.abs(whole.percentile(percent) - exact) <= 0.005 * exact + 1e-9, `${whole.percentile(percent)} for ${exact}`);
    }),
  );
});
