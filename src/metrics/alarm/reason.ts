import type { Alarm, AlarmState } from '../../model/index.ts';
import { breaches, comparisons } from './comparison.ts';
import type { EvaluatedPoint } from './evaluate.ts';

/**
 * Why an alarm is in its state, worded as CloudWatch words `StateReason`; programs in the field take these
 * texts apart. The points named are those that speak for the state, newest first.
 */
export function alarmReason(alarm: Alarm, range: readonly EvaluatedPoint[], state: AlarmState): string {
  const N = alarm.evaluationPeriods;
  const real = range.filter((point) => point.value !== undefined).slice(-N);
  if (state === 'INSUFFICIENT_DATA') return `Insufficient Data: ${datapoints(N - real.length)} ${was(N - real.length)} unknown.`;

  const speaking = real.filter((point) => breaches(alarm, point.value as number) === (state === 'ALARM')).reverse();
  const needed = state === 'ALARM' ? alarm.datapointsToAlarm : N - alarm.datapointsToAlarm + 1;
  const filled = N - real.length;
  const filledDecided = filled > 0 && speaking.length < needed && alarm.treatMissingData !== 'missing';
  if (speaking.length === 0 || filledDecided) {
    const received = real.length === 0 ? 'no datapoints were' : `${datapoints(real.length)} ${was(real.length)}`;
    return (
      `Threshold Crossed: ${received} received for ${N} ${N === 1 ? 'period' : 'periods'} and ` +
      `${filled} missing ${filled === 1 ? 'datapoint' : 'datapoints'} ${was(filled)} treated as [${treatment(alarm)}].`
    );
  }
  const not = state === 'ALARM' ? '' : 'not ';
  const transition = state === 'ALARM' ? 'OK -> ALARM' : 'ALARM -> OK';
  return (
    `Threshold Crossed: ${speaking.length} out of the last ${N} datapoints [${speaking.map(showPoint).join(', ')}] ` +
    `${was(speaking.length)} ${not}${comparisons[alarm.comparison].words} the threshold (${showNumber(alarm.threshold)}) ` +
    `(minimum ${datapoints(needed)} for ${transition} transition).`
  );
}

/** StateReasonData: the evaluation for programs, with the real points oldest first. */
export function alarmReasonData(alarm: Alarm, range: readonly EvaluatedPoint[], nowMs: number): string {
  const real = range.filter((point) => point.value !== undefined).slice(-alarm.evaluationPeriods);
  const [oldest] = real;
  return JSON.stringify({
    version: '1.0',
    queryDate: showDate(nowMs),
    ...(oldest ? { startDate: showDate(oldest.startMs) } : {}),
    statistic: alarm.statistic,
    period: alarm.periodS,
    recentDatapoints: real.map(({ value }) => value),
    threshold: alarm.threshold,
    evaluatedDatapoints: real.toReversed().map(({ startMs, value }) => ({ timestamp: showDate(startMs), value })),
  });
}

/** `2021-04-13T15:46:16.506+0000`. */
function showDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '+0000');
}

function datapoints(count: number): string {
  return count === 1 ? '1 datapoint' : `${count} datapoints`;
}

function was(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function treatment(alarm: Alarm): string {
  if (alarm.treatMissingData === 'notBreaching') return 'NonBreaching';
  return alarm.treatMissingData.charAt(0).toUpperCase() + alarm.treatMissingData.slice(1);
}

/** `43.1 (27/03/23 06:36:00)`: day first, UTC. */
function showPoint(point: EvaluatedPoint): string {
  const [date = '', time = ''] = new Date(point.startMs).toISOString().split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return `${showNumber(point.value as number)} (${day}/${month}/${year.slice(-2)} ${time.slice(0, 8)})`;
}

/** A number as Java's Double.toString shows it, which is what CloudWatch prints: `20.0`, `1.0E7`, `4.2E-4`. */
export function showNumber(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0) return value === 0 ? '0.0' : String(value);
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`;
}
