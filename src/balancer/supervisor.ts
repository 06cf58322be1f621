import {
  PlimsollError,
  entry,
  forkChild,
  systemClock,
  systemRandom,
  type Child,
  type ChildExit,
  type Clock,
  type SocketHandle,
} from '../base/index.ts';
import type { BalancerCommand, BalancerEvent, BalancerMetrics, BoundListener, RoutingSnapshot, TargetHealth } from '../model/index.ts';
import { Drains } from './drains.ts';
import { balancerErrors } from './errors.ts';
import { KeptSockets } from './kept-sockets.ts';

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
  /** It was given the listening sockets of its predecessor, if there were any. */
  equipped: boolean;
  /** Another has taken its place. */
  retired: boolean;
  /** Called when it has applied a snapshot. */
  onApplied: (() => void) | undefined;
  /** The last it answered with. */
  applied: AppliedEvent | undefined;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: (event: AppliedEvent) => void;
}

/** A worker that ends sooner than this after its start has failed; each failure in a row doubles the pause before the next start. */
const STEADY_MS = 5_000;
const PAUSE_MS = 50;
const PAUSE_MAX_MS = 1_000;
/** After so many failures in a row a worker's sockets are closed: clients shall not wait for what does not come. */
const FAILURES_MAX = 3;
const KILL_MS = 1_000;

/**
 * Starts the workers. One that dies is started again at once with the last snapshot and the listening sockets it had: the
 * connections it had accepted are lost, those that wait in the kernel's queue or come meanwhile are not.
 */
export function startBalancer(options: BalancerOptions = {}): Balancer {
  return new Supervisor(options);
}

