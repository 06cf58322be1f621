import type { Alarm, ComparisonOperator } from '../../model/index.ts';

interface Comparison {
  readonly breaches: (value: number, threshold: number) => boolean;
  /** As CloudWatch's reasons word it. */
  readonly words: string;
}

export const comparisons: Readonly<Record<ComparisonOperator, Comparison>> = {
  GreaterThanOrEqualToThreshold: { breaches: (value, threshold) => value >= threshold, words: 'greater than or equal to' },
  GreaterThanThreshold: { breaches: (value, threshold) => value > threshold, words: 'greater than' },
  LessThanThreshold: { breaches: (value, threshold) => value < threshold, words: 'less than' },
  LessThanOrEqualToThreshold: { breaches: (value, threshold) => value <= threshold, words: 'less than or equal to' },
};

export function breaches(alarm: Pick<Alarm, 'comparison' | 'threshold'>, value: number): boolean {
  return comparisons[alarm.comparison].breaches(value, alarm.threshold);
}
