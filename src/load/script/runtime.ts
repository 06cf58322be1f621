import { PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { box, unbox } from './promises.ts';
import { isBlockingFunction, isBlockingGenerator } from './realm.ts';

/**
 * What rewritten code calls: the guard around calls that cannot be awaited, and the awaiting twins
 * of the array methods that take a callback.
 */

export interface ScriptRuntime {
  box(value: unknown): unknown;
  unbox(value: unknown): unknown;
  /** The same for what `next` of a generator answers. */
  unboxResult(value: unknown): unknown;
  /** For `for await`: what the iterable gives, promises as they are. */
  unboxing(value: unknown): unknown;
  /** For `yield*` in an asynchronous generator: the same, promises in boxes. */
  boxing(value: unknown): unknown;
  guard(value: unknown, site: number): unknown;
  /** An iterable as it is; of a blocking generator a list of at most `limit` items, later. */
  spread(value: unknown, limit: number): unknown;
  /** `object.method(callback, …)` with a callback that may block: calls the awaiting twin of a native method that has one. */
  call(site: number, object: unknown, method: unknown, ...args: unknown[]): unknown;
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
    box,
    unbox,
    unboxResult,
    unboxing: (value) => mapIterable(value, unbox),
    boxing: (value) => mapIterable(value, box),
    guard(value, site) {
      if (value instanceof Promise) {
        value.catch(() => undefined);
        throw violation(site, 'a blocking call where the JavaScript engine cannot wait');
      }
      return value;
    },
    spread: (value, limit) => (isBlockingGenerator(value) ? collect(value, limit) : value),
    call(site, object, method, ...args) {
      const call = directly({ self: object, method, args });
      const [callback, ...rest] = call.args;
      const twin = typeof callback === 'function' ? twins.get(call.method) : undefined;
      if (twin) return twin(Object(call.self) as unknown[], opened(callback as Callback), rest);
      if (typeof call.method === 'function' && isNative(call.method) && call.args.some(isBlockingFunction))
        throw violation(site, `a blocking function handed to the native "${call.method.name}"`);
      return (method as Callback).apply(object, args);
    },
  };
}

export function cannotSuspend(what: string, where: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_CANNOT_SUSPEND, {
    what,
    where,
    fix: 'make the call before, in a plain function, and hand its result over; or run with --vu-threads, for few VUs',
  });
}

interface DirectCall {
  readonly self: unknown;
  readonly method: unknown;
  readonly args: readonly unknown[];
}

/** `f.call(self, …)`, `f.apply(self, […])` and `Reflect.apply(f, self, […])` as `self.f(…)`. */
function directly(call: DirectCall): DirectCall {
  const { self, method, args } = call;
  const [first, second, third] = args;
  if (method === Function.prototype.call) return directly({ self: first, method: self, args: args.slice(1) });
  if (method === Function.prototype.apply) return directly({ self: first, method: self, args: listOf(second) });
  if (method === Reflect.apply) return directly({ self: second, method: first, args: listOf(third) });
  return call;
}

function listOf(value: unknown): unknown[] {
  return Array.from((value ?? []) as ArrayLike<unknown>);
}

function isNative(fn: object): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn)) && !(fn as { name: string }).name.startsWith('bound ');
}

function mapResult(result: IteratorResult<unknown>, map: (value: unknown) => unknown): IteratorResult<unknown> {
  return { done: result.done ?? false, value: map(result.value) };
}

/** The answer of a `next`, whatever it is: only a result of a blocking generator holds a box. */
function unboxResult(answer: unknown): unknown {
  const value = unbox(answer);
  const held = typeof value === 'object' && value !== null ? (value as { value?: unknown }).value : undefined;
  return held !== undefined && unbox(held) !== held ? mapResult(value as IteratorResult<unknown>, unbox) : value;
}

type Step = (value: unknown) => IteratorResult<unknown> | Promise<IteratorResult<unknown>>;

/** An asynchronous view of an iterable that, unlike the engine's own, never waits for an item that is a promise. */
function mapIterable(value: unknown, map: (value: unknown) => unknown): AsyncIterable<unknown> {
  const source = (isBlockingGenerator(value) ? value : (value as Iterable<unknown>)[Symbol.iterator]()) as unknown as Record<
    string,
    Step | undefined
  >;
  const through =
    (name: string) =>
    async (sent?: unknown): Promise<IteratorResult<unknown>> =>
      mapResult(await (source[name] as Step).call(source, sent), map);
  const view: AsyncIterator<unknown> = { next: through('next') };
  if (source['return']) view.return = through('return');
  if (source['throw']) view.throw = through('throw');
  return { [Symbol.asyncIterator]: () => view };
}

