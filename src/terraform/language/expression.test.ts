import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import { convert, LanguageError, parseExpressionText, renderValue, Sensitive, unknown } from './index.ts';
import { evaluateText, testScope } from './testkit.ts';
import type { Expression, Value } from './types.ts';
import { asList, equal, isKnown, isSensitive, record, reveal } from './values.ts';

const place = { file: 'test', line: 1, column: 1 };
const parse = (text: string): Expression => parseExpressionText(text, place);
const paths = (text: string): string[] => parse(text).references().map(({ path }) => path.join('.')); // prettier-ignore

test('references name what an expression needs, indexes left out, names bound by a for left out', () => {
  assert.deepEqual(paths('aws_lb.main[0].dns_name'), ['aws_lb.main.dns_name']);
  assert.deepEqual(paths('data.aws_vpc.main.id'), ['data.aws_vpc.main.id']);
  assert.deepEqual(paths('aws_instance.web[*].id'), ['aws_instance.web.id']);
  assert.deepEqual(paths('aws_instance.web[count.index].id'), ['aws_instance.web.id', 'count.index']);
  assert.deepEqual(paths('[for x in var.list : "${x}-${local.suffix}" if x != each.key]'), ['var.list', 'local.suffix', 'each.key']);
  assert.deepEqual(paths('{ for k, v in var.m : k => v }'), ['var.m']);
  assert.deepEqual(paths('upper(var.a) == "b" ? [var.c] : { (var.d) = -var.e }'), ['var.a', 'var.c', 'var.d', 'var.e']);
  assert.deepEqual(paths('f(module.m.out)[local.i].x'), ['local.i', 'module.m.out']);
});

test('an error of evaluation carries place, excerpt and code', () => {
  assert.throws(
    () => parse('1 +\n"a"').evaluate(testScope()),
    (error: unknown) => error instanceof LanguageError && error.code === 'PL_TERRAFORM_EXPRESSION' && error.range?.line === 1,
  );
});

test('left of && and || settles them before the right is looked at', () => {
  assert.equal(evaluateText('false && nope.x == 1'), false);
  assert.equal(evaluateText('true || nope.x == 1'), true);
});

test('try and can do not hide a name that is not declared', () => {
  assert.throws(() => evaluateText('try(var.nope, 1)'), { code: 'PL_TERRAFORM_EXPRESSION' });
  assert.throws(() => evaluateText('can(aws_lb.nope)'), { code: 'PL_TERRAFORM_EXPRESSION' });
});

test('a name bound by a for may be null and hides the name outside', () => {
  assert.deepEqual(evaluateText('[for x in [null] : x == null]', testScope({ x: 1 })), [true]);
  assert.deepEqual(evaluateText('[for var in [{ a = 1 }] : var.a]'), [1]);
  assert.throws(() => evaluateText('[for my_item in [{ a = 1 }] : my_item.b]'), {
    message: /This object does not have an attribute named "b"/,
  });
});

const secret = testScope({ s: new Sensitive('x'), l: asList([new Sensitive('x'), 'y']), u: unknown });
const marked: readonly string[] = [
  '"a${s}"',
  'upper(s)',
  's == "x"',
  's == "x" ? 1 : 2',
  '{ (s) = 1 }',
  'jsonencode([s])',
  'join(",", l)',
  '"${u}${s}"',
  'toset(l)',
];
for (const text of marked) {
  test(`${text} is sensitive, since s is`, () => {
    const value = evaluateText(text, secret);
    assert.ok(value instanceof Sensitive, renderValue(value));
  });
}

test('a sensitive element leaves its list open, and is sensitive alone', () => {
  const value = evaluateText('concat(l, ["z"])', secret);
  assert.ok(Array.isArray(value) && value[0] instanceof Sensitive && value[2] === 'z');
  assert.equal(evaluateText('length(l)', secret), 2);
  assert.ok(isSensitive(value));
  assert.deepEqual(reveal(value), ['x', 'y', 'z']);
  assert.equal(evaluateText('nonsensitive(s)', secret), 'x');
});

test('a value is known when everything in it is', () => {
  assert.equal(isKnown(evaluateText('[1, { a = u }]', secret)), false);
  assert.equal(isKnown(evaluateText('[1, { a = s }]', secret)), true);
  assert.equal(equal(evaluateText('[1, u]', secret), [1, 2]), unknown);
  assert.equal(equal(evaluateText('[2, u]', secret), [1, 2]), false);
});

test('names such as __proto__ and constructor are keys like any other', () => {
  const value = evaluateText('jsondecode("{\\"__proto__\\": 1}")');
  assert.equal(renderValue(value), '{\n  "__proto__" = 1\n}');
  assert.throws(() => evaluateText('{}.constructor'), { message: /does not have an attribute named "constructor"/ });
  assert.throws(() => evaluateText('templatefile("greeting.tftpl", { xs = [] })'), { message: /vars map does not contain key "name"/ });
});

