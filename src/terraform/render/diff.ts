import { equal, isList, isRecord, isSet, reveal, Sensitive, sortedKeys, typeOf, Unknown, type Value } from '../language/index.ts';
import { valueFromJson, type Json, type NestedBlock, type Path, type ResourceObject, type Schema } from '../engine/index.ts';
import { align } from './sequence.ts';

export type DiffAction = 'no-op' | 'create' | 'delete' | 'update';

interface Change {
  readonly action: DiffAction;
  /** It is this that forces the replacement. */
  readonly replaces: boolean;
}

export type Entry = readonly [name: string, diff: Diff];

/** Two values side by side, as far as they are worth telling apart. */
export type Diff = Change &
  (
    | { readonly kind: 'primitive'; readonly before: Value; readonly after: Value }
    | { readonly kind: 'unknown'; readonly before: Diff | undefined }
    /** `unchanged`: only whether it is sensitive changes. */
    | { readonly kind: 'sensitive'; readonly becomes: boolean; readonly ceases: boolean; readonly unchanged: boolean }
    | { readonly kind: 'list' | 'set'; readonly elements: readonly Diff[] }
    | { readonly kind: 'map' | 'object'; readonly entries: readonly Entry[] }
    /** Text that is JSON. `value` says what it says; of `spaces` it says the same in other words. */
    | { readonly kind: 'json'; readonly value: Diff; readonly spaces: boolean }
    /** Two values that cannot be compared. */
    | { readonly kind: 'types'; readonly before: Diff; readonly after: Diff }
    | { readonly kind: 'block'; readonly attributes: readonly Entry[]; readonly blocks: readonly Entry[] }
  );

/** The paths that force the replacement, seen from a value. */
type Forced = readonly Path[];

const within = (forced: Forced, step: string | number): Forced => forced.filter((path) => path[0] === step).map((path) => path.slice(1));
const isForced = (forced: Forced): boolean => forced.some((path) => path.length === 0);

/** Undefined and null are the same: nothing. */
export function diffValues(before: Value | undefined, after: Value | undefined, forced: Forced = []): Diff {
  const [old, now] = [before ?? null, after ?? null];
  const replaces = isForced(forced);
  if (old instanceof Sensitive || now instanceof Sensitive) return sensitiveDiff(old, now, replaces);
  if (now instanceof Unknown) {
    const action = old === null ? 'create' : 'update';
    return { kind: 'unknown', action, replaces, before: old === null ? undefined : diffValues(old, null) };
  }
  const action = actionOf(old, now);
  const [one, other] = [old ?? now, now ?? old];
  if (typeof one === 'string' && typeof other === 'string') return textDiff(old, now, action, replaces);
  if (isList(one) && isList(other)) {
    const elements = isSet(one) && isSet(other) ? setElements(old, now, forced) : listElements(old, now, forced);
    return { kind: isSet(one) ? 'set' : 'list', action, replaces, elements };
  }
  if (isRecord(one) && isRecord(other)) {
    const type = typeOf(other);
    const kind = typeof type === 'object' && type.kind === 'map' ? 'map' : 'object';
    return { kind, action, replaces, entries: entriesOf(old, now, forced) };
  }
  const comparable = typeof one !== 'object' && typeof other !== 'object';
  if (comparable || old === null || now === null) return { kind: 'primitive', action, replaces, before: old, after: now };
  return { kind: 'types', action, replaces, before: diffValues(old, null), after: diffValues(null, now) };
}

function actionOf(before: Value, after: Value): DiffAction {
  if (before === null) return after === null ? 'no-op' : 'create';
  if (after === null) return 'delete';
  return equal(before, after) === true && !differsInMarks(before, after) ? 'no-op' : 'update';
}

/** Whether something in it becomes sensitive, or ceases to be so. */
function differsInMarks(before: Value, after: Value): boolean {
  if (before instanceof Sensitive || after instanceof Sensitive) return before instanceof Sensitive !== after instanceof Sensitive;
  if (isList(before) && isList(after)) return before.some((item, index) => differsInMarks(item, after[index] ?? null));
  if (isRecord(before) && isRecord(after)) return Object.entries(before).some(([key, item]) => differsInMarks(item, after[key] ?? null));
  return false;
}

function sensitiveDiff(before: Value, after: Value, replaces: boolean): Diff {
  const [old, now] = [reveal(before), reveal(after)];
  const plain = now instanceof Unknown ? (old === null ? 'create' : 'update') : actionOf(old, now);
  const [was, is] = [before instanceof Sensitive, after instanceof Sensitive];
  const [becomes, ceases] = [!was && is && old !== null, was && !is && now !== null];
  const action = plain === 'no-op' && (becomes || ceases) ? 'update' : plain;
  return { kind: 'sensitive', action, replaces, becomes, ceases, unchanged: plain === 'no-op' };
}

function textDiff(before: Value, after: Value, action: DiffAction, replaces: boolean): Diff {
  const [old, now] = [jsonIn(before), jsonIn(after)];
  if (old === undefined && now === undefined) return { kind: 'primitive', action, replaces, before, after };
  const kind = (json: Value | undefined, text: Value): Diff['kind'] | undefined =>
    text === null ? undefined : json === undefined ? 'primitive' : 'json';
  const kinds = new Set([kind(old, before), kind(now, after)].filter((one) => one !== undefined));
  if (kinds.size > 1) return { kind: 'types', action, replaces, before: diffValues(before, null), after: diffValues(null, after) };
  const value = diffValues(old, now);
  return { kind: 'json', action, replaces, value, spaces: action === 'update' && value.action === 'no-op' };
}

