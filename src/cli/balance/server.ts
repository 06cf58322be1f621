import { dirname, resolve } from 'node:path';
import { startBalancer, type AppliedEvent, type Balancer } from '../../balancer/index.ts';
import { systemClock, type Logger } from '../../base/index.ts';
import type { RoutingSnapshot, Target, TargetGroup, TargetHealth } from '../../model/index.ts';
import type { BalanceConfig } from './config.ts';
import { Counters } from './counters.ts';
import { durationMs, listenersOf, targetGroupsOf } from './snapshot.ts';

/** What `/status` shows. */
export interface BalanceStatus {
  readonly file: string;
  readonly revision: number;
  readonly loadedAt: string;
  readonly workers: readonly { readonly pid: number }[];
  readonly listeners: readonly { readonly url: string; readonly state: 'listening' | 'failed'; readonly reason?: string }[];
  readonly targetGroups: readonly {
    readonly name: string;
    readonly algorithm: string;
    readonly targets: readonly {
      readonly id: string;
      readonly weight: number;
      readonly state: TargetHealth['state'];
      readonly reason?: string;
      readonly description?: string;
      readonly requests: number;
      readonly outstanding: number;
    }[];
  }[];
}

/** The balancer behind one configuration file: applies it, follows its changes, and knows how it fares. */
export class BalanceServer {
  readonly counters = new Counters();
  readonly #file: string;
  readonly #folder: string;
  readonly #balancer: Balancer;
  readonly #log: Logger;
  readonly #health = new Map<string, TargetHealth>();
  /** Targets that the file no longer names and that still have requests in flight, by group. */
  readonly #draining = new Map<string, Map<string, Target>>();
  #config: BalanceConfig;
  #groups: readonly TargetGroup[] = [];
  #applied: AppliedEvent | undefined;
  #revision = 0;
  #loadedAtMs = 0;

  constructor(file: string, config: BalanceConfig, workers: number, log: Logger) {
    this.#file = file;
    this.#folder = dirname(resolve(file));
    this.#config = config;
    this.#log = log;
    this.#balancer = startBalancer({ workers, log: (line) => log.warn({ source: 'worker' }, line) });
    this.#balancer.onHealth((health) => this.#onHealth(health));
    this.#balancer.onDrained((group, target) => this.#onDrained(group, target));
    this.#balancer.onMetrics((delta) => this.counters.add(delta));
    this.#balancer.onExit(({ pid, code, signal, expected }) => {
      if (!expected) log.error({ pid, code, signal }, 'a worker ended; it is started again');
    });
  }

  /**
   * Brings the workers to a configuration. Connections and requests of what did not change go on; targets that
   * are gone finish what they have in flight. Resolves with what could not be listened to.
   */
  async apply(config: BalanceConfig): Promise<AppliedEvent['failed']> {
    const groups = targetGroupsOf(config);
    this.#keepDraining(groups);
    this.#config = config;
    this.#groups = groups;
    this.#loadedAtMs = systemClock.nowMs();
    const applied = await this.#publish();
    for (const { id, message } of applied.failed) this.#log.error({ listener: id }, `cannot listen: ${message}`);
    return applied.failed;
  }

  get config(): BalanceConfig {
    return this.#config;
  }

  status(): BalanceStatus {
    const failed = new Map(this.#applied?.failed.map((each) => [each.id, each.message]));
    return {
      file: this.#file,
      revision: this.#revision,
      loadedAt: new Date(this.#loadedAtMs).toISOString(),
      workers: this.#balancer.pids.map((pid) => ({ pid })),
      listeners: this.#config.listeners.map(({ bind = '127.0.0.1', port, protocol }) => {
        const reason = failed.get(`${bind}:${port}`);
        const url = `${protocol.toLowerCase()}://${bind.includes(':') ? `[${bind}]` : bind}:${port}`;
        return reason === undefined ? { url, state: 'listening' } : { url, state: 'failed', reason };
      }),
      targetGroups: this.#withDraining().map((group) => ({
        name: group.id,
        algorithm: group.algorithm,
        targets: group.targets.map((target) => this.#targetStatus(group.id, target)),
      })),
    };
  }

  /** Takes no new connection; requests in flight get the configured time. */
  async stop(): Promise<void> {
    await this.#balancer.stop(durationMs(this.#config.drainTimeout, 30_000));
  }

  async #publish(): Promise<AppliedEvent> {
    const snapshot: RoutingSnapshot = {
      revision: ++this.#revision,
      listeners: listenersOf(this.#config, this.#folder),
      targetGroups: this.#withDraining(),
    };
    return (this.#applied = await this.#balancer.apply(snapshot));
  }

  #withDraining(): TargetGroup[] {
    return this.#groups.map((group) => ({ ...group, targets: [...group.targets, ...(this.#draining.get(group.id)?.values() ?? [])] }));
  }

  #keepDraining(next: readonly TargetGroup[]): void {
    for (const group of next) {
      const named = new Set(group.targets.map((target) => target.id));
      const draining = this.#draining.get(group.id) ?? new Map<string, Target>();
      for (const target of this.#groups.find((each) => each.id === group.id)?.targets ?? []) {
        if (!named.has(target.id)) draining.set(target.id, { ...target, phase: 'draining' });
      }
      for (const id of named) draining.delete(id);
      this.#draining.set(group.id, draining);
    }
  }

  #onDrained(groupId: string, targetId: string): void {
    if (!this.#draining.get(groupId)?.delete(targetId)) return;
    this.#health.delete(`${groupId} ${targetId}`);
    this.#log.info({ targetGroup: groupId, target: targetId }, 'target drained');
    this.#publish().catch((error: unknown) => this.#log.error({ err: error }, 'the workers took no snapshot'));
  }

  #onHealth(health: TargetHealth): void {
    const key = `${health.targetGroupId} ${health.targetId}`;
    const before = this.#health.get(key)?.state;
    this.#health.set(key, health);
    this.counters.health(health);
    if (before === health.state) return;
    const { targetGroupId: targetGroup, targetId: target, state, reason, description } = health;
    this.#log[state === 'unhealthy' ? 'warn' : 'info']({ targetGroup, target, reason, description }, `target is ${state}`);
  }

  #targetStatus(groupId: string, target: Target): BalanceStatus['targetGroups'][number]['targets'][number] {
    const health = this.#health.get(`${groupId} ${target.id}`);
    const { requests, outstanding } = this.counters.target(groupId, target.id);
    return {
      id: target.id,
      weight: target.weight ?? 1,
      state: target.phase === 'draining' ? 'draining' : (health?.state ?? 'initial'),
      requests,
      outstanding,
      ...(health?.reason === undefined ? {} : { reason: health.reason }),
      ...(health?.description === undefined ? {} : { description: health.description }),
    };
  }
}
