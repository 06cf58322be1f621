import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDurationMs } from '../../base/index.ts';
import {
  isNetworkProtocol,
  type Action,
  type Condition,
  type HashKey,
  type Listener,
  type LoadBalancerAttributes,
  type NetworkListenerAttributes,
  type OutlierDetection,
  type Rule,
  type Stickiness,
  type Target,
  type TargetGroup,
} from '../../model/index.ts';
import type { ActionConfig, BalanceConfig, ListenerConfig, RuleConfig, TargetGroupConfig } from './config.ts';

/** Listeners of one file are one load balancer. */
export const loadBalancerId = 'balance';

/** The listeners of a checked configuration. Certificate files start at `folder`. */
export function listenersOf(config: BalanceConfig, folder: string): Listener[] {
  return config.listeners.map((listener) => {
    const host = listener.bind ?? '127.0.0.1';
    const certificates = listener.certificates?.map(({ certificate, privateKey }) => ({
      certificate: readFileSync(resolve(folder, certificate), 'utf8'),
      privateKey: readFileSync(resolve(folder, privateKey), 'utf8'),
    }));
    return {
      id: `${host}:${listener.port}`,
      loadBalancerId,
      host,
      port: listener.port,
      protocol: listener.protocol,
      defaultAction: actionOf(listener.default),
      ...(isNetworkProtocol(listener.protocol)
        ? { network: networkOf(listener) }
        : { rules: (listener.rules ?? []).map(ruleOf), attributes: attributesOf(listener, folder) }),
      ...(certificates ? { certificates } : {}),
      ...(listener.minTlsVersion ? { minTlsVersion: listener.minTlsVersion } : {}),
    };
  });
}

/** The target groups of a checked configuration. */
export function targetGroupsOf(config: BalanceConfig): TargetGroup[] {
  return Object.entries(config.targetGroups).map(([id, group]) => ({
    id,
    protocol: group.protocol ?? 'HTTP',
    algorithm: group.algorithm ?? 'round_robin',
    anomalyMitigation: group.anomalyMitigation ?? false,
    slowStartMs: durationMs(group.slowStart, 0),
    protocolVersion: group.protocolVersion ?? 'HTTP1',
    http1Clients: group.http1Clients ?? false,
    minimumHealthyTargets: group.minimumHealthyTargets ?? 1,
    deregistrationDelayMs: durationMs(group.deregistrationDelay, 300_000),
    healthCheck: healthCheckOf(group),
    targets: group.targets.map(targetOf),
    proxyProtocol: group.proxyProtocol ?? false,
    network: {
      sourceIpStickiness: group.sourceIpStickiness ?? false,
      ...(group.connectionTermination === undefined ? {} : { connectionTermination: group.connectionTermination }),
    },
    ...(group.hashKey ? { hashKey: group.hashKey as HashKey } : {}),
    ...(group.stickiness ? { stickiness: stickinessOf(group.stickiness) } : {}),
    ...(group.outlierDetection ? { outlierDetection: outlierDetectionOf(group.outlierDetection) } : {}),
  }));
}

function targetOf({ host, port, weight = 1 }: TargetGroupConfig['targets'][number]): Target {
  return { id: `${host}:${port}`, host, port, weight, phase: 'registered' };
}

/** Durations are checked when the file is read. */
export function durationMs(text: string | undefined, otherwise: number): number {
  return (text === undefined ? undefined : parseDurationMs(text)) ?? otherwise;
}

function healthCheckOf({ protocol = 'HTTP', protocolVersion, healthCheck = {} }: TargetGroupConfig): TargetGroup['healthCheck'] {
  const grpc = protocolVersion === 'GRPC';
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
  const codes = isNetworkProtocol(protocol) ? '200-399' : '200';
  return {
    protocol: healthCheck.protocol ?? (protocol === 'HTTP' || protocol === 'HTTPS' ? protocol : 'TCP'),
    path: healthCheck.path ?? (grpc ? '/AWS.ALB/healthcheck' : '/'),
    port: healthCheck.port ?? 'traffic-port',
    intervalMs: durationMs(healthCheck.interval, 30_000),
    timeoutMs: durationMs(healthCheck.timeout, 5_000),
    healthyThreshold: healthCheck.healthyThreshold ?? 5,
    unhealthyThreshold: healthCheck.unhealthyThreshold ?? 2,
    matcher: healthCheck.matcher ?? (grpc ? '12' : codes),
  };
}

