import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Alarm, AlarmState, MetricDataQuery, TreatMissingData } from '../../model/index.ts';
import { MetricStore } from '../store.ts';
import { evaluate, evaluateAlarm, evaluationIntervalMs, INITIAL_REASON } from './evaluate.ts';
import { showNumber } from './reason.ts';

interface Cases {
  columns: TreatMissingData[];
  cases: { evaluationPeriods: number; datapointsToAlarm: number; points: string; expect: (AlarmState | 'RETAIN')[] }[];
}

const table = JSON.parse(readFileSync(new URL('./evaluation-cases.json', import.meta.url), 'utf8')) as Cases;
const states: AlarmState[] = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];
const treatments: TreatMissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];

const identity = { namespace: 'AWS/ECS', name: 'CPUUtilization', dimensions: { ServiceName: 'web' } };
const START = Date.UTC(2023, 2, 27, 6, 30);
const MINUTE = 60_000;

function alarm(change: Partial<Alarm> = {}): Alarm {
  return {
    name: 'cpu-high',
    description: '',
    metric: identity,
    statistic: 'Average',
    periodS: 60,
    evaluationPeriods: 3,
    datapointsToAlarm: 3,
    threshold: 20,
    comparison: 'GreaterThanThreshold',
    treatMissingData: 'missing',
    alarmActions: [],
    ...change,
  };
}

/** `X` breaches a threshold of 20, `0` does not, `-` is missing. */
function pointsOf(drawing: string): (number | undefined)[] {
  return drawing.split('').map((char) => (char === '-' ? undefined : char === 'X' ? 40 : 1));
}

describe('CloudWatch’s table of missing data', () => {
  it('has all 40 cells', () => {
    assert.equal(table.cases.length * table.columns.length, 40);
  });
  for (const { points, expect, ...periods } of table.cases) {
    table.columns.forEach((treatMissingData, column) => {
      const expected = expect[column] as AlarmState | 'RETAIN';
      for (const previous of states) {
        it(`${periods.datapointsToAlarm} of ${periods.evaluationPeriods}, ${points}, ${treatMissingData}, was ${previous}: ${expected}`, () => {
          const verdict = evaluateAlarm(alarm({ ...periods, treatMissingData }), pointsOf(points), previous);
          assert.equal(verdict.state, expected === 'RETAIN' ? previous : expected);
        });
      }
    });
  }
});

describe('an alarm', () => {
  it('waits for a breaching point after a gap to grow old before it believes it', () => {
    const stateAt = (drawing: string): AlarmState => evaluateAlarm(alarm(), pointsOf(drawing), 'OK').state;
    assert.equal(stateAt('----X'), 'OK');
    assert.equal(stateAt('---X-'), 'OK');
    assert.equal(stateAt('--X--'), 'ALARM');
  });

  it('compares at the threshold as its operator says', () => {
    const at = (comparison: Alarm['comparison']): AlarmState =>
      evaluateAlarm(alarm({ comparison, evaluationPeriods: 1, datapointsToAlarm: 1 }), [20], 'OK').state;
    assert.equal(at('GreaterThanThreshold'), 'OK');
    assert.equal(at('GreaterThanOrEqualToThreshold'), 'ALARM');
    assert.equal(at('LessThanThreshold'), 'OK');
    assert.equal(at('LessThanOrEqualToThreshold'), 'ALARM');
  });

  const ranges = fc.integer({ min: 1, max: 6 }).chain((N) =>
    fc.record({
      N: fc.constant(N),
      M: fc.integer({ min: 1, max: N }),
      drawing: fc.string({ unit: fc.constantFrom('X', '0', '-'), minLength: N + 2, maxLength: N + 2 }),
      treatMissingData: fc.constantFrom(...treatments),
      previous: fc.constantFrom(...states),
    }),
  );

  it('with N real points or more is decided by the newest N alone', () => {
    fc.assert(
      fc.property(ranges, ({ N, M, drawing, treatMissingData, previous }) => {
        const real = drawing
          .split('')
          .filter((char) => char !== '-')
          .slice(-N);
        fc.pre(real.length === N);
        const { state } = evaluateAlarm(
          alarm({ evaluationPeriods: N, datapointsToAlarm: M, treatMissingData }),
          pointsOf(drawing),
          previous,
        );
        assert.equal(state, real.filter((char) => char === 'X').length >= M ? 'ALARM' : 'OK');
      }),
    );
  });

  it('is never eased by one more breaching point', () => {
    fc.assert(
      fc.property(ranges, fc.nat(7), ({ N, M, drawing, treatMissingData, previous }, at) => {
        const index = at % drawing.length;
        fc.pre(drawing[index] === '0');
        const worse = drawing.slice(0, index) + 'X' + drawing.slice(index + 1);
        const config = alarm({ evaluationPeriods: N, datapointsToAlarm: M, treatMissingData });
        if (evaluateAlarm(config, pointsOf(drawing), previous).state === 'ALARM') {
          assert.equal(evaluateAlarm(config, pointsOf(worse), previous).state, 'ALARM');
        }
      }),
    );
  });

  it('lies by missing data at most between all breaching and none breaching', () => {
    fc.assert(
      fc.property(ranges, ({ N, M, drawing, previous }) => {
        const stateFor = (treatMissingData: TreatMissingData): AlarmState =>
          evaluateAlarm(alarm({ evaluationPeriods: N, datapointsToAlarm: M, treatMissingData }), pointsOf(drawing), previous).state;
        if (stateFor('notBreaching') === 'ALARM') assert.equal(stateFor('missing'), 'ALARM');
        if (stateFor('missing') === 'ALARM') assert.equal(stateFor('breaching'), 'ALARM');
      }),
    );
  });
});

