import { monotonicMs } from '../../base/index.ts';
import type { HealthCheck, NetworkTargetGroupMetrics, Target, TargetGroup } from '../../model/index.ts';
import type { Engine } from '../engine.ts';
import type { GroupEvents } from '../target/group-state.ts';
import { describeHealth } from '../health/describe.ts';
import { HealthMonitor } from '../health/monitor.ts';
import { FlowHash, flowHash, sourceHash, type Ends } from './flow-hash.ts';
import { NetworkTarget } from './network-target.ts';

/** A target group of flows as a worker knows it; outlives snapshots as long as they list it. */
export class NetworkGroup {
  readonly id: string;
  targetConnectionErrorCount = 0;
  readonly #engine: Engine;
  readonly #events: GroupEvents;
  #newFlowCount = 0;
  #config: TargetGroup;
  #targets = new Map<string, NetworkTarget>();
  /** Gone from the snapshot with flows that go on. */
  readonly #leaving = new Set<NetworkTarget>();
  /** Spreads new flows over the healthy, or over all when none is (fail-open). */
  #spread = new FlowHash<NetworkTarget>([]);

  constructor(config: TargetGroup, engine: Engine, events: GroupEvents) {
    this.id = config.id;
    this.#config = config;
    this.#engine = engine;
    this.#events = events;
  }

  /** Targets expect TLS. */
  get secure(): boolean {
    return this.#config.protocol === 'TLS';
  }

  get proxyProtocol(): boolean {
    return this.#config.proxyProtocol ?? false;
  }

  /** Takes over a configuration; flows stay where they are. `inUse`: some listener forwards to this group. */
  apply(config: TargetGroup, inUse: boolean): void {
    this.#config = config;
    const next = new Map<string, NetworkTarget>();
    for (const target of config.targets) next.set(target.id, this.#applyTarget(target, inUse));
    for (const [id, target] of this.#targets) if (next.get(id) !== target) this.#release(target);
    this.#targets = next;
    this.#refresh();
  }

  /** The target of a new flow that has not been tried yet, or undefined when there is none. */
  pick(protocol: 'tcp' | 'udp', ends: Ends, tried: readonly NetworkTarget[] = []): NetworkTarget | undefined {
    const { only } = this.#spread;
    if (only !== undefined) return tried.includes(only) ? undefined : only;
    const hash = this.#config.network?.sourceIpStickiness ? sourceHash(ends.remoteAddress) : flowHash(protocol, ends);
    return this.#spread.pick(hash, tried);
  }

  countFlow(target: NetworkTarget): void {
    this.#newFlowCount++;
    target.newFlowCount++;
  }

  /** About once a second: ends what draining has to end. */
  tick(nowMs: number): void {
    for (const target of this.#targets.values()) if (target.phase === 'draining') this.#drain(target, nowMs);
    for (const target of this.#leaving) {
      if (target.flows.size === 0) this.#leaving.delete(target);
      else if (nowMs >= target.drainUntilMs && this.#terminates) target.terminateFlows();
    }
  }

  takeMetrics(): NetworkTargetGroupMetrics {
    const targets = [...this.#targets.values(), ...this.#leaving].map((target) => {
      const { id: targetId, newFlowCount, flows } = target;
      target.newFlowCount = 0;
      return { targetId, newFlowCount, activeFlowCount: flows.size };
    });
    const { id: targetGroupId, targetConnectionErrorCount } = this;
    const newFlowCount = this.#newFlowCount;
    this.targetConnectionErrorCount = 0;
    this.#newFlowCount = 0;
    return { targetGroupId, newFlowCount, targetConnectionErrorCount, targets };
  }

  /** It is no longer in the snapshot. */
  close(): void {
    for (const target of this.#targets.values()) this.#release(target);
    this.#targets = new Map();
    this.#refresh();
  }

  /** Flows go on though the snapshot no longer knows their target. */
  get busy(): boolean {
    return this.#leaving.size > 0;
  }

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#deregistration-delay
  get #terminates(): boolean {
    const { protocol, network } = this.#config;
    return network?.connectionTermination ?? (protocol === 'UDP' || protocol === 'TCP_UDP');
  }

  #applyTarget(config: Target, inUse: boolean): NetworkTarget {
    const known = this.#targets.get(config.id);
    const same = known !== undefined && known.host === config.host && known.port === config.port;
    const target = same ? known : new NetworkTarget(config);
    const wasDraining = target.phase === 'draining';
    target.phase = config.phase;
    target.weight = config.weight ?? 1;
    if (config.phase === 'draining') {
      if (!wasDraining) this.#beginDraining(target);
    } else {
      target.drainUntilMs = Number.POSITIVE_INFINITY;
      target.drainedReported = false;
      this.#monitor(target, config, inUse);
    }
    if (!same || wasDraining !== (target.phase === 'draining')) this.#tellHealth(target);
    return target;
  }

  #monitor(target: NetworkTarget, config: Target, inUse: boolean): void {
    const check: HealthCheck = { protocol: 'TCP', ...this.#config.healthCheck };
    const before = target.monitor;
    if (inUse && before !== undefined) before.reconfigure(check, this.#engine.random);
    else if (inUse) {
      const onStep = (flipped: boolean): void => {
        if (flipped || target.state === 'unhealthy') this.#refresh();
        this.#tellHealth(target);
      };
      const { clock, random } = this.#engine;
      target.monitor = new HealthMonitor(config, check, { clock, random, probe: this.#events.probe, onStep });
    } else if (before !== undefined) {
      this.#stopMonitor(target);
      this.#tellHealth(target);
    }
  }

  #beginDraining(target: NetworkTarget): void {
    this.#stopMonitor(target);
    target.drainUntilMs = monotonicMs() + this.#config.deregistrationDelayMs;
  }

  #stopMonitor(target: NetworkTarget): void {
    target.monitor?.stop();
    target.monitor = undefined;
  }

  #release(target: NetworkTarget): void {
    this.#stopMonitor(target);
    target.drainUntilMs = Math.min(target.drainUntilMs, monotonicMs() + this.#config.deregistrationDelayMs);
    if (target.flows.size > 0) this.#leaving.add(target);
  }

  // Without connection termination flows outlive the delay, and the target counts as drained all the same.
  #drain(target: NetworkTarget, nowMs: number): void {
    const over = nowMs >= target.drainUntilMs;
    if (over && this.#terminates) target.terminateFlows();
    if (target.drainedReported || (target.flows.size > 0 && !over)) return;
    target.drainedReported = true;
    this.#events.onDrained(this.id, target.id);
  }

  #tellHealth(target: NetworkTarget): void {
    this.#events.onHealth(
      describeHealth({ targetGroupId: this.id, targetId: target.id, host: target.host }, target.phase, target.monitor?.health),
    );
  }

  // Whoever is unhealthy while others are well loses its flows; while failing open nobody does.
  #refresh(): void {
    const registered = [...this.#targets.values()].filter((target) => target.phase === 'registered' && target.weight > 0);
    const healthy = registered.filter((target) => target.state === 'healthy');
    this.#spread = new FlowHash(healthy.length > 0 ? healthy : registered);
    if (healthy.length === 0 || this.#config.network?.unhealthyConnectionTermination === false) return;
    for (const target of registered) if (target.state === 'unhealthy') target.terminateFlows();
  }
}
