import type { Node, ObjectNode } from '../ast.ts';
import { ParsedExpression, expressionOf } from '../expression.ts';
import { Source } from '../source.ts';
import type { Place } from '../source.ts';
import type { Block, Body, Expression } from '../types.ts';
import { parseWholeExpression } from './body.ts';
import { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseTemplateFile } from './template.ts';

/**
 * What of a JSON body is blocks, by the block it stands in, with the number of labels
 * (https://developer.hashicorp.com/terraform/language/syntax/json). What a resource's own schema calls blocks are
 * attributes here until `jsonBlocks` is told.
 */
const blockTypes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '': {
    resource: 2,
    data: 2,
    ephemeral: 2,
    provider: 1,
    variable: 1,
    output: 1,
    module: 1,
    check: 1,
    locals: 0,
    terraform: 0,
    moved: 0,
    import: 0,
    removed: 0,
  },
  terraform: { required_providers: 0, backend: 1, cloud: 0 },
  resource: { lifecycle: 0, connection: 0, provisioner: 1, dynamic: 1 },
  data: { lifecycle: 0, dynamic: 1 },
  lifecycle: { precondition: 0, postcondition: 0 },
  provider: { dynamic: 1 },
  variable: { validation: 0 },
  output: { precondition: 0 },
  check: { data: 2, assert: 0 },
  dynamic: { content: 0 },
  content: { dynamic: 1 },
};

/** Arguments whose strings name something rather than being templates. */
const references = new Set(['depends_on', 'ignore_changes', 'provider', 'providers', 'replace_triggered_by']);

/** A `.tf.json` file, or with `configuration` false a file of values, in which strings are nothing but strings. */
export function parseJsonFile(source: Source, configuration: boolean): Body {
  const cursor = new Cursor(source, source.text.startsWith('\uFEFF') ? 1 : 0);
  const root = readDocument(cursor, configuration);
  if (root.kind !== 'object')
    throw cursor.fail('Root value must be object', 'The root value in a JSON-based configuration must be a JSON object.', root.at);
  return configuration
    ? bodyOf(root, '')
    : { attributes: new Map(entriesOf(root).map(([name, value]) => [name, expressionOf(value)])), blocks: [], range: root.at };
}

function readDocument(cursor: Cursor, templates: boolean): Node {
  const root = readValue(cursor, templates);
  skip(cursor);
  if (!cursor.atEnd) throw invalid(cursor, 'Extra data after the value.');
  return root;
}

function invalid(cursor: Cursor, detail: string, at: Place = cursor.here()): Error {
  return cursor.fail('Invalid JSON', detail, at);
}

function skip(cursor: Cursor): void {
  cursor.match(/[ \t\r\n]*/y);
}

function takes(cursor: Cursor, char: string): boolean {
  skip(cursor);
  if (cursor.char !== char) return false;
  cursor.offset++;
  return true;
}

function readValue(cursor: Cursor, templates: boolean): Node {
  skip(cursor);
  const at = cursor.here();
  if (cursor.char === '"') return readText(cursor, templates);
  if (takes(cursor, '{')) return cursor.within(true, () => readObject(cursor, templates, at));
  if (takes(cursor, '[')) return cursor.within(true, () => readArray(cursor, templates, at));
  const scalar = cursor.match(/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y)?.[0];
  if (scalar === undefined)
    throw invalid(cursor, 'A JSON value must start with a brace, a bracket, a quote, a digit, or be true, false or null.');
  return { kind: 'literal', at, value: JSON.parse(scalar) as number | boolean | null };
}

