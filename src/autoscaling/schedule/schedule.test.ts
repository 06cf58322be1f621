import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PlimsollError } from '../../base/index.ts';
import type { Schedule } from '../../model/index.ts';
import { applyScheduled, dueActions } from './actions.ts';
import { nextRunMs } from './next.ts';

const HOUR = 3_600_000;
const next = (schedule: Schedule, after: string): string | undefined => {
  const atMs = nextRunMs(schedule, Date.parse(after));
  return atMs === undefined ? undefined : new Date(atMs).toISOString().slice(0, 16);
};

describe('a schedule', () => {
  const cases: [schedule: Schedule, after: string, expected: string | undefined][] = [
    [{ expression: '30 0 1 1,6,12 *' }, '2026-01-01T01:00Z', '2026-06-01T00:30'],
    [{ expression: '0 9 * * MON-FRI', timeZone: 'America/New_York' }, '2026-03-06T20:00Z', '2026-03-09T13:00'],
    [{ expression: '0 9 * * 1-5', timeZone: 'America/New_York' }, '2026-03-05T20:00Z', '2026-03-06T14:00'],
    [{ expression: '30 2 * * *', timeZone: 'America/New_York' }, '2026-03-08T05:00Z', '2026-03-08T07:00'],
    [{ expression: 'cron(0 10 ? * MON *)' }, '2026-01-01T01:00Z', '2026-01-05T10:00'],
    [{ expression: 'cron(0 10 ? * 2 2027)' }, '2026-01-01T01:00Z', '2027-01-04T10:00'],
    [{ expression: 'cron(15 10 L * ? *)' }, '2026-02-01T01:00Z', '2026-02-28T10:15'],
    [{ expression: 'cron(0/20 * * * ? *)' }, '2026-02-01T01:05Z', '2026-02-01T01:20'],
    [{ expression: 'at(2026-07-01T08:00:00)' }, '2026-01-01T00:00Z', '2026-07-01T08:00'],
    [{ expression: 'at(2026-07-01T08:00:00)', timeZone: 'Europe/Berlin' }, '2026-01-01T00:00Z', '2026-07-01T06:00'],
    [{ expression: 'at(2026-07-01T08:00:00)' }, '2026-07-01T08:00Z', undefined],
    [{ expression: 'rate(6 hours)', startMs: Date.parse('2026-01-01T01:00Z') }, '2026-01-02T01:30Z', '2026-01-02T07:00'],
    [{ expression: 'rate(1 day)', startMs: Date.parse('2026-01-05T01:00Z') }, '2026-01-01T00:00Z', '2026-01-05T01:00'],
    [{ startMs: Date.parse('2026-01-05T01:00Z') }, '2026-01-01T00:00Z', '2026-01-05T01:00'],
    [{ startMs: Date.parse('2026-01-05T01:00Z') }, '2026-01-05T01:00Z', undefined],
    [{ expression: '0 * * * *', startMs: Date.parse('2026-01-05T02:00Z') }, '2026-01-01T00:00Z', '2026-01-05T02:00'],
    [{ expression: '0 0 * * *', endMs: Date.parse('2026-01-05T12:00Z') }, '2026-01-05T00:30Z', undefined],
  ];
  for (const [schedule, after, expected] of cases) {
    it(`${schedule.expression ?? 'once'} ${schedule.timeZone ?? ''} after ${after}: ${expected}`, () =>
      assert.equal(next(schedule, after), expected));
  }

  for (const schedule of [
    { expression: '' },
    { expression: '61 * * * *' },
    { expression: '* * * * * *' },
    { expression: 'cron(* * * * *)' },
    { expression: 'at(tomorrow)' },
    { expression: 'rate(0 minutes)' },
    { expression: 'rate(5 parsecs)' },
    { expression: '0 0 * * *', timeZone: 'Mars/Olympus' },
  ]) {
    it(`refuses ${JSON.stringify(schedule)}`, () => assert.throws(() => nextRunMs(schedule, 0), { code: 'PL_SCALING_SCHEDULE' }));
  }

  it('made of anything is read or refused, never anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 20 }),
          fc
            .array(fc.constantFrom('*', '0', '5', '1-5', '*/2', 'MON', '?', 'L', '1#2', ','), { maxLength: 7 })
            .map((fields) => fields.join(' ')),
        ),
        fc.constantFrom('', 'cron(', 'at(', 'rate('),
        (text, form) => {
          try {
            nextRunMs({ expression: form === '' ? text : `${form}${text})` }, Date.UTC(2026, 0, 1));
          } catch (error) {
            assert.ok(error instanceof PlimsollError && error.code === 'PL_SCALING_SCHEDULE', String(error));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('scheduled actions', () => {
  const hourly = { name: 'hourly', schedule: { expression: '0 * * * *' }, desiredCapacity: 4 };
  const noon = { name: 'noon', schedule: { expression: '0 12 * * *' }, minCapacity: 2 };
  const at = (text: string): number => Date.parse(`2026-01-05T${text}Z`);

  it('come due once, in order, and say when the next does', () => {
    assert.deepEqual(dueActions([hourly, noon], at('11:30'), at('11:45')), { due: [], requeueAfterMs: HOUR / 4 });
    const { due, requeueAfterMs } = dueActions([noon, hourly], at('11:30'), at('12:00'));
    assert.deepEqual(
      due.map(({ action, atMs }) => [action.name, atMs]),
      [
        ['hourly', at('12:00')],
        ['noon', at('12:00')],
      ],
    );
    assert.equal(requeueAfterMs, HOUR);
    assert.deepEqual(dueActions([], 0, 1), { due: [] });
  });

  it('that were missed run once, at their last time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 900 }),
        fc.constantFrom('0 * * * *', '*/7 3-9 * * *', '0 12 * * MON', '30 0 1 * *'),
        (hours, expression) => {
          const [fromMs, toMs] = [at('00:30'), at('00:30') + hours * HOUR];
          let expected: number | undefined;
          for (let run = nextRunMs({ expression }, fromMs); run !== undefined && run <= toMs; run = nextRunMs({ expression }, run))
            expected = run;
          const { due } = dueActions([{ name: 'a', schedule: { expression } }], fromMs, toMs);
          assert.equal(due[0]?.atMs, expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('change what they name and keep the capacity within the bounds', () => {
    const sizes = { minCapacity: 1, maxCapacity: 4, desiredCapacity: 2 };
    assert.deepEqual(applyScheduled(sizes, { ...hourly, desiredCapacity: 9 }), { ...sizes, desiredCapacity: 4 });
    assert.deepEqual(applyScheduled(sizes, { ...noon, minCapacity: 3 }), { minCapacity: 3, maxCapacity: 4, desiredCapacity: 3 });
    assert.deepEqual(applyScheduled(sizes, { ...noon, minCapacity: 0, maxCapacity: 0 }), {
      minCapacity: 0,
      maxCapacity: 0,
      desiredCapacity: 0,
    });
  });
});
