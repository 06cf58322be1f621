import { PlimsollError, type ErrorSpec } from '../base/index.ts';

/** A piece of an expression and where it begins, counted from 0. */
export interface Token {
  readonly kind: 'number' | 'name' | 'text' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const patterns: readonly [kind: Token['kind'], RegExp][] = [
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['name', /[A-Za-z_][\w]*/y],
  ['sign', /\|\||&&|==|!=|<=|>=|[-+*/^<>()[\],]/y],
];

/** Reads over an expression's tokens; every error names the place. */
export class TokenReader {
  readonly #text: string;
  readonly #error: ErrorSpec;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string, error: ErrorSpec) {
    this.#text = text;
    this.#error = error;
    this.#tokens = this.#tokenise();
  }

  get token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  take(): Token {
    const token = this.token;
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  /** Takes the next token if it is one of these signs or names. */
  takeIf(...texts: readonly string[]): Token | undefined {
    const { kind, text } = this.token;
    return (kind === 'sign' || kind === 'name') && texts.includes(text) ? this.take() : undefined;
  }

  expect(text: string): void {
    if (!this.takeIf(text)) this.fail(`expected "${text}" but found ${this.token.kind === 'end' ? 'the end' : `"${this.token.text}"`}`);
  }

  expectEnd(): void {
    if (this.token.kind !== 'end') this.fail(`"${this.token.text}" is too much`);
  }

  fail(what: string, at: number = this.token.at): never {
    throw new PlimsollError(this.#error, { what, where: `column ${at + 1} of "${this.#text}"` });
  }

  #tokenise(): Token[] {
    const text = this.#text;
    const tokens: Token[] = [];
    let at = 0;
    while (at < text.length) {
      if (/\s/.test(text.charAt(at))) {
        at++;
        continue;
      }
      const token = this.#tokenAt(at);
      tokens.push(token);
      at += token.text.length + (token.kind === 'text' ? 2 : 0);
    }
    tokens.push({ kind: 'end', text: '', at: text.length });
    return tokens;
  }

  #tokenAt(at: number): Token {
    const quote = this.#text.charAt(at);
    if (quote === '"' || quote === "'") {
      const end = this.#text.indexOf(quote, at + 1);
      if (end === -1) this.fail('a quotation mark is not closed', at);
      return { kind: 'text', text: this.#text.slice(at + 1, end), at };
    }
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const match = pattern.exec(this.#text);
      if (match) return { kind, text: match[0], at };
    }
    return this.fail(`"${quote}" has no meaning here`, at);
  }
}
