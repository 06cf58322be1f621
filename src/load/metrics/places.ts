import { createSink, type MetricType, type Sink } from './sinks.ts';
import type { TagLookup } from './registry.ts';

/** Where in a test samples were taken; `check` is '' for all metrics but `checks`. */
export interface Place {
  readonly scenario: string;
  /** `::outer::inner`; '' outside of groups. */
  readonly group: string;
  readonly check: string;
}

/** The samples of one metric by scenario and group, for the summary in full. */
export class Places {
  readonly #type: MetricType;
  readonly #hasChecks: boolean;
  readonly #sinks = new Map<string, { readonly place: Place; readonly sink: Sink }>();

  constructor(name: string, type: MetricType) {
    this.#type = type;
    this.#hasChecks = name === 'checks';
  }

  add(value: number, tags: TagLookup): void {
    const scenario = tags.tag('scenario');
    if (scenario === undefined) return;
    const place = { scenario, group: tags.tag('group') ?? '', check: this.#hasChecks ? (tags.tag('check') ?? '') : '' };
    this.at(place).add(value);
  }

  at(place: Place): Sink {
    const key = `${place.scenario}\u0000${place.group}\u0000${place.check}`;
    let entry = this.#sinks.get(key);
    if (!entry) this.#sinks.set(key, (entry = { place, sink: createSink(this.#type) }));
    return entry.sink;
  }

  all(): Iterable<{ readonly place: Place; readonly sink: Sink }> {
    return this.#sinks.values();
  }
}
