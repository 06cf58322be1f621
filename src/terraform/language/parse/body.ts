import { expressionOf } from '../expression.ts';
import type { Place, Source } from '../source.ts';
import type { Block, Body, Expression } from '../types.ts';
import { Cursor } from './cursor.ts';
import { parseExpression } from './expression.ts';

/** A file of HCL's native syntax. */
export function parseFile(source: Source): Body {
  const cursor = new Cursor(source, source.text.startsWith('\uFEFF') ? 1 : 0);
  return parseBody(cursor, cursor.here(), undefined);
}

/** A text that is one expression: a `--var` of complex type, a string of a JSON file. */
export function parseWholeExpression(source: Source): Expression {
  const cursor = new Cursor(source);
  return cursor.within(false, () => {
    const node = parseExpression(cursor);
    cursor.skipBlanks();
    if (!cursor.atEnd)
      throw cursor.fail(
        'Extra characters after expression',
        'An expression was successfully parsed, but extra characters were found after it.',
      );
    return expressionOf(node);
  });
}

/** Up to the end of the file, or with `opening` up to and with the brace that closes it. */
function parseBody(cursor: Cursor, at: Place, opening: Place | undefined): Body {
  const attributes = new Map<string, Expression>();
  const defined = new Map<string, Place>();
  const blocks: Block[] = [];
  for (;;) {
    cursor.skipLines();
    if (opening && cursor.take('}')) return { attributes, blocks, range: at };
    if (cursor.atEnd) {
      if (!opening) return { attributes, blocks, range: at };
      throw cursor.fail(
        'Unclosed configuration block',
        'There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.',
        opening,
      );
    }
    const place = cursor.here();
    const name = cursor.takeName();
    if (name === undefined) throw cursor.fail('Argument or block definition required', 'An argument or block definition is required here.');
    cursor.skipBlanks();
    if (cursor.char === '=' && !cursor.looksAt('==')) {
      cursor.offset++;
      const before = defined.get(name);
      if (before) {
        throw cursor.fail(
          'Attribute redefined',
          `The argument "${name}" was already set at ${before.file}:${before.line},${before.column}. Each argument may be set only once.`,
          place,
        );
      }
      defined.set(name, place);
      attributes.set(name, expressionOf(parseExpression(cursor)));
      endItem(cursor, opening, 'Missing newline after argument', 'An argument definition must end with a newline.');
    } else {
      blocks.push(parseBlock(cursor, place, name));
      endItem(cursor, opening, 'Missing newline after block definition', 'A block definition must end with a newline.');
    }
  }
}

/** An item ends with its line, with the file, or in a block of one line with the closing brace. */
function endItem(cursor: Cursor, opening: Place | undefined, summary: string, detail: string): void {
  cursor.skipBlanks();
  if (cursor.char === '\n' || cursor.atEnd || (opening && cursor.char === '}')) return;
  throw cursor.fail(summary, detail);
}

function parseBlock(cursor: Cursor, at: Place, type: string): Block {
  const labels: string[] = [];
  for (;;) {
    cursor.skipBlanks();
    const opening = cursor.here();
    if (cursor.take('{')) {
      return cursor.within(true, () => ({ type, labels, body: parseBody(cursor, opening, opening), range: at }));
    }
    const label = cursor.char === '"' ? quotedLabel(cursor) : cursor.takeName();
    if (label !== undefined) {
      labels.push(label);
      continue;
    }
    if (labels.length === 0 && (cursor.char === '\n' || cursor.atEnd)) {
      throw cursor.fail(
        'Invalid block definition',
        'A block definition must have block content delimited by "{" and "}", starting on the same line as the block header.',
        at,
      );
    }
    throw cursor.fail('Invalid block definition', 'Either a quoted string block label or an opening brace ("{") is expected here.');
  }
}

function quotedLabel(cursor: Cursor): string {
  const at = cursor.here();
  const node = parseExpression(cursor);
  if (node.kind === 'literal' && typeof node.value === 'string') return node.value;
  throw cursor.fail(
    'Invalid string literal',
    'Template sequences are not allowed in this string. To include a literal "$", double it (as "$$") to escape it.',
    at,
  );
}
