/** The reader of native syntax against HashiCorp's own parser, compiled to WebAssembly: what that takes is taken, what it refuses is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '@cdktn/hcl2json';
import fc from 'fast-check';
import { LanguageError } from './index.ts';
import { parseFile } from './parse/body.ts';
import { Source } from './source.ts';

/** Where and why the text is refused, `2: Missing item separator`; undefined when it is not. */
async function theirs(text: string): Promise<string | undefined> {
  try {
    await parse('x.tf', text);
    return undefined;
  } catch (error) {
    const match = /x\.tf:(\d+),\d+-[\d,]+: ([^;]*);/.exec(String(error));
    assert.ok(match, String(error));
    return `${match[1]}: ${match[2]}`;
  }
}

function ours(text: string): string | undefined {
  try {
    parseFile(new Source('x.tf', text));
    return undefined;
  } catch (error) {
    if (error instanceof LanguageError) return `${error.range?.line}: ${error.summary}`;
    throw error;
  }
}

/** The same texts each time; `FUZZ_SEED=2 FUZZ_RUNS=100000` tries others. */
const fuzzing = { seed: Number(process.env['FUZZ_SEED'] ?? 1), numRuns: Number(process.env['FUZZ_RUNS'] ?? 3000) };

const pieces = [
  'a var.x 1 1.5 "x" "${a}" "a${b}c" ( ) [ ] { } = => : ? , . .* [*] ! - + * && == < true [for x in : {for if ... upper( # // /**/'.split(
    ' ',
  ),
  ['\n', '\n', ' ', ' = ', '\n}', '<<EOT\nx\nEOT\n', '%{ if a }', '%{ endif }', '"%{ if a }b%{ else }c%{ endif }"'],
].flat();

test('a text is taken when HashiCorp takes it, and refused when HashiCorp refuses it', async () => {
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => `a {\n  b = ${parts.join('')}\n}\n`);
  await fc.assert(
    fc.asyncProperty(text, async (each) => {
      const refused = await theirs(each);
      // The package evaluates constants as well as it reads them.
      fc.pre(refused === undefined || !refused.endsWith('Invalid operand'));
      assert.equal(ours(each) === undefined, refused === undefined, `${each}HashiCorp: ${refused}`);
    }),
    fuzzing,
  );
});

test('a heredoc may follow an operator without a space', async () => {
  const text = 'a = b<<<EOT\nx\nEOT\n';
  assert.equal(await theirs(text), undefined);
  assert.equal(ours(text), undefined);
});

const mistakes = [
  'a = 1.5.1\n',
  'a = [1 2]\n',
  'a = {b = 1 c = 2}\n',
  'a = {\n  b\n}\n',
  'a = (1\n',
  'a = f(1 2)\n',
  'a = 1 b = 2\n',
  'a = 1,\n',
  'a = \n',
  "a = 'x'\n",
  'a = true ? 1\n',
  'a = [for x in y x]\n',
  'a = {for x in y : x}\n',
  'a = x.*.*\n',
  'a = "x\n',
  'a = "${x y}"\n',
  'a = "\\q"\n',
  'a = 1\na = 2\n',
  'r "a" {\n',
  'r "a"\n{\n}\n',
  'r\n',
  '"a" = 1\n',
  '= 1\n',
  'r "a" { b = 1 c = 2 }\n',
  'r "a" { b = 1, c = 2 }\n',
  'r "a" { b = 1\n}\n',
  'r "a" { b {} }\n',
  'r "a" { b = 1\n',
  'r "a" {\n  b = 1 }\n',
];
for (const text of mistakes) {
  test(`${JSON.stringify(text)} is refused in the line and with the words that HashiCorp has`, async () => {
    const refused = await theirs(text);
    assert.ok(refused !== undefined);
    assert.equal(ours(text), refused);
  });
}
