import type { Node } from './ast.ts';
import { Mismatch, convertTo } from './convert.ts';
import { syntaxError, typeError } from './diagnostic.ts';
import { ParsedExpression } from './expression.ts';
import { parseWholeExpression } from './parse/body.ts';
import { Source } from './source.ts';
import type { Expression, Range, Scope, Value } from './types.ts';
import type { AttributeType, Type } from './values.ts';

const primitives: ReadonlyMap<string, Type> = new Map((['string', 'number', 'bool', 'any'] as const).map((name) => [name, name]));
/** The spellings of Terraform 0.11 that are still read. */
const bare: ReadonlyMap<string, Type> = new Map((['list', 'set', 'map'] as const).map((kind) => [kind, { kind, of: 'any' }]));

/**
 * The type that a `type` argument names: `map(object({ size = number, public = optional(bool, false) }))`.
 * @throws PlimsollError PL_TERRAFORM_SYNTAX when it names none.
 */
export function typeOfConstraint(expression: Expression): Type {
  if (!(expression instanceof ParsedExpression)) throw invalid(expression.range, 'A type specification is required here.');
  return read(expression.node);
}

/**
 * A value as the type asks for it: strings that say a number become one, absent optional attributes get their default.
 * @throws PlimsollError PL_TERRAFORM_TYPE, whose `detail` is a phrase such as `a number is required`.
 */
export function convert(value: Value, constraint: Expression): Value {
  try {
    return convertTo(value, typeOfConstraint(constraint));
  } catch (error) {
    if (error instanceof Mismatch) throw typeError(error.message, constraint.range);
    throw error;
  }
}

function invalid(range: Range, detail: string): Error {
  return syntaxError('Invalid type specification', detail, range);
}

function read(node: Node): Type {
  if (node.kind === 'parentheses') return read(node.of);
  if (node.kind === 'literal' && typeof node.value === 'string') {
    return typeOfConstraint(parseWholeExpression(new Source(node.at.file, node.value)));
  }
  if (node.kind === 'name') {
    const type = primitives.get(node.name) ?? bare.get(node.name);
    if (type !== undefined) return type;
    if (node.name === 'object')
      throw invalid(node.at, 'The object type constructor requires one argument specifying the attribute types and values as a map.');
    if (node.name === 'tuple')
      throw invalid(node.at, 'The tuple type constructor requires one argument specifying the element types as a list.');
    throw invalid(node.at, `The keyword "${node.name}" is not a valid type specification.`);
  }
  if (node.kind !== 'call')
    throw invalid(
      node.at,
      'A type specification is either a primitive type keyword (bool, number, string) or a complex type constructor call, like list(string).',
    );
  return readConstructor(node.name, node.args, node);
}

function readConstructor(name: string, args: readonly Node[], node: Node): Type {
  const [only] = args;
  if (name === 'optional') throw invalid(node.at, 'Keyword "optional" is valid only as a modifier for object type attributes.');
  if (primitives.has(name)) throw invalid(node.at, `Primitive type keyword "${name}" does not expect arguments.`);
  if (!['list', 'set', 'map', 'object', 'tuple'].includes(name))
    throw invalid(node.at, `Keyword "${name}" is not a valid type constructor.`);
  if (only === undefined || args.length > 1)
    throw invalid(node.at, `The ${name} type constructor requires one argument specifying the element type.`);
  if (name === 'object') {
    if (only.kind !== 'object')
      throw invalid(
        only.at,
        'Object type constructor requires a map whose keys are attribute names and whose values are the corresponding attribute types.',
      );
    return { kind: 'object', attributes: new Map(only.entries.map(({ key, value }) => [attributeName(key), readAttribute(value)])) };
  }
  if (name === 'tuple') {
    if (only.kind !== 'tuple') throw invalid(only.at, 'Tuple type constructor requires a list of element types.');
    return { kind: 'tuple', of: only.items.map(read) };
  }
  return { kind: name as 'list' | 'set' | 'map', of: read(only) };
}

function attributeName(node: Node): string {
  if (node.kind === 'literal' && typeof node.value === 'string') return node.value;
  throw invalid(node.at, 'Object constructor map keys must be attribute names.');
}

function readAttribute(node: Node): AttributeType {
  if (node.kind !== 'call' || node.name !== 'optional') return { type: read(node), optional: false, fallback: undefined };
  const [type, fallback] = node.args;
  if (type === undefined) throw invalid(node.at, 'Optional attribute modifier requires the attribute type as its argument.');
  if (node.args.length > 2)
    throw invalid(node.at, 'Optional attribute modifier expects at most two arguments: the attribute type, and a default value.');
  const attribute = read(type);
  return { type: attribute, optional: true, fallback: fallback && convertDefault(fallback, attribute) };
}

/** A default is a constant. */
function convertDefault(node: Node, type: Type): Value {
  try {
    return convertTo(new ParsedExpression(node).evaluate(constants), type);
  } catch (error) {
    if (error instanceof Mismatch)
      throw syntaxError(
        'Invalid default value for optional attribute',
        `This default value is not compatible with the attribute's type constraint: ${error.message}.`,
        node.at,
      );
    throw error;
  }
}

const constants: Scope = { folder: '.', root: () => undefined, nowMs: () => 0, randomHex: (digits) => '0'.repeat(digits) };
