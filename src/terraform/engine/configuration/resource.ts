import { didYouMean, staticItems, staticTraversals, type Block, type Body, type Expression } from '../../language/index.ts';
import { problem, type Diagnostics } from '../diagnostics.ts';
import type { Schema } from '../schema.ts';
import type { Path } from '../state/state.ts';
import { readProvisioners } from './provisioner.ts';
import { checkBody, nativeBody } from './schemaCheck.ts';
import { checkLabels, checkShape, conditions, constantFlag, dependencies, providerName, refuseBoth } from './shape.ts';
import type { Lifecycle, ResourceDeclaration, Types } from './types.ts';

const own = new Set(['count', 'for_each', 'depends_on', 'provider']);
const ownBlocks = new Set(['lifecycle', 'connection', 'provisioner', 'timeouts']);
/** How long AWS may take says nothing of a region on this machine: timeouts are read and left alone. */
const timeouts = ['create', 'read', 'update', 'delete', 'default'];

/** A `resource` or `data` block. Undefined when it is too wrong to go on with; what is wrong is in `found`. */
export function readResource(block: Block, types: Types, found: Diagnostics, check?: string): ResourceDeclaration | undefined {
  if (!checkLabels(block, ['type', 'name'], found)) return undefined;
  const mode = block.type === 'data' ? 'data' : 'managed';
  const [type = '', name = ''] = block.labels;
  const schema = schemaOf(mode, type, types, block, found);
  if (schema === undefined) return undefined;
  const { attributes, blocks } = block.body;
  const given: Body = {
    ...block.body,
    attributes: new Map([...attributes].filter(([key]) => !own.has(key))),
    blocks: blocks.filter((inner) => !ownBlocks.has(inner.type)),
  };
  const body = nativeBody(given, schema);
  checkBody(body, schema, found, body.range);
  const [count, forEach] = [attributes.get('count'), attributes.get('for_each')];
  refuseBoth({ count, forEach }, found);
  for (const { type: kind, body: inner } of blocks) if (kind === 'timeouts') checkShape(inner, { optional: timeouts }, inner.range, found);
  return {
    mode,
    type,
    name,
    schema,
    body,
    count,
    forEach,
    provider: providerOf(attributes.get('provider'), type, found),
    dependsOn: dependencies(block.body, found),
    lifecycle: readLifecycle(blocks, mode, schema, found),
    provisioners: readProvisioners(blocks, found),
    ...(check !== undefined && { check }),
    range: block.range,
  };
}

/** Terraform's name of the provider of a type: what stands before the first underscore. */
export function impliedProvider(type: string): string {
  return type.split('_')[0] ?? type;
}

function schemaOf(mode: 'managed' | 'data', type: string, types: Types, { range }: Block, found: Diagnostics): Schema | undefined {
  const known = mode === 'data' ? types.data : types.resources;
  if (Object.hasOwn(known, type)) return known[type]?.schema;
  const [summary, what] = mode === 'data' ? ['Invalid data source', 'data source'] : ['Invalid resource type', 'resource type'];
  const other = mode === 'data' ? types.resources : types.data;
  const instead = types.notSupported?.[type] && ` ${types.notSupported[type]}`;
  const hint = Object.hasOwn(other, type)
    ? ` There is a ${mode === 'data' ? 'managed resource type' : 'data source'} of this name.`
    : (instead ?? didYouMean(type, Object.keys(known)));
  found.add(problem('error', summary, `Plimsoll does not support ${what} "${type}".${hint}`, range));
  return undefined;
}

function providerOf(expression: Expression | undefined, type: string, found: Diagnostics): string {
  if (expression === undefined) return impliedProvider(type);
  return found.attempt(() => providerName(expression)) ?? impliedProvider(type);
}

function readLifecycle(blocks: readonly Block[], mode: 'managed' | 'data', schema: Schema, found: Diagnostics): Lifecycle {
  const lifecycle = blocks.find(({ type }) => type === 'lifecycle');
  const nothing: Lifecycle = {
    createBeforeDestroy: false,
    preventDestroy: false,
    ignoreChanges: [],
    replaceTriggeredBy: [],
    preconditions: [],
    postconditions: [],
  };
  if (lifecycle === undefined) return nothing;
  const { body, range } = lifecycle;
  const optional = ['create_before_destroy', 'prevent_destroy', 'ignore_changes', 'replace_triggered_by'];
  checkShape(body, { optional: mode === 'data' ? [] : optional, blocks: ['precondition', 'postcondition'] }, range, found);
  const triggers = body.attributes.get('replace_triggered_by');
  return {
    createBeforeDestroy: found.attempt(() => constantFlag(body, 'create_before_destroy')) ?? false,
    preventDestroy: found.attempt(() => constantFlag(body, 'prevent_destroy')) ?? false,
    ignoreChanges: readIgnored(body.attributes.get('ignore_changes'), schema, found),
    replaceTriggeredBy: triggers ? staticItems(triggers) : [],
    preconditions: conditions(body, 'precondition', found),
    postconditions: conditions(body, 'postcondition', found),
  };
}

function readIgnored(expression: Expression | undefined, schema: Schema, found: Diagnostics): 'all' | readonly Path[] {
  if (expression === undefined) return [];
  const traversals = staticTraversals(expression);
  if (traversals === undefined) {
    const detail = 'The ignore_changes argument takes a list of argument names, with constant keys in brackets, or the keyword "all".';
    found.add(problem('error', 'Invalid ignore_changes', detail, expression.range));
    return [];
  }
  const paths = traversals.map(({ steps }) => steps.map((step) => ('name' in step ? step.name : step.key)));
  if (paths.length === 1 && paths[0]?.length === 1 && paths[0][0] === 'all') return 'all';
  for (const [index, [first]] of paths.entries()) {
    if (first === undefined || Object.hasOwn(schema, first)) continue;
    const detail = `This object has no argument, nested block, or exported attribute named "${first}".${didYouMean(String(first), Object.keys(schema))}`;
    found.add(problem('error', 'Unsupported attribute', detail, traversals[index]?.range ?? expression.range));
  }
  return paths;
}
