/**
 * What the analysis knows of functions that are not in the script: which of k6's block, and which of
 * the engine's call back. Names only; whatever is missing here is caught at run time.
 */

/** Functions that suspend the VU, by module. */
export const BLOCKING_CALLS: Readonly<Record<string, readonly string[]>> = {
  k6: ['sleep'],
  'k6/http': ['get', 'post', 'put', 'patch', 'del', 'head', 'options', 'request', 'batch'],
  'k6/ws': ['connect', 'close', 'send', 'sendBinary'],
  'k6/x/sse': ['open'],
  'k6/net/grpc': ['connect', 'invoke', 'healthCheck'],
  'k6/experimental/grpc': ['connect', 'invoke', 'healthCheck'],
};

/** Methods of k6's objects that suspend the VU, whatever they were reached through. */
export const BLOCKING_METHODS: readonly string[] = ['submitForm', 'clickLink', 'waitForEvent'];

/** Modules whose blocking functions are methods of objects that the script creates (`new grpc.Client()`). */
export const METHOD_MODULES: ReadonlySet<string> = new Set(['k6/ws', 'k6/net/grpc', 'k6/experimental/grpc']);

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Array (and Map, Set) methods that have an awaiting twin in the run time. */
export const ARRAY_METHODS = words(`forEach map filter reduce reduceRight some every find findIndex findLast findLastIndex flatMap
  sort toSorted`);

/** Calls of k6's own that may be handed a blocking callback: they wait for it. */
export const HOST_CALLBACKS = words('group check on setTimeout setInterval addEventListener ReadableStream waitForEvent waitForEventAsync');

/** Calls that keep a function without calling it. */
export const CONTAINERS = words(`push unshift set add splice concat fill with bind assign freeze values entries keys fromEntries isArray is
  String Boolean log info warn error debug create includes indexOf has delete resolve reject all allSettled race any then catch finally seal`);

/** Natives that call back synchronously and have no awaiting twin. */
export const SYNCHRONOUS_NATIVES = words(`replace replaceAll from stringify parse Promise Proxy defineProperty defineProperties groupBy
  construct fromAsync iterate`);

/** Methods that the engine calls itself, so that they cannot wait. */
export const CONVERSIONS = words('toString valueOf toJSON then');

/** Symbols of the methods that the engine calls itself. */
export const WELL_KNOWN_SYMBOLS = words('iterator asyncIterator toPrimitive hasInstance replace match matchAll search split dispose');

/** Names of the methods of the built-in prototypes. */
export const BUILTIN_METHODS: ReadonlySet<string> = new Set(
  [
    Array,
    String,
    Map,
    Set,
    WeakMap,
    WeakSet,
    Promise,
    RegExp,
    Date,
    Object,
    Function,
    Number,
    ArrayBuffer,
    Uint8Array,
    BigInt,
    Symbol,
  ].flatMap((type) => Object.getOwnPropertyNames(type.prototype)),
);

/** Globals whose methods are the engine's own. */
export const NATIVE_OBJECTS =
  words(`Math JSON Object console Reflect Array Number Date Promise String Symbol Map Set Iterator ArrayBuffer BigInt
  Uint8Array crypto`);

/** Globals that are called as functions. */
export const NATIVE_FUNCTIONS = words(`String Number Boolean Symbol BigInt parseInt parseFloat isNaN isFinite encodeURIComponent encodeURI
  decodeURIComponent decodeURI open require Object Array Date`);
