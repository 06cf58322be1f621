import { PlimsollError, entry, forkChild, systemClock, systemRandom, type Child, type ChildExit, type Clock } from '../base/index.ts';
import type { BalancerCommand, BalancerEvent, BalancerMetrics, RoutingSnapshot, TargetHealth } from '../model/index.ts';
import { balancerErrors } from './errors.ts';

export type AppliedEvent = Extract<BalancerEvent, { type: 'applied' }>;

export interface BalancerOptions {
  /** Gets each line that a worker writes. */
  log?: (line: string) => void;
  /** Worker processes; they share each port by SO_REUSEPORT. 1 unless given. */
  workers?: number;
  clock?: Clock;
}

export interface BalancerExit extends ChildExit {
  readonly pid: number;
  /** False when it ended by itself and is started again. */
  readonly expected: boolean;
}

/** The data plane as the control plane sees it. */
export interface Balancer {
  /** Resolves when every worker runs this snapshot; the ports are those of the first. A later call supersedes an earlier one that still waits. */
  apply(snapshot: RoutingSnapshot): Promise<AppliedEvent>;
  /** Health of targets as the first worker sees it: on every change, and again after a restart of that worker. */
  onHealth(handler: (health: TargetHealth) => void): void;
  /** Once per draining target, when no worker has a request for it in flight or the delay is over. */
  onDrained(handler: (targetGroupId: string, targetId: string) => void): void;
  /** One delta per worker and second; `worker` is its index, which a restarted one keeps. */
  onMetrics(handler: (delta: BalancerMetrics, worker: number) => void): void;
  onExit(handler: (exit: BalancerExit) => void): void;
  readonly pids: readonly number[];
  /**
   * Puts a new process in each worker's place, one after the other: the new one listens before the old one stops taking
   * connections, and the old one finishes what it has for at most `graceMs`. Resolves when the last new one serves.
   */
  replaceWorkers(graceMs: number): Promise<void>;
  /** Stops listening, lets requests in flight finish for `graceMs`, then kills. */
  stop(graceMs: number): Promise<void>;
}

interface Slot {
  child: Child<BalancerCommand, BalancerEvent>;
  startedAtMs: number;
  ready: boolean;
  /** Another has taken its place. */
  retired: boolean;
  /** Called when it has applied a snapshot. */
  onApplied: (() => void) | undefined;
  /** The last it answered with. */
  applied: AppliedEvent | undefined;
  drained: Set<string>;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: (event: AppliedEvent) => void;
}

const RESTART_MS = 50;
/** A worker that ends sooner than this after its start is started again only after a pause. */
const STEADY_MS = 5_000;
const RESTART_SLOW_MS = 1_000;
const KILL_MS = 1_000;

/** Starts the workers. They are restarted with the last snapshot when they die. */
export function startBalancer(options: BalancerOptions = {}): Balancer {
  return new Supervisor(options);
}

