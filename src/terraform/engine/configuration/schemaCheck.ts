import { jsonBlocks, type Block, type Body, type Range } from '../../language/index.ts';
import { problem, type Diagnostics } from '../diagnostics.ts';
import type { Argument, NestedBlock, Schema } from '../schema.ts';
import { missingArgument, unexpectedArgument, unexpectedBlock } from './shape.ts';

/** A body in which all that the schema calls blocks is blocks, at any depth: in JSON only the schema can tell. */
export function nativeBody(body: Body, schema: Schema): Body {
  const nested = Object.entries(schema).filter((entry): entry is [string, NestedBlock] => entry[1].kind === 'block');
  const { attributes, blocks, range } = jsonBlocks(body, new Set(nested.map(([name]) => name)));
  return { attributes, blocks: blocks.map((block) => nativeBlock(block, schema)), range };
}

function nativeBlock(block: Block, schema: Schema): Block {
  const inner = schema[block.type === 'dynamic' ? (block.labels[0] ?? '') : block.type];
  if (inner?.kind !== 'block') return block;
  if (block.type !== 'dynamic') return { ...block, body: nativeBody(block.body, inner.schema) };
  const blocks = block.body.blocks.map((content) =>
    content.type === 'content' ? { ...content, body: nativeBody(content.body, inner.schema) } : content,
  );
  return { ...block, body: { ...block.body, blocks } };
}

/** Finds arguments and blocks that the schema does not know, that are missing, or that are not for a configuration to say. */
export function checkBody(body: Body, schema: Schema, found: Diagnostics, range: Range): void {
  const [names, blocks] = namesOf(schema);
  for (const [name, { range: place }] of body.attributes) {
    const item = itemOf(schema, name);
    if (item === undefined || (item.kind === 'block' && item.computed !== true)) found.add(unexpectedArgument(name, names, blocks, place));
    else if (!configurable(item)) found.add(unconfigurable(name, place));
  }
  for (const block of body.blocks) checkBlock(block, schema, names, blocks, found);
  for (const [name, item] of Object.entries(schema)) checkPresence(name, item, body, schema, found, range);
}

function itemOf(schema: Schema, name: string): Argument | NestedBlock | undefined {
  return Object.hasOwn(schema, name) ? schema[name] : undefined;
}

const configurable = (item: Argument | NestedBlock): boolean => item.required === true || item.optional === true || item.kind === 'block';

function unconfigurable(name: string, range: Range) {
  const detail = `Can't configure a value for "${name}": its value will be decided automatically based on the result of applying this configuration.`;
  return problem('error', 'Value for unconfigurable attribute', detail, range);
}

/** What may be written: arguments, and blocks. */
function namesOf(schema: Schema): [arguments: string[], blocks: string[]] {
  const entries = Object.entries(schema).filter(([, item]) => configurable(item));
  const of = (kind: string): string[] => entries.filter(([, item]) => item.kind === kind).map(([name]) => name).toSorted(); // prettier-ignore
  return [of('argument'), of('block')];
}

function checkBlock(block: Block, schema: Schema, names: readonly string[], blocks: readonly string[], found: Diagnostics): void {
  const type = block.type === 'dynamic' ? (block.labels[0] ?? '') : block.type;
  const item = itemOf(schema, type);
  if (item?.kind !== 'block') {
    found.add(unexpectedBlock({ type, range: block.range }, blocks, names));
    return;
  }
  const bodies = block.type === 'dynamic' ? block.body.blocks.filter((inner) => inner.type === 'content') : [block];
  for (const { body } of bodies) checkBody(body, item.schema, found, body.range);
}

function checkPresence(name: string, item: Argument | NestedBlock, body: Body, schema: Schema, found: Diagnostics, range: Range): void {
  if (item.kind === 'argument') {
    const given = body.attributes.has(name) || [...body.attributes.keys()].some((other) => itemOf(schema, other)?.oldNameOf === name);
    if (item.required === true && !given) found.add(missingArgument(name, range));
    return;
  }
  const all = body.blocks.filter(({ type, labels }) => type === name || (type === 'dynamic' && labels[0] === name));
  if (item.required === true && all.length === 0 && !body.attributes.has(name)) {
    found.add(problem('error', `Insufficient ${name} blocks`, `At least 1 "${name}" blocks are required.`, range));
  }
  const fixed = all.filter(({ type }) => type === name);
  if (item.most !== undefined && fixed.length > item.most) {
    const detail = `No more than ${item.most} "${name}" blocks are allowed`;
    found.add(problem('error', `Too many ${name} blocks`, detail, fixed[item.most]?.range));
  }
}
