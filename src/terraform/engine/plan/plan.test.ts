import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reveal, unknown } from '../../language/index.ts';
import { parseAddress, parseTarget, type InstanceAddress, type Target } from '../address.ts';
import { changesOf, Desk, differences, errorsOf } from '../testkit.ts';
import { UnfinishedPlanError } from './types.ts';

const thing = (name: string, body = ''): string => `resource "fake_thing" "${name}" {\n  name = "${name}"\n  ${body}\n}\n`;
const target = (text: string): Target => parseTarget(text) as Target;

test('what the configuration has is made; planned again nothing is', async () => {
  const desk = new Desk();
  const files = thing('a', 'size = 3') + thing('b', 'note = fake_thing.a.address');
  const plan = await desk.plan(files);
  assert.deepEqual(changesOf(plan), ['create fake_thing.a', 'create fake_thing.b']);
  assert.equal(plan.changes[1]?.after?.['note'], unknown);
  assert.equal(plan.hasChanges, true);
  await desk.applied(files);
  const second = await desk.plan(files);
  assert.deepEqual([changesOf(second), second.drift, second.hasChanges], [[], [], false]);
});

test('planning changes nothing, neither there nor in the state it is given', async () => {
  const desk = new Desk();
  await desk.applied(thing('a'));
  const [before, calls] = [JSON.stringify(desk.state.records), desk.cloud.calls.length];
  await desk.plan(thing('b'));
  assert.equal(JSON.stringify(desk.state.records), before);
  assert.deepEqual(desk.cloud.calls.slice(calls), ['read a']);
});

test('a changed argument changes the thing in place, or replaces it, and what follows from it is unknown', async () => {
  const desk = new Desk();
  await desk.applied(thing('a', 'size = 3'));
  const update = await desk.plan(thing('a', 'size = 4'));
  assert.deepEqual(changesOf(update), ['update fake_thing.a']);
  assert.deepEqual(differences(update.changes[0]!), ['revision: 1 -> (known after apply)', 'size: 3 -> 4']);
  const replace = await desk.plan(thing('a', 'size = 3\n zone = "z"'));
  assert.deepEqual(changesOf(replace), ['replace fake_thing.a (replace_because_cannot_update)']);
  assert.deepEqual(replace.changes[0]?.replacePaths, [['zone']]);
  assert.deepEqual(differences(replace.changes[0]).map((line) => line.split(':')[0]), ['id', 'address', 'revision', 'kind', 'zone', 'rule', 'tags_all']); // prettier-ignore
});

test('count and for_each make instances, and what is gone from them is deleted with its reason', async () => {
  const desk = new Desk();
  const files = (count: number, keys: string): string =>
    thing('a', `count = ${count}\n size = count.index`) + thing('b', `for_each = toset(${keys})\n note = each.value`);
  assert.deepEqual(changesOf(await desk.plan(files(2, '["x", "y"]'))), ['create fake_thing.a[0]', 'create fake_thing.a[1]', 'create fake_thing.b["x"]', 'create fake_thing.b["y"]']); // prettier-ignore
  await desk.applied(files(2, '["x", "y"]'));
  assert.deepEqual(changesOf(await desk.plan(files(1, '["y", "z"]'))), [
    'delete fake_thing.a[1] (delete_because_count_index)',
    'delete fake_thing.b["x"] (delete_because_each_key)',
    'create fake_thing.b["z"]',
  ]);
  assert.deepEqual(changesOf(await desk.plan(thing('c'))).slice(0, 2), [
    'delete fake_thing.a[0] (delete_because_no_resource_config)',
    'delete fake_thing.a[1] (delete_because_no_resource_config)',
  ]);
});

test('when count comes or goes the one that was stays; other keys are deleted', async () => {
  const desk = new Desk();
  await desk.applied(thing('a'));
  const counted = await desk.plan(thing('a', 'count = 2'));
  assert.deepEqual(changesOf(counted), ['create fake_thing.a[1]']);
  assert.equal(counted.changes[0]?.movedFrom?.toString(), 'fake_thing.a');
  await desk.applied(thing('a', 'count = 2'));
  const single = await desk.plan(thing('a'));
  assert.deepEqual(changesOf(single), ['delete fake_thing.a[1] (delete_because_wrong_repetition)']);
});

