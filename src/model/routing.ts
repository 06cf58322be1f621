import type { HistogramData } from '../base/index.ts';
import type { NetworkListenerAttributes, NetworkMetrics, NetworkTargetGroupAttributes } from './network.ts';

/**
 * What the region (or `plimsoll balance`) hands to a balancer worker: one immutable snapshot with a
 * revision. The worker swaps it in one assignment; requests in flight keep the one they began with.
 * All times are wall-clock milliseconds: the sender has already divided by the region's time scale.
 */
export interface RoutingSnapshot {
  readonly revision: number;
  /** What stickiness cookies are sealed with; the same for all workers and over restarts. Without it each start of the balancer makes its own. */
  readonly secret?: string;
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
  /** CIDR ranges whose clients are taken, as security groups say; anyone where absent. Others are reset before a byte is read. */
  readonly sources?: readonly string[];
  /** HTTP and HTTPS balance requests; the others balance connections and flows, and have a plain or weighted forward only. */
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';
  readonly defaultAction: Action;
  /** Evaluated by priority, lowest first; the default action takes what none matches. */
  readonly rules?: readonly Rule[];
  /** For HTTPS: the first is the default, the others are chosen by the name the client asks for (SNI). */
  readonly certificates?: readonly Certificate[];
  /** For HTTPS: older clients are turned away in the handshake. Default TLSv1.2; AWS's security policies `TLS13-1-3-*` are TLSv1.3. */
  readonly minTlsVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Attributes of the load balancer as far as they concern this listener; each has AWS's default. */
  readonly attributes?: LoadBalancerAttributes;
  /** For TCP, TLS, UDP and TCP_UDP. */
  readonly network?: NetworkListenerAttributes;
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
  /** What happens to X-Forwarded-For. Default `append`. */
  readonly xForwardedFor?: 'append' | 'preserve' | 'remove';
  /** Adds the client's port to its address in X-Forwarded-For. Default false. */
  readonly xForwardedForClientPort?: boolean;
  /**
   * False (default): Host gets the listener's port where it names none and the port is not 80 or 443; on those two its
   * port is removed. True: Host goes on as it came.
   */
  readonly preserveHostHeader?: boolean;
  /** HTTPS: adds X-Amzn-Tls-Version and X-Amzn-Tls-Cipher-Suite. Default false. Those that a client sends go nowhere. */
  readonly tlsHeaders?: boolean;
  /** Drops header fields whose names are not `[-A-Za-z0-9]+`. Default false. */
  readonly dropInvalidHeaderFields?: boolean;
  /** Path of a file that access log lines are appended to, in AWS's order of fields. Default none. */
  readonly accessLog?: string;
  /** HTTP/2 to clients that offer it by ALPN. Default true. */
  readonly http2?: boolean;
}

