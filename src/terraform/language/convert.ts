import { Sensitive, Unknown } from './types.ts';
import type { Value } from './types.ts';
import {
  asList,
  asMap,
  asSet,
  collectionOf,
  formatNumber,
  friendlyType,
  has,
  isList,
  isRecord,
  markSensitive,
  record,
  typeOf,
} from './values.ts';
import type { CollectionType, ObjectType, Primitive, Type } from './values.ts';

/** A value does not fit a type. The message is a phrase: `element 0: a number is required`. */
export class Mismatch extends Error {}

/** `any` in a collection type becomes the type that its elements have in common. */
export function convertTo(value: Value, type: Type): Value {
  if (type === 'any' || value === null || value instanceof Unknown) return value;
  if (value instanceof Sensitive) return markSensitive(convertTo(value.value, type));
  if (typeof type === 'string') return convertPrimitive(value, type);
  if (type.kind === 'object') return convertObject(value, type);
  if (type.kind === 'tuple') return convertTuple(value, type.of);
  return type.kind === 'map' ? convertMap(value, type) : convertSequence(value, type);
}

function convertPrimitive(value: Value, type: Primitive): Value {
  if (typeof value === 'object' && value !== null) throw new Mismatch(`${type} required`);
  if (type === 'string') return typeof value === 'number' ? formatNumber(value) : String(value);
  if (type === 'number' && typeof value === 'number') return value;
  if (type === 'number' && typeof value === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return Number(value);
  if (type === 'bool' && typeof value === 'boolean') return value;
  if (type === 'bool' && (value === 'true' || value === '1')) return true;
  if (type === 'bool' && (value === 'false' || value === '0')) return false;
  throw new Mismatch(typeof value === 'string' ? `a ${type} is required` : `${type} required`);
}

function convertSequence(value: Value, { kind, of }: CollectionType): Value {
  if (!isList(value)) throw new Mismatch(`${kind} of ${of === 'any' ? 'any single type' : friendlyType(of)} required`);
  const common = of === 'any' ? commonType(value, collectionOf(value)?.of, `all ${kind} elements must have the same type`) : of;
  const items = value.map((item, index) => within(`element ${index}`, () => convertTo(item, common)));
  return kind === 'set' ? asSet(items, concrete(common, items)) : asList(items, concrete(common, items));
}

function convertMap(value: Value, { of }: CollectionType): Value {
  if (!isRecord(value)) throw new Mismatch(`map of ${of === 'any' ? 'any single type' : friendlyType(of)} required`);
  const items = Object.values(value);
  const common = of === 'any' ? commonType(items, collectionOf(value)?.of, 'all map elements must have the same type') : of;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, within(`element ${JSON.stringify(key)}`, () => convertTo(item, common))] as const,
  );
  return asMap(
    entries,
    concrete(
      common,
      entries.map(([, item]) => item),
    ),
  );
}

/** A type without `any` inside, as far as the elements tell. */
function concrete(type: Type, items: readonly Value[]): Type {
  if (typeof type === 'string' && type !== 'any') return type;
  if (type !== 'any' && type.kind === 'object') return type;
  return items.map(typeOf).find((item) => item !== 'any') ?? type;
}

function commonType(items: readonly Value[], known: Type | undefined, otherwise: string): Type {
  if (known !== undefined && known !== 'any') return known;
  const common = unify(items.map(typeOf));
  if (common === undefined) throw new Mismatch(otherwise);
  return common;
}

function convertTuple(value: Value, of: readonly Type[]): Value {
  if (!isList(value)) throw new Mismatch('tuple required');
  if (value.length !== of.length) throw new Mismatch(`tuple with ${of.length} elements required, but have ${value.length}`);
  return value.map((item, index) => within(`element ${index}`, () => convertTo(item, of[index] as Type)));
}

/** Attributes that the type does not name are dropped, as Terraform drops them. */
function convertObject(value: Value, type: ObjectType): Value {
  if (!isRecord(value)) throw new Mismatch('object required');
  const missing = [...type.attributes]
    .filter(([name, attribute]) => !attribute.optional && !has(value, name))
    .map(([name]) => JSON.stringify(name));
  if (missing.length === 1) throw new Mismatch(`attribute ${missing[0]} is required`);
  if (missing.length > 1) throw new Mismatch(`attributes ${missing.slice(0, -1).join(', ')} and ${missing.at(-1)} are required`);
  const out = record();
  for (const [name, attribute] of type.attributes) {
    const given = has(value, name) ? (value[name] as Value) : null;
    const item = given === null && attribute.optional ? (attribute.fallback ?? null) : given;
    out[name] = within(`attribute ${JSON.stringify(name)}`, () => convertTo(item, attribute.type));
  }
  return out;
}

function within<T>(step: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Mismatch) throw new Mismatch(`${step}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The type that values of all these types convert to; undefined when there is none. */
export function unify(all: readonly Type[]): Type | undefined {
  const types = all.filter((type) => type !== 'any');
  const [first] = types;
  if (first === undefined) return 'any';
  if (types.some((type) => typeof type === 'string')) return unifyPrimitives(types);
  const compound = types as Exclude<Type, string>[];
  const kinds = new Set(compound.map((type) => type.kind));
  const sequence = [...kinds].every((kind) => kind === 'list' || kind === 'tuple' || kind === 'set');
  if (sequence) return unifySequences(compound, kinds);
  if ([...kinds].every((kind) => kind === 'map' || kind === 'object')) return unifyRecords(compound, kinds);
  return undefined;
}

function unifyPrimitives(types: readonly Type[]): Type | undefined {
  const distinct = new Set(types);
  if (distinct.size === 1) return types[0];
  return distinct.has('string') && types.every((type) => typeof type === 'string') ? 'string' : undefined;
}

function unifySequences(types: readonly Exclude<Type, string>[], kinds: ReadonlySet<string>): Type | undefined {
  const tuples = types.filter((type) => type.kind === 'tuple');
  const width = tuples[0]?.of.length ?? 0;
  if (tuples.length === types.length && tuples.every((type) => type.of.length === width)) {
    const of = Array.from({ length: width }, (_, index) => unify(tuples.map((type) => type.of[index] as Type)));
    if (of.every((type) => type !== undefined)) return { kind: 'tuple', of };
  }
  const of = unify(types.flatMap((type) => (type.kind === 'tuple' ? type.of : type.kind === 'object' ? [] : [type.of])));
  const kind = kinds.has('set') && !kinds.has('list') ? 'set' : 'list';
  return of === undefined ? undefined : { kind, of };
}

function unifyRecords(types: readonly Exclude<Type, string>[], kinds: ReadonlySet<string>): Type | undefined {
  const objects = types.filter((type) => type.kind === 'object');
  const names = [...(objects[0]?.attributes.keys() ?? [])];
  if (
    !kinds.has('map') &&
    objects.every(({ attributes }) => attributes.size === names.length && names.every((name) => attributes.has(name)))
  ) {
    const entries = names.map((name) => [name, unify(objects.map(({ attributes }) => attributes.get(name)?.type ?? 'any'))] as const);
    if (entries.some(([, type]) => type === undefined)) return undefined;
    return {
      kind: 'object',
      attributes: new Map(entries.map(([name, type]) => [name, { type: type as Type, optional: false, fallback: undefined }])),
    };
  }
  const of = unify(
    types.flatMap((type) =>
      type.kind === 'object' ? [...type.attributes.values()].map((attribute) => attribute.type) : type.kind === 'map' ? [type.of] : [],
    ),
  );
  return of === undefined ? undefined : { kind: 'map', of };
}
