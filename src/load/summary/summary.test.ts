import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry, noTags } from '../metrics/registry.ts';
import { evaluateThresholds, parseThreshold } from '../metrics/thresholds.ts';
import { resolveOptions } from '../options/options.ts';
import { GroupNode } from '../vu/groups.ts';
import { summaryData } from './data.ts';
import { formatBytes, formatDuration } from './format.ts';
import { renderSummary } from './render.ts';
import { summaryText } from './text.ts';

test('durations and sizes read as in k6', () => {
  assert.deepEqual(
    [0, 0.0005, 0.6155, 1.3, 117.559, 5410, 61_000, 3_661_000].map((ms) => formatDuration(ms)),
    ['0s', '500ns', '615.5µs', '1.3ms', '117.55ms', '5.41s', '1m1s', '1h1m1s'],
  );
  assert.equal(formatDuration(1234.5, 's'), '1.23s');
  assert.deepEqual([0, 852, 1900, 28_000, 1_300_000].map(formatBytes), ['0 B', '852 B', '1.9 kB', '28 kB', '1.3 MB']);
});

test('the compact summary is laid out as that of k6', () => {
  const metrics = new MetricRegistry();
  metrics.submetric('http_req_duration{name:xx}');
  metrics.define('my_gauge', 'gauge', 'default');
  metrics.define('my_rate', 'rate', 'default');
  const named = { tag: (name: string) => (name === 'name' ? 'xx' : undefined) };
  for (const ms of [1, 2, 4]) metrics.builtIn('http_req_duration').add(ms, named);
  for (let i = 0; i < 12; i++) {
    metrics.builtIn('http_reqs').add(1, noTags);
    metrics.builtIn('http_req_failed').add(i % 2, noTags);
    metrics.get('my_gauge')?.add(i, noTags);
  }
  metrics.builtIn('vus').add(2, noTags);
  const root = new GroupNode('', undefined);
  Object.assign(root.check('status 200'), { passes: 3, fails: 0 });
  Object.assign(root.group('g').check('odd'), { passes: 1, fails: 2 });
  const thresholds = [
    { name: 'http_req_duration', thresholds: [parseThreshold('max<500'), parseThreshold('min>3')] },
    { name: 'http_req_duration{name:xx}', thresholds: [parseThreshold('max<500')] },
    { name: 'my_rate', thresholds: [parseThreshold('rate>0.5')] },
  ];
  evaluateThresholds(thresholds, metrics, 3000, true);
  const { options } = resolveOptions({ summaryTrendStats: ['min', 'max', 'count'] });
  const text = summaryText(summaryData({ metrics, root, thresholds, options, durationMs: 3000, setupData: undefined }), options);
  assert.equal(
    text,
    `

  █ THRESHOLDS 

    http_req_duration
    ✓ 'max<500' max=4ms
    ✗ 'min>3' min=1ms

      {name:xx}
      ✓ 'max<500' max=4ms

    my_rate
    ✓ 'rate>0.5' rate=0.00%


  █ TOTAL RESULTS 

    checks_total.......: 6      2/s
    checks_succeeded...: 66.66% 4 out of 6
    checks_failed......: 33.33% 2 out of 6

    ✓ status 200
    ✗ odd
      ↳  33% — ✓ 1 / ✗ 2

    CUSTOM
    my_gauge............: 11     min=0       max=11
    my_rate.............: 0.00%  0 out of 0

    HTTP
    http_req_duration...: min=1ms max=4ms count=3
      { name:xx }.......: min=1ms max=4ms count=3
    http_req_failed.....: 50.00% 6 out of 12
    http_reqs...........: 12     4/s

    EXECUTION
    vus.................: 2      min=2       max=2

    NETWORK
    data_received.......: 0 B    0 B/s
    data_sent...........: 0 B    0 B/s



`,
  );
});

/** Two scenarios, of which one has groups, as load processes would report them. */
function grouped(summaryMode: string): string {
  const part = new MetricRegistry();
  part.countPlaces();
  const at = (scenario: string, group: string, check?: string) => ({
    tag: (name: string) => ({ scenario, group, check })[name as 'scenario'],
  });
  const root = new GroupNode('', undefined);
  for (const [scenario, group, ms] of [
    ['one', '', 1],
    ['one', '::outer', 2],
    ['one', '::outer::inner', 3],
    ['two', '', 4],
  ] as const) {
    part.builtIn('http_req_duration').add(ms, at(scenario, group));
    part.builtIn('data_sent').add(10, at(scenario, group));
  }
  part.builtIn('checks').add(1, at('one', '', 'there'));
  part.builtIn('checks').add(0, at('one', '::outer', 'right'));
  Object.assign(root.check('there'), { passes: 1, fails: 0 });
  Object.assign(root.group('outer').check('right'), { passes: 0, fails: 1 });
  root.group('setup');
  const metrics = new MetricRegistry();
  metrics.merge(part.take());
  const scenario = { executor: 'per-vu-iterations' };
  const { options } = resolveOptions({ summaryMode, summaryTrendStats: ['max', 'count'], scenarios: { one: scenario, two: scenario } });
  return renderSummary(summaryData({ metrics, root, thresholds: [], options, durationMs: 2000, setupData: undefined }), metrics, options);
}

test('the full summary tells scenarios and groups apart: a scenario counts its groups too, a group only itself', () => {
  assert.equal(
    grouped('full'),
    `

  █ TOTAL RESULTS 

    checks_total.......: 2      1/s
    checks_succeeded...: 50.00% 1 out of 2
    checks_failed......: 50.00% 1 out of 2

    ✓ there
    ✗ right
      ↳  0% — ✓ 0 / ✗ 1

    HTTP
    http_req_duration...: max=4ms count=4

    NETWORK
    data_received.......: 0 B  0 B/s
    data_sent...........: 40 B 20 B/s


  █ SCENARIO: one 

    checks_total.......: 2      1/s
    checks_succeeded...: 50.00% 1 out of 2
    checks_failed......: 50.00% 1 out of 2

    ✓ there
    ✗ right
      ↳  0% — ✓ 0 / ✗ 1

    HTTP
    http_req_duration...: max=3ms count=3

    NETWORK
    data_sent...........: 30 B 15 B/s

    ↳ GROUP: outer 

      checks_total.......: 1       0.5/s
      checks_succeeded...: 0.00%   0 out of 1
      checks_failed......: 100.00% 1 out of 1

      ✗ right
        ↳  0% — ✓ 0 / ✗ 1

      HTTP
      http_req_duration...: max=2ms count=1

      ↳ GROUP: inner 

        HTTP
        http_req_duration...: max=3ms count=1


  █ SCENARIO: two 

    HTTP
    http_req_duration...: max=4ms count=1

    NETWORK
    data_sent...........: 10 B 5 B/s



`,
  );
});

test('the legacy summary is a tree of groups and a list of metrics', () => {
  assert.equal(
    grouped('legacy'),
    `
     ✓ there

     █ outer

       ✗ right
        ↳  0% — ✓ 0 / ✗ 1

     checks..............: 50.00% 1 out of 2
     data_received.......: 0 B    0 B/s
     data_sent...........: 40 B   20 B/s
     http_req_duration...: max=4ms count=4

`,
  );
});

test('a summary that is not wanted is empty', () => assert.equal(grouped('disabled'), ''));
