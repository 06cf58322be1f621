import type { Node } from '../ast.ts';
import type { Place } from '../source.ts';
import type { Cursor } from './cursor.ts';
import { flushHeredoc, templateOf } from './templateTree.ts';
import type { Piece } from './templateTree.ts';

type ParseExpression = (cursor: Cursor) => Node;

/** Where a template ends: at the closing quote, at the line that holds a heredoc's marker alone, or with the file. */
type End = { readonly kind: 'quote' } | { readonly kind: 'marker'; readonly marker: string } | { readonly kind: 'file' };

/** The cursor is behind the opening quote, and afterwards behind the closing one. */
export function parseQuoted(cursor: Cursor, parseExpression: ParseExpression): Node {
  const at = cursor.source.place(cursor.offset - 1);
  return templateOf(readPieces(cursor, { kind: 'quote' }, at, parseExpression), at, cursor);
}

/** The cursor is at `<<`, and afterwards behind the closing marker. */
export function parseHeredoc(cursor: Cursor, parseExpression: ParseExpression): Node {
  const at = cursor.here();
  const opening = cursor.match(/<<(-?)([\p{ID_Start}_][\p{ID_Continue}-]*)[ \t]*\r?\n/uy);
  if (!opening) {
    throw cursor.fail('Invalid heredoc anchor', 'A heredoc begins with "<<" or "<<-", a name, and the end of the line.', at);
  }
  const pieces = readPieces(cursor, { kind: 'marker', marker: opening[2] as string }, at, parseExpression);
  if (opening[1] === '-') flushHeredoc(pieces);
  return templateOf(pieces, at, cursor);
}

/** A whole file that is a template, as `templatefile` reads. */
export function parseTemplateFile(cursor: Cursor, parseExpression: ParseExpression): Node {
  const at = cursor.here();
  return templateOf(readPieces(cursor, { kind: 'file' }, at, parseExpression), at, cursor);
}

function readPieces(cursor: Cursor, end: End, at: Place, parseExpression: ParseExpression): Piece[] {
  const pieces: Piece[] = [];
  let trimNext = false;
  let lineStart = true;
  for (;;) {
    if (atEnd(cursor, end, lineStart, at)) return pieces;
    if (cursor.looksAt('${') || cursor.looksAt('%{')) {
      const directive = cursor.char === '%';
      const start = cursor.here();
      cursor.offset += 2;
      const last = pieces.at(-1);
      if (takeHere(cursor, '~') && last?.kind === 'text') last.text = last.text.trimEnd();
      const piece = cursor.within(false, () =>
        directive ? readDirective(cursor, start, parseExpression) : readInterpolation(cursor, parseExpression),
      );
      trimNext = closeSequence(cursor, directive);
      pieces.push(piece);
      lineStart = false;
    } else {
      const start = cursor.here();
      const text = end.kind === 'quote' ? readQuotedText(cursor, at) : readLineText(cursor);
      lineStart = text.endsWith('\n');
      pieces.push({ kind: 'text', text: trimNext ? text.trimStart() : text, at: start });
      trimNext = false;
    }
  }
}

function takeHere(cursor: Cursor, text: string): boolean {
  if (!cursor.looksAt(text)) return false;
  cursor.offset += text.length;
  return true;
}

function atEnd(cursor: Cursor, end: End, lineStart: boolean, at: Place): boolean {
  if (end.kind === 'marker' && lineStart) {
    const marker = cursor.match(/[ \t]*([\p{ID_Start}_][\p{ID_Continue}-]*)(?=\r?\n|$)/uy);
    if (marker?.[1] === end.marker) return true;
    if (marker) cursor.offset -= marker[0].length;
  }
  if (end.kind === 'quote' && takeHere(cursor, '"')) return true;
  if (!cursor.atEnd) return false;
  if (end.kind === 'file') return true;
  if (end.kind === 'quote') throw cursor.fail('Unterminated template string', 'No closing marker was found for the string.', at);
  throw cursor.fail('Unterminated template string', `No closing marker "${end.marker}" was found for the heredoc.`, at);
}

