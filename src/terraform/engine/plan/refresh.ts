import { errorMessage } from '../../../base/index.ts';
import { asMap, isKnown, isList, isRecord, Mismatch, record, Unknown, type Value } from '../../language/index.ts';
import type { InstanceAddress } from '../address.ts';
import { Arguments } from '../arguments.ts';
import { configurationError, type Place } from '../diagnostics.ts';
import type { Provider } from '../evaluation/providers.ts';
import type { ResourceType } from '../provider.ts';
import type { Schema } from '../schema.ts';
import { objectFromJson, typedObject } from '../state/json.ts';
import type { InstanceObject } from '../state/state.ts';

import type { ResourceObject } from './types.ts';
import { isSame, isZero } from './values.ts';

/** A state's object in the types of its schema. @throws DiagnosticsError when it does not fit */
export function decodeObject(address: InstanceAddress, schema: Schema, { attributes }: InstanceObject): ResourceObject {
  try {
    return objectFromJson(schema, attributes);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw configurationError(
      'Invalid object in the state',
      `The state's values of ${address.toString()} do not fit its type: ${error.message}.`,
    );
  }
}

export function idOf(object: ResourceObject | undefined): string {
  const id = object?.['id'];
  return typeof id === 'string' ? id : '';
}

/** What an object is now; undefined when it is gone. What the provider does not tell stays as it was. */
export async function readObject(
  type: ResourceType,
  provider: Provider,
  known: ResourceObject,
  place: Place = {},
): Promise<ResourceObject | undefined> {
  const found = await type.read(provider.clientsFor(known), idOf(known), new Arguments(known));
  if (found === undefined) return undefined;
  try {
    return merge(type.schema, known, typedObject(type.schema, { ...knownPart(known), ...found }), provider.defaultTags);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    throw configurationError('Provider produced invalid object', errorMessage(error), place.range, place);
  }
}

/** The same with null for what is unknown. */
export function knownPart(known: ResourceObject): Record<string, Value> {
  return record(
    Object.entries(known).map(([name, value]) => [name, isKnown(value) ? value : value instanceof Unknown ? null : withoutUnknown(value)]),
  );
}

function withoutUnknown(value: Value): Value {
  if (value instanceof Unknown) return null;
  if (isList(value)) return value.map(withoutUnknown);
  return isRecord(value) ? record(Object.entries(value).map(([key, item]) => [key, withoutUnknown(item)])) : value;
}

/** A zero where the configuration has null says nothing new. Tags that are the provider's default ones are not the resource's own. */
function merge(schema: Schema, known: ResourceObject, found: ResourceObject, defaults: Readonly<Record<string, Value>>): ResourceObject {
  const out = record(Object.entries(found));
  for (const [name, item] of Object.entries(schema)) {
    const before = known[name] ?? null;
    if (item.computed !== true && isKnown(before) && isZero(before) && isZero(out[name] ?? null)) out[name] = before;
  }
  if (schema['tags'] && schema['tags_all']) out['tags'] = ownTags(known['tags'] ?? null, out['tags_all'] ?? null, defaults);
  return out;
}

function ownTags(known: Value, all: Value, defaults: Readonly<Record<string, Value>>): Value {
  if (all === null || !isRecord(all)) return known;
  const before = known !== null && isRecord(known) ? known : {};
  const own = Object.entries(all).filter(([key, value]) => key in before || !isSame(defaults[key] ?? null, value));
  return own.length === 0 && isZero(known) ? known : asMap(own, 'string');
}

/** Whether an object is another than the state says, zero values and null taken for the same. */
export function differs(schema: Schema, before: ResourceObject, after: ResourceObject): boolean {
  return Object.keys(schema).some((name) => {
    const [old, now] = [before[name] ?? null, after[name] ?? null];
    return !isSame(old, now) && !(isZero(old) && isZero(now));
  });
}
