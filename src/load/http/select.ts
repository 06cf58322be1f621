import { applyModifier } from './select-modifiers.ts';
import { findMatches } from './select-queries.ts';

/**
 * GJSON's path syntax (https://github.com/tidwall/gjson/blob/master/SYNTAX.md) over parsed JSON: `a.b`, `list.0`, `list.#` (length),
 * `list.#.name` (of each), `list.#(name=="x").age` (first match) and `#(…)#` (all), `*` and `?` in names, `\.` for a dot, `|` for what
 * is to be done with a whole result, `@reverse` and other modifiers, `[a,b.c]`, `{a,"k":b.c}`, `!"text"`. Undefined when nothing is found.
 */
export function selectJson(value: unknown, path: string): unknown {
  // `..` takes the text as one JSON value a line; here it is always one.
  return path.startsWith('..') ? select([value], path.slice(2)) : select(value, path);
}

export function select(value: unknown, path: string): unknown {
  if (value === undefined) return undefined;
  if (path.startsWith('@')) return selectModified(value, path);
  if (path.startsWith('!')) return selectLiteral(path);
  if (path.startsWith('[') || path.startsWith('{')) return selectSeveral(value, path);
  const [part, rest] = cutPart(path);
  if (Array.isArray(value)) return selectOfList(value as unknown[], part, rest);
  if (typeof value !== 'object' || value === null) return undefined;
  const name = part.replace(/\\(.)/g, '$1');
  if (Object.hasOwn(value, name)) return selectRest((value as Record<string, unknown>)[name], rest);
  if (!/(?<!\\)[*?]/.test(part)) return undefined;
  const pattern = wildcard(part);
  const key = Object.keys(value).find((candidate) => pattern.test(candidate));
  return key === undefined ? undefined : selectRest((value as Record<string, unknown>)[key], rest);
}

/** `rest` begins with the separator; without one the value is the result. */
function selectRest(value: unknown, rest: string): unknown {
  return rest === '' ? value : select(value, rest.slice(1));
}

function selectOfList(list: readonly unknown[], part: string, rest: string): unknown {
  if (part === '#') return rest.startsWith('.') ? selectOfEach(list, rest) : selectRest(list.length, rest);
  const query = /^#[([](.*)[)\]](#?)$/s.exec(part);
  if (query) {
    const matches = findMatches(list, query[1] as string, query[2] === '#');
    if (query[2] !== '#') return selectRest(matches[0], rest);
    return rest.startsWith('.') ? selectOfEach(matches, rest) : selectRest(matches, rest);
  }
  return /^\d+$/.test(part) ? selectRest(list[Number(part)], rest) : undefined;
}

/** Up to a `|` the path is that of each member, behind it that of the results together. */
function selectOfEach(list: readonly unknown[], rest: string): unknown {
  const pipe = indexOfTop(rest, '|', 1);
  const inner = rest.slice(1, pipe < 0 ? undefined : pipe);
  const results = inner === '#' ? list.map((item) => (Array.isArray(item) ? item.length : undefined)) : list.map((item) => select(item, inner)); // prettier-ignore
  return selectRest(
    results.filter((item) => item !== undefined),
    pipe < 0 ? '' : rest.slice(pipe),
  );
}

/** `@name` or `@name:argument`, whose argument is JSON or ends at the next `|`. */
function selectModified(value: unknown, path: string): unknown {
  const [, name = '', colon = ''] = /^@([^.|:]*)(:?)/.exec(path) ?? [];
  const start = 1 + name.length + colon.length;
  let end = start;
  if (colon !== '') {
    const closing = /^[[{"]/.test(path.slice(start)) ? endOfJson(path, start) : indexOfTop(path, '|', start);
    end = closing < 0 ? path.length : closing;
  }
  return selectRest(applyModifier(value, name, path.slice(start, end), select), path.slice(end));
}

function selectLiteral(path: string): unknown {
  const end = path[1] === '"' || path[1] === '{' || path[1] === '[' ? endOfJson(path, 1) : path.search(/[.|]|$/);
  try {
    return selectRest(JSON.parse(path.slice(1, end)), path.slice(end));
  } catch {
    return undefined;
  }
}

/** `[a,b.c]` is a list of what is there, `{a,"k":b.c}` an object. */
function selectSeveral(value: unknown, path: string): unknown {
  const end = endOfJson(path, 0);
  const paths = splitTop(path.slice(1, end - 1), ',');
  const results: [string, unknown][] = [];
  for (const each of paths) {
    const [, quoted, inner = each] = /^\s*("(?:[^"\\]|\\.)*")\s*:(.*)$/s.exec(each) ?? [];
    const name = quoted === undefined ? (/[^.|]*$/.exec(each)?.[0] ?? '') : (JSON.parse(quoted) as string);
    const result = select(value, inner.trim());
    if (result !== undefined) results.push([/^[\w-]+$/.test(name) || quoted !== undefined ? name : '_', result]);
  }
  const found = path.startsWith('[') ? results.map(([, result]) => result) : Object.fromEntries(results);
  return selectRest(found, path.slice(end));
}

/** The first part of a path, escapes and all, and what follows, separator included. */
function cutPart(path: string): [part: string, rest: string] {
  const end = indexOfAny(path, '.|', 0);
  return end < 0 ? [path, ''] : [path.slice(0, end), path.slice(end)];
}

function splitTop(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = indexOfTop(text, separator, 0); at >= 0; at = indexOfTop(text, separator, start)) {
    parts.push(text.slice(start, at));
    start = at + 1;
  }
  parts.push(text.slice(start));
  return parts;
}

function indexOfTop(text: string, char: string, from: number): number {
  return indexOfAny(text, char, from);
}

/** Where one of the characters stands outside of brackets, texts and escapes; -1 for nowhere. */
function indexOfAny(text: string, chars: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') i++;
    else if (char === '"' && depth > 0) i = endOfText(text, i) - 1;
    else if (depth === 0 && chars.includes(char)) return i;
    else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
  }
  return -1;
}

/** Behind the bracket or the quote that closes the one at `start`. */
function endOfJson(text: string, start: number): number {
  if (text[start] === '"') return endOfText(text, start);
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '"') i = endOfText(text, i) - 1;
    else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char) && --depth === 0) return i + 1;
  }
  return text.length;
}

function endOfText(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

/** `*` is anything, `?` one character, a backslash takes that from them. */
export function wildcard(text: string): RegExp {
  const source = text.replace(/\\(.)|[.+^${}()|[\]*?]/gs, (char, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped.replace(/[.+^${}()|[\]\\*?]/, '\\$&');
    return char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`;
  });
  return new RegExp(`^${source}$`, 's');
}
