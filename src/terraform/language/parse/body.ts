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
      throw unclosed(cursor, opening);
    }
    const place = cursor.here();
    const name = cursor.takeName();
    if (name === undefined && cursor.char === '"') throw cursor.fail('Invalid argument name', 'Argument names must not be quoted.');
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
      endItem(cursor, 'Missing newline after argument', 'An argument definition must end with a newline.');
    } else {
      blocks.push(parseBlock(cursor, place, name));
      endItem(cursor, 'Missing newline after block definition', 'A block definition must end with a newline.');
    }
  }
}

function unclosed(cursor: Cursor, opening: Place): Error {
  return cursor.fail(
    'Unclosed configuration block',
    'There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.',
    opening,
  );
}

/** A block whose first argument stands on the line of its brace holds that one alone and ends there. */
function parseSingleLineBody(cursor: Cursor, opening: Place): Body {
  const at = cursor.here();
  const name = cursor.takeName();
  if (name === undefined) throw cursor.fail('Argument or block definition required', 'An argument or block definition is required here.');
  cursor.skipBlanks();
  if (cursor.char !== '=' || cursor.looksAt('==')) {
    const detail = `A single-line block definition can contain only a single argument. If you meant to define argument "${name}", use an equals sign to assign it a value. To define a nested block, place it on a line of its own within its parent block.`;
    throw cursor.fail('Argument definition required', detail, at);
  }
  cursor.offset++;
  const attributes = new Map([[name, expressionOf(parseExpression(cursor))]]);
  if (cursor.take('}')) return { attributes, blocks: [], range: opening };
  if (cursor.atEnd) throw unclosed(cursor, opening);
  const summary = 'Invalid single-argument block definition';
  if (cursor.looksAt(',')) {
    throw cursor.fail(
      summary,
      'Single-line block syntax can include only one argument definition. To define multiple arguments, use the multi-line block syntax with one argument definition per line.',
    );
  }
  if (!cursor.looksAt('\n')) {
    throw cursor.fail(
      summary,
      'A single-line block definition must end with a closing brace immediately after its single argument definition.',
    );
  }
  throw cursor.fail(
    summary,
    "An argument definition on the same line as its containing block creates a single-line block definition, which must also be closed on the same line. Place the block's closing brace immediately after the argument definition.",
  );
}

/** An item ends with its line or with the file. */
function endItem(cursor: Cursor, summary: string, detail: string): void {
  cursor.skipBlanks();
  if (cursor.char === '\n' || cursor.atEnd) return;
  if (cursor.char === ',') {
    throw cursor.fail(
      'Unexpected comma after argument',
      'Argument definitions must be separated by newlines, not commas. An argument definition must end with a newline.',
    );
  }
  throw cursor.fail(summary, detail);
}

function parseBlock(cursor: Cursor, at: Place, type: string): Block {
  const labels: string[] = [];
  for (;;) {
    cursor.skipBlanks();
    const opening = cursor.here();
    if (cursor.take('{')) {
      return cursor.within(true, () => {
        cursor.skipBlanks();
        const singleLine = cursor.char !== '\n' && cursor.char !== '}' && !cursor.atEnd;
        const body = singleLine ? parseSingleLineBody(cursor, opening) : parseBody(cursor, opening, opening);
        return { type, labels, body, range: at };
      });
    }
    const label = cursor.char === '"' ? quotedLabel(cursor) : cursor.takeName();
    if (label !== undefined) {
      labels.push(label);
      continue;
    }
    if (labels.length === 0) {
      const detail =
        'An argument or block definition is required here. To set an argument, use the equals sign "=" to introduce the argument value.';
      throw cursor.fail('Argument or block definition required', detail, at);
    }
    if (cursor.char === '\n') {
      const detail = 'A block definition must have block content delimited by "{" and "}", starting on the same line as the block header.';
      throw cursor.fail('Invalid block definition', detail, at);
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
