import { midpointOf, PlimsollError, type Clock, type HistogramData, type Logger } from '../base/index.ts';
import {
  arnSuffix,
  type BalancerMetrics,
  type BoundListener,
  type Listener,
  type LoadBalancer,
  type LoadBalancerListener,
  type MetricDatum,
  type RegisteredTarget,
  type RoutingSnapshot,
  type TargetGroup,
  type TargetGroupResource,
  type TargetHealth,
} from '../model/index.ts';
import type { Balancer } from '../balancer/index.ts';
import { regionErrors } from './errors.ts';
import { arn, hexId, type RegionIdentity } from './identity.ts';
import type { Collection, Store } from '../state/index.ts';

export interface LoadBalancingOptions {
  identity: RegionIdentity;
  clock: Clock;
  timeScale: number;
  store: Store;
  balancer: Balancer;
  /** The port to try for a listener, in order; the first that can be bound is used. 0 is any free one. */
  portsFor(listenerPort: number): readonly number[];
  onMetric(data: readonly MetricDatum[]): void;
  log: Logger;
}

/** ELBv2: load balancers, listeners and target groups, kept as asked for and published to the data plane as snapshots. */
export class LoadBalancing {
  readonly #options: LoadBalancingOptions;
  readonly #loadBalancers: Collection<LoadBalancer>;
  readonly #listeners: Collection<LoadBalancerListener>;
  readonly #groups: Collection<TargetGroupResource>;
  /** Target group ARN → target id → target. Rebuilt from the running tasks, so not on disk. */
  readonly #targets = new Map<string, Map<string, RegisteredTarget>>();
  /** Listener ARN → the port chosen on this machine. */
  readonly #bound = new Map<string, BoundListener>();
  readonly #watchers = new Set<() => void>();
  #revision = 0;
  #closed = false;