class Supervisor implements Balancer {
  readonly #options: BalancerOptions;
  readonly #clock: Clock;
  readonly #slots: Slot[] = [];
  /** Every process that has not ended: those of `#slots`, their replacements on the way, and the replaced that finish what they have. */
  readonly #alive = new Set<Slot>();
  /** By worker. */
  readonly #sockets: KeptSockets[] = [];
  /** In a row, by worker. */
  readonly #failures: number[] = [];
  readonly #health: ((health: TargetHealth) => void)[] = [];
  readonly #drained: ((targetGroupId: string, targetId: string) => void)[] = [];
  readonly #metrics: ((delta: BalancerMetrics, worker: number) => void)[] = [];
  readonly #exits: ((exit: BalancerExit) => void)[] = [];
  readonly #drains = new Drains<Slot>();
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
    for (let i = 0; i < count; i++) {
      this.#sockets.push(new KeptSockets());
      this.#failures.push(0);
      this.#slots.push(this.#start(i));
    }
  }

  get pids(): readonly number[] {
    return this.#slots.map((slot) => slot.child.pid);
  }

  apply(snapshot: RoutingSnapshot): Promise<AppliedEvent> {
    if (this.#stopping) throw new PlimsollError(balancerErrors.PL_BALANCER_STOPPED, { what: 'the balancer has been stopped' });
    this.#snapshot = snapshot;
    this.#drains.follow(snapshot);
    for (const [index, slot] of this.#slots.entries()) this.#hand(index, slot);
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
      const fresh = this.#start(index);
      await Promise.race([new Promise<void>((resolve) => (fresh.onApplied = resolve)), fresh.child.exited]);
      if (fresh.applied === undefined) return;
      const old = this.#slots[index] as Slot;
      old.retired = true;
      this.#slots[index] = fresh;
      old.child.send({ type: 'retire' });
      const kill = this.#clock.after(graceMs, () => void old.child.stop(KILL_MS));
      void old.child.exited.then(() => kill.cancel());
    }
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const sockets of this.#sockets) sockets.closeAll();
    await Promise.all([...this.#alive].map((slot) => slot.child.stop(graceMs)));
  }

  #start(index: number): Slot {
    const { log } = this.#options;
    const child = forkChild<BalancerCommand, BalancerEvent>(entry(import.meta.url, './worker'), log === undefined ? {} : { onLine: log });
    const slot: Slot = {
      child,
      startedAtMs: this.#clock.nowMs(),
      ready: false,
      equipped: false,
      retired: false,
      onApplied: undefined,
      applied: undefined,
    };
    this.#alive.add(slot);
    child.onMessage((event, socket) => this.#onEvent(index, slot, event, socket));
    void child.exited.then((exit) => this.#onExit(index, slot, exit));
    return slot;
  }

  #onEvent(index: number, slot: Slot, event: BalancerEvent, socket: SocketHandle | undefined): void {
    if (event.type === 'listening') return this.#keep(index, slot, event, socket);
    if (slot.retired && event.type !== 'metrics' && event.type !== 'drained') return;
    switch (event.type) {
      case 'ready':
        slot.ready = true;
        return this.#hand(index, slot);
      case 'applied':
        slot.applied = event;
        slot.onApplied?.();
        for (const { id, port } of event.bound) this.#ports.set(id, port);
        if (index === 0)
          for (const [at, other] of this.#slots.entries()) if (other.applied?.revision !== event.revision) this.#hand(at, other);
        return this.#settle();
      case 'health':
        if (index === 0) for (const handler of this.#health) handler(event.health);
        return;
      case 'drained':
        this.#drains.report(slot, event.targetGroupId, event.targetId);
        return this.#tellDrained();
      case 'metrics':
        for (const handler of this.#metrics) handler(event.delta, index);
        return;
    }
  }

  /**
   * Sends a worker the present snapshot. A port is claimed, or chosen by the kernel, by the first worker alone: the others
   * wait for it and share it, and a restarted one gets it again. A fresh process gets the sockets of the one before it first.
   */
  #hand(index: number, slot: Slot): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || !slot.ready) return;
    const listeners = snapshot.listeners.map((listener) => ({ ...listener, port: listener.port || (this.#ports.get(listener.id) ?? 0) }));
    const claimed = this.#slots[0]?.applied?.revision === snapshot.revision || listeners.every(({ id }) => this.#ports.has(id));
    if (index > 0 && (!claimed || listeners.some(({ port }) => port === 0))) return;
    const sockets = this.#sockets[index] as KeptSockets;
    sockets.closeUnless(listeners);
    if (!slot.equipped) for (const [id, socket] of sockets) slot.child.send({ type: 'socket', id }, socket);
    slot.equipped = true;
    slot.child.send({ type: 'snapshot', snapshot: { secret: this.#secret, ...snapshot, listeners }, owned: [...this.#ports.keys()] });
  }

  // Of a process that has been replaced, or while the balancer stops, nothing is kept.
  #keep(index: number, slot: Slot, { id, port }: BoundListener, socket: SocketHandle | undefined): void {
    const config = this.#snapshot?.listeners.find((listener) => listener.id === id);
    if (socket === undefined) return;
    if (config === undefined || slot.retired || this.#stopping) socket.close();
    else this.#sockets[index]?.keep(config, port, socket);
  }

  /** A target is drained once no process has a request in flight there: those that finish what they have count, too. */
  #tellDrained(): void {
    for (const { targetGroupId, targetId } of this.#drains.take([...this.#alive]))
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
    this.#alive.delete(slot);
    this.#drains.forget(slot);
    if (!this.#stopping) this.#tellDrained();
    const expected = this.#stopping || slot.retired;
    for (const handler of this.#exits) handler({ ...exit, pid: slot.child.pid, expected });
    if (expected || this.#slots[index] !== slot) return;
    slot.applied = undefined;
    const steady = this.#clock.nowMs() - slot.startedAtMs >= STEADY_MS;
    const failures = steady ? 0 : (this.#failures[index] ?? 0) + 1;
    this.#failures[index] = failures;
    if (failures >= FAILURES_MAX) this.#sockets[index]?.closeAll();
    const again = (): void => {
      if (!this.#stopping && this.#slots[index] === slot) this.#slots[index] = this.#start(index);
    };
    if (failures <= 1) again();
    else this.#clock.after(Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** (failures - 2)), again);
  }
}
