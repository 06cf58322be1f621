import { convertTo, isList, isRecord, record, reveal, typeOf, Unknown, type Type, type Value } from '../../language/index.ts';
import type { ResourceObject } from '../plan/types.ts';
import { objectType, type Schema } from '../schema.ts';
import type { Json, JsonObject } from './state.ts';

/** A value as JSON: sets and tuples are lists, sensitive parts are opened, numbers stay as they are. Unknown parts have no JSON. */
export function valueToJson(value: Value): Json {
  const open = reveal(value);
  if (open instanceof Unknown) throw new Error('assertion failed: an unknown value cannot be written');
  if (isList(open)) return open.map(valueToJson);
  if (isRecord(open)) return Object.fromEntries(Object.entries(open).map(([key, item]) => [key, valueToJson(item)]));
  return open as Json;
}

/** Untyped: lists are tuples and objects are objects until `convertTo` says more. */
export function valueFromJson(json: Json | undefined): Value {
  if (json === undefined || json === null || typeof json !== 'object') return json ?? null;
  if (Array.isArray(json)) return json.map(valueFromJson);
  return record(Object.entries(json).map(([key, item]) => [key, valueFromJson(item)]));
}

/** A type as state files and plans in JSON write it: `"string"`, `["list","string"]`, `["object",{"a":"number"}]`. */
export function typeToJson(type: Type): Json {
  if (type === 'any') return 'dynamic';
  if (typeof type === 'string') return type;
  if (type.kind === 'tuple') return ['tuple', type.of.map(typeToJson)];
  if (type.kind !== 'object') return [type.kind, typeToJson(type.of)];
  return ['object', Object.fromEntries([...type.attributes].map(([name, { type: of }]) => [name, typeToJson(of)]))];
}

/** What is no type is `any`. */
export function typeFromJson(json: Json | undefined): Type {
  if (json === 'string' || json === 'number' || json === 'bool') return json;
  if (!Array.isArray(json)) return 'any';
  const [kind, of] = json as readonly Json[];
  if (kind === 'list' || kind === 'set' || kind === 'map') return { kind, of: typeFromJson(of) };
  if (kind === 'tuple' && Array.isArray(of)) return { kind, of: (of as readonly Json[]).map(typeFromJson) };
  if (kind !== 'object' || of === undefined || of === null || typeof of !== 'object') return 'any';
  const attributes = Object.entries(of as JsonObject).map(
    ([name, type]) => [name, { type: typeFromJson(type), optional: false, fallback: undefined }] as const,
  );
  return { kind, attributes: new Map(attributes) };
}

/** A resource's values as a state file holds them. Nothing in them may be unknown. */
export function objectToJson(schema: Schema, object: ResourceObject): JsonObject {
  const entries = Object.entries(object).map(([name, value]): [string, Json] => {
    const argument = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (argument?.kind !== 'argument' || argument.type !== 'any' || value === null) return [name, valueToJson(value)];
    return [name, { value: valueToJson(value), type: typeToJson(typeOf(value)) }];
  });
  return Object.fromEntries(entries);
}

/**
 * A resource's values from a state file, in the types of its schema: all its names are there, what the file has not is null or empty.
 * @throws Mismatch when a value does not fit its type.
 */
export function objectFromJson(schema: Schema, json: JsonObject): ResourceObject {
  const entries = Object.entries(schema).map(([name, item]) => {
    const value = json[name];
    const dynamic = item.kind === 'argument' && item.type === 'any' && value !== null && typeof value === 'object' && 'type' in value;
    if (!dynamic) return [name, valueFromJson(value)] as const;
    const { value: inner, type } = value;
    return [name, convertTo(valueFromJson(inner), typeFromJson(type))] as const;
  });
  return typedObject(schema, record(entries));
}

/**
 * Values as providers and files give them, in the types of the schema.
 * @throws Mismatch
 */
export function typedObject(schema: Schema, values: Readonly<Record<string, Value>>): ResourceObject {
  return convertTo(record(Object.entries(values)), objectType(schema)) as ResourceObject;
}
