import { convertTo, unify } from '../convert.ts';
import { Sensitive, Unknown, unknown } from '../types.ts';
import type { Value } from '../types.ts';
import {
  asList,
  asSet,
  collectionOf,
  compareText,
  equal,
  friendlyType,
  isKnown,
  isList,
  isSensitive,
  isSet,
  markIf,
  typeOf,
} from '../values.ts';
import type { List } from '../values.ts';
import { rounded } from '../operators.ts';
import { FunctionFault, anything, define, listOf, loose, looseList, looseSet, wholeSet, number, texts } from './spec.ts';
import type { FunctionSpec } from './spec.ts';

export const listFunctions: Record<string, FunctionSpec> = {
  alltrue: define([looseList('list')], ([list]) => fold(list, false)),
  anytrue: define([looseList('list')], ([list]) => fold(list, true)),
  chunklist: define([looseList('list'), number('size')], ([list, size]) => chunks(list, size)),
  coalescelist: define([], (_, lists: Value[]) => coalesceList(lists), { rest: anything('vals') }),
  compact: define([texts('list')], ([list]) =>
    asList(
      list.filter((item: string | null) => item !== '' && item !== null),
      'string',
    ),
  ),
  concat: define([], (_, lists: Value[]) => concat(lists), { rest: loose('seqs') }),
  distinct: define([looseList('list')], ([list]) => distinct(list)),
  element: define([loose('list'), number('index')], ([list, index]) => element(list, index)),
  flatten: define([loose('list')], ([list]) => flatten(list)),
  one: define([loose('list')], ([list]) => one(list)),
  range: define([], (_, bounds: number[]) => range(bounds), { rest: number('params') }),
  reverse: define([loose('list')], ([list]) => reverse(list)),
  setintersection: define(
    [wholeSet('first_set')],
    ([first], others: List[]) => setOf([first, ...others], (item, sets) => sets.every((set) => holds(set, item))),
    {
      rest: wholeSet('other_sets'),
    },
  ),
  setproduct: define([], (_, sets: Value[]) => product(sets), { rest: loose('sets') }),
  setsubtract: define([wholeSet('a'), wholeSet('b')], ([a, b]) => setOf([a, b], (item) => holds(a, item) && !holds(b, item))),
  setunion: define([looseSet('first_set')], ([first], others: List[]) => setOf([first, ...others], () => true), {
    rest: looseSet('other_sets'),
  }),
  slice: define([loose('list'), number('start_index'), number('end_index')], ([list, start, end]) => slice(list, start, end)),
  sort: define([texts('list')], ([list]) => asList([...list].sort(compareText), 'string')),
  sum: define([listOf<number>('list', 'any')], ([list]) => sum(list)),
};

function sequence(value: Value, argument: string): List {
  if (isList(value)) return value;
  throw new FunctionFault('argument must be a list, set, or tuple', argument);
}

/** A list stays a list of its type, a tuple a tuple. */
function like(model: Value, items: List): List {
  const collection = collectionOf(model);
  return collection ? asList(items, collection.of) : items;
}

/** True for `any` when some, false for not `any` when one is not. */
function fold(list: List, any: boolean): Value {
  const items = list.map((item) => convertTo(item, 'bool')).map((item) => (item instanceof Sensitive ? item.value : item));
  const sensitive = list.some(isSensitive);
  if (items.some((item) => (any ? item === true : item === false || item === null))) return markIf(sensitive, any);
  return markIf(sensitive, items.some((item) => item instanceof Unknown) ? unknown : !any);
}

function chunks(list: List, size: number): Value {
  if (size < 0) throw new FunctionFault('the size argument must be positive', 'size');
  const width = size === 0 ? Math.max(1, list.length) : Math.trunc(size);
  const out: Value[] = [];
  for (let start = 0; start < list.length; start += width) out.push(like(list, list.slice(start, start + width)));
  return asList(out);
}

function coalesceList(lists: readonly Value[]): Value {
  if (lists.length === 0) throw new FunctionFault('at least one argument is required');
  for (const list of lists) {
    if (list === null) continue;
    if (sequence(list, 'vals').length > 0) return list;
  }
  throw new FunctionFault('no non-null arguments');
}

function concat(lists: readonly Value[]): Value {
  if (lists.length === 0) throw new FunctionFault('at least one argument is required');
  for (const list of lists)
    if (!isList(list) || isSet(list))
      throw new FunctionFault('all arguments must be lists or tuples; got ' + friendlyType(typeOf(list)), 'seqs');
  const items = (lists as readonly List[]).flat();
  const types = lists.map(collectionOf);
  if (!types.every((type) => type?.kind === 'list')) return items;
  const of = unify(types.map((type) => type?.of ?? 'any'));
  return of === undefined
    ? items
    : asList(
        items.map((item) => convertTo(item, of)),
        of,
      );
}

