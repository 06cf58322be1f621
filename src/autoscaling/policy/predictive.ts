import type { Datapoint, PredictiveScalingPolicy } from '../../model/index.ts';
import type { Bounds } from './bounds.ts';

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** CloudWatch data of at least a day are needed, of at most two weeks are used; the forecast covers two days. */
const HISTORY_MIN_HOURS = DAY_HOURS;
const HISTORY_MAX_HOURS = 14 * DAY_HOURS;
const FORECAST_HOURS = 2 * DAY_HOURS;
/** How much less a day counts than the day after it. */
const DAY_WEIGHT = 0.7;

/** What is expected of one hour. */
export interface ForecastHour {
  readonly startMs: number;
  readonly load: number;
  readonly capacity: number;
}

/**
 * The load of the next 48 hours from hourly sums of the past, oldest first; empty with less than 24 hours of them.
 *
 * AWS keeps its model to itself. This one: the load of an hour is the weighted mean of the same hour on earlier days,
 * recent days counting more and the same weekday counting double, times how the last day compares with what the
 * model would have said of it. A steady daily rhythm is met exactly, growth is followed within a day.
 */
export function forecastLoad(history: readonly Datapoint[], nowMs: number): Datapoint[] {
  const hours = new Map(history.map(({ timestampMs, value }) => [Math.floor(timestampMs / HOUR_MS), value]));
  const firstHour = Math.floor(nowMs / HOUR_MS);
  const known = [...hours.keys()].filter((hour) => hour < firstHour && hour >= firstHour - HISTORY_MAX_HOURS);
  if (known.length < HISTORY_MIN_HOURS) return [];
  const level = trend(hours, firstHour);
  const forecast: Datapoint[] = [];
  for (let hour = firstHour; hour < firstHour + FORECAST_HOURS; hour++) {
    const expected = seasonal(hours, hour, firstHour);
    if (expected !== undefined) forecast.push({ timestampMs: hour * HOUR_MS, value: expected * level });
  }
  return forecast;
}

/** The weighted mean of the same hour of the day before `beforeHour`; undefined where none of them is known. */
function seasonal(hours: ReadonlyMap<number, number>, hour: number, beforeHour: number): number | undefined {
  let total = 0;
  let weights = 0;
  const firstBack = Math.floor((hour - beforeHour) / DAY_HOURS) + 1;
  for (let day = firstBack; hour - day * DAY_HOURS >= beforeHour - HISTORY_MAX_HOURS; day++) {
    const value = hours.get(hour - day * DAY_HOURS);
    if (value === undefined) continue;
    const weight = DAY_WEIGHT ** (day - firstBack) * (day % 7 === 0 ? 2 : 1);
    total += weight * value;
    weights += weight;
  }
  return weights === 0 ? undefined : total / weights;
}

/** How the last 24 hours compare with what the days before made one expect of them; between a half and the double. */
function trend(hours: ReadonlyMap<number, number>, firstHour: number): number {
  let actual = 0;
  let expected = 0;
  for (let hour = firstHour - DAY_HOURS; hour < firstHour; hour++) {
    const value = hours.get(hour);
    const before = seasonal(hours, hour, firstHour - DAY_HOURS);
    if (value === undefined || before === undefined) continue;
    actual += value;
    expected += before;
  }
  return expected === 0 ? 1 : Math.min(2, Math.max(0.5, actual / expected));
}

/** The capacity that carries each forecast hour at the policy's target, within the bounds as the policy treats them. */
export function forecastCapacity(policy: PredictiveScalingPolicy, bounds: Bounds, load: readonly Datapoint[]): ForecastHour[] {
  return load.map(({ timestampMs, value }) => {
    const wanted = Math.ceil(value / policy.targetValue - 1e-9);
    const buffered = Math.ceil(wanted * (1 + (policy.maxCapacityBufferPercent ?? 0) / 100) - 1e-9);
    const max = policy.maxCapacityBreach === 'IncreaseMaxCapacity' ? Math.max(bounds.maxCapacity, buffered) : bounds.maxCapacity;
    return { startMs: timestampMs, load: value, capacity: Math.min(max, Math.max(bounds.minCapacity, wanted)) };
  });
}

export interface PredictiveResult {
  /** What the forecast asks for now; undefined with ForecastOnly, without a forecast, or where less than now would do. */
  readonly to: number | undefined;
  readonly requeueAfterMs?: number;
}

/** Raises the capacity ahead of its hour, so long as the policy's buffer says. Never lowers it: dynamic scaling does. */
export function decidePredictive(
  policy: PredictiveScalingPolicy,
  forecast: readonly ForecastHour[],
  capacity: number,
  nowMs: number,
): PredictiveResult {
  if (policy.mode === 'ForecastOnly') return { to: undefined };
  const ahead = nowMs + policy.schedulingBufferMs;
  const current = forecast.filter(({ startMs }) => startMs + HOUR_MS > nowMs && startMs <= ahead);
  const wanted = Math.max(0, ...current.map((hour) => hour.capacity));
  const next = forecast.find(({ startMs }) => startMs > ahead);
  return { to: wanted > capacity ? wanted : undefined, ...(next ? { requeueAfterMs: next.startMs - ahead } : {}) };
}
