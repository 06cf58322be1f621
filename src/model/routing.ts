import type { HistogramData } from '../base/index.ts';

/**
 * What the region (or `plimsoll balance`) hands to a balancer worker: one immutable snapshot with a
 * revision. The worker swaps it in one assignment; requests in flight keep the one they began with.
 * All times are wall-clock milliseconds: the sender has already divided by the region's time scale.
 */
export interface RoutingSnapshot {
  readonly revision: number;
  readonly listeners: readonly Listener[];
  readonly targetGroups: readonly TargetGroup[];
}

export interface Listener {
  /** Stable identity, an ARN in the region. A changed listener with the same id keeps its socket when host and port are the same. */
  readonly id: string;
  /** Identity of the load balancer it belongs to; metrics are kept per load balancer. */
  readonly loadBalancerId: string;
  readonly host: string;
  /** 0 lets the kernel choose; the worker reports the port it got. */
  readonly port: number;
  readonly protocol: 'HTTP';
  readonly defaultAction: Action;
  /** Attributes of the load balancer as far as they concern this listener; each has AWS's default. */
  readonly attributes?: LoadBalancerAttributes;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html */
export interface LoadBalancerAttributes {
  /** How long a connection in use may be silent. Default 60 s. */
  readonly idleTimeoutMs?: number;
  /** How long a client's connection may be kept between requests. Default 3,600 s. */
  readonly clientKeepAliveMs?: number;
  /** Ours. Default 10 s, as AWS has it. */
  readonly connectTimeoutMs?: number;
  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/desync-mitigation-mode.html. Default `defensive`. */
  readonly desyncMode?: 'monitor' | 'defensive' | 'strictest';
}

export type Action = ForwardAction;

export interface ForwardAction {
  readonly type: 'forward';
  readonly targetGroupId: string;
}

export type Algorithm = 'round_robin' | 'least_outstanding_requests';

export interface TargetGroup {
  readonly id: string;
  readonly protocol: 'HTTP';
  readonly algorithm: Algorithm;
  /** How long a draining target may finish its requests in flight; after it the connections are closed. */
  readonly deregistrationDelayMs: number;
  readonly healthCheck: HealthCheck;
  readonly targets: readonly Target[];
}

export interface Target {
  /** Unique in its group, e.g. `127.18.0.5:6400`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** `draining`: gets no new request; the worker reports `drained` when the last one is done or the delay is over. */
  readonly phase: 'registered' | 'draining';
}

/** AWS: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
export interface HealthCheck {
  readonly path: string;
  readonly port: number | 'traffic-port';
  readonly intervalMs: number;
  /** A property of the real service under test, so never scaled with the region's clock. */
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Accepted status codes: `200`, `200,204`, `200-299`. */
  readonly matcher: string;
}

export type HealthState = 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining';

export type HealthReason =
  | 'Elb.RegistrationInProgress'
  | 'Elb.InitialHealthChecking'
  | 'Target.ResponseCodeMismatch'
  | 'Target.Timeout'
  | 'Target.FailedHealthChecks'
  | 'Target.NotRegistered'
  | 'Target.NotInUse'
  | 'Target.DeregistrationInProgress';

/** The health of one target as DescribeTargetHealth shows it. */
export interface TargetHealth {
  readonly targetGroupId: string;
  readonly targetId: string;
  readonly state: HealthState;
  readonly reason?: HealthReason;
  readonly description?: string;
}

/** Region → balancer worker. */
export type BalancerCommand = { readonly type: 'snapshot'; readonly snapshot: RoutingSnapshot };

/** Balancer worker → region. */
export type BalancerEvent =
  | { readonly type: 'ready' }
  | {
      readonly type: 'applied';
      readonly revision: number;
      readonly bound: readonly BoundListener[];
      readonly failed: readonly FailedListener[];
    }
  | { readonly type: 'health'; readonly health: TargetHealth }
  | { readonly type: 'drained'; readonly targetGroupId: string; readonly targetId: string }
  | { readonly type: 'metrics'; readonly delta: BalancerMetrics };

export interface BoundListener {
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

export interface FailedListener {
  readonly id: string;
  /** A system error code such as EADDRINUSE. */
  readonly code: string;
  readonly message: string;
}

/** What happened since the last delta; sent once a second, and only sums, so that deltas of workers add up exactly. */
export interface BalancerMetrics {
  readonly spanMs: number;
  /** CPU time of the worker in the span, user + system. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly loadBalancers: readonly LoadBalancerMetrics[];
  readonly targetGroups: readonly TargetGroupMetrics[];
}

export interface LoadBalancerMetrics {
  readonly loadBalancerId: string;
  readonly requestCount: number;
  readonly newConnectionCount: number;
  /** A gauge: open client connections now. */
  readonly activeConnectionCount: number;
  readonly rejectedConnectionCount: number;
  readonly processedBytes: number;
  readonly elb3xx: number;
  readonly elb4xx: number;
  readonly elb5xx: number;
  /** Own answers and aborts by reason, e.g. `{ 'target-reset': 2 }`. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface TargetGroupMetrics {
  readonly targetGroupId: string;
  readonly requestCount: number;
  readonly target2xx: number;
  readonly target3xx: number;
  readonly target4xx: number;
  readonly target5xx: number;
  readonly targetConnectionErrorCount: number;
  /** From the last byte of the request sent to the first byte of the answer's head, milliseconds. */
  readonly targetResponseTimeMs: HistogramData;
  /** Gauges and counts per target. */
  readonly targets: readonly { readonly targetId: string; readonly requestCount: number; readonly outstanding: number }[];
}