test('count and for_each must be known before apply', async () => {
  const desk = new Desk();
  const [count] = await errorsOf(desk.plan(thing('a') + thing('b', 'count = fake_thing.a.revision')));
  assert.match(
    count ?? '',
    /^7: Invalid count argument: The "count" value depends on resource attributes that cannot be determined until apply/,
  );
  const [set] = await errorsOf(desk.plan(thing('a') + thing('b', 'for_each = toset([fake_thing.a.address])')));
  assert.match(set ?? '', /^7: Invalid for_each argument: The "for_each" set includes values derived from resource attributes/);
  await desk.plan(thing('a') + thing('b', 'for_each = { x = fake_thing.a.address }\n note = each.value'));
});

const badRepetitions: readonly (readonly [argument: string, error: RegExp])[] = [
  ['count = -1', /Invalid count argument: .*must be greater than or equal to zero/],
  ['count = 1.5', /Invalid count argument: .*whole number/],
  ['count = null', /Invalid count argument: The given "count" argument value is null/],
  ['count = "x"', /Incorrect value type: Invalid expression value: a number is required/],
  ['for_each = ["x"]', /Invalid for_each argument: .*you have provided a value of type tuple/],
  ['for_each = toset([1])', /"for_each" supports maps and sets of strings, but you have provided a set containing type number/],
  ['for_each = null', /the given "for_each" argument value is null/],
  ['for_each = sensitive(toset(["x"]))', /Sensitive values, or values derived from sensitive values, cannot be used as for_each arguments/],
];

for (const [argument, error] of badRepetitions) {
  test(`${argument} is refused`, async () => {
    assert.match((await errorsOf(new Desk().plan(thing('a', argument))))[0] ?? '', error);
  });
}

test('modules are called with their variables, once or often, and give their outputs', async () => {
  const desk = new Desk();
  const files = {
    'main.tf': `
module "web" {
  source   = "./web"
  for_each = { one = 1, two = 2 }
  size     = each.value
}
output "addresses" { value = { for key, web in module.web : key => web.address } }
`,
    'web/main.tf': `
variable "size" { type = number }
${thing('a', 'size = var.size')}
output "address" { value = fake_thing.a.address }
`,
  };
  const plan = await desk.plan(files);
  assert.deepEqual(changesOf(plan), ['create module.web["one"].fake_thing.a', 'create module.web["two"].fake_thing.a']);
  await desk.applied(files);
  assert.deepEqual({ ...(desk.state.outputs.get('addresses')?.value as object) }, { one: 'thing-1.example', two: 'thing-2.example' });
  assert.equal((await desk.plan(files)).hasChanges, false);
  assert.deepEqual(changesOf(await desk.plan({ ...files, 'main.tf': '' })), [
    'delete module.web["one"].fake_thing.a (delete_because_no_module)',
    'delete module.web["two"].fake_thing.a (delete_because_no_module)',
  ]);
});

test('moved blocks give things their new addresses, also into modules', async () => {
  const desk = new Desk();
  await desk.applied(thing('a') + thing('c', 'for_each = toset(["x"])'));
  const plan = await desk.plan({
    'main.tf': `${thing('b').replace('"b"\n', '"a"\n')}
moved {
  from = fake_thing.a
  to   = fake_thing.b
}
moved {
  from = fake_thing.c["x"]
  to   = module.m.fake_thing.c
}
module "m" { source = "./m" }`,
    'm/main.tf': thing('c'),
  });
  assert.deepEqual(changesOf(plan), []);
  assert.deepEqual(plan.changes.map(({ address, movedFrom }) => `${movedFrom?.toString()} -> ${address.toString()}`), ['fake_thing.a -> fake_thing.b', 'fake_thing.c["x"] -> module.m.fake_thing.c']); // prettier-ignore
  assert.equal(plan.hasChanges, true);
});

