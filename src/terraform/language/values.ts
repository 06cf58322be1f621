import { Sensitive, Unknown, unknown } from './types.ts';
import type { Value } from './types.ts';

export type Primitive = 'string' | 'number' | 'bool';

/** `any` is what null and unknown values are of, and what a constraint leaves open. */
export type Type = 'any' | Primitive | CollectionType | TupleType | ObjectType;

export interface CollectionType {
  readonly kind: 'list' | 'set' | 'map';
  readonly of: Type;
}

export interface TupleType {
  readonly kind: 'tuple';
  readonly of: readonly Type[];
}

export interface ObjectType {
  readonly kind: 'object';
  readonly attributes: ReadonlyMap<string, AttributeType>;
}

export interface AttributeType {
  readonly type: Type;
  readonly optional: boolean;
  /** Undefined: an absent optional attribute is null. */
  readonly fallback: Value | undefined;
}

export type List = readonly Value[];
export type Dictionary = { readonly [key: string]: Value };

/**
 * An array is a tuple and a record an object, unless it stands here: lists, sets and maps are told apart from them only by the type they were
 * given, which equality, `type()` and what is printed depend on.
 */
const collections = new WeakMap<object, CollectionType>();

export function isList(value: Value): value is List {
  return Array.isArray(value);
}

export function isRecord(value: Value): value is Dictionary {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown) && !(value instanceof Sensitive)
  );
}

/** A record without a prototype: names such as `constructor` are keys like any other. */
export function record(entries: Iterable<readonly [string, Value]> = []): Record<string, Value> {
  const out = Object.create(null) as Record<string, Value>;
  for (const [key, value] of entries) out[key] = value;
  return out;
}

/** In the order in which Terraform goes through a map. */
export function sortedKeys(value: Dictionary): string[] {
  return Object.keys(value).sort(compareText);
}

/** By code point, as Go compares. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return /[\ud800-\udfff]/.test(a + b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1;
}

export function has(value: Dictionary, key: string): boolean {
  return Object.hasOwn(value, key);
}

export function asList(items: List, of: Type = elementType(items)): List {
  const out = [...items];
  collections.set(out, { kind: 'list', of });
  return out;
}

export function asMap(entries: Iterable<readonly [string, Value]>, of?: Type): Dictionary {
  const out = record(entries);
  collections.set(out, { kind: 'map', of: of ?? elementType(Object.values(out)) });
  return out;
}

/** Without doubles, in Terraform's order. A set with a sensitive element is sensitive as a whole. */
export function asSet(items: List, of?: Type): Value {
  if (items.some(isSensitive)) return new Sensitive(asSet(items.map(reveal), of));
  const distinct: Value[] = [];
  const seen = new Set<Value>();
  for (const item of items) {
    if (item !== null && typeof item === 'object' ? distinct.some((other) => equal(other, item) === true) : seen.has(item)) continue;
    seen.add(item);
    distinct.push(item);
  }
  distinct.sort(compareElements);
  collections.set(distinct, { kind: 'set', of: of ?? elementType(items) });
  return distinct;
}

/** Numbers by size, strings by code point; others have no order people could rely on and keep theirs. */
function compareElements(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  return 0;
}

/** What a list is of whose elements are these, converted already: the first that says. */
function elementType(items: List): Type {
  for (const item of items) {
    const type = typeOf(item);
    if (type !== 'any') return type;
  }
  return 'any';
}

/** The list, set or map type that a value was given. */
export function collectionOf(value: Value): CollectionType | undefined {
  return typeof value === 'object' && value !== null ? collections.get(value) : undefined;
}

export function isSet(value: Value): boolean {
  return collectionOf(value)?.kind === 'set';
}

export function typeOf(value: Value): Type {
  if (value instanceof Sensitive) return typeOf(value.value);
  if (value === null || value instanceof Unknown) return 'any';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'bool';
  const collection = collections.get(value);
  if (collection) return collection;
  if (isList(value)) return { kind: 'tuple', of: value.map(typeOf) };
  const attributes = Object.entries(value).map(
    ([name, item]) => [name, { type: typeOf(item), optional: false, fallback: undefined }] as const,
  );
  return { kind: 'object', attributes: new Map(attributes) };
}

/** `list of string`, `object`: a type in a sentence. */
export function friendlyType(type: Type): string {
  if (type === 'any') return 'dynamic';
  if (typeof type === 'string') return type;
  if (type.kind === 'object' || type.kind === 'tuple') return type.kind;
  return `${type.kind} of ${type.of === 'any' ? 'dynamic' : friendlyType(type.of)}`;
}

/** False when something anywhere in the value is known only after apply. */
export function isKnown(value: Value): boolean {
  if (value instanceof Unknown) return false;
  if (value instanceof Sensitive) return isKnown(value.value);
  if (value === null || typeof value !== 'object') return true;
  return isList(value) ? value.every(isKnown) : Object.values(value).every(isKnown);
}

/** True when anything in the value is sensitive. */
export function isSensitive(value: Value): boolean {
  if (value instanceof Sensitive) return true;
  if (value === null || typeof value !== 'object' || value instanceof Unknown) return false;
  return isList(value) ? value.some(isSensitive) : Object.values(value).some(isSensitive);
}

/** The value with every `Sensitive` in it opened. */
export function reveal(value: Value): Value {
  if (!isSensitive(value)) return value;
  if (value instanceof Sensitive) return reveal(value.value);
  return mapElements(value, reveal);
}

/** The value as sensitive; itself when it is so already. */
export function markSensitive(value: Value): Value {
  return value instanceof Sensitive ? value : new Sensitive(value);
}

export function markIf(sensitive: boolean, value: Value): Value {
  return sensitive ? markSensitive(value) : value;
}

/** A list or record whose elements are replaced; what kind of collection it is stays. */
export function mapElements(value: Value, replace: (item: Value, key: string | number) => Value): Value {
  if (!isList(value) && !isRecord(value)) return value;
  const out = isList(value) ? value.map(replace) : record(Object.entries(value).map(([key, item]) => [key, replace(item, key)]));
  const collection = collections.get(value);
  if (collection) collections.set(out, collection);
  return out;
}

/**
 * Terraform's `==`: of one type and alike; a list is never equal to a tuple. Unknown when an unknown part leaves it open.
 * Marks are looked through.
 */
export function equal(left: Value, right: Value): boolean | Unknown {
  if (left instanceof Sensitive) return equal(left.value, right);
  if (right instanceof Sensitive) return equal(left, right.value);
  if (left instanceof Unknown || right instanceof Unknown) return unknown;
  if (left === right) return true;
  if (isList(left) && isList(right)) return equalLists(left, right);
  if (isRecord(left) && isRecord(right)) return equalRecords(left, right);
  return false;
}

function sameKind(left: Value, right: Value): boolean {
  return collectionOf(left)?.kind === collectionOf(right)?.kind;
}

function equalLists(left: List, right: List): boolean | Unknown {
  if (left.length !== right.length || !sameKind(left, right)) return false;
  return allOf(left.map((item, index) => equal(item, right[index] as Value)));
}

function equalRecords(left: Dictionary, right: Dictionary): boolean | Unknown {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length || !keys.every((key) => has(right, key)) || !sameKind(left, right)) return false;
  return allOf(keys.map((key) => equal(left[key] as Value, right[key] as Value)));
}

function allOf(results: readonly (boolean | Unknown)[]): boolean | Unknown {
  if (results.includes(false)) return false;
  return results.every((result) => result === true) ? true : unknown;
}

/** Digits without an exponent, as Terraform writes numbers. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Number.isInteger(value)) return BigInt(value).toString();
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text;
}
