import { monotonicMs } from '../../base/index.ts';
import type { OutlierDetection, ProtocolVersion, Target, TargetGroup, TargetGroupMetrics, TargetHealth } from '../../model/index.ts';
import type { ResponseHead } from '../../http1/index.ts';
import { createAlgorithm, hashText, type Algorithm } from '../algorithms/index.ts';
import { GroupCounters } from '../counters.ts';
import type { Engine } from '../engine.ts';
import { TargetSessions } from '../h2/target-sessions.ts';
import type { Check } from '../health/check.ts';
import { HealthMonitor, type Probe } from '../health/monitor.ts';
import { ejected, stepTrust, ejectionsAllowed, type Failure } from '../health/outlier.ts';
import { cookieOf, type RequestView } from '../routing/request-view.ts';
import { cookieNameOf, type StickyCookies } from '../routing/stickiness.ts';
import { RetryBudget } from './retry-budget.ts';
import { TargetState } from './target-state.ts';

/** What a request brings to the choice of its target. */
export interface Binding {
  /** The target that the client is bound to by a cookie. */
  boundTo: string | undefined;
  hash: number;
  nowMs: number;
}

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
  readonly #cookies: StickyCookies;
  #config: TargetGroup;
  #targets = new Map<string, TargetState>();
  /** Gone from the snapshot with requests in flight. */
  #leaving = new Set<TargetState>();
  #algorithm: Algorithm;
  /** Whom a request may go to now: the usable that are not ejected. */
  #candidates: readonly TargetState[] = [];
  #slowStarting = false;
  /** When the next ejected target comes back. */
  #nextReturnMs = Number.POSITIVE_INFINITY;

  constructor(config: TargetGroup, engine: Engine, events: GroupEvents, cookies: StickyCookies) {
    this.#cookies = cookies;
    this.id = config.id;
    this.#config = config;
    this.#engine = engine;
    this.#events = events;
    this.#algorithm = createAlgorithm(config.algorithm, engine.random, config.anomalyMitigation);
  }

  /** Takes over a configuration. `inUse`: some listener forwards to this group. */
  apply(config: TargetGroup, inUse: boolean): void {
    if (config.algorithm !== this.#config.algorithm || config.anomalyMitigation !== this.#config.anomalyMitigation)
      this.#algorithm = createAlgorithm(config.algorithm, this.#engine.random, config.anomalyMitigation);
    this.#config = config;
    const next = new Map<string, TargetState>();
    for (const target of config.targets) next.set(target.id, this.#applyTarget(target, inUse));
    for (const [id, state] of this.#targets) if (next.get(id) !== state) this.#release(state);
    this.#targets = next;
    this.#refresh();
  }

  get protocolVersion(): ProtocolVersion {
    return this.#config.protocolVersion ?? 'HTTP1';
  }

  /** HTTP/1.1 clients are served by HTTP/2 targets. */
  get http1Clients(): boolean {
    return this.#config.http1Clients === true;
  }

  /** Whether `bind` has anything to do. */
  get binds(): boolean {
    return this.#config.stickiness !== undefined || this.#algorithm.hashes;
  }

  /** Notes what of the request decides about its target. */
  bind(binding: Binding, view: RequestView): void {
    const { stickiness } = this.#config;
    if (stickiness !== undefined) binding.boundTo = this.#cookies.read(view, cookieNameOf(stickiness), this.id);
    if (this.#algorithm.hashes) binding.hash = hashText(this.#hashKey(view));
  }

  /** The target for a request, or undefined when none is registered. A retry avoids the target that failed if there is another. */
  pick(binding: Binding, avoid: TargetState | undefined): TargetState | undefined {
    const candidates = this.#candidates;
    if (candidates.length === 0) return undefined;
    if (binding.boundTo !== undefined && avoid === undefined) {
      const bound = candidates.find((candidate) => candidate.id === binding.boundTo);
      if (bound !== undefined) return bound;
    }
    if (candidates.length === 1) return candidates[0];
    const index = this.#algorithm.pick(binding);
    const picked = candidates[index];
    return picked === avoid ? candidates[(index + 1) % candidates.length] : picked;
  }

  /** A target answered, or failed to: a 5xx is a failure too. */
  onAnswer(target: TargetState, latencyMs: number, failure: Failure | undefined, nowMs: number): void {
    this.#algorithm.onAnswer(target, latencyMs, failure !== undefined, nowMs);
    const rules = this.#config.outlierDetection;
    if (rules !== undefined) this.#judge(target, failure, rules, nowMs);
  }

  /** Lines to add to an answer, to bind the client to its target. */
  stickyFields(target: TargetState, head: ResponseHead, secure: boolean): string {
    const { stickiness } = this.#config;
    if (stickiness === undefined) return '';
    if (stickiness.type === 'app_cookie' && !head.getAll('set-cookie').some((line) => line.startsWith(`${stickiness.cookieName}=`)))
      return '';
    return this.#cookies.write(cookieNameOf(stickiness), this.id, target.id, stickiness.durationMs, secure);
  }

  /** Ends what draining has to end. Called about once a second and whenever a draining target finished a request. */
  tick(nowMs: number = monotonicMs()): void {
    this.#algorithm.tick(nowMs);
    if (this.#slowStarting || nowMs >= this.#nextReturnMs) this.#refresh(nowMs);
    for (const target of this.#targets.values()) if (target.phase === 'draining') this.#drain(target, nowMs);
    for (const target of this.#leaving) {
      if (target.outstanding > 0 && nowMs < target.drainUntilMs) continue;
      this.#leaving.delete(target);
      target.closeAll();
    }
  }

  takeMetrics(nowMs: number = monotonicMs()): TargetGroupMetrics {
    const targets = [...this.#targets.values(), ...this.#leaving].map((target) => {
      const { id: targetId, requestCount, outstanding } = target;
      target.requestCount = 0;
      return ejected(target.trust, nowMs)
        ? { targetId, requestCount, outstanding, ejected: true }
        : { targetId, requestCount, outstanding };
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
    const same = known !== undefined && known.host === target.host && known.port === target.port && this.#speaks(known);
    const state = same ? known : this.#addTarget(target);
    const wasDraining = state.phase === 'draining';
    state.phase = target.phase;
    state.configuredWeight = target.weight ?? 1;
    state.addedLatencyMs = target.addedLatencyMs ?? 0;
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

  #addTarget(target: Target): TargetState {
    const { host, port } = target;
    const secure = this.#config.protocol === 'HTTPS';
    const parts = { host, port, secure, grpc: this.protocolVersion === 'GRPC' };
    return new TargetState(this, target, secure, this.protocolVersion === 'HTTP1' ? undefined : new TargetSessions(this.#engine, parts));
  }

  /** Whether a target is spoken to as the configuration has it now. */
  #speaks(state: TargetState): boolean {
    return state.secure === (this.#config.protocol === 'HTTPS') && (state.sessions === undefined) === (this.protocolVersion === 'HTTP1');
  }

  #checkOf({ addedLatencyMs = 0 }: Target): Check {
    return { ...this.#config.healthCheck, protocolVersion: this.protocolVersion, addedLatencyMs };
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
    } else if (before) before.reconfigure(this.#checkOf(target), this.#engine.random);
    else {
      state.monitor = new HealthMonitor(target, this.#checkOf(target), {
        clock: this.#engine.clock,
        random: this.#engine.random,
        probe: this.#events.probe,
        onStep: (flipped) => {
          if (flipped) this.#onFlip(state);
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

  // A target that comes to others that are healthy starts slowly; the first of a group cannot.
  #onFlip(state: TargetState): void {
    const others = this.#candidates.some((candidate) => candidate !== state && candidate.healthy);
    state.slowStartFromMs = state.healthy && others ? monotonicMs() : Number.NEGATIVE_INFINITY;
    this.#refresh();
    if (!state.healthy && others) state.rescue();
  }

  #judge(target: TargetState, failure: Failure | undefined, rules: OutlierDetection, nowMs: number): void {
    const wasEjected = ejected(target.trust, nowMs);
    if (wasEjected) return;
    target.trust = stepTrust(target.trust, failure, rules, nowMs, () => this.#mayEject(rules, nowMs));
    if (ejected(target.trust, nowMs)) this.#refresh(nowMs);
  }

  #mayEject(rules: OutlierDetection, nowMs: number): boolean {
    const usable = this.#usable();
    return usable.filter((target) => ejected(target.trust, nowMs)).length < ejectionsAllowed(usable.length, rules);
  }

  /** The healthy, or all when too few are (fail-open). */
  #usable(): TargetState[] {
    const registered = [...this.#targets.values()].filter((target) => target.phase === 'registered' && target.configuredWeight > 0);
    const healthy = registered.filter((target) => target.healthy);
    return healthy.length >= Math.max(1, this.#config.minimumHealthyTargets ?? 1) ? healthy : registered;
  }

  #refresh(nowMs: number = monotonicMs()): void {
    const usable = this.#usable();
    const out = usable.filter((target) => ejected(target.trust, nowMs));
    // Health checks may since have taken away those that were left.
    this.#candidates = out.length < usable.length ? usable.filter((target) => !out.includes(target)) : usable;
    this.#nextReturnMs = Math.min(...out.map((target) => target.trust.ejectedUntilMs));
    const slowStartMs = this.#config.slowStartMs ?? 0;
    this.#slowStarting = false;
    for (const target of this.#candidates) {
      const grown = slowStartMs === 0 ? 1 : Math.max(SLOW_START_MIN, (nowMs - target.slowStartFromMs) / slowStartMs);
      if (grown < 1) this.#slowStarting = true;
      target.weight = target.configuredWeight * Math.min(1, grown);
    }
    if (this.#candidates.length > 0) this.#algorithm.update(this.#candidates);
  }

  #hashKey(view: RequestView): string {
    const key = this.#config.hashKey ?? { from: 'source-ip' };
    switch (key.from) {
      case 'path':
        return view.path;
      case 'header':
        return view.header(key.name.toLowerCase())[0] ?? view.address;
      case 'cookie':
        return cookieOf(view, key.name) ?? view.address;
      case 'query':
        return new URLSearchParams(view.query).get(key.name) ?? view.address;
      default:
        return view.address;
    }
  }
}

/** The share that a target starts with. */
const SLOW_START_MIN = 0.02;
