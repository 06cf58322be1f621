import { Histogram } from '../base/index.ts';
import type { LoadBalancerMetrics, TargetGroupMetrics } from '../model/index.ts';

/** What a load balancer counts between two deltas. Only sums and one gauge. */
export class LoadBalancerCounters {
  readonly loadBalancerId: string;
  requestCount = 0;
  newConnectionCount = 0;
  /** A gauge: survives `take`. */
  activeConnectionCount = 0;
  rejectedConnectionCount = 0;
  processedBytes = 0;
  elb3xx = 0;
  elb4xx = 0;
  elb5xx = 0;
  #reasons = new Map<string, number>();

  constructor(loadBalancerId: string) {
    this.loadBalancerId = loadBalancerId;
  }

  countReason(reason: string): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  /** Counts an answer of our own with its reason. */
  countOwnAnswer(status: number, reason: string): void {
    if (status >= 500) this.elb5xx++;
    else if (status >= 400) this.elb4xx++;
    else if (status >= 300) this.elb3xx++;
    this.countReason(reason);
  }

  /** What was counted since the last call, and begins anew. */
  take(): LoadBalancerMetrics {
    const { loadBalancerId, requestCount, newConnectionCount, activeConnectionCount, rejectedConnectionCount } = this;
    const { processedBytes, elb3xx, elb4xx, elb5xx } = this;
    const reasons = Object.fromEntries(this.#reasons);
    this.requestCount = 0;
    this.newConnectionCount = 0;
    this.rejectedConnectionCount = 0;
    this.processedBytes = 0;
    this.elb3xx = 0;
    this.elb4xx = 0;
    this.elb5xx = 0;
    this.#reasons = new Map();
    return {
      loadBalancerId,
      requestCount,
      newConnectionCount,
      activeConnectionCount,
      rejectedConnectionCount,
      processedBytes,
      elb3xx,
      elb4xx,
      elb5xx,
      reasons,
    };
  }
}

/** What a target group counts between two deltas. */
export class GroupCounters {
  requestCount = 0;
  target2xx = 0;
  target3xx = 0;
  target4xx = 0;
  target5xx = 0;
  targetConnectionErrorCount = 0;
  readonly responseTimeMs = new Histogram();

  countAnswer(status: number): void {
    if (status < 300) this.target2xx++;
    else if (status < 400) this.target3xx++;
    else if (status < 500) this.target4xx++;
    else this.target5xx++;
  }

  take(targetGroupId: string, targets: TargetGroupMetrics['targets']): TargetGroupMetrics {
    const { requestCount, target2xx, target3xx, target4xx, target5xx, targetConnectionErrorCount } = this;
    const targetResponseTimeMs = this.responseTimeMs.toData();
    this.requestCount = 0;
    this.target2xx = 0;
    this.target3xx = 0;
    this.target4xx = 0;
    this.target5xx = 0;
    this.targetConnectionErrorCount = 0;
    this.responseTimeMs.reset();
    return {
      targetGroupId,
      requestCount,
      target2xx,
      target3xx,
      target4xx,
      target5xx,
      targetConnectionErrorCount,
      targetResponseTimeMs,
      targets,
    };
  }
}
