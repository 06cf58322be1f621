import { isList, isRecord, mapElements, Sensitive, type Value } from '../../language/index.ts';

/** A record whose values are worked out when they are first asked for, once. Which names it has can be seen without that. */
export function lazyRecord(entries: Iterable<readonly [string, () => Value]>): { readonly [key: string]: Value } {
  const out = Object.create(null) as Record<string, Value>;
  for (const [name, work] of entries) {
    const get = once(work);
    Object.defineProperty(out, name, { enumerable: true, get });
  }
  return out;
}

/** What `work` gives, or throws, each time the same. */
export function once<Result>(work: () => Result): () => Result {
  let settled: { readonly value: Result } | { readonly error: unknown } | undefined;
  return () => {
    if (settled === undefined) {
      try {
        settled = { value: work() };
      } catch (error) {
        settled = { error };
      }
    }
    if ('error' in settled) throw settled.error;
    return settled.value;
  };
}

/** A value with all its lazy parts worked out, so that it no longer holds on to what they come from. */
export function settled(value: Value): Value {
  if (value instanceof Sensitive) return new Sensitive(settled(value.value));
  return isList(value) || isRecord(value) ? mapElements(value, settled) : value;
}
