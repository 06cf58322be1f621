import type { BinaryOperator, Node } from '../ast.ts';
import type { Place } from '../source.ts';
import type { Cursor } from './cursor.ts';
import { parseHeredoc, parseQuoted } from './template.ts';

/** Binding strength; operators of one level go from left to right. */
const precedence: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '>': 4,
  '<=': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};
/** `<` is one unless a heredoc begins with it. */
const operatorPattern = /\|\||&&|==|!=|<=|>=|<(?!<-?[\p{ID_Start}_][\p{ID_Continue}-]*[ \t]*\r?\n)|[>+\-*/%]/uy;
/** What HashiCorp's scanner takes for one number, `1.2.3` among it. */
const numberPattern = /\d(?:(?:[\d.]|[eE][+-]?\d)*(?:\d|[eE][+-]?\d))?/y;
const validNumber = /^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export function parseExpression(cursor: Cursor): Node {
  return cursor.within(cursor.newlinesCount, () => {
    const condition = parseBinary(cursor, 1);
    cursor.skipBlanks();
    if (!cursor.take('?')) return condition;
    const whenTrue = parseExpression(cursor);
    if (!cursor.take(':')) {
      throw cursor.fail(
        'Missing false expression in conditional',
        'The conditional operator (...?...:...) requires a false expression, delimited by a colon.',
      );
    }
    return { kind: 'conditional', at: condition.at, condition, whenTrue, whenFalse: parseExpression(cursor) };
  });
}

function parseBinary(cursor: Cursor, strengthMin: number): Node {
  let left = parseUnary(cursor);
  for (;;) {
    cursor.skipBlanks();
    const before = cursor.offset;
    const operator = cursor.match(operatorPattern)?.[0] as BinaryOperator | undefined;
    if (operator === undefined) return left;
    if (precedence[operator] < strengthMin) {
      cursor.offset = before;
      return left;
    }
    const right = parseBinary(cursor, precedence[operator] + 1);
    left = { kind: 'binary', at: left.at, operator, left, right };
  }
}

function parseUnary(cursor: Cursor): Node {
  cursor.skipBlanks();
  const at = cursor.here();
  const operator = cursor.char;
  if (operator !== '!' && operator !== '-') return parseSteps(cursor, parseTerm(cursor));
  cursor.offset++;
  return { kind: 'unary', at, operator, operand: cursor.within(cursor.newlinesCount, () => parseUnary(cursor)) };
}

function parseTerm(cursor: Cursor): Node {
  const at = cursor.here();
  const number = cursor.match(numberPattern)?.[0];
  if (number !== undefined) {
    if (!validNumber.test(number)) throw cursor.fail('Invalid number literal', 'Failed to recognize the value of this number literal.', at);
    return { kind: 'literal', at, value: Number(number) };
  }
  if (cursor.take('"')) return parseQuoted(cursor, parseExpression);
  if (cursor.looksAt('<<')) return parseHeredoc(cursor, parseExpression);
  if (cursor.take('(')) return parseParentheses(cursor, at);
  if (cursor.take('[')) return cursor.within(false, () => parseTupleOrFor(cursor, at));
  if (cursor.take('{')) return cursor.within(false, () => parseObjectOrFor(cursor, at));
  const name = cursor.takeName();
  if (name !== undefined) return parseNamed(cursor, at, name);
  if (cursor.atEnd) throw cursor.fail('Missing expression', 'Expected the start of an expression, but found the end of the file.');
  throw cursor.fail('Invalid expression', 'Expected the start of an expression, but found an invalid expression token.');
}

function parseParentheses(cursor: Cursor, at: Place): Node {
  return cursor.within(false, () => {
    const of = parseExpression(cursor);
    if (cursor.take(')')) return { kind: 'parentheses', at, of };
    throw cursor.fail('Unbalanced parentheses', 'Expected a closing parenthesis to terminate the expression.');
  });
}