test('a removed block takes a thing out of the state and leaves it where it is', async () => {
  const desk = new Desk();
  await desk.applied(thing('a'));
  const removed = 'removed {\n  from = fake_thing.a\n  lifecycle {\n    destroy = false\n  }\n}\n';
  assert.deepEqual(changesOf(await desk.plan(removed)), ['forget fake_thing.a (delete_because_no_resource_config)']);
  await desk.applied(removed);
  assert.deepEqual([desk.addresses, desk.cloud.things.size], [[], 1]);
});

test('a removed block in a module speaks of what is in that module', async () => {
  const desk = new Desk();
  const main = 'module "m" {\n  source = "./m"\n  count  = 2\n}\n';
  await desk.applied({ 'main.tf': main, 'm/main.tf': thing('a') });
  const removed = 'removed {\n  from = fake_thing.a\n  lifecycle {\n    destroy = false\n  }\n}\n';
  assert.deepEqual(changesOf(await desk.plan({ 'main.tf': main, 'm/main.tf': removed })), [
    'forget module.m[0].fake_thing.a (delete_because_no_resource_config)',
    'forget module.m[1].fake_thing.a (delete_because_no_resource_config)',
  ]);
});

test('an import block brings in what is there already', async () => {
  const desk = new Desk();
  await desk.applied(thing('a', 'size = 3'));
  desk.state.delete(parseAddress('fake_thing.a') as InstanceAddress);
  const files = `${thing('a', 'size = 4')}import {\n  to = fake_thing.a\n  id = "thing-1"\n}\n`;
  const plan = await desk.plan(files);
  assert.deepEqual([changesOf(plan), plan.changes[0]?.importId], [['update fake_thing.a'], 'thing-1']);
  assert.deepEqual((await desk.applied(files)).counts, { imported: 1, added: 0, changed: 1, destroyed: 0 });
  assert.equal((await desk.plan(files)).hasChanges, false);
  const [missing] = await errorsOf(new Desk().plan(files));
  assert.match(missing ?? '', /Cannot import non-existent remote object/);
});

test('prevent_destroy refuses to delete and to replace', async () => {
  const desk = new Desk();
  const guarded = (zone: string): string => thing('a', `zone = "${zone}"\n lifecycle {\n    prevent_destroy = true\n  }`);
  await desk.applied(guarded('x'));
  assert.match(
    (await errorsOf(desk.plan(guarded('y'))))[0] ?? '',
    /^1: Instance cannot be destroyed: Resource fake_thing\.a has lifecycle\.prevent_destroy set/,
  );
  assert.match((await errorsOf(desk.plan(guarded('x'), { mode: 'destroy' })))[0] ?? '', /Instance cannot be destroyed/);
});

test('ignore_changes leaves alone what it names: an argument, a key of a map, or all', async () => {
  const desk = new Desk();
  const files = (size: number, tag: string, ignored: string): string =>
    thing('a', `size = ${size}\n tags = { Name = "${tag}", Kept = "k" }\n lifecycle {\n ignore_changes = ${ignored}\n }`);
  await desk.applied(files(1, 'x', '[]'));
  assert.deepEqual(changesOf(await desk.plan(files(2, 'x', '[size]'))), []);
  assert.deepEqual(changesOf(await desk.plan(files(1, 'y', '[tags["Name"]]'))), []);
  assert.deepEqual(changesOf(await desk.plan(files(2, 'y', 'all'))), []);
  assert.deepEqual(changesOf(await desk.plan(files(2, 'y', '[tags]'))), ['update fake_thing.a']);
});

test('replace_triggered_by replaces when what it names is changed', async () => {
  const desk = new Desk();
  const files = (size: number, note: string): string =>
    thing('a', `size = ${size}\n note = "${note}"`) +
    thing('b', 'lifecycle {\n replace_triggered_by = [fake_thing.a]\n }') +
    thing('c', 'lifecycle {\n replace_triggered_by = [fake_thing.a.size]\n }');
  await desk.applied(files(1, 'x'));
  assert.deepEqual(changesOf(await desk.plan(files(1, 'y'))), ['update fake_thing.a', 'replace fake_thing.b (replace_by_triggers)']);
  assert.equal(changesOf(await desk.plan(files(2, 'x'))).length, 3);
});

