import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PlimsollError } from '../../base/index.ts';
import type { MetricDataQuery } from '../../model/index.ts';
import { MetricStore } from '../store.ts';
import { mathFunctions } from './functions.ts';
import { getMetricData, type MetricDataResult } from './metricData.ts';
import { parseExpression } from './parse.ts';

const START = Date.UTC(2026, 0, 1, 12, 0);
const MINUTE = 60_000;

/** Five minutes of data; `undefined` is a gap. */
const data: Record<string, (number | undefined)[]> = {
  a: [1, 2, 3, 4, 5],
  b: [10, undefined, 30, undefined, 50],
  zero: [0, 0, 0, 0, 0],
  mixed: [-1, 4, 0, 2.5, undefined],
  none: [],
};

const store = new MetricStore();
const identity = (name: string) => ({ namespace: 'test', name, dimensions: {} });
for (const [name, values] of Object.entries(data)) {
  values.forEach((value, minute) => {
    if (value !== undefined) store.put({ ...identity(name), unit: 'None', timestampMs: START + minute * MINUTE, value });
  });
}

function results(expression: string, extra: MetricDataQuery[] = []): MetricDataResult[] {
  const metrics = Object.keys(data).map((id): MetricDataQuery => ({
    id,
    metric: identity(id),
    statistic: 'Sum',
    periodS: 60,
    returnData: false,
  }));
  return getMetricData(store, [...metrics, ...extra, { id: 'e', expression }], START, START + 5 * MINUTE);
}

/** The points of the only series, gaps as undefined. */
function points(expression: string, extra: MetricDataQuery[] = []): (number | undefined)[] {
  const [only, ...others] = results(expression, extra);
  assert.ok(only && others.length === 0, `${expression} gives one series`);
  const at = new Map(only.points.map(({ timestampMs, value }) => [(timestampMs - START) / MINUTE, value]));
  return [0, 1, 2, 3, 4].map((minute) => at.get(minute));
}

