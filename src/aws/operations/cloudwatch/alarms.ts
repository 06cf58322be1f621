import type { AlarmHistoryItem, CloudWatch, MetricAlarm as SdkMetricAlarm } from '@aws-sdk/client-cloudwatch';
import { PlimsollError } from '../../../base/index.ts';
import { alarmsOf, parseAlarmRule } from '../../../metrics/index.ts';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Plain } from '../../state/plain.ts';
import { table } from '../../state/table.ts';
import type { Operations } from '../operation.ts';
import { page } from '../page.ts';
import { type Alarm, alarms } from './resources.ts';
import { dropTags, setTags } from './tags.ts';

type HistoryItem = Plain<AlarmHistoryItem> & { readonly id: string; readonly AlarmName: string; readonly Timestamp: number };

const history = table<HistoryItem>('cloudwatch.alarm-history', (item) => item.id);

/** AWS keeps 30 days of history; the newest entries are what anybody reads. */
const historyMax = 2000;

export function remember(
  at: Place,
  alarm: Alarm,
  type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action',
  summary: string,
  data: unknown,
): void {
  const items = at.table(history);
  if (items.size >= historyMax) items.delete(items.keys()[0]!);
  items.put({
    id: at.uuid(),
    AlarmName: alarm.AlarmName,
    AlarmType: alarm.composite ? 'CompositeAlarm' : 'MetricAlarm',
    Timestamp: at.nowMs,
    HistoryItemType: type,
    HistorySummary: summary,
    HistoryData: JSON.stringify(data),
  });
}

type AlarmInput = Partial<Omit<Alarm, 'AlarmName'>> & { AlarmName: string };

/** A new alarm has seen nothing yet; one that is put again keeps the state it had. */
export function newAlarm(at: Place, input: AlarmInput, initial: Alarm['StateValue'] = 'INSUFFICIENT_DATA'): Alarm {
  const held = at.table(alarms).get(input.AlarmName);
  const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  return {
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    ...(input.AlarmRule === undefined && input.Metrics === undefined ? { Dimensions: [], TreatMissingData: 'missing' } : {}),
    StateValue: held?.StateValue ?? initial,
    StateReason: held?.StateReason ?? 'Unchecked: Initial alarm creation',
    StateUpdatedTimestamp: held?.StateUpdatedTimestamp ?? at.nowMs,
    StateTransitionedTimestamp: held?.StateTransitionedTimestamp ?? at.nowMs,
    ...own,
    AlarmName: input.AlarmName,
    AlarmArn: at.arn('cloudwatch', `alarm:${input.AlarmName}`),
    AlarmConfigurationUpdatedTimestamp: at.nowMs,
    composite: input.AlarmRule !== undefined,
  };
}

function put(at: Place, input: AlarmInput, tags: Parameters<typeof setTags>[2]): void {
  const existed = at.table(alarms).has(input.AlarmName);
  // Where nothing evaluates alarms they begin in order, as mocks have it.
  const alarm = at.table(alarms).put(newAlarm(at, input, at.strict ? 'INSUFFICIENT_DATA' : 'OK'));
  if (!existed) setTags(at, alarm.AlarmArn, tags);
  remember(at, alarm, 'ConfigurationUpdate', `Alarm "${alarm.AlarmName}" ${existed ? 'updated' : 'created'}`, {
    type: existed ? 'Update' : 'Create',
    version: '1.0',
  });
}

