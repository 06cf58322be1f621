import type { AnyNode, Program } from 'acorn';
import type { Call, Flow } from './calls.ts';
import { analyseFlow } from './flow.ts';
import { ARRAY_METHODS, BUILTIN_METHODS, CONTAINERS, HOST_CALLBACKS, NATIVE_FUNCTIONS, SYNCHRONOUS_NATIVES } from './natives.ts';
import { analyseScopes, isIterable, type Blocks, type Fn, type Scopes } from './scope.ts';
import { ANY, bare, isFunction, propertyKey, type FunctionNode } from './syntax.ts';

/**
 * Third pass: which calls may block, and with them which functions have to become asynchronous.
 *
 * A call blocks *surely* when everything it can reach does, *perhaps* when something does. Where it
 * can be awaited, it is. Where it cannot (see `FunctionKind`), a sure one is refused with its
 * place, and a possible one is guarded at run time.
 */

export interface Refusal {
  readonly node: AnyNode;
  readonly reason: string;
}

export interface Analysis {
  readonly scopes: Scopes;
  readonly flow: Flow;
  readonly refusals: readonly Refusal[];
  /** Some generator blocks, so that loops over unknown iterables have to await. */
  readonly generatorsBlock: boolean;
  canWait(fn: Fn): boolean;
  needsGuard(call: Call): boolean;
}

export function analyse(program: Program): Analysis {
  const scopes = analyseScopes(program);
  const flow = analyseFlow(program, scopes);
  markEngineCalled(scopes, flow);
  const generatorsBlock = settle(scopes, flow);
  const canWait = (fn: Fn): boolean => fn.kind === 'plain';
  const anyBlocks = generatorsBlock || [...flow.stored].some((fn) => fn.blocks > 0) || flow.calls.some((call) => call.blocks > 0);
  return {
    scopes,
    flow,
    generatorsBlock,
    refusals: refusalsOf(flow),
    canWait,
    needsGuard(call) {
      if (!anyBlocks || call.isSuper) return false;
      if (call.blocks > 0) return call.isNew || !canWait(call.fn) || isInParametersOfGenerator(call);
      if (call.isNew) return false;
      const name = call.key.slice(1);
      if (call.callee.type === 'Identifier' && call.callee.name.startsWith('__')) return false;
      if (call.isNative || (!call.isMethod && NATIVE_FUNCTIONS.has(name) && flow.reachesNothing(call))) return false;
      // The analysis goes by names; what it took for a harmless function may be another one.
      return !(call.isMethod && BUILTIN_METHODS.has(name) && flow.reachesNothing(call));
    },
  };
}

/** The analysis under which nothing is rewritten: for a thread that may really block. */
export function untouched(analysis: Analysis): Analysis {
  return {
    ...analysis,
    generatorsBlock: false,
    flow: { ...analysis.flow, callOf: () => undefined },
    canWait: () => false,
    needsGuard: () => false,
  };
}

/** Functions that the engine itself calls, which no syntax shows: comparators, replacers, executors, iterators. */
function markEngineCalled(scopes: Scopes, flow: Flow): void {
  for (const call of flow.calls) {
    if ((!flow.reachesNothing(call) && !call.isGuess) || !SYNCHRONOUS_NATIVES.has(call.key.slice(1))) continue;
    for (const arg of call.args)
      for (const node of literalFunctions(arg, /^\.(?:Proxy|definePropert)/.test(call.key)))
        scopes.fnOf(node).kind = 'synchronous callback';
  }
  for (const call of flow.calls) if (ASYNC_DRIVERS.has(call.key)) for (const fn of flow.callbacksOf(call).fns) fn.isCoroutine = true;
  const construct = (fns: ReadonlySet<Fn>): void => {
    for (const fn of fns) if (fn.kind === 'plain' && fn.host === undefined && !isNoConstructor(fn)) fn.kind = 'constructor';
  };
  const constructions = flow.calls.filter((call) => call.isNew || call.isSuper);
  for (const call of constructions) construct(call.targets);
  if (constructions.some((call) => call.reachesStored)) construct(flow.stored);
  for (const fn of scopes.functions) if (fn.kind === 'plain' && isStepOfIterator(fn.node, scopes)) fn.kind = 'iterator method';
}

/** A function that is written there, or those in an object that is: the traps of a proxy, the getter of a property. */
function literalFunctions(arg: AnyNode, alsoInObjects: boolean): FunctionNode[] {
  const node = bare(arg);
  if (isFunction(node)) return [node];
  if (node.type !== 'ObjectExpression' || !alsoInObjects) return [];
  return node.properties.flatMap((property) => (property.type === 'Property' ? literalFunctions(property.value, true) : []));
}

