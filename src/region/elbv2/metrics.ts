import { midpointOf, type HistogramData } from '../../base/index.ts';
import { arnSuffix, type BalancerMetrics, type FlowMetrics, type MetricDatum } from '../../model/index.ts';

/** How many targets of a group are in which state. */
export interface HostCounts {
  readonly healthy: number;
  readonly unhealthy: number;
}

export interface MetricContext {
  readonly timestampMs: number;
  /** The load balancers whose listeners forward to a group. */
  usersOf(groupArn: string): readonly string[];
  hostsOf(groupArn: string): HostCounts;
}

/** What was measured, and the ARN of the resource that tells account and region. */
export interface MeasuredData {
  readonly arn: string;
  readonly data: readonly MetricDatum[];
}

type Put = (name: string, value: number, dimensions: Record<string, string>, unit?: MetricDatum['unit']) => void;

/**
 * CloudWatch's AWS/ApplicationELB and AWS/NetworkELB metrics of one delta. Counts that did not happen are not published.
 *
 * - https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 * - https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
 */
export function metricData(delta: BalancerMetrics, context: MetricContext): MeasuredData[] {
  const found: MeasuredData[] = [];
  const measure = (arn: string, namespace: string, fill: (put: Put, data: MetricDatum[]) => void): void => {
    const data: MetricDatum[] = [];
    const { timestampMs } = context;
    fill((name, value, dimensions, unit = 'Count') => {
      if (value > 0) data.push({ namespace, name, dimensions, timestampMs, unit, value });
    }, data);
    if (data.length > 0) found.push({ arn, data });
  };
  for (const each of delta.loadBalancers) {
    measure(each.loadBalancerId, 'AWS/ApplicationELB', (put) => {
      const dimensions = { LoadBalancer: arnSuffix(each.loadBalancerId) };
      put('RequestCount', each.requestCount, dimensions);
      put('NewConnectionCount', each.newConnectionCount, dimensions);
      put('ActiveConnectionCount', each.activeConnectionCount, dimensions);
      put('RejectedConnectionCount', each.rejectedConnectionCount, dimensions);
      put('ProcessedBytes', each.processedBytes, dimensions, 'Bytes');
      put('HTTPCode_ELB_3XX_Count', each.elb3xx, dimensions);
      put('HTTPCode_ELB_4XX_Count', each.elb4xx, dimensions);
      put('HTTPCode_ELB_5XX_Count', each.elb5xx, dimensions);
    });
  }
  for (const each of delta.targetGroups) {
    const group = arnSuffix(each.targetGroupId);
    const [user] = context.usersOf(each.targetGroupId);
    measure(each.targetGroupId, 'AWS/ApplicationELB', (put, data) => {
      const all = { TargetGroup: group };
      const dimensions = user === undefined ? all : { ...all, LoadBalancer: arnSuffix(user) };
      const { healthy, unhealthy } = context.hostsOf(each.targetGroupId);
      put('RequestCount', each.requestCount, dimensions);
      put('HTTPCode_Target_2XX_Count', each.target2xx, dimensions);
      put('HTTPCode_Target_3XX_Count', each.target3xx, dimensions);
      put('HTTPCode_Target_4XX_Count', each.target4xx, dimensions);
      put('HTTPCode_Target_5XX_Count', each.target5xx, dimensions);
      put('TargetConnectionErrorCount', each.targetConnectionErrorCount, dimensions);
      const inUse = Math.max(1, healthy === 0 ? unhealthy : healthy);
      put('RequestCountPerTarget', each.requestCount / inUse, all);
      if (user !== undefined) put('RequestCountPerTarget', each.requestCount / inUse, dimensions);
      if (each.targetResponseTimeMs.count > 0) data.push(targetResponseTime(each.targetResponseTimeMs, dimensions, context.timestampMs));
    });
  }
  for (const each of delta.network?.loadBalancers ?? []) {
    measure(each.loadBalancerId, 'AWS/NetworkELB', (put) => {
      const dimensions = { LoadBalancer: arnSuffix(each.loadBalancerId) };
      flows(put, dimensions, [
        ['TCP', each.tcp],
        ['TLS', each.tls],
        ['UDP', each.udp],
      ]);
      put('TCP_Client_Reset_Count', each.clientResetCount, dimensions);
      put('TCP_ELB_Reset_Count', each.elbResetCount, dimensions);
      put('TCP_Target_Reset_Count', each.targetResetCount, dimensions);
      put('ClientTLSNegotiationErrorCount', each.clientTlsNegotiationErrorCount, dimensions);
      put('TargetTLSNegotiationErrorCount', each.targetTlsNegotiationErrorCount, dimensions);
    });
  }
  return found;
}

/** HealthyHostCount and UnHealthyHostCount: a state, not an event, so told for each group that is in use. */
export function hostData(groupArn: string, namespace: string, context: MetricContext): MeasuredData[] {
  const [user] = context.usersOf(groupArn);
  if (user === undefined) return [];
  const { healthy, unhealthy } = context.hostsOf(groupArn);
  const common = {
    namespace,
    dimensions: { TargetGroup: arnSuffix(groupArn), LoadBalancer: arnSuffix(user) },
    timestampMs: context.timestampMs,
    unit: 'Count',
  } as const;
  return [
    {
      arn: groupArn,
      data: [
        { ...common, name: 'HealthyHostCount', value: healthy },
        { ...common, name: 'UnHealthyHostCount', value: unhealthy },
      ],
    },
  ];
}

/** Each metric by its protocol (`NewFlowCount_TLS`) and in all. */
function flows(put: Put, dimensions: Record<string, string>, protocols: readonly (readonly [string, FlowMetrics])[]): void {
  const names = [
    ['ActiveFlowCount', 'activeFlowCount', 'Count'],
    ['NewFlowCount', 'newFlowCount', 'Count'],
    ['RejectedFlowCount', 'rejectedFlowCount', 'Count'],
    ['ProcessedBytes', 'processedBytes', 'Bytes'],
  ] as const;
  for (const [name, field, unit] of names) {
    put(
      name,
      protocols.reduce((sum, [, flow]) => sum + flow[field], 0),
      dimensions,
      unit,
    );
    for (const [protocol, flow] of protocols) put(`${name}_${protocol}`, flow[field], dimensions, unit);
  }
}

/** CloudWatch counts it in seconds. As values with their counts it keeps its percentiles. */
function targetResponseTime({ from, counts }: HistogramData, dimensions: Record<string, string>, timestampMs: number): MetricDatum {
  const seen = counts.map((count, index) => ({ count, valueS: midpointOf(from + index) / 1000 })).filter(({ count }) => count > 0);
  return {
    namespace: 'AWS/ApplicationELB',
    name: 'TargetResponseTime',
    dimensions,
    timestampMs,
    unit: 'Seconds',
    values: seen.map(({ valueS }) => valueS),
    counts: seen.map(({ count }) => count),
  };
}
