import type { MetricRegistry } from '../metrics/registry.ts';
import { aggregateOf } from '../metrics/thresholds.ts';
import type { LoadOptions } from '../options/options.ts';
import type { SummaryData } from './data.ts';
import { legacySummary } from './legacy.ts';
import { summaryParts } from './parts.ts';
import { summaryText } from './text.ts';

/** The summary in the mode of the options. */
export function renderSummary(data: SummaryData, metrics: MetricRegistry, options: LoadOptions): string {
  switch (options.summaryMode) {
    case 'disabled':
      return '';
    case 'legacy':
      return legacySummary(data, options);
    case 'full':
      return summaryText(data, options, { statistic, parts: summaryParts(metrics, options, data.state.testRunDurationMs) });
    default:
      return summaryText(data, options, { statistic });
  }

  /** Thresholds may be on statistics that the summary does not show. */
  function statistic(metric: string, aggregate: string): number | undefined {
    const sink = metrics.get(metric)?.sink;
    return sink && aggregateOf(sink, aggregate, data.state.testRunDurationMs / 1000);
  }
}