const constants: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function parseNamed(cursor: Cursor, at: Place, first: string): Node {
  let name = first;
  while (cursor.looksAt('::')) {
    cursor.offset += 2;
    const next = cursor.takeName();
    if (next === undefined)
      throw cursor.fail('Missing function name', 'Function scope resolution symbol :: must be followed by a function name in this scope.');
    name += `::${next}`;
  }
  if (cursor.looksAt('(')) {
    cursor.offset++;
    return cursor.within(false, () => parseCall(cursor, at, name));
  }
  const constant = constants.get(name);
  return constant === undefined ? { kind: 'name', at, name } : { kind: 'literal', at, value: constant };
}

function parseCall(cursor: Cursor, at: Place, name: string): Node {
  const args: Node[] = [];
  for (;;) {
    if (cursor.take(')')) return { kind: 'call', at, name, args, expanded: false };
    args.push(parseExpression(cursor));
    if (cursor.take('...')) {
      if (cursor.take(')')) return { kind: 'call', at, name, args, expanded: true };
      throw cursor.fail(
        'Missing closing parenthesis',
        'An expanded function argument (with ...) must be immediately followed by closing parentheses.',
      );
    }
    if (cursor.take(')')) return { kind: 'call', at, name, args, expanded: false };
    if (cursor.take(',')) continue;
    if (cursor.atEnd) {
      throw cursor.fail(
        'Unterminated function call',
        'There is no closing parenthesis for this function call before the end of the file. This may be caused by incorrect parenthesis nesting elsewhere in this file.',
        at,
      );
    }
    throw cursor.fail('Missing argument separator', 'A comma is required to separate each function argument from the next.');
  }
}

/** Traversals: `.name`, `.0`, `[key]`, `.*` and `[*]`. */
function parseSteps(cursor: Cursor, start: Node): Node {
  let node = start;
  for (;;) {
    cursor.skipBlanks();
    const step = parseStep(cursor, node);
    if (step) {
      node = step;
    } else if (cursor.looksAt('[*]')) {
      const at = cursor.here();
      cursor.offset += 3;
      node = { kind: 'splat', at, of: node, each: parseSteps(cursor, { kind: 'item', at }) };
    } else if (cursor.looksAt('.*')) {
      const at = cursor.here();
      cursor.offset += 2;
      node = { kind: 'splat', at, of: node, each: parseNames(cursor, { kind: 'item', at }) };
    } else {
      return node;
    }
  }
}

/** What follows `.*` goes for each element as far as it is names; an index behind them is one into the whole. */
function parseNames(cursor: Cursor, start: Node): Node {
  let node = start;
  for (;;) {
    cursor.skipBlanks();
    if (cursor.looksAt('.*')) {
      throw cursor.fail(
        'Nested splat expression not allowed',
        'A splat expression (*) cannot be used inside another attribute-only splat expression.',
      );
    }
    const step = cursor.char === '.' ? parseStep(cursor, node) : undefined;
    if (!step) return node;
    node = step;
  }
}

/** One `.name`, `.0` or `[key]`. */
function parseStep(cursor: Cursor, of: Node): Node | undefined {
  const at = cursor.here();
  if (cursor.looksAt('...') || cursor.looksAt('.*') || cursor.looksAt('[*]')) return undefined;
  if (cursor.char === '.') {
    cursor.offset++;
    const digits = cursor.match(/\d+/y)?.[0];
    if (digits !== undefined && cursor.match(/\.\d/y)) {
      throw cursor.fail(
        'Invalid legacy index syntax',
        'When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index syntax instead, like [0][1].',
        at,
      );
    }
    if (digits !== undefined) return { kind: 'index', at, of, key: { kind: 'literal', at, value: Number(digits) } };
    const name = cursor.takeName();
    if (name === undefined) throw cursor.fail('Invalid attribute name', 'An attribute name is required after a dot.');
    return { kind: 'attribute', at, of, name };
  }
  if (cursor.char !== '[') return undefined;
  cursor.offset++;
  return cursor.within(false, () => {
    const key = parseExpression(cursor);
    if (cursor.take(']')) return { kind: 'index', at, of, key };
    throw cursor.fail('Missing close bracket on index', 'The index operator must end with a closing bracket ("]").');
  });
}