function readText(cursor: Cursor, templates: boolean): Node {
  const at = cursor.here();
  const raw = cursor.match(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y)?.[0];
  if (raw === undefined) throw invalid(cursor, 'The string is not closed on its line, or it holds an invalid escape sequence.');
  const value = JSON.parse(raw) as string;
  if (!templates || !/[$%]\{/.test(value)) return { kind: 'literal', at, value };
  const inner = new Cursor(new Source(at.file, value, at));
  return cursor.within(true, () => parseTemplateFile(inner, parseExpression));
}

function readObject(cursor: Cursor, templates: boolean, at: Place): Node {
  const entries: { key: Node; value: Node }[] = [];
  if (takes(cursor, '}')) return { kind: 'object', at, entries };
  for (;;) {
    skip(cursor);
    if (cursor.char !== '"') throw invalid(cursor, 'A JSON object property must start with a quoted name.');
    const key = readText(cursor, templates);
    if (!takes(cursor, ':')) throw invalid(cursor, 'A colon must stand between a property name and its value.');
    entries.push({ key, value: readValue(cursor, templates) });
    if (takes(cursor, '}')) return { kind: 'object', at, entries };
    if (!takes(cursor, ',')) throw invalid(cursor, 'A comma or a closing brace must follow a property.');
  }
}

function readArray(cursor: Cursor, templates: boolean, at: Place): Node {
  const items: Node[] = [];
  if (takes(cursor, ']')) return { kind: 'tuple', at, items };
  for (;;) {
    items.push(readValue(cursor, templates));
    if (takes(cursor, ']')) return { kind: 'tuple', at, items };
    if (!takes(cursor, ',')) throw invalid(cursor, 'A comma or a closing bracket must follow an element.');
  }
}

/** Names and values; `//` is where JSON keeps comments. */
function entriesOf(node: ObjectNode): [string, Node][] {
  return node.entries.flatMap(({ key, value }): [string, Node][] =>
    key.kind === 'literal' && typeof key.value === 'string' && key.value !== '//' ? [[key.value, value]] : [],
  );
}

function bodyOf(node: ObjectNode, parent: string): Body {
  const attributes = new Map<string, Expression>();
  const blocks: Block[] = [];
  for (const [name, value] of entriesOf(node)) {
    const types = Object.hasOwn(blockTypes, parent) ? blockTypes[parent] : undefined;
    const labels = types && Object.hasOwn(types, name) ? types[name] : undefined;
    if (labels === undefined) attributes.set(name, expressionOf(references.has(name) ? asReferences(value) : value));
    else blocks.push(...blocksOf(name, value, labels, []));
  }
  return { attributes, blocks, range: node.at };
}

/** Labels are levels of objects; below them is a body or a list of bodies, and at any level there may be a list. */
function blocksOf(type: string, node: Node, labelsLeft: number, labels: readonly string[]): Block[] {
  if (node.kind === 'tuple') return node.items.flatMap((item) => blocksOf(type, item, labelsLeft, labels));
  if (node.kind === 'literal' && node.value === null) return [];
  if (node.kind !== 'object')
    throw new Cursor(node.at.source).fail(
      'Incorrect JSON value type',
      `A JSON object is required here, to define a "${type}" block.`,
      node.at,
    );
  if (labelsLeft === 0) return [{ type, labels, body: bodyOf(node, type), range: node.at }];
  return entriesOf(node).flatMap(([label, value]) => blocksOf(type, value, labelsLeft - 1, [...labels, label]));
}

/** Strings as the expressions that stand in them. */
function asReferences(node: Node): Node {
  if (node.kind === 'tuple') return { ...node, items: node.items.map(asReferences) };
  if (node.kind === 'object') return { ...node, entries: node.entries.map(({ key, value }) => ({ key, value: asReferences(value) })) };
  if (node.kind !== 'literal' || typeof node.value !== 'string') return node;
  const expression = parseWholeExpression(new Source(node.at.file, node.value, node.at));
  return expression instanceof ParsedExpression ? expression.node : node;
}

/**
 * A body in which the attributes of these names are blocks. Only a schema can tell the two apart in JSON; a body of
 * native syntax, and attributes that are no objects, stay as they are.
 */
export function jsonBlocks(body: Body, types: ReadonlySet<string>): Body {
  const attributes = new Map(body.attributes);
  const blocks = [...body.blocks];
  for (const [name, expression] of body.attributes) {
    const node = types.has(name) && expression instanceof ParsedExpression ? expression.node : undefined;
    const objects = node?.kind === 'tuple' ? node.items : node ? [node] : [];
    if (!node?.at.file.endsWith('.json') || !objects.every((object) => object.kind === 'object')) continue;
    attributes.delete(name);
    blocks.push(...blocksOf(name, node, 0, []));
  }
  return { ...body, attributes, blocks };
}
