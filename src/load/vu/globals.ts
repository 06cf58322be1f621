/** What ECMAScript puts into the global object (ECMA-262 section 19). */
const standard =
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date RegExp Error AggregateError
  EvalError RangeError ReferenceError SyntaxError TypeError URIError JSON Reflect Proxy Map Set WeakMap WeakSet WeakRef BigInt Iterator
  ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array
  BigInt64Array BigUint64Array isNaN isFinite encodeURI encodeURIComponent decodeURI decodeURIComponent escape unescape Intl`.split(/\s+/);

const shared: Record<string, unknown> = {};
for (const name of standard) if (name in globalThis) shared[name] = (globalThis as Record<string, unknown>)[name];

/**
 * A VU's `globalThis`, also known as `global`: what it sets there is its own. Libraries look in it for what the engine
 * offers, and must find neither Node's own things nor promises that are not the VU's.
 */
export function createGlobals(own: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const globals = Object.assign(Object.create(shared) as Record<string, unknown>, own);
  globals['globalThis'] = globals;
  globals['global'] = globals;
  return globals;
}
