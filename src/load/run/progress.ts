import { maxVusOf, type Scenario } from '../options/scenarios.ts';
import { progressColumns } from './describe.ts';
import type { Tally } from './tally.ts';
import type { LoadProgress, ScenarioProgress, ThresholdResult } from './types.ts';

/** Makes what `onProgress` gets out of what the processes have reported. */
export class ProgressView {
  readonly #scenarios: readonly Scenario[];
  readonly #tally: Tally;
  readonly #vusMax: number;
  /** When scenarios ended, by name. */
  readonly #endedAtMs = new Map<string, number>();
  #windowAtMs = 0;

  constructor(scenarios: readonly Scenario[], tally: Tally, vusMax: number) {
    this.#scenarios = scenarios;
    this.#tally = tally;
    this.#vusMax = vusMax;
  }

  take(elapsedMs: number, thresholds: ThresholdResult[]): LoadProgress {
    const tally = this.#tally;
    const scenarios = this.#scenarios.map((scenario) => this.#scenario(scenario, elapsedMs));
    if (scenarios.some(({ isDone }) => !isDone)) {
      tally.metrics.builtIn('vus').sink.add(tally.vus);
      tally.metrics.builtIn('vus_max').sink.add(this.#vusMax);
    }
    const spanMs = elapsedMs - this.#windowAtMs;
    this.#windowAtMs = elapsedMs;
    return {
      elapsedMs,
      vus: tally.vus,
      vusMax: this.#vusMax,
      iterations: sum(scenarios, 'complete'),
      interrupted: sum(scenarios, 'interrupted'),
      requests: tally.requests,
      failed: tally.failed,
      window: tally.takeWindow(spanMs),
      scenarios,
      thresholds,
    };
  }

  #scenario(scenario: Scenario, elapsedMs: number): ScenarioProgress {
    const { name, executor } = scenario;
    const { fraction, activeVus, complete, interrupted, isDone } = this.#tally.scenario(name);
    if (isDone && !this.#endedAtMs.has(name)) this.#endedAtMs.set(name, elapsedMs);
    const now = { elapsedMs: this.#endedAtMs.get(name) ?? elapsedMs, vus: activeVus, iterations: complete, isDone };
    const columns = progressColumns(scenario, now);
    return { name, executor, fraction, vus: activeVus, vusMax: maxVusOf(scenario), complete, interrupted, isDone, columns };
  }
}

export function sum<K extends string>(items: readonly Record<K, number>[], key: K): number {
  return items.reduce((total, item) => total + item[key], 0);
}
