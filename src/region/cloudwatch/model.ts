import { dimensionsOf, modelQueries, type AlarmResource } from '../../aws/index.ts';
import type { Alarm, AlarmStatus, Statistic, Unit } from '../../model/index.ts';

/** A metric alarm as it is evaluated. */
export function modelAlarm(alarm: AlarmResource): Alarm {
  const { MetricName: name = '', Namespace: namespace = '', Dimensions = [], Unit: unit, Metrics } = alarm;
  const periods = alarm.EvaluationPeriods ?? 1;
  const queries = Metrics === undefined || Metrics.length === 0 ? undefined : modelQueries(Metrics);
  const periodS =
    alarm.Period ?? queries?.flatMap((query) => ('metric' in query ? [query.periodS] : [])).toSorted((a, b) => b - a)[0] ?? 60;
  return {
    name: alarm.AlarmName,
    description: alarm.AlarmDescription ?? '',
    metric: { namespace, name, dimensions: dimensionsOf(Dimensions) },
    statistic: (alarm.Statistic ?? alarm.ExtendedStatistic ?? 'Average') as Statistic,
    ...(unit === undefined ? {} : { unit: unit as Unit }),
    ...(queries === undefined ? {} : { queries }),
    periodS,
    evaluationPeriods: periods,
    datapointsToAlarm: alarm.DatapointsToAlarm ?? periods,
    threshold: alarm.Threshold ?? 0,
    comparison: (alarm.ComparisonOperator ?? 'GreaterThanThreshold') as Alarm['comparison'],
    treatMissingData: (alarm.TreatMissingData ?? 'missing') as Alarm['treatMissingData'],
    alarmActions: alarm.AlarmActions ?? [],
  };
}

export function statusOf(alarm: AlarmResource): AlarmStatus {
  return {
    state: alarm.StateValue ?? 'INSUFFICIENT_DATA',
    reason: alarm.StateReason ?? '',
    updatedAtMs: alarm.StateUpdatedTimestamp ?? 0,
    ...(alarm.StateReasonData === undefined ? {} : { reasonData: alarm.StateReasonData }),
  };
}

/** What an alarm does on being in a state. */
export function actionsOf(alarm: AlarmResource): readonly string[] {
  if (alarm.ActionsEnabled === false) return [];
  if (alarm.StateValue === 'ALARM') return alarm.AlarmActions ?? [];
  return (alarm.StateValue === 'OK' ? alarm.OKActions : alarm.InsufficientDataActions) ?? [];
}
