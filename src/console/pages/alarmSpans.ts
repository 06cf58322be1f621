import type { Band } from '../widgets/band.ts';

/** Of DescribeAlarmHistory. */
export interface HistoryItem {
  readonly Timestamp?: number;
  readonly HistoryItemType?: string;
  readonly HistorySummary?: string;
  readonly HistoryData?: string;
}

/** From the state updates of the history: `Alarm updated from OK to ALARM`. */
export function alarmSpans(history: readonly HistoryItem[], nowMs: number): Band[] {
  const changes = history
    .filter(({ HistoryItemType }) => HistoryItemType === 'StateUpdate')
    .toSorted((a, b) => (a.Timestamp ?? 0) - (b.Timestamp ?? 0));
  return changes.flatMap(({ Timestamp = 0, HistorySummary = '' }, index) =>
    HistorySummary.endsWith('to ALARM')
      ? [{ fromMs: Timestamp * 1000, toMs: (changes[index + 1]?.Timestamp ?? nowMs / 1000) * 1000, color: 'bad' }]
      : [],
  );
}
