import { createSink, type Sink } from '../metrics/sinks.ts';
import { seriesKey, type MetricInfo, type SeriesDelta } from './recorder.ts';
import type { Tags } from './tags.ts';

/** A metric with one set of tags, summed up over the whole run so far. */
export interface Series extends MetricInfo {
  readonly tags: Tags;
  readonly sink: Sink;
}

/** Everything that the load processes measured, per metric and set of tags. */
export class SeriesStore {
  readonly #all = new Map<string, Series>();
  #changed = new Set<Series>();

  add(deltas: readonly SeriesDelta[]): void {
    for (const { data, ...info } of deltas) {
      const key = seriesKey(info.name, info.tags);
      let series = this.#all.get(key);
      if (!series) this.#all.set(key, (series = { ...info, sink: createSink(info.metricType) }));
      series.sink.merge(data);
      this.#changed.add(series);
    }
  }

  /** Those with new samples since the last call. */
  takeChanged(): Series[] {
    const changed = [...this.#changed];
    this.#changed = new Set();
    return changed;
  }

  all(): Iterable<Series> {
    return this.#all.values();
  }
}
