import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptRunner } from '../testkit.ts';

const run = scriptRunner();

const script = (scenario: string): string => `import exec from 'k6/execution';
  export const options = { scenarios: { all: ${scenario} } };
  export default function () {
    console.log([exec.scenario.iterationInTest, exec.scenario.iterationInInstance, exec.vu.idInTest, exec.vu.idInInstance].join());
  }`;

/** What the iterations of one instance say of themselves. */
async function instance(scenario: string, segment: string, workers: number): Promise<{ places: number[][]; vusMax: number }> {
  const options = { executionSegment: segment, executionSegmentSequence: '0,1/3,1' };
  const { lines, vusMax } = await run(script(scenario), { options, workers });
  const places = lines.filter(({ source }) => source === 'console').map(({ message }) => message.split(',').map(Number));
  return { places, vusMax };
}

const column = (places: readonly number[][], index: number): number[] =>
  [...new Set(places.map((place) => place[index] as number))].toSorted((a, b) => a - b);
const upTo = (count: number, from: number): number[] => Array.from({ length: count }, (_, i) => i + from);

const scenarios: Record<string, [scenario: string, iterations: number, vus: number]> = {
  'shared-iterations': [`{ executor: 'shared-iterations', vus: 6, iterations: 30 }`, 30, 6],
  'per-vu-iterations': [`{ executor: 'per-vu-iterations', vus: 6, iterations: 2 }`, 12, 6],
  'constant-arrival-rate': [`{ executor: 'constant-arrival-rate', rate: 20, duration: '1s', preAllocatedVUs: 6 }`, 20, 6],
};

for (const [executor, [scenario, iterations, vus]] of Object.entries(scenarios))
  test(`two instances of ${executor}, one with two processes, do the test once together`, async () => {
    const [third, rest] = await Promise.all([instance(scenario, '0:1/3', 1), instance(scenario, '1/3:1', 2)]);
    const both = [...third.places, ...rest.places];
    assert.equal(third.vusMax + rest.vusMax, vus);
    assert.equal(both.length, iterations);
    if (executor !== 'per-vu-iterations') assert.deepEqual(column(both, 0), upTo(iterations, 0));
    for (const { places, vusMax } of [third, rest]) {
      assert.ok(
        column(places, 3).every((id) => id >= 1 && id <= vusMax),
        'VUs of an instance are numbered from 1',
      );
      if (executor !== 'per-vu-iterations') assert.deepEqual(column(places, 1), upTo(places.length, 0));
    }
    assert.deepEqual(column(third.places, 2).filter((id) => column(rest.places, 2).includes(id)), []); // prettier-ignore
  });
