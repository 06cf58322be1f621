import type { Node } from './ast.ts';
import { ParsedExpression } from './expression.ts';
import { parseWholeExpression } from './parse/body.ts';
import { Source } from './source.ts';
import type { Expression, Range } from './types.ts';
import { quoted } from './render.ts';

/** A traversal that is not to be evaluated: an address, or the path of an argument. */
export interface StaticTraversal {
  /** Names, and the constants in brackets. */
  readonly steps: readonly (StaticName | StaticKey)[];
  readonly range: Range;
}

export interface StaticName {
  readonly name: string;
}

export interface StaticKey {
  readonly key: string | number;
}

/**
 * What `ignore_changes`, `depends_on`, `moved` and the like name: one traversal, or a list of them. Quoted ones are the spelling of Terraform 0.11.
 * Undefined when there is anything else, such as an index that is no constant.
 */
export function staticTraversals(expression: Expression): readonly StaticTraversal[] | undefined {
  const node = nodeOf(expression);
  const found = (node?.kind === 'tuple' ? node.items : node ? [node] : []).map(traversalOf);
  return found.every((item) => item !== undefined) ? found : undefined;
}

/** The items of a list that is written out; what is none is its own only item. */
export function staticItems(expression: Expression): readonly Expression[] {
  const node = nodeOf(expression);
  return node?.kind === 'tuple' ? node.items.map((item) => new ParsedExpression(item)) : [expression];
}

/** `{ aws = aws.west }` of the `providers` argument, as texts; undefined when it is no such object. */
export function staticPairs(expression: Expression): readonly (readonly [string, string])[] | undefined {
  const node = nodeOf(expression);
  if (node?.kind !== 'object') return undefined;
  const pairs = node.entries.map(({ key, value }) => [textOf(key), textOf(value)] as const);
  return pairs.every((pair): pair is readonly [string, string] => pair[0] !== undefined && pair[1] !== undefined) ? pairs : undefined;
}

/** `module.a["x"].aws_lb.main`, as it is written. */
export function traversalText({ steps }: StaticTraversal): string {
  return steps
    .map((step) => ('name' in step ? `.${step.name}` : `[${typeof step.key === 'number' ? step.key : quoted(step.key)}]`))
    .join('')
    .slice(1);
}

function nodeOf(expression: Expression): Node | undefined {
  return expression instanceof ParsedExpression ? expression.node : undefined;
}

function textOf(node: Node): string | undefined {
  const traversal = traversalOf(node);
  return traversal && traversalText(traversal);
}

function traversalOf(node: Node): StaticTraversal | undefined {
  if (node.kind === 'literal' && typeof node.value === 'string') {
    const inner = nodeOf(parseWholeExpression(new Source(node.at.file, node.value, node.at)));
    return inner && inner.kind !== 'literal' ? traversalOf(inner) : undefined;
  }
  const steps: (StaticName | StaticKey)[] = [];
  for (let at = node; ; at = at.of) {
    if (at.kind === 'name') {
      steps.push({ name: at.name });
      return { steps: steps.toReversed(), range: at.at };
    }
    if (at.kind === 'attribute') steps.push({ name: at.name });
    else if (at.kind === 'index' && at.key.kind === 'literal' && (typeof at.key.value === 'string' || typeof at.key.value === 'number'))
      steps.push({ key: at.key.value });
    else return undefined;
  }
}