test('create_before_destroy holds for all that something with it depends on', async () => {
  const desk = new Desk();
  const files = (zone: string): string =>
    thing('a', `zone = "${zone}"`) +
    thing('b', `zone = "${zone}"\n note = fake_thing.a.id\n lifecycle {\n create_before_destroy = true\n }`) +
    thing('c', `zone = "${zone}"`);
  await desk.applied(files('x'));
  assert.deepEqual(changesOf(await desk.plan(files('y'))), [
    'replace, create first, fake_thing.a (replace_because_cannot_update)',
    'replace, create first, fake_thing.b (replace_because_cannot_update)',
    'replace fake_thing.c (replace_because_cannot_update)',
  ]);
});

test('a data source is read while planning, or during apply when that cannot be', async () => {
  const desk = new Desk();
  const data = (name: string, more = ''): string =>
    `data "fake_thing" "d" {\n  name = ${name}\n  ${more}\n}\noutput "found" { value = data.fake_thing.d.id }\n`;
  await desk.applied(thing('a'));
  const early = await desk.plan(thing('a') + data('"a"'));
  assert.deepEqual([changesOf(early), early.outputs[0]?.after], [[], 'thing-1']);
  assert.deepEqual(changesOf(await desk.plan(thing('a') + thing('b') + data('fake_thing.b.address'))), [
    'read data.fake_thing.d (read_because_config_unknown)',
    'create fake_thing.b',
  ]);
  const late = thing('a') + thing('b') + data('"b"', 'depends_on = [fake_thing.b]');
  assert.deepEqual(changesOf(await desk.plan(late)), ['read data.fake_thing.d (read_because_dependency_pending)', 'create fake_thing.b']);
  await desk.applied(late);
  assert.equal(desk.state.outputs.get('found')?.value, 'thing-2');
  assert.equal((await desk.plan(late)).hasChanges, false);
});

test('drift is told, and what the configuration says is brought back', async () => {
  const desk = new Desk();
  const files = thing('a', 'size = 3') + thing('b');
  await desk.applied(files);
  desk.cloud.things.set('thing-1', { ...desk.cloud.things.get('thing-1'), size: 9 });
  desk.cloud.things.delete('thing-2');
  const plan = await desk.plan(files);
  assert.deepEqual(plan.drift.map(({ address, action }) => `${action} ${address.toString()}`), ['update fake_thing.a', 'delete fake_thing.b']); // prettier-ignore
  assert.deepEqual(changesOf(plan), ['update fake_thing.a', 'create fake_thing.b']);
  assert.deepEqual(changesOf(await desk.plan(files, { refresh: false })), []);
  const only = await desk.plan(files, { mode: 'refresh-only' });
  assert.deepEqual([changesOf(only), only.hasChanges], [[], true]);
  await desk.applied(files, { mode: 'refresh-only' });
  assert.deepEqual([desk.addresses, desk.state.records[0]?.current?.attributes['size']], [['fake_thing.a'], 9]);
});

test('a tag that somebody else set is drift; a default tag of the provider is none', async () => {
  const desk = new Desk();
  const files = `provider "fake" {\n  default_tags {\n    tags = { Course = "x" }\n  }\n}\n${thing('a', 'tags = { Name = "a" }')}`;
  await desk.applied(files);
  assert.deepEqual(desk.state.records[0]?.current?.attributes['tags'], { Name: 'a' });
  assert.equal((await desk.plan(files)).hasChanges, false);
  desk.cloud.things.set('thing-1', { ...desk.cloud.things.get('thing-1'), tags_all: { Course: 'x', Name: 'a', By: 'hand' } });
  assert.deepEqual(differences((await desk.plan(files)).changes[0]!).slice(1), [
    'tags: tomap({ "By" = "hand" "Name" = "a" }) -> tomap({ "Name" = "a" })',
    'tags_all: tomap({ "By" = "hand" "Course" = "x" "Name" = "a" }) -> tomap({ "Course" = "x" "Name" = "a" })',
  ]);
});

