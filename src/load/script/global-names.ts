/** Which names of the global object a script finds. */

/** What ECMAScript puts there (ECMA-262 section 19, ECMA-402 section 8). */
const standard =
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date RegExp Error AggregateError
  EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError JSON Reflect Proxy Map Set WeakMap WeakSet WeakRef BigInt
  Iterator ArrayBuffer SharedArrayBuffer Atomics DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array
  Float16Array Float32Array Float64Array BigInt64Array BigUint64Array FinalizationRegistry DisposableStack AsyncDisposableStack isNaN isFinite
  encodeURI encodeURIComponent decodeURI decodeURIComponent escape unescape eval Intl Temporal Math Promise globalThis`.split(/\s+/);

/** What k6 has not, and scripts may use all the same: it only handles data. */
const data = ['URL', 'URLSearchParams', 'TextEncoder', 'TextDecoder', 'atob', 'btoa', 'structuredClone'];

export const visibleNames: ReadonlySet<string> = new Set([...standard, ...data]);

/** What Node has beside: sockets, timers and streams of its own, whose promises are not the script's. */
export const hiddenNames: readonly string[] = [
  ...new Set([...Object.getOwnPropertyNames(globalThis), 'require', 'module', 'exports', 'WebSocket', 'EventSource']),
].filter((name) => !visibleNames.has(name) && /^[A-Za-z_]\w*$/.test(name));
