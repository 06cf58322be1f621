/**
 * What people see, in golden/*.txt. To write them anew after a change: `PLIMSOLL_UPDATE_GOLDEN=1 node --test` on this file, and read
 * what `git diff` says.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAddress, resourceTypes, State, type Diagnostic, type Plan, type ResourceChange } from '../engine/index.ts';
import { asList, asMap, asSet, record, Sensitive, unknown, type Value } from '../language/index.ts';
import { renderDiagnostics, wrap } from './diagnostics.ts';
import { outputsToJson, planToJson, stateToJson } from './json.ts';
import { jsonView } from './jsonLines.ts';
import { paint } from './paint.ts';
import { renderChange, renderPlan } from './plan.ts';
import { renderState } from './state.ts';
import { textView } from './text.ts';
import { elapsed } from './view.ts';

const plain = paint(false);

function golden(name: string, text: string): void {
  const file = join(import.meta.dirname, 'golden', name);
  if (process.env['PLIMSOLL_UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

function change(
  address: string,
  action: ResourceChange['action'],
  sides: Pick<ResourceChange, 'before' | 'after'>,
  more: Partial<ResourceChange> = {},
) {
  const found = parseAddress(address);
  assert.ok(found, address);
  const schema = resourceTypes[found.type]?.schema ?? {};
  const given: ResourceChange = {
    address: found,
    provider: '',
    schema,
    action,
    createBeforeDestroy: false,
    replacePaths: [],
    ...sides,
    ...more,
  };
  return given;
}

const object = (values: Record<string, Value>) => record(Object.entries(values));
const rule = (port: number) =>
  object({ from_port: port, to_port: port, protocol: 'tcp', cidr_blocks: asList(['0.0.0.0/0']), description: null });
const tags = (values: Record<string, string>) => asMap(Object.entries(values), 'string');
const group = object({
  id: 'sg-1',
  name: 'web',
  description: 'old',
  name_prefix: null,
  tags: tags({ Name: 'web', Gone: 'x', Same: 'y' }),
  egress: asSet([rule(0)]),
  ingress: asSet([rule(80), rule(22)]),
});
const health = (path: string) => asList([object({ path, port: '80', matcher: null })]);

const changes: readonly ResourceChange[] = [
  change('aws_security_group.web', 'update', {
    before: group,
    after: object({ ...group, tags: tags({ Name: 'web2', New: 'x', Same: 'y' }), ingress: asSet([rule(80), rule(443)]) }),
  }),
  change(
    'module.net["eu"].aws_security_group.other',
    'replace',
    { before: group, after: object({ ...group, id: unknown, description: 'new' }) },
    { replacePaths: [['description']], reason: 'replace_because_cannot_update' },
  ),
  change('aws_security_group.gone', 'delete', { before: group, after: undefined }, { reason: 'delete_because_no_resource_config' }),
  change('aws_db_instance.db', 'create', {
    before: undefined,
    after: object({ id: unknown, password: 'secret', username: 'a', tags: null }),
  }),
  change('aws_instance.web[0]', 'create', {
    before: undefined,
    after: object({
      id: unknown,
      ami: 'ami-1',
      root_block_device: unknown,
      vpc_security_group_ids: asSet(['a', unknown]),
      credit_specification: asList([]),
    }),
  }),
  change('aws_lb_target_group.web', 'update', {
    before: object({ id: 'tg', name: 'n', vpc_id: 'v', health_check: health('/'), stickiness: asList([object({ type: 'lb_cookie' })]) }),
    after: object({ id: 'tg', name: 'n', vpc_id: 'v', health_check: health('/up'), stickiness: asList([object({ type: 'lb_cookie' })]) }),
  }),
  change(
    'aws_ecs_service.web',
    'replace',
    {
      before: object({ id: 's', name: 's', load_balancer: asSet([object({ container_port: 1 })]) }),
      after: object({ id: unknown, name: 's', load_balancer: asSet([object({ container_port: 2 })]) }),
    },
    { replacePaths: [['load_balancer']], createBeforeDestroy: true },
  ),
  change(
    'aws_db_instance.tainted',
    'replace',
    { before: object({ id: 'a' }), after: object({ id: unknown }) },
    { reason: 'replace_because_tainted' },
  ),
  change(
    'aws_db_instance.asked',
    'replace',
    { before: object({ id: 'a' }), after: object({ id: unknown }) },
    { reason: 'replace_by_request' },
  ),
  change('aws_db_instance.old', 'delete', { before: object({ id: 'a' }), after: undefined }, { deposed: '12ab34cd' }),
  change(
    'aws_lb.was',
    'no-op',
    { before: object({ id: 'a', name: 'n' }), after: object({ id: 'a', name: 'n' }) },
    { movedFrom: parseAddress('aws_lb.is') },
  ),
  change('aws_lb.kept', 'forget', { before: object({ id: 'a', internal: true }), after: undefined }),
  change('aws_lb.same', 'no-op', { before: object({ id: 'a' }), after: object({ id: 'a' }) }),
  change(
    'data.aws_vpc.main',
    'read',
    { before: undefined, after: object({ id: unknown, default: true }) },
    { reason: 'read_because_config_unknown' },
  ),
];

const outputs: Plan['outputs'] = [
  { name: 'address', action: 'create', before: undefined, after: unknown, sensitive: false },
  { name: 'password', action: 'update', before: 'old', after: new Sensitive('new'), sensitive: true },
  { name: 'ports', action: 'update', before: [80, 81], after: [80, 443], sensitive: false },
  { name: 'gone', action: 'delete', before: 'x', after: undefined, sensitive: false },
  { name: 'same', action: 'no-op', before: 1, after: 1, sensitive: false },
];

const state = new State('lineage', 1);
const plan = (given: Partial<Plan>): Plan =>
  ({
    mode: 'normal',
    targets: [],
    changes: [],
    outputs: [],
    drift: [],
    checks: [],
    warnings: [],
    priorState: state,
    refreshedState: state,
    hasChanges: true,
    ...given,
  }) as unknown as Plan;

const drift = [
  change('aws_lb_target_group.web', 'update', {
    before: object({ id: 'tg', name: 'n', slow_start: 0 }),
    after: object({ id: 'tg', name: 'n', slow_start: 30 }),
  }),
  change('aws_db_instance.db', 'delete', { before: object({ id: 'db' }), after: undefined }),
];

test('a plan', () => golden('plan.txt', renderPlan(plan({ changes, outputs, drift: [...drift, ...changes.slice(-2, -1)] }), plain)));

test('a plan that reads the state anew', () => golden('refresh-only.txt', renderPlan(plan({ mode: 'refresh-only', drift }), plain)));

test('nothing to do, in each mode', () => {
  const modes = ['normal', 'destroy', 'refresh-only'] as const;
  golden('no-changes.txt', modes.map((mode) => renderPlan(plan({ mode, changes: changes.slice(-2, -1) }), plain)).join('---\n'));
  golden('outputs-only.txt', renderPlan(plan({ outputs }), plain));
});

test('a secret stands nowhere in what people see', () => {
  const secret = 'hunter2hunter2';
  const hidden = change('aws_db_instance.db', 'update', {
    before: object({ id: 'a', password: secret, username: new Sensitive(secret), tags: asMap([['a', new Sensitive(secret)]], 'string') }),
    after: object({
      id: 'a',
      password: `${secret}!`,
      username: new Sensitive(`${secret}!`),
      tags: asMap([['a', new Sensitive(`${secret}!`)]], 'string'),
    }),
  });
  const text = renderPlan(
    plan({ changes: [hidden], outputs: [{ name: 'o', action: 'create', before: undefined, after: secret, sensitive: true }] }),
    plain,
  );
  assert.doesNotMatch(text, /hunter2/);
  assert.equal(text.match(/\(sensitive value\)/g)?.length, 4);
});

test('with colours it is the same text', () => {
  const colored = renderPlan(plan({ changes, outputs, drift }), paint(true));
  assert.match(colored, /\x1b\[/);
  assert.equal(colored.replace(/\x1b\[\d+m/g, ''), renderPlan(plan({ changes, outputs, drift }), plain));
});

test('an attribute that becomes sensitive, and one that ceases to be', () => {
  const sides = { before: object({ a: 'x', b: new Sensitive('y') }), after: object({ a: new Sensitive('x'), b: 'y' }) };
  golden('marks.txt', renderChange(change('aws_lb.x', 'update', sides, { schema: {} }), plain));
});

const diagnostics: readonly Diagnostic[] = [
  {
    severity: 'error',
    summary: 'Unsupported argument',
    detail: 'An argument named "nam" is not expected here. Did you mean "name"?',
    range: { file: 'main.tf', line: 12, column: 3 },
    excerpt: '  nam = "x"',
    within: 'resource "aws_lb" "main"',
  },
  {
    severity: 'error',
    summary: 'Invalid function argument',
    detail: 'Invalid value for "str" parameter: string required.',
    range: { file: 'main.tf', line: 14, column: 11 },
    excerpt: '  value = upper(var.names)',
    within: 'output "names"',
    calling: 'upper(str)',
    values: [{ traversal: 'var.names', statement: 'is list of string with 2 elements' }],
  },
  { severity: 'error', summary: 'creating database: it is failed', detail: '', address: 'aws_db_instance.db' },
  {
    severity: 'warning',
    summary: 'Resource targeting is in effect',
    detail: `${'You are creating a plan with the --target option, and what is left out may be needed. '.repeat(2)}\n\n  code stays as it is, however long the line may be, because it begins with a blank`,
  },
];

test('errors and warnings, plain and in boxes', () => {
  golden('diagnostics.txt', renderDiagnostics(diagnostics, plain));
  golden('boxes.txt', renderDiagnostics(diagnostics, paint(true)).replace(/\x1b\[\d+m/g, ''));
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
});

test('progress of an apply', () => {
  let [out, error] = ['', ''];
  const view = textView(
    plain,
    (text) => (out += text),
    (text) => (error += text),
  );
  const [update, , gone] = changes as [ResourceChange, ResourceChange, ResourceChange];
  view.refreshing(update.address, 'sg-1');
  view.started(update, 'update', 'sg-1');
  view.stillRunning(update, 'update', 'sg-1', 10_000);
  view.finished(update, 'update', 'sg-1', 65_000);
  view.started(gone, 'create', undefined);
  view.stillRunning(gone, 'create', undefined, 20_000);
  view.finished(gone, 'create', 'sg-2', 400);
  view.finished(gone, 'delete', 'sg-2', 1400);
  const done = new State('lineage', 1);
  done.outputs.set('url', { value: 'http://web', sensitive: false });
  done.outputs.set('password', { value: 'abc', sensitive: true });
  done.outputs.set('ports', { value: [80], sensitive: false });
  const counts = { imported: 0, added: 1, changed: 2, destroyed: 3 };
  view.applied({ state: done, counts, diagnostics: [], checks: [], cancelled: false }, plan({}));
  view.applied({ state: done, counts, diagnostics: [], checks: [], cancelled: false }, plan({ mode: 'destroy' }));
  view.outputs(done);
  golden('progress.txt', out);
  assert.equal(error, '');
  view.outputs(state);
  assert.match(error, /No outputs found/);
  assert.deepEqual([elapsed(499), elapsed(59_900), elapsed(3_600_000)], ['0s', '1m0s', '60m0s']);
});

test('a state', () => {
  const shown = new State('lineage', 1);
  const aws = 'provider["registry.terraform.io/hashicorp/aws"]';
  const kept = { status: 'ready', sensitive: [], dependencies: [], createBeforeDestroy: false } as const;
  const at = (text: string) => parseAddress(text) ?? assert.fail(text);
  shown.setCurrent(at('aws_db_instance.db'), aws, {
    ...kept,
    attributes: { id: 'db', password: 'secret', port: 5432, tags: { Name: 'db' } },
  });
  shown.setCurrent(at('module.a["x"].module.b.aws_lb.web[1]'), aws, {
    ...kept,
    status: 'tainted',
    sensitive: [['name']],
    attributes: { id: 'lb', name: 'secret' },
  });
  shown.outputs.set('url', { value: 'http://web', sensitive: false });
  const text = renderState(shown, plain);
  assert.doesNotMatch(text, /secret/);
  golden('state.txt', text);
  golden('state.json.golden', `${JSON.stringify(stateToJson(shown), undefined, 2)}\n`);
  assert.equal(renderState(new State(), plain), 'The state is empty. No resources are represented.\n');
});

test('a plan as JSON', () =>
  golden('plan.json.golden', `${JSON.stringify(planToJson(plan({ changes: changes.slice(0, 5), outputs, drift })), undefined, 1)}\n`));

test('one JSON object a line, whatever happens', () => {
  let out = '';
  const view = jsonView((text) => (out += text));
  const [update] = changes as [ResourceChange];
  view.refreshing(update.address, 'sg-1');
  view.planned(plan({ changes, outputs, drift }), 'apply');
  view.started(update, 'update', 'sg-1');
  view.stillRunning(update, 'update', 'sg-1', 10_000);
  view.finished(update, 'update', 'sg-1', 12_000);
  view.failed(update, 'update', new Error('x'), 12_000);
  view.diagnostics(diagnostics);
  const done = new State('lineage', 1);
  done.outputs.set('password', { value: 'hunter2', sensitive: true });
  done.outputs.set('url', { value: 'http://web', sensitive: false });
  view.applied(
    { state: done, counts: { imported: 0, added: 1, changed: 2, destroyed: 3 }, diagnostics: [], checks: [], cancelled: false },
    plan({}),
  );
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(
    lines.every(
      (line) => ['info', 'warn', 'error'].includes(String(line['@level'])) && line['@message'] !== '' && line['@module'] === 'plimsoll.ui',
    ),
  );
  const kinds = [
    'version',
    'refresh_start',
    'resource_drift',
    'planned_change',
    'change_summary',
    'outputs',
    'plan',
    'apply_start',
    'apply_progress',
    'apply_complete',
    'apply_errored',
    'diagnostic',
  ];
  assert.deepEqual([...new Set(lines.map(({ type }) => type))], kinds);
  assert.deepEqual(lines.findLast(({ type }) => type === 'change_summary')?.['changes'], {
    add: 1,
    change: 2,
    import: 0,
    remove: 3,
    operation: 'apply',
  });
  assert.deepEqual(lines.at(-1)?.['outputs'], {
    password: { sensitive: true, type: 'string' },
    url: { sensitive: false, type: 'string', value: 'http://web' },
  });
  assert.doesNotMatch(out, /hunter2/);
  assert.deepEqual(outputsToJson(done.outputs)['password'], { sensitive: true, type: 'string', value: 'hunter2' });
});
