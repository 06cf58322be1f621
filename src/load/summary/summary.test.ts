import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry, noTags } from '../metrics/registry.ts';
import { evaluateThresholds, parseThreshold } from '../metrics/thresholds.ts';
import { resolveOptions } from '../options/options.ts';
import { GroupNode } from '../vu/groups.ts';
import { summaryData } from './data.ts';
import { formatBytes, formatDuration } from './format.ts';
import { compactSummary } from './text.ts';

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
  const text = compactSummary(summaryData({ metrics, root, thresholds, options, durationMs: 3000, setupData: undefined }), options);
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
