import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedQuery, runQuery, type Row } from './insights.ts';

const rows: Row[] = [
  { '@timestamp': '2026-01-01 00:06:00.000', '@message': 'ERROR | disk', level: 'error', ms: '30', '@ptr': 'c' },
  { '@timestamp': '2026-01-01 00:04:00.000', '@message': 'ok', level: 'info', ms: '100', '@ptr': 'b' },
  { '@timestamp': '2026-01-01 00:01:00.000', '@message': 'ok', level: 'info', ms: '9', '@ptr': 'a' },
];
const pointers = (query: string): (string | undefined)[] => runQuery(query, rows).rows.map((row) => row['@ptr']);

test('a query without filters shows what it names of every row, in the order it came', () => {
  assert.deepEqual(runQuery('fields @timestamp, level', rows).shown, ['@timestamp', 'level']);
  assert.deepEqual(pointers('fields @message'), ['c', 'b', 'a']);
});

test('filters compare numbers as numbers, match texts and expressions, and bind as and, or, not and brackets say', () => {
  assert.deepEqual(pointers('filter ms > 9'), ['c', 'b']);
  assert.deepEqual(pointers('filter @message like /^ERR/'), ['c']);
  assert.deepEqual(pointers("filter @message not like 'o'"), ['c']);
  assert.deepEqual(pointers('filter level = "info" and (ms < 10 or ms >= 100)'), ['b', 'a']);
  assert.deepEqual(pointers('filter not level in ["info", "warn"]'), ['c']);
  assert.deepEqual(pointers('filter @message = "ERROR | disk"'), ['c'], 'a bar in quotes ends no command');
  assert.deepEqual(pointers('filter missing != 1'), [], 'a row without the field matches no comparison');
});

test('sort, dedup and limit follow in the order they are written', () => {
  assert.deepEqual(pointers('sort ms asc'), ['a', 'c', 'b']);
  assert.deepEqual(pointers('sort ms | limit 1'), ['b']);
  assert.deepEqual(pointers('dedup level | sort @timestamp asc'), ['b', 'c']);
});

test('stats fold rows by fields and by spans of time', () => {
  assert.deepEqual(runQuery('stats count(*) as n, avg(ms), max(ms) by level | sort n desc', rows).rows, [
    { level: 'info', n: '2', 'avg(ms)': '54.5', 'max(ms)': '100' },
    { level: 'error', n: '1', 'avg(ms)': '30', 'max(ms)': '30' },
  ]);
  assert.deepEqual(
    runQuery('stats count() by bin(5m)', rows).rows.map((row) => [row['bin(5m)'], row['count()']]),
    [
      ['2026-01-01 00:05:00.000', '1'],
      ['2026-01-01 00:00:00.000', '2'],
    ],
  );
});

test('what is no query is refused with where it goes wrong', () => {
  for (const text of ['test', 'filter a', 'filter (a = 1', 'limit x', 'stats median(x)', 'filter a like /(/', 'filter a = 1 b'])
    assert.throws(() => runQuery(text, rows), MalformedQuery, text);
});
