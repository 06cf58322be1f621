/** CloudWatch's terms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  /** The exact set; order does not matter. */
  readonly dimensions: Readonly<Record<string, string>>;
}

export type Unit = 'Percent' | 'Count' | 'Seconds' | 'Bytes' | 'None';

/** One measurement or a set of them. A set's values are kept as a statistic set: percentiles need raw values or a histogram. */
export interface MetricDatum extends MetricIdentity {
  readonly timestampMs: number;
  readonly unit: Unit;
  readonly value: number;
}

export type Statistic = 'Average' | 'Sum' | 'Minimum' | 'Maximum' | 'SampleCount';

/** One point of a series: the statistic over [timestampMs, timestampMs + period). */
export interface Datapoint {
  readonly timestampMs: number;
  readonly value: number;
}
