import type { JSX } from 'preact';
import { useContext, useMemo, useState } from 'preact/hooks';
import type { Json } from '../command.ts';
import { lastPart, seconds, text } from '../format.ts';
import { pathOf } from '../router.ts';
import { Do, Now, Problem, useAllAws, useAws } from '../widgets/aws.tsx';
import { Chart } from '../widgets/chart.tsx';
import { Card, Details, Link, Page, Tabs } from '../widgets/page.tsx';
import { Status } from '../widgets/status.tsx';
import { Table } from '../widgets/table.tsx';
import { alarmSpans, type HistoryItem } from './alarmSpans.ts';
import { MetricCharts } from './metricCharts.tsx';
import { Missing } from './missing.tsx';

interface Alarm extends Json {
  readonly AlarmName: string;
  readonly StateValue?: string;
  readonly StateReason?: string;
  readonly StateUpdatedTimestamp?: number;
  readonly Threshold?: number;
  readonly Period?: number;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
  readonly Metrics?: readonly Json[];
  readonly AlarmRule?: string;
}

const above = { title: 'CloudWatch', to: '/cloudwatch' };

export function CloudWatch({ rest }: { readonly rest: readonly string[] }): JSX.Element {
  const [kind, name] = rest;
  const { data, error } = useAllAws<{ MetricAlarms?: Alarm[]; CompositeAlarms?: Alarm[] }>(
    'cloudwatch',
    'DescribeAlarms',
    {
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      MaxRecords: 100,
    },
    ['MetricAlarms', 'CompositeAlarms'],
  );
  const alarms = [...(data?.MetricAlarms ?? []), ...(data?.CompositeAlarms ?? [])];
  if (kind === 'alarms' && name !== undefined) {
    const alarm = alarms.find(({ AlarmName }) => AlarmName === name);
    return alarm === undefined ? <Missing what="alarm" name={name} above={above} loaded={data !== undefined} /> : <One alarm={alarm} />;
  }
  return (
    <Page title="CloudWatch">
      <Problem error={error} />
      <Tabs
        tabs={[
          { name: 'Alarms', content: () => <Alarms alarms={alarms} /> },
          { name: 'Metrics', content: () => <Explorer /> },
        ]}
      />
    </Page>
  );
}

function Alarms({ alarms }: { readonly alarms: readonly Alarm[] }): JSX.Element {
  return (
    <Card title="Alarms">
      <Table
        caption="Alarms"
        rows={alarms}
        keyOf={({ AlarmName }) => AlarmName}
        columns={[
          {
            title: 'Name',
            cell: ({ AlarmName }) => <Link to={pathOf('cloudwatch', 'alarms', AlarmName)}>{AlarmName}</Link>,
            by: ({ AlarmName }) => AlarmName,
          },
          { title: 'State', cell: ({ StateValue = '' }) => <Status state={StateValue} />, by: ({ StateValue = '' }) => StateValue },
          {
            title: 'Last state update',
            cell: ({ StateUpdatedTimestamp }) => seconds(StateUpdatedTimestamp),
            by: ({ StateUpdatedTimestamp = 0 }) => StateUpdatedTimestamp,
          },
          { title: 'Conditions', cell: conditionOf },
        ]}
        empty="No alarms. A target tracking policy makes two of its own; aws cloudwatch put-metric-alarm makes any other."
      />
    </Card>
  );
}

const signs: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: '≥',
  GreaterThanThreshold: '>',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '≤',
};

function conditionOf(alarm: Alarm): string {
  if (alarm.AlarmRule !== undefined) return alarm.AlarmRule;
  const periods = Number(alarm['EvaluationPeriods'] ?? 1);
  const points = Number(alarm['DatapointsToAlarm'] ?? periods);
  const sign = signs[text(alarm['ComparisonOperator'])] ?? text(alarm['ComparisonOperator']);
  return `${alarm.MetricName ?? 'expression'} ${sign} ${alarm.Threshold ?? ''} for ${points} datapoints within ${(periods * (alarm.Period ?? 60)) / 60} minutes`;
}

function One({ alarm }: { readonly alarm: Alarm }): JSX.Element {
  const { AlarmName: name, StateValue: state = '' } = alarm;
  const { data, error } = useAws<{ AlarmHistoryItems?: HistoryItem[] }>('cloudwatch', 'DescribeAlarmHistory', {
    AlarmName: name,
    MaxRecords: 100,
  });
  const history = data?.AlarmHistoryItems ?? [];
  return (
    <Page
      title={name}
      above={above}
      actions={
        <Do
          label="Set state"
          what="The alarm changes and its actions run; at its next evaluation it is what its metric says again."
          fields={[{ name: 'state', label: 'OK, ALARM or INSUFFICIENT_DATA', value: 'ALARM' }]}
          action={({ state: value }) => ({
            service: 'cloudwatch',
            operation: 'SetAlarmState',
            input: { AlarmName: name, StateValue: value, StateReason: 'set in the console' },
          })}
        />
      }
    >
      <Card title="Graph">{alarm.AlarmRule === undefined ? <Graph alarm={alarm} history={history} /> : <p>{alarm.AlarmRule}</p>}</Card>
      <Card title="Details">
        <Details
          items={[
            ['State', <Status key="state" state={state} />],
            ['Reason', text(alarm.StateReason)],
            ['Last state update', seconds(alarm.StateUpdatedTimestamp)],
            ['Threshold', conditionOf(alarm)],
            ['Statistic', text(alarm.Statistic ?? alarm.ExtendedStatistic)],
            ['Period', `${text(alarm.Period)} s`],
            ['Missing data treatment', text(alarm['TreatMissingData'])],
            ['Actions enabled', text(alarm['ActionsEnabled'])],
            ['In alarm', ((alarm['AlarmActions'] as string[] | undefined) ?? []).map(lastPart).join(', ') || '–'],
          ]}
        />
      </Card>
      <Card title="History">
        <Problem error={error} />
        <Table
          caption="History"
          rows={history}
          keyOf={({ Timestamp, HistorySummary }) => `${Timestamp} ${HistorySummary}`}
          columns={[
            { title: 'Date', cell: ({ Timestamp }) => seconds(Timestamp), by: ({ Timestamp = 0 }) => Timestamp },
            { title: 'Type', cell: ({ HistoryItemType }) => text(HistoryItemType) },
            { title: 'Description', cell: ({ HistorySummary }) => text(HistorySummary) },
          ]}
          empty="Nothing has happened to this alarm yet."
        />
      </Card>
    </Page>
  );
}

