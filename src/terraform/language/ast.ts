import type { Place } from './source.ts';

export type BinaryOperator = '||' | '&&' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '+' | '-' | '*' | '/' | '%';

/** An expression of HCL's native syntax (hclsyntax specification, "Expressions"). */
export type Node =
  | LiteralNode
  | TemplateNode
  | NameNode
  | AttributeNode
  | IndexNode
  | SplatNode
  | ItemNode
  | UnaryNode
  | BinaryNode
  | ConditionalNode
  | TupleNode
  | ObjectNode
  | ForNode
  | CallNode
  | ParenthesesNode;

export interface LiteralNode {
  readonly kind: 'literal';
  readonly at: Place;
  readonly value: null | boolean | number | string;
}

/** A string made of parts. One whose only part is an interpolation has that part's value, of whatever type. */
export interface TemplateNode {
  readonly kind: 'template';
  readonly at: Place;
  readonly parts: readonly Node[];
}

/** The first name of a traversal, or a name bound by a `for`. */
export interface NameNode {
  readonly kind: 'name';
  readonly at: Place;
  readonly name: string;
}

export interface AttributeNode {
  readonly kind: 'attribute';
  readonly at: Place;
  readonly of: Node;
  readonly name: string;
}

export interface IndexNode {
  readonly kind: 'index';
  readonly at: Place;
  readonly of: Node;
  readonly key: Node;
}

/** `of[*].a.b`: `each` is what is done to every element, which stands there as an `item` node. */
export interface SplatNode {
  readonly kind: 'splat';
  readonly at: Place;
  readonly of: Node;
  readonly each: Node;
}

export interface ItemNode {
  readonly kind: 'item';
  readonly at: Place;
}

export interface UnaryNode {
  readonly kind: 'unary';
  readonly at: Place;
  readonly operator: '!' | '-';
  readonly operand: Node;
}

export interface BinaryNode {
  readonly kind: 'binary';
  readonly at: Place;
  readonly operator: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
}

export interface ConditionalNode {
  readonly kind: 'conditional';
  readonly at: Place;
  readonly condition: Node;
  readonly whenTrue: Node;
  readonly whenFalse: Node;
}

export interface TupleNode {
  readonly kind: 'tuple';
  readonly at: Place;
  readonly items: readonly Node[];
}

export interface ObjectNode {
  readonly kind: 'object';
  readonly at: Place;
  readonly entries: readonly { readonly key: Node; readonly value: Node }[];
}

/** `[for …]`, `{for …}`, and with `shape: 'text'` the template directive, whose results are put together. */
export interface ForNode {
  readonly kind: 'for';
  readonly at: Place;
  readonly shape: 'tuple' | 'object' | 'text';
  readonly keyName: string | undefined;
  readonly valueName: string;
  readonly over: Node;
  /** Of the object shape only. */
  readonly key: Node | undefined;
  readonly value: Node;
  readonly condition: Node | undefined;
  /** `...` after the value: values of one key are put in a list. */
  readonly grouped: boolean;
}

export interface CallNode {
  readonly kind: 'call';
  readonly at: Place;
  readonly name: string;
  readonly args: readonly Node[];
  /** `...` after the last argument: it is a list of arguments. */
  readonly expanded: boolean;
}

/** Kept, since `(name)` as an object's key is an expression and `name` is not. */
export interface ParenthesesNode {
  readonly kind: 'parentheses';
  readonly at: Place;
  readonly of: Node;
}

/** The parts that an expression is directly made of, in the order in which they are written. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'attribute':
    case 'parentheses':
      return [node.of];
    case 'index':
      return [node.of, node.key];
    case 'splat':
      return [node.of, node.each];
    case 'template':
      return node.parts;
    case 'unary':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    case 'conditional':
      return [node.condition, node.whenTrue, node.whenFalse];
    case 'tuple':
      return node.items;
    case 'object':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'call':
      return node.args;
    case 'for':
      return [node.over, node.key, node.value, node.condition].filter((child) => child !== undefined);
    default:
      return [];
  }
}