test('with targets only these and what they need is planned', async () => {
  const desk = new Desk();
  const files =
    thing('a') +
    thing('b', 'count = 2\n note = fake_thing.a.id') +
    thing('c', 'note = fake_thing.b[0].id') +
    'output "c" { value = fake_thing.c.id }\n';
  const plan = await desk.plan(files, { targets: [target('fake_thing.b[1]')] });
  assert.deepEqual(changesOf(plan), ['create fake_thing.a', 'create fake_thing.b[1]']);
  assert.deepEqual(plan.outputs, []);
  assert.equal(plan.warnings[0]?.summary, 'Resource targeting is in effect');
  await desk.applied(files);
  assert.deepEqual(changesOf(await desk.plan(files, { mode: 'destroy', targets: [target('fake_thing.b')] })), ['delete fake_thing.b[0]', 'delete fake_thing.b[1]', 'delete fake_thing.c']); // prettier-ignore
});

test('--replace replaces what nothing else asks to', async () => {
  const desk = new Desk();
  await desk.applied(thing('a') + thing('b'));
  const plan = await desk.plan(thing('a') + thing('b'), { replace: [parseAddress('fake_thing.b') as InstanceAddress] });
  assert.deepEqual(changesOf(plan), ['replace fake_thing.b (replace_by_request)']);
});

test('a plan to destroy deletes all that there is, outputs too', async () => {
  const desk = new Desk();
  const files = `${thing('a')}output "id" { value = fake_thing.a.id }\n`;
  await desk.applied(files);
  const plan = await desk.plan(files, { mode: 'destroy' });
  assert.deepEqual([changesOf(plan), plan.outputs.map(({ name, action }) => `${action} ${name}`)], [['delete fake_thing.a'], ['delete id']]); // prettier-ignore
});

test('outputs are told as they change; a sensitive value must be declared so', async () => {
  const desk = new Desk();
  const files = (value: string): string => `output "x" { value = ${value} }\noutput "same" { value = 1 }\n`;
  await desk.applied(files('"a"'));
  const plan = await desk.plan(files('"b"'));
  assert.deepEqual(plan.outputs.map(({ name, action }) => `${action} ${name}`), ['no-op same', 'update x']); // prettier-ignore
  assert.equal(plan.hasChanges, true);
  assert.deepEqual((await desk.plan('')).outputs.map(({ action }) => action), ['delete', 'delete']); // prettier-ignore
  assert.match((await errorsOf(desk.plan(files('sensitive(1)'))))[0] ?? '', /^1: Output refers to sensitive values: To reduce the risk/);
});

test('sensitive values stay so through the plan', async () => {
  const desk = new Desk();
  const files = `variable "key" {\n  default   = "k"\n  sensitive = true\n}\n${thing('a', 'note = "key: ${var.key}"\n secret = "s"')}`;
  const { after } = (await desk.plan(files)).changes[0]!;
  assert.deepEqual([after?.['note'], after?.['secret']].map((value) => [value?.constructor.name, reveal(value ?? null)]), [['Sensitive', 'key: k'], ['Sensitive', 's']]); // prettier-ignore
  await desk.applied(files);
  assert.deepEqual(desk.state.records[0]?.current?.sensitive, [['note']]);
  const { before } = (await desk.plan(files.replace('key:', 'other:'))).changes[0]!;
  assert.equal(before?.['note']?.constructor.name, 'Sensitive');
});

test('a precondition that does not hold refuses the plan; a check only warns', async () => {
  const desk = new Desk();
  const files = (
    size: number,
  ): string => `variable "size" {\n  default = ${size}\n  validation {\n    condition     = var.size < 9\n    error_message = "too large"\n  }\n}
${thing('a', 'size = var.size\n lifecycle {\n precondition {\n condition = var.size > 2\n error_message = "too small: ${var.size}"\n }\n postcondition {\n condition = self.size != 5\n error_message = "five"\n }\n }')}
check "even" {\n  assert {\n    condition     = var.size % 2 == 0\n    error_message = "odd"\n  }\n}\n`;
  assert.match(
    (await errorsOf(desk.plan(files(10))))[0] ?? '',
    /Invalid value for variable: too large\n\nThis was checked by the validation rule at main\.tf:3,3-13/,
  );
  assert.match((await errorsOf(desk.plan(files(1))))[0] ?? '', /^13: Resource precondition failed: too small: 1/);
  assert.match((await errorsOf(desk.plan(files(5))))[0] ?? '', /Resource postcondition failed: five/);
  const plan = await desk.plan(files(3));
  assert.deepEqual(plan.warnings.map(({ summary, detail }) => `${summary}: ${detail}`), ['Check block assertion failed: odd']); // prettier-ignore
  assert.deepEqual(plan.checks.map(({ address, status }) => `${address} ${status}`), ['check.even fail', 'fake_thing.a pass', 'var.size pass']); // prettier-ignore
});

