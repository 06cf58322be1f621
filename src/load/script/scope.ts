import type { AnyNode, Pattern, Program } from 'acorn';
import { boundNames, childrenOf, isFunction } from './syntax.ts';
import { CONVERSIONS, WELL_KNOWN_SYMBOLS } from './natives.ts';

/**
 * First pass: which scope declares each name, and which function each node runs in.
 */

export interface Scope {
  readonly id: number;
  readonly parent: Scope | undefined;
  readonly isFunction: boolean;
  readonly names: Set<string>;
}

/**
 * What a function is for the question "can it wait?". Only `plain` functions can be turned into
 * asynchronous ones; all others are called by the engine itself, which waits for nobody.
 */
export type FunctionKind =
  | 'plain'
  | 'module body'
  | 'getter'
  | 'setter'
  | 'constructor'
  | 'conversion method'
  | 'iterator method'
  | 'class field'
  | 'synchronous callback';

/** 0 never, 1 perhaps, 2 surely. */
export type Blocks = 0 | 1 | 2;

export interface Fn {
  readonly id: number;
  readonly node: AnyNode;
  kind: FunctionKind;
  /** The method or property definition that the function is the value of, where `async` has to be written. */
  readonly owner: AnyNode | undefined;
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  /** The generator of an async function. */
  isCoroutine: boolean;
  readonly params: readonly Pattern[];
  usesArguments: boolean;
  blocks: Blocks;
  /** Name of the k6 call, for a function of the host. */
  readonly host: string | undefined;
}

export interface Place {
  readonly parent: AnyNode | undefined;
  readonly scope: Scope;
  /** The function whose body (or parameters) the node is in. */
  readonly fn: Fn;
}

export interface Scopes {
  readonly root: Fn;
  readonly functions: readonly Fn[];
  placeOf(node: AnyNode): Place;
  /** The record of a function node. */
  fnOf(node: AnyNode): Fn;
  /** `name@scope`, or `name@global` for a name that the script does not declare. */
  variableOf(name: string, at: AnyNode): string;
  isGlobal(name: string, at: AnyNode): boolean;
}

/** Nodes that open a scope of their own, besides functions. */
const BLOCKS = new Set(['BlockStatement', 'ForStatement', 'ForInStatement', 'ForOfStatement', 'SwitchStatement', 'CatchClause']);

export function hostFunction(name: string): Fn {
  return {
    id: -1,
    node: undefined as unknown as AnyNode,
    kind: 'plain',
    owner: undefined,
    isAsync: false,
    isGenerator: false,
    isCoroutine: false,
    params: [],
    usesArguments: false,
    blocks: 2,
    host: name,
  };
}

export function analyseScopes(program: Program): Scopes {
  const places = new Map<AnyNode, Place>();
  const records = new Map<AnyNode, Fn>();
  const functions: Fn[] = [];
  let scopeCount = 0;
  const openScope = (parent: Scope | undefined, isFunction: boolean): Scope => ({ id: ++scopeCount, parent, isFunction, names: new Set() });
  const addFn = (node: AnyNode, kind: FunctionKind, rest: Partial<Fn> = {}): Fn => {
    const fn: Fn = { ...hostFunction(''), host: undefined, blocks: 0, id: functions.length, node, kind, ...rest };
    functions.push(fn);
    records.set(node, fn);
    return fn;
  };
  const root = addFn(program, 'module body');

  const visit = (node: AnyNode, parent: AnyNode | undefined, outerScope: Scope, outerFn: Fn): void => {
    let scope = outerScope;
    let fn = outerFn;
    declareOutside(node, scope);
    if (isFunction(node)) {
      const owner = ownerOf(node, parent);
      fn = addFn(node, isOfModuleLoader(node, places, parent) ? 'module body' : kindOf(owner, parent), {
        owner,
        isAsync: node.async,
        isGenerator: node.generator,
        params: node.params,
      });
      scope = openScope(scope, true);
      if (node.type === 'FunctionExpression' && node.id) scope.names.add(node.id.name);
      for (const param of node.params) declare(scope, param);
    } else if (node.type === 'StaticBlock' || node.type === 'PropertyDefinition') {
      // Initialisers of fields run inside the constructor.
      fn = addFn(node, 'class field');
      scope = openScope(scope, true);
    } else if (BLOCKS.has(node.type)) scope = openScope(scope, false);
    else if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') {
      scope = openScope(scope, false);
      if (node.id) scope.names.add(node.id.name);
    }
    declareInside(node, scope);
    places.set(node, { parent, scope, fn });
    for (const child of childrenOf(node)) visit(child, node, scope, fn);
  };
  visit(program, undefined, openScope(undefined, true), root);

  const scopeOf = (name: string, at: AnyNode): Scope | undefined => {
    let scope: Scope | undefined = (places.get(at) as Place).scope;
    while (scope && !scope.names.has(name)) scope = scope.parent;
    return scope;
  };
  return {
    root,
    functions,
    placeOf: (node) => places.get(node) as Place,
    fnOf: (node) => records.get(node) as Fn,
    variableOf: (name, at) => `${name}@${scopeOf(name, at)?.id ?? 'global'}`,
    isGlobal: (name, at) => scopeOf(name, at) === undefined,
  };
}

