import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromPostgres, parseTimestamp } from './timestamp.ts';

test('a time without an offset is UTC already', () => {
  assert.equal(parseTimestamp('2026-11-21T00:33:26'), '2026-11-21T00:33:26');
  assert.equal(parseTimestamp('2026-11-21 00:33:26'), '2026-11-21T00:33:26');
  assert.equal(parseTimestamp('2026-11-21T00:33'), '2026-11-21T00:33:00');
  assert.equal(parseTimestamp('2026-11-21'), '2026-11-21T00:00:00');
});

test('Z and offsets are converted to UTC', () => {
  assert.equal(parseTimestamp('2026-11-21T00:33:26Z'), '2026-11-21T00:33:26');
  assert.equal(parseTimestamp('2026-11-21T00:33:26+10:00'), '2026-11-20T14:33:26');
  assert.equal(parseTimestamp('2026-12-31T23:30:00-0130'), '2027-01-01T01:00:00');
  assert.equal(parseTimestamp('2024-02-28T23:00:00-01'), '2024-02-29T00:00:00');
});

test('a fraction has six digits or none', () => {
  assert.equal(parseTimestamp('2026-11-21T00:33:26.09798'), '2026-11-21T00:33:26.097980');
  assert.equal(parseTimestamp('2026-11-21T00:33:26.123456789Z'), '2026-11-21T00:33:26.123456');
  assert.equal(parseTimestamp('2026-11-21T00:33:26.000'), '2026-11-21T00:33:26');
});

test('what is no time is refused', () => {
  const bad = [
    '',
    'tomorrow',
    '2026-13-01',
    '2026-00-10',
    '2026-02-29',
    '2026-04-31',
    '2026-11-00',
    '2026-11-21T24:00:00',
    '2026-11-21T23:60:00',
    '2026-11-21T23:59:60',
    '2026-11-21T10:00:00+24:00',
    '2026-11-21T10:00:00+10:60',
    '2026-11-21Z',
    '2026-11-21T10',
    '26-11-21',
    '0000-01-01',
    '12026-01-01',
    '2026-11-21T10:00:00 UTC',
    ' 2026-11-21',
    '2026-11-21\n',
    'infinity',
  ];
  for (const text of bad) assert.equal(parseTimestamp(text), undefined, text);
});

test('an offset must not lead out of the years 1 to 9999', () => {
  assert.equal(parseTimestamp('0001-01-01T00:00:00'), '0001-01-01T00:00:00');
  assert.equal(parseTimestamp('0001-01-01T00:00:00+01:00'), undefined);
  assert.equal(parseTimestamp('9999-12-31T23:59:59.999999Z'), '9999-12-31T23:59:59.999999');
  assert.equal(parseTimestamp('9999-12-31T23:59:59-00:01'), undefined);
});

test('any moment written with any offset comes back as the same moment', () => {
  const moments = fc.date({ min: new Date('0002-01-01Z'), max: new Date('9998-12-31Z'), noInvalidDate: true });
  fc.assert(
    fc.property(moments, fc.integer({ min: -1439, max: 1439 }), (moment, offsetMinutes) => {
      const local = new Date(moment.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1);
      const size = Math.abs(offsetMinutes);
      const offset = `${offsetMinutes < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
      assert.equal(Date.parse(`${parseTimestamp(local + offset)}Z`), moment.getTime());
    }),
  );
});

test("PostgreSQL's times get their T and all six digits back", () => {
  assert.equal(fromPostgres('2026-11-21 00:33:26'), '2026-11-21T00:33:26');
  assert.equal(fromPostgres('2026-11-21 00:33:26.09798'), '2026-11-21T00:33:26.097980');
  assert.equal(fromPostgres('2026-11-21 00:33:26.000001'), '2026-11-21T00:33:26.000001');
});