function readInterpolation(cursor: Cursor, parseExpression: ParseExpression): Piece {
  cursor.skipBlanks();
  return { kind: 'value', node: parseExpression(cursor) };
}

function readDirective(cursor: Cursor, at: Place, parseExpression: ParseExpression): Piece {
  const word = cursor.takeName();
  if (word === 'if') return { kind: 'if', at, condition: parseExpression(cursor) };
  if (word === 'else' || word === 'endif' || word === 'endfor') return { kind: word, at };
  if (word === 'for') {
    const first = cursor.takeName();
    const second = cursor.take(',') ? cursor.takeName() : undefined;
    const valueName = second ?? first;
    if (valueName === undefined) throw cursor.fail('Invalid "for" directive', 'For directive requires variable name after "for".');
    if (!cursor.takeWord('in')) throw cursor.fail('Invalid "for" directive', 'For directive requires "in" keyword after names.');
    return { kind: 'for', at, keyName: second === undefined ? undefined : first, valueName, over: parseExpression(cursor) };
  }
  throw cursor.fail(
    'Invalid template directive',
    word === undefined
      ? 'A template directive keyword ("if", "for", etc) is expected at the beginning of a %{ sequence.'
      : `"${word}" is not a valid template directive keyword.`,
    at,
  );
}

/** Takes the closing brace; true when it has the strip marker. */
function closeSequence(cursor: Cursor, directive: boolean): boolean {
  cursor.skipLines();
  if (takeHere(cursor, '~}')) return true;
  if (takeHere(cursor, '}')) return false;
  throw directive
    ? cursor.fail(
        'Extra characters in template directive',
        'Expected a closing brace to end the template directive, but found extra characters.',
      )
    : cursor.fail(
        'Extra characters after interpolation expression',
        'Expected a closing brace to end the interpolation expression, but found extra characters.',
      );
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** Up to the next sequence or the closing quote. */
function readQuotedText(cursor: Cursor, opening: Place): string {
  let text = '';
  for (;;) {
    text += cursor.match(/[^"\\$%\n]*/y)?.[0] ?? '';
    const char = cursor.char;
    if (char === '"' || char === '' || cursor.looksAt('${') || cursor.looksAt('%{')) return text;
    if (char === '\n') {
      throw cursor.fail(
        'Invalid multi-line string',
        'Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to represent a newline character or use the "heredoc" multi-line template syntax.',
        opening,
      );
    }
    text += char === '\\' ? readEscape(cursor) : readMarkCharacter(cursor);
  }
}

/** Up to the next sequence or behind the end of the line: heredocs and files know no backslash. */
function readLineText(cursor: Cursor): string {
  let text = '';
  for (;;) {
    text += cursor.match(/[^$%\n]*/y)?.[0] ?? '';
    if (takeHere(cursor, '\n')) return `${text}\n`;
    if (cursor.atEnd || cursor.looksAt('${') || cursor.looksAt('%{')) return text;
    text += readMarkCharacter(cursor);
  }
}

/** `$` or `%` that begins no sequence; doubled before a brace it stands for itself. */
function readMarkCharacter(cursor: Cursor): string {
  const mark = cursor.char;
  if (takeHere(cursor, `${mark}${mark}{`)) return `${mark}{`;
  cursor.offset++;
  return mark;
}

function readEscape(cursor: Cursor): string {
  const at = cursor.here();
  const code = cursor.match(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/y);
  const point = code ? Number.parseInt((code[1] ?? code[2]) as string, 16) : -1;
  if (point >= 0 && point <= 0x10ffff) return String.fromCodePoint(point);
  const selector = cursor.text.charAt(at.offset + 1);
  const char = escapes[selector];
  if (char === undefined || code) {
    throw cursor.fail('Invalid escape sequence', `The symbol "${selector}" is not a valid escape sequence selector.`, at);
  }
  cursor.offset += 2;
  return char;
}
