import { PlimsollError } from '../../base/index.ts';
import type { Datapoint, MetricDataQuery } from '../../model/index.ts';
import { metricsErrors } from '../errors.ts';
import { checkPeriod, type MetricStore } from '../store.ts';
import { binary, constant, mathFunctions, type Context } from './functions.ts';
import { parseExpression, type Node } from './parse.ts';
import { list, scalar, series, type TimeSeries, type Value } from './value.ts';

/** A query with a list as its outcome gives one of these per series. */
export interface MetricDataResult {
  readonly id: string;
  readonly label: string;
  /** Oldest first. */
  readonly points: readonly Datapoint[];
}

/** Names that stand for themselves as arguments of FILL and SORT. */
const words = new Set(['REPEAT', 'LINEAR', 'ASC', 'DESC', 'AVG', 'MIN', 'MAX', 'SUM']);

/**
 * Answers all queries of one GetMetricData request over [startMs, endMs).
 * @throws PL_METRICS_EXPRESSION, PL_METRICS_STATISTIC, PL_METRICS_PERIOD
 */
export function getMetricData(store: MetricStore, queries: readonly MetricDataQuery[], startMs: number, endMs: number): MetricDataResult[] {
  const evaluation = new Evaluation(store, queries, startMs, endMs);
  return queries.filter(({ returnData }) => returnData !== false).flatMap((query) => evaluation.results(query));
}

class Evaluation {
  readonly #store: MetricStore;
  readonly #queries: ReadonlyMap<string, MetricDataQuery>;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #values = new Map<string, Value>();
  readonly #open = new Set<string>();
  #read: Map<string, TimeSeries> | undefined;

  constructor(store: MetricStore, queries: readonly MetricDataQuery[], startMs: number, endMs: number) {
    this.#store = store;
    this.#queries = new Map(queries.map((query) => [query.id, query]));
    this.#startMs = startMs;
    this.#endMs = endMs;
    if (this.#queries.size !== queries.length) throw bad('two queries have the same id');
    for (const { id } of queries) if (!/^[a-z]\w*$/.test(id)) throw bad(`"${id}" is not an id: it must begin with a lower-case letter`);
  }

  results(query: MetricDataQuery): MetricDataResult[] {
    const value = this.#valueOf(query);
    const all = value.type === 'list' ? value.list : [value.type === 'series' ? value.series : this.#constantOf(query, value)];
    return all.map((one) => ({
      id: query.id,
      label: all.length === 1 ? (query.label ?? (one.label || query.id)) : one.label,
      points: [...one.points].map(([timestampMs, value]) => ({ timestampMs, value })),
    }));
  }

  #constantOf(query: MetricDataQuery, value: Value): TimeSeries {
    if (value.type !== 'scalar') throw bad(`${query.id} is a word, not a number or a time series`);
    return constant(value.value, this.#context(query));
  }

  #valueOf(query: MetricDataQuery): Value {
    const known = this.#values.get(query.id);
    if (known) return known;
    if (this.#open.has(query.id)) throw bad(`${query.id} refers to itself`);
    this.#open.add(query.id);
    const value =
      'expression' in query
        ? this.#evaluate(parseExpression(query.expression), query)
        : series(this.#metrics().get(query.id) as TimeSeries);
    this.#open.delete(query.id);
    this.#values.set(query.id, value);
    return value;
  }

  #readMetric(query: Extract<MetricDataQuery, { metric: unknown }>): TimeSeries {
    const { metric: identity, statistic, periodS, unit, label } = query;
    const found = this.#store.statistics({
      identity,
      statistic,
      periodS,
      startMs: this.#startMs,
      endMs: this.#endMs,
      ...(unit ? { unit } : {}),
    });
    const points = new Map(found.map(({ timestampMs, value }) => [timestampMs, value]));
    return { label: label ?? identity.name, periodMs: periodS * 1000, points };
  }

  #evaluate(node: Node, query: MetricDataQuery): Value {
    switch (node.type) {
      case 'number':
        return scalar(node.value);
      case 'text':
        return { type: 'text', value: node.value };
      case 'name':
        return this.#name(node.name, query);
      case 'negate':
        return binary('*', scalar(-1), this.#evaluate(node.operand, query), this.#context(query));
      case 'binary':
        return binary(node.operator, this.#evaluate(node.left, query), this.#evaluate(node.right, query), this.#context(query));
      case 'list':
        return list(node.items.flatMap((item) => this.#seriesOf(this.#evaluate(item, query), query)));
      case 'call':
        return this.#call(node, query);
    }
    return node satisfies never;
  }

  #call(node: Extract<Node, { type: 'call' }>, query: MetricDataQuery): Value {
    const fn = Object.hasOwn(mathFunctions, node.name) ? mathFunctions[node.name] : undefined;
    if (fn === undefined) throw bad(`there is no function ${node.name}`, query);
    const args = node.args.map((arg) => this.#evaluate(arg, query));
    return labelled(fn(args, this.#context(query, node.name)), query);
  }

  #name(name: string, query: MetricDataQuery): Value {
    const other = this.#queries.get(name);
    if (other) return this.#valueOf(other);
    if (words.has(name.toUpperCase())) return { type: 'text', value: name.toUpperCase() };
    throw bad(`nothing is called ${name}`, query);
  }

  #seriesOf(value: Value, query: MetricDataQuery): readonly TimeSeries[] {
    if (value.type === 'series') return [value.series];
    if (value.type === 'list') return value.list;
    throw bad('a list holds time series only', query);
  }

  #context(query: MetricDataQuery, fn?: string): Context {
    const metrics = this.#metrics();
    const shortestMs = Math.min(...[...metrics.values()].map(({ periodMs }) => periodMs));
    const periodMs = query.periodS ? checkPeriod(query.periodS) * 1000 : Number.isFinite(shortestMs) ? shortestMs : 60_000;
    return {
      metrics,
      timeline: { startMs: this.#startMs, endMs: this.#endMs, periodMs },
      fail: (what) => {
        throw bad(fn === undefined ? what : `${fn} ${what}`, query);
      },
    };
  }

  /** The series of all queries that are not expressions, read once. */
  #metrics(): ReadonlyMap<string, TimeSeries> {
    if (this.#read === undefined) {
      this.#read = new Map();
      for (const [id, query] of this.#queries) if (!('expression' in query)) this.#read.set(id, this.#readMetric(query));
    }
    return this.#read;
  }
}

/** What a function has made of several series has no label of its own; it takes that of the query. */
function labelled(value: Value, query: MetricDataQuery): Value {
  if (value.type !== 'series' || value.series.label !== '') return value;
  return series({ ...value.series, label: query.label ?? query.id });
}

function bad(what: string, query?: MetricDataQuery): PlimsollError {
  const where = query && 'expression' in query ? { where: `${query.id} = ${query.expression.slice(0, 200)}` } : {};
  return new PlimsollError(metricsErrors.PL_METRICS_EXPRESSION, { what, ...where });
}