/** What a text says when it is a JSON list or object. */
function jsonIn(text: Value): Value | undefined {
  if (typeof text !== 'string' || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return valueFromJson(JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

const items = (value: Value): readonly Value[] => (value !== null && isList(value) ? value : []);
const same = (a: Value, b: Value): boolean => equal(a, b) === true && !differsInMarks(a, b);

/** Lists of one length are compared place by place; others by what they have in common. */
function listElements(before: Value, after: Value, forced: Forced): Diff[] {
  const [old, now] = [items(before), items(after)];
  if (old.length === now.length) return now.map((item, index) => diffValues(old[index], item, within(forced, index)));
  const records = (a: Value, b: Value): boolean => isRecord(a) && isRecord(b);
  return align(old, now, same, records).map((pair) =>
    diffValues(pair.before, pair.after, forced.some(([step]) => typeof step === 'number') ? [[]] : []),
  );
}

function setElements(before: Value, after: Value, forced: Forced): Diff[] {
  const [old, now] = [items(before), items(after)];
  const inside: Forced = forced.some(({ length }) => length > 0) ? [[]] : [];
  return [
    ...old.map((item) => (now.some((other) => same(item, other)) ? diffValues(item, item) : diffValues(item, null, inside))),
    ...now.filter((item) => !old.some((other) => same(item, other))).map((item) => diffValues(null, item, inside)),
  ];
}

function entriesOf(before: Value, after: Value, forced: Forced): Entry[] {
  const [old, now] = [before, after].map((value) => (value !== null && isRecord(value) ? value : {})) as [ResourceObject, ResourceObject];
  return sortedKeys({ ...old, ...now }).map((key) => {
    const diff = diffValues(old[key], now[key], within(forced, key));
    // A name that comes or goes is told, even with nothing as its value.
    const action = Object.hasOwn(now, key) ? (Object.hasOwn(old, key) ? diff.action : 'create') : 'delete';
    return [key, isNothing(diff) ? { ...diff, action } : diff];
  });
}

const isNothing = ({ action, kind, ...diff }: Diff): boolean =>
  action === 'no-op' && kind === 'primitive' && 'after' in diff && diff.after === null;

/** A resource's, or a nested block's, values by its schema. What has no value on either side is left out. */
export function diffBlock(
  schema: Schema,
  before: ResourceObject | undefined,
  after: ResourceObject | undefined,
  forced: Forced = [],
): Diff {
  const attributes: Entry[] = [];
  const blocks: Entry[] = [];
  for (const name of sortedKeys({ ...before, ...after })) {
    const item = Object.hasOwn(schema, name) ? schema[name] : undefined;
    const [old, now] = [before?.[name] ?? null, after?.[name] ?? null];
    const inside = within(forced, name);
    if (item?.kind === 'block') blocks.push(...blockDiffs(item, old, now, inside).map((diff): Entry => [name, diff]));
    else {
      const hidden = (value: Value): Value =>
        item?.sensitive === true && value !== null && !(value instanceof Sensitive) ? new Sensitive(value) : value;
      const diff = diffValues(hidden(old), hidden(now), inside);
      if (!isNothing(diff)) attributes.push([name, diff]);
    }
  }
  const changed = [...attributes, ...blocks].some(([, diff]) => diff.action !== 'no-op');
  const action = before === undefined ? 'create' : after === undefined ? 'delete' : changed ? 'update' : 'no-op';
  return { kind: 'block', action, replaces: isForced(forced), attributes, blocks };
}

function blockDiffs({ schema, collection }: NestedBlock, before: Value, after: Value, forced: Forced): Diff[] {
  const inner = (old: Value | undefined, now: Value | undefined, path: Forced): Diff => {
    if ([old, now].some((value) => value instanceof Sensitive || value instanceof Unknown)) return diffValues(old, now, path);
    return diffBlock(schema, asObject(old), asObject(now), path);
  };
  if (after instanceof Unknown || before instanceof Sensitive || after instanceof Sensitive) return [diffValues(before, after, forced)];
  const [old, now] = [items(before), items(after)];
  // What forces the replacement is told where it stands: at the block that holds it, or at all of them when it is the list.
  const at = (index: number): Forced => [...(isForced(forced) ? [[]] : []), ...within(forced, index)];
  if (collection === 'set')
    return [
      ...old.map((item, index) => inner(item, now.some((other) => same(item, other)) ? item : undefined, at(index))),
      ...now.filter((item) => !old.some((other) => same(item, other))).map((item, index) => inner(undefined, item, at(index))),
    ];
  if (old.length === now.length) return now.map((item, index) => inner(old[index], item, at(index)));
  return align(old, now, same, () => true).map((pair, index) => inner(pair.before, pair.after, at(index)));
}

const asObject = (value: Value | undefined): ResourceObject | undefined =>
  value !== undefined && value !== null && isRecord(value) ? value : undefined;
