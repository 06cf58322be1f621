import type { AnyNode, Program } from 'acorn';
import { analyseFlow, type Call, type Flow } from './flow.ts';
import { ARRAY_METHODS, BUILTIN_METHODS, CONTAINERS, HOST_CALLBACKS, NATIVE_FUNCTIONS, SYNCHRONOUS_NATIVES } from './natives.ts';
import { analyseScopes, isIterable, type Blocks, type Fn, type Scopes } from './scope.ts';
import { ANY, bare, isFunction, propertyKey } from './syntax.ts';

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
  const anyBlocks = generatorsBlock || [...flow.stored()].some((fn) => fn.blocks > 0) || flow.calls.some((call) => call.blocks > 0);
  return {
    scopes,
    flow,
    generatorsBlock,
    refusals: refusalsOf(scopes, flow, generatorsBlock),
    canWait,
    needsGuard(call) {
      if (!anyBlocks || call.isSuper) return false;
      if (call.blocks > 0) return call.isNew || !canWait(call.fn);
      if (call.isNew) return false;
      const name = call.key.slice(1);
      if (call.callee.type === 'Identifier' && call.callee.name.startsWith('__')) return false;
      if (call.isNative || (!call.isMethod && NATIVE_FUNCTIONS.has(name) && call.targets.size === 0)) return false;
      // The analysis goes by names; what it took for a harmless function may be another one.
      return !(call.isMethod && BUILTIN_METHODS.has(name) && call.targets.size === 0);
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
    if ((call.targets.size > 0 && !call.isGuess) || !SYNCHRONOUS_NATIVES.has(call.key.slice(1))) continue;
    for (const arg of call.args) {
      const node = bare(arg);
      if (isFunction(node)) scopes.fnOf(node).kind = 'synchronous callback';
    }
  }
  for (const call of flow.calls) if (ASYNC_DRIVERS.has(call.key)) for (const fn of flow.callbacksOf(call)) fn.isCoroutine = true;
  for (const call of flow.calls)
    if (call.isNew || call.isSuper)
      for (const fn of call.targets) if (fn.kind === 'plain' && fn.host === undefined && !isArrowOrMethod(fn)) fn.kind = 'constructor';
  for (const fn of scopes.functions) if (fn.kind === 'plain' && isStepOfIterator(fn.node, scopes)) fn.kind = 'iterator method';
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

function isArrowOrMethod(fn: Fn): boolean {
  return fn.owner !== undefined ? fn.kind === 'plain' : fn.node.type === 'ArrowFunctionExpression';
}

/** Raises levels until nothing changes. Returns whether some generator blocks. */
function settle(scopes: Scopes, flow: Flow): boolean {
  let generatorsBlock = false;
  let asyncGeneratorsBlock = false;
  let changed = true;
  const raise = (call: Call, level: Blocks): void => {
    if (level > call.blocks) {
      call.blocks = level;
      changed = true;
    }
    if (level > call.fn.blocks) {
      call.fn.blocks = level;
      changed = true;
    }
  };
  while (changed) {
    changed = false;
    for (const call of flow.calls)
      raise(call, Math.max(levelByTargets(call), levelByCallbacks(call, flow, generatorsBlock || asyncGeneratorsBlock)) as Blocks);
    if (
      !asyncGeneratorsBlock &&
      flow.calls.some((call) => call.key === '.__asyncGenerator' && [...flow.callbacksOf(call)].some((fn) => fn.blocks > 0))
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

function levelByTargets(call: Call): Blocks {
  if (call.isNew || call.isSuper) return 0;
  let blocking = 0;
  let surely = 0;
  let builtinName = call.isMethod && BUILTIN_METHODS.has(call.key.slice(1));
  for (const fn of call.targets) {
    if (fn.blocks === 0 || fn.kind !== 'plain') continue;
    blocking++;
    if (fn.blocks === 2) surely++;
    if (fn.host !== undefined) builtinName = false;
  }
  if (blocking === 0) return 0;
  const certain = surely === call.targets.size && !builtinName && !call.isGuess && !(call.isMethod && call.key === ANY);
  return certain ? 2 : 1;
}

function levelByCallbacks(call: Call, flow: Flow, nextBlocks: boolean): Blocks {
  const name = call.key.slice(1);
  if (nextBlocks && call.isMethod && /^(?:next|return|throw)$/.test(name)) return 1;
  const isArrayMethod = call.isMethod && ARRAY_METHODS.has(name);
  // Its name is only known at run time, and so is whether it has a twin.
  const isComputed = call.isMethod && call.key === ANY && !call.isIndirect;
  if (
    !isArrayMethod &&
    !isComputed &&
    name !== 'group' &&
    name !== 'check' &&
    !ASYNC_DRIVERS.has(call.key) &&
    !call.isGuess &&
    call.targets.size > 0
  )
    return 0;
  const callbacks = [...flow.callbacksOf(call)].filter((fn) => fn.blocks > 0);
  if (callbacks.length === 0) return 0;
  if (isComputed) {
    call.usesTwin = true;
    return 1;
  }
  if (isArrayMethod) {
    call.usesTwin = !call.isIndirect;
    return callbacks.every((fn) => fn.blocks === 2) ? 2 : 1;
  }
  if (name === 'group' || name === 'check' || name === '__async') return 1;
  if (call.isGuess && !HOST_CALLBACKS.has(name) && !CONTAINERS.has(name)) {
    call.usesTwin = true;
    return 1;
  }
  return 0;
}

/** Results of calls and lists may hold functions, but hardly are handed over as callbacks. */
function isFunctionLike(arg: AnyNode): boolean {
  const node = bare(arg);
  if (node.type === 'CallExpression')
    return node.callee.type === 'MemberExpression' && propertyKey(node.callee.property, node.callee.computed) === '.bind';
  return node.type !== 'ArrayExpression' && node.type !== 'NewExpression' && node.type !== 'SpreadElement';
}

/** What is called is not in the script. */
function isOutside(call: Call): boolean {
  if (call.isNew && call.targets.size > 0) return false;
  return call.targets.size === 0 || call.isGuess || (call.isIndirect && [...call.targets].every((fn) => fn.host !== undefined));
}

function refusalsOf(scopes: Scopes, flow: Flow, generatorsBlock: boolean): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (node: AnyNode, reason: string): void => void refusals.push({ node, reason });
  for (const call of flow.calls) {
    const name = call.key.slice(1);
    const targets = [...call.targets];
    if (call.blocks === 2 && call.fn.kind !== 'plain' && call.fn.kind !== 'module body')
      refuse(call.node, `a blocking call inside ${call.fn.kind === 'iterator method' ? 'an' : 'a'} ${call.fn.kind}`);
    if (call.isNew && targets.length > 0 && targets.every((fn) => fn.blocks === 2 && fn.kind === 'plain'))
      refuse(call.node, 'a blocking function used as a constructor');
    if (!isOutside(call) || name.startsWith('__') || HOST_CALLBACKS.has(name) || CONTAINERS.has(name)) continue;
    // It has a twin that awaits, unless the method is called by a detour.
    if (ARRAY_METHODS.has(name) && call.isMethod && !call.isIndirect) continue;
    // Methods of other names may be those of k6's own objects, which wait for a callback.
    if (call.isMethod && !call.isIndirect && !SYNCHRONOUS_NATIVES.has(name)) continue;
    const callbacks = [...flow.callbacksOf({ ...call, args: call.args.filter(isFunctionLike) })];
    if (callbacks.length > 0 && callbacks.every((fn) => fn.blocks === 2))
      refuse(
        call.node,
        `a blocking function handed to ${name === '' ? 'a function' : `"${name}"`} of the JavaScript engine, which cannot wait for it`,
      );
  }
  const stringCode = flow.calls.find(
    (call) => !call.isMethod && /^\.(?:eval|Function)$/.test(call.key) && call.targets.size === 0 && call.args.length > 0,
  );
  if (stringCode && generatorsBlock) refuse(stringCode.node, 'code from a string beside blocking generators');
  for (const fn of scopes.functions)
    if (
      fn.isGenerator &&
      fn.blocks > 0 &&
      isFunction(fn.node) &&
      flow.calls.some((call) => call.blocks > 0 && call.fn === fn && call.node.start < (fn.node as AnyNode & { body: AnyNode }).body.start)
    )
      refuse(fn.node, 'a blocking default parameter of a generator');
  return refusals;
}
