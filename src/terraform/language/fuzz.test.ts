import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PlimsollError } from '../../base/index.ts';
import { parseExpressionText, renderValue } from './index.ts';
import { parseFile } from './parse/body.ts';
import { parseJsonFile } from './parse/json.ts';
import { Source } from './source.ts';
import { evaluateText, testScope } from './testkit.ts';
import type { Body, Value } from './types.ts';
import { quoted } from './render.ts';
import { equal, record } from './values.ts';

const place = { file: 'fuzz', line: 1, column: 1 };

/** Pieces of the grammar in any order: most texts made of them are wrong, and many nearly right. */
const pieces = [
  'a var for in if else endif endfor true null 0 1.5 1e9 " "x" \\n \\u00e9 \\ ( ) [ ] { } ${ %{ ~} ${~ $${ = == => : ? , . ... .*'.split(
    ' ',
  ),
  '[*] ! - + * / % && || < >= # // /* */ upper( join( toset( é 😀 ::'.split(' '),
  ['<<EOT\n', '<<-EOT\n', 'EOT\n', '\n', '\r\n', ' ', '\t', '\0'],
].flat();
const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(''));
const inputs = fc.oneof(soup, fc.string({ unit: 'binary', maxLength: 60 }));

/** Passes when `work` ends, or refuses with an error of ours. */
function endsWell(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error;
    assert.match(error.code, /^PL_TERRAFORM_/);
  }
}

function evaluateAll(body: Body): void {
  for (const expression of body.attributes.values()) {
    expression.references();
    endsWell(() => renderValue(expression.evaluate(testScope())));
  }
  for (const block of body.blocks) evaluateAll(block.body);
}

test('no text makes the reader of files fail but with an error of its own', () => {
  fc.assert(
    fc.property(inputs, (text) => {
      endsWell(() => evaluateAll(parseFile(new Source('fuzz.tf', text))));
      endsWell(() => evaluateAll(parseFile(new Source('fuzz.tf', `a "b" {\n  c = ${text}\n}\n`))));
    }),
    { numRuns: 3000 },
  );
});

test('no text makes an expression fail but with an error of its own', () => {
  fc.assert(
    fc.property(inputs, (text) => {
      endsWell(() => {
        const expression = parseExpressionText(text, place);
        expression.references();
        renderValue(expression.evaluate(testScope()));
      });
    }),
    { numRuns: 5000 },
  );
});

test('no text makes the reader of JSON fail but with an error of its own', () => {
  const jsonPieces = '{ } [ ] " : , "a" "${1}" "${" "resource" 1 - null tru \n \\u //'.split(' ');
  const jsonSoup = fc.array(fc.constantFrom(...jsonPieces), { maxLength: 30 });
  fc.assert(
    fc.property(
      fc.oneof(
        jsonSoup.map((parts) => parts.join('')),
        fc.json(),
      ),
      (text) => {
        for (const configuration of [true, false])
          endsWell(() => evaluateAll(parseJsonFile(new Source('fuzz.tf.json', text), configuration)));
      },
    ),
    { numRuns: 3000 },
  );
});

/** Functions are given all kinds of arguments. */
test('no argument makes a function fail but with an error of the language', async () => {
  const { functions } = await import('./functions/index.ts');
  const value = fc.oneof(
    fc.constantFrom('null', 'true', '0', '-1', '1.5', '1e30', '[]', '{}', '[1, "a"]', '{ a = [] }', 'toset(["a"])', 'u', 's', '""', '"10.0.0.0/8"', '"2020-01-01T00:00:00Z"', '"(a)"', '"%s"'), // prettier-ignore
    fc.string({ maxLength: 8 }).map(quoted),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((number) => number.toFixed(3)),
  );
  const { Sensitive, unknown } = await import('./types.ts');
  const scope = testScope({ u: unknown, s: new Sensitive('s') });
  // bcrypt takes hours by design when its cost is high.
  const names = [...functions.keys(), 'try', 'can'].filter((name) => name !== 'bcrypt');
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.array(value, { maxLength: 4 }), (name, args) => {
      endsWell(() => renderValue(evaluateText(`${name}(${args.join(', ')})`, scope)));
    }),
    { numRuns: 10_000 },
  );
});

const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(fc.string({ maxLength: 5 }), tie('value')), { maxLength: 4 }).map((entries) => record(entries)),
  ),
})).value;

test('what is encoded as JSON or YAML decodes to the same value', () => {
  fc.assert(
    fc.property(values, (value) => {
      const scope = testScope({ v: value });
      assert.equal(equal(evaluateText('jsondecode(jsonencode(v))', scope), value), true);
      assert.equal(equal(evaluateText('yamldecode(yamlencode(v))', scope), value), true);
    }),
    { numRuns: 500 },
  );
});

test('a text quoted is the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(evaluateText(quoted(text.toWellFormed())), text.toWellFormed());
    }),
  );
});

test('operators bind and group as arithmetic does', () => {
  const expression = fc.letrec<{ e: string }>((tie) => ({
    e: fc.oneof(
      { depthSize: 'medium' },
      fc.nat(99).map(String),
      fc.tuple(tie('e'), fc.constantFrom('+', '-', '*'), tie('e')).map((parts) => parts.join(' ')),
      tie('e').map((inner) => `(${inner})`),
    ),
  })).e;
  fc.assert(
    fc.property(expression, (text) => {
      const expected = new Function(`return ${text}`)() as number; // eslint-disable-line no-new-func, typescript/no-implied-eval
      if (Number.isSafeInteger(expected)) assert.equal(evaluateText(text), expected === 0 ? 0 : expected);
    }),
  );
});
