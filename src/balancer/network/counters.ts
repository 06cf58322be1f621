import type { FlowMetrics, NetworkLoadBalancerMetrics } from '../../model/index.ts';

/** Flows of one protocol between two deltas. Only sums and one gauge. */
export class FlowCounters {
  /** A gauge: survives `take`. */
  activeFlowCount = 0;
  newFlowCount = 0;
  rejectedFlowCount = 0;
  processedBytes = 0;

  take(): FlowMetrics {
    const { activeFlowCount, newFlowCount, rejectedFlowCount, processedBytes } = this;
    this.newFlowCount = 0;
    this.rejectedFlowCount = 0;
    this.processedBytes = 0;
    return { activeFlowCount, newFlowCount, rejectedFlowCount, processedBytes };
  }
}

/** What a network load balancer counts between two deltas. */
export class NetworkCounters {
  readonly loadBalancerId: string;
  readonly tcp = new FlowCounters();
  readonly tls = new FlowCounters();
  readonly udp = new FlowCounters();
  clientResetCount = 0;
  elbResetCount = 0;
  targetResetCount = 0;
  clientTlsNegotiationErrorCount = 0;
  targetTlsNegotiationErrorCount = 0;
  droppedDatagramCount = 0;

  constructor(loadBalancerId: string) {
    this.loadBalancerId = loadBalancerId;
  }

  get flowing(): boolean {
    return this.tcp.activeFlowCount + this.tls.activeFlowCount + this.udp.activeFlowCount > 0;
  }

  /** What was counted since the last call, and begins anew. */
  take(): NetworkLoadBalancerMetrics {
    const { loadBalancerId, clientResetCount, elbResetCount, targetResetCount } = this;
    const { clientTlsNegotiationErrorCount, targetTlsNegotiationErrorCount, droppedDatagramCount } = this;
    this.clientResetCount = 0;
    this.elbResetCount = 0;
    this.targetResetCount = 0;
    this.clientTlsNegotiationErrorCount = 0;
    this.targetTlsNegotiationErrorCount = 0;
    this.droppedDatagramCount = 0;
    return {
      loadBalancerId,
      tcp: this.tcp.take(),
      tls: this.tls.take(),
      udp: this.udp.take(),
      clientResetCount,
      elbResetCount,
      targetResetCount,
      clientTlsNegotiationErrorCount,
      targetTlsNegotiationErrorCount,
      droppedDatagramCount,
    };
  }
}
