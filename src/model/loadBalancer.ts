import type { Algorithm, TargetHealth } from './routing.ts';

/** The control plane's view of ELBv2; spans are region time. The data plane's view is a RoutingSnapshot. */
export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  readonly dnsName: string;
  readonly createdAtMs: number;
}

export interface LoadBalancerListener {
  readonly arn: string;
  readonly loadBalancerArn: string;
  /** As asked for, e.g. 80. The port that the machine could give is in the region's status. */
  readonly port: number;
  readonly protocol: 'HTTP';
  readonly targetGroupArn: string;
}

export interface TargetGroupHealthCheck {
  readonly path: string;
  readonly port: number | 'traffic-port';
  readonly intervalS: number;
  /** Wall-clock seconds at any time scale: how long the real service may take to answer. */
  readonly timeoutS: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly matcher: string;
}

export interface TargetGroupResource {
  readonly arn: string;
  readonly name: string;
  readonly port: number;
  readonly protocol: 'HTTP';
  readonly algorithm: Algorithm;
  readonly deregistrationDelayS: number;
  readonly healthCheck: TargetGroupHealthCheck;
}

/** A target as the control plane registered it, with what the data plane last said of it. */
export interface RegisteredTarget {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly phase: 'registered' | 'draining';
  readonly health: TargetHealth;
}

/** The ARN suffix that CloudWatch uses as a dimension: `app/name/hex`, `targetgroup/name/hex`. */
export function arnSuffix(arn: string): string {
  const resource = arn.split(':').slice(5).join(':');
  return resource.startsWith('loadbalancer/') ? resource.slice('loadbalancer/'.length) : resource;
}
