import { select, wildcard } from './select.ts';

/** `name=="x"` of GJSON's `#(name=="x")`: a path, an operator, what to compare with; a path alone asks whether it is there. */
export function findMatches(list: readonly unknown[], query: string, all: boolean): unknown[] {
  const test = testOf(query.trim());
  if (all) return list.filter(test);
  const first = list.find(test);
  return first === undefined ? [] : [first];
}

function testOf(query: string): (item: unknown) => boolean {
  const at = operatorAt(query);
  if (at < 0) return (item) => select(item, query) !== undefined;
  const operator = /^(?:!%|!=|<=|>=|==|[=<>%])/.exec(query.slice(at))?.[0] ?? '';
  const path = query.slice(0, at).trim();
  const wanted = unquoted(query.slice(at + operator.length).trim());
  return (item) => {
    const value = path === '' ? item : select(item, path);
    return wanted.startsWith('~') ? compareLoosely(value, operator, wanted.slice(1)) : compare(value, operator, wanted);
  };
}

/** Where the operator stands, outside of brackets: an inner query has one of its own. */
function operatorAt(query: string): number {
  let depth = 0;
  for (let i = 0; i < query.length; i++) {
    const char = query.charAt(i);
    if (char === '\\') i++;
    else if ('(['.includes(char)) depth++;
    else if (')]'.includes(char)) depth--;
    else if (depth === 0 && '!=<>%'.includes(char)) return i;
  }
  return -1;
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1).replace(/"$/, '');
  }
}

/** By the type of what is there: a number compares as a number with whatever is given. */
function compare(value: unknown, operator: string, wanted: string): boolean {
  if (typeof value === 'string') {
    if (operator === '%') return wildcard(wanted).test(value);
    if (operator === '!%') return !wildcard(wanted).test(value);
    return holds(operator, value < wanted ? -1 : value > wanted ? 1 : 0);
  }
  if (typeof value === 'number') return holds(operator, value - (Number(wanted) || 0));
  if (typeof value !== 'boolean') return false;
  return holds(operator, Number(value) - (wanted === 'true' ? 1 : wanted === 'false' ? 0 : 2));
}

function holds(operator: string, order: number): boolean {
  switch (operator) {
    case '=':
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    default:
      return operator === '>=' && order >= 0;
  }
}

/** `==~true`: what a value comes to when it is taken for true or false, null or missing. */
function compareLoosely(value: unknown, operator: string, wanted: string): boolean {
  const isTrue =
    value === true || (typeof value === 'number' && value !== 0) || (typeof value === 'string' && /^(?:1|t|true)$/i.test(value));
  const kinds: Record<string, boolean> = {
    true: isTrue,
    false: !isTrue,
    null: value === null || value === undefined,
    '*': value !== undefined,
  };
  const holdsHere = kinds[wanted] ?? false;
  return operator === '!=' ? !holdsHere : holdsHere;
}
