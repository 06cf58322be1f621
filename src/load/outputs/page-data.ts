import type { LoadResult } from '../run/types.ts';

/** The end of a run, as a page shows it. */
export interface ReportSummary {
  readonly exitCode: number;
  readonly reason: string | undefined;
  readonly durationMs: number;
  readonly totals: readonly (readonly [string, string])[];
  readonly thresholds: LoadResult['thresholds'];
  readonly checks: LoadResult['checks'];
  readonly metrics: readonly {
    readonly name: string;
    readonly type: string;
    readonly contains: string;
    readonly values: Readonly<Record<string, number>>;
  }[];
  readonly errors: readonly (readonly [string, number])[];
}

export function compactDetails(result: LoadResult): ReportSummary {
  const { exitCode, reason, durationMs, thresholds, checks } = result;
  return {
    exitCode,
    reason,
    durationMs,
    totals: [
      ['Requests', String(result.requests)],
      ['Failed requests', String(result.failed)],
      ['Iterations', String(result.iterations)],
      ['Most VUs', String(result.vusMax)],
      ['Seconds', (durationMs / 1000).toFixed(1)],
    ],
    thresholds,
    checks,
    metrics: Object.entries(result.metrics).map(([name, { type, contains, values }]) => ({ name, type, contains, values })),
    errors: Object.entries(result.errorCounts),
  };
}
