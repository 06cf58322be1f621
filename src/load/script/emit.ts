import type { AnyNode, Program } from 'acorn';
import { MagicString } from 'magic-string';
import type { Analysis } from './blocking.ts';
import { TOP_LEVEL_AWAIT } from './bundle.ts';
import type { Call } from './calls.ts';
import { hiddenNames, visibleNames } from './global-names.ts';
import { usesPromises } from './loaded.ts';
import type { Fn } from './scope.ts';
import { boundNames, childrenOf, isFunction, redeclares, type FunctionNode } from './syntax.ts';

/**
 * Last pass: writes the factory. A call that may block becomes
 *
 *     (($pl_t = f(x)) instanceof $pl_P ? await $pl_t : $pl_t)
 *
 * `$pl_P` is the engine's own Promise, which the script never gets to see, so it is the brand of a
 * pending operation; a call that turns out not to block costs no trip through the job queue. `$pl_t` is
 * read before anything else can run, so one variable serves all calls of an instance.
 */

export interface Emitted {
  readonly code: string;
  readonly map: ReturnType<MagicString['generateMap']>;
  /** `guardedAt[i]` is the offset in the bundle of guard number i. */
  readonly guardedAt: readonly number[];
  /** It awaits at its top level: the factory is a generator, to be driven like an async function. */
  readonly awaits: boolean;
}

/**
 * Names that the factory is called with, in order. Ours begin with `$pl_`, which no script uses: a name of its own, say of a minified
 * library, would stand in the way.
 */
const GIVEN = [
  '$pl_vu', '$pl_run', '$pl_P', '$pl_import', 'globalThis', 'global', 'console', 'open', 'require', 'Math', 'crypto', 'Promise', '$pl_async', '$pl_asyncGenerator', '$pl_await', '$pl_yieldStar',
  'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval',
] as const; // prettier-ignore

/** Those that Node has and k6 has not stay undefined. */
const FACTORY_PARAMETERS: readonly string[] = [...GIVEN, ...hiddenNames.filter((name) => !(GIVEN as readonly string[]).includes(name))];

/** Names that need no look into the VU's own global object. */
const KNOWN: ReadonlySet<string> = new Set([...GIVEN, ...visibleNames, 'arguments', TOP_LEVEL_AWAIT]);

/** Globals that change while the script runs. */
const LIVE: ReadonlyMap<string, string> = new Map([
  ['__VU', '$pl_vu.id'],
  ['__ITER', '$pl_vu.iteration'],
  ['__ENV', '$pl_vu.env'],
]);

