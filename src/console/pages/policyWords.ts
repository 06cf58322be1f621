import type { Json } from '../command.ts';

/** Of both APIs that scale: a policy that changes the capacity at once, or by how far the metric is beyond the alarm's threshold. */
export interface Adjustments {
  readonly AdjustmentType?: string;
  readonly ScalingAdjustment?: number;
  readonly StepAdjustments?: readonly Json[];
}

/** `Add 1`; in steps `Add 1 from +0 to +20, Add 3 from +20`: bounds are distances from the threshold. */
export function actionOf({ AdjustmentType, ScalingAdjustment, StepAdjustments = [] }: Adjustments): string {
  if (StepAdjustments.length === 0) return adjustment(AdjustmentType, ScalingAdjustment);
  const steps = StepAdjustments.map(({ MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper, ScalingAdjustment: by }) => {
    const bounds = [...(lower === undefined ? [] : [`from ${signed(lower)}`]), ...(upper === undefined ? [] : [`to ${signed(upper)}`])];
    return [adjustment(AdjustmentType, by), ...bounds].join(' ');
  });
  return steps.join(', ');
}

function adjustment(type: string | undefined, by: unknown): string {
  if (typeof by !== 'number') return '–';
  if (type === 'ExactCapacity') return `Set to ${by}`;
  return `${by < 0 ? 'Remove' : 'Add'} ${Math.abs(by)}${type === 'PercentChangeInCapacity' ? ' %' : ''}`;
}

const signed = (bound: unknown): string => (Number(bound) < 0 ? `−${-Number(bound)}` : `+${Number(bound)}`);
