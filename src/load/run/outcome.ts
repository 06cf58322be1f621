import { RunExitCode } from '../errors.ts';
import type { LoadOptions } from '../options/options.ts';
import type { SummaryData, SummaryGroup } from '../summary/data.ts';
import { renderSummary } from '../summary/render.ts';
import { distortionsOf } from './distortions.ts';
import { sum } from './progress.ts';
import type { SummaryOutputs } from './messages.ts';
import type { Tally } from './tally.ts';
import type { CheckResult, LoadResult, ThresholdResult } from './types.ts';

export interface Outcome {
  readonly data: SummaryData;
  readonly tally: Tally;
  readonly options: LoadOptions;
  readonly thresholds: ThresholdResult[];
  readonly endedEarly: { readonly exitCode: number; readonly reason: string } | undefined;
  /** By `exec.test.fail()`. */
  readonly isMarkedFailed: boolean;
  /** What handleSummary() returned. */
  readonly outputs: SummaryOutputs | undefined;
  readonly vusMax: number;
  readonly durationMs: number;
}

/** All that there is to say of a run at its end. */
export function resultOf(outcome: Outcome): LoadResult {
  const { data, tally, options, thresholds, outputs } = outcome;
  const { stdout, stderr, ...files } = outputs ?? { stdout: renderSummary(data, tally.metrics, options) };
  const scenarios = options.scenarios.map((scenario) => tally.scenario(scenario.name));
  return {
    exitCode: exitCodeOf(outcome),
    reason: outcome.endedEarly?.reason,
    summaryText: textOf(stdout),
    errorText: textOf(stderr),
    files,
    metrics: data.metrics,
    rootGroup: data.root_group,
    setupData: data.setup_data,
    thresholds,
    checks: checksOf(data.root_group),
    requests: tally.requests,
    failed: tally.failed,
    iterations: sum(scenarios, 'complete'),
    interrupted: sum(scenarios, 'interrupted'),
    vusMax: outcome.vusMax,
    durationMs: outcome.durationMs,
    errorCounts: Object.fromEntries(tally.errors),
    distortions: distortionsOf(tally),
  };
}

function exitCodeOf({ endedEarly, thresholds, isMarkedFailed }: Outcome): number {
  if (endedEarly) return endedEarly.exitCode;
  if (isMarkedFailed) return RunExitCode.markedFailed;
  return thresholds.some(({ ok }) => !ok) ? RunExitCode.thresholdsFailed : RunExitCode.ok;
}

function textOf(content: string | Uint8Array | undefined): string {
  return typeof content === 'string' ? content : Buffer.from(content ?? []).toString('utf8');
}

function checksOf(group: SummaryGroup): CheckResult[] {
  return [...group.checks.map(({ path, name, passes, fails }) => ({ path, name, passes, fails })), ...group.groups.flatMap(checksOf)];
}