class Supervisor implements Balancer {
  readonly #options: BalancerOptions;
  readonly #clock: Clock;
  readonly #slots: Slot[] = [];
  /** Replaced, and still finishing what they have. */
  readonly #retiring = new Set<Slot>();
  readonly #health: ((health: TargetHealth) => void)[] = [];
  readonly #drained: ((targetGroupId: string, targetId: string) => void)[] = [];
  readonly #metrics: ((delta: BalancerMetrics, worker: number) => void)[] = [];
  readonly #exits: ((exit: BalancerExit) => void)[] = [];
  #snapshot: RoutingSnapshot | undefined;
  #waiters: Waiter[] = [];
  /** Ports that listeners got, by id. */
  readonly #ports = new Map<string, number>();
  #stopping = false;
  /** For snapshots that bring none: the same for all workers of this balancer. */
  readonly #secret = systemRandom.hex(32);

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const count = Math.max(1, options.workers ?? 1);
    for (let i = 0; i < count; i++) this.#slots.push(this.#start(i));
  }

  get pids(): readonly number[] {
    return this.#slots.map((slot) => slot.child.pid);
  }

  apply(snapshot: RoutingSnapshot): Promise<AppliedEvent> {
    if (this.#stopping) throw new PlimsollError(balancerErrors.PL_BALANCER_STOPPED, { what: 'the balancer has been stopped' });
    this.#snapshot = snapshot;
    for (const slot of this.#slots) this.#hand(slot);
    return new Promise((resolve) => this.#waiters.push({ revision: snapshot.revision, resolve }));
  }

  onHealth(handler: (health: TargetHealth) => void): void {
    this.#health.push(handler);
  }

  onDrained(handler: (targetGroupId: string, targetId: string) => void): void {
    this.#drained.push(handler);
  }

  onMetrics(handler: (delta: BalancerMetrics, worker: number) => void): void {
    this.#metrics.push(handler);
  }

  onExit(handler: (exit: BalancerExit) => void): void {
    this.#exits.push(handler);
  }

  async replaceWorkers(graceMs: number): Promise<void> {
    for (let index = 0; index < this.#slots.length && !this.#stopping; index++) {
      const old = this.#slots[index] as Slot;
      const fresh = this.#start(index);
      await Promise.race([new Promise<void>((resolve) => (fresh.onApplied = resolve)), fresh.child.exited]);
      if (fresh.applied === undefined) return;
      old.retired = true;
      this.#slots[index] = fresh;
      old.child.send({ type: 'retire' });
      const kill = this.#clock.after(graceMs, () => void old.child.stop(KILL_MS));
      void old.child.exited.then(() => kill.cancel());
      this.#retiring.add(old);
      void old.child.exited.then(() => this.#retiring.delete(old));
    }
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#slots, ...this.#retiring].map((slot) => slot.child.stop(graceMs)));
  }

  #start(index: number): Slot {
    const { log } = this.#options;
    const child = forkChild<BalancerCommand, BalancerEvent>(entry(import.meta.url, './worker'), log === undefined ? {} : { onLine: log });
    const slot: Slot = {
      child,
      startedAtMs: this.#clock.nowMs(),
      ready: false,
      retired: false,
      onApplied: undefined,
      applied: undefined,
      drained: new Set(),
    };
    child.onMessage((event) => this.#onEvent(index, slot, event));
    void child.exited.then((exit) => this.#onExit(index, slot, exit));
    return slot;
  }

  #onEvent(index: number, slot: Slot, event: BalancerEvent): void {
    if (slot.retired && event.type !== 'metrics') return;
    switch (event.type) {
      case 'ready':
        slot.ready = true;
        return this.#hand(slot);
      case 'applied':
        slot.applied = event;
        slot.onApplied?.();
        for (const { id, port } of event.bound) this.#ports.set(id, port);
        if (index === 0) for (const other of this.#slots) if (other.applied?.revision !== event.revision) this.#hand(other);
        return this.#settle();
      case 'health':
        if (index === 0) for (const handler of this.#health) handler(event.health);
        return;
      case 'drained':
        slot.drained.add(`${event.targetGroupId} ${event.targetId}`);
        return this.#onDrained(event.targetGroupId, event.targetId);
      case 'metrics':
        for (const handler of this.#metrics) handler(event.delta, index);
        return;
    }
  }

  /**
   * Sends a worker the present snapshot. A port that the kernel chooses is chosen once, by the first worker: the
   * others wait for it, and a restarted one gets it again.
   */
  #hand(slot: Slot): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || !slot.ready) return;
    const listeners = snapshot.listeners.map((listener) => ({ ...listener, port: listener.port || (this.#ports.get(listener.id) ?? 0) }));
    if (slot !== this.#slots[0] && listeners.some((listener) => listener.port === 0)) return;
    slot.child.send({ type: 'snapshot', snapshot: { secret: this.#secret, ...snapshot, listeners }, owned: [...this.#ports.keys()] });
  }

  #onDrained(targetGroupId: string, targetId: string): void {
    const key = `${targetGroupId} ${targetId}`;
    if (!this.#slots.every((slot) => slot.drained.has(key))) return;
    for (const slot of this.#slots) slot.drained.delete(key);
    for (const handler of this.#drained) handler(targetGroupId, targetId);
  }

  #settle(): void {
    const reached = Math.min(...this.#slots.map((slot) => slot.applied?.revision ?? -1));
    const first = this.#slots[0]?.applied;
    if (first === undefined) return;
    const done = this.#waiters.filter((waiter) => waiter.revision <= reached);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > reached);
    for (const waiter of done) waiter.resolve(first);
  }

  #onExit(index: number, slot: Slot, exit: ChildExit): void {
    const expected = this.#stopping || slot.retired;
    for (const handler of this.#exits) handler({ ...exit, pid: slot.child.pid, expected });
    if (expected || this.#slots[index] !== slot) return;
    const lived = this.#clock.nowMs() - slot.startedAtMs;
    slot.applied = undefined;
    this.#clock.after(lived >= STEADY_MS ? RESTART_MS : RESTART_SLOW_MS, () => {
      if (!this.#stopping) this.#slots[index] = this.#start(index);
    });
  }
}