function outlierDetectionOf(config: NonNullable<TargetGroupConfig['outlierDetection']>): OutlierDetection {
  const { baseEjection, maxEjection, ...counts } = config;
  return { ...counts, baseEjectionMs: durationMs(baseEjection, 30_000), maxEjectionMs: durationMs(maxEjection, 300_000) };
}

function stickinessOf({ type, duration, cookieName }: NonNullable<TargetGroupConfig['stickiness']>): Stickiness {
  const lasts = durationMs(duration, 0);
  return type === 'app_cookie' ? { type, cookieName: cookieName ?? '', durationMs: lasts } : { type, durationMs: lasts };
}

function networkOf({ idleTimeout, connectTimeout, alpnPolicy }: ListenerConfig): NetworkListenerAttributes {
  return {
    idleTimeoutMs: durationMs(idleTimeout, 350_000),
    connectTimeoutMs: durationMs(connectTimeout, 10_000),
    alpnPolicy: alpnPolicy ?? 'None',
  };
}

function attributesOf(listener: ListenerConfig, folder: string): LoadBalancerAttributes {
  return {
    idleTimeoutMs: durationMs(listener.idleTimeout, 60_000),
    clientKeepAliveMs: durationMs(listener.clientKeepAlive, 3_600_000),
    connectTimeoutMs: durationMs(listener.connectTimeout, 10_000),
    desyncMode: listener.desyncMode ?? 'defensive',
    xForwardedFor: listener.xForwardedFor ?? 'append',
    xForwardedForClientPort: listener.xForwardedForClientPort ?? false,
    preserveHostHeader: listener.preserveHostHeader ?? false,
    tlsHeaders: listener.tlsHeaders ?? false,
    dropInvalidHeaderFields: listener.dropInvalidHeaderFields ?? false,
    http2: listener.http2 ?? true,
    ...(listener.accessLog === undefined ? {} : { accessLog: resolve(folder, listener.accessLog) }),
  };
}

function ruleOf({ priority, when, then }: RuleConfig): Rule {
  return { priority, conditions: conditionsOf(when), action: actionOf(then) };
}

function conditionsOf(when: RuleConfig['when']): Condition[] {
  const conditions: Condition[] = [];
  if (when.host) conditions.push({ field: 'host-header', values: when.host });
  if (when.path) conditions.push({ field: 'path-pattern', values: when.path });
  if (when.method) conditions.push({ field: 'http-request-method', values: when.method });
  if (when.sourceIp) conditions.push({ field: 'source-ip', values: when.sourceIp });
  if (when.query) conditions.push({ field: 'query-string', values: when.query });
  for (const [name, values] of Object.entries(when.header ?? {})) conditions.push({ field: 'http-header', name, values });
  return conditions;
}

function actionOf({ forward, stickiness, redirect, fixedResponse }: ActionConfig): Action {
  if (redirect) {
    const { status = 302, port, ...rest } = redirect;
    return { type: 'redirect', statusCode: status, ...rest, ...(port === undefined ? {} : { port: String(port) }) };
  }
  if (fixedResponse) {
    const { status, ...rest } = fixedResponse;
    return { type: 'fixed-response', statusCode: status, ...rest };
  }
  if (typeof forward === 'string') return { type: 'forward', targetGroupId: forward };
  const groups = (forward ?? []).map(({ targetGroup, weight = 1 }) => ({ targetGroupId: targetGroup, weight }));
  return { type: 'forward-weighted', groups, ...(stickiness === undefined ? {} : { stickinessMs: durationMs(stickiness, 0) }) };
}
