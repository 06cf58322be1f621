/**
 * The part of GJSON's path syntax (https://github.com/tidwall/gjson/blob/master/SYNTAX.md) that finds
 * values: `a.b`, `list.0`, `list.#` (length), `list.#.name` (of each), `list.#(name=="x").age` (first
 * match) and `#(…)#` (all), `*` and `?` in names, `\.` for a dot.
 */
export function selectJson(value: unknown, path: string): unknown {
  return select(value, splitPath(path));
}

function splitPath(path: string): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (let i = 0; i < path.length; i++) {
    const char = path.charAt(i);
    if (char === '\\' && i + 1 < path.length) part += char + path.charAt(++i);
    else if ((char === '.' || char === '|') && depth === 0) {
      parts.push(part);
      part = '';
    } else {
      if (char === '(') depth++;
      if (char === ')') depth--;
      part += char;
    }
  }
  parts.push(part);
  return parts;
}

function select(value: unknown, parts: readonly string[]): unknown {
  const [part, ...rest] = parts;
  if (part === undefined) return value;
  if (Array.isArray(value)) {
    const list = value as unknown[];
    if (part === '#') return rest.length === 0 ? list.length : list.map((item) => select(item, rest)).filter((item) => item !== undefined);
    const query = /^#\((.*)\)(#?)$/s.exec(part);
    if (query) {
      const matches = list.filter((item) => matchesQuery(item, query[1] as string));
      return query[2] === '#'
        ? rest[0] === '#'
          ? select(matches, rest)
          : matches.map((item) => select(item, rest))
        : select(matches[0], rest);
    }
    return /^\d+$/.test(part) ? select(list[Number(part)], rest) : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const name = part.replace(/\\(.)/g, '$1');
  if (Object.hasOwn(value, name)) return select((value as Record<string, unknown>)[name], rest);
  if (!/(?<!\\)[*?]/.test(part)) return undefined;
  const pattern = wildcard(part);
  const key = Object.keys(value).find((candidate) => pattern.test(candidate));
  return key === undefined ? undefined : select((value as Record<string, unknown>)[key], rest);
}

function wildcard(text: string): RegExp {
  const source = text
    .replace(/[.+^${}()|[\]]/g, '\\$&')
    .replace(/(?<!\\)\*/g, '.*')
    .replace(/(?<!\\)\?/g, '.');
  return new RegExp(`^${source}$`, 's');
}

function matchesQuery(item: unknown, query: string): boolean {
  const match = /^(.*?)\s*(==|!=|<=|>=|!%|=|<|>|%)\s*(.*)$/s.exec(query);
  if (!match) return select(item, splitPath(query)) !== undefined;
  const left = match[1] === '' ? item : select(item, splitPath(match[1] as string));
  let right: unknown;
  try {
    right = JSON.parse(match[3] as string);
  } catch {
    right = match[3];
  }
  if (left === undefined) return false;
  switch (match[2]) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '%':
      return wildcard(String(right)).test(left as string);
    case '!%':
      return !wildcard(String(right)).test(left as string);
    case '<':
      return (left as number) < (right as number);
    case '<=':
      return (left as number) <= (right as number);
    case '>':
      return (left as number) > (right as number);
    default:
      return (left as number) >= (right as number);
  }
}
