import { unknown } from '../types.ts';
import type { Value } from '../types.ts';
import { asList, isKnown, isList, isSensitive, markIf, record, reveal } from '../values.ts';
import { characters } from './characters.ts';
import { formatText } from './format.ts';
import { regularExpression } from './regularExpression.ts';
import { FunctionFault, anything, define, listOf, number, text, whole } from './spec.ts';
import type { FunctionSpec } from './spec.ts';

function substring(value: string, offset: number, length: number): string {
  const all = characters(value);
  const start = offset < 0 ? Math.max(all.length + offset, 0) : offset;
  if (length < -1) throw new FunctionFault('the length must not be less than -1', 'length');
  return all.slice(start, length === -1 ? undefined : start + length).join('');
}

function indent(spaces: number, value: string): string {
  return value.replaceAll('\n', `\n${' '.repeat(Math.max(0, spaces))}`);
}

/** Of what a match captured: nothing named or numbered gives the text, numbers a tuple, names an object. */
function captures(match: RegExpMatchArray): Value {
  if (match.groups) return record(Object.entries(match.groups).map(([name, value]) => [name, value ?? null]));
  return match.length === 1 ? match[0] : match.slice(1).map((value) => value ?? null);
}

/** `/…/` as the second argument is a regular expression, whose captures the replacement names by `$1` or `${name}`. */
function replace(value: string, substr: string, replacement: string): string {
  if (substr.length > 1 && substr.startsWith('/') && substr.endsWith('/')) {
    return replacePattern(value, regularExpression(substr.slice(1, -1), 'g', 'substr'), replacement);
  }
  return value.replaceAll(substr, () => replacement);
}

function replacePattern(value: string, pattern: RegExp, replacement: string): string {
  let out = '';
  let behind = 0;
  for (const match of value.matchAll(pattern)) {
    out += value.slice(behind, match.index) + expand(replacement, match);
    behind = match.index + match[0].length;
  }
  return out + value.slice(behind);
}

/** Go's templates of `ReplaceAllString`: the longest name counts, one that captured nothing is empty. */
function expand(replacement: string, match: RegExpMatchArray): string {
  const capture = (name: string): string => (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  return replacement.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (all, bare?: string, braced?: string) =>
    all === '$$' ? '$' : capture(bare ?? braced ?? ''),
  );
}

/** A list of texts for every element of the lists among the arguments, which must be of one length. */
function formatList(format: string, args: readonly Value[]): Value {
  const first = args.findIndex(isList);
  const length = lengthOf(args[first]);
  const odd = args.findIndex((arg) => isList(arg) && arg.length !== length);
  if (odd >= 0) {
    throw new FunctionFault(
      `argument ${odd + 1} has length ${lengthOf(args[odd])}, which is inconsistent with argument ${first + 1} of length ${length}`,
      'args',
    );
  }
  const row = (index: number): Value[] => args.map((arg) => (isList(arg) ? (arg[index] as Value) : arg));
  return asList(
    Array.from({ length }, (_, index) => formatRow(format, row(index))),
    'string',
  );
}

/** One text of the list may be unknown or sensitive where others are not. */
function formatRow(format: string, row: readonly Value[]): Value {
  return markIf(row.some(isSensitive), row.every(isKnown) ? formatText(format, row.map(reveal)) : unknown);
}

/** How many rows an argument makes: one, unless it is a list. */
function lengthOf(arg: Value | undefined): number {
  return arg !== undefined && isList(arg) ? arg.length : 1;
}

/** Letter by letter, as Go does: what has no capital of one letter stays (`ß`). */
function capitals(value: string): string {
  return value.replace(/\p{Ll}/gu, (letter) => (letter.toUpperCase().length === letter.length ? letter.toUpperCase() : letter));
}

function trim(value: string, cutset: string): string {
  const cut = new Set(characters(cutset));
  const chars = characters(value);
  const kept = (char: string): boolean => !cut.has(char);
  const from = chars.findIndex(kept);
  return from < 0 ? '' : chars.slice(from, chars.findLastIndex(kept) + 1).join('');
}

export const stringFunctions: Record<string, FunctionSpec> = {
  chomp: define([text('str')], ([str]) => str.replace(/[\r\n]+$/, '')),
  endswith: define([text('str'), text('suffix')], ([str, suffix]) => str.endsWith(suffix)),
  format: define([text('format')], ([format], args: Value[]) => formatText(format, args), { rest: whole('args') }),
  formatlist: define([text('format')], ([format], args: Value[]) => formatList(format, args), { rest: anything('args') }),
  indent: define([number('spaces'), text('str')], ([spaces, value]) => indent(spaces, value)),
  join: define([text('separator')], ([separator], lists: (readonly string[])[]) => joined(separator, lists), {
    rest: listOf<string>('lists', 'string'),
  }),
  lower: define([text('str')], ([str]) => str.toLowerCase()),
  regex: define([text('pattern'), text('string')], ([pattern, value]) => {
    const match = regularExpression(pattern, '', 'pattern').exec(value);
    if (!match) throw new FunctionFault('pattern did not match any part of the given string');
    return captures(match);
  }),
  regexall: define([text('pattern'), text('string')], ([pattern, value]) =>
    asList([...value.matchAll(regularExpression(pattern, 'g', 'pattern'))].map(captures)),
  ),
  replace: define([text('str'), text('substr'), text('replace')], ([str, substr, replacement]) => replace(str, substr, replacement)),
  split: define([text('separator'), text('str')], ([separator, str]) =>
    asList(separator === '' ? characters(str) : str.split(separator), 'string'),
  ),
  startswith: define([text('str'), text('prefix')], ([str, prefix]) => str.startsWith(prefix)),
  strcontains: define([text('str'), text('substr')], ([str, substr]) => str.includes(substr)),
  strrev: define([text('str')], ([str]) => characters(str).reverse().join('')),
  substr: define([text('str'), number('offset'), number('length')], ([str, offset, length]) => substring(str, offset, length)),
  title: define([text('str')], ([str]) =>
    str.replace(/(^|[\s!-/:-@[-^`{-~])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  ),
  trim: define([text('str'), text('cutset')], ([str, cutset]) => trim(str, cutset)),
  trimprefix: define([text('str'), text('prefix')], ([str, prefix]) => (str.startsWith(prefix) ? str.slice(prefix.length) : str)),
  trimspace: define([text('str')], ([str]) => str.trim()),
  trimsuffix: define([text('str'), text('suffix')], ([str, suffix]) =>
    suffix !== '' && str.endsWith(suffix) ? str.slice(0, -suffix.length) : str,
  ),
  upper: define([text('str')], ([str]) => capitals(str)),
};

function joined(separator: string, lists: readonly (readonly (string | null)[])[]): string {
  const items = lists.flat();
  const empty = items.indexOf(null);
  if (empty >= 0) throw new FunctionFault(`element ${empty} is null; cannot concatenate null values`, 'lists');
  return items.join(separator);
}
