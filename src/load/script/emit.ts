import type { AnyNode, Program } from 'acorn';
import { MagicString } from 'magic-string';
import type { Analysis } from './blocking.ts';
import { TOP_LEVEL_AWAIT } from './bundle.ts';
import type { Call } from './calls.ts';
import { usesPromises } from './loaded.ts';
import type { Fn } from './scope.ts';
import { childrenOf, isFunction, type FunctionNode } from './syntax.ts';

/**
 * Last pass: writes the factory. A call that may block becomes
 *
 *     (($t = f(x)) instanceof $P ? await $t : $t)
 *
 * `$P` is the engine's own Promise, which the script never gets to see, so it is the brand of a
 * pending operation; a call that turns out not to block costs no trip through the job queue. `$t` is
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

/** Names that the factory is called with, in order. Those that Node has and k6 has not stay undefined. */
export const FACTORY_PARAMETERS = [
  '$vu', '$run', '$P', '$import', 'globalThis', 'global', 'console', 'open', 'require', 'Math', 'crypto', 'Promise', '$async', '$asyncGenerator', '$await', '$yieldStar',
  'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate',
  'process', 'Buffer', 'fetch', 'queueMicrotask', 'structuredClone', 'performance', 'navigator', 'WebSocket', 'EventSource', 'module', 'exports',
] as const; // prettier-ignore

/** Globals that change while the script runs. */
const LIVE: ReadonlyMap<string, string> = new Map([
  ['__VU', '$vu.id'],
  ['__ITER', '$vu.iteration'],
  ['__ENV', '$vu.env'],
]);

