/** Plans and states against the real `terraform`, where there is one: what it plans we plan, and each goes on from the other's state. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { planToJson } from '../render/index.ts';
import { applyPlan } from './apply/apply.ts';
import { loadConfiguration } from './configuration/load.ts';
import { planChanges } from './plan/plan.ts';
import type { Plan } from './plan/types.ts';
import { stateFromText, stateToText } from './state/format.ts';
import { State, type Json, type JsonObject } from './state/state.ts';
import { FakeCloud, inFolder } from './testkit.ts';

const env = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };
const missing = spawnSync('terraform', ['version'], { env, timeout: 20_000 }).status !== 0;
const skip = missing && 'there is no terraform on the PATH';

function terraform(folder: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('terraform', args, { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, stderr);
  return stdout;
}

const module = `
variable "given" {}
resource "terraform_data" "x" {
  input = var.given
}
resource "terraform_data" "y" {
  count = 2
  input = terraform_data.x.id
}
output "out" { value = terraform_data.x.output }
output "path" { value = path.module }
`;

const first = `
variable "v" { default = "one" }
variable "secret" {
  default   = "s3"
  sensitive = true
}
variable "settings" {
  type    = object({ a = optional(string, "x"), b = optional(list(number)) })
  default = {}
}
locals {
  letters = { for letter in toset(["b", "a"]) : letter => upper(letter) }
}
resource "terraform_data" "a" { input = var.v }
resource "terraform_data" "b" { input = terraform_data.a.output }
resource "terraform_data" "c" { triggers_replace = [terraform_data.a.output, var.secret] }
resource "terraform_data" "d" {
  input = 1
  lifecycle { replace_triggered_by = [terraform_data.a] }
}
resource "terraform_data" "e" {
  count = 2
  input = { text = "\${var.v} \${count.index}", settings = var.settings, list = tolist(["a"]), set = toset(["z"]), map = tomap({ a = 1 }) }
  lifecycle {
    ignore_changes        = [input]
    create_before_destroy = true
  }
}
resource "terraform_data" "f" {
  count = 2
  lifecycle { replace_triggered_by = [terraform_data.e[count.index], terraform_data.a.input] }
}
resource "terraform_data" "old" { input = 1 }
resource "terraform_data" "secret" { input = var.secret }
resource "terraform_data" "each" {
  for_each = local.letters
  input    = [each.key, each.value, terraform_data.e[0].id]
}
resource "terraform_data" "single" { input = 5 }
module "m" {
  source = "./module"
  given  = var.v
}
module "n" {
  source   = "./module"
  for_each = local.letters
  given    = module.m.out
}
output "several" { value = [terraform_data.b.output, values(module.n)[*].out, terraform_data.e[*].input.text] }
output "modules" { value = module.n }
output "secret" {
  value     = terraform_data.secret.input
  sensitive = true
}
output "time" { value = length(plantimestamp()) }
output "missing" { value = try(terraform_data.e[5].id, "none") }
output "nothing" { value = null }
`;

/** Things moved, removed, counted, and deleted. */
const second = `${first
  .replace('"old" { input = 1 }', '"new" { input = 1 }')
  .replace(/resource "terraform_data" "d" \{[^}]*\}\n\}/, 'removed {\n  from = terraform_data.d\n  lifecycle { destroy = false }\n}')
  .replace('"single" { input = 5 }', '"single" {\n  count = 2\n  input = 5\n}')
  .replace('["b", "a"]', '["a", "c"]')
  .replace('module "m" {', 'module "other" {')
  .replaceAll('module.m.', 'module.other.')}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
moved {
  from = module.m
  to   = module.other
}
`;

const files = (main: string) => ({ 'main.tf': main, 'module/main.tf': module });

async function ours(folder: string, v: string): Promise<Plan> {
  const configuration = await loadConfiguration(folder, { variables: { flags: [{ name: 'v', value: v }] } });
  return planChanges(configuration, await stateIn(folder), connect);
}

const { connect } = new FakeCloud();

async function stateIn(folder: string): Promise<State> {
  const file = join(folder, 'terraform.tfstate');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? new State() : stateFromText(text, file);
}

/** What a plan in JSON says of resources and outputs, without the ways of saying "nothing". */
function essence(plan: JsonObject): unknown {
  const changes = (plan['resource_changes'] ?? []) as readonly JsonObject[];
  const resources = changes.map(({ address, previous_address: from = null, action_reason: reason = null, change }) => {
    const { actions, before, after, after_unknown: unknown, after_sensitive: sensitive, replace_paths: paths = [] } = change as JsonObject;
    return { address, from, reason, actions, before, after, unknown: marks(unknown), sensitive: marks(sensitive), paths };
  });
  const outputs = Object.entries((plan['output_changes'] ?? {}) as JsonObject).map(([name, change]) => {
    const { actions, before, after = null, after_sensitive: sensitive, after_unknown: unknown } = change as JsonObject;
    return { name, actions, before, after, unknown: marks(unknown), sensitive };
  });
  return { resources, outputs };
}

/** A tree of marks without its false leaves. */
function marks(value: Json | undefined): Json {
  if (value === null || value === undefined || typeof value !== 'object') return value ?? false;
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map(marks);
    return items.some((item) => item !== false) ? items : false;
  }
  const entries = Object.entries(value).flatMap(([key, item]) => (marks(item) === false ? [] : [[key, marks(item)] as const]));
  return entries.length === 0 ? false : Object.fromEntries(entries);
}

async function assertSamePlan(folder: string, v: string): Promise<void> {
  terraform(folder, 'plan', '-input=false', `-var=v=${v}`, '-out=plan');
  const theirs = essence(JSON.parse(terraform(folder, 'show', '-json', 'plan')) as JsonObject);
  assert.deepEqual(essence(JSON.parse(JSON.stringify(planToJson(await ours(folder, v)))) as JsonObject), theirs);
}

test('from nothing, and from the state that terraform wrote, the same is planned', { skip }, async () => {
  await inFolder(files(first), async (folder) => {
    terraform(folder, 'init');
    await assertSamePlan(folder, 'one');
    terraform(folder, 'apply', '-auto-approve');
    await assertSamePlan(folder, 'two');
    await writeFile(join(folder, 'main.tf'), second);
    terraform(folder, 'init');
    await assertSamePlan(folder, 'three');
  });
});

test('terraform finds nothing to change in what we applied, and destroys it', { skip }, async () => {
  await inFolder(files(first), async (folder) => {
    terraform(folder, 'init');
    const { state } = await applyPlan(await ours(folder, 'one'), connect);
    state.serial = 1;
    await writeFile(join(folder, 'terraform.tfstate'), stateToText(state));
    assert.match(terraform(folder, 'plan', '-no-color', '-input=false', '-detailed-exitcode'), /No changes/);
    terraform(folder, 'destroy', '-auto-approve');
    assert.equal((await stateIn(folder)).isEmpty, true);
  });
});