export function emit(source: string, program: Program, analysis: Analysis): Emitted {
  const out = new MagicString(source);
  const guardedAt: number[] = [];
  const { scopes, flow } = analysis;

  /** Values that a function returns may be promises of the script's own, which must pass through ours untouched. */
  const boxes = usesPromises(source);
  const isHot = (fn: Fn): boolean => fn.blocks > 0 && analysis.canWait(fn);
  /** Functions whose parameters wait for something. */
  const waitsInParameters = new Set<Fn>();
  /** Whether what stands at a node can be awaited. Parameters are evaluated before the first `next` of a generator. */
  const canAwait = (node: AnyNode): boolean => {
    const { fn } = scopes.placeOf(node);
    if (!isHot(fn)) return false;
    if (!isFunction(fn.node) || node.start > fn.node.body.start) return true;
    if (fn.isGenerator && !fn.isCoroutine) return false;
    waitsInParameters.add(fn);
    return true;
  };
  const guard = (node: AnyNode): number => guardedAt.push(node.start) - 1;

  /** Inner nodes first, so that what is inserted around outer ones encloses it. */
  const visit = (node: AnyNode): void => {
    for (const child of childrenOf(node)) visit(child);
    const call = flow.callOf(node);
    if (call) emitCall(call);
    if (analysis.generatorsBlock) emitIteration(node);
    if (node.type === 'ForOfStatement' && analysis.generatorsBlock && !node.await && isHot(scopes.placeOf(node).fn)) {
      out.appendLeft(node.start + 3, ' await');
      if (boxes) out.prependRight(node.right.start, '$pl_run.unboxing(').appendLeft(node.right.end, ')');
    }
    if (isFunction(node)) emitFunction(node, scopes.fnOf(node));
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === TOP_LEVEL_AWAIT)
      emitTopLevelAwait(node);
    if (node.type === 'Identifier') emitIdentifier(node);
    if (boxes && (node.type === 'ReturnStatement' || node.type === 'YieldExpression')) boxResult(node);
  };

  /** Where the engine would iterate over what may be a blocking generator, that is done beforehand. */
  const emitIteration = (node: AnyNode): void => {
    if (node.type === 'SpreadElement' && scopes.placeOf(node).parent?.type !== 'ObjectExpression') collect(node.argument, 'Infinity');
    else if (node.type === 'VariableDeclarator' && node.id.type === 'ArrayPattern' && node.init) collect(node.init, lengthOf(node.id));
    else if (node.type === 'AssignmentExpression' && node.left.type === 'ArrayPattern') collect(node.right, lengthOf(node.left));
  };
  const collect = (node: AnyNode, limit: string): void => {
    if (canAwait(node))
      out
        .prependRight(node.start, '(($pl_t = $pl_run.spread(')
        .appendLeft(node.end, `, ${limit})) instanceof $pl_P ? await $pl_t : $pl_t)`);
  };
  const lengthOf = (pattern: AnyNode & { type: 'ArrayPattern' }): string =>
    pattern.elements.some((element) => element?.type === 'RestElement') ? 'Infinity' : String(pattern.elements.length);

  const boxResult = (node: AnyNode & { type: 'ReturnStatement' | 'YieldExpression' }): void => {
    const { fn } = scopes.placeOf(node);
    if (!node.argument || !isHot(fn)) return;
    if (node.type === 'YieldExpression' && node.delegate) {
      out.prependRight(node.argument.start, '$pl_run.boxing(').appendLeft(node.argument.end, ')');
      out.prependRight(node.start, '$pl_run.unbox(').appendLeft(node.end, ')');
    } else out.prependRight(node.argument.start, '$pl_run.box((').appendLeft(node.argument.end, '))');
  };

  const emitCall = (call: Call): void => {
    const { node } = call;
    if (call.usesTwin) useTwin(call);
    if (call.blocks > 0 && !call.isNew && canAwait(node)) {
      // What a blocking generator's `next` answers holds its value in a box too.
      const open = /^\.(?:next|return|throw)$/.test(call.key) ? '$pl_run.unboxResult(await $pl_t)' : '$pl_run.unbox(await $pl_t)';
      out.prependRight(node.start, '(($pl_t = ').appendLeft(node.end, `) instanceof $pl_P ? ${boxes ? open : 'await $pl_t'} : $pl_t)`);
    } else if (analysis.needsGuard(call)) {
      out.prependRight(node.start, '$pl_run.guard(').appendLeft(node.end, `, ${guard(node)})`);
    }
  };
  /** `list.map(f)` → `$pl_run.call(site, $pl_o = list, $pl_o.map, f)`: the object and its method are read before the arguments. */
  const useTwin = (call: Call): void => {
    const { callee, node } = call;
    const [first] = node.type === 'TaggedTemplateExpression' ? [] : node.arguments;
    if (!first || callee.type !== 'MemberExpression' || callee.object.type === 'Super') return;
    out.appendLeft(callee.object.end, ', $pl_o').overwrite(callee.end, first.start, ', ');
    out.prependRight(node.start, `$pl_run.call(${guard(node)}, $pl_o = `);
  };

  const emitFunction = (node: FunctionNode, fn: Fn): void => {
    if (!isHot(fn)) return;
    if (boxes && node.type === 'ArrowFunctionExpression' && node.expression)
      out.prependRight(node.body.start, '$pl_run.box((').appendLeft(node.body.end, '))');
    moveParameters(node, fn);
    if (fn.isAsync) return;
    const { owner } = fn;
    let at = node.start;
    if (owner?.type === 'MethodDefinition' || owner?.type === 'Property') at = owner.start;
    if (owner?.type === 'MethodDefinition' && owner.static) at += 'static '.length;
    out.prependRight(at, 'async ');
  };
  /**
   * `await` is not allowed in parameters, so they move into the body: `(a, b = …) => {}` becomes `(...$pl_a) => { let [a, b = …] = $pl_a; }`.
   * In front of `...$pl_a` stand as many placeholders as keep the function's `length`.
   */
  const moveParameters = (node: FunctionNode, fn: Fn): void => {
    const [first] = node.params;
    const last = node.params.at(-1);
    if (!first || !last || !waitsInParameters.has(fn)) return;
    const isBlock = node.body.type === 'BlockStatement';
    const at = isBlock ? node.body.start + 1 : node.body.start;
    const end = node.params.findIndex(({ type }) => type === 'AssignmentPattern' || type === 'RestElement');
    const counted = node.params.slice(0, end < 0 ? undefined : end).map((_, i) => `$pl_${i}, `).join(''); // prettier-ignore
    const keyword = redeclares(
      node.body,
      node.params.flatMap((param) => boundNames(param)),
    )
      ? 'var'
      : 'let';
    out
      .prependRight(first.start, `${keyword} [`)
      .appendLeft(last.end, `] = [${counted}...$pl_a];`)
      .appendLeft(first.start, `${counted}...$pl_a`);
    if (!isBlock) {
      out.appendLeft(at, '{').prependRight(at, ' return (').appendLeft(node.body.end, ');}');
    }
    out.move(first.start, last.end, at);
  };

  let awaits = false;
  const emitTopLevelAwait = (node: AnyNode & { type: 'CallExpression' }): void => {
    awaits = true;
    out.overwrite(node.callee.start, node.callee.end, '(yield ').appendLeft(node.end, ')');
  };

  /** `__VU` and the like are read afresh at each use. */
  const emitIdentifier = (node: AnyNode & { type: 'Identifier' }): void => {
    const { name } = node;
    const live = LIVE.get(name);
    if ((live === undefined && KNOWN.has(name)) || !scopes.isGlobal(name, node)) return;
    const parent = scopes.placeOf(node).parent as AnyNode;
    if (!isRead(node, parent)) return;
    if (parent.type === 'Property' && parent.value === node && scopes.placeOf(parent).parent?.type === 'ObjectPattern') return;
    // The script may have made it: `globalThis.mine = 1; mine`.
    const own = `${JSON.stringify(name)} in globalThis ? `;
    if (live !== undefined) out.update(node.start, node.end, isShorthand(node, parent) ? `${name}: ${live}` : live);
    else if (parent.type === 'UnaryExpression' && parent.operator === 'typeof')
      out.update(parent.start, parent.end, `(${own}typeof globalThis.${name} : typeof ${name})`);
    else out.update(node.start, node.end, `${isShorthand(node, parent) ? `${name}: ` : ''}(${own}globalThis.${name} : ${name})`);
  };

  visit(program);
  const imports = emitModuleSyntax(program, out);
  // In a block of its own, the script may declare names that are parameters: `import { setTimeout } from 'k6/timers'`.
  out
    .prepend(`(function${awaits ? '*' : ''} (${FACTORY_PARAMETERS.join(', ')}) { "use strict"; let $pl_t, $pl_o; { ${imports}\n`)
    .append('\n}})');
  return { code: out.toString(), map: out.generateMap({ hires: true, source: 'bundle.js' }), guardedAt, awaits };
}