/** `next` or `return` of an object that is iterable itself or is made by a method that answers iterators. */
function isStepOfIterator(node: AnyNode, scopes: Scopes): boolean {
  const property = scopes.placeOf(node).parent;
  if (property?.type !== 'Property' && property?.type !== 'MethodDefinition' && property?.type !== 'PropertyDefinition') return false;
  if (property.value !== node || !/^\.(?:next|return)$/.test(propertyKey(property.key, property.computed))) return false;
  for (let up = scopes.placeOf(property).parent; up; up = scopes.placeOf(up).parent)
    if (isIterable(up) || (isFunction(up) && scopes.fnOf(up).kind === 'conversion method')) return true;
  return false;
}

/** They run the generators that async functions were turned into. */
const ASYNC_DRIVERS = new Set(['.__async', '.__asyncGenerator']);

/** Written by the bundler around modules; none of them calls a function of the script's. */
const BUNDLER_HELPERS = new Set(['__require', '__toESM', '__toCommonJS', '__copyProps', '__export']);

/** Neither arrows and methods nor generators and async functions can be constructed (ECMA-262 section 15). */
function isNoConstructor(fn: Fn): boolean {
  if (fn.isGenerator || fn.isAsync) return true;
  return fn.owner !== undefined ? fn.kind === 'plain' : fn.node.type === 'ArrowFunctionExpression';
}

/**
 * Raises levels until nothing changes: first whatever may block, then what surely does, since "all that it reaches" has to be known for
 * that. Returns whether some generator blocks.
 */
function settle(scopes: Scopes, flow: Flow): boolean {
  let generatorsBlock = false;
  let highest: Blocks = 1;
  let asyncGeneratorsBlock = false;
  let changed = true;
  const raise = (call: Call, found: Blocks): void => {
    const level = Math.min(found, highest) as Blocks;
    if (level > call.blocks) {
      call.blocks = level;
      changed = true;
    }
    if (level > call.fn.blocks) {
      call.fn.blocks = level;
      changed = true;
    }
  };
  while (changed || highest === 1) {
    if (!changed) highest = 2;
    changed = false;
    const stored = levelsOf(flow.stored);
    for (const call of flow.calls) {
      if (call.callee.type === 'Identifier' && BUNDLER_HELPERS.has(call.callee.name)) continue;
      raise(
        call,
        Math.max(levelByTargets(call, stored), levelByCallbacks(call, flow, stored, generatorsBlock || asyncGeneratorsBlock)) as Blocks,
      );
    }
    if (
      !asyncGeneratorsBlock &&
      flow.calls.some((call) => call.key === '.__asyncGenerator' && [...flow.callbacksOf(call).fns].some((fn) => fn.blocks > 0))
    )
      asyncGeneratorsBlock = changed = true;
    if (!generatorsBlock && scopes.functions.some((fn) => fn.isGenerator && !fn.isCoroutine && fn.blocks > 0))
      generatorsBlock = changed = true;
    if (!generatorsBlock) continue;
    for (const loop of flow.loops) {
      const { fn } = scopes.placeOf(loop);
      if (loop.await || fn.kind !== 'plain' || fn.blocks > 0) continue;
      fn.blocks = 1;
      changed = true;
    }
  }
  return generatorsBlock;
}

/** How many of several functions may block (1 and 2) and surely do (2), of all and of those that can wait. */
interface Levels {
  readonly count: number;
  readonly blocking: number;
  readonly surely: number;
  readonly plainBlocking: number;
  readonly plainSurely: number;
  /** One of the plain ones is k6's own. */
  readonly hasHost: boolean;
}

function levelsOf(fns: Iterable<Fn>): Levels {
  const levels = { count: 0, blocking: 0, surely: 0, plainBlocking: 0, plainSurely: 0, hasHost: false };
  for (const fn of fns) {
    levels.count++;
    if (fn.blocks === 0) continue;
    levels.blocking++;
    if (fn.blocks === 2) levels.surely++;
    if (fn.kind !== 'plain') continue;
    levels.plainBlocking++;
    if (fn.blocks === 2) levels.plainSurely++;
    if (fn.host !== undefined) levels.hasHost = true;
  }
  return levels;
}

function together(a: Levels, b: Levels | undefined): Levels {
  if (b === undefined) return a;
  return {
    count: a.count + b.count,
    blocking: a.blocking + b.blocking,
    surely: a.surely + b.surely,
    plainBlocking: a.plainBlocking + b.plainBlocking,
    plainSurely: a.plainSurely + b.plainSurely,
    hasHost: a.hasHost || b.hasHost,
  };
}

