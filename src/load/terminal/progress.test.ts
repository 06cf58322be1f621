import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveOptions } from '../options/options.ts';
import type { LoadPlan, LoadProgress, ScenarioProgress } from '../run/types.ts';
import { headerText, progressLines } from './progress.ts';

const plan: LoadPlan = {
  scenarios: [],
  vusMax: 12,
  maxDurationMs: 630_000,
  processes: 1,
  share: 1,
  thresholds: resolveOptions({}).options.thresholds,
  outputs: [],
};

function scenario(name: string, fraction: number, columns: readonly string[], more: Partial<ScenarioProgress> = {}): ScenarioProgress {
  return { name, executor: '', fraction, vus: 0, vusMax: 0, complete: 0, interrupted: 0, isDone: false, columns, ...more };
}

const progress: LoadProgress = {
  elapsedMs: 2000,
  vus: 7,
  vusMax: 12,
  iterations: 48,
  interrupted: 0,
  requests: 0,
  failed: 0,
  window: { spanMs: 1000, requests: 0, failed: 0, durationMs: { counts: [], sum: 0, min: 0, max: 0 } as never },
  thresholds: [],
  scenarios: [
    scenario('ramp', 0.5, ['07/12 VUs', '2.0s/4s', '']),
    scenario('done', 1, ['2 VUs', '00m01.0s/10m0s', '9/9 shared iters'], { isDone: true }),
    scenario('late', 0, ['waiting', '8.0s', '']),
    scenario('ends', 1, ['2 VUs', '2s', '']),
    scenario('cut', 0.2, ['2 VUs', '02.0s/10s', ''], { isDone: true, interrupted: 2 }),
  ],
};

const running = 'running (00m02.0s), 07/12 VUs, 48 complete and 0 interrupted iterations';
const filled = '='.repeat(40);
const forms: [where: string, columns: number | undefined, lines: string[]][] = [
  [
    'a file',
    undefined,
    [
      running,
      'ramp   [  50% ] 07/12 VUs  2.0s/4s',
      'done ✓ [ 100% ] 2 VUs      00m01.0s/10m0s  9/9 shared iters',
      'late • [   0% ] waiting    8.0s',
      'ends ↓ [ 100% ] 2 VUs      2s',
      'cut  ✗ [  20% ] 2 VUs      02.0s/10s',
    ],
  ],
  [
    'a wide terminal',
    100,
    [
      running,
      `ramp   [===================>${'-'.repeat(20)}] 07/12 VUs  2.0s/4s`,
      `done ✓ [${filled}] 2 VUs      00m01.0s/10m0s  9/9 shared iters`,
      `late • [${'-'.repeat(40)}] waiting    8.0s`,
      `ends ↓ [${filled}] 2 VUs      2s`,
      `cut  ✗ [=======>${'-'.repeat(32)}] 2 VUs      02.0s/10s`,
    ],
  ],
  [
    'a narrow terminal',
    30,
    [
      'running (00m02.0s), 07/12 VUs',
      'ramp   [  50% ] 07/12 VUs  2.',
      'done ✓ [ 100% ] 2 VUs      00',
      'late • [   0% ] waiting    8.',
      'ends ↓ [ 100% ] 2 VUs      2s',
      'cut  ✗ [  20% ] 2 VUs      02',
    ],
  ],
];
for (const [where, columns, lines] of forms)
  test(`progress in ${where} has k6's form, and no line is broken`, () => {
    assert.deepEqual(progressLines(progress, plan, columns), lines);
  });

test('the header tells what will be done, as in k6', () => {
  const scenarios = [{ name: 'default', executor: 'constant-vus', vusMax: 2, description: '2 looping VUs for 3s (gracefulStop: 30s)' }];
  assert.match(
    headerText({ ...plan, scenarios, processes: 2 }, 'test.js', ['json (a.json)']),
    / {5}execution: local \(2 processes\)\n {8}script: test.js\n {8}output: json \(a.json\)\n\n {5}scenarios: \(100.00%\) 1 scenario, 12 max VUs, 10m30s max duration \(incl. graceful stop\):\n {14}\* default: 2 looping VUs for 3s \(gracefulStop: 30s\)\n/,
  );
});
