import { wildcard } from '../wildcard.ts';

/**
 * The text patterns of FilterLogEvents: all bare terms must occur, one of the `?` terms, none of the `-`
 * terms; quotes keep words together and `%…%` is a regular expression.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function matchesPattern(message: string, pattern: string): boolean {
  const trimmed = pattern.trim();
  if (trimmed === '' || trimmed === '""') return true;
  if (trimmed.startsWith('{')) return matchesJson(message, trimmed);
  if (trimmed.startsWith('%') && trimmed.endsWith('%') && trimmed.length > 2) return matchesExpression(message, trimmed.slice(1, -1));
  const terms = [...trimmed.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign = '', quoted, bare]) => ({
    sign,
    text: (quoted ?? bare ?? '').replace(/\\"/g, '"'),
  }));
  const optional = terms.filter(({ sign }) => sign === '?');
  return (
    terms.every(({ sign, text }) => (sign === '-' ? !message.includes(text) : sign === '?' || message.includes(text))) &&
    (optional.length === 0 || optional.some(({ text }) => message.includes(text)))
  );
}

/** Round brackets are not of the syntax that AWS takes; without them no expression takes forever over a message. */
function matchesExpression(message: string, source: string): boolean {
  if (/[()]/.test(source)) return false;
  try {
    return new RegExp(source).test(message);
  } catch {
    return false;
  }
}

/** `{ $.a.b = "text" }` with =, != and the comparisons of numbers, joined by && or ||. */
function matchesJson(message: string, pattern: string): boolean {
  let document: unknown;
  try {
    document = JSON.parse(message);
  } catch {
    return false;
  }
  const body = pattern.replace(/^\{\s*|\s*\}$/g, '');
  return body.split('||').some((part) => part.split('&&').every((test) => matchesTest(document, test.trim().replace(/^\(|\)$/g, ''))));
}

function matchesTest(document: unknown, test: string): boolean {
  const match = /^\$\.?([^\s=!<>]+)\s*(=|!=|<=|>=|<|>)\s*"?([^"]*)"?$/.exec(test);
  if (match === null) return false;
  const [, path = '', operator = '', wanted = ''] = match;
  const found = path
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined),
      document,
    );
  if (typeof found !== 'string' && typeof found !== 'number' && typeof found !== 'boolean') return false;
  const text = String(found);
  // Here a star alone has a meaning.
  if (operator === '=') return wildcard(wanted.replace(/[?\\]/g, '\\$&'))(text);
  if (operator === '!=') return text !== wanted;
  const [a, b] = [Number(text), Number(wanted)];
  return operator === '<' ? a < b : operator === '>' ? a > b : operator === '<=' ? a <= b : a >= b;
}
