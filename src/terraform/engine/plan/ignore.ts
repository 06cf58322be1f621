import { asMap, isList, isRecord, mapElements, record, Unknown, type Value } from '../../language/index.ts';
import type { Lifecycle } from '../configuration/types.ts';
import type { Path } from '../state/state.ts';
import type { ResourceObject } from './types.ts';

/** The configuration with what `ignore_changes` names as it was before. */
export function withIgnored(
  config: ResourceObject,
  before: ResourceObject | undefined,
  ignored: Lifecycle['ignoreChanges'],
): ResourceObject {
  if (before === undefined || ignored.length === 0) return config;
  if (ignored === 'all') return record(Object.keys(config).map((name) => [name, before[name] ?? null]));
  return ignored.reduce<Value>((value, path) => replaceAt(value, before, path), config) as ResourceObject;
}

function replaceAt(value: Value, before: Value, [step, ...rest]: Path): Value {
  if (step === undefined) return before;
  if (value instanceof Unknown) return value;
  const old = before !== null && (isRecord(before) || isList(before)) ? before : record();
  if (isRecord(value) || value === null) return replaceEntry(value ?? record(), old, String(step), rest);
  if (!isList(value)) return value;
  return mapElements(value, (item, index) => (String(index) === String(step) ? replaceAt(item, elementOf(old, String(step)), rest) : item));
}

const elementOf = (value: Value, key: string): Value =>
  isList(value)
    ? (value[Number(key)] ?? null)
    : value !== null && isRecord(value) && Object.hasOwn(value, key)
      ? (value[key] ?? null)
      : null;

/** A key of a map that there was not is taken away, one that there was comes back. */
function replaceEntry(value: { readonly [key: string]: Value }, old: Value, key: string, rest: Path): Value {
  const entries = Object.entries(value).filter(([name]) => name !== key);
  const had = old !== null && isRecord(old) && Object.hasOwn(old, key);
  if (had || rest.length > 0) entries.push([key, replaceAt(value[key] ?? null, elementOf(old, key), rest)]);
  return entries.every(([, item]) => typeof item === 'string' || item === null) ? asMap(entries, 'string') : record(entries);
}
