import type { AttributeNode } from './ast.ts';
import { Mismatch, convertTo } from './convert.ts';
import { UndeclaredError, expressionError } from './diagnostic.ts';
import type { LanguageError } from './diagnostic.ts';
import { didYouMean } from './suggest.ts';
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

type Message = readonly [summary: string, detail: string];

/** What is said of an attribute that one of Terraform's own root objects has not; `known` are those that it has. */
const ownObjects: Readonly<Record<string, (name: string, known: readonly string[]) => Message>> = {
  var: (name, known) => [
    'Reference to undeclared input variable',
    `An input variable with the name "${name}" has not been declared.${didYouMean(name, known, ` This variable can be declared with a variable "${name}" {} block.`)}`,
  ],
  local: (name, known) => [
    'Reference to undeclared local value',
    `A local value with the name "${name}" has not been declared.${didYouMean(name, known)}`,
  ],
  module: (name, known) => [
    'Reference to undeclared module',
    `No module call named "${name}" is declared in the root module.${didYouMean(name, known)}`,
  ],
  path: (name, known) => [
    'Invalid "path" attribute',
    `The "path" object does not have an attribute named "${name}".${didYouMean(name, known)}`,
  ],
  terraform: (name) => [
    'Invalid "terraform" attribute',
    `The "terraform" object does not have an attribute named "${name}". The only supported attributes are terraform.workspace, the name of the currently-selected workspace, and terraform.applying, a boolean which is true only during apply.`,
  ],
  each: (name) => [
    'Invalid "each" attribute',
    `The "each" object does not have an attribute named "${name}". The supported attributes are each.key and each.value, the current key and value pair of the "for_each" attribute set.`,
  ],
  count: (name) => [
    'Invalid "count" attribute',
    `The "count" object does not have an attribute named "${name}". The only supported attribute is count.index, which is the index of each instance of a resource block that has the "count" argument set.`,
  ],
};

/** What is said of a root object that there is only in some places. */
const absent: Readonly<Record<string, Message>> = {
  each: [
    'Reference to "each" in context without for_each',
    'The "each" object can be used only in "module" or "resource" blocks, and only when the "for_each" argument is set.',
  ],
  count: [
    'Reference to "count" in non-counted context',
    'The "count" object can only be used in "module", "resource", and "data" blocks, and only when the "count" argument is set.',
  ],
  self: [
    'Invalid "self" reference',
    'The "self" object is not available in this context. This object can be used only in resource provisioner, connection, and postcondition blocks.',
  ],
};

/** `names` is a root name with what follows it and stands for nothing; `value` is what the root name stands for, if it does. */
export function undeclared(names: readonly string[], value: Value | undefined, at: Range): UndeclaredError {
  const [root = '', attribute] = names;
  const own = Object.hasOwn(ownObjects, root) ? ownObjects[root] : undefined;
  const plausible = !own || attribute === undefined || /^(index|key|value)$/.test(attribute);
  if (value === undefined && plausible && Object.hasOwn(absent, root)) return new UndeclaredError(...(absent[root] as Message), at);
  if (!own) return undeclaredResource(names, at);
  if (attribute === undefined) {
    return new UndeclaredError(
      'Invalid reference',
      `The "${root}" object cannot be accessed directly. Instead, access one of its attributes.`,
      at,
    );
  }
  const known = value !== undefined && isRecord(value) ? Object.keys(value) : [];
  return new UndeclaredError(...own(attribute, known), at);
}

function undeclaredResource(names: readonly string[], at: Range): UndeclaredError {
  const data = names[0] === 'data';
  const [type, label] = data ? names.slice(1) : names;
  if (type !== undefined && label !== undefined) {
    const detail = `A ${data ? 'data' : 'managed'} resource "${type}" "${label}" has not been declared in the root module.`;
    return new UndeclaredError('Reference to undeclared resource', detail, at);
  }
  const detail = data
    ? 'The "data" object must be followed by two attribute names: the data source type and the resource name.'
    : 'A reference to a resource type must be followed by at least one attribute access, specifying the resource name.';
  return new UndeclaredError('Invalid reference', detail, at);
}
