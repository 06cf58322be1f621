import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PlimsollError } from '../../base/index.ts';
import { expandDynamic, formatDiagnostic, jsonBlocks, LanguageError, parseModule, parseValuesFile, renderValue, unknown } from './index.ts';
import { testScope } from './testkit.ts';
import type { Block, Body, ModuleSource, Scope, Value } from './types.ts';
import { asSet, record } from './values.ts';

/** Reads a folder of these files, which is gone afterwards. */
async function inFolder<T>(files: Readonly<Record<string, string>>, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-language-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function moduleOf(files: Readonly<Record<string, string>>): Promise<ModuleSource> {
  return inFolder(files, parseModule);
}

/** A body as lines, its attributes evaluated. */
function show(body: Body, scope = testScope()): string[] {
  return [
    ...[...body.attributes].map(([name, expression]) => `${name} = ${renderValue(expression.evaluate(scope)).replace(/\s+/g, ' ')}`),
    ...body.blocks.flatMap((block) => [[block.type, ...block.labels].join(' '), ...show(block.body, scope).map((line) => `  ${line}`)]),
  ];
}

const showAll = (blocks: readonly Block[]): string[] => blocks.flatMap((block) => [[block.type, ...block.labels].join(' '), ...show(block.body).map((line) => `  ${line}`)]); // prettier-ignore

async function errorOf(files: Readonly<Record<string, string>>): Promise<LanguageError> {
  const error: unknown = await moduleOf(files).then(() => undefined, (reason: unknown) => reason); // prettier-ignore
  assert.ok(error instanceof LanguageError, String(error));
  return error;
}

test('blocks of all files come in order of file name and place, hidden and foreign files left out', async () => {
  const { blocks } = await moduleOf({
    'b.tf': 'output "late" { value = 1 }\n',
    'a.tf': 'resource "aws_lb" "main" {\n  name = "x"\n  access_logs { bucket = "b" }\n}\nlocals {}\n',
    '.hidden.tf': 'nonsense',
    'notes.txt': 'nonsense',
    'old.tf~': 'nonsense',
  });
  assert.deepEqual(showAll(blocks), [
    'resource aws_lb main',
    '  name = "x"',
    '  access_logs',
    '    bucket = "b"',
    'locals',
    'output late',
    '  value = 1',
  ]);
});

test('a folder without configuration, or none at all, is an error with its name', async () => {
  await assert.rejects(moduleOf({ 'readme.md': '' }), { code: 'PL_TERRAFORM_SYNTAX', message: /no \.tf or \.tf\.json files/ });
  await assert.rejects(parseModule('/nonexistent/folder'), {
    code: 'PL_TERRAFORM_SYNTAX',
    message: /No such folder \(\/nonexistent\/folder\)/,
  });
});

test('an error names file and line, shows the line, and says what Terraform says', async () => {
  const error = await errorOf({ 'main.tf': 'resource "a" "b" {\n  name = [1 2]\n}\n' });
  assert.equal(error.code, 'PL_TERRAFORM_SYNTAX');
  const text = formatDiagnostic(error, 'resource "a" "b"').replace(error.range?.file ?? '', 'main.tf');
  assert.equal(
    text,
    'Error: Missing item separator\n\n  on main.tf line 2, in resource "a" "b":\n   2:   name = [1 2]\n\nExpected a comma to mark the beginning of the next item.',
  );
  assert.equal(error.range?.column, 13);
});

const mistakes: readonly (readonly [text: string, summary: string, line: number])[] = [
  ['a = 1\n', 'Unsupported argument', 1],
  ['locals {\n  a = 1\n  a = 2\n}\n', 'Attribute redefined', 3],
  ['locals {\n  a = 1 b = 2\n}\n', 'Missing newline after argument', 2],
  ['locals {\n  a = 1\n', 'Unclosed configuration block', 1],
  ['resource "a" "b"\n{\n}\n', 'Invalid block definition', 1],
  ['resource\n', 'Argument or block definition required', 1],
  ["locals {\n  a = 'x'\n}\n", 'Invalid character', 2],
  ['locals {\n  a = 1,\n}\n', 'Unexpected comma after argument', 2],
  ['locals {\n  a = [1].*.*\n}\n', 'Nested splat expression not allowed', 2],
  ['locals {\n  = 1\n}\n', 'Argument or block definition required', 2],
  ['locals {\n  a = "x\n}\n', 'Invalid multi-line string', 2],
  ['locals {\n  a = <<EOT\n  x\n}\n', 'Unterminated template string', 2],
  ['locals {\n  a = <<\n}\n', 'Invalid heredoc anchor', 2],
  ['locals {\n  a = "${1"\n}\n', 'Extra characters after interpolation expression', 2],
  ['locals {\n  a = "%{ if true }x"\n}\n', 'Unexpected end of template', 2],
  ['locals {\n  a = "%{ endif }x"\n}\n', 'Unexpected endif directive', 2],
  ['locals {\n  a = "%{ nope }x"\n}\n', 'Invalid template directive', 2],
  ['/* never\nclosed', 'Unterminated comment', 1],
  ['output "${x}" {}\n', 'Invalid string literal', 1],
  [`locals {\n  a = ${'('.repeat(1000)}1\n}\n`, 'Expression too complex', 2],
];

for (const [text, summary, line] of mistakes) {
  test(`${JSON.stringify(text.slice(0, 40))} is refused as: ${summary}`, async () => {
    const error = await errorOf({ 'main.tf': text });
    assert.deepEqual([error.summary, error.range?.line], [summary, line]);
  });
}

test('override files replace arguments and nested blocks, and add to locals', async () => {
  const { blocks } = await moduleOf({
    'main.tf':
      'resource "a" "b" {\n  x = 1\n  y = 2\n  rule { n = 1 }\n  lifecycle { prevent_destroy = true }\n}\nlocals {\n  l = 1\n  m = 2\n}\n',
    'override.tf': 'locals {\n  l = 5\n}\n',
    'z_override.tf': 'resource "a" "b" {\n  y = 3\n  rule { n = 8 }\n  rule { n = 9 }\n  lifecycle { create_before_destroy = true }\n}\n',
  });
  assert.deepEqual(showAll(blocks), [
    'resource a b',
    '  x = 1',
    '  y = 3',
    '  lifecycle',
    '    prevent_destroy = true',
    '    create_before_destroy = true',
    '  rule',
    '    n = 8',
    '  rule',
    '    n = 9',
    'locals',
    '  l = 5',
    '  m = 2',
  ]);
  const error = await errorOf({ 'main.tf': '', 'override.tf': 'output "x" { value = 1 }\n' });
  assert.equal(error.summary, 'Missing base output declaration to override');
});

const jsonConfiguration = JSON.stringify({
  '//': 'a comment',
  resource: {
    aws_security_group: {
      web: {
        name: '${upper("web")}',
        ingress: [{ from_port: 80 }, { from_port: 443 }],
        depends_on: ['aws_vpc.main'],
        lifecycle: { ignore_changes: ['tags'] },
      },
    },
  },
  variable: { size: { type: 'list(number)', default: [1] } },
  locals: [{ a: 'plain' }, { b: '%{ if true }yes%{ endif }' }],
});

test('JSON configuration reads as native syntax does; strings are templates, names in depends_on are names', async () => {
  const { blocks } = await moduleOf({ 'main.tf.json': jsonConfiguration });
  const [group, variable, ...locals] = blocks;
  assert.ok(group && variable);
  assert.deepEqual([group.type, ...group.labels], ['resource', 'aws_security_group', 'web']);
  assert.equal(group.body.attributes.get('name')?.evaluate(testScope()), 'WEB');
  assert.deepEqual(group.body.attributes.get('depends_on')?.references()[0]?.path, ['aws_vpc', 'main']);
  assert.deepEqual(group.body.blocks[0]?.body.attributes.get('ignore_changes')?.references()[0]?.path, ['tags']);
  assert.deepEqual(locals.flatMap(({ body }) => show(body)), ['a = "plain"', 'b = "yes"']); // prettier-ignore
});

test('what a schema calls blocks is made blocks of a JSON body', async () => {
  const { blocks } = await moduleOf({ 'main.tf.json': jsonConfiguration });
  const body = jsonBlocks((blocks[0] as Block).body, new Set(['ingress']));
  assert.equal(body.attributes.has('ingress'), false);
  assert.deepEqual(body.blocks.filter(({ type }) => type === 'ingress').flatMap((block) => show(block.body)), ['from_port = 80', 'from_port = 443']); // prettier-ignore
});

test('a mistake in JSON, or in a template inside it, has the place in the file', async () => {
  const broken = await errorOf({ 'main.tf.json': '{\n  "locals": {\n    "a": tru\n  }\n}\n' });
  assert.deepEqual([broken.summary, broken.range?.line], ['Invalid JSON', 3]);
  const template = await errorOf({ 'main.tf.json': '{\n  "locals": {\n    "a": "${1 +}"\n  }\n}\n' });
  assert.deepEqual([template.range?.line, template.excerpt?.trim()], [3, '"a": "${1 +}"']);
});

test('a file of values is read in both syntaxes; in JSON strings are nothing but strings', async () => {
  await inFolder(
    { 'a.tfvars': 'image = "x"\nsizes = [1, 2]\n', 'a.tfvars.json': '{"image": "${x}"}', 'b.tfvars': 'block {}\n' },
    async (folder) => {
      const values = await parseValuesFile(join(folder, 'a.tfvars'));
      assert.deepEqual([...values].map(([name, value]) => [name, value.evaluate(testScope())]), [['image', 'x'], ['sizes', [1, 2]]]); // prettier-ignore
      assert.equal((await parseValuesFile(join(folder, 'a.tfvars.json'))).get('image')?.evaluate(testScope()), '${x}');
      await assert.rejects(parseValuesFile(join(folder, 'b.tfvars')), { code: 'PL_TERRAFORM_SYNTAX', message: /Unexpected block/ });
      await mkdir(join(folder, 'c.tfvars'));
      await assert.rejects(parseValuesFile(join(folder, 'c.tfvars')), PlimsollError);
    },
  );
});

const dynamicBlocks = `
resource "a" "b" {
  fixed { n = 0 }
  dynamic "rule" {
    for_each = var.rules
    iterator = it
    labels   = [it.key]
    content {
      port = it.value.port
      dynamic "range" {
        for_each = it.value.ranges
        content {
          text = "\${it.key}: \${range.key} \${range.value}"
        }
      }
    }
  }
}
`;

test('dynamic blocks, nested ones too, give way to the blocks they stand for', async () => {
  const { blocks } = await moduleOf({ 'main.tf': dynamicBlocks });
  const rule = (port: number, ranges: readonly string[]): Value => record([['port', port], ['ranges', ranges]]); // prettier-ignore
  const scope = testScope({ var: record([['rules', record([['web', rule(80, ['x'])], ['db', rule(5432, [])]])]]) }); // prettier-ignore
  const body = expandDynamic((blocks[0] as Block).body, scope);
  assert.deepEqual(show(body, scope), [
    'fixed',
    '  n = 0',
    'rule db',
    '  port = 5432',
    'rule web',
    '  port = 80',
    '  range',
    '    text = "web: 0 x"',
  ]);
});

test('a dynamic block over a set has its elements as keys; over what is not known yet it is one block of unknowns', async () => {
  const { blocks } = await moduleOf({
    'main.tf': 'r "x" {\n  dynamic "b" {\n    for_each = var.s\n    content {\n      k = b.key\n      v = b.value\n    }\n  }\n}\n',
  });
  const body = (blocks[0] as Block).body;
  const over = (value: Value): Scope => testScope({ var: record([['s', value]]) });
  const set = over(asSet(['q', 'p']));
  assert.deepEqual(show(expandDynamic(body, set), set), ['b', '  k = "p"', '  v = "p"', 'b', '  k = "q"', '  v = "q"']);
  const open = over(unknown);
  assert.deepEqual(show(expandDynamic(body, open), open), ['b', '  k = (known after apply)', '  v = (known after apply)']);
  assert.throws(() => expandDynamic(body, over(5)), { code: 'PL_TERRAFORM_EXPRESSION', message: /Invalid dynamic for_each value/ });
});
