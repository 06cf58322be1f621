import type { RawOptions } from '../options/options.ts';
import { invalid } from '../options/fields.ts';
import { checkThreshold, evaluateThresholds, parseThreshold, type MetricThresholds } from '../metrics/thresholds.ts';
import type { LoadOptions } from '../options/options.ts';
import { RateWatch } from './rate-watch.ts';
import type { Tally } from './tally.ts';
import type { ThresholdResult } from './types.ts';

const PERIOD_MS = 2000;

/** Holds what was measured against the thresholds, and against the rate that was asked for. */
export class Judge {
  readonly thresholds: readonly MetricThresholds[];
  readonly #tally: Tally;
  readonly #rateWatch: RateWatch | undefined;
  #evaluatedAtMs = 0;

  /** @throws PL_LOAD_OPTIONS_INVALID for thresholds on what there is not. */
  constructor(options: LoadOptions, raw: RawOptions, tally: Tally) {
    this.#tally = tally;
    this.thresholds = raw['noThresholds'] === true ? [] : define(options, tally);
    if (options.rateMissedMax !== undefined) this.#rateWatch = new RateWatch(options.rateMissedMax);
  }

  get results(): ThresholdResult[] {
    return this.thresholds.flatMap(({ name, thresholds }) => thresholds.map(({ source, ok }) => ({ metric: name, source, ok })));
  }

  get hasFailed(): boolean {
    return this.thresholds.some(({ thresholds }) => thresholds.some(({ ok }) => !ok));
  }

  /** To be asked with every report. Returns why the run has to end, if it has. */
  look(elapsedMs: number, nowMs: number): string | undefined {
    const { startDelays, missedStarts, metrics, windows } = this.#tally;
    const missed = this.#rateWatch?.look({ atMs: elapsedMs, begun: startDelays.count, missed: missedStarts });
    if (missed !== undefined) return missed;
    if (elapsedMs - this.#evaluatedAtMs < PERIOD_MS) return undefined;
    this.#evaluatedAtMs = elapsedMs;
    const failed = evaluateThresholds(this.thresholds, metrics, elapsedMs, false, { of: windows, nowMs });
    return failed === undefined ? undefined : `the threshold ${failed} was crossed`;
  }

  /** The last word. */
  conclude(durationMs: number, nowMs: number): void {
    const { metrics, windows } = this.#tally;
    evaluateThresholds(this.thresholds, metrics, durationMs, true, { of: windows, nowMs });
  }
}

function define(options: LoadOptions, tally: Tally): MetricThresholds[] {
  return Object.entries(options.thresholds).map(([name, list]) => {
    if (/\{\s*\}$/.test(name)) throw invalid(`thresholds: "${name}" names no tag; it is metric{tag:value}`);
    const metric = tally.metrics.submetric(name);
    const thresholds = list.map(parseThreshold);
    if (!metric) throw invalid(`invalid threshold defined on ${name}; reason: no metric name "${name.replace(/\{.*$/s, '')}" found`);
    for (const threshold of thresholds) {
      try {
        checkThreshold(threshold, metric);
        if (threshold.windowMs !== undefined) tally.windows.keep(name, threshold.windowMs);
      } catch (error) {
        throw invalid((error as Error).message);
      }
    }
    return { name, thresholds };
  });
}
