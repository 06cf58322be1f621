import type { Endpoint, LoadBalancerResource } from '../../aws/index.ts';
import type { BalancerMetrics, WorkloadUsage } from '../../model/index.ts';
import type { Region } from '../../region/index.ts';

/** What the console shows: an endpoint, and what really runs behind it. */
export interface ConsoleSource {
  readonly endpoint: Endpoint;
  readonly timeScale: number;
  /** The region that the page begins with. */
  readonly region: string;
  /** Virtual users of a load test that runs beside the console. */
  users?(): number | undefined;
  /** Absent where only the control plane runs. */
  readonly running?: {
    onBalancerMetrics(handler: (delta: BalancerMetrics) => void): void;
    usage(): ReadonlyMap<string, WorkloadUsage>;
    /** The file of a load balancer's access log; undefined while that is off. */
    accessLogOf(balancer: LoadBalancerResource): string | undefined;
  };
}

/** The console's port, where it is free. */
export const usualConsolePort = 4580;

export function sourceOf(region: Region): ConsoleSource {
  return {
    endpoint: region.endpoint,
    timeScale: region.timeScale,
    region: 'us-east-1',
    running: {
      onBalancerMetrics: (handler) => region.onBalancerMetrics(handler),
      usage: () => region.usage.workloads,
      accessLogOf: (balancer) => region.loadBalancing.accessLogOf(balancer),
    },
  };
}