export function emit(source: string, program: Program, analysis: Analysis): Emitted {
  const out = new MagicString(source);
  const guardedAt: number[] = [];
  const { scopes, flow } = analysis;

  /** Values that a function returns may be promises of the script's own, which must pass through ours untouched. */
  const boxes = usesPromises(source);
  const isHot = (fn: Fn): boolean => fn.blocks > 0 && analysis.canWait(fn);
  const guard = (node: AnyNode): number => guardedAt.push(node.start) - 1;

  /** Inner nodes first, so that what is inserted around outer ones encloses it. */
  const visit = (node: AnyNode): void => {
    for (const child of childrenOf(node)) visit(child);
    const call = flow.callOf(node);
    if (call) emitCall(call);
    if (analysis.generatorsBlock) emitIteration(node);
    if (node.type === 'ForOfStatement' && analysis.generatorsBlock && !node.await && isHot(scopes.placeOf(node).fn)) {
      out.appendLeft(node.start + 3, ' await');
      if (boxes) out.prependRight(node.right.start, '$run.unboxing(').appendLeft(node.right.end, ')');
    }
    if (isFunction(node)) emitFunction(node, scopes.fnOf(node));
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === TOP_LEVEL_AWAIT)
      emitTopLevelAwait(node);
    if (node.type === 'Identifier') emitIdentifier(node);
    if (boxes && (node.type === 'ReturnStatement' || node.type === 'YieldExpression')) boxResult(node);
  };

  /** Where the engine would iterate over what may be a blocking generator, that is done beforehand, or guarded. */
  const emitIteration = (node: AnyNode): void => {
    if (node.type === 'SpreadElement' && scopes.placeOf(node).parent?.type !== 'ObjectExpression') collect(node.argument, 'Infinity');
    else if (node.type === 'VariableDeclarator' && node.id.type === 'ArrayPattern' && node.init) collect(node.init, lengthOf(node.id));
    else if (node.type === 'AssignmentExpression' && node.left.type === 'ArrayPattern') collect(node.right, lengthOf(node.left));
    else {
      const call = flow.callOf(node);
      if (!call || !flow.reachesNothing(call) || call.key.startsWith('.__')) return;
      for (const arg of call.args) {
        if (arg.type === 'SpreadElement' || isFunction(arg) || arg.type === 'Literal' || arg.type === 'TemplateLiteral') continue;
        out.prependRight(arg.start, '$run.iterable(').appendLeft(arg.end, `, ${guard(arg)})`);
      }
    }
  };
  const collect = (node: AnyNode, limit: string): void => {
    if (isHot(scopes.placeOf(node).fn))
      out.prependRight(node.start, '(($t = $run.spread(').appendLeft(node.end, `, ${limit})) instanceof $P ? await $t : $t)`);
    else out.prependRight(node.start, '$run.iterable(').appendLeft(node.end, `, ${guard(node)})`);
  };
  const lengthOf = (pattern: AnyNode & { type: 'ArrayPattern' }): string =>
    pattern.elements.some((element) => element?.type === 'RestElement') ? 'Infinity' : String(pattern.elements.length);

  const boxResult = (node: AnyNode & { type: 'ReturnStatement' | 'YieldExpression' }): void => {
    const { fn } = scopes.placeOf(node);
    if (!node.argument || !isHot(fn)) return;
    if (node.type === 'YieldExpression' && node.delegate) {
      out.prependRight(node.argument.start, '$run.boxing(').appendLeft(node.argument.end, ')');
      out.prependRight(node.start, '$run.unbox(').appendLeft(node.end, ')');
    } else out.prependRight(node.argument.start, '$run.box((').appendLeft(node.argument.end, '))');
  };

  const emitCall = (call: Call): void => {
    const { node } = call;
    if (call.blocks > 0 && analysis.canWait(call.fn) && !call.isNew) {
      if (call.usesTwin) useTwin(call);
      // What a blocking generator's `next` answers holds its value in a box too.
      const open = /^\.(?:next|return|throw)$/.test(call.key) ? '$run.unboxResult(await $t)' : '$run.unbox(await $t)';
      out.prependRight(node.start, '(($t = ').appendLeft(node.end, `) instanceof $P ? ${boxes ? open : 'await $t'} : $t)`);
    } else if (analysis.needsGuard(call)) {
      out.prependRight(node.start, '$run.guard(').appendLeft(node.end, `, ${guard(node)})`);
    }
  };
  /** `list.map(f)` → `$run.call(site, list, "map", f)`, and so for `list[name](f)`. */
  const useTwin = (call: Call): void => {
    const [first] = call.args;
    if (!first || call.callee.type !== 'MemberExpression' || call.callee.object.type === 'Super') return;
    const { object, property, computed } = call.callee;
    if (computed) out.overwrite(object.end, property.start, ', ').overwrite(property.end, first.start, ', ');
    else if (property.type === 'Identifier') out.overwrite(object.end, first.start, `, ${JSON.stringify(property.name)}, `);
    else return;
    out.prependRight(call.node.start, `$run.call(${guard(call.node)}, `);
  };

  const emitFunction = (node: FunctionNode, fn: Fn): void => {
    if (!isHot(fn)) return;
    if (boxes && node.type === 'ArrowFunctionExpression' && node.expression)
      out.prependRight(node.body.start, '$run.box((').appendLeft(node.body.end, '))');
    moveBlockingDefaults(node, fn);
    if (fn.isAsync) return;
    const { owner } = fn;
    let at = node.start;
    if (owner?.type === 'MethodDefinition' || owner?.type === 'Property') at = owner.start;
    if (owner?.type === 'MethodDefinition' && owner.static) at += 'static '.length;
    out.prependRight(at, 'async ');
  };
  /** `await` is not allowed in parameters, so they move into the body: `(...$a) => { var [a, b = …] = $a; …`. */
  const moveBlockingDefaults = (node: FunctionNode, fn: Fn): void => {
    const [first] = node.params;
    const last = node.params.at(-1);
    if (!first || !last || node.params.every(({ type }) => type === 'Identifier')) return;
    if (!flow.calls.some((call) => call.blocks > 0 && call.fn === fn && call.node.start < node.body.start)) return;
    const isBlock = node.body.type === 'BlockStatement';
    const at = isBlock ? node.body.start + 1 : node.body.start;
    out.prependRight(first.start, 'var [').appendLeft(last.end, '] = $a;').appendLeft(first.start, '...$a');
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
    const live = LIVE.get(node.name);
    if (live === undefined || !scopes.isGlobal(node.name, node)) return;
    const parent = scopes.placeOf(node).parent as AnyNode;
    if (parent.type === 'MemberExpression' && parent.property === node && !parent.computed) return;
    if (parent.type === 'Property' && parent.key === node && !parent.computed) {
      if (parent.shorthand) out.update(node.start, node.end, `${node.name}: ${live}`);
      return;
    }
    if (parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') return;
    out.update(node.start, node.end, live);
  };

  visit(program);
  const imports = emitModuleSyntax(program, out);
  // In a block of its own, the script may declare names that are parameters: `import { setTimeout } from 'k6/timers'`.
  out.prepend(`(function${awaits ? '*' : ''} (${FACTORY_PARAMETERS.join(', ')}) { "use strict"; let $t; { ${imports}\n`).append('\n}})');
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
      const module = `$m${count++}`;
      imports += `const ${module} = $import(${JSON.stringify(node.source.value)});`;
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