describe('an alarm’s reason', () => {
  const newest = Date.UTC(2023, 2, 27, 6, 36);
  const reason = (change: Partial<Alarm>, points: (number | undefined)[]): string =>
    evaluateAlarm(alarm(change), points, 'OK', newest).reason;

  it('names the points that crossed, newest first', () => {
    assert.equal(
      reason({ evaluationPeriods: 2, datapointsToAlarm: 2 }, [12, 30, 43.1]),
      'Threshold Crossed: 2 out of the last 2 datapoints [43.1 (27/03/23 06:36:00), 30.0 (27/03/23 06:35:00)] were greater than the threshold (20.0) (minimum 2 datapoints for OK -> ALARM transition).',
    );
    assert.equal(
      reason({ datapointsToAlarm: 1, comparison: 'GreaterThanOrEqualToThreshold' }, [0, 20, 1]),
      'Threshold Crossed: 1 out of the last 3 datapoints [20.0 (27/03/23 06:35:00)] was greater than or equal to the threshold (20.0) (minimum 1 datapoint for OK -> ALARM transition).',
    );
  });

  it('names the points that came back', () => {
    assert.equal(
      reason({ evaluationPeriods: 1, datapointsToAlarm: 1, comparison: 'LessThanThreshold' }, [7, 20.25]),
      'Threshold Crossed: 1 out of the last 1 datapoints [20.25 (27/03/23 06:36:00)] was not less than the threshold (20.0) (minimum 1 datapoint for ALARM -> OK transition).',
    );
    assert.match(
      reason({}, [40, 3, 40]),
      /^Threshold Crossed: 1 out of the last 3 datapoints \[3\.0 .* was not greater than .*minimum 1 datapoint /,
    );
    assert.match(
      reason({ datapointsToAlarm: 2 }, [2, 3, 40]),
      /2 out of the last 3 .* were not greater than .*minimum 2 datapoints for ALARM -> OK/,
    );
  });

  it('says what was made of missing data', () => {
    const gap = [undefined, undefined, undefined, undefined, undefined];
    assert.equal(reason({}, gap), 'Insufficient Data: 3 datapoints were unknown.');
    assert.equal(reason({ evaluationPeriods: 1, datapointsToAlarm: 1 }, [undefined]), 'Insufficient Data: 1 datapoint was unknown.');
    assert.equal(
      reason({ treatMissingData: 'breaching' }, gap),
      'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].',
    );
    assert.equal(
      reason({ evaluationPeriods: 1, datapointsToAlarm: 1, treatMissingData: 'notBreaching' }, [undefined]),
      'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
    );
    assert.equal(
      reason({ treatMissingData: 'breaching' }, [undefined, undefined, 44, undefined, undefined]),
      'Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].',
    );
  });

  it('prints numbers as CloudWatch does', () => {
    const printed: [number, string][] = [
      [20, '20.0'],
      [43.1, '43.1'],
      [0, '0.0'],
      [-3, '-3.0'],
      [0.001, '0.001'],
      [0.00042, '4.2E-4'],
      [9_999_999, '9999999.0'],
      [1e7, '1.0E7'],
      [12_345_678.5, '1.23456785E7'],
    ];
    for (const [value, text] of printed) assert.equal(showNumber(value), text);
  });
});

describe('an alarm over the store', () => {
  const put = (store: MetricStore, minute: number, value: number): void =>
    store.put({ ...identity, unit: 'Percent', timestampMs: START + minute * MINUTE + 500, value });

  it('is new, then OK, then in ALARM once enough whole periods have breached', () => {
    const store = new MetricStore();
    let status = evaluate(alarm(), store, undefined, START);
    assert.deepEqual(status, { state: 'INSUFFICIENT_DATA', reason: INITIAL_REASON, updatedAtMs: START, transition: false });

    put(store, 0, 50);
    status = evaluate(alarm(), store, status, START + MINUTE - 1);
    assert.equal(status.state, 'INSUFFICIENT_DATA', 'a period that is not over is not looked at');
    status = evaluate(alarm(), store, status, START + MINUTE);
    assert.deepEqual([status.state, status.transition], ['OK', true]);

    put(store, 1, 50);
    put(store, 2, 43.1);
    status = evaluate(alarm(), store, status, START + 3 * MINUTE);
    assert.deepEqual([status.state, status.transition, status.updatedAtMs], ['ALARM', true, START + 3 * MINUTE]);
    assert.match(status.reason, /^Threshold Crossed: 3 out of the last 3 datapoints \[43\.1 \(27\/03\/23 06:32:00\), 50\.0 /);
    assert.deepEqual(JSON.parse(status.reasonData ?? ''), {
      version: '1.0',
      queryDate: '2023-03-27T06:33:00.000+0000',
      startDate: '2023-03-27T06:30:00.000+0000',
      statistic: 'Average',
      period: 60,
      recentDatapoints: [50, 50, 43.1],
      threshold: 20,
      evaluatedDatapoints: [
        { timestamp: '2023-03-27T06:32:00.000+0000', value: 43.1 },
        { timestamp: '2023-03-27T06:31:00.000+0000', value: 50 },
        { timestamp: '2023-03-27T06:30:00.000+0000', value: 50 },
      ],
    });
  });

  it('keeps reason and time of the moment when it entered its state', () => {
    const store = new MetricStore();
    for (const minute of [0, 1, 2, 3]) put(store, minute, 50 + minute);
    const entered = evaluate(alarm(), store, undefined, START + 3 * MINUTE);
    const later = evaluate(alarm(), store, entered, START + 4 * MINUTE);
    assert.deepEqual(later, { ...entered, transition: false });
  });

  it('may look at metric math', () => {
    const store = new MetricStore();
    for (const minute of [0, 1, 2]) put(store, minute, 15);
    const queries: MetricDataQuery[] = [
      { id: 'cpu', metric: identity, statistic: 'Average', periodS: 60, returnData: false },
      { id: 'double', expression: 'cpu * 2' },
    ];
    const nowMs = START + 3 * MINUTE;
    assert.equal(evaluate(alarm(), store, undefined, nowMs).state, 'OK');
    assert.equal(evaluate(alarm({ queries }), store, undefined, nowMs).state, 'ALARM');
    assert.throws(() => evaluate(alarm({ queries: [] }), store, undefined, nowMs), { code: 'PL_METRICS_EXPRESSION' });
  });

  it('may look at one unit only', () => {
    const store = new MetricStore();
    for (const minute of [0, 1, 2]) put(store, minute, 50);
    store.put({ ...identity, unit: 'Count', timestampMs: START + 2 * MINUTE, value: 1 });
    assert.equal(evaluate(alarm({ unit: 'Percent' }), store, undefined, START + 3 * MINUTE).state, 'ALARM');
    assert.equal(evaluate(alarm({ unit: 'Count' }), store, undefined, START + 3 * MINUTE).state, 'OK');
  });

  it('is evaluated as often as its periods deserve', () => {
    const interval = (periodS: number, evaluationPeriods: number): number => evaluationIntervalMs({ periodS, evaluationPeriods });
    assert.deepEqual([interval(10, 3), interval(60, 3), interval(3600, 24), interval(3600, 25)], [10_000, 60_000, 60_000, 3_600_000]);
  });

  it('waits for late data as long as it is told', () => {
    const store = new MetricStore();
    for (const minute of [0, 1, 2]) put(store, minute, 50);
    const nowMs = START + 3 * MINUTE + 1000;
    assert.equal(evaluate(alarm(), store, undefined, nowMs, { ingestionDelayMs: 5000 }).state, 'OK');
    assert.equal(evaluate(alarm(), store, undefined, nowMs).state, 'ALARM');
  });
});
