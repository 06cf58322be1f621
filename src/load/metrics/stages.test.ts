import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScenario } from '../options/scenarios.ts';
import { scriptRunner } from '../testkit.ts';
import { stageAt, stageMetrics } from './stages.ts';

const ramp = parseScenario('ramp', {
  executor: 'ramping-vus',
  stages: [{ duration: '2s', target: 5 }, { duration: '0s', target: 1 }, { duration: '3s', target: 0 }],
}); // prettier-ignore
const steady = parseScenario('steady', { executor: 'constant-vus', vus: 1, duration: '1s' });

test('the stage is that of the time since the start, and the last one for what runs on', () => {
  assert.deepEqual([0, 1999, 2000, 4999, 5000, 60_000].map((ms) => stageAt(ramp, ms)), [0, 0, 2, 2, 2, 2]); // prettier-ignore
  assert.equal(stageAt(steady, 0), undefined);
});

test('stages of several scenarios are told apart', () => {
  const names = (list: Parameters<typeof stageMetrics>[0]): string[] => stageMetrics(list).map(({ name }) => name);
  assert.ok(names([ramp]).includes('http_reqs{stage:2}'));
  assert.ok(names([ramp, steady]).includes('http_reqs{scenario:ramp,stage:2}'));
  assert.deepEqual(names([steady]), []);
});

const run = scriptRunner();

test('stageResults tells the results of each stage, which add up to all', async () => {
  const script = `import { check } from 'k6';
    export const options = { stageResults: true, scenarios: { ramp: { executor: 'ramping-arrival-rate', startRate: 20, timeUnit: '1s',
      preAllocatedVUs: 2, stages: [{ duration: '500ms', target: 20 }, { duration: '500ms', target: 100 }] } } };
    export default function () { check(1, { one: (v) => v === 1 }); }`;
  const { metrics, summaryText } = await run(script, { workers: 2 });
  const [first, second, all] = ['iterations{stage:0}', 'iterations{stage:1}', 'iterations'].map((name) => metrics[name]?.values ?? {});
  assert.equal((first?.['count'] ?? 0) + (second?.['count'] ?? 0), all?.['count']);
  assert.ok((second?.['count'] ?? 0) > (first?.['count'] ?? 0));
  assert.equal(first?.['rate'], (first?.['count'] as number) / 0.5, 'a rate is per second of the stage');
  assert.equal(metrics['checks{stage:1}']?.values['rate'], 1);
  assert.match(summaryText, /\{ stage:1 \}\.*: \d+/);
});

test('without it there are no such sub-metrics', async () => {
  const script = `export const options = { stages: [{ duration: '200ms', target: 1 }] }; export default function () {}`;
  const { metrics } = await run(script, { workers: 1 });
  assert.deepEqual(Object.keys(metrics).filter((name) => name.includes('stage')), []); // prettier-ignore
});
