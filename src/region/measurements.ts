import { errorMessage, PlimsollError, type Logger } from '../base/index.ts';
import { metricData, modelDatum, type Place } from '../aws/index.ts';
import { MetricStore } from '../metrics/index.ts';
import type { MetricDatum } from '../model/index.ts';

/** What was measured, by account and region. What clients put is on disk and read back; the rest is of this run. */
export class Measurements {
  readonly #stores = new Map<Place, MetricStore>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  of(at: Place): MetricStore {
    let store = this.#stores.get(at);
    if (store === undefined) {
      this.#stores.set(at, (store = new MetricStore()));
      for (const datum of at.table(metricData).values()) this.put(at, [modelDatum(datum)]);
    }
    return store;
  }

  /** A measurement that cannot be kept is told of and lost; what was measured beside it is not. */
  put(at: Place, data: readonly MetricDatum[]): void {
    try {
      this.of(at).put(data);
    } catch (error) {
      if (!(error instanceof PlimsollError)) throw error;
      this.#log.warn({ err: error }, `a measurement was lost: ${errorMessage(error)}`);
    }
  }
}
