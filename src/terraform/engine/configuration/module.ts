import { join, relative, resolve } from 'node:path';
import { parseModule, staticPairs, type Block, type Expression } from '../../language/index.ts';
import { configurationError, problem, type Diagnostics } from '../diagnostics.ts';
import type { BlockIndex } from './blockIndex.ts';
import { readImport, readMoved, readOutput, readProvider, readRemoved, readSettings, readVariable } from './declarations.ts';
import { readResource } from './resource.ts';
import {
  checkLabels,
  checkShape,
  conditions,
  constantText,
  dependencies,
  refuseBoth,
  unexpectedArgument,
  unexpectedBlock,
} from './shape.ts';
import type { Backend, CheckDeclaration, ModuleCall, ModuleConfiguration, ResourceDeclaration, Types } from './types.ts';

/** What reading the modules of one configuration shares. */
export interface Reading {
  readonly types: Types;
  readonly found: Diagnostics;
  readonly index: BlockIndex;
}

const known = [
  'resource',
  'data',
  'variable',
  'output',
  'locals',
  'module',
  'provider',
  'terraform',
  'moved',
  'removed',
  'import',
  'check',
];

/** A folder's module with all that it calls. The calls' folders are read one after the other: errors come in their order. */
export async function readModule(
  folder: string,
  path: readonly string[],
  reading: Reading,
): Promise<ModuleConfiguration & { readonly backend: Backend | undefined }> {
  const { found, index } = reading;
  const { blocks } = await parseModule(folder);
  index.add(blocks);
  const of = (type: string): Block[] => blocks.filter((block) => block.type === type);
  const each = <Item>(type: string, read: (block: Block, found: Diagnostics) => Item | undefined): Item[] =>
    of(type).flatMap((block) => read(block, found) ?? []);
  for (const block of blocks) if (!known.includes(block.type)) found.add(unexpectedBlock(block, known, []));
  if (path.length > 0) refuseInCalled(blocks, found);
  const resources = named(
    [
      ...each('resource', (block) => readResource(block, reading.types, found)),
      ...each('data', (block) => readResource(block, reading.types, found)),
      ...scopedData(of('check'), reading),
    ],
    ({ mode, type, name }) => `${mode === 'data' ? 'data.' : ''}${type}.${name}`,
    ({ mode, type, name }, place) =>
      mode === 'data'
        ? [
            `Duplicate data "${type}" configuration`,
            `A ${type} data resource named "${name}" was already declared at ${place}. Resource names must be unique per type in each module.`,
          ]
        : [
            `Duplicate resource "${type}" configuration`,
            `A ${type} resource named "${name}" was already declared at ${place}. Resource names must be unique per type in each module.`,
          ],
    found,
  );
  return {
    path,
    folder,
    ...readSettings(of('terraform'), found),
    variables: named(
      each('variable', readVariable),
      byName,
      says('variable declaration', 'A variable', 'declared', 'Variable names'),
      found,
    ),
    locals: readLocals(of('locals'), found),
    outputs: named(each('output', readOutput), byName, says('output definition', 'An output', 'defined', 'Output names'), found),
    resources,
    calls: await readCalls(of('module'), folder, path, reading),
    providers: named(
      each('provider', readProvider),
      ({ name, alias }) => (alias === undefined ? name : `${name}.${alias}`),
      ({ name, alias }, place) => [
        'Duplicate provider configuration',
        alias === undefined
          ? `A default (non-aliased) provider configuration for "${name}" was already given at ${place}. If multiple configurations are required, set the "alias" argument for alternative configurations.`
          : `A provider configuration for "${name}" with alias "${alias}" was already given at ${place}. Each configuration for the same provider must have a distinct alias.`,
      ],
      found,
    ),
    moved: each('moved', readMoved),
    removed: each('removed', readRemoved),
    imports: each('import', readImport),
    checks: named(
      each('check', readCheck),
      byName,
      says('check block configuration', 'A check block', 'declared', 'Check block names'),
      found,
    ),
  };
}

const byName = ({ name }: { readonly name: string }): string => name;

type Message = readonly [summary: string, detail: string];

/** The words about two of one name. */
const says =
  (what: string, one: string, verb: string, names: string) =>
  ({ name }: { readonly name: string }, place: string): Message => [
    `Duplicate ${what}`,
    `${one} named "${name}" was already ${verb} at ${place}. ${names} must be unique within a module.`,
  ];

function named<Item extends { readonly range: ResourceDeclaration['range'] }>(
  items: readonly Item[],
  key: (item: Item) => string,
  duplicate: (item: Item, place: string) => Message,
  found: Diagnostics,
): Map<string, Item> {
  const map = new Map<string, Item>();
  for (const item of items) {
    const first = map.get(key(item));
    if (first) found.add(problem('error', ...duplicate(item, `${first.range.file}:${first.range.line}`), item.range));
    else map.set(key(item), item);
  }
  return map;
}

function refuseInCalled(blocks: readonly Block[], found: Diagnostics): void {
  for (const { type, range } of blocks)
    if (type === 'import')
      found.add(
        problem(
          'error',
          'Invalid import configuration',
          'An import block was detected in a called module. Import blocks are only allowed in the root module.',
          range,
        ),
      );
}