function parseTupleOrFor(cursor: Cursor, at: Place): Node {
  if (cursor.takeWord('for')) return parseFor(cursor, at, 'tuple');
  const items: Node[] = [];
  for (;;) {
    if (cursor.take(']')) return { kind: 'tuple', at, items };
    items.push(parseExpression(cursor));
    if (cursor.take(']')) return { kind: 'tuple', at, items };
    if (cursor.take(',')) continue;
    if (cursor.atEnd) {
      throw cursor.fail(
        'Unterminated tuple constructor expression',
        'There is no corresponding closing bracket before the end of the file. This may be caused by incorrect bracket nesting elsewhere in this file.',
        at,
      );
    }
    throw cursor.fail('Missing item separator', 'Expected a comma to mark the beginning of the next item.');
  }
}

function parseObjectOrFor(cursor: Cursor, at: Place): Node {
  if (cursor.takeWord('for')) return parseFor(cursor, at, 'object');
  const entries: { key: Node; value: Node }[] = [];
  for (;;) {
    if (cursor.take('}')) return { kind: 'object', at, entries };
    entries.push(cursor.within(true, () => parseEntry(cursor, at)));
    cursor.within(true, () => cursor.skipBlanks());
    const separated = cursor.char === '\n' || cursor.char === ',';
    cursor.take(',');
    if (cursor.take('}')) return { kind: 'object', at, entries };
    if (!separated)
      throw (
        unterminatedObject(cursor, at) ??
        cursor.fail('Missing attribute separator', 'Expected a newline or comma to mark the beginning of the next attribute.')
      );
  }
}

function parseEntry(cursor: Cursor, object: Place): { key: Node; value: Node } {
  const key = cursor.atEnd ? undefined : parseExpression(cursor);
  cursor.skipBlanks();
  if (key === undefined || cursor.looksAt('==') || !(cursor.take('=') || cursor.take(':'))) {
    if (cursor.char === '\n')
      throw cursor.fail('Missing attribute value', 'Expected an attribute value, introduced by an equals sign ("=").');
    const separator = cursor.fail(
      'Missing key/value separator',
      'Expected an equals sign ("=") to mark the beginning of the attribute value.',
    );
    throw unterminatedObject(cursor, object) ?? separator;
  }
  if (key.kind === 'attribute' || key.kind === 'index') {
    throw cursor.fail(
      'Ambiguous attribute key',
      "If this expression is intended to be a reference, wrap it in parentheses. If it's instead intended as a literal name containing periods, wrap it in quotes to create a string literal.",
      key.at,
    );
  }
  return { key: key.kind === 'name' ? { kind: 'literal', at: key.at, value: key.name } : key, value: parseExpression(cursor) };
}

function unterminatedObject(cursor: Cursor, at: Place): Error | undefined {
  if (!cursor.atEnd) return undefined;
  return cursor.fail(
    'Unterminated object constructor expression',
    'There is no corresponding closing brace before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.',
    at,
  );
}

/** Behind `[for` or `{for`; takes the closing bracket. */
function parseFor(cursor: Cursor, at: Place, shape: 'tuple' | 'object'): Node {
  const invalid = (detail: string): Error => cursor.fail("Invalid 'for' expression", detail);
  const first = cursor.takeName();
  if (first === undefined) throw invalid("For expression requires variable name after 'for'.");
  const second = cursor.take(',') ? cursor.takeName() : undefined;
  if (!cursor.takeWord('in')) throw invalid("For expression requires the 'in' keyword after its name declarations.");
  const over = parseExpression(cursor);
  if (!cursor.take(':')) throw invalid('For expression requires a colon after the collection expression.');
  let value = parseExpression(cursor);
  let key: Node | undefined;
  let grouped = false;
  if (cursor.take('=>')) {
    if (shape === 'tuple') throw invalid('Key expression is not valid when building a tuple.');
    key = value;
    value = parseExpression(cursor);
    grouped = cursor.take('...');
  } else if (shape === 'object') {
    throw invalid('Key expression is required when building an object.');
  }
  const condition = cursor.takeWord('if') ? parseExpression(cursor) : undefined;
  if (!cursor.take(shape === 'tuple' ? ']' : '}')) throw invalid("Extra characters after the end of the 'for' expression.");
  return {
    kind: 'for',
    at,
    shape,
    keyName: second === undefined ? undefined : first,
    valueName: second ?? first,
    over,
    key,
    value,
    condition,
    grouped,
  };
}
