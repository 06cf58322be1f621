/**
 * Metric math over series of points: arithmetic, METRICS, FILL, IF and the aggregates that AWS calls
 * by the same names. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export type Series = ReadonlyMap<number, number>;
type Value = number | Series | Series[];

export class ExpressionError extends Error {}

const tokens = /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|("[^"]*"|'[^']*')|(<=|>=|==|!=|&&|\|\||[-+*/^(),<>[\]]))/y;

const precedence: Readonly<Record<string, number>> = {
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
  '^': 7,
};

/** Nesting deeper than this is a mistake or an attack. */
const depthMax = 50;

/** Evaluates `text`; `series` are the metrics of the request by id, and METRICS() is all of them. */
export function evaluate(text: string, series: ReadonlyMap<string, Series>, all: readonly Series[]): Series {
  const parser = new Parser(tokenize(text), series, all);
  const value = parser.expression(0, 0);
  parser.end();
  if (typeof value === 'number') return new Map([...new Set(all.flatMap((one) => [...one.keys()]))].map((at) => [at, value]));
  if (Array.isArray(value)) return value[0] ?? new Map<number, number>();
  return value;
}

function tokenize(text: string): string[] {
  const found: string[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.trimEnd().length) {
    const at = tokens.lastIndex;
    const match = tokens.exec(text);
    if (match === null) throw new ExpressionError(`unexpected character at ${at}`);
    found.push(match[0].trim());
  }
  return found;
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #series: ReadonlyMap<string, Series>;
  readonly #all: readonly Series[];
  #at = 0;

  constructor(list: readonly string[], series: ReadonlyMap<string, Series>, all: readonly Series[]) {
    this.#tokens = list;
    this.#series = series;
    this.#all = all;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new ExpressionError(`unexpected ${this.#tokens[this.#at] ?? ''}`);
  }

  expression(above: number, depth: number): Value {
    if (depth > depthMax) throw new ExpressionError('nested too deeply');
    let left = this.#operand(depth);
    for (;;) {
      const operator = this.#tokens[this.#at];
      const rank = operator === undefined ? undefined : precedence[operator];
      if (rank === undefined || rank <= above) return left;
      this.#at++;
      left = combine(operator!, left, this.expression(rank, depth + 1));
    }
  }

  #operand(depth: number): Value {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new ExpressionError('unexpected end');
    if (token === '(') {
      const value = this.expression(0, depth + 1);
      this.#expect(')');
      return value;
    }
    if (token === '-') return combine('-', 0, this.#operand(depth + 1));
    if (/^\d/.test(token)) return Number(token);
    if (/^["']/.test(token)) throw new ExpressionError('a text is only allowed in METRICS()');
    if (this.#tokens[this.#at] === '(') return this.#call(token.toUpperCase(), depth);
    const found = this.#series.get(token);
    if (found === undefined) throw new ExpressionError(`unknown id ${token}`);
    return found;
  }

  #call(name: string, depth: number): Value {
    this.#expect('(');
    if (name === 'METRICS') {
      const filter = this.#tokens[this.#at];
      if (filter !== undefined && /^["']/.test(filter)) this.#at++;
      this.#expect(')');
      const part = filter !== undefined && /^["']/.test(filter) ? filter.slice(1, -1) : '';
      return part === '' ? [...this.#all] : [...this.#series].filter(([id]) => id.includes(part)).map(([, one]) => one);
    }
    const values: Value[] = [];
    while (this.#tokens[this.#at] !== ')') {
      const word = this.#tokens[this.#at];
      if (name === 'FILL' && word === 'REPEAT') {
        this.#at++;
        values.push(Number.NaN);
      } else values.push(this.expression(0, depth + 1));
      if (this.#tokens[this.#at] !== ',') break;
      this.#at++;
    }
    this.#expect(')');
    return apply(name, values);
  }

  #expect(token: string): void {
    if (this.#tokens[this.#at++] !== token) throw new ExpressionError(`expected ${token}`);
  }
}

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  '||': (a, b) => Number(a !== 0 || b !== 0),
};

/** Point by point; a time that only one side has gives nothing, as does a division by zero. */
function combine(operator: string, left: Value, right: Value): Value {
  const operate = operators[operator]!;
  if (typeof left === 'number' && typeof right === 'number') return operate(left, right);
  if (Array.isArray(left)) return left.map((one) => combine(operator, one, right) as Series);
  if (Array.isArray(right)) return right.map((one) => combine(operator, left, one) as Series);
  const times = typeof left === 'number' ? (right as Series).keys() : left.keys();
  const out = new Map<number, number>();
  for (const time of times) {
    const a = typeof left === 'number' ? left : left.get(time);
    const b = typeof right === 'number' ? right : right.get(time);
    const value = a === undefined || b === undefined ? Number.NaN : operate(a, b);
    if (Number.isFinite(value)) out.set(time, value);
  }
  return out;
}

const folds: Readonly<Record<string, (values: number[]) => number>> = {
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
};
const maps: Readonly<Record<string, (value: number) => number>> = { ABS: Math.abs, CEIL: Math.ceil, FLOOR: Math.floor };

function apply(name: string, values: Value[]): Value {
  const [first, second] = values;
  if (first === undefined) throw new ExpressionError(`${name} needs an argument`);
  const fold = folds[name];
  if (fold !== undefined) return Array.isArray(first) ? across(first, fold) : typeof first === 'number' ? first : fold([...first.values()]);
  const map = maps[name];
  if (map !== undefined) return each(first, (series) => new Map([...series].map(([time, value]) => [time, map(value)])), map);
  if (name === 'RATE') return each(first, rate, () => 0);
  if (name === 'FILL')
    return each(
      first,
      (series) => fill(series, second ?? 0),
      (value) => value,
    );
  if (name === 'IF') return choose(first, second ?? 0, values[2]);
  throw new ExpressionError(`unsupported function ${name}`);
}

function each(value: Value, series: (one: Series) => Series, number: (one: number) => number): Value {
  if (typeof value === 'number') return number(value);
  return Array.isArray(value) ? value.map(series) : series(value);
}

function across(list: readonly Series[], fold: (values: number[]) => number): Series {
  const times = [...new Set(list.flatMap((one) => [...one.keys()]))].toSorted((a, b) => a - b);
  return new Map(times.map((time) => [time, fold(list.flatMap((one) => one.get(time) ?? []))]));
}

/** Change for each second since the point before. */
function rate(series: Series): Series {
  const points = [...series].toSorted((a, b) => a[0] - b[0]);
  return new Map(points.slice(1).map(([time, value], index) => [time, ((value - points[index]![1]) / (time - points[index]![0])) * 1000]));
}

/** Gaps between the first and last point, one for each smallest step; NaN repeats the value before. */
function fill(series: Series, by: Value): Series {
  const points = [...series].toSorted((a, b) => a[0] - b[0]);
  const steps = points.slice(1).map(([time], index) => time - points[index]![0]);
  const step = Math.min(...steps);
  if (points.length < 2 || !Number.isFinite(step)) return series;
  const out = new Map<number, number>();
  let last = points[0]![1];
  for (let time = points[0]![0]; time <= points.at(-1)![0]; time += step) {
    const held = series.get(time);
    const other = typeof by === 'number' ? by : (Array.isArray(by) ? by[0] : by)?.get(time);
    last = held ?? (other === undefined || Number.isNaN(other) ? last : other);
    out.set(time, last);
  }
  return out;
}

function choose(condition: Value, yes: Value, no: Value | undefined): Value {
  if (typeof condition === 'number') return condition === 0 ? (no ?? new Map<number, number>()) : yes;
  const at = (value: Value | undefined, time: number): number | undefined =>
    typeof value === 'number' ? value : Array.isArray(value) ? value[0]?.get(time) : value?.get(time);
  const out = new Map<number, number>();
  for (const [time, test] of Array.isArray(condition) ? (condition[0] ?? []) : condition) {
    const value = at(test === 0 ? no : yes, time);
    if (value !== undefined) out.set(time, value);
  }
  return out;
}
