import type { PlimsollError } from '../../base/index.ts';
import { cannotSuspend } from './runtime.ts';

/**
 * What a load process changes in its own JavaScript realm, so that a rewritten script cannot tell that it was rewritten: a blocking
 * function looks like any function, a blocking generator like any generator, and a pending operation, which only generated code may
 * wait for, can never pass for a value.
 */

/** `file:line` of the script, for something that script code does itself or has the engine do. */
export type PlaceOf = (isAsked: boolean) => string | undefined;

const asyncFunction = Object.getPrototypeOf(async () => undefined) as object;
// oxlint-disable-next-line require-yield -- only its prototype is wanted
const asyncGeneratorFunction = Object.getPrototypeOf(async function* () {}) as { prototype: object };
const generatorFunction = Object.getPrototypeOf(function* () {}) as object;
const asyncGenerator = asyncGeneratorFunction.prototype;

/** Functions that may block were made asynchronous; the script's own asynchronous ones were spelled out. */
export function isBlockingFunction(value: unknown): boolean {
  return typeof value === 'function' && Object.getPrototypeOf(value) === asyncFunction;
}

/** Generators that block were made asynchronous; the script's own asynchronous ones are objects of ours. */
export function isBlockingGenerator(value: unknown): value is AsyncGenerator {
  return typeof value === 'object' && value !== null && Object.prototype.isPrototypeOf.call(asyncGenerator, value);
}

/**
 * The engine calls some functions of the script itself: a callback of `replace`, a comparator, a trap of a proxy. If one of them blocks,
 * the engine gets a pending operation for an answer and takes it for the value, and so might the script. Whoever then reads a
 * property of it or converts it is stopped here, and `onViolation` hears of it, since the script may catch what is thrown.
 */
export function adaptRealm(placeOf: PlaceOf, onViolation: (error: PlimsollError) => void): void {
  const refuse = (what: string, where: string): never => {
    const error = cannotSuspend(what, where);
    onViolation(error);
    throw error;
  };
  Reflect.setPrototypeOf(
    Promise.prototype,
    new Proxy(Object.prototype, {
      get(target, key, receiver) {
        // Node keeps things of its own there.
        const isOfNode = typeof key === 'symbol' && key !== Symbol.toPrimitive && key !== Symbol.iterator;
        const where = isOfNode ? undefined : placeOf(CONVERSIONS.has(key));
        if (where === undefined) return Reflect.get(target, key, receiver) as unknown;
        (receiver as Promise<unknown>).catch(() => undefined);
        return refuse(key === 'done' ? 'an iterator that blocks, handed to the JavaScript engine, which cannot wait for it' : BLIND, where);
      },
    }),
  );
  define(asyncGenerator, Symbol.iterator, () =>
    refuse('a blocking generator handed to the JavaScript engine, which cannot wait for it', placeOf(true) ?? ''),
  );
  define(asyncGenerator, Symbol.toStringTag, 'Generator');
  define(asyncFunction, Symbol.toStringTag, 'Function');
  define(asyncFunction, 'constructor', Function);
  define(asyncGeneratorFunction, Symbol.toStringTag, 'GeneratorFunction');
  define(asyncGeneratorFunction, 'constructor', (generatorFunction as { constructor: unknown }).constructor);
}

const BLIND = 'a blocking function was called by the JavaScript engine itself, which cannot wait for it';

/** How the engine makes a primitive value or text of an object: nobody who knows that it is a promise does that. */
const CONVERSIONS: ReadonlySet<string | symbol> = new Set([Symbol.toPrimitive, 'toString', 'valueOf', 'toJSON']);

function define(object: object, key: string | symbol, value: unknown): void {
  Reflect.defineProperty(object, key, { value, configurable: true, writable: true });
}
