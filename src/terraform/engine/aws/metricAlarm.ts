import type { Arguments } from '../arguments.ts';
import { metricAlarmOf } from './lookups.ts';
import { tagChanges, tagList, tagMap, type Clients, type ResourceType } from '../provider.ts';
import {
  blockSet,
  block,
  computed,
  flag,
  forceNew,
  number,
  optional,
  required,
  settled,
  tagged,
  text,
  textMap,
  textSet,
} from '../schema.ts';

async function put(aws: Clients, planned: Arguments, tags: boolean): Promise<void> {
  const dimensions = Object.entries(planned.map('dimensions')).map(([Name, Value]) => ({ Name, Value }));
  const queries = planned.blocks('metric_query');
  await (
    await aws.cloudwatch()
  ).putMetricAlarm({
    AlarmName: planned.sure('alarm_name'),
    AlarmDescription: planned.text('alarm_description'),
    ActionsEnabled: planned.flag('actions_enabled'),
    AlarmActions: planned.texts('alarm_actions'),
    OKActions: planned.texts('ok_actions'),
    InsufficientDataActions: planned.texts('insufficient_data_actions'),
    ComparisonOperator: planned.text('comparison_operator') as never,
    EvaluationPeriods: planned.number('evaluation_periods'),
    DatapointsToAlarm: planned.number('datapoints_to_alarm'),
    Threshold: planned.number('threshold'),
    ThresholdMetricId: planned.text('threshold_metric_id'),
    TreatMissingData: planned.text('treat_missing_data'),
    MetricName: planned.text('metric_name'),
    Namespace: planned.text('namespace'),
    Period: planned.number('period'),
    Statistic: planned.text('statistic') as never,
    ExtendedStatistic: planned.text('extended_statistic'),
    EvaluateLowSampleCountPercentile: planned.text('evaluate_low_sample_count_percentiles'),
    Unit: planned.text('unit') as never,
    ...(dimensions.length > 0 && { Dimensions: dimensions }),
    ...(tags && tagList(planned).length > 0 && { Tags: tagList(planned) }),
    ...(queries.length > 0 && { Metrics: queries.map(queryOf) }),
  });
}

function queryOf(query: Arguments) {
  const metric = query.block('metric');
  return {
    Id: query.sure('id'),
    Expression: query.text('expression'),
    Label: query.text('label'),
    Period: query.number('period'),
    ReturnData: query.flag('return_data') ?? false,
    ...(metric && {
      MetricStat: {
        Metric: {
          MetricName: metric.text('metric_name'),
          Namespace: metric.text('namespace'),
          Dimensions: Object.entries(metric.map('dimensions')).map(([Name, Value]) => ({ Name, Value })),
        },
        Period: metric.number('period'),
        Stat: metric.text('stat'),
        Unit: metric.text('unit') as never,
      },
    }),
  };
}

export const metricAlarm: ResourceType = {
  schema: {
    id: text(computed),
    arn: text(computed),
    alarm_name: text(required, forceNew),
    alarm_description: text(optional),
    actions_enabled: flag(optional, { fallback: true }),
    alarm_actions: textSet(optional),
    ok_actions: textSet(optional),
    insufficient_data_actions: textSet(optional),
    comparison_operator: text(required),
    evaluation_periods: number(required),
    datapoints_to_alarm: number(optional),
    threshold: number(optional),
    threshold_metric_id: text(optional),
    treat_missing_data: text(optional, { fallback: 'missing' }),
    metric_name: text(optional),
    namespace: text(optional),
    period: number(optional),
    statistic: text(optional),
    extended_statistic: text(optional),
    evaluate_low_sample_count_percentiles: text(settled),
    unit: text(optional),
    dimensions: textMap(optional),
    metric_query: blockSet(
      {
        id: text(required),
        expression: text(optional),
        label: text(optional),
        period: number(optional),
        return_data: flag(optional),
        metric: block(
          {
            metric_name: text(required),
            namespace: text(optional),
            period: number(required),
            stat: text(required),
            unit: text(optional),
            dimensions: textMap(optional),
          },
          optional,
        ),
      },
      optional,
    ),
    ...tagged,
  },
  async create(aws, planned) {
    await put(aws, planned, true);
    return planned.sure('alarm_name');
  },
  async read(aws, id) {
    const alarm = await metricAlarmOf(aws, id);
    if (alarm === undefined) return undefined;
    const { Tags } = await (await aws.cloudwatch()).listTagsForResource({ ResourceARN: alarm.AlarmArn });
    return {
      id,
      arn: alarm.AlarmArn ?? '',
      alarm_name: alarm.AlarmName ?? '',
      alarm_description: alarm.AlarmDescription ?? '',
      actions_enabled: alarm.ActionsEnabled ?? true,
      alarm_actions: (alarm.AlarmActions ?? []).toSorted(),
      ok_actions: (alarm.OKActions ?? []).toSorted(),
      insufficient_data_actions: (alarm.InsufficientDataActions ?? []).toSorted(),
      comparison_operator: alarm.ComparisonOperator ?? '',
      evaluation_periods: alarm.EvaluationPeriods ?? 1,
      datapoints_to_alarm: alarm.DatapointsToAlarm ?? null,
      threshold: alarm.Threshold ?? null,
      treat_missing_data: alarm.TreatMissingData ?? 'missing',
      metric_name: alarm.MetricName ?? '',
      namespace: alarm.Namespace ?? '',
      period: alarm.Period ?? null,
      statistic: alarm.Statistic ?? '',
      extended_statistic: alarm.ExtendedStatistic ?? '',
      evaluate_low_sample_count_percentiles: alarm.EvaluateLowSampleCountPercentile ?? '',
      unit: alarm.Unit ?? '',
      dimensions: Object.fromEntries((alarm.Dimensions ?? []).map(({ Name = '', Value = '' }) => [Name, Value])),
      tags_all: tagMap(Tags),
    };
  },
  async update(aws, _id, planned, _changed, before) {
    const cloudwatch = await aws.cloudwatch();
    await put(aws, planned, false);
    const { set, removed } = tagChanges(before, planned);
    const ResourceARN = before.sure('arn');
    if (set.length > 0) await cloudwatch.tagResource({ ResourceARN, Tags: set });
    if (removed.length > 0) await cloudwatch.untagResource({ ResourceARN, TagKeys: removed });
  },
  async delete(aws, id) {
    await (await aws.cloudwatch()).deleteAlarms({ AlarmNames: [id] });
  },
};
