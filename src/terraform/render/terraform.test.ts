import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAddress, valueFromJson, type Json, type JsonObject, type ResourceChange } from '../engine/index.ts';
import { isRecord, record, Sensitive, unknown, type Value } from '../language/index.ts';
import { paint } from './paint.ts';
import { renderChange } from './plan.ts';

/**
 * Plans as Terraform itself prints them: a configuration is applied and changed, and what `terraform plan` says of each resource
 * is compared with what we say of the same change.
 */

const env = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };
const terraform = spawnSync('terraform', ['version'], { env, timeout: 20_000 }).status === 0;
const plain = paint(false);

/** Each input before and after. */
const inputs: Readonly<Record<string, readonly [string, string]>> = {
  text: ['"a"', '"b"'],
  kinds: ['[1]', '{ a = 1 }'],
  nothing: ['"a"', 'null'],
  something: ['null', '{ a = [], b = {}, c = null }'],
  lists: ['["a", "b", "c", "d", "e", "f"]', '["a", "b", "x", "d", "e", "f"]'],
  shorter: ['["a", "b", "c", "d", "e"]', '["a", "c", "d", "e"]'],
  longer: ['["a", "b", "c"]', '["a", "x", "y", "c"]'],
  shifted: ['["a", "b", "c"]', '["b", "c", "d"]'],
  objects: ['[{ n = "a", v = 1 }, { n = "b", v = 2 }]', '[{ n = "z", v = 1 }, { n = "a", v = 1 }, { n = "b", v = 3 }]'],
  nested: [
    '{ a = 1, id = "i", n = { x = 1, y = 2, z = 3 }, "two words" = [1] }',
    '{ id = "i", n = { x = 1, y = 5, z = 3 }, "two words" = [1, 2] }',
  ],
  emptied: ['{ a = ["x"], b = { c = 1 } }', '{ a = [], b = {} }'],
  lines: ['"a\\nb\\nc\\n"', '"a\\nX\\nc\\n"'],
  line: ['"a\\nb"', '"a"'],
  marker: ['"x"', '"a\\n EOT\\nb"'],
  json: [
    'jsonencode([{ cpu = 2, name = "x", env = [{ n = "a", v = "b" }] }])',
    'jsonencode([{ cpu = 1, name = "x", env = [{ n = "a", v = "c" }] }])',
  ],
  spaces: ['"{\\"a\\":1}"', '"{ \\"a\\": 1 }"'],
  words: ['jsonencode({ a = 1 })', '"text"'],
  escapes: ['"$${a} %%{b} \\"c\\" \\t"', '"\\\\ é"'],
  numbers: ['1', '1234567890.5'],
};

const fileOf = (side: 0 | 1): string =>
  Object.entries(inputs)
    .map(([name, sides]) => `resource "terraform_data" "${name}" {\n  input = ${sides[side]}\n}\n`)
    .join('') + repeated(side);

const repeated = (side: 0 | 1): string => `
resource "terraform_data" "counted" {
  count = ${side === 0 ? 2 : 1}
  input = "n\${count.index}"
}
resource "terraform_data" "each" {
  for_each = toset(["${side === 0 ? 'a' : 'b'}"])
  input = sensitive("e")
}
resource "terraform_data" "first" {
  triggers_replace = { a = ${side}, b = 2 }
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "last" {
  triggers_replace = [${side}]
  input = terraform_data.first.id
}
`;

interface Change {
  readonly address: string;
  readonly action_reason?: ResourceChange['reason'];
  readonly change: {
    readonly actions: readonly string[];
    readonly before: JsonObject | null;
    readonly after: JsonObject | null;
    readonly after_unknown: Json;
    readonly before_sensitive: Json;
    readonly after_sensitive: Json;
    readonly replace_paths?: ResourceChange['replacePaths'];
  };
}

/** A side of a change as the engine has it. */
function side(values: JsonObject | null, sensitive: Json, unknowns: Json = false): { readonly [name: string]: Value } | undefined {
  if (values === null) return undefined;
  const value = mark(valueFromJson(values), valueFromJson(sensitive), valueFromJson(unknowns));
  assert.ok(isRecord(value));
  return value;
}

function mark(value: Value, sensitive: Value, unknowns: Value): Value {
  if (unknowns === true) return unknown;
  if (sensitive === true) return new Sensitive(value);
  const part = (marks: Value, key: string): Value =>
    marks !== null && typeof marks === 'object' ? ((marks as Record<string, Value>)[key] ?? null) : null;
  if (Array.isArray(value)) return value.map((item: Value, at) => mark(item, part(sensitive, String(at)), part(unknowns, String(at))));
  if (value === null || !isRecord(value)) return value;
  const keys = new Set([...Object.keys(value), ...(unknowns !== null && isRecord(unknowns) ? Object.keys(unknowns) : [])]);
  return record([...keys].map((key) => [key, mark(value[key] ?? null, part(sensitive, key), part(unknowns, key))]));
}

function ours({ address, action_reason, change }: Change): string {
  const found = parseAddress(address);
  assert.ok(found, address);
  const actions: Readonly<Record<string, ResourceChange['action']>> = {
    create: 'create',
    update: 'update',
    delete: 'delete',
    'no-op': 'no-op',
  };
  return renderChange(
    {
      address: found,
      provider: '',
      schema: {},
      action: change.actions.length > 1 ? 'replace' : (actions[change.actions[0] ?? ''] ?? 'no-op'),
      createBeforeDestroy: change.actions[0] === 'create',
      before: side(change.before, change.before_sensitive),
      after: side(change.after, change.after_sensitive, change.after_unknown),
      replacePaths: change.replace_paths ?? [],
      reason: action_reason,
    },
    plain,
  );
}

test('a plan reads as Terraform’s does', { skip: terraform ? false : 'no terraform on the PATH', timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-plan-'));
  const run = (...args: string[]): string =>
    execFileSync('terraform', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 16 << 20 });
  try {
    writeFileSync(join(folder, 'main.tf'), fileOf(0));
    run('init', '-no-color');
    run('apply', '-no-color', '-auto-approve');
    writeFileSync(join(folder, 'main.tf'), fileOf(1));
    const text = run('plan', '-no-color', '-out=plan');
    const { resource_changes: changes } = JSON.parse(run('show', '-json', 'plan')) as { resource_changes: Change[] };
    // One part for each resource: its comments, and lines up to the closing brace.
    const theirs = new Map([...text.matchAll(/^ {2}# (\S+) (?:will|must|is)[^]*?^ {4}\}\n/gm)].map((part) => [part[1], part[0]]));
    assert.ok(theirs.size > Object.keys(inputs).length);
    for (const change of changes.filter(({ change: { actions } }) => actions[0] !== 'no-op'))
      // Of values without a type Terraform does not say that a part of them forces the replacement; of typed ones it does.
      assert.equal(ours(change).replace(/(?<=[[{]) # forces replacement/g, ''), theirs.get(change.address), change.address);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
