import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDurationMs } from '../../base/index.ts';
import { planDemo } from './plan.ts';

const load = { first: 250, peak: 500, calm: 8 };

test('the first hold outlasts the high alarm, the calm outlasts the low one, at every time scale', () => {
  for (const timeScale of [1, 5, 10, 20, 40, 60]) {
    const plan = planDemo(timeScale, load);
    const spans = plan.stages.map((stage) => parseDurationMs(stage.duration) ?? 0);
    const [climb = 0, hold = 0] = spans;
    assert.ok(climb + hold >= (4 * 60_000) / timeScale, `scale ${timeScale}: ${climb + hold} ms before the second climb`);
    assert.ok((spans.at(-1) ?? 0) >= (17 * 60_000) / timeScale, `scale ${timeScale}: calm`);
    const cooldownMs = 300_000 / timeScale;
    assert.ok(Math.abs(spans.reduce((sum, span) => sum + span, 0) - cooldownMs - plan.loadMs) < 3000);
  }
});

test('at the default scale the whole takes about two minutes', () => {
  const { loadMs } = planDemo(20, load);
  assert.ok(loadMs > 90_000 && loadMs < 130_000, `${loadMs}`);
});
