import {
  convertTo,
  expandDynamic,
  expressionError,
  Mismatch,
  record,
  reveal,
  typeError,
  Unknown,
  unknown,
  type Block,
  type Body,
  type Expression,
  type Scope,
  type Value,
} from '../../language/index.ts';
import type { ResourceObject } from '../plan/types.ts';
import { objectType, type NestedBlock, type Schema } from '../schema.ts';

/**
 * What a body says, by the names of the schema. What it does not say is null; blocks are lists or sets of such objects, null
 * where the schema leaves them to the provider.
 * @throws LanguageError
 */
export function evaluateBody(body: Body, schema: Schema, scope: Scope): ResourceObject {
  const open = unknownBlocks(body, scope);
  const expanded = expandDynamic(body, scope);
  const out = record();
  for (const [name, item] of Object.entries(schema)) {
    const expression = expanded.attributes.get(name);
    if (item.kind === 'block') out[name] = open.has(name) ? unknown : blocksOf(name, item, expression, expanded.blocks, scope);
    else if (expression === undefined) out[name] = null;
    else {
      out[name] = typed(name, expression, scope, item.type);
      if (item.required === true && reveal(out[name]) === null) throw missing(name, expression);
    }
  }
  return out;
}

function typed(name: string, expression: Expression, scope: Scope, type: Parameters<typeof convertTo>[1]): Value {
  const value = expression.evaluate(scope);
  try {
    return convertTo(value, type);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const detail = `Inappropriate value for attribute "${name}": ${error.message}.`;
    const fault = typeError(detail, expression.range, 'Incorrect attribute value type');
    fault.values = expression.explain(scope);
    throw fault;
  }
}

const missing = (name: string, { range }: Expression): Error =>
  expressionError('Missing required argument', `The argument "${name}" is required, but no definition was found.`, range);

/** The types whose `dynamic` blocks go over something not known yet: how many blocks there will be is not known either. */
function unknownBlocks(body: Body, scope: Scope): Set<string> {
  const dynamic = body.blocks.filter(({ type }) => type === 'dynamic');
  const open = dynamic.filter((block) => reveal(block.body.attributes.get('for_each')?.evaluate(scope) ?? null) instanceof Unknown);
  return new Set(open.map(({ labels }) => labels[0] ?? ''));
}

function blocksOf(name: string, item: NestedBlock, attribute: Expression | undefined, blocks: readonly Block[], scope: Scope): Value {
  const type = { kind: item.collection, of: objectType(item.schema) } as const;
  // A list of objects may take the place of blocks that a provider fills in, so that `[]` can say: none.
  if (attribute !== undefined) return typed(name, attribute, scope, type);
  const own = blocks.filter((block) => block.type === name);
  if (own.length === 0 && item.computed === true) return null;
  const values = own.map((block) => evaluateBody(block.body, item.schema, scope));
  return convertTo(values, type);
}