const conversions: readonly (readonly [value: string, type: string, result: string])[] = [
  ['"5"', 'number', '5'],
  ['5', 'string', '"5"'],
  ['"true"', 'bool', 'true'],
  ['[1, "2"]', 'list(string)', 'tolist([ "1", "2", ])'],
  ['[2, 1, 1]', 'set(number)', 'toset([ 1, 2, ])'],
  ['{ a = 1 }', 'map(string)', 'tomap({ "a" = "1" })'],
  ['{ a = 1, b = 2 }', 'object({ a = string })', '{ "a" = "1" }'],
  ['{}', 'object({ a = optional(number, "3"), b = optional(string) })', '{ "a" = 3 "b" = null }'],
  ['[{}]', 'list(object({ a = optional(object({ b = optional(bool, true) }), {}) }))', 'tolist([ { "a" = { "b" = true } }, ])'],
  ['["a", 1]', 'tuple([string, number])', '[ "a", 1, ]'],
  ['null', 'list(string)', 'null'],
  ['[1, "a"]', 'any', '[ 1, "a", ]'],
  ['[1, "a"]', 'list(any)', 'tolist([ "1", "a", ])'],
  ['["a"]', '"list"', 'tolist([ "a", ])'],
];
for (const [value, type, result] of conversions) {
  test(`${value} as ${type} is ${result}`, () => {
    assert.equal(renderValue(convert(evaluateText(value), parse(type))).replace(/\s+/g, ' '), result);
  });
}

const refusals: readonly (readonly [value: string, type: string, detail: string])[] = [
  ['"x"', 'number', 'a number is required'],
  ['[]', 'string', 'string required'],
  ['{ a = "x" }', 'object({ a = number })', 'attribute "a": a number is required'],
  ['{}', 'object({ a = string, b = number })', 'attributes "a" and "b" are required'],
  ['[{ b = 1 }]', 'list(object({ a = string }))', 'element 0: attribute "a" is required'],
  ['"x"', 'list(string)', 'list of string required'],
  ['[true, {}]', 'list(any)', 'all list elements must have the same type'],
];
for (const [value, type, detail] of refusals) {
  test(`${value} as ${type} is refused: ${detail}`, () => {
    assert.throws(
      () => convert(evaluateText(value), parse(type)),
      (error: unknown) => error instanceof LanguageError && error.code === 'PL_TERRAFORM_TYPE' && error.detail === detail,
    );
  });
}

for (const type of ['strin', 'list', 'object', 'map(string, number)', 'optional(string)', 'object(string)', 'string()', '5 + 5']) {
  test(`a type ${type} is ${type === 'list' ? 'read as Terraform 0.11 wrote it' : 'refused'}`, () => {
    const converted = (): Value => convert([], parse(type));
    if (type === 'list') assert.deepEqual(converted(), []);
    else assert.throws(converted, { code: 'PL_TERRAFORM_SYNTAX', message: /Invalid type specification/ });
  });
}

test('an expression nested too deep to be evaluated is an error, not a crash', () => {
  const chain = `1${' + 1'.repeat(100_000)}`;
  assert.throws(() => evaluateText(chain), PlimsollError);
});

test('dates, identifiers and templates take time and chance from where they are evaluated', () => {
  assert.equal(evaluateText('timestamp()'), '2026-01-02T03:04:05Z');
  assert.equal(evaluateText('uuid()'), '01234567-89ab-4def-8123-456789abcdef');
  assert.equal(evaluateText('"${v.a}"', testScope({ v: record([['a', 1]]) })), 1);
});

const values: Readonly<Record<string, Value>> = {
  var: record([
    ['n', 3],
    ['name', 'x'],
    ['none', null],
    ['ports', asList([1, 2])],
    ['one', record([['a', 1]])],
    ['key', new Sensitive('k')],
    ['later', unknown],
  ]),
};
const explained = (text: string, fault?: 'unknown' | 'sensitive'): string[] =>
  parse(text)
    .explain(testScope(values), fault)
    .map(({ traversal, statement }) => `${traversal} ${statement}`);

test('an expression says what its names stand for, as far as they stand for something', () => {
  assert.deepEqual(explained('var.n > 2 && var.name == "y" || var.n == 1'), ['var.n is 3', 'var.name is "x"']);
  assert.deepEqual(explained('[for p in var.ports : p + var.none]'), ['var.none is null', 'var.ports is list of number with 2 elements']);
  assert.deepEqual(explained('var.one.b[var.n]'), ['var.n is 3', 'var.one is object with 1 attribute "a"']);
  assert.deepEqual(explained('"${var.key}${var.later}${var.nothing}"'), []);
  assert.deepEqual(explained('var.key + var.later', 'sensitive'), ['var.key has a sensitive value']);
  assert.deepEqual(explained('var.key + var.later', 'unknown'), ['var.later will be known only after apply']);
});

test('an error of evaluation says what the names in the faulty part stand for, and in which call', () => {
  assert.throws(
    () => parse('upper(var.ports) == lower(var.name)').evaluate(testScope(values)),
    (error: unknown) => {
      assert.ok(error instanceof LanguageError);
      assert.equal(error.calling, 'upper(str)');
      assert.deepEqual(error.values, [{ traversal: 'var.ports', statement: 'is list of number with 2 elements' }]);
      return true;
    },
  );
});