function levelByTargets(call: Call, stored: Levels): Blocks {
  if (call.isNew || call.isSuper) return 0;
  const { count, plainBlocking, plainSurely, hasHost } = together(levelsOf(call.targets), call.reachesStored ? stored : undefined);
  if (plainBlocking === 0) return 0;
  const isBuiltinName = call.isMethod && BUILTIN_METHODS.has(call.key.slice(1)) && !hasHost;
  return plainSurely === count && !isBuiltinName && !call.isGuess && !(call.isMethod && call.key === ANY) ? 2 : 1;
}

function levelByCallbacks(call: Call, flow: Flow, stored: Levels, nextBlocks: boolean): Blocks {
  const name = call.key.slice(1);
  if (nextBlocks && call.isMethod && /^(?:next|return|throw)$/.test(name)) return 1;
  const isArrayMethod = call.isMethod && ARRAY_METHODS.has(name);
  // Its name is only known at run time, and so is whether it has a twin.
  const isComputed = call.isMethod && call.key === ANY && !call.isIndirect;
  const isWaitedFor = name === 'group' || name === 'check' || ASYNC_DRIVERS.has(call.key);
  if (!isArrayMethod && !isComputed && !isWaitedFor && !call.isGuess && !flow.reachesNothing(call)) return 0;
  const callbacks = callbackLevels(call, flow, stored);
  if (callbacks.blocking === 0) return 0;
  if (isArrayMethod) {
    call.usesTwin = true;
    return callbacks.surely === callbacks.blocking ? 2 : 1;
  }
  if (name === 'group' || name === 'check' || name === '__async') return 1;
  if (isComputed || (call.isGuess && !HOST_CALLBACKS.has(name) && !CONTAINERS.has(name))) {
    call.usesTwin = true;
    return 1;
  }
  // It has none, and refuses what really blocks.
  call.usesTwin = call.isMethod && SYNCHRONOUS_NATIVES.has(name);
  return 0;
}

function callbackLevels(call: Pick<Call, 'key' | 'args'>, flow: Flow, stored: Levels): Levels {
  const reach = flow.callbacksOf(call);
  return together(levelsOf(reach.fns), reach.stored ? stored : undefined);
}

/** Results of calls and lists may hold functions, but hardly are handed over as callbacks. */
function isFunctionLike(arg: AnyNode): boolean {
  const node = bare(arg);
  if (node.type === 'CallExpression')
    return node.callee.type === 'MemberExpression' && propertyKey(node.callee.property, node.callee.computed) === '.bind';
  return node.type !== 'ArrayExpression' && node.type !== 'NewExpression' && node.type !== 'SpreadElement';
}

/** What is called is not in the script. */
function isOutside(call: Call, flow: Flow): boolean {
  if (flow.reachesNothing(call)) return true;
  if (call.isNew) return false;
  return call.isGuess || (call.isIndirect && !call.reachesStored && [...call.targets].every((fn) => fn.host !== undefined));
}

function refusalsOf(flow: Flow): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (node: AnyNode, reason: string): void => void refusals.push({ node, reason });
  const stored = levelsOf(flow.stored);
  for (const call of flow.calls) {
    const name = call.key.slice(1);
    const targets = levelsOf(call.targets);
    if (call.blocks === 2 && call.fn.kind !== 'plain' && call.fn.kind !== 'module body')
      refuse(call.node, `a blocking call inside ${call.fn.kind === 'iterator method' ? 'an' : 'a'} ${call.fn.kind}`);
    if (call.isNew && !call.reachesStored && targets.count > 0 && targets.plainSurely === targets.count)
      refuse(call.node, 'a blocking function used as a constructor');
    if (!isOutside(call, flow) || name.startsWith('__') || HOST_CALLBACKS.has(name) || CONTAINERS.has(name)) continue;
    // It has a twin that awaits.
    if (ARRAY_METHODS.has(name) && call.isMethod) continue;
    // Methods of other names may be those of k6's own objects, which wait for a callback.
    if (call.isMethod && !call.isIndirect && !SYNCHRONOUS_NATIVES.has(name)) continue;
    const callbacks = callbackLevels({ key: call.key, args: call.args.filter(isFunctionLike) }, flow, stored);
    if (callbacks.count > 0 && callbacks.surely === callbacks.count)
      refuse(
        call.node,
        `a blocking function handed to ${name === '' ? 'a function' : `"${name}"`} of the JavaScript engine, which cannot wait for it`,
      );
  }
  for (const call of flow.calls)
    if (call.blocks === 2 && isInParametersOfGenerator(call)) refuse(call.node, 'a blocking default parameter of a generator');
  return refusals;
}

/** They are evaluated when the generator is made, which does not wait; those of an async function belong to its first step. */
function isInParametersOfGenerator({ fn, node }: Call): boolean {
  return fn.isGenerator && !fn.isCoroutine && isFunction(fn.node) && node.start < fn.node.body.start;
}
