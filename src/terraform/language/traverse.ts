import type { AttributeNode, NameNode } from './ast.ts';
import { Mismatch, convertTo } from './convert.ts';
import { UndeclaredError, expressionError } from './diagnostic.ts';
import type { LanguageError } from './diagnostic.ts';
import { Sensitive, Unknown } from './types.ts';
import type { Range, Value } from './types.ts';
import { collectionOf, friendlyType, has, isList, isRecord, isSet, markIf, markSensitive, typeOf } from './values.ts';
import type { Dictionary, List } from './values.ts';

/** `value.name`. */
export function attributeOf(value: Value, node: AttributeNode): Value {
  if (value instanceof Sensitive) return markSensitive(attributeOf(value.value, node));
  if (value instanceof Unknown) return value;
  if (isRecord(value)) {
    if (has(value, node.name)) return value[node.name] as Value;
    throw missingAttribute(value, node);
  }
  if (value === null) {
    throw expressionError('Attempt to get attribute from null value', 'This value is null, so it does not have any attributes.', node.at);
  }
  const type = friendlyType(typeOf(value));
  if (!isList(value))
    throw expressionError('Unsupported attribute', `Can't access attributes on a primitive-typed value (${type}).`, node.at);
  const detail = isSet(value)
    ? `Can't access attributes on a ${type}. Did you mean to access an attribute across all elements of the set?`
    : value.some((item) => isRecord(item) && has(item, node.name))
      ? `Can't access attributes on a list of objects. Did you mean to access attribute "${node.name}" for a specific element of the list, or across all elements of the list?`
      : `This value does not have any attributes.`;
  throw expressionError('Unsupported attribute', detail, node.at);
}

function missingAttribute(value: Dictionary, node: AttributeNode): LanguageError {
  if (collectionOf(value)?.kind === 'map')
    return expressionError('Missing map element', `This map does not have an element with the key "${node.name}".`, node.at);
  return expressionError('Unsupported attribute', `This object does not have an attribute named "${node.name}".`, node.at);
}

/** `value[key]`. */
export function elementOf(value: Value, given: Value, at: Range): Value {
  if (value instanceof Sensitive) return markSensitive(elementOf(value.value, given, at));
  if (given instanceof Sensitive) return markIf(true, elementOf(value, given.value, at));
  if (value === null) throw expressionError('Attempt to index null value', 'This value is null, so it does not have any indices.', at);
  if (given === null) throw invalidIndex("Can't use a null value as an indexing key.", at);
  if (value instanceof Unknown) return value;
  if (isSet(value)) {
    throw invalidIndex(
      "Elements of a set are identified only by their value and don't have any separate index or key to select with, so it's only possible to perform operations across all elements of the set.",
      at,
    );
  }
  if (isList(value)) return itemOf(value, given, at);
  if (isRecord(value)) return entryOf(value, given, at);
  throw expressionError('Invalid index', 'This value does not have any indices.', at);
}

function invalidIndex(detail: string, at: Range): LanguageError {
  return expressionError('Invalid index', detail, at);
}

const noElement = 'The given key does not identify an element in this collection value';

function itemOf(list: List, given: Value, at: Range): Value {
  const index = keyAs(given, 'number', at);
  if (index instanceof Unknown) return index;
  const position = index as number;
  if (list.length === 0) throw invalidIndex(`${noElement}: the collection has no elements.`, at);
  if (position < 0) {
    throw invalidIndex(`${noElement}: a negative number is not a valid index for a sequence.`, at);
  }
  if (!Number.isInteger(position))
    throw invalidIndex(`${noElement}: indexing a sequence requires a whole number, but the given index has a fractional part.`, at);
  if (position >= list.length) {
    const why = collectionOf(list) ? ': the given index is greater than or equal to the length of the collection' : '';
    throw invalidIndex(`${noElement}${why}.`, at);
  }
  return list[position] as Value;
}

function entryOf(value: Dictionary, given: Value, at: Range): Value {
  const key = keyAs(given, 'string', at);
  if (key instanceof Unknown) return key;
  if (has(value, key as string)) return value[key as string] as Value;
  throw invalidIndex(`${noElement}.`, at);
}

function keyAs(given: Value, type: 'number' | 'string', at: Range): Value {
  try {
    return convertTo(given, type);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw invalidIndex(`The given key does not identify an element in this collection value: ${error.message}.`, at);
  }
}

const declared: Readonly<Record<string, (name: string) => readonly [summary: string, detail: string]>> = {
  var: (name) => [
    'Reference to undeclared input variable',
    `An input variable with the name "${name}" has not been declared. This variable can be declared with a variable "${name}" {} block.`,
  ],
  local: (name) => ['Reference to undeclared local value', `A local value with the name "${name}" has not been declared.`],
  module: (name) => ['Reference to undeclared module', `No module call named "${name}" is declared in the root module.`],
  path: (name) => ['Invalid "path" attribute', `The "path" object does not have an attribute named "${name}".`],
  terraform: (name) => [
    'Invalid "terraform" attribute',
    `The "terraform" object does not have an attribute named "${name}". The only supported attribute is terraform.workspace, the name of the currently-selected workspace.`,
  ],
  data: (name) => ['Reference to undeclared resource', `A data resource "${name}" has not been declared in the root module.`],
  each: () => [
    'Reference to "each" in context without for_each',
    'The "each" object can be used only in "module" or "resource" blocks, and only when the "for_each" argument is set.',
  ],
  count: () => [
    'Reference to "count" in non-counted context',
    'The "count" object can only be used in "module", "resource", and "data" blocks, and only when the "count" argument is set.',
  ],
  self: () => [
    'Invalid "self" reference',
    'The "self" object is not available in this context. This object can be used only in resource provisioner, connection, and postcondition blocks.',
  ],
};

/** A root name, or its attribute, that stands for nothing. */
export function undeclared(root: NameNode, attribute: string | undefined): LanguageError {
  const known = declared[root.name];
  if (known && (attribute !== undefined || root.name === 'each' || root.name === 'count' || root.name === 'self')) {
    return new UndeclaredError(...known(attribute ?? ''), root.at);
  }
  if (known)
    return new UndeclaredError(
      'Invalid reference',
      `The "${root.name}" object cannot be accessed directly. Instead, access one of its attributes.`,
      root.at,
    );
  if (attribute === undefined) {
    return new UndeclaredError(
      'Invalid reference',
      'A reference to a resource type must be followed by at least one attribute access, specifying the resource name.',
      root.at,
    );
  }
  return new UndeclaredError(
    'Reference to undeclared resource',
    `A managed resource "${root.name}" "${attribute}" has not been declared in the root module.`,
    root.at,
  );
}
