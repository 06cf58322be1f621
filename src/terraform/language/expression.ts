import { childrenOf, type Node } from './ast.ts';
import { LanguageError } from './diagnostic.ts';
import { evaluateExpression } from './evaluate.ts';
import { namedValues, partAt, type Fault } from './explain.ts';
import type { Place } from './source.ts';
import type { Expression, NamedValue, Reference, ReferenceKey, Scope, Value } from './types.ts';

/** An expression as parsed, with the tree that type constraints and static references are read from. */
export class ParsedExpression implements Expression {
  readonly node: Node;
  #references: readonly Reference[] | undefined;

  constructor(node: Node) {
    this.node = node;
  }

  get range(): Place {
    return this.node.at;
  }

  references(): readonly Reference[] {
    this.#references ??= collectReferences(this.node);
    return this.#references;
  }

  evaluate(scope: Scope): Value {
    try {
      return evaluateExpression(this.node, scope);
    } catch (error) {
      if (error instanceof LanguageError && error.range !== undefined) {
        const part = partAt(this.node, error.range);
        if (part !== undefined) error.values = namedValues(part, scope);
      }
      throw error;
    }
  }

  explain(scope: Scope, fault?: Fault): readonly NamedValue[] {
    return namedValues(this.node, scope, fault);
  }
}

export function expressionOf(node: Node): ParsedExpression {
  return new ParsedExpression(node);
}

function collectReferences(root: Node): Reference[] {
  const found: Reference[] = [];
  visit(root, new Set(), found);
  return found;
}

/** The names of `a.b[0].c` from its end; undefined when it does not begin with a name. */
function traversal(
  node: Node,
): { readonly path: string[]; readonly keys: ReferenceKey[]; readonly root: Node & { kind: 'name' } } | undefined {
  if (node.kind === 'name') return { path: [node.name], keys: [], root: node };
  if (node.kind !== 'attribute' && node.kind !== 'index' && node.kind !== 'splat') return undefined;
  const inner = traversal(node.of);
  if (inner && node.kind !== 'attribute') inner.keys.push({ after: inner.path.length, splat: node.kind === 'splat' });
  if (node.kind === 'attribute') inner?.path.push(node.name);
  else if (inner && node.kind === 'splat') inner.path.push(...itemNames(node.each));
  return inner;
}

/** The names behind `[*]`. */
function itemNames(node: Node): string[] {
  if (node.kind === 'attribute') return [...itemNames(node.of), node.name];
  return node.kind === 'index' ? itemNames(node.of) : [];
}

/** Names that a `for` binds refer to nothing outside. */
function visit(node: Node, bound: ReadonlySet<string>, found: Reference[]): void {
  const inner = (child: Node): void => visit(child, bound, found);
  switch (node.kind) {
    case 'name':
    case 'attribute':
    case 'index':
    case 'splat': {
      const whole = traversal(node);
      if (whole && !bound.has(whole.root.name)) found.push({ path: whole.path, keys: whole.keys, range: whole.root.at });
      visitKeys(node, inner);
      return;
    }
    case 'for': {
      inner(node.over);
      const names = new Set([...bound, node.valueName, ...(node.keyName === undefined ? [] : [node.keyName])]);
      for (const child of [node.key, node.value, node.condition]) if (child) visit(child, names, found);
      return;
    }
    default:
      childrenOf(node).forEach(inner);
  }
}

/** The expressions in the brackets of a traversal, and what it starts from when that is no name. */
function visitKeys(node: Node, inner: (child: Node) => void): void {
  if (node.kind === 'index') inner(node.key);
  if (node.kind === 'splat') visitKeys(node.each, inner);
  if (node.kind === 'attribute' || node.kind === 'index' || node.kind === 'splat') visitKeys(node.of, inner);
  else if (node.kind !== 'name') inner(node);
}
