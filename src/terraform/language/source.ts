import type { Range } from './types.ts';

/** A file's text, and where its lines begin. */
export class Source {
  readonly file: string;
  readonly text: string;
  /** Where the text stands when it is a part of something else (a JSON string, a command line): places in it are that place. */
  readonly within: Range | undefined;
  #lineStarts: number[] | undefined;

  constructor(file: string, text: string, within?: Range) {
    this.file = file;
    this.text = text;
    this.within = within;
  }

  place(offset: number): Place {
    return new Place(this, offset);
  }

  /** The line, counted from 1, that holds `offset`. */
  lineOf(offset: number): number {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  lineStart(line: number): number {
    return this.#starts()[line - 1] ?? 0;
  }

  /** A line without its end. */
  line(line: number): string {
    const starts = this.#starts();
    return this.text.slice(starts[line - 1] ?? 0, starts[line] ?? this.text.length).replace(/\r?\n$/, '');
  }

  #starts(): number[] {
    this.#lineStarts ??= [0, ...[...this.text.matchAll(/\n/g)].map((match) => match.index + 1)];
    return this.#lineStarts;
  }
}

/** A range that knows its source. Line and column are worked out when asked for: most are never asked. */
export class Place implements Range {
  readonly source: Source;
  readonly offset: number;

  constructor(source: Source, offset: number) {
    this.source = source;
    this.offset = offset;
  }

  get file(): string {
    return this.source.file;
  }

  get line(): number {
    return this.source.within?.line ?? this.source.lineOf(this.offset);
  }

  get column(): number {
    return this.source.within?.column ?? this.offset - this.source.lineStart(this.line) + 1;
  }
}

/**
 * The heading of the top-level block that a place stands in, by the look of the lines before it: for files that cannot be read as a
 * whole. Undefined outside of blocks, and at the very start of one.
 */
export function headingAbove(range: Range): string | undefined {
  if (!(range instanceof Place) || range.source.within !== undefined) return undefined;
  for (let line = range.line; line > 0; line--) {
    const text = range.source.line(line);
    if (line < range.line && text.startsWith('}')) return undefined;
    const heading = /^([a-z]+)((?: +"[^"]*")*) *\{/.exec(text);
    if (heading) return line === range.line && range.column === 1 ? undefined : `${heading[1]}${heading[2]?.replace(/ +/g, ' ')}`;
  }
  return undefined;
}

/** The line of source that a range is on; undefined when the range was not read from a file. */
export function excerptOf(range: Range): string | undefined {
  if (!(range instanceof Place)) return undefined;
  return range.source.within ? excerptOf(range.source.within) : range.source.line(range.line);
}
