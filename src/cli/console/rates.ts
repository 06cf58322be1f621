import { Histogram, monotonicMs } from '../../base/index.ts';
import type { Traffic } from '../../console/index.ts';
import type { BalancerMetrics } from '../../model/index.ts';

interface Counts {
  requests: number;
  errors: number;
  times: Histogram;
}

/** What each load balancer, target group and target did since the last look. */
export class Rates {
  #balancers = new Map<string, Counts & { connections: number }>();
  #groups = new Map<string, Counts>();
  #targets = new Map<string, { requests: number; outstanding: number }>();
  #sinceMs = monotonicMs();

  /** Takes what a balancer counted in about a second. A balancer's own errors are its own; those of its targets come with their group. */
  add(delta: BalancerMetrics): void {
    for (const each of delta.loadBalancers) {
      const counts = this.#balancers.get(each.loadBalancerId) ?? { ...none(), connections: 0 };
      counts.requests += each.requestCount;
      counts.errors += each.elb5xx;
      counts.connections = each.activeConnectionCount;
      this.#balancers.set(each.loadBalancerId, counts);
    }
    for (const each of delta.targetGroups) {
      const counts = this.#groups.get(each.targetGroupId) ?? none();
      counts.requests += each.requestCount;
      counts.errors += each.target5xx;
      counts.times.merge(each.targetResponseTimeMs);
      this.#groups.set(each.targetGroupId, counts);
      for (const { targetId, requestCount, outstanding } of each.targets) {
        const key = `${each.targetGroupId} ${targetId}`;
        this.#targets.set(key, { requests: (this.#targets.get(key)?.requests ?? 0) + requestCount, outstanding });
      }
    }
  }

  /** What was counted since the last call, as rates; counting begins anew. */
  take(): Taken {
    const nowMs = monotonicMs();
    const seconds = Math.max(0.001, (nowMs - this.#sinceMs) / 1000);
    const taken = new Taken(this.#balancers, this.#groups, this.#targets, seconds);
    this.#sinceMs = nowMs;
    this.#balancers = new Map();
    this.#groups = new Map();
    this.#targets = new Map();
    return taken;
  }
}

export class Taken {
  readonly #balancers: ReadonlyMap<string, Counts & { connections: number }>;
  readonly #groups: ReadonlyMap<string, Counts>;
  readonly #targets: ReadonlyMap<string, { requests: number; outstanding: number }>;
  readonly #seconds: number;

  constructor(
    balancers: ReadonlyMap<string, Counts & { connections: number }>,
    groups: ReadonlyMap<string, Counts>,
    targets: ReadonlyMap<string, { requests: number; outstanding: number }>,
    seconds: number,
  ) {
    this.#balancers = balancers;
    this.#groups = groups;
    this.#targets = targets;
    this.#seconds = seconds;
  }

  /** Of a load balancer with these target groups. */
  ofBalancer(arn: string, groupArns: readonly string[]): { traffic: Traffic; connections: number } {
    const own = this.#balancers.get(arn);
    const sum: Counts = { ...none(), requests: own?.requests ?? 0, errors: own?.errors ?? 0 };
    for (const group of groupArns) {
      const counts = this.#groups.get(group);
      if (counts === undefined) continue;
      sum.errors += counts.errors;
      sum.times.merge(counts.times);
    }
    return { traffic: this.#traffic(sum), connections: own?.connections ?? 0 };
  }

  ofGroup(arn: string): Traffic {
    return this.#traffic(this.#groups.get(arn) ?? none());
  }

  ofTarget(groupArn: string, targetId: string): { requestsPerSecond: number; outstanding: number } {
    const { requests = 0, outstanding = 0 } = this.#targets.get(`${groupArn} ${targetId}`) ?? {};
    return { requestsPerSecond: rounded(requests / this.#seconds), outstanding };
  }

  #traffic({ requests, errors, times }: Counts): Traffic {
    return {
      requestsPerSecond: rounded(requests / this.#seconds),
      errorsPerSecond: rounded(errors / this.#seconds),
      ...(times.count === 0 ? {} : { p95Ms: rounded(times.quantile(0.95)) }),
    };
  }
}

const none = (): Counts => ({ requests: 0, errors: 0, times: new Histogram() });

export const rounded = (value: number): number => Math.round(value * 100) / 100;
