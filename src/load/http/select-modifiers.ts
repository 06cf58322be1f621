/** GJSON's `@` modifiers (https://github.com/tidwall/gjson/blob/master/SYNTAX.md#modifiers); undefined for one that is not known. */
export function applyModifier(value: unknown, name: string, argument: string, select: (value: unknown, path: string) => unknown): unknown {
  switch (name) {
    case 'this':
    case 'valid':
    // What is parsed has no blanks to lay out.
    case 'ugly':
    case 'pretty':
      return value;
    case 'reverse':
      return reverse(value);
    case 'keys':
      return isObject(value) ? Object.keys(value) : [];
    case 'values':
      return isObject(value) ? Object.values(value) : Array.isArray(value) ? value : [value];
    case 'flatten':
      return Array.isArray(value) ? value.flat(settingOf(argument, 'deep') ? Number.POSITIVE_INFINITY : 1) : value;
    case 'join':
      return Array.isArray(value) ? (Object.assign({}, ...value.filter(isObject)) as unknown) : value;
    case 'tostr':
      return JSON.stringify(value);
    case 'fromstr':
      return fromText(value);
    case 'group':
      return isObject(value) ? group(value) : undefined;
    case 'dig':
      return dig(value, argument, select);
    default:
      return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reverse(value: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).toReversed();
  return isObject(value) ? Object.fromEntries(Object.entries(value).reverse()) : value;
}

function settingOf(argument: string, name: string): boolean {
  try {
    return (JSON.parse(argument) as Record<string, unknown>)[name] === true;
  } catch {
    return false;
  }
}

function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** `{a:[1,2],b:[3,4]}` → `[{a:1,b:3},{a:2,b:4}]`. */
function group(value: Record<string, unknown>): Record<string, unknown>[] {
  const out: Record<string, unknown>[] = [];
  for (const [name, list] of Object.entries(value))
    if (Array.isArray(list)) for (const [i, item] of (list as unknown[]).entries()) (out[i] ??= {})[name] = item;
  return out;
}

/** What the path finds anywhere below. */
function dig(value: unknown, path: string, select: (value: unknown, path: string) => unknown): unknown[] {
  const found = select(value, path);
  const children = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return [...(found === undefined ? [] : [found]), ...children.flatMap((child) => dig(child, path, select))];
}
