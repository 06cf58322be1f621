import { assert, PlimsollError } from '../../base/index.ts';
import type { Alarm, AlarmState, AlarmStatus, Datapoint } from '../../model/index.ts';
import { metricsErrors } from '../errors.ts';
import { getMetricData } from '../math/metricData.ts';
import type { MetricStore } from '../store.ts';
import { breaches } from './comparison.ts';
import { alarmReason, alarmReasonData } from './reason.ts';

/**
 * How many periods before its evaluation periods an alarm looks back for real data, as in the examples of
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export const EXTRA_PERIODS = 2;

/** What a new alarm says before its first evaluation. */
export const INITIAL_REASON = 'Unchecked: Initial alarm creation';

export interface Verdict {
  readonly state: AlarmState;
  readonly reason: string;
}

/** One period of the evaluation range; `value` is absent when nothing was measured in it. */
export interface EvaluatedPoint {
  readonly startMs: number;
  readonly value: number | undefined;
}

/**
 * The state of an alarm for the periods of its evaluation range, oldest first. `newestStartMs` is the
 * beginning of the newest period, for the times in the reason.
 *
 * The rule of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html:
 *
 * 1. With at least N (`evaluationPeriods`) real points in the range the newest N of them decide: ALARM with M
 *    (`datapointsToAlarm`) breaching ones, else OK. Missing ones do not matter.
 * 2. With fewer, all real points count and the gap up to N is filled as `treatMissingData` says:
 *
 *    | real points            | breaching, notBreaching | missing                         | ignore |
 *    | ---------------------- | ----------------------- | ------------------------------- | ------ |
 *    | none                   | all filled              | INSUFFICIENT_DATA               | retain |
 *    | M or more breach       | ALARM                   | ALARM                           | ALARM  |
 *    | one does not breach    | count with the filled   | OK                              | OK     |
 *    | fewer than M, all breach | count with the filled | ALARM once the oldest is M periods old, else OK | retain |
 *
 * The wait in the last row keeps a single breaching point at the end of a gap from raising an alarm before
 * its neighbours have had their chance to come in.
 */
export function evaluateAlarm(alarm: Alarm, points: readonly (number | undefined)[], previous: AlarmState, newestStartMs = 0): Verdict {
  const range = timed(alarm, points, newestStartMs);
  const state = stateOf(alarm, range, previous);
  return { state, reason: alarmReason(alarm, range, state) };
}

function timed(alarm: Alarm, points: readonly (number | undefined)[], newestStartMs: number): EvaluatedPoint[] {
  const periodMs = alarm.periodS * 1000;
  return points.map((value, i) => ({ startMs: newestStartMs - (points.length - 1 - i) * periodMs, value }));
}

function stateOf(alarm: Alarm, range: readonly EvaluatedPoint[], previous: AlarmState): AlarmState {
  const N = alarm.evaluationPeriods;
  const M = alarm.datapointsToAlarm;
  const real = range.filter((point) => point.value !== undefined).slice(-N);
  const breaching = real.filter((point) => breaches(alarm, point.value as number)).length;
  const filled = N - real.length;

  if (breaching >= M) return 'ALARM';
  if (filled === 0) return 'OK';
  if (alarm.treatMissingData === 'breaching') return breaching + filled >= M ? 'ALARM' : 'OK';
  if (alarm.treatMissingData === 'notBreaching' || breaching < real.length) return 'OK';
  if (alarm.treatMissingData === 'ignore') return previous;
  if (real.length === 0) return 'INSUFFICIENT_DATA';
  return ageInPeriods(range, real) >= M ? 'ALARM' : 'OK';
}

/** How many periods ago the oldest real point began, the newest period being 1. */
function ageInPeriods(range: readonly EvaluatedPoint[], real: readonly EvaluatedPoint[]): number {
  return range.length - range.indexOf(real[0] as EvaluatedPoint);
}

export interface EvaluateOptions {
  /** How long after its end a period is looked at, for data that come in late. */
  readonly ingestionDelayMs?: number;
}

/** The status of an alarm that has just been made. */
export function initialAlarmStatus(nowMs: number): AlarmStatus {
  return { state: 'INSUFFICIENT_DATA', reason: INITIAL_REASON, updatedAtMs: nowMs };
}

/**
 * Evaluates an alarm over the store's data. Only periods that are over at `nowMs` are looked at. The status
 * changes only on a transition: reason and time stay those of the moment when the state was entered.
 * Without a previous status the alarm is new: it starts as `initialAlarmStatus` says and is evaluated at once.
 */
export function evaluate(
  alarm: Alarm,
  store: MetricStore,
  previous: AlarmStatus | undefined,
  nowMs: number,
  options: EvaluateOptions = {},
): AlarmStatus & { readonly transition: boolean } {
  const before = previous ?? initialAlarmStatus(nowMs);
  const periodMs = alarm.periodS * 1000;
  const endMs = Math.floor((nowMs - (options.ingestionDelayMs ?? 0)) / periodMs) * periodMs;
  const points = pointsOf(alarm, store, endMs);
  const { state, reason } = evaluateAlarm(alarm, points, before.state, endMs - periodMs);
  if (state === before.state) return { ...before, transition: false };
  const reasonData = alarmReasonData(alarm, timed(alarm, points, endMs - periodMs), nowMs);
  return { state, reason, reasonData, updatedAtMs: nowMs, transition: true };
}

/** The evaluation range that ends at `endMs`, gaps included. */
function pointsOf(alarm: Alarm, store: MetricStore, endMs: number): (number | undefined)[] {
  assert(alarm.datapointsToAlarm >= 1 && alarm.datapointsToAlarm <= alarm.evaluationPeriods, 'an alarm needs 1 ≤ M ≤ N');
  const periodMs = alarm.periodS * 1000;
  const length = alarm.evaluationPeriods + EXTRA_PERIODS;
  const startMs = endMs - length * periodMs;
  const points: (number | undefined)[] = Array.from({ length });
  for (const { timestampMs, value } of readPoints(alarm, store, startMs, endMs)) points[(timestampMs - startMs) / periodMs] = value;
  return points;
}

/** The points of the alarm's metric, or of its metric math, which has to have a single time series as its outcome. */
function readPoints(alarm: Alarm, store: MetricStore, startMs: number, endMs: number): readonly Datapoint[] {
  const { metric: identity, statistic, periodS, unit, queries } = alarm;
  if (queries === undefined) return store.statistics({ identity, statistic, periodS, startMs, endMs, ...(unit ? { unit } : {}) });
  const [result, ...others] = getMetricData(store, queries, startMs, endMs);
  if (result === undefined || others.length > 0) {
    const what = `the metric math of an alarm gives ${others.length === 0 ? 'no' : 'more than one'} time series`;
    throw new PlimsollError(metricsErrors.PL_METRICS_EXPRESSION, { what, where: alarm.name });
  }
  return result.points;
}

/**
 * How long after an evaluation the next one is due: every 10 s for periods below a minute, every hour where the
 * evaluation periods span more than a day, else every minute.
 */
export function evaluationIntervalMs(alarm: Pick<Alarm, 'periodS' | 'evaluationPeriods'>): number {
  if (alarm.periodS < 60) return 10_000;
  return alarm.periodS * alarm.evaluationPeriods > 86_400 ? 3_600_000 : 60_000;
}
