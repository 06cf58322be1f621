import { Histogram } from '../../base/index.ts';
import type {
  BalancerMetrics,
  LoadBalancerMetrics,
  NetworkLoadBalancerMetrics,
  NetworkTargetGroupMetrics,
  TargetGroupMetrics,
  TargetHealth,
} from '../../model/index.ts';

interface TargetCounts {
  requests: number;
  outstanding: number;
  ejected: boolean;
}

/** Sums of the workers' deltas since the start, shown in the Prometheus text format. */
export class Counters {
  readonly #sums = new Map<string, number>();
  readonly #responseTimes = new Map<string, Histogram>();
  readonly #targets = new Map<string, TargetCounts>();
  readonly #healthy = new Map<string, boolean>();

  add(delta: BalancerMetrics): void {
    this.#add('plimsoll_cpu_seconds_total', '', delta.cpuMs / 1000);
    for (const each of delta.loadBalancers) this.#addLoadBalancer(each);
    for (const each of delta.targetGroups) this.#addTargetGroup(each);
    for (const each of delta.network?.loadBalancers ?? []) this.#addFlows(each);
    for (const each of delta.network?.targetGroups ?? []) this.#addFlowGroup(each);
  }

  health({ targetGroupId, targetId, state }: TargetHealth): void {
    this.#healthy.set(labels({ target_group: targetGroupId, target: targetId }), state === 'healthy');
  }

  target(groupId: string, targetId: string): TargetCounts {
    return this.#targets.get(labels({ target_group: groupId, target: targetId })) ?? { requests: 0, outstanding: 0, ejected: false };
  }

  /** https://prometheus.io/docs/instrumenting/exposition_formats/ */
  render(): string {
    const out: string[] = [];
    for (const { name, type, help } of metrics) {
      out.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const [labelText, value] of this.#samples(name)) out.push(`${name}${labelText} ${value}`);
    }
    out.push(...this.#renderResponseTimes());
    return `${out.join('\n')}\n`;
  }

  #samples(name: string): [string, number][] {
    if (name === 'plimsoll_target_healthy') return [...this.#healthy].map(([key, healthy]) => [key, healthy ? 1 : 0]);
    if (name === 'plimsoll_target_requests_total') return [...this.#targets].map(([key, { requests }]) => [key, requests]);
    if (name === 'plimsoll_target_outstanding_requests') return [...this.#targets].map(([key, { outstanding }]) => [key, outstanding]);
    if (name === 'plimsoll_target_ejected') return [...this.#targets].map(([key, { ejected }]) => [key, ejected ? 1 : 0]);
    const prefix = `${name}\0`;
    return [...this.#sums].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]);
  }

  #renderResponseTimes(): string[] {
    const name = 'plimsoll_target_response_seconds';
    const out = [`# HELP ${name} From the last byte of a request sent to the first of its answer.`, `# TYPE ${name} histogram`];
    for (const [group, histogram] of this.#responseTimes) {
      for (const boundS of boundsS) {
        out.push(`${name}_bucket${labels({ target_group: group, le: String(boundS) })} ${histogram.countAtMost(boundS * 1000)}`);
      }
      out.push(`${name}_bucket${labels({ target_group: group, le: '+Inf' })} ${histogram.count}`);
      out.push(`${name}_sum${labels({ target_group: group })} ${histogram.sum / 1000}`);
      out.push(`${name}_count${labels({ target_group: group })} ${histogram.count}`);
    }
    return out;
  }

  #addLoadBalancer(delta: LoadBalancerMetrics): void {
    this.#add('plimsoll_requests_total', '', delta.requestCount);
    this.#add('plimsoll_client_connections_total', '', delta.newConnectionCount);
    this.#add('plimsoll_client_connections_rejected_total', '', delta.rejectedConnectionCount);
    this.#add('plimsoll_processed_bytes_total', '', delta.processedBytes);
    for (const [family, count] of [
      ['3xx', delta.elb3xx],
      ['4xx', delta.elb4xx],
      ['5xx', delta.elb5xx],
    ] as const) {
      this.#add('plimsoll_balancer_responses_total', labels({ code: family }), count);
    }
    for (const [reason, count] of Object.entries(delta.reasons)) this.#add('plimsoll_balancer_reasons_total', labels({ reason }), count);
  }

  #addFlows(delta: NetworkLoadBalancerMetrics): void {
    for (const protocol of ['tcp', 'tls', 'udp'] as const) {
      const { newFlowCount, rejectedFlowCount, processedBytes } = delta[protocol];
      this.#add('plimsoll_flows_total', labels({ protocol }), newFlowCount);
      this.#add('plimsoll_flows_rejected_total', labels({ protocol }), rejectedFlowCount);
      this.#add('plimsoll_flow_bytes_total', labels({ protocol }), processedBytes);
    }
    this.#add('plimsoll_flow_resets_total', labels({ by: 'client' }), delta.clientResetCount);
    this.#add('plimsoll_flow_resets_total', labels({ by: 'balancer' }), delta.elbResetCount);
    this.#add('plimsoll_flow_resets_total', labels({ by: 'target' }), delta.targetResetCount);
  }

  #addFlowGroup(delta: NetworkTargetGroupMetrics): void {
    const group = delta.targetGroupId;
    this.#add('plimsoll_target_connection_errors_total', labels({ target_group: group }), delta.targetConnectionErrorCount);
    for (const { targetId, newFlowCount, activeFlowCount } of delta.targets)
      this.#addTarget(group, targetId, newFlowCount, activeFlowCount);
  }

  #addTargetGroup(delta: TargetGroupMetrics): void {
    const group = delta.targetGroupId;
    for (const [family, count] of [
      ['2xx', delta.target2xx],
      ['3xx', delta.target3xx],
      ['4xx', delta.target4xx],
      ['5xx', delta.target5xx],
    ] as const) {
      this.#add('plimsoll_target_responses_total', labels({ target_group: group, code: family }), count);
    }
    this.#add('plimsoll_target_connection_errors_total', labels({ target_group: group }), delta.targetConnectionErrorCount);
    let histogram = this.#responseTimes.get(group);
    if (!histogram) this.#responseTimes.set(group, (histogram = new Histogram()));
    histogram.merge(delta.targetResponseTimeMs);
    for (const { targetId, requestCount, outstanding, ejected } of delta.targets)
      this.#addTarget(group, targetId, requestCount, outstanding, ejected);
  }

