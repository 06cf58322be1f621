import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptRunner } from '../testkit.ts';

const run = scriptRunner();

const scenarios: Record<string, object> = {
  'per-vu-iterations': { iterations: 1000 },
  'shared-iterations': { iterations: 1000 },
  'constant-vus': { vus: 1, duration: '1h' },
  'ramping-vus': { startVUs: 1, stages: [{ duration: '1h', target: 2 }] },
  'constant-arrival-rate': { rate: 10, duration: '1h', preAllocatedVUs: 1 },
  'ramping-arrival-rate': { startRate: 10, stages: [{ duration: '1h', target: 20 }], preAllocatedVUs: 1 },
};

for (const [executor, scenario] of Object.entries(scenarios))
  test(`test.abort() in the first turn of an iteration ends a run of ${executor}`, { timeout: 60_000 }, async () => {
    const options = JSON.stringify({ scenarios: { one: { executor, ...scenario } } });
    const { exitCode } = await run(`import exec from 'k6/execution';
      export const options = ${options};
      export default function () { exec.test.abort('enough'); }`);
    assert.equal(exitCode, 108);
  });
