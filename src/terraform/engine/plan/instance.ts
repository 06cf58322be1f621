import { asMap, convertTo, isKnown, isList, isRecord, record, Unknown, unknown, type Value } from '../../language/index.ts';
import { objectType, type Argument, type NestedBlock, type Schema } from '../schema.ts';
import type { ResourceType } from '../provider.ts';
import type { Path } from '../state/state.ts';
import { isSame, isZero } from './values.ts';
import type { ResourceObject } from './types.ts';

/** What one object is to become. */
export interface InstancePlan {
  /** All names of the schema; `unknown` is what the provider will say. */
  readonly planned: ResourceObject;
  /** The arguments and attributes that differ from before; all of them when there was nothing before. */
  readonly changed: ReadonlySet<string>;
  /** Those among the changes that only another object can have. Empty: it can be changed in place. */
  readonly replacePaths: readonly Path[];
}

export type Planned = Pick<ResourceType, 'schema' | 'update' | 'customize'>;

/**
 * What an object is to become: the configuration where it says something, else what the provider said before, else what it
 * will say. Values are open (not marked sensitive). As in providers made with Terraform's older SDK, null and a zero value
 * are the same for an argument, and what means the same as before stays as it was.
 */
export function planInstance(
  type: Planned,
  given: ResourceObject,
  before: ResourceObject | undefined,
  defaultTags: Readonly<Record<string, Value>> = {},
): InstancePlan {
  const { schema } = type;
  const config = withOldNames(schema, given);
  const planned: Record<string, Value> = record(Object.entries(planObject(schema, config, before)));
  if (schema['tags_all'] && schema['tags']) planned['tags_all'] = tagsAll(planned['tags'] ?? null, defaultTags, before?.['tags_all']);
  type.customize?.(planned, before, config);
  if (before === undefined) return { planned, changed: new Set(Object.keys(planned)), replacePaths: [] };
  const changed = new Set(Object.keys(schema).filter((name) => !isSame(before[name] ?? null, planned[name] ?? null)));
  if (changed.size > 0) for (const [name, item] of Object.entries(schema)) if (item.changing === true) planned[name] = unknown;
  const replacePaths = [...changed].flatMap((name) =>
    forcing(schema[name] as Argument | NestedBlock, [name], before[name] ?? null, planned[name] ?? null),
  );
  const stuck = type.update === undefined && replacePaths.length === 0;
  return { planned, changed, replacePaths: stuck ? [...changed].map((name) => [name]) : replacePaths };
}

/** What older provider versions call something else is given under the name of today too. */
function withOldNames(schema: Schema, config: ResourceObject): ResourceObject {
  const old = Object.entries(schema).filter(
    ([name, { oldNameOf }]) => oldNameOf !== undefined && config[name] !== null && config[oldNameOf] === null,
  );
  if (old.length === 0) return config;
  return record([...Object.entries(config), ...old.map(([name, { oldNameOf = '' }]) => [oldNameOf, config[name] ?? null] as const)]);
}

function planObject(schema: Schema, config: ResourceObject, before: ResourceObject | undefined): ResourceObject {
  return record(
    Object.entries(schema).map(([name, item]) => {
      const [value, old] = [config[name] ?? null, before && (before[name] ?? null)];
      return [name, item.kind === 'block' ? planBlocks(item, value, old) : planArgument(item, value, old)];
    }),
  );
}

/** `before` is undefined when there is no object yet. */
function planArgument(item: Argument, given: Value, before: Value | undefined): Value {
  const left = given === null || (given === '' && item.computed === true);
  if (left && item.fallback === undefined && item.computed === true) return before === undefined ? unknown : before;
  const value = given === null ? (item.fallback ?? null) : given;
  return before !== undefined && meansSame(item, before, value) ? before : value;
}

function meansSame(item: Argument, before: Value, after: Value): boolean {
  if (isSame(before, after)) return true;
  if (item.type !== 'any' && isZero(before) && isZero(after)) return true;
  return item.same !== undefined && before !== null && after !== null && isKnown(after) && item.same(before, after);
}

function planBlocks(item: NestedBlock, given: Value, before: Value | undefined): Value {
  if (given === null) return before === undefined ? unknown : before;
  if (!isList(given)) return given;
  const old = before !== undefined && isList(before) ? before.filter(isRecord) : [];
  if (given.length === 0 && before !== undefined && isZero(before)) return before;
  const blocks = given.map((element) => (isRecord(element) ? element : record()));
  const planned =
    item.collection === 'set' ? planSet(item, blocks, old) : blocks.map((block, index) => planObject(item.schema, block, old[index]));
  if (
    before !== undefined &&
    planned.length === old.length &&
    planned.every((element, index) => (item.collection === 'set' ? old.includes(element) : isSame(old[index] ?? null, element)))
  )
    return before;
  return convertTo(planned, { kind: item.collection, of: objectType(item.schema) });
}

/** An element that means the same as one of before is that one; others are new. */
function planSet(item: NestedBlock, blocks: readonly ResourceObject[], before: readonly ResourceObject[]): ResourceObject[] {
  const left = new Set(before);
  return blocks.map((block) => {
    for (const old of left) {
      if (!isSame(old, planObject(item.schema, block, old))) continue;
      left.delete(old);
      return old;
    }
    return planObject(item.schema, block, undefined);
  });
}

/** The provider's default tags and the resource's own; said by the provider while any of them is unknown, or when there are none. */
function tagsAll(tags: Value, defaults: Readonly<Record<string, Value>>, before: Value | undefined): Value {
  if (tags instanceof Unknown) return unknown;
  const own = tags !== null && isRecord(tags) ? Object.entries(tags).filter(([, value]) => value !== null) : [];
  const all = asMap([...Object.entries(defaults), ...own], 'string');
  if (!isKnown(all)) return unknown;
  if (before === undefined) return Object.keys(all).length === 0 ? unknown : all;
  return isSame(before, all) || (isZero(before) && isZero(all)) ? before : all;
}

/** The paths at or below `path` that a changed value cannot have without another object. */
function forcing(item: Argument | NestedBlock, path: Path, before: Value, after: Value): Path[] {
  if (item.forceNew === true) return [path];
  if (item.kind === 'argument') return [];
  const forced = Object.entries(item.schema).filter(([, inner]) => inner.forceNew === true || inner.kind === 'block');
  if (forced.length === 0) return [];
  const [old, now] = [before, after].map((value) => (isList(value) ? value.filter(isRecord) : []));
  if (item.collection === 'set' || after instanceof Unknown) return forced.some(([, inner]) => inner.forceNew === true) ? [path] : [];
  const paths: Path[] = [];
  for (let index = 0; index < Math.max(old?.length ?? 0, now?.length ?? 0); index++)
    for (const [name, inner] of forced) {
      const [was, is] = [old?.[index]?.[name] ?? null, now?.[index]?.[name] ?? null];
      if (!isSame(was, is) && !(isZero(was) && isZero(is))) paths.push(...forcing(inner, [...path, index, name], was, is));
    }
  return paths;
}
