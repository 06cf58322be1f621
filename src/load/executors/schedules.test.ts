import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { constantArrivals, rampingArrivals } from './arrival-rate.ts';
import { belongsTo, iterationsOf, numberOf, parseSequence, partOf, segmentOf, shareOf, wholeSequence } from './segment.ts';
import { parseScenario } from '../options/scenarios.ts';
import { rampSteps } from './ramping-vus.ts';

test('steps of the example', () => {
  const steps = [...rampSteps(1, [{ durationMs: 4000, target: 3 }, { durationMs: 2000, target: 0 }])]; // prettier-ignore
  assert.deepEqual(
    steps.map(({ atMs, vus }) => [Math.round(atMs), vus]),
    [
      [0, 1],
      [2000, 2],
      [4000, 3],
      [4667, 2],
      [5333, 1],
      [6000, 0],
    ],
  );
});

test('a stage without duration jumps', () => {
  const steps = [...rampSteps(0, [{ durationMs: 0, target: 50 }, { durationMs: 1000, target: 50 }])]; // prettier-ignore
  assert.deepEqual(steps, [{ atMs: 0, vus: 0 }, { atMs: 0, vus: 50 }]); // prettier-ignore
});

test('a constant rate spaces iterations evenly, the first at once', () => {
  assert.deepEqual([...constantArrivals(4, 1000, 1000)], [0, 250, 500, 750]);
  assert.deepEqual([...constantArrivals(30, 60_000, 5000)], [0, 2000, 4000]);
});

test('a ramping rate begins iteration n when the area under the rate reaches n', () => {
  // 0 → 10/s in 2 s: 10 iterations, number n at sqrt(n / 2.5) s.
  const starts = [...rampingArrivals(0, 1000, [{ durationMs: 2000, target: 10 }])];
  assert.equal(starts.length, 10);
  starts.forEach((atMs, i) => assert.ok(Math.abs(atMs - 1000 * Math.sqrt((i + 1) / 2.5)) < 1e-6));
  const flat = [...rampingArrivals(10, 1000, [{ durationMs: 1000, target: 10 }])];
  flat.forEach((atMs, i) => assert.ok(Math.abs(atMs - 100 * (i + 1)) < 1e-6));
});

const stage = fc.record({ durationMs: fc.integer({ min: 1, max: 60_000 }), target: fc.integer({ min: 0, max: 500 }) });

test('arrivals come in order and are as many as the area says', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.array(stage, { minLength: 1, maxLength: 4 }), (startRate, stages) => {
      const starts = [...rampingArrivals(startRate, 1000, stages)];
      let from = startRate;
      let area = 0;
      for (const { durationMs, target } of stages) {
        area += ((from + target) / 2) * (durationMs / 1000);
        from = target;
      }
      assert.ok(Math.abs(starts.length - Math.floor(area + 1e-6)) <= 1, `${starts.length} of ${area}`);
      for (let i = 1; i < starts.length; i++) assert.ok((starts[i] as number) >= (starts[i - 1] as number));
    }),
  );
});

test('the ramp ends at its last target and passes every number on the way', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.array(stage, { minLength: 1, maxLength: 4 }), (startVUs, stages) => {
      const steps = [...rampSteps(startVUs, stages)];
      assert.equal(steps.at(-1)?.vus, stages.at(-1)?.target);
      for (let i = 1; i < steps.length; i++) {
        assert.equal(Math.abs((steps[i]?.vus as number) - (steps[i - 1]?.vus as number)), 1);
        assert.ok((steps[i]?.atMs as number) >= (steps[i - 1]?.atMs as number));
      }
    }),
  );
});

test('the shares of all processes add up, whatever the total', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 64 }), (total, count) => {
      let sum = 0;
      for (let index = 0; index < count; index++) sum += shareOf(partOf(segmentOf(wholeSequence), index, count), total);
      assert.equal(sum, total);
    }),
  );
});

// What k6 1.8.1 gives to each instance of 8 VUs that share iterations: `exec.scenario.iterationInTest`.
const striped: [segment: string, sequence: string, numbers: number[]][] = [
  ['0:1/4', '0,1/4,1/2,1', [1, 5, 9, 13, 17]],
  ['1/4:1/2', '0,1/4,1/2,1', [3, 7, 11, 15, 19]],
  ['1/2:1', '0,1/4,1/2,1', [0, 2, 4, 6, 8]],
  ['1/3', '', [1, 3, 6, 9, 11]],
  ['1/3:2/3', '', [1, 4, 7, 9, 12]],
  ['2/10:1/2', '0,0.2,50%,1', [1, 3, 7, 9, 11]],
  ['0:0.2', '0,0.2,50%,1', [5, 13, 21, 29, 37]],
];
const shared = parseScenario('shared', { executor: 'shared-iterations', vus: 8, iterations: 40 });
for (const [text, sequence, numbers] of striped)
  test(`the segment ${text} of ${sequence === '' ? 'no given sequence' : sequence} has k6's stripes`, () => {
    const segment = iterationsOf(parseSequence(text, sequence), shared);
    assert.deepEqual([0, 1, 2, 3, 4].map((n) => numberOf(segment, n)), numbers); // prettier-ignore
  });

test('segments and their parts share everything out, once, at every moment', () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 19 }), { maxLength: 4 });
  fc.assert(
    fc.property(cuts, fc.integer({ min: 1, max: 4 }), fc.nat(300), (marks, processes, total) => {
      const at = [0, ...marks.toSorted((a, b) => a - b), 20].map((mark) => `${mark}/20`);
      const parts = at.slice(1).flatMap((to, i) => {
        const segment = segmentOf(parseSequence(`${at[i]}:${to}`, at.join(',')));
        return Array.from({ length: processes }, (_, index) => partOf(segment, index, processes));
      });
      assert.equal(parts.reduce((sum, part) => sum + shareOf(part, total), 0), total); // prettier-ignore
      for (let number = 0; number < total; number++) assert.equal(parts.filter((part) => belongsTo(part, number)).length, 1);
      for (const part of parts)
        for (let n = 0; n < 20; n++) assert.equal(shareOf(part, numberOf(part, n)), n, 'those before the nth are n');
    }),
    { numRuns: 60 },
  );
});

for (const [text, sequence, says] of [
  ['1/2:1/2', '', /empty/],
  ['3/2', '', /more than 1/],
  ['half', '', /no fraction/],
  ['0:1/2', '0,1/3,1', /none of the segments/],
  ['0:1/2', '1/2,1', /does not go up from 0 to 1/],
] as const)
  test(`the segment ${JSON.stringify(text)} of ${JSON.stringify(sequence)} is refused`, () => {
    assert.throws(() => parseSequence(text, sequence), says);
  });
