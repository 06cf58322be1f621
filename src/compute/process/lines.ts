import type { Readable } from 'node:stream';

/** A longer line is passed on in pieces of this many characters, so output without line ends costs bounded memory. */
export const lineCharsMax = 16_384;

/** Calls `onLine` for each line of a stream of UTF-8 text, without its end (`\n` or `\r\n`), the last one even when it has none. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', from)) {
      emit(rest + chunk.slice(from, end));
      rest = '';
      from = end + 1;
    }
    rest += chunk.slice(from);
    while (rest.length > lineCharsMax) {
      onLine(rest.slice(0, lineCharsMax));
      rest = rest.slice(lineCharsMax);
    }
  });
  stream.on('end', () => {
    if (rest !== '') emit(rest);
    rest = '';
  });
  // A pipe that breaks is a process that ended, which its exit tells.
  stream.on('error', () => undefined);

  function emit(text: string): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    for (let at = 0; at === 0 || at < line.length; at += lineCharsMax) onLine(line.slice(at, at + lineCharsMax));
  }
}

/** The newest lines, oldest first. */
export class LastLines {
  readonly #max: number;
  readonly #lines: string[] = [];

  constructor(max = 20) {
    this.#max = max;
  }

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > this.#max) this.#lines.shift();
  }

  get(): readonly string[] {
    return [...this.#lines];
  }
}
