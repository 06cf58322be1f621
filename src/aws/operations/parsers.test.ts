/** Each language that calls carry within a text: whatever stands there, it is read or refused in the service's words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AwsError } from '../codec/error.ts';
import { evaluate, ExpressionError } from './cloudwatch/expression.ts';
import { formatCidr, parseCidr } from './ec2/cidr.ts';
import { checkPolicyDocument } from './iam/documents.ts';
import { MalformedQuery, runQuery } from './logs/insights.ts';
import { matchesPattern } from './logs/pattern.ts';

const runs = Number(process.env['PLIMSOLL_FUZZ_RUNS'] ?? 1000);

/** Texts of a language's own words, in any order, with some that are none of it. */
function words(...known: string[]): fc.Arbitrary<string> {
  const word = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: fc.string({ maxLength: 6 }) });
  return fc.array(word, { maxLength: 20 }).chain((found) => fc.constantFrom(' ', '').map((between) => found.join(between)));
}

/** Holds when every text is read, or refused by one of `refusals`; `read` also when one of the language is. */
function readsOrRefuses(
  texts: fc.Arbitrary<string>,
  read: (text: string) => unknown,
  ...refusals: (new (...given: never[]) => Error)[]
): void {
  const property = fc.property(texts, (text) => {
    try {
      read(text);
    } catch (error) {
      assert.ok(
        refusals.some((kind) => error instanceof kind),
        `${text}: ${String(error)}`,
      );
    }
  });
  fc.assert(property, { numRuns: runs });
}

const series = new Map([['m1', new Map([[0, 1]])]]);

test('fuzz: metric math', () => {
  const texts = words(
    'm1',
    'METRICS',
    'FILL',
    'IF',
    'SUM',
    'RATE',
    '(',
    ')',
    ',',
    '[',
    ']',
    '+',
    '-',
    '/',
    '^',
    '>=',
    '&&',
    '1',
    '2.5e3',
    "'REPEAT'",
  );
  readsOrRefuses(texts, (text) => evaluate(text, series, [...series.values()]), ExpressionError);
  assert.deepEqual([...evaluate('IF(m1 > 0, m1 * 2, 0)', series, [])], [[0, 2]]);
  assert.throws(() => evaluate('('.repeat(100_000), series, []), ExpressionError);
});

test('fuzz: queries of Logs Insights', () => {
  const rows = [{ '@message': 'a', level: 'x' }];
  const commands = ['fields', 'filter', 'stats', 'sort', 'limit', '|', 'level', '@message', 'like', 'in', '[', ']', '=', '!=', '>', 'and'];
  const texts = words(
    ...commands,
    'or',
    'not',
    '(',
    ')',
    ',',
    '"a"',
    '/a+/',
    'count(*)',
    'avg(level)',
    'by',
    'as',
    'desc',
    '10',
    'bin(5m)',
  );
  readsOrRefuses(texts, (text) => runQuery(text, rows), MalformedQuery);
  assert.equal(runQuery('filter level = "x"', rows).rows.length, 1);
});

test('fuzz: filter patterns of logs', () => {
  const texts = words('{', '}', '$.level', '=', '!=', '>', '"x"', '*', '&&', '||', '(', ')', '?', '-', '%', 'ERROR', '"', '[', ']', '+');
  readsOrRefuses(texts, (text) => matchesPattern('{"level":"x"}', text));
  assert.ok(matchesPattern('{"level":"x"}', '{ $.level = "x" }'));
});

test('fuzz: policy documents', () => {
  const key = fc.constantFrom('Version', 'Statement', 'Effect', 'Action', 'Resource', 'Principal', 'Condition', 'Sid', 'Id', 'AWS', '*');
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('2012-10-17', 'Allow', 's3:GetObject', '*', 'arn:aws:s3:::b', null, 1, true),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(key, tie('any'), { maxKeys: 5 }),
    ),
  })).any;
  const texts = fc.oneof(
    value.map((document) => JSON.stringify(document)),
    words('{', '}', '"', ':'),
  );
  for (const kind of ['identity', 'trust'] as const) readsOrRefuses(texts, (text) => checkPolicyDocument(text, kind), AwsError);
  const good = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] };
  checkPolicyDocument(JSON.stringify(good), 'identity');
});

test('fuzz: blocks of addresses', () => {
  const texts = words('10', '256', '0', '.', '/', '16', '33', '-1', ':');
  readsOrRefuses(texts, (text) => {
    const block = parseCidr(text);
    if (block !== undefined) assert.deepEqual(parseCidr(formatCidr(block)), block);
  });
  assert.equal(formatCidr(parseCidr('10.0.0.0/16')!), '10.0.0.0/16');
});
