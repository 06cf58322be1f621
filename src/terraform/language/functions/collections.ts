import { convertTo, unify } from '../convert.ts';
import { Sensitive, Unknown, unknown } from '../types.ts';
import type { Value } from '../types.ts';
import {
  asList,
  asMap,
  collectionOf,
  equal,
  friendlyType,
  has,
  isKnown,
  isList,
  isRecord,
  isSet,
  record,
  sortedKeys,
  typeOf,
} from '../values.ts';
import type { Dictionary } from '../values.ts';
import { FunctionFault, anything, define, loose, looseList, raw, text, texts } from './spec.ts';
import type { FunctionSpec } from './spec.ts';
import { characters } from './characters.ts';

/** Maps and objects, and what goes for any collection; `lists.ts` has what goes by position. */
export const collectionFunctions: Record<string, FunctionSpec> = {
  coalesce: define([], (_, values: Value[]) => coalesce(values), { rest: raw('vals') }),
  contains: define([loose('list'), anything('value')], ([list, value]) => contains(list, value)),
  index: define([loose('list'), anything('value')], ([list, value]) => indexOf(list, value)),
  keys: define([loose('inputMap')], ([map]) => keysOf(map)),
  length: define([loose('value')], ([value]) => lengthOf(value)),
  lookup: define([loose('inputMap'), text('key')], ([map, key], rest: Value[]) => lookup(map, key, rest), { rest: anything('default') }),
  matchkeys: define([looseList('values'), looseList('keys'), looseList('searchset')], ([values, keys, wanted]) =>
    asList(values.filter((_, index) => wanted.some((key) => equal(key, keys[index] as Value) === true))),
  ),
  merge: define([], (_, maps: Value[]) => merge(maps), { rest: anything('maps') }),
  transpose: define([loose('values')], ([values]) => transpose(values)),
  values: define([loose('mapping')], ([map]) => valuesOf(map)),
  zipmap: define([texts('keys'), loose('values')], ([keys, values]) => zip(keys, values)),
};

/** The first that is neither null nor an empty text; the others lend it their type. */
function coalesce(values: readonly Value[]): Value {
  const type = values.length === 0 ? undefined : unify(values.map(typeOf));
  if (type === undefined) throw new FunctionFault('all arguments must have the same type');
  for (const value of values) {
    const open = value instanceof Sensitive ? value.value : value;
    if (open instanceof Unknown) return value;
    if (open !== null && open !== '') return convertTo(value, type);
  }
  throw new FunctionFault('no non-null, non-empty-string arguments');
}

function elementsOf(value: Value, argument?: string): readonly Value[] {
  if (isList(value)) return value;
  throw new FunctionFault('argument must be list, tuple, or set', argument);
}

function contains(list: Value, value: Value): Value {
  const results = elementsOf(list).map((item) => equal(item, value));
  if (results.includes(true)) return true;
  return results.some((result) => result instanceof Unknown) ? unknown : false;
}

function indexOf(list: Value, value: Value): Value {
  if (!isList(list) || isSet(list)) throw new FunctionFault('argument must be a list or tuple');
  if (list.length === 0) throw new FunctionFault('cannot search an empty list');
  for (const [index, item] of list.entries()) {
    const same = equal(item, value);
    if (same instanceof Unknown) return same;
    if (same) return index;
  }
  throw new FunctionFault('item not found');
}

function mapping(value: Value, argument: string): Dictionary {
  if (isRecord(value)) return value;
  throw new FunctionFault(`must be a map or object, but have ${friendlyType(typeOf(value))}`, argument);
}

function keysOf(value: Value): Value {
  const map = mapping(value, 'inputMap');
  const keys = sortedKeys(map);
  return collectionOf(map) ? asList(keys, 'string') : keys;
}

function valuesOf(value: Value): Value {
  const map = mapping(value, 'mapping');
  const items = sortedKeys(map).map((key) => map[key] as Value);
  const collection = collectionOf(map);
  return collection ? asList(items, collection.of) : items;
}

function lengthOf(value: Value): Value {
  if (typeof value === 'string') return characters(value).length;
  // Two unknown elements of a set may turn out to be one.
  if (isSet(value) && isList(value) && value.length > 1 && !isKnown(value)) return unknown;
  if (isList(value)) return value.length;
  if (isRecord(value)) return Object.keys(value).length;
  throw new FunctionFault('argument must be a string, a collection type, or a structural type');
}

function lookup(value: Value, key: string, rest: readonly Value[]): Value {
  if (!isRecord(value)) throw new FunctionFault('lookup() requires a map as the first argument', 'inputMap');
  if (rest.length > 1) throw new FunctionFault(`lookup() takes two or three arguments, got ${rest.length + 2}`);
  if (has(value, key)) return value[key] as Value;
  if (rest.length === 0) throw new FunctionFault(`the given object has no attribute ${JSON.stringify(key)}`, 'inputMap');
  const fallback = rest[0] as Value;
  const collection = collectionOf(value);
  return collection ? convertTo(fallback, collection.of) : fallback;
}

/** Maps of one type give a map, anything else an object; null counts for nothing. */
function merge(maps: readonly Value[]): Value {
  const given = maps.filter((map) => map !== null);
  const out = record();
  for (const map of given) {
    if (!isRecord(map)) throw new FunctionFault(`arguments must be maps or objects, got ${JSON.stringify(friendlyType(typeOf(map)))}`);
    Object.assign(out, map);
  }
  const kinds = given.map(collectionOf);
  const of = kinds[0]?.of;
  if (kinds.length > 0 && of !== undefined && kinds.every((kind) => kind?.of === of)) return asMap(Object.entries(out), of);
  return out;
}

/** A map of lists of texts with keys and texts having changed places. */
function transpose(value: Value): Value {
  const map = convertTo(value, { kind: 'map', of: { kind: 'list', of: 'string' } }) as Record<string, readonly string[]>;
  const out = new Map<string, string[]>();
  for (const key of sortedKeys(map)) {
    for (const item of map[key] ?? []) out.set(item, [...(out.get(item) ?? []), key]);
  }
  return asMap([...out].map(([key, items]) => [key, asList(items.sort(), 'string')]));
}

function zip(keys: readonly string[], values: Value): Value {
  const items = elementsOf(values, 'values');
  if (keys.length !== items.length) {
    throw new FunctionFault(`number of keys (${keys.length}) does not match number of values (${items.length})`);
  }
  const entries = keys.map((key, index) => [key, items[index] as Value] as const);
  const collection = collectionOf(items);
  return collection ? asMap(entries, collection.of) : record(entries);
}
