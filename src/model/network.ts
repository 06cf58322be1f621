/**
 * What only the network load balancer knows: its attributes, and metrics of flows (TCP connections, UDP exchanges).
 * Listeners and target groups themselves are those of `routing.ts`, told apart by their protocol.
 */

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html */
export type NetworkProtocol = 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';

/** Whether a listener's or group's protocol is balanced by flows, not by requests. */
export function isNetworkProtocol(protocol: string): protocol is NetworkProtocol {
  return protocol === 'TCP' || protocol === 'TLS' || protocol === 'UDP' || protocol === 'TCP_UDP';
}

export interface NetworkListenerAttributes {
  /**
   * How long a TCP or TLS flow may be silent in both directions: `tcp.idle_timeout.seconds`, 60–6000 s, default 350 s.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
   */
  readonly idleTimeoutMs?: number;
  /** Ours. How long a target may take to accept a connection. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /**
   * For TLS: what is agreed on by ALPN. Default `None`.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies
   */
  readonly alpnPolicy?: AlpnPolicy;
  /** Ours. UDP flows that a worker keeps at most; a new one beyond is refused. Default 8,192. */
  readonly udpFlowsMax?: number;
}

export type AlpnPolicy = 'HTTP1Only' | 'HTTP2Only' | 'HTTP2Optional' | 'HTTP2Preferred' | 'None';

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html */
export interface NetworkTargetGroupAttributes {
  /** Stickiness `source_ip`: all flows of a client's address go to the same target. Default false: each flow by its 5-tuple. */
  readonly sourceIpStickiness?: boolean;
  /**
   * `deregistration_delay.connection_termination.enabled`: ends flows when the delay is over. Default: true for UDP and
   * TCP_UDP, else false.
   */
  readonly connectionTermination?: boolean;
  /** `target_health_state.unhealthy.connection_termination.enabled`: ends the flows of a target that turns unhealthy. Default true. */
  readonly unhealthyConnectionTermination?: boolean;
}

/** What happened in one worker since its last delta: sums, and gauges of now. Deltas of workers add up exactly. */
export interface NetworkMetrics {
  readonly loadBalancers: readonly NetworkLoadBalancerMetrics[];
  readonly targetGroups: readonly NetworkTargetGroupMetrics[];
}

/**
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html: the metrics with a
 * protocol in their name (`NewFlowCount_TLS`) are these, those without (`NewFlowCount`) their sum.
 */
export interface NetworkLoadBalancerMetrics {
  readonly loadBalancerId: string;
  readonly tcp: FlowMetrics;
  readonly tls: FlowMetrics;
  readonly udp: FlowMetrics;
  /** Resets that came from clients and were passed on to targets: TCP_Client_Reset_Count. */
  readonly clientResetCount: number;
  /** Resets that the balancer itself made, one per side of a flow: TCP_ELB_Reset_Count. */
  readonly elbResetCount: number;
  /** Resets that came from targets and were passed on to clients: TCP_Target_Reset_Count. */
  readonly targetResetCount: number;
  readonly clientTlsNegotiationErrorCount: number;
  readonly targetTlsNegotiationErrorCount: number;
  /** Ours: datagrams lost here because a queue was full. */
  readonly droppedDatagramCount: number;
}

export interface FlowMetrics {
  /** A gauge. */
  readonly activeFlowCount: number;
  readonly newFlowCount: number;
  /** Flows that were refused: no target, no file descriptor, or a full table. */
  readonly rejectedFlowCount: number;
  /** Payload, both directions. */
  readonly processedBytes: number;
}

export interface NetworkTargetGroupMetrics {
  readonly targetGroupId: string;
  readonly newFlowCount: number;
  /** Connections that a target refused, reset at once, or did not accept in time. */
  readonly targetConnectionErrorCount: number;
  readonly targets: readonly { readonly targetId: string; readonly newFlowCount: number; readonly activeFlowCount: number }[];
}
