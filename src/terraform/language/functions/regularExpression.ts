import { errorMessage } from '../../../base/index.ts';
import { FunctionFault } from './spec.ts';

const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/**
 * RE2's syntax (https://github.com/google/re2/wiki/Syntax) in terms of JavaScript's: named groups, classes of POSIX, anchors of the text, flags at
 * the start. Back references and look-around, which RE2 has not, are refused.
 */
export function regularExpression(pattern: string, flags: string, argument: string): RegExp {
  const leading = /^\(\?([imsU]+)\)/.exec(pattern);
  const rest = leading ? pattern.slice(leading[0].length) : pattern;
  if (/\\[1-9]|\(\?(?:=|!|<[=!])/.test(rest.replace(/\\\\/g, ''))) {
    throw new FunctionFault(`invalid regexp pattern: invalid or unsupported Perl syntax in ${pattern}`, argument);
  }
  const unnamed = rest.replace(/\\.|\[[^\]]*\]/g, '').match(/\((?!\?)/);
  if (rest.includes('(?P<') && unnamed !== null)
    throw new FunctionFault('invalid regexp pattern: cannot mix both named and unnamed capture groups', argument);
  const source = rest
    .replace(/\(\?P</g, '(?<')
    .replace(/\[:(\^?)(\w+):\]/g, (all, not: string, name: string) =>
      not === '' && Object.hasOwn(posixClasses, name) ? (posixClasses[name] as string) : all,
    )
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$');
  const own = (leading?.[1] ?? '').replaceAll('U', '');
  try {
    return new RegExp(source, flags + own + 'u');
  } catch {
    return lenient(source, flags + own, argument);
  }
}

/** Without the `u` flag more escapes are let pass (`\-`, `\/` outside of classes), as RE2 does. */
function lenient(source: string, flags: string, argument: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new FunctionFault(`invalid regexp pattern: ${errorMessage(error)}`, argument);
  }
}