function distinct(list: List): Value {
  if (!isKnown(list)) return unknown;
  const out: Value[] = [];
  for (const item of list) if (!out.some((other) => equal(other, item) === true)) out.push(item);
  return like(list, out);
}

/** The index wraps around; a negative one counts from the end. */
function element(value: Value, index: number): Value {
  if (!isList(value) || isSet(value)) throw new FunctionFault('must be a list or tuple', 'list');
  if (value.length === 0) throw new FunctionFault('cannot use element function with an empty list');
  const position = Math.trunc(index) % value.length;
  return value[position < 0 ? position + value.length : position] as Value;
}

/** Elements that are lists give way to what they hold, however deep. */
function flatten(list: Value): Value {
  if (!isList(list)) throw new FunctionFault('can only flatten lists, sets and tuples');
  const out: Value[] = [];
  let sensitive = false;
  const add = (item: Value): boolean => {
    if (item instanceof Unknown) {
      out.push(item);
      return true;
    }
    const open = item instanceof Sensitive ? item.value : item;
    if (isList(open)) {
      sensitive ||= item instanceof Sensitive;
      return open.every(add);
    }
    out.push(item);
    return true;
  };
  list.forEach(add);
  return markIf(sensitive, out);
}

function one(list: Value): Value {
  const items = sequence(list, 'list');
  if (items.length > 1) throw new FunctionFault('must be a list, set, or tuple value with either zero or one elements', 'list');
  return items[0] ?? null;
}

const rangeMax = 1024;

function range(bounds: readonly number[]): Value {
  if (bounds.length === 0 || bounds.length > 3) throw new FunctionFault('must have either 1, 2, or 3 arguments');
  const [start, end] = bounds.length === 1 ? [0, bounds[0] as number] : (bounds as [number, number]);
  const step = bounds[2] ?? (end < start ? -1 : 1);
  if (end < start && step > 0) throw new FunctionFault('end must be greater than start when step is positive', 'params');
  if (end > start && step < 0) throw new FunctionFault('end must be less than start when step is negative', 'params');
  const out: number[] = [];
  for (let at = start; end >= start ? at < end : at > end; at = rounded(at + step)) {
    if (out.length >= rangeMax)
      throw new FunctionFault(
        `more than ${rangeMax} values were generated; either decrease the difference between start and end or use a smaller step`,
      );
    out.push(at);
  }
  return asList(out, 'number');
}

function reverse(list: Value): Value {
  if (!isList(list)) throw new FunctionFault('can only reverse list or tuple values, not ' + friendlyType(typeOf(list)), 'list');
  return like(list, [...list].reverse());
}

function holds(set: List, item: Value): boolean {
  return set.some((other) => equal(other, item) === true);
}

/** The elements of all sets, made of one type, for which `keep` holds. */
function setOf(sets: readonly List[], keep: (item: Value, sets: readonly List[]) => boolean): Value {
  const type = unify(sets.map((set) => collectionOf(set)?.of ?? 'any'));
  if (type === undefined) throw new FunctionFault('given sets must all have compatible element types');
  const alike = sets.map((set) => set.map((item) => convertTo(item, type)));
  return asSet(
    alike.flat().filter((item) => keep(item, alike)),
    type,
  );
}

/** Every way to take one element of each; a set of tuples when all are sets. */
function product(sets: readonly Value[]): Value {
  if (sets.length < 2) throw new FunctionFault('at least two arguments are required');
  const lists = sets.map((set) => sequence(set, 'sets'));
  if (lists.reduce((count, list) => count * list.length, 1) > 1_000_000) throw new FunctionFault('more than 1000000 combinations', 'sets');
  const rows = lists.reduce<Value[][]>((rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])), [[]]);
  return sets.every(isSet) ? asSet(rows) : asList(rows);
}

function slice(list: Value, start: number, end: number): Value {
  if (!isList(list) || isSet(list))
    throw new FunctionFault(
      'cannot slice a set, because its elements do not have indices; explicitly convert to a list if the ordering of the result is not important',
      'list',
    );
  if (start < 0) throw new FunctionFault('start index must not be less than zero', 'start_index');
  if (end > list.length) throw new FunctionFault('end index must not be greater than the length of the list', 'end_index');
  if (start > end) throw new FunctionFault('start index must not be greater than end index', 'start_index');
  return like(list, list.slice(start, end));
}

function sum(list: List): Value {
  if (list.length === 0) throw new FunctionFault('cannot sum an empty list', 'list');
  let total = 0;
  for (const item of list) {
    if (typeof item !== 'number') throw new FunctionFault('argument must be list, set, or tuple of number values', 'list');
    total = rounded(total + item);
  }
  return total;
}
