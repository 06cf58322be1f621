import { isList, isRecord, isSet, mapElements, markSensitive, reveal, Sensitive, type Value } from '../../language/index.ts';
import type { Schema } from '../schema.ts';
import type { Path } from '../state/state.ts';
import type { ResourceObject } from './types.ts';

/** Where a value is sensitive, from the outside in: nothing below a sensitive part is told. */
export function sensitivePaths(value: Value): Path[] {
  if (value instanceof Sensitive) return [[]];
  if (!isList(value) && !isRecord(value)) return [];
  const entries: Iterable<readonly [string | number, Value]> = isList(value) ? value.entries() : Object.entries(value);
  return [...entries].flatMap(([key, item]) => sensitivePaths(item).map((path) => [key, ...path]));
}

/** Where the schema calls an object's values sensitive. */
function schemaPaths(schema: Schema, object: ResourceObject): Path[] {
  return Object.entries(schema).flatMap(([name, item]): Path[] => {
    const value = object[name];
    if (item.sensitive === true) return [[name]];
    if (item.kind !== 'block' || value === undefined || !isList(value)) return [];
    const inner = value.flatMap((element, index) =>
      isRecord(element) ? schemaPaths(item.schema, element).map((path) => [name, index, ...path]) : [],
    );
    return inner.length > 0 && isSet(value) ? [[name]] : inner;
  });
}

/** An object whose sensitive parts are marked: those that its schema names, and those at `paths`. Null parts are not. */
export function markObject(schema: Schema, object: ResourceObject, paths: readonly Path[]): ResourceObject {
  const all = [...schemaPaths(schema, object), ...paths];
  return all.length === 0 ? object : (all.reduce<Value>((value, path) => markAt(value, path), object) as ResourceObject);
}

/** A path that leads nowhere marks nothing; one into a set marks the whole set. */
function markAt(value: Value, [step, ...rest]: Path): Value {
  if (value instanceof Sensitive || value === null) return value;
  if (step === undefined || isSet(value)) return markSensitive(value);
  if (!isList(value) && !isRecord(value)) return markSensitive(value);
  return mapElements(value, (item, key) => (String(key) === String(step) ? markAt(item, rest) : item));
}

export function revealObject(object: ResourceObject): ResourceObject {
  return reveal(object) as ResourceObject;
}
