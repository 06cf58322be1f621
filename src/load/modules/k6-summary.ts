import { humanizeValue, jUnit, textSummary } from '../jslib/summary.ts';
import { moduleOf } from './bound.ts';

/** `https://jslib.k6.io/k6-summary/…`: pure functions of what `handleSummary` gets. */
export const SummaryModule = moduleOf({}, { textSummary: () => textSummary, humanizeValue: () => humanizeValue, jUnit: () => jUnit });
