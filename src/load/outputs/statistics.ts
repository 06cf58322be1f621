import { Histogram } from '../../base/index.ts';
import { contentSizeName, type SeriesDelta } from './recorder.ts';

/** Requests of one method and name (the tag `name`, the URL unless a script sets it). Times in milliseconds. */
export interface RequestStatistics {
  readonly method: string;
  readonly name: string;
  readonly requests: number;
  readonly failed: number;
  readonly durationMs: Histogram;
  /** Of the content of all answers together, as it was received; by `requests` it is their average size. */
  readonly contentBytes: number;
}

export interface RequestFailure {
  readonly method: string;
  readonly name: string;
  /** `status 503`, `dial: connection refused`. */
  readonly error: string;
  readonly count: number;
}

interface Row {
  readonly method: string;
  readonly name: string;
  requests: number;
  failed: number;
  readonly durationMs: Histogram;
  contentBytes: number;
  readonly errors: Map<string, number>;
}

/** More rows than this are names that should have been one: the rest is counted as one more. */
const ROWS_MAX = 500;

/** Who follows a run row by row, as Locust's page does: `new Statistics()`, then `startLoad({ onSeries: (series) => statistics.add(series) })`. */
export class Statistics {
  readonly #rows = new Map<string, Row>();
  readonly #all: Row = rowOf('', 'Aggregated');

  add(series: readonly SeriesDelta[]): void {
    for (const { name, tags, data } of series) {
      if (!name.startsWith('http_re')) continue;
      const tag = (wanted: string): string => tags.find(([key]) => key === wanted)?.[1] ?? '';
      const row = this.#row(tag('method'), tag('name'));
      for (const each of [row, this.#all]) {
        if (name === 'http_reqs' && data.type === 'counter') each.requests += data.value;
        else if (name === 'http_req_duration' && data.type === 'trend') each.durationMs.merge(data.histogram);
        else if (name === 'http_req_failed' && data.type === 'rate') each.failed += data.passes;
        else if (name === contentSizeName && data.type === 'counter') each.contentBytes += data.value;
      }
      if (name === 'http_req_failed' && data.type === 'rate' && data.passes > 0) {
        const error = tag('error') === '' ? `status ${tag('status')}` : tag('error');
        row.errors.set(error, (row.errors.get(error) ?? 0) + data.passes);
      }
    }
  }

  /** In the order in which they first came. */
  rows(): readonly RequestStatistics[] {
    return [...this.#rows.values()];
  }

  total(): RequestStatistics {
    return this.#all;
  }

  /** The most frequent first. */
  failures(): RequestFailure[] {
    return [...this.#rows.values()]
      .flatMap(({ method, name, errors }) => [...errors].map(([error, count]) => ({ method, name, error, count })))
      .toSorted((a, b) => b.count - a.count);
  }

  #row(method: string, name: string): Row {
    const full = this.#rows.size >= ROWS_MAX;
    const key = `${method} ${name}`;
    const known = this.#rows.get(key) ?? (full ? this.#rows.get(' (other)') : undefined);
    if (known !== undefined) return known;
    const row = full ? rowOf('', '(other)') : rowOf(method, name);
    this.#rows.set(`${row.method} ${row.name}`, row);
    return row;
  }
}

function rowOf(method: string, name: string): Row {
  return { method, name, requests: 0, failed: 0, durationMs: new Histogram(), contentBytes: 0, errors: new Map() };
}