async function collect(generator: AsyncGenerator, limit: number): Promise<unknown[]> {
  const items: unknown[] = [];
  while (items.length < limit) {
    const { done, value } = await generator.next();
    if (done === true) return items;
    items.push(unbox(value));
  }
  await generator.return(undefined);
  return items;
}

/** Every result as a native promise; what the native one would wait for is boxed. */
function opened(callback: Callback): Callback {
  return async function (this: unknown, ...args) {
    const result = callback.apply(this, args);
    return result instanceof Promise ? result : box(result);
  };
}

async function forEachEntry(collection: Map<unknown, unknown> | Set<unknown>, callback: Callback, [self]: unknown[]): Promise<void> {
  for (const [key, value] of collection.entries()) await callback.call(self, value, key, collection);
}

type Twin = (list: unknown[], callback: Callback, rest: unknown[]) => unknown;

/**
 * Each does what ECMA-262 section 23.1.3 says of its namesake, one callback after the other: the
 * length is taken once at the start, holes are skipped where they are skipped there.
 */
const arrayTwins: Record<string, Twin> = {
  async forEach(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) if (i in list) unbox(await callback.call(self, list[i], i, list));
  },
  async map(list, callback, [self]) {
    const out: unknown[] = [];
    out.length = list.length;
    for (let i = 0, end = list.length; i < end; i++) if (i in list) out[i] = unbox(await callback.call(self, list[i], i, list));
    return sameSpecies(list, out);
  },
  async filter(list, callback, [self]) {
    const out: unknown[] = [];
    for (let i = 0, end = list.length; i < end; i++) {
      if (!(i in list)) continue;
      const item = list[i];
      if (unbox(await callback.call(self, item, i, list))) out.push(item);
    }
    return sameSpecies(list, out);
  },
  async flatMap(list, callback, [self]) {
    const out: unknown[] = [];
    for (let i = 0, end = list.length; i < end; i++) {
      if (!(i in list)) continue;
      const item = unbox(await callback.call(self, list[i], i, list));
      if (Array.isArray(item)) out.push(...(item as unknown[]));
      else out.push(item);
    }
    return out;
  },
  async some(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) if (i in list && unbox(await callback.call(self, list[i], i, list))) return true;
    return false;
  },
  async every(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) if (i in list && !unbox(await callback.call(self, list[i], i, list))) return false;
    return true;
  },
  async find(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) {
      const item = list[i];
      if (unbox(await callback.call(self, item, i, list))) return box(item);
    }
    return undefined;
  },
  async findIndex(list, callback, [self]) {
    for (let i = 0, end = list.length; i < end; i++) if (unbox(await callback.call(self, list[i], i, list))) return i;
    return -1;
  },
  async findLast(list, callback, [self]) {
    for (let i = list.length - 1; i >= 0; i--) {
      const item = list[i];
      if (unbox(await callback.call(self, item, i, list))) return box(item);
    }
    return undefined;
  },
  async findLastIndex(list, callback, [self]) {
    for (let i = list.length - 1; i >= 0; i--) if (unbox(await callback.call(self, list[i], i, list))) return i;
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

/** The awaiting twins of native methods, by these. */
const twins = new Map<unknown, Twin>();
for (const { prototype } of [Map, Set]) twins.set(Reflect.get(prototype, 'forEach'), forEachEntry as unknown as Twin);
for (const [name, twin] of Object.entries(arrayTwins))
  for (const { prototype } of [Array, Object.getPrototypeOf(Uint8Array) as { prototype: object }])
    if (name in prototype) twins.set(Reflect.get(prototype, name), twin);

async function fold(list: unknown[], callback: Callback, rest: unknown[], order: Iterator<number>): Promise<unknown> {
  let started = rest.length > 0;
  let result = rest[0];
  for (let next = order.next(); !next.done; next = order.next()) {
    const i = next.value;
    if (!(i in list)) continue;
    result = started ? unbox(await callback(result, list[i], i, list)) : list[i];
    started = true;
  }
  if (!started) throw new TypeError('Reduce of empty array with no initial value');
  return box(result);
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
        if ((unbox(await compare(items[left], items[right])) as number) <= 0) merged.push(items[left++]);
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
