import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { reveal } from '../../language/index.ts';
import { DiagnosticsError } from '../diagnostics.ts';
import { Desk, errorsOf, inFolder, type Files } from '../testkit.ts';
import { loadConfiguration } from './load.ts';

const load = (files: Files) => new Desk().load(files);
const thing = (body: string): string => `resource "fake_thing" "a" {\n  name = "a"\n  ${body}\n}\n`;

const mistakes: readonly (readonly [name: string, files: Files, errors: readonly (string | RegExp)[]])[] = [
  [
    'an unknown argument',
    thing('sizes = 3'),
    ['3: Unsupported argument: An argument named "sizes" is not expected here. Did you mean "size"?'],
  ],
  ['an unknown block', thing('fan {}'), ['3: Unsupported block type: Blocks of type "fan" are not expected here.']],
  [
    'a block written as an argument',
    thing('disk = []'),
    ['3: Unsupported argument: An argument named "disk" is not expected here. Did you mean to define a block of type "disk"?'],
  ],
  [
    'an argument written as a block',
    thing('labels {}'),
    [
      '3: Unsupported block type: Blocks of type "labels" are not expected here. Did you mean to define argument "labels"? If so, use the equals sign to assign it a value.',
    ],
  ],
  [
    'a missing argument',
    'resource "fake_thing" "a" {}',
    ['1: Missing required argument: The argument "name" is required, but no definition was found.'],
  ],
  [
    'a missing argument in a dynamic block',
    thing('dynamic "disk" {\n for_each = [1]\n content {}\n }'),
    ['5: Missing required argument: The argument "gib" is required, but no definition was found.'],
  ],
  [
    'an attribute that only the provider says',
    thing('address = "x"'),
    [/^3: Value for unconfigurable attribute: Can't configure a value for "address": its value will be decided automatically/],
  ],
  ['a block too many', thing('disk { gib = 1 }\n disk { gib = 2 }'), ['4: Too many disk blocks: No more than 1 "disk" blocks are allowed']],
  [
    'an unknown resource type',
    'resource "fake_thng" "a" {}',
    ['1: Invalid resource type: Plimsoll does not support resource type "fake_thng". Did you mean "fake_thing"?'],
  ],
  [
    'an unknown data source',
    'data "fake_fixed" "a" {}',
    ['1: Invalid data source: Plimsoll does not support data source "fake_fixed". There is a managed resource type of this name.'],
  ],
  [
    'a variable that a module block could not give a value',
    'variable "count" { default = 1 }\n',
    ['1: Invalid variable name: The variable name "count" is reserved due to its special meaning inside module blocks.'],
  ],
  [
    'a name that is none',
    'output "1a" { value = 1 }\n',
    [
      '1: Invalid output name: A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.',
    ],
  ],
  [
    'a local value made of itself',
    'locals { a = "${local.a}b" }\n',
    ['1: Self-referencing local value: Local value local.a cannot use its own result as part of its expression.'],
  ],
  [
    'a change to ignore of what there is not',
    thing('lifecycle { ignore_changes = [sise] }'),
    ['3: Unsupported attribute: This object has no argument, nested block, or exported attribute named "sise". Did you mean "size"?'],
  ],
  [
    'what has moved and is still there',
    `${thing('')}moved {\n  from = fake_thing.a\n  to   = fake_thing.b\n}\n`,
    [
      '6: Moved object still exists: This statement declares a move from fake_thing.a, but that resource is still declared at main.tf:1,1.\n\nChange your configuration so that this resource will be declared as fake_thing.b instead.',
    ],
  ],
  [
    'a condition that looks at nothing',
    thing('lifecycle {\n precondition {\n condition = 1 > 2\n error_message = "no"\n }\n }'),
    [/^5: Invalid precondition expression: The condition expression must refer to at least one object/],
  ],
  [
    'a validation of another variable',
    'variable "a" {\n  validation {\n    condition = var.b > 2\n    error_message = "no"\n  }\n}\nvariable "b" { default = 3 }\n',
    ['3: Invalid variable validation condition: The condition for variable "a" must refer to var.a in order to test incoming values.'],
  ],
  ['a check without a condition', 'check "c" {}\n', ['1: Zero assert blocks: Check blocks must have at least one assert block.']],
  [
    'an undeclared variable',
    thing('size = var.n'),
    [
      '3: Reference to undeclared input variable: An input variable with the name "n" has not been declared. This variable can be declared with a variable "n" {} block.',
    ],
  ],
  [
    'a misspelt variable',
    `variable "count_of" { default = 1 }\n${thing('size = var.count_off')}`,
    [
      '4: Reference to undeclared input variable: An input variable with the name "count_off" has not been declared. Did you mean "count_of"?',
    ],
  ],
  [
    'an undeclared resource',
    thing('note = fake_thing.b.id'),
    ['3: Reference to undeclared resource: A managed resource "fake_thing" "b" has not been declared in the root module.'],
  ],
  [
    'an undeclared data source',
    thing('note = data.fake_thing.b.id'),
    ['3: Reference to undeclared resource: A data resource "fake_thing" "b" has not been declared in the root module.'],
  ],
  [
    'an undeclared module',
    thing('note = module.m.x'),
    ['3: Reference to undeclared module: No module call named "m" is declared in the root module.'],
  ],
  [
    'an attribute that there is not',
    `${thing('')}output "x" { value = fake_thing.a.adress }`,
    ['5: Unsupported attribute: This object has no argument, nested block, or exported attribute named "adress". Did you mean "address"?'],
  ],
  [
    'an attribute of no instance in particular',
    `${thing('count = 2')}output "x" { value = fake_thing.a.id }`,
    [
      /^5: Missing resource instance key: Because fake_thing\.a has "count" set, its attributes must be accessed on specific instances\.\n\nFor example, .*\n {4}fake_thing\.a\[count\.index\]$/,
    ],
  ],
  [
    'an import of what is not declared',
    'import {\n  to = fake_thing.a\n  id = "x"\n}',
    [/^2: Configuration for import target does not exist: .*fake_thing\.a does not exist/],
  ],
  ['a removed block for what is still there', `${thing('')}removed {\n  from = fake_thing.a\n}`, [/^6: Removed resource still exists: /]],
  ['an instance of a single one', `${thing('')}output "x" { value = fake_thing.a[0].id }`, [/^5: Unexpected resource instance key: /]],
  [
    'a root name alone',
    'output "x" { value = var }',
    ['1: Invalid reference: The "var" object cannot be accessed directly. Instead, access one of its attributes.'],
  ],
  ['each without for_each', thing('note = each.key'), [/^3: Reference to "each" in context without for_each: /]],
  ['count without count', thing('size = count.index'), [/^3: Reference to "count" in non-counted context: /]],
  ['self outside of a postcondition', thing('note = self.name'), [/^3: Invalid "self" reference: /]],
  [
    'a resource that refers to itself',
    thing('note = fake_thing.a.id'),
    ['3: Self-referential block: Configuration for fake_thing.a may not refer to itself.'],
  ],
  ['a cycle', 'locals {\n  a = local.b\n  b = local.a\n}\n', [/^Cycle: local\.(a, local\.b|b, local\.a)$/]],
  [
    'a cycle of resources',
    `${thing('note = local.b')}locals {\n  b = fake_thing.b.id\n}\nresource "fake_thing" "b" {\n  name = fake_thing.a.id\n}\n`,
    [/^Cycle: .*fake_thing\.[ab], /],
  ],
  [
    'two resources of one name',
    thing('') + thing(''),
    [
      /^5: Duplicate resource "fake_thing" configuration: A fake_thing resource named "a" was already declared at main\.tf:1\. Resource names must be unique per type in each module\.$/,
    ],
  ],
  [
    'two variables of one name',
    'variable "a" {}\nvariable "a" {}',
    [/^2: Duplicate variable declaration: A variable named "a" was already declared at/],
  ],
  ['two local values of one name', 'locals { a = 1 }\nlocals { a = 2 }', [/^2: Duplicate local value definition: /]],
  ['two outputs of one name', 'output "a" { value = 1 }\noutput "a" { value = 2 }', [/^2: Duplicate output definition: /]],
  ['count and for_each together', thing('count = 1\n for_each = {}'), [/^4: Invalid combination of "count" and "for_each": /]],
  [
    'an unknown top-level block',
    'resuorce "a" "b" {}',
    ['1: Unsupported block type: Blocks of type "resuorce" are not expected here. Did you mean "resource"?'],
  ],
  [
    'a label that is missing',
    'resource "fake_thing" {}',
    ['1: Missing name for resource: All resource blocks must have 2 labels (type, name).'],
  ],
  [
    'an output without value',
    'output "x" {}',
    ['1: Missing required argument: The argument "value" is required, but no definition was found.'],
  ],
  [
    'a lifecycle argument that there is not',
    thing('lifecycle { prevent = true }'),
    ['3: Unsupported argument: An argument named "prevent" is not expected here.'],
  ],
  [
    'a lifecycle argument that is no constant',
    `variable "p" { default = true }\n${thing('lifecycle { prevent_destroy = var.p }')}`,
    ['4: Variables not allowed: Variables may not be used here.'],
  ],
  [
    'a provisioner that reaches into a machine',
    thing('provisioner "remote-exec" {\n inline = ["true"]\n }'),
    [/^3: Unsupported provisioner "remote-exec": .*user_data/],
  ],
  [
    'a provisioner without its command',
    thing('provisioner "local-exec" {}'),
    ['3: Missing required argument: The argument "command" is required, but no definition was found.'],
  ],
  [
    'a provisioner at the end that looks at others',
    `locals { a = 1 }\n${thing('provisioner "local-exec" {\n command = local.a\n when = destroy\n }')}`,
    [/^5: Invalid reference from destroy provisioner: /],
  ],
  [
    'a provisioner at no time',
    thing('provisioner "local-exec" {\n command = "true"\n when = never\n }'),
    ['5: Invalid "when" keyword: The "when" argument requires one of: create or destroy.'],
  ],
  [
    'an argument that the AWS provider has not',
    'provider "aws" {\n  regoin = "x"\n}',
    ['2: Unsupported argument: An argument named "regoin" is not expected here. Did you mean "region"?'],
  ],
  ['a provider that there is no block of', thing('provider = fake.west'), [/^1: Provider configuration not present: /]],
  ['a module from elsewhere', 'module "m" { source = "hashicorp/x/y" }', [/^1: Module not installed: /]],
  ['a module that is not there', 'module "m" { source = "./m" }', [/No such folder/]],
  [
    'a module without a variable that it needs',
    { 'main.tf': 'module "m" { source = "./m" }', 'm/main.tf': 'variable "x" {}' },
    ['1: Missing required argument: The argument "x" is required, but no definition was found.'],
  ],
  [
    'a module with a variable that it has not',
    { 'main.tf': 'module "m" {\n  source = "./m"\n  y = 1\n}', 'm/main.tf': 'locals {}' },
    ['3: Unsupported argument: An argument named "y" is not expected here.'],
  ],
  [
    'an output that a module has not',
    { 'main.tf': 'module "m" { source = "./m" }\noutput "x" { value = module.m.y }', 'm/main.tf': 'locals {}' },
    ['2: Unsupported attribute: This object does not have an attribute named "y".'],
  ],
  [
    'a default of the wrong type',
    'variable "x" {\n  type    = number\n  default = "many"\n}',
    [
      "3: Invalid default value for variable: This default value is not compatible with the variable's type constraint: a number is required.",
    ],
  ],
  [
    'a type that there is not',
    'variable "x" {\n  type = text\n}',
    ['2: Invalid type specification: The keyword "text" is not a valid type specification.'],
  ],
  [
    'all at once',
    `${thing('sizes = 3')}variable "a" {\n  typ = string\n}\n`,
    [
      '6: Unsupported argument: An argument named "typ" is not expected here. Did you mean "type"?',
      '3: Unsupported argument: An argument named "sizes" is not expected here. Did you mean "size"?',
    ],
  ],
];

for (const [name, files, expected] of mistakes) {
  test(`refused: ${name}`, async () => {
    const errors = await errorsOf(load(files));
    assert.equal(errors.length, expected.length, errors.join('\n'));
    for (const wanted of expected)
      assert.ok(errors.some((error) => (typeof wanted === 'string' ? error === wanted : wanted.test(error))), `${String(wanted)} is not in:\n${errors.join('\n')}`); // prettier-ignore
  });
}

test('an error says which block its line stands in, but not of the line that begins it', async () => {
  const error: unknown = await load(thing('sizes = 3')).catch((reason: unknown) => reason);
  assert.ok(error instanceof DiagnosticsError);
  assert.deepEqual([error.diagnostics[0]?.within, error.diagnostics[0]?.excerpt], ['resource "fake_thing" "a"', '  sizes = 3']);
  assert.match(error.message, /^Unsupported argument: .* \(.*main\.tf line 3\)$/);
});

test('JSON configuration and overrides are read like the rest', async () => {
  const desk = new Desk();
  const plan = await desk.plan({
    'main.tf.json': JSON.stringify({
      resource: { fake_thing: { a: { name: 'a', rule: [{ port: 80 }, { port: 443 }], lifecycle: { ignore_changes: ['size'] } } } },
    }),
    'override.tf': 'resource "fake_thing" "a" {\n  size = 7\n}\n',
  });
  const after = plan.changes[0]?.after;
  assert.deepEqual([after?.['size'], Object.keys(after?.['rule'] ?? []).length], [7, 2]);
});

test('variables get their values from many places, of which the last one wins', async () => {
  const declared = ['env', 'file', 'auto', 'flag'].map((name) => `variable "${name}" { default = "default" }\n`).join('');
  const files = {
    'main.tf': declared,
    'terraform.tfvars': 'file = "file"\nauto = "file"\nflag = "file"\n',
    'b.auto.tfvars': 'auto = "b"\nflag = "b"\n',
    'a.auto.tfvars.json': '{"auto": "a"}',
  };
  const environment = { TF_VAR_env: 'env', TF_VAR_file: 'env', TF_VAR_other: 'x', PATH: '/bin' };
  const { variables } = await new Desk().load(files, { variables: { environment, flags: [{ name: 'flag', value: 'one' }, { name: 'flag', value: 'flag' }] } }); // prettier-ignore
  assert.deepEqual([...variables], [['env', 'env'], ['file', 'file'], ['auto', 'b'], ['flag', 'flag']]); // prettier-ignore
});

test('a variable takes text as its type asks for', async () => {
  const files = `
variable "number" { type = number }
variable "list" { type = list(string) }
variable "text" { type = string }
variable "untyped" {}
variable "object" { type = object({ size = optional(number, 3), name = string }) }
variable "hidden" {
  type = string
  sensitive = true
}
variable "never_null" {
  default = "x"
  nullable = false
}`;
  const flags = Object.entries({ number: '3', list: '["a", "b"]', text: '[1]', untyped: '[2]', object: '{ name = "n" }', hidden: 's' }).map(
    ([name, value]) => ({ name, value }),
  );
  const { variables } = await new Desk().load({ 'main.tf': files, 'terraform.tfvars': 'never_null = null' }, { variables: { flags } });
  const shown = JSON.parse(JSON.stringify(Object.fromEntries([...variables].map(([name, value]) => [name, reveal(value)])))) as unknown;
  assert.deepEqual(shown, {
    number: 3,
    list: ['a', 'b'],
    text: '[1]',
    untyped: '[2]',
    object: { size: 3, name: 'n' },
    hidden: 's',
    never_null: 'x',
  });
  assert.equal(variables.get('hidden')?.constructor.name, 'Sensitive');
});

test('values that are missing, of the wrong type or for nobody are errors; in a file the last is a warning', async () => {
  const files = { 'main.tf': 'variable "a" { type = number }\nvariable "b" {}\n', 'terraform.tfvars': 'c = 1\n' };
  const withFlags = (flags: readonly { name: string; value: string }[]) => new Desk().load(files, { variables: { flags } });
  assert.deepEqual(await errorsOf(withFlags([{ name: 'a', value: 'x' }])), [
    '1: Invalid value for input variable: Unsuitable value for var.a set using -var="a=...": a number is required.',
    '2: No value for required variable: The root module input variable "b" is not set, and has no default value. Use a --var or --var-file command line argument to provide a value for this variable.',
  ]);
  assert.match(
    (await errorsOf(withFlags([{ name: 'd', value: 'x' }]))).join(),
    /A variable named "d" was assigned on the command line, but the root module does not declare a variable of that name/,
  );
  const { warnings } = await withFlags([{ name: 'a', value: '1' }, { name: 'b', value: '1' }]); // prettier-ignore
  assert.deepEqual(warnings.map(({ summary }) => summary), ['Value for undeclared variable']); // prettier-ignore
});

test('a --var-file is read where it is', async () => {
  await inFolder({ 'x/main.tf': 'variable "a" {}', 'y/prod.tfvars': 'a = "prod"' }, async (folder) => {
    const { variables } = await loadConfiguration(join(folder, 'x'), { variables: { flags: [{ file: join(folder, 'y/prod.tfvars') }] } });
    assert.equal(variables.get('a'), 'prod');
  });
});

test('a backend other than a file is said to be left alone', async () => {
  const { warnings, backend } = await load('terraform {\n  backend "s3" {\n    bucket = "b"\n  }\n}\n');
  assert.deepEqual([warnings[0]?.summary, backend?.type], ['State is kept locally', 's3']);
  assert.deepEqual((await load('terraform {\n  backend "local" {\n    path = "x"\n  }\n}\n')).warnings, []);
});

test('timeouts are read and left alone, and so is what an AWS provider block says of the real AWS', async () => {
  const { warnings } = await load(`provider "aws" {
  region = "us-east-1"
  profile = "school"
  skip_credentials_validation = true
  endpoints { ec2 = "http://localhost:4566" }
  default_tags { tags = { a = "b" } }
}
${thing('timeouts { create = "30m" }')}`);
  assert.deepEqual(warnings, []);
});

test('an error in a file that cannot be read is told with the block that it stands in', async () => {
  const files = `locals {\n  a = 1\n}\nresource  "fake_thing"   "a" {\n  name = [1 2]\n}\n`;
  await assert.rejects(load(files), (error: unknown) => {
    assert.ok(error instanceof DiagnosticsError);
    assert.deepEqual(error.diagnostics.map(({ within, range }) => [within, range?.line]), [['resource "fake_thing" "a"', 5]]); // prettier-ignore
    return true;
  });
});
