import type { TargetGroupResource } from '../../aws/index.ts';
import {
  isNetworkProtocol,
  type Algorithm,
  type HealthCheck,
  type NetworkTargetGroupAttributes,
  type ProtocolVersion,
  type Stickiness,
  type Target,
  type TargetGroup,
} from '../../model/index.ts';

const protocols: readonly string[] = ['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP', 'TCP_UDP'] satisfies TargetGroup['protocol'][];

/** A target group as the data plane takes it. Spans of the control plane run by the region's clock, the time-out of a check does not. */
export function routingGroup(group: TargetGroupResource, targets: readonly Target[], timeScale: number): TargetGroup {
  const { attributes } = group;
  const protocol = protocols.includes(group.Protocol ?? '') ? (group.Protocol as TargetGroup['protocol']) : 'HTTP';
  const scaledMs = (name: string, fallbackS: number): number => (Number(attributes[name] ?? fallbackS) * 1000) / timeScale;
  const slowStartMs = scaledMs('slow_start.duration_seconds', 0);
  const minimumHealthy = Number(attributes['target_group_health.unhealthy_state_routing.minimum_healthy_targets.count'] ?? 1);
  const stickiness = isNetworkProtocol(protocol) ? undefined : stickinessOf(attributes);
  return {
    id: group.TargetGroupArn,
    protocol,
    algorithm: (attributes['load_balancing.algorithm.type'] ?? 'round_robin') as Algorithm,
    deregistrationDelayMs: scaledMs('deregistration_delay.timeout_seconds', 300),
    healthCheck: healthCheckOf(group, timeScale),
    targets,
    ...(group.ProtocolVersion === undefined || isNetworkProtocol(protocol)
      ? {}
      : { protocolVersion: group.ProtocolVersion as ProtocolVersion }),
    ...(minimumHealthy > 1 ? { minimumHealthyTargets: minimumHealthy } : {}),
    ...(slowStartMs > 0 ? { slowStartMs } : {}),
    ...(attributes['load_balancing.algorithm.anomaly_mitigation'] === 'on' ? { anomalyMitigation: true } : {}),
    ...(stickiness === undefined ? {} : { stickiness }),
    ...(isNetworkProtocol(protocol)
      ? { network: networkAttributes(attributes), proxyProtocol: attributes['proxy_protocol_v2.enabled'] === 'true' }
      : {}),
  };
}

function healthCheckOf(group: TargetGroupResource, timeScale: number): HealthCheck {
  const { HealthCheckPort: port = 'traffic-port', HealthCheckProtocol: protocol = 'HTTP' } = group;
  const grpc = group.ProtocolVersion === 'GRPC';
  const path = group.HealthCheckPath ?? '/';
  return {
    path: grpc && path === '/' ? '/AWS.ALB/healthcheck' : path,
    port: port === 'traffic-port' ? port : Number(port),
    protocol: protocol === 'HTTPS' || protocol === 'HTTP' ? protocol : 'TCP',
    intervalMs: ((group.HealthCheckIntervalSeconds ?? 30) * 1000) / timeScale,
    timeoutMs: (group.HealthCheckTimeoutSeconds ?? 5) * 1000,
    healthyThreshold: group.HealthyThresholdCount ?? 5,
    unhealthyThreshold: group.UnhealthyThresholdCount ?? 2,
    matcher: grpc ? (group.Matcher?.GrpcCode ?? '12') : (group.Matcher?.HttpCode ?? '200'),
  };
}

function stickinessOf(attributes: Readonly<Record<string, string>>): Stickiness | undefined {
  if (attributes['stickiness.enabled'] !== 'true') return undefined;
  const type = attributes['stickiness.type'] === 'app_cookie' ? 'app_cookie' : 'lb_cookie';
  const durationMs = Number(attributes[`stickiness.${type}.duration_seconds`] ?? 86_400) * 1000;
  return type === 'lb_cookie'
    ? { type, durationMs }
    : { type, durationMs, cookieName: attributes['stickiness.app_cookie.cookie_name'] ?? '' };
}

function networkAttributes(attributes: Readonly<Record<string, string>>): NetworkTargetGroupAttributes {
  const flag = (name: string): boolean | undefined => (name in attributes ? attributes[name] === 'true' : undefined);
  const termination = flag('deregistration_delay.connection_termination.enabled');
  const unhealthy = flag('target_health_state.unhealthy.connection_termination.enabled');
  return {
    ...(attributes['stickiness.enabled'] === 'true' ? { sourceIpStickiness: true } : {}),
    ...(termination === undefined ? {} : { connectionTermination: termination }),
    ...(unhealthy === undefined ? {} : { unhealthyConnectionTermination: unhealthy }),
  };
}
