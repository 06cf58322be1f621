import type { AlpnPolicy, Algorithm, Listener, ProtocolVersion, TargetGroup } from '../../model/index.ts';

/** The configuration of `plimsoll balance` as it is written; schemas/balance.schema.json says what each part may be. */
export interface BalanceConfig {
  workers?: number;
  admin?: { bind?: string; port: number };
  drainTimeout?: string;
  listeners: ListenerConfig[];
  targetGroups: Record<string, TargetGroupConfig>;
}

export interface ListenerConfig {
  bind?: string;
  port: number;
  protocol: Listener['protocol'];
  certificates?: { certificate: string; privateKey: string }[];
  minTlsVersion?: 'TLSv1.2' | 'TLSv1.3';
  default: ActionConfig;
  rules?: RuleConfig[];
  idleTimeout?: string;
  clientKeepAlive?: string;
  connectTimeout?: string;
  desyncMode?: 'monitor' | 'defensive' | 'strictest';
  xForwardedFor?: 'append' | 'preserve' | 'remove';
  xForwardedForClientPort?: boolean;
  preserveHostHeader?: boolean;
  tlsHeaders?: boolean;
  dropInvalidHeaderFields?: boolean;
  http2?: boolean;
  alpnPolicy?: AlpnPolicy;
  accessLog?: string;
}

export interface RuleConfig {
  priority: number;
  when: {
    host?: string[];
    path?: string[];
    method?: string[];
    sourceIp?: string[];
    header?: Record<string, string[]>;
    query?: { key?: string; value: string }[];
  };
  then: ActionConfig;
}

export interface ActionConfig {
  forward?: string | { targetGroup: string; weight?: number }[];
  stickiness?: string;
  redirect?: { status?: 301 | 302; protocol?: string; host?: string; port?: string | number; path?: string; query?: string };
  fixedResponse?: { status: number; contentType?: string; body?: string };
}

export interface TargetGroupConfig {
  protocol?: TargetGroup['protocol'];
  protocolVersion?: ProtocolVersion;
  http1Clients?: boolean;
  minimumHealthyTargets?: number;
  algorithm?: Algorithm;
  hashKey?: { from: 'source-ip' | 'path' | 'header' | 'cookie' | 'query'; name?: string };
  anomalyMitigation?: boolean;
  slowStart?: string;
  outlierDetection?: {
    consecutive5xx?: number;
    consecutiveConnectFailures?: number;
    baseEjection?: string;
    maxEjection?: string;
    maxEjectionPercent?: number;
  };
  stickiness?: { type: 'lb_cookie' | 'app_cookie'; duration: string; cookieName?: string };
  deregistrationDelay?: string;
  proxyProtocol?: boolean;
  sourceIpStickiness?: boolean;
  connectionTermination?: boolean;
  targets: { host: string; port: number; weight?: number }[];
  healthCheck?: {
    protocol?: 'HTTP' | 'HTTPS' | 'TCP';
    path?: string;
    port?: number | 'traffic-port';
    interval?: string;
    timeout?: string;
    healthyThreshold?: number;
    unhealthyThreshold?: number;
    matcher?: string;
  };
}