function readLocals(blocks: readonly Block[], found: Diagnostics): Map<string, Expression> {
  const locals = new Map<string, Expression>();
  for (const { body } of blocks) {
    for (const block of body.blocks) found.add(unexpectedBlock(block, [], []));
    for (const [name, expression] of body.attributes) {
      const first = locals.get(name);
      if (first === undefined) locals.set(name, expression);
      else
        found.add(
          problem(
            'error',
            'Duplicate local value definition',
            `A local value named "${name}" was already defined at ${first.range.file}:${first.range.line}. Local value names must be unique within a module.`,
            expression.range,
          ),
        );
    }
  }
  return locals;
}

function readCheck(block: Block, found: Diagnostics): CheckDeclaration | undefined {
  if (!checkLabels(block, ['name'], found)) return undefined;
  checkShape(block.body, { blocks: ['assert', 'data'] }, block.body.range, found);
  if (!block.body.blocks.some(({ type }) => type === 'assert'))
    found.add(problem('error', 'Zero assert blocks', 'Check blocks must have at least one assert block.', block.range));
  return { name: block.labels[0] ?? '', assertions: conditions(block.body, 'assert', found), range: block.range };
}

/** Data sources that stand in `check` blocks. */
function scopedData(checks: readonly Block[], { types, found }: Reading): ResourceDeclaration[] {
  return checks.flatMap(({ body, labels }) =>
    body.blocks.filter(({ type }) => type === 'data').flatMap((block) => readResource(block, types, found, labels[0]) ?? []),
  );
}

const own = new Set(['source', 'version', 'count', 'for_each', 'depends_on', 'providers']);

async function readCalls(
  blocks: readonly Block[],
  folder: string,
  path: readonly string[],
  reading: Reading,
): Promise<Map<string, ModuleCall>> {
  const calls = new Map<string, ModuleCall>();
  for (const block of blocks) {
    const call = await readCall(block, folder, path, reading);
    if (call === undefined) continue;
    const first = calls.get(call.name);
    if (first)
      reading.found.add(
        problem(
          'error',
          ...says('module call', 'A module call', 'defined', 'Module calls')(call, `${first.range.file}:${first.range.line}`),
          block.range,
        ),
      );
    else calls.set(call.name, call);
  }
  return calls;
}

async function readCall(block: Block, folder: string, path: readonly string[], reading: Reading): Promise<ModuleCall | undefined> {
  const { found } = reading;
  if (!checkLabels(block, ['name'], found)) return undefined;
  const { body, range } = block;
  const name = block.labels[0] ?? '';
  checkShape(body, { required: ['source'], optional: [...body.attributes.keys()] }, body.range, found);
  const source = found.attempt(() => constantText(body, 'source'));
  if (source === undefined) return undefined;
  const called = found.attempt(() => calledFolder(source, folder, body.attributes.get('source')));
  if (called === undefined) return undefined;
  let module: ModuleConfiguration;
  try {
    if (path.length > 20) throw configurationError('Module call cycle', `The module "${name}" calls itself.`, range);
    module = await readModule(called, [...path, name], reading);
  } catch (error) {
    found.fail(error, { range });
    return undefined;
  }
  const call: ModuleCall = {
    name,
    module,
    arguments: new Map([...body.attributes].filter(([key]) => !own.has(key))),
    count: body.attributes.get('count'),
    forEach: body.attributes.get('for_each'),
    dependsOn: dependencies(body, found),
    providers: new Map(providersOf(body.attributes.get('providers'), found)),
    range,
  };
  checkArguments(call, block, found);
  return call;
}

/** The folder of a local module. What lies elsewhere is for `terraform init` to fetch. */
function calledFolder(source: string, folder: string, expression: Expression | undefined): string {
  if (/^\.\.?(\/|$)/.test(source)) return join(folder, source);
  throw configurationError(
    'Module not installed',
    `Plimsoll reads modules from folders beside the configuration: "./modules/web" or "../web". "${source}" lies elsewhere: put a copy into such a folder.`,
    expression?.range,
  );
}

function providersOf(expression: Expression | undefined, found: Diagnostics): readonly (readonly [string, string])[] {
  if (expression === undefined) return [];
  const pairs = staticPairs(expression);
  if (pairs === undefined)
    found.add(
      problem(
        'error',
        'Invalid providers argument',
        'The providers argument takes an object of provider names: { aws = aws.west }.',
        expression.range,
      ),
    );
  return pairs ?? [];
}

function checkArguments({ module, arguments: given, count, forEach }: ModuleCall, { body }: Block, found: Diagnostics): void {
  refuseBoth({ count, forEach }, found);
  for (const [key, { range }] of given)
    if (!module.variables.has(key)) found.add(unexpectedArgument(key, [...module.variables.keys()], [], range));
  for (const { name: key, fallback } of module.variables.values())
    if (fallback === undefined && !given.has(key))
      found.add(
        problem('error', 'Missing required argument', `The argument "${key}" is required, but no definition was found.`, body.range),
      );
}

/** A module's folder as `path.module` says it: from the root module's. */
export function pathFromRoot(root: string, folder: string): string {
  const path = relative(resolve(root), resolve(folder));
  return path === '' ? '.' : path;
}
