import type { HistogramData } from '../base/index.ts';

/** CloudWatch's terms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  /** The exact set; order does not matter. */
  readonly dimensions: Readonly<Record<string, string>>;
}

export type Unit = 'Percent' | 'Count' | 'Count/Second' | 'Seconds' | 'Milliseconds' | 'Bytes' | 'Bytes/Second' | 'None';

/** What is left of measurements when the single values are gone; no percentile can be taken from it. */
export interface StatisticSet {
  readonly sampleCount: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** One measurement, or many of the same period of time in one of the forms that PutMetricData knows, or a histogram of ours. */
export type Measurement =
  | { readonly value: number }
  | {
      readonly values: readonly number[];
      /** How often each of `values` occurred; once when absent. */
      readonly counts?: readonly number[];
    }
  | { readonly statisticValues: StatisticSet }
  | { readonly histogram: HistogramData };

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
export type MetricDatum = MetricIdentity &
  Measurement & {
    readonly timestampMs: number;
    readonly unit: Unit;
    /** 1 keeps it by the second for three hours; 60, the default, by the minute. */
    readonly storageResolutionS?: 1 | 60;
  };

/** Statistics that look at where values lie: `p99.9`, `tm90`, `tm(2%:98%)`, `wm`, `tc`, `ts`, `PR(:300)`, `IQM`. */
export type ExtendedStatistic = `${'p' | 'tm' | 'wm' | 'tc' | 'ts'}${string}` | `PR(${string})` | 'IQM';

export type SimpleStatistic = 'Average' | 'Sum' | 'Minimum' | 'Maximum' | 'SampleCount';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html */
export type Statistic = SimpleStatistic | ExtendedStatistic;

/** One point of a series: the statistic over [timestampMs, timestampMs + period). */
export interface Datapoint {
  readonly timestampMs: number;
  readonly value: number;
}

/** One query of GetMetricData: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html */
export type MetricDataQuery = {
  /** Begins with a lower-case letter; expressions use it as a name. */
  readonly id: string;
  readonly label?: string;
  /** False for what only feeds expressions. */
  readonly returnData?: boolean;
} & (
  | {
      readonly metric: MetricIdentity;
      readonly statistic: Statistic;
      readonly periodS: number;
      readonly unit?: Unit;
    }
  | {
      readonly expression: string;
      /** The period of what has no series to take one from, e.g. TIME_SERIES(1); 60 where absent. */
      readonly periodS?: number;
    }
);