export interface Certificate {
  /** PEM, the leaf first. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html */
export interface Rule {
  /** 1–50000, unique in its listener. */
  readonly priority: number;
  /** All must hold. */
  readonly conditions: readonly Condition[];
  readonly action: Action;
}

/** Values of one condition are alternatives. Patterns know `*` (any characters) and `?` (one). */
export type Condition =
  | { readonly field: 'host-header'; readonly values: readonly string[] }
  | { readonly field: 'path-pattern'; readonly values: readonly string[] }
  | { readonly field: 'http-header'; readonly name: string; readonly values: readonly string[] }
  | { readonly field: 'http-request-method'; readonly values: readonly string[] }
  | { readonly field: 'query-string'; readonly values: readonly { readonly key?: string; readonly value: string }[] }
  /** CIDR blocks of the connection's peer, never of X-Forwarded-For. */
  | { readonly field: 'source-ip'; readonly values: readonly string[] };

export type Action = ForwardAction | WeightedForwardAction | RedirectAction | FixedResponseAction;

export interface ForwardAction {
  readonly type: 'forward';
  readonly targetGroupId: string;
}

/** Shares of requests by weight (0–999). */
export interface WeightedForwardAction {
  readonly type: 'forward-weighted';
  readonly groups: readonly { readonly targetGroupId: string; readonly weight: number }[];
  /** How long a client stays with the group it was sent to; absent: not at all. 1 s – 7 d. */
  readonly stickinessMs?: number;
}

/** Parts may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}` (without its leading `/`) and `#{query}`; absent parts stay as they came. */
export interface RedirectAction {
  readonly type: 'redirect';
  readonly statusCode: 301 | 302;
  readonly protocol?: string;
  readonly host?: string;
  readonly port?: string;
  readonly path?: string;
  readonly query?: string;
}

export interface FixedResponseAction {
  readonly type: 'fixed-response';
  readonly statusCode: number;
  readonly contentType?: string;
  readonly body?: string;
}

export type Algorithm =
  | 'round_robin'
  | 'least_outstanding_requests'
  | 'weighted_random'
  | 'weighted_least_connections'
  | 'consistent_hash'
  | 'random_two_choices'
  | 'peak_ewma';

/** What `consistent_hash` hashes. A request without it is spread by its source address. */
export type HashKey = { readonly from: 'source-ip' | 'path' } | { readonly from: 'header' | 'cookie' | 'query'; readonly name: string };

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html */
export type Stickiness =
  /** A cookie of ours, `AWSALB`. 1 s – 7 d. */
  | { readonly type: 'lb_cookie'; readonly durationMs: number }
  /** Follows a cookie that the application sets, by `AWSALBAPP-0`. */
  | { readonly type: 'app_cookie'; readonly cookieName: string; readonly durationMs: number };

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-protocol-version */
export type ProtocolVersion = 'HTTP1' | 'HTTP2' | 'GRPC';

/**
 * Passive health checks: a target whose answers fail in a row is not used for a while, whatever its health checks say.
 * Ours; AWS has none. Each worker judges for itself.
 */
export interface OutlierDetection {
  /** Answers of 5xx, lost connections and timeouts in a row, failed connections included. 0: never. Default 5. */
  readonly consecutive5xx?: number;
  /** Failed connections in a row. 0: never. Default 3. */
  readonly consecutiveConnectFailures?: number;
  /** How long the first ejection lasts; the nth lasts n times as long. Default 30 s. */
  readonly baseEjectionMs?: number;
  /** No ejection lasts longer. Default 300 s. */
  readonly maxEjectionMs?: number;
  /** Share of the usable targets that may be ejected at once, 0–100; one of several always may. Default 10. */
  readonly maxEjectionPercent?: number;
}

export interface TargetGroup {
  readonly id: string;
  /** HTTPS: connections to targets are encrypted; their certificates are not verified, as AWS has it. */
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';
  /** What targets of an HTTP or HTTPS group speak. HTTP2 and GRPC without TLS: with prior knowledge. Default HTTP1. */
  readonly protocolVersion?: ProtocolVersion;
  /** Ours, for HTTP2: HTTP/1.1 clients are served too; AWS answers them with 464. Default false. */
  readonly http1Clients?: boolean;
  readonly outlierDetection?: OutlierDetection;
  /**
   * With fewer healthy targets than this, requests go to all (fail-open). 1 to the number of targets, default 1:
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-health
   */
  readonly minimumHealthyTargets?: number;
  readonly algorithm: Algorithm;
  /** For `consistent_hash`; the source address unless given. */
  readonly hashKey?: HashKey;
  /** For `weighted_random`: targets that fail more than the others get less until they recover. Default false. */
  readonly anomalyMitigation?: boolean;
  /** A target that has just become healthy gets its share grown linearly over this time: 30–900 s, 0 (default) is off. */
  readonly slowStartMs?: number;
  readonly stickiness?: Stickiness;
  /** Network groups: each connection to a target begins with a PROXY protocol v2 header. Default false. */
  readonly proxyProtocol?: boolean;
  /** For network groups. */
  readonly network?: NetworkTargetGroupAttributes;
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
  /** Ours: share of the traffic, 1 unless given; 0 takes none. */
  readonly weight?: number;
  /**
   * Ours, for targets of HTTP and HTTPS groups, to rehearse a slow one: requests and health checks wait this long before
   * they are sent, and the wait counts as the target's. Default 0.
   */
  readonly addedLatencyMs?: number;
}

/** AWS: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
export interface HealthCheck {
  readonly path: string;
  readonly port: number | 'traffic-port';
  readonly intervalMs: number;
  /** A property of the real service under test, so never scaled with the region's clock. */
  readonly timeoutMs: number;
  /** Default HTTP. HTTPS certificates of targets are not verified, as AWS has it. TCP needs a connection only. */
  readonly protocol?: 'HTTP' | 'HTTPS' | 'TCP';
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Accepted status codes: `200`, `200,204`, `200-299`; of gRPC for GRPC groups: `12`, `0-99`. */
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
  /** Where it was checked: an id that is registered again may be another target by then. */
  readonly host: string;
  readonly state: HealthState;
  readonly reason?: HealthReason;
  readonly description?: string;
}

/** Region → balancer worker. */
export type BalancerCommand =
  | {
      readonly type: 'snapshot';
      readonly snapshot: RoutingSnapshot;
      /** Ids of listeners whose ports workers of this balancer hold already: such a port is shared, any other must be free. */
      readonly owned?: readonly string[];
    }
  /** Comes with the listening socket of a listener, before the snapshot: the worker takes it over instead of opening one. */
  | { readonly type: 'socket'; readonly id: string }
  /** Another worker has taken over: end without haste. */
  | { readonly type: 'retire' };

/** Balancer worker → region. */
export type BalancerEvent =
  | { readonly type: 'ready' }
  /** Comes with a listening socket that the worker has opened, to be kept for the one that takes its place. */
  | ({ readonly type: 'listening' } & BoundListener)
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
  /** Flows of network load balancers; absent while there are none. */
  readonly network?: NetworkMetrics;
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
  readonly targets: readonly {
    readonly targetId: string;
    readonly requestCount: number;
    readonly outstanding: number;
    /** Taken out by outlier detection at the moment. */
    readonly ejected?: boolean;
  }[];
}
