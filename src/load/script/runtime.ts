import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';

/**
 * What rewritten code calls: the guard around calls that cannot be awaited, and the awaiting twins
 * of the array methods that take a callback.
 */

export interface ScriptRuntime {
  guard(value: unknown, site: number): unknown;
  call(site: number, object: unknown, method: string, callback: unknown, ...rest: unknown[]): unknown;
}

type Callback = (this: unknown, ...args: unknown[]) => unknown;

/** `place(site)` gives `file:line` of a guarded call; `onViolation` hears of each one, since the script may catch what is thrown. */
export function createScriptRuntime(place: (site: number) => string, onViolation: (error: PlimsollError) => void): ScriptRuntime {
  const violation = (site: number, what: string): PlimsollError => {
    const error = cannotSuspend(what, place(site));
    onViolation(error);
    return error;
  };
  return {
    guard(value, site) {
      if (value instanceof Promise) {
        value.catch(() => undefined);
        throw violation(site, 'a blocking call where the JavaScript engine cannot wait');
      }
      return value;
    },
    call(site, object, method, callback, ...rest) {
      if (typeof callback === 'function') {
        if (object instanceof Map || object instanceof Set) {
          if (method === 'forEach') return forEachEntry(object, callback as Callback, rest[0]);
        } else if (Array.isArray(object) || ArrayBuffer.isView(object)) {
          const twin = twins[method];
          if (twin) return twin(object as unknown[], callback as Callback, rest);
        }
      }
      const own = (object as Record<string, unknown>)[method];
      if (typeof own === 'function' && typeof callback === 'function' && isNative(own)) {
        throw violation(site, `a blocking function handed to the native "${method}"`);
      }
      return (own as Callback).call(object, callback, ...rest);
    },
  };
}

export function cannotSuspend(what: string, where: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_CANNOT_SUSPEND, {
    what,
    where,
    fix: 'make the call before, in a plain function, and hand its result over',
  });
}

function isNative(fn: object): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn)) && !(fn as { name: string }).name.startsWith('bound ');
}

async function forEachEntry(collection: Map<unknown, unknown> | Set<unknown>, callback: Callback, self: unknown): Promise<void> {
  for (const [key, value] of collection.entries()) await callback.call(self, value, key, collection);
}

type Twin = (list: unknown[], callback: Callback, rest: unknown[]) => unknown;

/**
 * Each does what ECMA-262 section 23.1.3 says of its namesake, one callback after the other: the
 * length is taken once at the start, holes are skipped where they are skipped there.
 */
const twins: Record<string, Twin> = {
  async forEach(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) if (i in list) await callback.call(self, list[i], i, list);
  },
  async map(list, callback, [self]) {
    const out: unknown[] = [];
    out.length = list.length;
    for (let i = 0, end = list.length; i < end; i++) if (i in list) out[i] = await callback.call(self, list[i], i, list);
    return sameSpecies(list, out);
  },
  async filter(list, callback, [self]) {
    const out: unknown[] = [];
    for (let i = 0, end = list.length; i < end; i++) {
      if (!(i in list)) continue;
      const item = list[i];
      if (await callback.call(self, item, i, list)) out.push(item);
    }
    return sameSpecies(list, out);
  },
  async flatMap(list, callback, [self]) {
    const out: unknown[] = [];
    for (let i = 0, end = list.length; i < end; i++) {
      if (!(i in list)) continue;
      const item = await callback.call(self, list[i], i, list);
      if (Array.isArray(item)) out.push(...(item as unknown[]));
      else out.push(item);
    }
    return out;
  },
  async some(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) if (i in list && (await callback.call(self, list[i], i, list))) return true;
    return false;
  },
  async every(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) if (i in list && !(await callback.call(self, list[i], i, list))) return false;
    return true;
  },
  async find(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) {
      const item = list[i];
      if (await callback.call(self, item, i, list)) return item;
    }
    return undefined;
  },
  async findIndex(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) if (await callback.call(self, list[i], i, list)) return i;
    return -1;
  },
  async findLast(list, callback, [self]) {
    for (let i = list.length - 1; i >= 0; i--) {
      const item = list[i];
      if (await callback.call(self, item, i, list)) return item;
    }
    return undefined;
  },
  async findLastIndex(list, callback, [self]) {
    for (let i = list.length - 1; i >= 0; i--) if (await callback.call(self, list[i], i, list)) return i;
    return -1;
  },
  reduce: (list, callback, rest) => fold(list, callback, rest, list.keys()),
  reduceRight: (list, callback, rest) => fold(list, callback, rest, [...list.keys()].reverse().values()),
  async sort(list, callback) {
    const sorted = await mergeSort([...list], callback);
    list.splice(0, sorted.length, ...(sorted as object[]));
    return list;
  },
  toSorted: (list, callback) => mergeSort([...list], callback),
};

async function fold(list: unknown[], callback: Callback, rest: unknown[], order: Iterator<number>): Promise<unknown> {
  let started = rest.length > 0;
  let result = rest[0];
  for (let next = order.next(); !next.done; next = order.next()) {
    const i = next.value;
    if (!(i in list)) continue;
    result = started ? await callback(result, list[i], i, list) : list[i];
    started = true;
  }
  if (!started) throw new TypeError('Reduce of empty array with no initial value');
  return result;
}

/** Stable, like the native sort; `undefined` goes last and is not compared. */
async function mergeSort(list: unknown[], compare: Callback): Promise<unknown[]> {
  const rest = list.filter((item) => item === undefined);
  let items = list.filter((item) => item !== undefined);
  for (let width = 1; width < items.length; width *= 2) {
    const merged: unknown[] = [];
    for (let start = 0; start < items.length; start += 2 * width) {
      let left = start;
      let right = Math.min(start + width, items.length);
      const middle = right;
      const end = Math.min(start + 2 * width, items.length);
      while (left < middle && right < end) {
        if (((await compare(items[left], items[right])) as number) <= 0) merged.push(items[left++]);
        else merged.push(items[right++]);
      }
      merged.push(...items.slice(left, middle), ...items.slice(right, end));
    }
    items = merged as typeof items;
  }
  return [...items, ...rest];
}

function sameSpecies(list: unknown[], out: unknown[]): unknown {
  const constructor = list.constructor as (ArrayConstructor & { [Symbol.species]?: ArrayConstructor }) | undefined;
  const species = constructor?.[Symbol.species] ?? Array;
  return species === Array ? out : species.from(out as object[]);
}