function check(input: Plain<SdkMetricAlarm>): void {
  const { Period, EvaluationPeriods = 1, DatapointsToAlarm, Metrics, MetricName } = input;
  if (Metrics !== undefined && MetricName !== undefined)
    throw invalid(
      'When Metrics is specified, MetricName, Namespace, Period, Dimensions, Unit, ExtendedStatistic and Statistic must not be specified.',
    );
  if (Metrics !== undefined && !Metrics.some(({ ReturnData = true }) => ReturnData))
    throw invalid('No metrics in the metric math expression return data.');
  if (Period !== undefined && ![10, 20, 30].includes(Period) && (Period < 1 || Period % 60 !== 0) && Period !== 1 && Period !== 5)
    throw invalid('Period must be 10, 20, 30 or a multiple of 60');
  if (DatapointsToAlarm !== undefined && DatapointsToAlarm > EvaluationPeriods)
    throw invalid('DatapointsToAlarm must be less than or equal to EvaluationPeriods');
  const { ExtendedStatistic, EvaluateLowSampleCountPercentile: low } = input;
  if (ExtendedStatistic !== undefined && !/^(p|tm|wm|tc|ts)\d{1,3}(\.\d+)?$|^(PR|TM|WM|TC|TS)\(.*\)$|^IQM$/.test(ExtendedStatistic)) {
    throw new AwsError('InvalidParameterValue', `The value ${ExtendedStatistic} for parameter ExtendedStatistic is not supported.`);
  }
  if (low !== undefined && low !== 'evaluate' && low !== 'ignore') {
    throw invalid(
      `Option ${low} is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.`,
    );
  }
  if ((Period ?? 60) * EvaluationPeriods > 604_800)
    throw invalid('Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800).');
}

const invalid = (message: string): AwsError => new AwsError('ValidationError', message);

/** Applies a state as SetAlarmState does, with its history. */
export function setState(
  at: Place,
  alarm: Alarm,
  state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA',
  reason: string,
  data: string | undefined,
): void {
  const changed = state !== alarm.StateValue;
  at.table(alarms).patch(alarm, {
    StateValue: state,
    StateReason: reason,
    ...(data === undefined ? {} : { StateReasonData: data }),
    StateUpdatedTimestamp: at.nowMs,
    ...(changed ? { StateTransitionedTimestamp: at.nowMs } : {}),
  });
  if (changed)
    remember(at, alarm, 'StateUpdate', `Alarm updated from ${alarm.StateValue ?? ''} to ${state}`, {
      version: '1.0',
      oldState: { stateValue: alarm.StateValue, stateReason: alarm.StateReason },
      newState: { stateValue: state, stateReason: reason },
    });
}

const optional = (names: readonly string[] | undefined, name: string): boolean =>
  names === undefined || names.length === 0 || names.includes(name);
const sameDimensions = (a: Plain<SdkMetricAlarm>['Dimensions'], b: Plain<SdkMetricAlarm>['Dimensions']): boolean => {
  const text = (list: typeof a): string =>
    (list ?? [])
      .map(({ Name, Value }) => `${Name ?? ''}=${Value ?? ''}`)
      .toSorted()
      .join(',');
  return text(a) === text(b);
};

/** A rule must be one; where things run its alarms must be there, which suites for mocks do not see to. */
function checkRule(at: Place, text: string): void {
  let named: string[];
  try {
    named = alarmsOf(parseAlarmRule(text));
  } catch (error) {
    if (error instanceof PlimsollError) throw new AwsError('ValidationError', `The AlarmRule is not valid: ${error.message}`);
    throw error;
  }
  const missing = named.filter((name) => !at.table(alarms).has(name.startsWith('arn:') ? name.split(':alarm:')[1] : name));
  if (at.strict && missing.length > 0)
    throw new AwsError(
      'ValidationError',
      `Could not save the composite alarm as alarms [${missing.join(', ')}] in the alarm rule do not exist`,
    );
}