/**
 * Imports become constants at the top; the one export list that esbuild writes, or the `module.exports` of a CommonJS script that it
 * exports as default, becomes the factory's result.
 */
function emitModuleSyntax(program: Program, out: MagicString): string {
  let imports = '';
  let count = 0;
  for (const node of program.body) {
    if (node.type === 'ImportDeclaration') {
      const module = `$pl_m${count++}`;
      imports += `const ${module} = $pl_import(${JSON.stringify(node.source.value)});`;
      for (const specifier of node.specifiers) {
        const member =
          specifier.type === 'ImportNamespaceSpecifier'
            ? ''
            : `[${JSON.stringify(specifier.type === 'ImportDefaultSpecifier' ? 'default' : exportedName(specifier.imported))}]`;
        imports += `const ${specifier.local.name} = ${module}${member};`;
      }
      out.remove(node.start, node.end);
    } else if (node.type === 'ExportNamedDeclaration') {
      const members = node.specifiers.map(
        (specifier) => `${JSON.stringify(exportedName(specifier.exported))}: ${exportedName(specifier.local)}`,
      );
      out.overwrite(node.start, node.end, `return {${members.join(', ')}};`);
    } else if (node.type === 'ExportDefaultDeclaration') out.overwrite(node.start, node.declaration.start, 'return ');
  }
  return imports;
}

function exportedName(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : String((node as AnyNode & { type: 'Literal' }).value);
}

function isShorthand(node: AnyNode, parent: AnyNode): boolean {
  return parent.type === 'Property' && parent.shorthand && parent.value === node;
}

/** Whether an identifier is a value that is read: no name of a member, no label, nothing that is assigned to. */
function isRead(node: AnyNode, parent: AnyNode): boolean {
  switch (parent.type) {
    case 'MemberExpression':
      return parent.object === node || parent.computed;
    case 'Property':
      return isShorthand(node, parent) || parent.value === node || parent.computed;
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return parent.value === node || parent.computed;
    case 'AssignmentExpression':
    case 'AssignmentPattern':
    case 'ForInStatement':
    case 'ForOfStatement':
      return parent.left !== node;
    case 'UpdateExpression':
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
    case 'ImportSpecifier':
    case 'ExportSpecifier':
    case 'ArrayPattern':
    case 'RestElement':
      return false;
    default:
      return true;
  }
}
