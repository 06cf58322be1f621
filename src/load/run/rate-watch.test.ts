import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptRunner } from '../testkit.ts';
import { RateWatch } from './rate-watch.ts';

/** What it says second by second, when so many of ten iterations a second are missed. */
function watch(allowed: number, missedPerSecond: readonly number[]): (string | undefined)[] {
  const rateWatch = new RateWatch(allowed);
  let begun = 0;
  let missed = 0;
  return [0, ...missedPerSecond].map((lost, second) => {
    begun += second === 0 ? 0 : 10 - lost;
    missed += lost;
    return rateWatch.look({ atMs: second * 1000, begun, missed });
  });
}

test('five seconds are looked at, not one', () => {
  assert.ok(watch(0.1, [0, 0, 0, 0, 4, 0, 0, 0, 0, 0]).every((reason) => reason === undefined));
  const reasons = watch(0.1, [0, 0, 0, 3, 3, 3]);
  assert.equal(reasons.findIndex((reason) => reason !== undefined), 5); // prettier-ignore
  assert.equal(reasons[6], 'the arrival rate was missed: of 10.0 iterations/s that were to begin in the last 5 s, 8.2 found a free VU');
});

test('what was missed long ago is forgiven', () => {
  assert.equal(watch(0.1, [5, 0, 0, 0, 0, 0]).at(-1), undefined);
});

test('without arrivals nothing is missed', () => {
  const rateWatch = new RateWatch(0);
  for (let second = 0; second < 20; second++) assert.equal(rateWatch.look({ atMs: second * 1000, begun: 0, missed: 0 }), undefined);
});

const run = scriptRunner();

test('abortOnRateMissed ends a run that cannot keep its rate, with the rate that it kept', async () => {
  const script = `import { sleep } from 'k6';
    export const options = { abortOnRateMissed: '5%', scenarios: { limit: {
      executor: 'constant-arrival-rate', rate: 20, duration: '1h', preAllocatedVUs: 1, maxVUs: 1, gracefulStop: '1s' } } };
    export default function () { sleep(0.2); }`;
  const { exitCode, reason } = await run(script, { progressMs: 250, workers: 1 });
  assert.equal(exitCode, 99);
  assert.match(reason ?? '', /the arrival rate was missed: of [\d.]+ iterations\/s .* found a free VU/);
});