test('terraform_data keeps a value, and replaces when its trigger is another', async () => {
  const desk = new Desk();
  const files = (input: string, trigger: number): string =>
    `resource "terraform_data" "x" {\n  input            = ${input}\n  triggers_replace = ${trigger}\n}\noutput "x" { value = terraform_data.x.output }\n`;
  await desk.applied(files('{ a = [1, "b"] }', 1));
  assert.equal((await desk.plan(files('{ a = [1, "b"] }', 1))).hasChanges, false);
  assert.deepEqual(changesOf(await desk.plan(files('"c"', 1))), ['update terraform_data.x']);
  assert.deepEqual(changesOf(await desk.plan(files('"c"', 2))), ['replace terraform_data.x (replace_because_cannot_update)']);
});

test('what an error keeps from being planned is not told as another error', async () => {
  const errors = await errorsOf(
    new Desk().plan(
      `locals {\n  bad = tonumber("x")\n}\n${thing('a', 'size = local.bad')}${thing('b', 'note = fake_thing.a.id')}output "bad" { value = local.bad }\n`,
    ),
  );
  assert.deepEqual(errors, [
    '2: Invalid function argument: Invalid value for "v" parameter: cannot convert "x" to number; given string must be a decimal representation of a number.',
  ]);
});

test('the data source of a check block that fails is a warning', async () => {
  const desk = new Desk();
  desk.cloud.before = (call) => {
    if (call.startsWith('look up')) throw new Error('nobody there');
  };
  const files = `${thing('a')}check "there" {\n  data "fake_thing" "x" {\n    name = "x"\n  }\n  assert {\n    condition     = data.fake_thing.x.id == "y"\n    error_message = "no"\n  }\n}\n`;
  const plan = await desk.plan(files);
  assert.deepEqual(plan.warnings.map(({ summary, address }) => [summary, address]), [['nobody there', 'data.fake_thing.x'], ['Check block assertion known after apply', undefined]]); // prettier-ignore
  assert.deepEqual(plan.checks.map(({ status }) => status), ['unknown']); // prettier-ignore
});

test('an error leaves the rest of the plan to be told', async () => {
  const desk = new Desk();
  const files = `${thing('a')}${thing('b', 'note = fake_thing.a.id\n count = length(fake_thing.a.id)')}`;
  await assert.rejects(desk.plan(files), (error: unknown) => {
    assert.ok(error instanceof UnfinishedPlanError);
    assert.deepEqual(error.diagnostics.map(({ summary }) => summary), ['Invalid count argument']); // prettier-ignore
    assert.deepEqual(changesOf(error.plan), ['create fake_thing.a']);
    return true;
  });
});

test('an error tells what the names in its line stand for', async () => {
  const files = `variable "ports" { default = [80, 443] }\noutput "x" { value = upper(var.ports) }\n`;
  await assert.rejects(new Desk().plan(files), (error: unknown) => {
    assert.ok(error instanceof UnfinishedPlanError);
    const [found] = error.diagnostics;
    assert.equal(found?.calling, 'upper(str)');
    assert.deepEqual(found.values, [{ traversal: 'var.ports', statement: 'is tuple with 2 elements' }]);
    return true;
  });
});

test('an object that is let go of is told in a warning', async () => {
  const desk = new Desk();
  await desk.applied(thing('a'));
  const plan = await desk.plan('removed {\n  from = fake_thing.a\n  lifecycle {\n    destroy = false\n  }\n}\n');
  assert.deepEqual(changesOf(plan), ['forget fake_thing.a (delete_because_no_resource_config)']);
  assert.match(plan.warnings[0]?.detail ?? '', /will not delete them:\n - fake_thing\.a\n/);
});