export const alarmOperations: Operations<CloudWatch> = {
  PutMetricAlarm({ Tags, ...input }, at) {
    check(input);
    put(at, { ...input, AlarmName: input.AlarmName ?? '' }, Tags);
  },

  PutCompositeAlarm({ Tags, ...input }, at) {
    checkRule(at, input.AlarmRule ?? '');
    put(at, { ...input, AlarmName: input.AlarmName ?? '' }, Tags);
  },

  DescribeAlarms({ AlarmNames, AlarmNamePrefix, AlarmTypes, StateValue, ActionPrefix, NextToken, MaxRecords }, at) {
    if (AlarmNames !== undefined && AlarmNames.length > 0 && AlarmNamePrefix !== undefined)
      throw invalid('AlarmNamePrefix and AlarmNames cannot be used together');
    const types = AlarmTypes?.length ? AlarmTypes : AlarmNames?.length ? ['MetricAlarm', 'CompositeAlarm'] : ['MetricAlarm'];
    const found = at
      .table(alarms)
      .filter(
        (alarm) =>
          optional(AlarmNames, alarm.AlarmName) &&
          (AlarmNamePrefix === undefined || alarm.AlarmName.startsWith(AlarmNamePrefix)) &&
          types.includes(alarm.composite ? 'CompositeAlarm' : 'MetricAlarm') &&
          (StateValue === undefined || alarm.StateValue === StateValue) &&
          (ActionPrefix === undefined || (alarm.AlarmActions ?? []).some((action) => action.startsWith(ActionPrefix))),
      );
    const { items, next } = page(found, { token: NextToken, max: MaxRecords }, { defaultMax: 50 });
    return {
      MetricAlarms: items.filter(({ composite }) => !composite).map((alarm) => ({ ...alarm, Metrics: alarm.Metrics ?? [] })),
      CompositeAlarms: items.filter(({ composite }) => composite),
      NextToken: next,
    };
  },

  DescribeAlarmsForMetric({ MetricName, Namespace, Dimensions, Statistic, ExtendedStatistic, Period, Unit }, at) {
    const found = at
      .table(alarms)
      .filter(
        (alarm) =>
          alarm.MetricName === MetricName &&
          alarm.Namespace === Namespace &&
          (Dimensions === undefined || sameDimensions(alarm.Dimensions, Dimensions)) &&
          (Statistic === undefined || alarm.Statistic === Statistic) &&
          (ExtendedStatistic === undefined || alarm.ExtendedStatistic === ExtendedStatistic) &&
          (Period === undefined || alarm.Period === Period) &&
          (Unit === undefined || alarm.Unit === Unit),
      );
    return { MetricAlarms: found };
  },

  DescribeAlarmHistory(
    { AlarmName, HistoryItemType, StartDate = -Infinity, EndDate = Infinity, ScanBy = 'TimestampDescending', NextToken, MaxRecords },
    at,
  ) {
    const found = at
      .table(history)
      .filter(
        (item) =>
          (AlarmName === undefined || item.AlarmName === AlarmName) &&
          (HistoryItemType === undefined || item.HistoryItemType === HistoryItemType) &&
          item.Timestamp >= StartDate &&
          item.Timestamp <= EndDate,
      );
    const { items, next } = page(
      ScanBy === 'TimestampAscending' ? found : found.toReversed(),
      { token: NextToken, max: MaxRecords },
      { defaultMax: 50 },
    );
    return { AlarmHistoryItems: items, NextToken: next };
  },

  SetAlarmState({ AlarmName = '', StateValue = 'OK', StateReason = '', StateReasonData }, at) {
    const alarm = at.table(alarms).get(AlarmName);
    if (alarm === undefined) throw new AwsError('ResourceNotFound', 'Alarm not found', { status: 404 });
    if (!['OK', 'ALARM', 'INSUFFICIENT_DATA'].includes(StateValue)) {
      throw invalid(
        `1 validation error detected: Value '${StateValue}' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]`,
      );
    }
    setState(at, alarm, StateValue, StateReason, StateReasonData);
  },

  EnableAlarmActions: ({ AlarmNames = [] }, at) => setActionsEnabled(at, AlarmNames, true),
  DisableAlarmActions: ({ AlarmNames = [] }, at) => setActionsEnabled(at, AlarmNames, false),

  DeleteAlarms({ AlarmNames = [] }, at) {
    for (const name of AlarmNames) {
      dropTags(at, at.arn('cloudwatch', `alarm:${name}`));
      at.table(alarms).delete(name);
    }
  },
};

function setActionsEnabled(at: Place, names: readonly string[], enabled: boolean): void {
  for (const name of names) {
    const alarm = at.table(alarms).get(name);
    if (alarm !== undefined) at.table(alarms).patch(alarm, { ActionsEnabled: enabled });
  }
}
