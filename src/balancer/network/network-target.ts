import type { Target } from '../../model/index.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import type { Weighted } from './flow-hash.ts';

/** A flow as its target knows it. */
export interface Flow {
  /** Ends it at once; both sides see a reset where there is such a thing. */
  terminate(): void;
}

/** A target as a worker knows it: outlives snapshots as long as its group lists it, and as long as flows go there. */
export class NetworkTarget implements Weighted {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  weight = 1;
  phase: Target['phase'] = 'registered';
  monitor: HealthMonitor | undefined;
  readonly flows = new Set<Flow>();
  /** Since the last delta. */
  newFlowCount = 0;
  /** When its deregistration delay is over, monotonic. */
  drainUntilMs = Number.POSITIVE_INFINITY;
  drainedReported = false;

  constructor(target: Target) {
    this.id = target.id;
    this.host = target.host;
    this.port = target.port;
  }

  get state(): 'initial' | 'healthy' | 'unhealthy' {
    return this.monitor?.health.state ?? 'initial';
  }

  terminateFlows(): void {
    for (const flow of this.flows) flow.terminate();
  }
}
