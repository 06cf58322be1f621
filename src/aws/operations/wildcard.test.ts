import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wildcard } from './wildcard.ts';

test('runs, single characters, and what is taken literally', () => {
  const matches = (pattern: string, text: string): boolean => wildcard(pattern)(text);
  assert.ok(matches('web-*', 'web-'));
  assert.ok(matches('web-*-?', 'web-a-b-c'));
  assert.ok(!matches('web-?', 'web-'));
  assert.ok(!matches('web', 'web-1'));
  assert.ok(matches('\\*\\?\\\\', '*?\\'));
  assert.ok(!matches('\\*', 'a'));
  assert.ok(matches('a.c', 'a.c') && !matches('a.c', 'abc'));
  assert.ok(matches('*', '') && matches('', '') && !matches('', 'a'));
});

test('the same as by a regular expression', () => {
  const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 8 }).map((parts) => parts.join(''));
  const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 10 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(pattern, text, (wanted, given) => {
      const expression = new RegExp(`^${wanted.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      assert.equal(wildcard(wanted)(given), expression.test(given));
    }),
    { numRuns: 2000 },
  );
});

test('a pattern of many runs comes to its end', () => {
  assert.equal(wildcard(`${'*a'.repeat(100)}*b`)('a'.repeat(10_000)), false);
});
