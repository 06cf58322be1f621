import { childrenOf, type Node } from './ast.ts';
import { evaluateExpression } from './evaluate.ts';
import { Sensitive, Unknown } from './types.ts';
import type { Expression, NamedValue, Range, Scope, Value } from './types.ts';
import { friendlyType, isList, sortedKeys, typeOf } from './values.ts';

/** What makes an error of a value: only then is it said of values that are unknown or sensitive. */
export type Fault = Parameters<Expression['explain']>[1];

/**
 * What the names in an expression stand for, as Terraform tells it below an error's line of source: `var.n is 3`. A name of which
 * only the beginning stands for something is told as far as that: `local.ports is list of number with 2 elements`.
 */
export function namedValues(node: Node, scope: Scope, fault?: Fault): NamedValue[] {
  const told = new Map<string, string>();
  for (const name of traversalsIn(node)) {
    for (let at: Node = name; at.kind === 'attribute' || at.kind === 'index'; at = at.of) {
      const value = valueOf(at, scope);
      if (value === undefined) continue;
      const statement = statementOf(value, fault);
      if (statement !== undefined) told.set(textOf(at), statement);
      break;
    }
  }
  return [...told].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([traversal, statement]) => ({ traversal, statement }));
}

/** The part of an expression that an error is about: the outermost one at its place. */
export function partAt(root: Node, place: Range): Node | undefined {
  // Not by recursion: an expression may nest deeper than calls can.
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.at === place) return node;
    open.push(...childrenOf(node).toReversed());
  }
  return undefined;
}

/** Undefined where it is an error: that is told already. */
function valueOf(node: Node, scope: Scope): Value | undefined {
  try {
    return evaluateExpression(node, scope);
  } catch {
    return undefined;
  }
}

/** A value in a few words: what it is of an object or list, itself of all else. Undefined of what is not to be told. */
function statementOf(value: Value, fault: Fault): string | undefined {
  if (value instanceof Sensitive) return fault === 'sensitive' ? 'has a sensitive value' : undefined;
  if (value instanceof Unknown) return fault === 'unknown' ? 'will be known only after apply' : undefined;
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return `is ${value}`;
  if (typeof value === 'string') return `is ${JSON.stringify(value)}`;
  const type = friendlyType(typeOf(value));
  if (isList(value)) return counted(type, value.length);
  const keys = sortedKeys(value);
  if (type !== 'object') return counted(type, keys.length);
  if (keys.length === 0) return 'is object with no attributes';
  return keys.length === 1 ? `is object with 1 attribute ${JSON.stringify(keys[0])}` : `is object with ${keys.length} attributes`;
}

const counted = (type: string, count: number): string =>
  count === 0 ? `is empty ${type}` : `is ${type} with ${count} element${count === 1 ? '' : 's'}`;

/** `a.b[0].c` and its like: names with constant steps, each as a whole. */
function traversalsIn(root: Node): Node[] {
  const found: Node[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop())
    if (isTraversal(node)) found.push(node);
    else open.push(...childrenOf(node).toReversed());
  return found;
}

function isTraversal(node: Node): boolean {
  if (node.kind === 'name') return true;
  if (node.kind === 'attribute') return isTraversal(node.of);
  return node.kind === 'index' && node.key.kind === 'literal' && isTraversal(node.of);
}

function textOf(node: Node): string {
  if (node.kind === 'attribute') return `${textOf(node.of)}.${node.name}`;
  if (node.kind === 'index') return `${textOf(node.of)}[${node.key.kind === 'literal' ? JSON.stringify(node.key.value) : ''}]`;
  return node.kind === 'name' ? node.name : '';
}