function declare(scope: Scope, pattern: AnyNode | null): void {
  for (const name of boundNames(pattern)) scope.names.add(name);
}

/** Names that a node declares in the scope around it. */
function declareOutside(node: AnyNode, scope: Scope): void {
  if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id) scope.names.add(node.id.name);
}

/** Names that a node declares in the scope that it is (or opens). */
function declareInside(node: AnyNode, scope: Scope): void {
  if (node.type === 'CatchClause') declare(scope, node.param ?? null);
  else if (node.type === 'ImportDeclaration') for (const specifier of node.specifiers) scope.names.add(specifier.local.name);
  else if (node.type === 'VariableDeclaration') {
    let target = scope;
    if (node.kind === 'var') while (!target.isFunction && target.parent) target = target.parent;
    for (const declaration of node.declarations) declare(target, declaration.id);
  }
}

function ownerOf(node: AnyNode, parent: AnyNode | undefined): AnyNode | undefined {
  if (parent?.type === 'MethodDefinition' && parent.value === node) return parent;
  if (parent?.type === 'Property' && parent.value === node && (parent.method || parent.kind !== 'init')) return parent;
  return undefined;
}

/**
 * What the bundler makes of a CommonJS module: `var __commonJS = (cb, mod) => function () { … }` and `__commonJS({ "file"(exports) { … } })`.
 * Both run while the script is loaded, when nothing may block.
 */
function isOfModuleLoader(node: AnyNode, places: ReadonlyMap<AnyNode, Place>, parent: AnyNode | undefined): boolean {
  if (!parent) return false;
  const outer = places.get(parent)?.parent;
  if (parent.type === 'ArrowFunctionExpression')
    return outer?.type === 'VariableDeclarator' && outer.id.type === 'Identifier' && outer.id.name === '__commonJS';
  const call = parent.type === 'Property' && parent.value === node && outer ? places.get(outer)?.parent : undefined;
  return call?.type === 'CallExpression' && call.callee.type === 'Identifier' && call.callee.name === '__commonJS';
}

function kindOf(owner: AnyNode | undefined, parent: AnyNode | undefined): FunctionKind {
  if (owner?.type === 'MethodDefinition' || owner?.type === 'Property') {
    if (owner.kind === 'get') return 'getter';
    if (owner.kind === 'set') return 'setter';
    if (owner.kind === 'constructor') return 'constructor';
    if (!owner.computed && owner.key.type === 'Identifier' && CONVERSIONS.has(owner.key.name)) return 'conversion method';
  }
  return isSymbolKeyed(parent) ? 'conversion method' : 'plain';
}

/** The definition of a property whose name is one of the engine's symbols, under whatever name `Symbol` is known: `[S.iterator]: f`. */
function isSymbolKeyed(node: AnyNode | undefined): boolean {
  if (node?.type === 'AssignmentExpression')
    return node.left.type === 'MemberExpression' && node.left.computed && isSymbol(node.left.property);
  if (node?.type !== 'Property' && node?.type !== 'MethodDefinition' && node?.type !== 'PropertyDefinition') return false;
  return node.computed && isSymbol(node.key);
}

/** An object or a class whose instances the engine iterates over. */
export function isIterable(node: AnyNode): boolean {
  if (node.type === 'ObjectExpression') return node.properties.some(isSymbolKeyed);
  return node.type === 'ClassBody' && node.body.some(isSymbolKeyed);
}

function isSymbol(key: AnyNode): boolean {
  return (
    key.type === 'MemberExpression' && !key.computed && key.property.type === 'Identifier' && WELL_KNOWN_SYMBOLS.has(key.property.name)
  );
}
