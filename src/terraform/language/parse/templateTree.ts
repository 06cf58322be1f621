import type { Node } from '../ast.ts';
import type { Place } from '../source.ts';
import type { Cursor } from './cursor.ts';

/** What a template is made of, in a row; the tree comes after white space has been stripped. */
export type Piece =
  | { readonly kind: 'text'; text: string; readonly at: Place }
  | { readonly kind: 'value'; readonly node: Node }
  | { readonly kind: 'if'; readonly at: Place; readonly condition: Node }
  | { readonly kind: 'for'; readonly at: Place; readonly keyName: string | undefined; readonly valueName: string; readonly over: Node }
  | { readonly kind: 'else' | 'endif' | 'endfor'; readonly at: Place };

/**
 * `<<-`: takes from every line the indentation of the least indented one. Only lines that begin with text are cut; a
 * line that begins with a sequence has no indentation, and a blank line has none to count.
 */
export function flushHeredoc(pieces: readonly Piece[]): void {
  const indented: { text: string }[] = [];
  let least = Infinity;
  let lineStart = true;
  for (const piece of pieces) {
    if (lineStart) {
      if (piece.kind !== 'text') least = 0;
      else if (piece.text.trim() !== '' || !piece.text.endsWith('\n')) {
        least = Math.min(least, piece.text.length - piece.text.trimStart().length);
        indented.push(piece);
      }
    }
    lineStart = piece.kind === 'text' && piece.text.endsWith('\n');
  }
  for (const piece of indented) piece.text = piece.text.slice(least);
}

/** A template that is one interpolation has that one's value; parentheses keep it apart from a bare name. */
export function templateOf(pieces: readonly Piece[], at: Place, cursor: Cursor): Node {
  const only = pieces[0];
  if (pieces.length === 1 && only?.kind === 'value') return { kind: 'parentheses', at, of: only.node };
  return new TreeBuilder(pieces, at, cursor).build();
}

class TreeBuilder {
  readonly #pieces: readonly Piece[];
  readonly #at: Place;
  readonly #cursor: Cursor;
  #next = 0;

  constructor(pieces: readonly Piece[], at: Place, cursor: Cursor) {
    this.#pieces = pieces;
    this.#at = at;
    this.#cursor = cursor;
  }

  build(): Node {
    const node = this.#sequence(this.#at);
    const rest = this.#pieces[this.#next];
    if (rest && 'at' in rest) {
      throw this.#cursor.fail(
        `Unexpected ${rest.kind} directive`,
        `There is no directive open that an ${rest.kind} could belong to.`,
        rest.at,
      );
    }
    return node;
  }

  /** Up to the end or a directive that closes or divides an outer one. */
  #sequence(at: Place): Node {
    return this.#cursor.within(false, () => {
      const parts: Node[] = [];
      for (;;) {
        const piece = this.#pieces[this.#next];
        if (!piece || piece.kind === 'else' || piece.kind === 'endif' || piece.kind === 'endfor') return joined(parts, at);
        this.#next++;
        if (piece.kind === 'value') parts.push(piece.node);
        else if (piece.kind === 'if') parts.push(this.#conditional(piece));
        else if (piece.kind === 'for') parts.push(this.#loop(piece));
        else if (piece.kind === 'text' && piece.text !== '') parts.push({ kind: 'literal', at: piece.at, value: piece.text });
      }
    });
  }

  #conditional({ at, condition }: Piece & { kind: 'if' }): Node {
    const whenTrue = this.#sequence(at);
    const whenFalse: Node = this.#takes('else') ? this.#sequence(at) : { kind: 'literal', at, value: '' };
    this.#close('endif', 'if', at);
    return { kind: 'conditional', at, condition, whenTrue, whenFalse };
  }

  #loop({ at, keyName, valueName, over }: Piece & { kind: 'for' }): Node {
    const value = this.#sequence(at);
    this.#close('endfor', 'for', at);
    return { kind: 'for', at, shape: 'text', keyName, valueName, over, key: undefined, value, condition: undefined, grouped: false };
  }

  #takes(kind: Piece['kind']): boolean {
    if (this.#pieces[this.#next]?.kind !== kind) return false;
    this.#next++;
    return true;
  }

  #close(kind: Piece['kind'], opened: string, at: Place): void {
    if (this.#takes(kind)) return;
    throw this.#cursor.fail('Unexpected end of template', `The ${opened} directive is missing its corresponding ${kind} directive.`, at);
  }
}

/** A template of nothing but text is that text. */
function joined(parts: readonly Node[], at: Place): Node {
  if (parts.every((part) => part.kind === 'literal' && typeof part.value === 'string')) {
    return { kind: 'literal', at, value: parts.map((part) => (part.kind === 'literal' ? String(part.value) : '')).join('') };
  }
  return { kind: 'template', at, parts };
}
