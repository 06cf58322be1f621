/**
 * A query of CloudWatch Logs Insights over events in memory: `fields`, `display`, `filter`, `sort`, `limit`,
 * `dedup` and `stats` by fields or `bin(…)`, each after a `|`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */
export type Row = Readonly<Record<string, string>>;

/** What a query that is not understood is refused with; `message` says where. */
export class MalformedQuery extends Error {}

type Step = (rows: readonly Row[]) => readonly Row[];

interface Query {
  readonly steps: readonly Step[];
  /** Fields to show; undefined: those of the last `stats`. */
  readonly shown: readonly string[] | undefined;
}

const defaultShown = ['@timestamp', '@message'];
const rowsMax = 10_000;
const rowsDefault = 1000;

/** Runs `text` over rows, the newest first, as they come unless the query sorts. */
export function runQuery(text: string, rows: readonly Row[]): { readonly rows: readonly Row[]; readonly shown: readonly string[] } {
  const { steps, shown } = compile(text);
  const found = steps.reduce<readonly Row[]>((held, step) => step(held), rows);
  return { rows: found.slice(0, rowsMax), shown: shown ?? Object.keys(found[0] ?? {}) };
}

function compile(text: string): Query {
  const steps: Step[] = [];
  let shown: readonly string[] | undefined = defaultShown;
  let limited = false;
  for (const command of splitOutside(text.replace(/^\s*#.*$/gm, ''), '|')) {
    const [, name = '', rest = ''] = /^(\w+)\b\s*(.*)$/s.exec(command) ?? [];
    switch (name.toLowerCase()) {
      case 'fields':
      case 'display':
        shown = name.toLowerCase() === 'fields' && shown !== defaultShown ? [...(shown ?? []), ...fieldsOf(rest)] : fieldsOf(rest);
        break;
      case 'filter':
      case 'where':
        steps.push(filter(rest));
        break;
      case 'sort':
        steps.push(sort(rest));
        break;
      case 'limit':
      case 'head':
        limited = true;
        steps.push(limit(rest));
        break;
      case 'dedup':
        steps.push(dedup(fieldsOf(rest)));
        break;
      case 'stats':
        steps.push(stats(rest));
        shown = undefined;
        break;
      default:
        throw new MalformedQuery(`unexpected symbol found ${command.slice(0, 40)}`);
    }
  }
  return { steps: limited ? steps : [...steps, (rows) => rows.slice(0, rowsDefault)], shown };
}

function fieldsOf(text: string): string[] {
  const names = splitOutside(text, ',');
  if (names.length === 0 || names.some((name) => !/^[@\w.-]+$/.test(name)))
    throw new MalformedQuery(`fields expected, found ${text.slice(0, 40)}`);
  return names;
}

/** Parts between separators that stand in no quotes, slashes or brackets. */
function splitOutside(text: string, separator: string): string[] {
  const parts =
    text.match(new RegExp(`(?:"(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|/(?:[^/\\\\]|\\\\.)+/|\\([^)]*\\)|[^${separator}])+`, 'g')) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function limit(text: string): Step {
  if (!/^\d+$/.test(text.trim())) throw new MalformedQuery(`a number expected, found ${text.slice(0, 40)}`);
  return (rows) => rows.slice(0, Number(text));
}

function sort(text: string): Step {
  const keys = splitOutside(text, ',').map((part) => {
    const match = /^([@\w.()*-]+)(?:\s+(asc|desc))?$/i.exec(part);
    if (match === null) throw new MalformedQuery(`a field expected, found ${part.slice(0, 40)}`);
    return { field: match[1]!, sign: match[2]?.toLowerCase() === 'asc' ? 1 : -1 };
  });
  const order = (a: Row, b: Row): number => {
    for (const { field, sign } of keys) {
      const compared = compare(a[field] ?? '', b[field] ?? '');
      if (compared !== 0) return compared * sign;
    }
    return 0;
  };
  return (rows) => rows.toSorted(order);
}

function compare(a: string, b: string): number {
  const [left, right] = [Number(a), Number(b)];
  if (a !== '' && b !== '' && !Number.isNaN(left) && !Number.isNaN(right)) return left - right;
  return a < b ? -1 : a > b ? 1 : 0;
}

function dedup(fields: readonly string[]): Step {
  return (rows) => {
    const seen = new Set<string>();
    return rows.filter((row) => {
      const key = JSON.stringify(fields.map((field) => row[field]));
      return !seen.has(key) && seen.add(key);
    });
  };
}

type Test = (row: Row) => boolean;

/** `a = 1 and (b like /x/ or not c in ["d"])`, by precedence: or, and, not, comparison. */
function filter(text: string): Step {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/(?:[^/\\]|\\.)+\/|[()[\],]|<=|>=|!=|=~|=|<|>|[^\s()[\],=<>!]+/g) ?? [];
  let index = 0;
  const word = (): string => (tokens[index] ?? '').toLowerCase();
  const take = (): string => {
    const token = tokens[index++];
    if (token === undefined) throw new MalformedQuery('the filter ends too early');
    return token;
  };
  const either = (): Test => {
    let left = both();
    while (word() === 'or') {
      index++;
      const [a, b] = [left, both()];
      left = (row) => a(row) || b(row);
    }
    return left;
  };
  const both = (): Test => {
    let left = one();
    while (word() === 'and') {
      index++;
      const [a, b] = [left, one()];
      left = (row) => a(row) && b(row);
    }
    return left;
  };
  const one = (): Test => {
    if (word() === 'not') {
      index++;
      const inner = one();
      return (row) => !inner(row);
    }
    if (word() !== '(') return comparison(take, word);
    index++;
    const inner = either();
    if (take() !== ')') throw new MalformedQuery('a closing bracket expected');
    return inner;
  };
  const test = either();
  if (index < tokens.length) throw new MalformedQuery(`unexpected symbol found ${tokens[index]!.slice(0, 40)}`);
  return (rows) => rows.filter(test);
}

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function comparison(take: () => string, word: () => string): Test {
  const field = take();
  let operator = take().toLowerCase();
  const negated = operator === 'not';
  if (negated) operator = take().toLowerCase();
  if (operator === 'like' || operator === '=~') {
    const pattern = patternOf(take());
    return (row) => (row[field] !== undefined && pattern.test(row[field])) !== negated;
  }
  if (operator === 'in') {
    const values = listOf(take, word);
    return (row) => values.includes(row[field] ?? '') !== negated;
  }
  const holds = operators[operator];
  if (holds === undefined || negated) throw new MalformedQuery(`unexpected symbol found ${operator.slice(0, 40)}`);
  const wanted = unquoted(take());
  return (row) => row[field] !== undefined && holds(compare(row[field], wanted));
}

function listOf(take: () => string, word: () => string): string[] {
  if (take() !== '[') throw new MalformedQuery('a list expected');
  const values: string[] = [];
  while (word() !== ']') {
    const token = take();
    if (token !== ',') values.push(unquoted(token));
  }
  take();
  return values;
}

function unquoted(token: string): string {
  return /^(["']).*\1$/s.test(token) ? token.slice(1, -1).replace(/\\(.)/g, '$1') : token;
}

/** A regular expression between slashes, or a text that must occur. */
function patternOf(token: string): { test(text: string): boolean } {
  if (!/^\/.+\/$/s.test(token)) return { test: (text) => text.includes(unquoted(token)) };
  try {
    const insensitive = token.startsWith('/(?i)');
    return new RegExp(token.slice(insensitive ? 5 : 1, -1), insensitive ? 'i' : '');
  } catch {
    throw new MalformedQuery(`${token.slice(0, 40)} is no regular expression`);
  }
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const functions: Readonly<Record<string, (values: readonly string[]) => number | string>> = {
  count: (values) => values.length,
  count_distinct: (values) => new Set(values).size,
  sum: (values) => total(values),
  avg: (values) => total(values) / Math.max(1, values.length),
  min: (values) => values.toSorted(compare)[0] ?? '',
  max: (values) => values.toSorted(compare).at(-1) ?? '',
};

function total(values: readonly string[]): number {
  return values.reduce((sum, value) => sum + (Number(value) || 0), 0);
}

/** `stats count(*) as n, avg(x) by y, bin(5m)`. */
function stats(text: string): Step {
  const [columns = '', groups = ''] = text.split(/\s+by\s+/i);
  const made = splitOutside(columns, ',').map((part) => {
    const match = /^(\w+)\(([@\w.*-]*)\)(?:\s+as\s+([@\w.-]+))?$/i.exec(part);
    const compute = functions[match?.[1]?.toLowerCase() ?? ''];
    if (match === null || compute === undefined) throw new MalformedQuery(`unexpected symbol found ${part.slice(0, 40)}`);
    const field = match[2] ?? '';
    return { name: match[3] ?? part, field: field === '' ? '*' : field, compute };
  });
  const keys = splitOutside(groups, ',').map(groupKey);
  return (rows) => {
    const grouped = Map.groupBy(rows, (row) => JSON.stringify(keys.map(({ of }) => of(row))));
    return [...grouped.values()].map((same) => {
      const group = keys.map(({ name, of }): [string, string] => [name, of(same[0]!)]);
      const values = made.map(({ name, field, compute }): [string, string] => {
        const held = field === '*' ? same.map(() => '') : same.map((row) => row[field]).filter((value) => value !== undefined);
        return [name, String(compute(held))];
      });
      return Object.fromEntries([...group, ...values]);
    });
  };
}

function groupKey(part: string): { name: string; of: (row: Row) => string } {
  const bin = /^bin\((\d+)\s*([smhd])\w*\)$/i.exec(part);
  if (bin === null) {
    const [field] = fieldsOf(part);
    return { name: part, of: (row) => row[field!] ?? '' };
  }
  const periodMs = Number(bin[1]) * unitMs[bin[2]!.toLowerCase()]!;
  return {
    name: part,
    of: (row) => timestamp(Math.floor(Date.parse(`${(row['@timestamp'] ?? '').replace(' ', 'T')}Z`) / periodMs) * periodMs),
  };
}

/** `2026-01-01 00:00:00.000`, as Insights writes times. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}
