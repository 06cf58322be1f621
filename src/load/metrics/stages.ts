import type { Scenario } from '../options/scenarios.ts';

/** What is told for each stage with `stageResults`. */
const metrics = ['http_req_duration', 'http_req_failed', 'http_reqs', 'iteration_duration', 'iterations', 'checks'];

/** A sub-metric with what was measured while one stage lasted. */
export interface StageMetric {
  /** `http_reqs{stage:0}`; of several scenarios `http_reqs{scenario:ramp,stage:0}`. */
  readonly name: string;
  readonly durationMs: number;
}

/** Stages are counted from 0, as k6's tagWithCurrentStageIndex() does. */
export function stageMetrics(scenarios: readonly Scenario[]): StageMetric[] {
  return scenarios.flatMap((scenario) => {
    if (!('stages' in scenario)) return [];
    const of = scenarios.length > 1 ? `scenario:${scenario.name},` : '';
    return scenario.stages.flatMap(({ durationMs }, stage) =>
      metrics.map((metric) => ({ name: `${metric}{${of}stage:${stage}}`, durationMs })),
    );
  });
}

/** The stage that a scenario is in; what runs on after the last belongs to it. */
export function stageAt(scenario: Scenario, elapsedMs: number): number | undefined {
  if (!('stages' in scenario)) return undefined;
  let endMs = 0;
  for (const [index, { durationMs }] of scenario.stages.entries()) {
    endMs += durationMs;
    if (elapsedMs < endMs) return index;
  }
  return scenario.stages.length - 1;
}
