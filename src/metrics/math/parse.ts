import { metricsErrors } from '../errors.ts';
import { TokenReader } from '../tokens.ts';

/** A metric math expression, read. */
export type Node =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'text'; readonly value: string }
  /** The id of another query, or a keyword such as REPEAT. */
  | { readonly type: 'name'; readonly name: string; readonly at: number }
  | { readonly type: 'negate'; readonly operand: Node }
  | { readonly type: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly type: 'list'; readonly items: readonly Node[] }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Node[]; readonly at: number };

/** CloudWatch's limit on an expression's length; it also bounds everything that follows. */
const LENGTH_MAX = 2048;
const DEPTH_MAX = 100;

/** Operators by how strongly they bind, weakest first. AND and OR may be written as signs. */
const levels: readonly (readonly string[])[] = [
  ['OR', '||'],
  ['AND', '&&'],
  ['==', '!=', '<=', '>=', '<', '>'],
  ['+', '-'],
  ['*', '/'],
];

/**
 * Reads an expression: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 *
 *     expression := … OR … AND … comparison … + - … * / … unary
 *     unary      := "-" unary | primary [ "^" unary ]
 *     primary    := number | "text" | id | FUNCTION "(" arguments ")" | "(" expression ")" | "[" expressions "]"
 *
 * @throws PL_METRICS_EXPRESSION
 */
export function parseExpression(text: string): Node {
  const reader = new TokenReader(text.slice(0, LENGTH_MAX + 1), metricsErrors.PL_METRICS_EXPRESSION);
  if (text.length > LENGTH_MAX) reader.fail(`an expression has at most ${LENGTH_MAX} characters`, LENGTH_MAX);
  const node = new Parser(reader).level(0);
  reader.expectEnd();
  return node;
}

class Parser {
  readonly #reader: TokenReader;
  #depth = 0;

  constructor(reader: TokenReader) {
    this.#reader = reader;
  }

  /** All operators of one level from left to right. */
  level(index: number): Node {
    const operators = levels[index];
    if (operators === undefined) return this.#unary();
    let left = this.level(index + 1);
    for (let sign = this.#reader.takeIf(...operators); sign; sign = this.#reader.takeIf(...operators)) {
      left = { type: 'binary', operator: canonical(sign.text), left, right: this.level(index + 1) };
    }
    return left;
  }

  #unary(): Node {
    if (++this.#depth > DEPTH_MAX) this.#reader.fail('the expression is nested too deeply');
    const node = this.#reader.takeIf('-') ? ({ type: 'negate', operand: this.#unary() } as const) : this.#power();
    this.#depth--;
    return node;
  }

  #power(): Node {
    const base = this.#primary();
    return this.#reader.takeIf('^') ? { type: 'binary', operator: '^', left: base, right: this.#unary() } : base;
  }

  #primary(): Node {
    const token = this.#reader.take();
    if (token.kind === 'number') return { type: 'number', value: Number(token.text) };
    if (token.kind === 'text') return { type: 'text', value: token.text };
    if (token.kind === 'name') {
      if (!this.#reader.takeIf('(')) return { type: 'name', name: token.text, at: token.at };
      return { type: 'call', name: token.text.toUpperCase(), args: this.#items(')'), at: token.at };
    }
    if (token.text === '[') return { type: 'list', items: this.#items(']') };
    if (token.text !== '(')
      this.#reader.fail(token.kind === 'end' ? 'the expression ends too early' : `"${token.text}" has no meaning here`, token.at);
    const inner = this.level(0);
    this.#reader.expect(')');
    return inner;
  }

  #items(close: string): Node[] {
    const items: Node[] = [];
    if (this.#reader.takeIf(close)) return items;
    do items.push(this.level(0));
    while (this.#reader.takeIf(','));
    this.#reader.expect(close);
    return items;
  }
}

function canonical(operator: string): string {
  if (operator === '||') return 'OR';
  return operator === '&&' ? 'AND' : operator;
}