describe('metric math', () => {
  const _ = undefined;
  const cases: [expression: string, expected: (number | undefined)[]][] = [
    ['a', [1, 2, 3, 4, 5]],
    ['a + b', [11, _, 33, _, 55]],
    ['100 * a / b', [10, _, 10, _, 10]],
    ['a / zero', [_, _, _, _, _]],
    ['-a + 2 ^ 3', [7, 6, 5, 4, 3]],
    ['2 ^ 3 ^ 2 - 500', [12, 12, 12, 12, 12]],
    ['2 - 3 - 4', [-5, -5, -5, -5, -5]],
    ['(a + 1) * 2', [4, 6, 8, 10, 12]],
    ['a >= 3', [0, 0, 1, 1, 1]],
    ['a > 1 AND a < 4', [0, 1, 1, 0, 0]],
    ['a < 2 || a == 5', [1, 0, 0, 0, 1]],
    ['SUM(a)', [15, 15, 15, 15, 15]],
    ['a / AVG(a) * 3', [1, 2, 3, 4, 5]],
    ['SUM([a, b])', [11, 2, 33, 4, 55]],
    ['AVG([a, b])', [5.5, 2, 16.5, 4, 27.5]],
    ['MAX([a, mixed])', [1, 4, 3, 4, 5]],
    ['MIN([a, mixed])', [-1, 2, 0, 2.5, 5]],
    ['STDDEV(zero)', [0, 0, 0, 0, 0]],
    ['DATAPOINT_COUNT(b)', [3, 3, 3, 3, 3]],
    ['DATAPOINT_COUNT([a, b])', [2, 1, 2, 1, 2]],
    ['METRIC_COUNT(METRICS())', [5, 5, 5, 5, 5]],
    ['METRIC_COUNT(METRICS("e"))', [3, 3, 3, 3, 3]],
    ['FILL(b, 0)', [10, 0, 30, 0, 50]],
    ['FILL(b, REPEAT)', [10, 10, 30, 30, 50]],
    ['FILL(b, LINEAR)', [10, 20, 30, 40, 50]],
    ['FILL(b, a)', [10, 2, 30, 4, 50]],
    ['FILL(mixed, LINEAR)', [-1, 4, 0, 2.5, _]],
    ['FILL(none, 7)', [7, 7, 7, 7, 7]],
    ['IF(a > 2, a, 0)', [0, 0, 3, 4, 5]],
    ['IF(a > 2, 1, b)', [10, _, 1, 1, 1]],
    ['IF(a > 2, a)', [_, _, 3, 4, 5]],
    ['IF(SUM(a) > 10, b, a)', [10, _, 30, _, 50]],
    ['ABS(mixed)', [1, 4, 0, 2.5, _]],
    ['CEIL(mixed) - FLOOR(mixed)', [0, 0, 0, 1, _]],
    ['LOG10(a * 0 + 100)', [2, 2, 2, 2, 2]],
    ['LOG(zero)', [_, _, _, _, _]],
    ['DIFF(a)', [_, 1, 1, 1, 1]],
    ['RATE(a) * 60', [_, 1, 1, 1, 1]],
    ['RATE(b) * 60', [_, _, 10, _, 10]],
    ['DIFF_TIME(b)', [_, _, 120, _, 120]],
    ['RUNNING_SUM(a)', [1, 3, 6, 10, 15]],
    ['PERIOD(a)', [60, 60, 60, 60, 60]],
    ['MINUTE(a)', [0, 1, 2, 3, 4]],
    ['HOUR(a) + DAY(a) + DATE(a) + MONTH(a) + YEAR(a)', [12 + 4 + 1 + 1 + 2026, 2044, 2044, 2044, 2044]],
    ['EPOCH(a) - EPOCH(a)', [0, 0, 0, 0, 0]],
    ['TIME_SERIES(3)', [3, 3, 3, 3, 3]],
    ['FIRST([b, a])', [10, _, 30, _, 50]],
    ['LAST([b, a])', [1, 2, 3, 4, 5]],
    ['SUM(SLICE([a, b, a], 1))', [11, 2, 33, 4, 55]],
    ['FIRST(SORT([a, b], AVG, DESC))', [10, _, 30, _, 50]],
    ['FIRST(SORT([a, b], AVG, ASC, 1))', [1, 2, 3, 4, 5]],
    ["SUM(METRICS('a'))", [1, 2, 3, 4, 5]],
  ];
  for (const [expression, expected] of cases) {
    it(expression, () => {
      points(expression).forEach((value, i) => {
        const wanted = expected[i];
        if (wanted === undefined || value === undefined) assert.equal(value, wanted);
        else assert.ok(Math.abs(value - wanted) < 1e-9, `${value} is not ${wanted}`);
      });
    });
  }

  it('has a case for every function', () => {
    const tried = cases.map(([expression]) => expression).join(' ');
    for (const name of Object.keys(mathFunctions)) assert.ok(name === 'REMOVE_EMPTY' || tried.includes(`${name}(`), name);
  });

  it('gives one result per series of a list, each under its own label', () => {
    const labels = results('REMOVE_EMPTY(METRICS())').map(({ id, label }) => `${id} ${label}`);
    assert.deepEqual(labels, ['e a', 'e b', 'e zero', 'e mixed']);
    assert.equal(results('METRICS() * 2').length, 5);
  });

  it('lets expressions build on each other, in any order', () => {
    const extra: MetricDataQuery[] = [
      { id: 'e2', expression: 'e1 + 1', returnData: false },
      { id: 'e1', expression: 'a * 10', returnData: false },
    ];
    assert.deepEqual(points('e2', extra), [11, 21, 31, 41, 51]);
  });

  const refused: [expression: string, message: RegExp][] = [
    ['', /ends too early/],
    ['a +', /ends too early/],
    ['(a', /expected "\)" but found the end \(column 3/],
    ['a b', /"b" is too much \(column 3/],
    ['a $ b', /"\$" has no meaning here \(column 3/],
    ['"a', /not closed/],
    ['unknown + 1', /nothing is called unknown/],
    ['NOSUCH(a)', /there is no function NOSUCH/],
    ['constructor(a)', /there is no function CONSTRUCTOR/],
    ['SUM(a, b)', /SUM takes 1 arguments, got 2/],
    ['FILL(a)', /FILL takes 2 arguments/],
    ['FILL(a, ASC)', /FILL takes a number, a series, REPEAT or LINEAR/],
    ['RATE(1)', /RATE needs a time series/],
    ['"word"', /is a word/],
    ['e', /refers to itself/],
    [`${'('.repeat(300)}a${')'.repeat(300)}`, /nested too deeply/],
    ['a+'.repeat(1100) + 'a', /at most 2048 characters/],
  ];
  for (const [expression, message] of refused) {
    it(`refuses ${expression.slice(0, 30)}`, () => {
      assert.throws(
        () => results(expression),
        (error: PlimsollError) => error.code === 'PL_METRICS_EXPRESSION' && message.test(error.message),
      );
    });
  }

  it('refuses ids that are none or not unique, and answers too large to give', () => {
    const metric: MetricDataQuery = { id: 'a', metric: identity('a'), statistic: 'Sum', periodS: 60 };
    assert.throws(() => getMetricData(store, [metric, metric], START, START + 1), /same id/);
    assert.throws(() => getMetricData(store, [{ ...metric, id: 'A' }], START, START + 1), /lower-case/);
    assert.throws(
      () => getMetricData(store, [{ id: 'e', expression: 'TIME_SERIES(1)', periodS: 1 }], START, START + 200_000_000),
      /100800 points/,
    );
  });
});

describe('a metric math expression made of anything', () => {
  const pieces = [
    'a',
    'b',
    'none',
    '1',
    '2.5',
    '"x"',
    'REPEAT',
    '+',
    '-',
    '*',
    '/',
    '^',
    '<',
    '==',
    'AND',
    '(',
    ')',
    '[',
    ']',
    ',',
    ...Object.keys(mathFunctions).map((name) => `${name}(`),
  ];

  it('is answered or refused with a documented error, never anything else', () => {
    const junk = fc.oneof(
      fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => parts.join(' ')),
      fc.string({ maxLength: 60 }),
    );
    fc.assert(
      fc.property(junk, (expression) => {
        try {
          for (const { points } of results(expression)) for (const { value } of points) assert.ok(Number.isFinite(value));
        } catch (error) {
          assert.ok(error instanceof PlimsollError && error.code === 'PL_METRICS_EXPRESSION', String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('means what its full brackets say', () => {
    type Tree = { text: string; value: number };
    const { tree } = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
      leaf: fc.integer({ min: 0, max: 9 }).map((value) => ({ text: String(value), value })),
      tree: fc.oneof(
        { depthSize: 'small' },
        tie('leaf'),
        fc.tuple(tie('tree'), fc.constantFrom('+', '-', '*'), tie('tree')).map(([left, sign, right]) => ({
          text: `(${left.text} ${sign} ${right.text})`,
          value: sign === '+' ? left.value + right.value : sign === '-' ? left.value - right.value : left.value * right.value,
        })),
        tie('tree').map(({ text, value }) => ({ text: `-${text}`, value: -value })),
      ),
    }));
    fc.assert(
      fc.property(tree, ({ text, value }) => {
        fc.pre(text.length < 500);
        assert.ok(points(text)[0] === value, `${text} is ${value}`);
      }),
    );
  });

  it('is read the same with and without spaces', () => {
    for (const expression of ['a+b*2', 'IF(a>2,FILL(b,0),-1)', 'SUM(METRICS("a"))']) {
      const spaced = expression.replaceAll(/([-+*>(),])/g, ' $1 ');
      assert.deepEqual(stripPlaces(parseExpression(spaced)), stripPlaces(parseExpression(expression)));
    }
  });

  function stripPlaces(node: unknown): unknown {
    return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === 'at' ? undefined : value)));
  }
});