  #addTarget(group: string, target: string, requests: number, outstanding: number, ejected = false): void {
    const key = labels({ target_group: group, target });
    this.#targets.set(key, { requests: (this.#targets.get(key)?.requests ?? 0) + requests, outstanding, ejected });
  }

  #add(name: string, labelText: string, value: number): void {
    const key = `${name}\0${labelText}`;
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + value);
  }
}

/** Prometheus's own default bounds, with two below for a balancer on the same machine. */
const boundsS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const metrics = [
  { name: 'plimsoll_requests_total', type: 'counter', help: 'Requests for which a target was chosen, as in CloudWatch.' },
  { name: 'plimsoll_client_connections_total', type: 'counter', help: 'Connections that clients opened.' },
  { name: 'plimsoll_client_connections_rejected_total', type: 'counter', help: 'Connections refused because a limit was reached.' },
  { name: 'plimsoll_processed_bytes_total', type: 'counter', help: 'Bytes to and from clients.' },
  { name: 'plimsoll_balancer_responses_total', type: 'counter', help: 'Answers of the balancer’s own, by class of status.' },
  { name: 'plimsoll_balancer_reasons_total', type: 'counter', help: 'Own answers and aborts, by reason.' },
  { name: 'plimsoll_target_responses_total', type: 'counter', help: 'Answers of targets, by class of status.' },
  { name: 'plimsoll_target_connection_errors_total', type: 'counter', help: 'Connections to targets that failed.' },
  { name: 'plimsoll_target_requests_total', type: 'counter', help: 'Requests, or flows, sent to a target.' },
  {
    name: 'plimsoll_target_outstanding_requests',
    type: 'gauge',
    help: 'Requests in flight, or open flows, at a target, as the last worker told.',
  },
  { name: 'plimsoll_target_ejected', type: 'gauge', help: '1 while outlier detection keeps a target out, as the last worker told.' },
  { name: 'plimsoll_target_healthy', type: 'gauge', help: '1 while a target is healthy.' },
  { name: 'plimsoll_flows_total', type: 'counter', help: 'Flows of TCP, TLS and UDP listeners.' },
  { name: 'plimsoll_flows_rejected_total', type: 'counter', help: 'Flows refused: no target, no file descriptor, or a full table.' },
  { name: 'plimsoll_flow_bytes_total', type: 'counter', help: 'Payload of flows, both directions.' },
  { name: 'plimsoll_flow_resets_total', type: 'counter', help: 'Flows that were reset, by who did it.' },
  { name: 'plimsoll_cpu_seconds_total', type: 'counter', help: 'CPU time of the workers.' },
] as const;

function labels(pairs: Readonly<Record<string, string>>): string {
  const parts = Object.entries(pairs).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return `{${parts.join(',')}}`;
}
