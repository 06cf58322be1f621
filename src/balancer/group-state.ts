import { monotonicMs } from '../base/index.ts';
import type { Target, TargetGroup, TargetGroupMetrics, TargetHealth } from '../model/index.ts';
import { createAlgorithm, type Algorithm } from './algorithms/index.ts';
import { GroupCounters } from './counters.ts';
import type { Engine } from './engine.ts';
import { HealthMonitor, type Probe } from './health/monitor.ts';
import { RetryBudget } from './retry-budget.ts';
import { TargetState } from './target-state.ts';

export interface GroupEvents {
  readonly probe: Probe;
  onHealth(health: TargetHealth): void;
  onDrained(targetGroupId: string, targetId: string): void;
}

/** A target group as a worker knows it; outlives snapshots as long as they list it. */
export class GroupState {
  readonly id: string;
  readonly counters = new GroupCounters();
  readonly retryBudget = new RetryBudget();
  readonly #engine: Engine;
  readonly #events: GroupEvents;
  #config: TargetGroup;
  #targets = new Map<string, TargetState>();
  /** Gone from the snapshot with requests in flight. */
  #leaving = new Set<TargetState>();
  #algorithm: Algorithm;
  /** Whom a request may go to now: the healthy, or all when none is (fail-open). */
  #candidates: readonly TargetState[] = [];

  constructor(config: TargetGroup, engine: Engine, events: GroupEvents) {
    this.id = config.id;
    this.#config = config;
    this.#engine = engine;
    this.#events = events;
    this.#algorithm = createAlgorithm(config.algorithm, engine.random);
  }

  /** Takes over a configuration. `inUse`: some listener forwards to this group. */
  apply(config: TargetGroup, inUse: boolean): void {
    if (config.algorithm !== this.#config.algorithm) this.#algorithm = createAlgorithm(config.algorithm, this.#engine.random);
    this.#config = config;
    const next = new Map<string, TargetState>();
    for (const target of config.targets) next.set(target.id, this.#applyTarget(target, inUse));
    for (const [id, state] of this.#targets) if (next.get(id) !== state) this.#release(state);
    this.#targets = next;
    this.#refresh();
  }

  /** The target for a request, or undefined when none is registered. A retry avoids the target that failed if there is another. */
  pick(avoid: TargetState | undefined): TargetState | undefined {
    const candidates = this.#candidates;
    if (candidates.length === 0) return undefined;
    const index = candidates.length === 1 ? 0 : this.#algorithm.pick();
    const picked = candidates[index];
    if (picked !== avoid || candidates.length === 1) return picked;
    return candidates[(index + 1) % candidates.length];
  }

  /** Ends what draining has to end. Called about once a second and whenever a draining target finished a request. */
  tick(nowMs: number = monotonicMs()): void {
    for (const target of this.#targets.values()) if (target.phase === 'draining') this.#drain(target, nowMs);
    for (const target of this.#leaving) {
      if (target.outstanding > 0 && nowMs < target.drainUntilMs) continue;
      this.#leaving.delete(target);
      target.closeAll();
    }
  }

  takeMetrics(): TargetGroupMetrics {
    const targets = [...this.#targets.values(), ...this.#leaving].map((target) => {
      const { id: targetId, requestCount, outstanding } = target;
      target.requestCount = 0;
      return { targetId, requestCount, outstanding };
    });
    return this.counters.take(this.id, targets);
  }

  describeHealth(): TargetHealth[] {
    return [...this.#targets.values()].map((target) => target.describe());
  }

  close(): void {
    for (const target of this.#targets.values()) this.#release(target);
    this.#targets = new Map();
    this.#refresh();
  }

  get busy(): boolean {
    return this.#leaving.size > 0;
  }

  #applyTarget(target: Target, inUse: boolean): TargetState {
    const known = this.#targets.get(target.id);
    const same = known !== undefined && known.host === target.host && known.port === target.port;
    const state = same ? known : new TargetState(this, target);
    const wasDraining = state.phase === 'draining';
    state.phase = target.phase;
    if (target.phase === 'draining') {
      if (!wasDraining) this.#beginDraining(state);
    } else {
      state.drainUntilMs = Number.POSITIVE_INFINITY;
      state.drainedReported = false;
      this.#monitor(state, target, inUse);
    }
    if (!same || wasDraining !== (state.phase === 'draining')) this.#events.onHealth(state.describe());
    return state;
  }

  #beginDraining(state: TargetState): void {
    state.monitor?.stop();
    state.monitor = undefined;
    state.drainUntilMs = monotonicMs() + this.#config.deregistrationDelayMs;
    state.closeIdle();
  }

  #monitor(state: TargetState, target: Target, inUse: boolean): void {
    const before = state.monitor;
    if (!inUse) {
      before?.stop();
      state.monitor = undefined;
      if (before) this.#events.onHealth(state.describe());
    } else if (before) before.reconfigure(this.#config.healthCheck, this.#engine.random);
    else {
      state.monitor = new HealthMonitor(target, this.#config.healthCheck, {
        clock: this.#engine.clock,
        random: this.#engine.random,
        probe: this.#events.probe,
        onStep: (flipped) => {
          if (flipped) this.#refresh();
          this.#events.onHealth(state.describe());
        },
      });
    }
  }

  #release(state: TargetState): void {
    state.removed = true;
    state.monitor?.stop();
    state.monitor = undefined;
    state.drainUntilMs = Math.min(state.drainUntilMs, monotonicMs() + this.#config.deregistrationDelayMs);
    state.closeIdle();
    if (state.outstanding > 0) this.#leaving.add(state);
  }

  #drain(target: TargetState, nowMs: number): void {
    if (target.drainedReported) return;
    if (target.outstanding > 0 && nowMs < target.drainUntilMs) return;
    target.closeAll();
    target.drainedReported = true;
    this.#events.onDrained(this.id, target.id);
  }

  #refresh(): void {
    const registered = [...this.#targets.values()].filter((target) => target.phase === 'registered');
    const healthy = registered.filter((target) => target.healthy);
    this.#candidates = healthy.length > 0 ? healthy : registered;
    if (this.#candidates.length > 0) this.#algorithm.update(this.#candidates);
  }
}
