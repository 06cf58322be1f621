import type { JSX } from 'preact';
import { useContext, useMemo, useState } from 'preact/hooks';
import { Now, Problem, useAws } from '../widgets/aws.tsx';
import { Chart } from '../widgets/chart.tsx';

/** The part of an ARN that CloudWatch's dimensions have: `app/web/50dc6c495c0c9188`, `targetgroup/web/…`. */
export function suffixOf(arn: string): string {
  const resource = arn.split(':').slice(5).join(':');
  return resource.startsWith('loadbalancer/') ? resource.slice('loadbalancer/'.length) : resource;
}

interface MetricChartsProps {
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** Names, each with the statistic to show, and its namespace where that is another. */
  readonly metrics: readonly (readonly [name: string, statistic: string, namespace?: string])[];
}

interface MetricData {
  readonly MetricDataResults?: readonly {
    readonly Id: string;
    readonly Timestamps?: readonly number[];
    readonly Values?: readonly number[];
  }[];
}

/** Name, length and period in seconds. AWS's own metrics have a point a minute. */
const spans = [
  ['15 min', 900, 60],
  ['1 h', 3600, 60],
  ['3 h', 10_800, 60],
  ['1 d', 86_400, 300],
] as const;

const none = { times: [], values: [] };

/** Metrics of one resource, as CloudWatch's GetMetricData gives them. */
export function MetricCharts({ namespace, dimensions, metrics }: MetricChartsProps): JSX.Element {
  const [span, setSpan] = useState<(typeof spans)[number]>(spans[0]);
  const [, lengthS, periodS] = span;
  const now = Math.floor(useContext(Now) / 1000 / periodS) * periodS + periodS;
  const input = {
    StartTime: now - lengthS,
    EndTime: now,
    ScanBy: 'TimestampAscending',
    MetricDataQueries: metrics.map(([MetricName, Stat, Namespace = namespace], index) => ({
      Id: `m${index}`,
      MetricStat: {
        Metric: { Namespace, MetricName, Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })) },
        Period: periodS,
        Stat,
      },
    })),
  };
  const { data, error } = useAws<MetricData>('cloudwatch', 'GetMetricData', input);
  const series = useMemo(
    () =>
      metrics.map(([, statistic], index) => {
        const { Timestamps = [], Values = [] } = data?.MetricDataResults?.find(({ Id }) => Id === `m${index}`) ?? {};
        // The sum of a period that has only begun says nothing yet.
        const whole = statistic === 'Sum' ? Timestamps.filter((second) => second < now - periodS).length : Timestamps.length;
        return { times: Timestamps.slice(0, whole), values: Values.slice(0, whole) };
      }),
    [data, now],
  );
  return (
    <>
      <Spans chosen={span[0]} onChoose={(name) => setSpan(spans.find(([one]) => one === name)!)} />
      <Problem error={error} />
      <div class="charts">
        {metrics.map(([name, statistic], index) => {
          const { times, values } = series[index] ?? none;
          return (
            <MetricChart
              key={name}
              title={`${name} (${statistic})`}
              unit={unitOf(name, statistic)}
              times={times}
              values={values}
              color={(index % 5) + 1}
            />
          );
        })}
      </div>
    </>
  );
}

function Spans({ chosen, onChoose }: { readonly chosen: string; readonly onChoose: (name: string) => void }): JSX.Element {
  return (
    <div class="choices" role="group" aria-label="Time range">
      {spans.map(([name]) => (
        <button key={name} type="button" aria-pressed={name === chosen} onClick={() => onChoose(name)}>
          {name}
        </button>
      ))}
    </div>
  );
}

/** Of AWS's own metrics, as CloudWatch tells it: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
export function unitOf(metric: string, statistic: string): string {
  if (statistic === 'SampleCount') return '';
  if (/Utilization|percent/i.test(metric)) return ' %';
  if (/Memory$|Bytes$|Storage(Space)?$/.test(metric)) return 'B';
  return /Time$|Latency$/.test(metric) ? ' s' : '';
}

interface MetricChartProps {
  readonly title: string;
  readonly unit?: string;
  /** Epoch seconds. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly color: number;
}

export function MetricChart({ title, unit = '', times, values, color }: MetricChartProps): JSX.Element {
  const timesMs = useMemo(() => times.map((second) => second * 1000), [times]);
  return <Chart title={title} timesMs={timesMs} lines={[{ label: '', values, color: `chart-${color}` }]} height={150} unit={unit} />;
}