const shownS = 3600;

/** The metric, its threshold, and where the alarm was in ALARM. */
function Graph({ alarm, history }: { readonly alarm: Alarm; readonly history: readonly HistoryItem[] }): JSX.Element {
  const nowS = useContext(Now) / 1000;
  const periodS = Math.max(1, alarm.Period ?? 60);
  const end = Math.ceil(nowS / periodS) * periodS;
  const single = {
    Id: 'shown',
    ReturnData: true,
    MetricStat: {
      Metric: { Namespace: alarm.Namespace, MetricName: alarm.MetricName, Dimensions: alarm.Dimensions ?? [] },
      Period: periodS,
      Stat: alarm.Statistic ?? alarm.ExtendedStatistic ?? 'Average',
    },
  };
  const { data, error } = useAws<{ MetricDataResults?: { Timestamps?: number[]; Values?: number[] }[] }>('cloudwatch', 'GetMetricData', {
    StartTime: end - shownS,
    EndTime: end,
    ScanBy: 'TimestampAscending',
    MetricDataQueries: alarm.Metrics === undefined || alarm.Metrics.length === 0 ? [single] : alarm.Metrics,
  });
  const { Timestamps = [], Values = [] } = data?.MetricDataResults?.at(-1) ?? {};
  const timesMs = useMemo(() => Timestamps.map((second) => second * 1000), [data]);
  const bands = useMemo(() => alarmSpans(history, nowS * 1000), [history, timesMs]);
  return (
    <>
      <Problem error={error} />
      <Chart
        title={alarm.MetricName ?? 'Expression'}
        timesMs={timesMs}
        bands={bands}
        height={240}
        lines={[
          { label: 'value', values: Values, color: 'chart-1' },
          { label: 'threshold', values: Values.map(() => alarm.Threshold), color: 'chart-5', dashed: true },
        ]}
      />
      <p class="note">Shaded: in ALARM.</p>
    </>
  );
}

interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}

const statistics = ['Average', 'Sum', 'Minimum', 'Maximum', 'SampleCount', 'p50', 'p90', 'p95', 'p99'];

function Explorer(): JSX.Element {
  const { data, error } = useAllAws<{ Metrics?: Metric[] }>('cloudwatch', 'ListMetrics', {}, ['Metrics']);
  const [search, setSearch] = useState('');
  const [statistic, setStatistic] = useState('Average');
  const [chosen, setChosen] = useState<Metric>();
  const dimensions = (metric: Metric): string => (metric.Dimensions ?? []).map(({ Name, Value }) => `${Name}=${Value}`).join(', ');
  const keyOf = (metric: Metric): string => `${metric.Namespace} ${metric.MetricName} ${dimensions(metric)}`;
  const found = (data?.Metrics ?? []).filter((metric) => keyOf(metric).toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      {chosen === undefined ? undefined : (
        <Card title={`${chosen.Namespace} › ${chosen.MetricName}`}>
          <label class="field">
            Statistic
            <select value={statistic} onChange={(event) => setStatistic(event.currentTarget.value)}>
              {statistics.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <MetricCharts
            key={keyOf(chosen)}
            namespace={chosen.Namespace}
            dimensions={Object.fromEntries((chosen.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]))}
            metrics={[[chosen.MetricName, statistic]]}
          />
        </Card>
      )}
      <Card title="Metrics">
        <Problem error={error} />
        <label class="field">
          Search
          <input type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        </label>
        <Table
          caption="Metrics"
          rows={found}
          keyOf={keyOf}
          columns={[
            {
              title: 'Metric',
              cell: (metric) => (
                <button type="button" class="plain link" onClick={() => setChosen(metric)}>
                  {metric.MetricName}
                </button>
              ),
              by: ({ MetricName }) => MetricName,
            },
            { title: 'Namespace', cell: ({ Namespace }) => Namespace, by: ({ Namespace }) => Namespace },
            { title: 'Dimensions', cell: dimensions, by: dimensions },
          ]}
          empty="No metrics yet: they come with the first requests, tasks and instances, or by aws cloudwatch put-metric-data."
        />
      </Card>
    </>
  );
}
