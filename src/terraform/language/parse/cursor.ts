import { syntaxError } from '../diagnostic.ts';
import type { LanguageError } from '../diagnostic.ts';
import type { Place, Source } from '../source.ts';

const identifier = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
/** Far more than people nest, far less than would overflow the stack. */
const nestingMax = 250;

/** A position in a source, and the lexical rules that all of HCL's grammar shares: white space, comments, names. */
export class Cursor {
  readonly source: Source;
  readonly text: string;
  offset: number;
  /** Whether a line's end is a token here. Inside parentheses, brackets and interpolations it is not. */
  newlinesCount = true;
  #nesting = 0;

  constructor(source: Source, offset = 0) {
    this.source = source;
    this.text = source.text;
    this.offset = offset;
  }

  get atEnd(): boolean {
    return this.offset >= this.text.length;
  }

  get char(): string {
    return this.text.charAt(this.offset);
  }

  here(): Place {
    return this.source.place(this.offset);
  }

  /** An error here, or at an earlier place. A character that no text of the language holds is what is wrong, whatever was expected. */
  fail(summary: string, detail: string, at?: Place): LanguageError {
    if (at) return syntaxError(summary, detail, at);
    const stray = strayCharacter(this.char);
    return stray === undefined ? syntaxError(summary, detail, this.here()) : syntaxError('Invalid character', stray, this.here());
  }

  /** Skips blanks and comments, and line ends where they do not count. A line comment ends before its line's end. */
  skipBlanks(): void {
    for (;;) {
      const char = this.char;
      if (char === ' ' || char === '\t' || char === '\r' || (char === '\n' && !this.newlinesCount)) this.offset++;
      else if (char === '#' || this.looksAt('//')) this.#skipTo('\n');
      else if (this.looksAt('/*')) this.#skipComment();
      else return;
    }
  }

  /** Skips blanks, comments and line ends. */
  skipLines(): void {
    this.within(false, () => this.skipBlanks());
  }

  looksAt(text: string): boolean {
    return this.text.startsWith(text, this.offset);
  }

  /** Takes `text` if it comes next, after blanks. */
  take(text: string): boolean {
    this.skipBlanks();
    if (!this.looksAt(text)) return false;
    this.offset += text.length;
    return true;
  }

  /** A name, if one comes next after blanks. */
  takeName(): string | undefined {
    this.skipBlanks();
    return this.match(identifier)?.[0];
  }

  /** Takes the word if it comes next as a whole name. */
  takeWord(word: string): boolean {
    this.skipBlanks();
    identifier.lastIndex = this.offset;
    if (identifier.exec(this.text)?.[0] !== word) return false;
    this.offset += word.length;
    return true;
  }

  /** Takes what a sticky pattern matches here. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.offset;
    const match = pattern.exec(this.text);
    if (match) this.offset += match[0].length;
    return match;
  }

  /** Does `work` with line ends counting or not, one level deeper. */
  within<T>(newlinesCount: boolean, work: () => T): T {
    if (++this.#nesting > nestingMax) throw this.fail('Expression too complex', `Expressions and blocks nest at most ${nestingMax} deep.`);
    const before = this.newlinesCount;
    this.newlinesCount = newlinesCount;
    try {
      return work();
    } finally {
      this.newlinesCount = before;
      this.#nesting--;
    }
  }

  #skipTo(text: string): void {
    const end = this.text.indexOf(text, this.offset);
    this.offset = end < 0 ? this.text.length : end;
  }

  #skipComment(): void {
    const start = this.here();
    this.#skipTo('*/');
    if (this.atEnd) throw this.fail('Unterminated comment', 'There is no closing "*/" for this comment before the end of the file.', start);
    this.offset += 2;
  }
}

function strayCharacter(char: string): string | undefined {
  if (char === "'") return 'Single quotes are not valid. Use double quotes (") to enclose strings.';
  if (char === '`') return 'The "`" character is not valid. To create a multi-line string, use the "heredoc" syntax, like "<<EOT".';
  if (char === ';')
    return 'The ";" character is not valid. Use newlines to separate arguments and blocks, and commas to separate items in collection values.';
  return /[$@~^\\]/.test(char) ? 'This character is not used within the language.' : undefined;
}
