import type { MetricRegistry } from '../metrics/registry.ts';
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
      return summaryText(data, options, summaryParts(metrics, options, data.state.testRunDurationMs));
    default:
      return summaryText(data, options);
  }
}
