import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Distribution } from './distribution.ts';
import { statisticReader } from './statistic.ts';
import { Summary } from './summary.ts';
import type { Statistic } from '../model/index.ts';

function statistic(name: string, values: readonly number[]): number {
  const summary = new Summary();
  summary.add({ values });
  return statisticReader(name as Statistic)(summary) ?? Number.NaN;
}

/** Powers of two lie on a cell's edge; their midpoint is within 0.4 %. */
function near(actual: number, expected: number, relative = 1 / 256): void {
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * relative + 1e-9, `${actual} is not near ${expected}`);
}

describe('extended statistics', () => {
  const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const cases: [name: string, values: number[], expected: number][] = [
    ['p50', ten, 5],
    ['p90', ten, 9],
    ['p99.9', ten, 10],
    ['p100', ten, 10],
    ['p0', ten, 1],
    ['tm90', ten, 5],
    ['TM(10%:90%)', ten, 5.5],
    ['tm(2:8)', ten, 5.5],
    ['tm(:4)', ten, 2.5],
    ['tm(8:)', ten, 9.5],
    ['tc90', ten, 9],
    ['tc(2:8)', ten, 6],
    ['ts(80%:)', ten, 19],
    ['ts(:3)', ten, 6],
    ['wm(10%:90%)', ten, 5.5],
    ['wm(:5)', ten, 4],
    ['wm80', [1, 1, 1, 1, 100], 1],
    ['PR(:3)', ten, 30],
    ['PR(3:7)', ten, 40],
    ['PR(9:)', ten, 10],
    ['IQM', [4, 4, 4, 4, 4, 4, 4, 400], 4],
    ['iqm', [0, 5, 5, 100], 5],
    ['tm(25%:75%)', [0, 5, 5, 100], 5],
  ];
  for (const [name, values, expected] of cases) {
    it(`${name} of ${values.join(' ')} is ${expected}`, () => near(statistic(name, values), expected, 1 / 100));
  }

  for (const name of [
    '',
    'p',
    'p101',
    'tm',
    'tm()',
    'tm(:)',
    'tm(5%:2%)',
    'tm(2:1)',
    'tm(1%:5)',
    'PR(1%:5%)',
    'PR90',
    'median',
    'tm(-1%:5%)',
    'average',
  ]) {
    it(`"${name}" is none`, () => assert.throws(() => statisticReader(name as Statistic), { code: 'PL_METRICS_STATISTIC' }));
  }

  it('a percentile is the nearest rank’s value, within 0.4 %', () => {
    const samples = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 100 }), (values, percent) => {
        const sorted = values.toSorted((a, b) => a - b);
        near(statistic(`p${percent}`, values), sorted[Math.ceil((percent / 100) * values.length) - 1] as number);
      }),
    );
  });

  it('a trimmed mean lies between the least and the greatest, and equal values stay themselves', () => {
    const samples = fc.array(
      fc.integer({ min: 0, max: 1e6 }).map((value) => value / 7),
      { minLength: 1, maxLength: 50 },
    );
    fc.assert(
      fc.property(samples, fc.constantFrom('tm90', 'wm90', 'IQM', 'tm(10%:90%)', 'wm(10%:90%)'), (values, name) => {
        const value = statistic(name, values);
        assert.ok(value >= Math.min(...values) - 1e-6 && value <= Math.max(...values) * (1 + 1e-9) + 1e-6, `${name} ${value}`);
        near(
          statistic(
            name,
            values.map(() => 7),
          ),
          7,
          1e-9,
        );
      }),
    );
  });

  it('tells no percentile once a value was negative', () => {
    assert.ok(Number.isNaN(statistic('p50', [1, -1])));
    assert.equal(statistic('Minimum', [1, -1]), -1);
  });
});

describe('a distribution', () => {
  it('merges to the same whatever the order, and keeps its count when it is shrunk', () => {
    const values = fc.array(
      fc.integer({ min: 0, max: 1e9 }).map((value) => value / 7),
      { maxLength: 300, size: 'large' },
    );
    fc.assert(
      fc.property(values, values, (a, b) => {
        const of = (...all: number[][]): Distribution => {
          const distribution = new Distribution();
          for (const value of all.flat()) distribution.add(value, 1);
          return distribution;
        };
        const merged = of(a);
        merged.merge(of(b));
        const other = of(b);
        other.merge(of(a));
        assert.deepEqual(merged.cells(), other.cells());
        const before = merged.cells();
        merged.pack();
        assert.deepEqual(merged.cells(), before, 'packing changes nothing');
        merged.shrink(8);
        assert.ok(merged.cells().length <= 8);
        assert.equal(
          merged.cells().reduce((sum, { count }) => sum + count, 0),
          a.length + b.length,
        );
      }),
    );
  });

  it('goes on where it was after it has been packed', () => {
    const [packed, plain] = [new Distribution(), new Distribution()];
    for (const distribution of [packed, plain]) for (const value of [1, 2, 300]) distribution.add(value, 1);
    packed.pack();
    for (const distribution of [packed, plain]) distribution.add(2, 5);
    assert.deepEqual(packed.cells(), plain.cells());
  });

  it('is bounded, at the price of precision, for values of all sizes', () => {
    const distribution = new Distribution();
    for (let value = 1e-6; value < 1e12; value *= 1.005) distribution.add(value, 1);
    assert.ok(distribution.cells().length <= 512);
  });
});