  constructor(options: LoadBalancingOptions) {
    this.#options = options;
    this.#loadBalancers = options.store.collection('elbv2.load-balancer');
    this.#listeners = options.store.collection('elbv2.listener');
    this.#groups = options.store.collection('elbv2.target-group');
    options.balancer.onHealth((health) => this.#onHealth(health));
    options.balancer.onDrained((groupArn, targetId) => this.#onDrained(groupArn, targetId));
    options.balancer.onMetrics((delta) =>
      options.onMetric(metricData(delta, options.clock.nowMs(), (group) => this.#loadBalancerOf(group))),
    );
  }

  createLoadBalancer(name: string): LoadBalancer {
    const { identity, clock } = this.#options;
    const id = hexId(16);
    const created: LoadBalancer = {
      arn: arn(identity, 'elasticloadbalancing', `loadbalancer/app/${name}/${id}`),
      name,
      dnsName: `${name}-${Number.parseInt(id.slice(0, 8), 16)}.${identity.region}.elb.localhost`,
      createdAtMs: clock.nowMs(),
    };
    return this.#loadBalancers.put(created.arn, created);
  }

  createTargetGroup(asked: Omit<TargetGroupResource, 'arn'>): TargetGroupResource {
    const created = { ...asked, arn: arn(this.#options.identity, 'elasticloadbalancing', `targetgroup/${asked.name}/${hexId(16)}`) };
    return this.#groups.put(created.arn, created);
  }

  /** Resolves when the listener accepts connections. */
  async createListener(asked: Omit<LoadBalancerListener, 'arn'>): Promise<LoadBalancerListener> {
    const created = { ...asked, arn: `${asked.loadBalancerArn.replace(':loadbalancer/', ':listener/')}/${hexId(16)}` };
    this.#listeners.put(created.arn, created);
    try {
      await this.#bind(created);
    } catch (error) {
      this.#listeners.delete(created.arn);
      await this.#publish();
      throw error;
    }
    return created;
  }

  async #bind(listener: LoadBalancerListener): Promise<void> {
    let reason = '';
    for (const port of this.#options.portsFor(listener.port)) {
      this.#bound.set(listener.arn, { id: listener.arn, host: '127.0.0.1', port });
      const applied = await this.#publish();
      const bound = applied.bound.find((each) => each.id === listener.arn);
      if (bound) {
        this.#bound.set(listener.arn, bound);
        return;
      }
      this.#bound.delete(listener.arn);
      reason = applied.failed.find((each) => each.id === listener.arn)?.message ?? 'no answer from the balancer';
    }
    throw new PlimsollError(regionErrors.PL_REGION_LISTENER_FAILED, {
      what: `the load balancer cannot listen: ${reason}`,
      where: `listener port ${listener.port}`,
      fix: 'free that port or choose another with --port',
    });
  }

  /** Resolves when the data plane routes to the target (after its first passed health check). */
  async registerTarget(groupArn: string, host: string, port: number): Promise<RegisteredTarget> {
    const id = `${host}:${port}`;
    const health: TargetHealth = { targetGroupId: groupArn, targetId: id, state: 'initial', reason: 'Elb.RegistrationInProgress' };
    const target: RegisteredTarget = { id, host, port, phase: 'registered', health };
    this.#groupTargets(groupArn).set(id, target);
    await this.#publish();
    return target;
  }

  /** Starts draining. The target is gone from `targets` once the data plane says that it is drained. */
  async deregisterTarget(groupArn: string, targetId: string): Promise<void> {
    const targets = this.#groupTargets(groupArn);
    const target = targets.get(targetId);
    if (!target || target.phase === 'draining') return;
    const health: TargetHealth = { targetGroupId: groupArn, targetId, state: 'draining', reason: 'Target.DeregistrationInProgress' };
    targets.set(targetId, { ...target, phase: 'draining', health });
    await this.#publish();
    this.#changed();
  }

  /** Takes a target out at once: its process is gone, there is nothing to wait for. */
  removeTarget(groupArn: string, targetId: string): void {
    if (this.#groupTargets(groupArn).delete(targetId)) this.#publishSoon();
  }

  /** Nothing is published afterwards: the balancer is being stopped. */
  close(): void {
    this.#closed = true;
  }

  loadBalancers(): LoadBalancer[] {
    return this.#loadBalancers.values();
  }

  listeners(): LoadBalancerListener[] {
    return this.#listeners.values();
  }

  targetGroups(): TargetGroupResource[] {
    return this.#groups.values();
  }

  targets(groupArn: string): RegisteredTarget[] {
    return [...(this.#targets.get(groupArn)?.values() ?? [])];
  }

  target(groupArn: string, targetId: string): RegisteredTarget | undefined {
    return this.#targets.get(groupArn)?.get(targetId);
  }

  /** Where a listener really listens on this machine. */
  boundTo(listenerArn: string): BoundListener | undefined {
    return this.#bound.get(listenerArn);
  }

  /** Called after each change of a target's health or draining. */
  onChange(watcher: () => void): void {
    this.#watchers.add(watcher);
  }

  #publish(): ReturnType<Balancer['apply']> {
    const { timeScale } = this.#options;
    const snapshot: RoutingSnapshot = {
      revision: ++this.#revision,
      listeners: this.#listeners.values().flatMap((each) => this.#listenerSnapshot(each)),
      targetGroups: this.#groups.values().map((group) => groupSnapshot(group, this.targets(group.arn), timeScale)),
    };
    return this.#options.balancer.apply(snapshot);
  }

  /** For a change that nobody waits for. */
  #publishSoon(): void {
    if (this.#closed) return;
    this.#publish().catch((error: unknown) => this.#options.log.error({ err: error }, 'the balancer took no snapshot'));
  }

  #listenerSnapshot(listener: LoadBalancerListener): Listener[] {
    const bound = this.#bound.get(listener.arn);
    if (!bound) return [];
    const defaultAction = { type: 'forward', targetGroupId: listener.targetGroupArn } as const;
    const { host, port } = bound;
    return [{ id: listener.arn, loadBalancerId: listener.loadBalancerArn, host, port, protocol: 'HTTP', defaultAction }];
  }

  #onHealth(health: TargetHealth): void {
    const targets = this.#targets.get(health.targetGroupId);
    const target = targets?.get(health.targetId);
    if (!targets || !target || target.phase === 'draining') return;
    targets.set(target.id, { ...target, health });
    this.#changed();
  }

  #onDrained(groupArn: string, targetId: string): void {
    const targets = this.#targets.get(groupArn);
    if (targets?.get(targetId)?.phase !== 'draining') return;
    targets.delete(targetId);
    this.#publishSoon();
    this.#changed();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #groupTargets(groupArn: string): Map<string, RegisteredTarget> {
    let targets = this.#targets.get(groupArn);
    if (!targets) this.#targets.set(groupArn, (targets = new Map<string, RegisteredTarget>()));
    return targets;
  }

  #loadBalancerOf(groupArn: string): string | undefined {
    return this.#listeners.values().find((listener) => listener.targetGroupArn === groupArn)?.loadBalancerArn;
  }
}

function groupSnapshot(group: TargetGroupResource, targets: readonly RegisteredTarget[], timeScale: number): TargetGroup {
  const { healthCheck } = group;
  return {
    id: group.arn,
    protocol: group.protocol,
    algorithm: group.algorithm,
    deregistrationDelayMs: (group.deregistrationDelayS * 1000) / timeScale,
    healthCheck: {
      path: healthCheck.path,
      port: healthCheck.port,
      intervalMs: (healthCheck.intervalS * 1000) / timeScale,
      timeoutMs: healthCheck.timeoutS * 1000,
      healthyThreshold: healthCheck.healthyThreshold,
      unhealthyThreshold: healthCheck.unhealthyThreshold,
      matcher: healthCheck.matcher,
    },
    targets: targets.map(({ id, host, port, phase }) => ({ id, host, port, phase })),
  };
}

/** CloudWatch's AWS/ApplicationELB metrics of one delta. Counts that did not happen are not published, as with AWS. */
function metricData(delta: BalancerMetrics, timestampMs: number, loadBalancerOf: (group: string) => string | undefined): MetricDatum[] {
  const data: MetricDatum[] = [];
  const put = (name: string, value: number, dimensions: Record<string, string>, unit: MetricDatum['unit'] = 'Count'): void => {
    if (value > 0) data.push({ namespace: 'AWS/ApplicationELB', name, dimensions, timestampMs, unit, value });
  };
  for (const each of delta.loadBalancers) {
    const dimensions = { LoadBalancer: arnSuffix(each.loadBalancerId) };
    put('RequestCount', each.requestCount, dimensions);
    put('NewConnectionCount', each.newConnectionCount, dimensions);
    put('ActiveConnectionCount', each.activeConnectionCount, dimensions);
    put('RejectedConnectionCount', each.rejectedConnectionCount, dimensions);
    put('ProcessedBytes', each.processedBytes, dimensions, 'Bytes');
    put('HTTPCode_ELB_3XX_Count', each.elb3xx, dimensions);
    put('HTTPCode_ELB_4XX_Count', each.elb4xx, dimensions);
    put('HTTPCode_ELB_5XX_Count', each.elb5xx, dimensions);
  }
  for (const each of delta.targetGroups) {
    const loadBalancer = loadBalancerOf(each.targetGroupId);
    const dimensions = {
      TargetGroup: arnSuffix(each.targetGroupId),
      ...(loadBalancer === undefined ? {} : { LoadBalancer: arnSuffix(loadBalancer) }),
    };
    put('RequestCount', each.requestCount, dimensions);
    put('HTTPCode_Target_2XX_Count', each.target2xx, dimensions);
    put('HTTPCode_Target_3XX_Count', each.target3xx, dimensions);
    put('HTTPCode_Target_4XX_Count', each.target4xx, dimensions);
    put('HTTPCode_Target_5XX_Count', each.target5xx, dimensions);
    put('TargetConnectionErrorCount', each.targetConnectionErrorCount, dimensions);
    if (each.targetResponseTimeMs.count > 0) data.push(targetResponseTime(each.targetResponseTimeMs, dimensions, timestampMs));
  }
  return data;
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
