import type { AnyNode, Program } from 'acorn';
import type { Call, Flow, Reach } from './calls.ts';
import {
  ANY,
  bare,
  COMPUTED,
  childrenOf,
  isEntryPoint,
  isFunction,
  propertyKey,
  requiredBy,
  type CallNode,
  type FunctionNode,
} from './syntax.ts';
import { BLOCKING_CALLS, BLOCKING_METHODS, BUILTIN_METHODS, CONTAINERS, METHOD_MODULES, NATIVE_OBJECTS } from './natives.ts';
import { hostFunction, type Fn, type Scopes } from './scope.ts';

/**
 * Second pass: which functions each call may reach.
 *
 * A flow analysis without contexts (0-CFA): variables are resolved by scope, properties by their
 * name whatever the object, and everything computed shares one bucket. Functions travel along the
 * edges `assigned value → variable` until nothing changes; a function that arrives at a callee
 * adds the edges `argument → parameter` and `return → result of the call`.
 */

/** With more functions under computed names than this, it is a library, and any of them may be any stored function. */
const COMPUTED_MAX = 50;

export function analyseFlow(program: Program, scopes: Scopes): Flow {
  const reaches = new Map<string, Set<Fn>>();
  const edges = new Map<string, Set<string>>();
  const waiting = new Map<string, Call[]>();
  const pending: [string, Fn][] = [];
  const calls: Call[] = [];
  const byNode = new Map<AnyNode, Call>();
  const loops: (AnyNode & { type: 'ForOfStatement' })[] = [];
  const stored = new Set<Fn>();
  reaches.set(ANY, stored);
  /** Variables that hold a k6 module as a whole. */
  const moduleOf = new Map<string, string>();
  /** Variables that hold `group` or `check` of k6. */
  const callers = new Set<string>();

  const at = (variable: string): Set<Fn> => {
    let set = reaches.get(variable);
    if (!set) reaches.set(variable, (set = new Set()));
    return set;
  };
  const put = (variable: string, fn: Fn): void => {
    const set = at(variable);
    if (set.has(fn) || isSaid(variable, fn)) return;
    set.add(fn);
    pending.push([variable, fn]);
    if (variable === COMPUTED && set.size > COMPUTED_MAX) open(COMPUTED);
    // Whoever finds it there may call it with anything and keep what it returns.
    if (variable === ANY && fn.host === undefined) {
      flow([returnOf(fn)], [ANY]);
      for (const param of fn.params) bind(param, [ANY]);
    }
  };
  const flow = (from: readonly string[], to: readonly string[]): void => {
    for (const source of from)
      for (const target of to) {
        if (source === target) continue;
        if (isOpen(source)) open(target);
        if (source === ANY) continue;
        let out = edges.get(source);
        if (!out) edges.set(source, (out = new Set()));
        if (out.has(target)) continue;
        out.add(target);
        for (const fn of at(source)) put(target, fn);
      }
  };
  /**
   * Variables that may hold whatever `ANY` does, now or later. In a library that is most of them; copying
   * its functions into each would take seconds.
   */
  const openVariables = new Set<string>([ANY]);
  const isOpen = (variable: string): boolean => openVariables.has(variable);
  /** The variable is known to hold all stored functions, and this is one. */
  const isSaid = (variable: string, fn: Fn): boolean => variable !== ANY && openVariables.has(variable) && stored.has(fn);
  const open = (variable: string): void => {
    if (openVariables.has(variable)) return;
    openVariables.add(variable);
    const fns = at(variable);
    for (const fn of fns) if (stored.has(fn)) fns.delete(fn);
    for (const target of edges.get(variable) ?? []) open(target);
    for (const call of waiting.get(variable) ?? []) awaitAny(call);
  };
  /** The call reaches all that `ANY` holds: they take anything and return to anywhere, so that one edge does for all of them. */
  const awaitAny = (call: Call): void => {
    if (call.reachesStored) return;
    call.reachesStored = true;
    for (const arg of call.args) flow(values(arg), [ANY]);
    flow([ANY], [resultOf(call.node)]);
  };
  const reachOf = (variables: readonly string[]): Reach => {
    const fns = new Set<Fn>();
    for (const variable of variables) if (variable !== ANY) for (const fn of at(variable)) fns.add(fn);
    return { fns, stored: variables.some(isOpen) && stored.size > 0 };
  };
  const drain = (): void => {
    for (let next = pending.pop(); next; next = pending.pop()) {
      const [variable, fn] = next;
      if (isSaid(variable, fn)) continue;
      for (const target of edges.get(variable) ?? []) put(target, fn);
      if (variable !== ANY) for (const call of waiting.get(variable) ?? []) connect(call, fn);
    }
  };

  const readOf = (key: string): string[] => (key === ANY ? [ANY] : [key, COMPUTED]);
  const storeOf = (key: string): string[] => (key === ANY ? [COMPUTED, ANY] : [key, ANY]);

  /** The flow variables whose functions an expression may evaluate to. */
  const values = (expression: AnyNode | null | undefined): string[] => {
    if (!expression) return [];
    const node = bare(expression);
    switch (node.type) {
      case 'Identifier':
        return [scopes.variableOf(node.name, node)];
      case 'MemberExpression': {
        const object = bare(node.object);
        const key = propertyKey(node.property, node.computed);
        const module = object.type === 'Identifier' ? moduleOf.get(scopes.variableOf(object.name, object)) : undefined;
        return module !== undefined && key !== ANY && key !== '.default' ? [`${module}${key}`] : readOf(key);
      }
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return [`#${scopes.fnOf(node).id}`];
      case 'ClassExpression':
      case 'ClassDeclaration':
        return [`class@${node.start}`];
      case 'ConditionalExpression':
        return [...values(node.consequent), ...values(node.alternate)];
      case 'LogicalExpression':
        return [...values(node.left), ...values(node.right)];
      case 'SequenceExpression':
        return values(node.expressions.at(-1));
      case 'AssignmentExpression':
        return node.operator.length === 1 ? values(node.right) : [...values(node.left), ...values(node.right)];
      case 'AwaitExpression':
        return [ANY, ...values(node.argument)];
      case 'YieldExpression':
      case 'SpreadElement':
        return [ANY];
      case 'CallExpression':
      case 'NewExpression':
      case 'TaggedTemplateExpression':
        return [resultOf(node), ...boundBy(node)];
      default:
        return [];
    }
  };
  /** `f.bind(…)` is `f`. */
  const boundBy = (node: CallNode): string[] => {
    const callee = node.type === 'TaggedTemplateExpression' ? node.tag : bare(node.callee);
    if (callee.type !== 'MemberExpression' || propertyKey(callee.property, callee.computed) !== '.bind') return [];
    return values(callee.object);
  };
  const resultOf = (node: AnyNode): string => `result@${node.start}-${node.end}`;
  const returnOf = (fn: Fn): string => `return#${fn.id}`;

  /** A pattern takes the values of `sources`. */
  const bind = (pattern: AnyNode | null | undefined, sources: readonly string[]): void => {
    if (!pattern) return;
    switch (pattern.type) {
      case 'Identifier':
        flow(sources, [scopes.variableOf(pattern.name, pattern)]);
        break;
      case 'MemberExpression':
        flow(
          sources,
          isEntryPoint(pattern) ? [propertyKey(pattern.property, false)] : storeOf(propertyKey(pattern.property, pattern.computed)),
        );
        break;
      case 'ParenthesizedExpression':
        bind(pattern.expression, sources);
        break;
      case 'AssignmentPattern':
        bind(pattern.left, [...sources, ...values(pattern.right)]);
        break;
      case 'ArrayPattern':
        for (const element of pattern.elements) bind(element, [ANY]);
        break;
      case 'RestElement':
        bind(pattern.argument, [ANY]);
        break;
      case 'ObjectPattern':
        for (const property of pattern.properties)
          if (property.type === 'Property') bind(property.value, keyOfModule(property, sources));
          else bind(property, [ANY]);
        break;
      case 'VariableDeclaration':
        bind(pattern.declarations[0]?.id, sources);
        break;
      default:
        break;
    }
  };
  const keyOfModule = (property: AnyNode & { type: 'Property' }, sources: readonly string[]): string[] => {
    const key = propertyKey(property.key, property.computed);
    const modules = sources.map((source) => moduleOf.get(source)).filter((module) => module !== undefined);
    return [...readOf(key), ...modules.map((module) => `${module}${key}`)];
  };

  const host = (module: string, name: string): string => {
    const variable = `${module}.${name}`;
    if (!reaches.has(variable)) put(variable, hostFunction(name));
    return variable;
  };
  /** The module is used as a value: its functions may be reached by name through any object. */
  const escape = (module: string): void => {
    for (const name of BLOCKING_CALLS[module] ?? []) flow([host(module, name)], [`.${name}`, ANY]);
  };
  const importMember = (module: string, name: string, local: string): void => {
    if (BLOCKING_CALLS[module]?.includes(name) === true) flow([host(module, name)], [local]);
    if (module === 'k6' && (name === 'group' || name === 'check')) callers.add(local);
  };
  const importModule = (node: AnyNode & { type: 'ImportDeclaration' }): void => {
    const module = String(node.source.value);
    const blocking = BLOCKING_CALLS[module];
    if (!blocking) return;
    for (const specifier of node.specifiers) {
      const local = scopes.variableOf(specifier.local.name, specifier);
      const imported = specifier.type === 'ImportSpecifier' ? nameOf(specifier.imported) : 'default';
      if (imported === 'default') {
        moduleOf.set(local, module);
        for (const name of blocking) host(module, name);
      } else importMember(module, imported, local);
    }
    if (METHOD_MODULES.has(module)) for (const name of blocking) flow([host(module, name)], [`.${name}`]);
  };

  const addCall = (node: CallNode, rawCallee: AnyNode, args: readonly AnyNode[]): void => {
    const callee = bare(rawCallee);
    const method = callee.type === 'MemberExpression' ? callee : undefined;
    let key = ANY;
    if (method) key = propertyKey(method.property, method.computed);
    else if (callee.type === 'Identifier') key = `.${callee.name}`;
    let names = callee.type === 'Super' ? superClassOf(node) : values(callee);
    let seen = args;
    const isIndirect = method !== undefined && (key === '.call' || key === '.apply');
    if (isIndirect) {
      const reflect = method.object.type === 'Identifier' && method.object.name === 'Reflect';
      const real = reflect ? args[0] : method.object;
      names = [...(real ? values(real) : []), key];
      seen = key === '.apply' ? listed(args.at(-1)) : args.slice(1);
      const target = real ? bare(real) : undefined;
      if (target?.type === 'MemberExpression') key = propertyKey(target.property, target.computed);
      else if (target?.type === 'Identifier') key = `.${target.name}`;
    }
    const object = method?.object.type === 'Identifier' ? method.object : undefined;
    // `new http.CookieJar()` runs no function of the script either.
    const isHostClass = node.type === 'NewExpression' && object !== undefined && moduleOf.has(scopes.variableOf(object.name, object));
    const isNative = isHostClass || (object !== undefined && NATIVE_OBJECTS.has(object.name) && scopes.isGlobal(object.name, object));
    // What is stored somewhere under a computed name is not what `Math.random` or `Array.from` is.
    if (isNative) names = names.filter((name) => name !== COMPUTED);
    if (isHostClass) names = [];
    const call: Call = {
      node,
      fn: scopes.placeOf(node).fn,
      callee,
      names,
      args: seen,
      key,
      isMethod: method !== undefined,
      isNew: node.type === 'NewExpression',
      isSuper: callee.type === 'Super',
      isIndirect,
      isNative,
      targets: new Set(),
      reachesStored: false,
      isGuess: false,
      blocks: 0,
      usesTwin: false,
    };
    calls.push(call);
    byNode.set(node, call);
    for (const name of names) {
      const list = waiting.get(name);
      if (list) list.push(call);
      else waiting.set(name, [call]);
      if (name !== ANY) for (const fn of at(name)) connect(call, fn);
      if (isOpen(name)) awaitAny(call);
    }
  };
  const superClassOf = (node: AnyNode): string[] => {
    let up: AnyNode | undefined = node;
    while (up && up.type !== 'ClassDeclaration' && up.type !== 'ClassExpression') up = scopes.placeOf(up).parent;
    return up ? values(up.superClass) : [];
  };
  /** A function arrived at a call: its parameters get the arguments, the call its results. */
  const connect = (call: Call, fn: Fn): void => {
    if (call.targets.has(fn)) return;
    call.targets.add(fn);
    if (fn.host !== undefined) return;
    const spread = (call.isIndirect && call.args.length === 0) || call.args.some((arg) => arg.type === 'SpreadElement');
    fn.params.forEach((param, i) => {
      if (spread) bind(param, [ANY]);
      if (param.type === 'RestElement') for (const arg of call.args.slice(i)) flow(values(arg), [ANY]);
      else if (call.args[i]) bind(param, values(call.args[i]));
    });
    if (fn.usesArguments) for (const arg of call.args) flow(values(arg), [ANY]);
    flow([returnOf(fn)], [resultOf(call.node)]);
  };

  const visit = (node: AnyNode): void => {
    switch (node.type) {
      case 'VariableDeclarator':
        bind(node.id, values(node.init));
        if (node.id.type === 'Identifier' && node.init) aliasModule(node.id, node.init);
        break;
      case 'AssignmentExpression':
        bind(node.left, values(node.right));
        break;
      case 'Property':
        if (scopes.placeOf(node).parent?.type === 'ObjectExpression') storeProperty(node);
        break;
      case 'PropertyDefinition':
        flow(values(node.value), storeOf(propertyKey(node.key, node.computed)));
        break;
      case 'MethodDefinition':
        if (node.kind === 'constructor') flow(values(node.value), [classAround(node)]);
        else storeProperty(node);
        break;
      case 'ClassDeclaration':
      case 'ClassExpression':
        flow(values(node.superClass), [`class@${node.start}`]);
        if (node.id) flow([`class@${node.start}`], [scopes.variableOf(node.id.name, node), scopes.variableOf(node.id.name, node.id)]);
        break;
      case 'ArrayExpression':
        for (const element of node.elements) flow(values(element), [ANY]);
        break;
      case 'ForOfStatement':
        loops.push(node);
        bind(node.left, [ANY]);
        break;
      case 'ReturnStatement':
        flow(values(node.argument), [returnOf(scopes.placeOf(node).fn)]);
        break;
      case 'YieldExpression':
      case 'ThrowStatement':
        flow(values(node.argument), [ANY]);
        break;
      case 'CatchClause':
        bind(node.param, [ANY]);
        break;
      case 'CallExpression':
      case 'NewExpression':
        addCall(node, node.callee, node.arguments);
        break;
      case 'TaggedTemplateExpression':
        addCall(node, node.tag, [node.quasi, ...node.quasi.expressions]);
        break;
      case 'Identifier':
        visitIdentifier(node);
        break;
      default:
        break;
    }
    if (isFunction(node)) enterFunction(node);
    for (const child of childrenOf(node)) visit(child);
  };
  const storeProperty = (node: AnyNode & { type: 'Property' | 'MethodDefinition' }): void => {
    const sources = node.kind === 'get' ? [returnOf(scopes.fnOf(node.value))] : values(node.value);
    flow(sources, storeOf(propertyKey(node.key, node.computed)));
  };
  const classAround = (node: AnyNode): string => {
    const body = scopes.placeOf(node).parent as AnyNode;
    return `class@${(scopes.placeOf(body).parent as AnyNode).start}`;
  };
  const enterFunction = (node: FunctionNode): void => {
    const fn = scopes.fnOf(node);
    put(`#${fn.id}`, fn);
    if (node.id) flow([`#${fn.id}`], [scopes.variableOf(node.id.name, node.id)]);
    for (const param of node.params) bind(param, []);
    if (node.type === 'ArrowFunctionExpression' && node.expression) flow(values(node.body), [returnOf(fn)]);
  };
  /** `const h = http` makes `h` the module too. */
  const aliasModule = (id: AnyNode & { type: 'Identifier' }, init: AnyNode): void => {
    const source = bare(init);
    const module = source.type === 'Identifier' ? moduleOf.get(scopes.variableOf(source.name, source)) : undefined;
    if (module !== undefined) moduleOf.set(scopes.variableOf(id.name, id), module);
  };
  /** What `require` gives is known before anything is looked at that uses it, as long as it gets names at once; else it may go anywhere. */
  const findRequired = (node: AnyNode, parent: AnyNode | undefined): void => {
    const module = requiredBy(node);
    const target = parent?.type === 'VariableDeclarator' ? parent.id : undefined;
    if (module !== undefined && target?.type === 'Identifier') {
      moduleOf.set(scopes.variableOf(target.name, target), module);
      for (const name of BLOCKING_CALLS[module] ?? []) host(module, name);
    } else if (module !== undefined && target?.type === 'ObjectPattern')
      for (const property of target.properties) takeMember(module, property);
    else if (module !== undefined) escape(module);
    for (const child of childrenOf(node)) findRequired(child, node);
  };
  /** `{ sleep: pause }` of a module. */
  const takeMember = (module: string, property: AnyNode): void => {
    if (property.type !== 'Property' || property.computed || property.value.type !== 'Identifier') escape(module);
    else importMember(module, nameOf(property.key), scopes.variableOf(property.value.name, property.value));
  };
  const visitIdentifier = (node: AnyNode & { type: 'Identifier' }): void => {
    if (node.name === 'arguments') {
      let up: AnyNode | undefined = node;
      while (up && (!isFunction(up) || up.type === 'ArrowFunctionExpression')) up = scopes.placeOf(up).parent;
      if (up) scopes.fnOf(up).usesArguments = true;
    }
    const module = moduleOf.get(scopes.variableOf(node.name, node));
    if (module !== undefined && usedAsValue(node)) escape(module);
  };
  const usedAsValue = (node: AnyNode): boolean => {
    const parent = scopes.placeOf(node).parent as AnyNode;
    if (parent.type.startsWith('Import') || (parent.type === 'VariableDeclarator' && parent.id === node)) return false;
    if (parent.type === 'MemberExpression' && parent.object === node)
      return parent.computed || (parent.property.type === 'Identifier' && parent.property.name === 'default');
    if (parent.type === 'MemberExpression' && !parent.computed) return false;
    return !(parent.type === 'Property' && parent.key === node && parent.value !== node);
  };

  for (const name of BLOCKING_METHODS) flow([host('response', name)], [`.${name}`]);
  for (const node of program.body) if (node.type === 'ImportDeclaration') importModule(node);
  findRequired(program, undefined);
  visit(program);
  drain();
  const flowObject: Flow = {
    calls,
    loops,
    callOf: (node) => byNode.get(node),
    reachesNothing: (call) => call.targets.size === 0 && !(call.reachesStored && stored.size > 0),
    callbacksOf: (call) => reachOf(call.args.flatMap((arg) => callbackVariables(call, arg))),
    stored,
  };
  /** Values of a literal object count for the calls that look into it: `check(r, {…})`, `new Proxy(…)`, `defineProperty`. */
  const callbackVariables = (call: Pick<Call, 'key'>, arg: AnyNode): string[] => {
    const node = bare(arg);
    if (node.type !== 'ObjectExpression') return values(node);
    if (!/^\.(?:check|Proxy|defineProperty|defineProperties)$/.test(call.key)) return [];
    return node.properties.flatMap((property) => (property.type === 'Property' ? callbackVariables(call, property.value) : [ANY]));
  };
  settleUnknownCalls();
  return flowObject;

  /** What a function outside the script may do with its arguments: keep them, call them, return them. */
  function settleUnknownCalls(): void {
    const settled = new Set<Call>();
    const visited = new Map<Call, number>();
    for (let changed = true; changed;) {
      changed = false;
      for (const call of calls) {
        const name = call.key.slice(1);
        const callsBack = isCaller(call);
        if (!settled.has(call) && (flowObject.reachesNothing(call) || BUILTIN_METHODS.has(name))) {
          settled.add(call);
          for (const arg of call.args) if (!callsBack || !isFunction(bare(arg))) flow(values(arg), [ANY]);
          flow([ANY], [resultOf(call.node)]);
          changed = true;
        }
        if (callsBack) {
          // Stored ones take anything and return to anywhere as they are.
          const { fns } = flowObject.callbacksOf(call);
          if (fns.size !== (visited.get(call) ?? 0)) {
            visited.set(call, fns.size);
            for (const fn of fns) {
              for (const param of fn.params) bind(param, [ANY]);
              flow([returnOf(fn)], [ANY]);
            }
            changed = true;
          }
        }
      }
      drain();
    }
    for (const call of calls) guess(call);
  }

  /** It calls the functions that it is handed, but keeps none of them where others might find it. */
  function isCaller(call: Call): boolean {
    const name = call.key.slice(1);
    if (call.isMethod) return !CONTAINERS.has(name) && BUILTIN_METHODS.has(name);
    return name === '__async' || name === '__asyncGenerator' || callers.has(call.names[0] ?? '');
  }

  function guess(call: Call): void {
    if (!flowObject.reachesNothing(call) || !call.isMethod || call.isIndirect || call.isNative || BUILTIN_METHODS.has(call.key.slice(1)))
      return;
    call.isGuess = true;
    call.reachesStored = true;
  }
}

/** The items of a literal list: what `.apply` hands over, as far as it can be seen. */
function listed(node: AnyNode | undefined): AnyNode[] {
  const list = node ? bare(node) : undefined;
  return list?.type === 'ArrayExpression' && list.elements.every((item) => item !== null) ? list.elements : [];
}

function nameOf(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : String((node as AnyNode & { type: 'Literal' }).value);
}
