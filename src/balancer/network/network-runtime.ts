import { errorMessage, monotonicMs, systemErrorCode } from '../../base/index.ts';
import {
  isNetworkProtocol,
  type BoundListener,
  type FailedListener,
  type Listener,
  type NetworkMetrics,
  type RoutingSnapshot,
} from '../../model/index.ts';
import type { Engine } from '../engine.ts';
import type { GroupEvents } from '../target/group-state.ts';
import type { ListeningSockets } from '../transport/listening.ts';
import { groupsOf } from '../routing/routes.ts';
import { NetworkCounters } from './counters.ts';
import { compileForward } from './forward.ts';
import { checkLimits } from './limits.ts';
import { listen, type NetworkBound } from './listen.ts';
import { NetworkGroup } from './network-group.ts';
import { RelayMemory } from './relay-memory.ts';
import type { TcpFlow } from './tcp-flow.ts';

/** The network balancer of a worker: listeners and groups of flows, moved from snapshot to snapshot. */
export class NetworkRuntime {
  readonly #engine: Engine;
  readonly #events: GroupEvents;
  readonly #sockets: ListeningSockets;
  readonly #memory = new RelayMemory();
  readonly #counters = new Map<string, NetworkCounters>();
  readonly #tcpFlows = new Set<TcpFlow>();
  /** Load balancers of the snapshot that is being applied, or was last. */
  #wanted: ReadonlySet<string> = new Set();
  #listeners = new Map<string, NetworkBound>();
  #groups = new Map<string, NetworkGroup>();
  /** Gone from the snapshot while flows to their targets go on. */
  readonly #retired = new Set<NetworkGroup>();

  constructor(engine: Engine, events: GroupEvents, sockets: ListeningSockets) {
    this.#engine = engine;
    this.#events = events;
    this.#sockets = sockets;
  }

  /** Flows that a drain waits for. */
  get flowCount(): number {
    return this.#tcpFlows.size;
  }

  /**
   * Brings the network listeners and groups of a snapshot about. Established flows are not touched, sockets whose address
   * is unchanged stay open; whatever fails to listen is told and the rest goes on. `owned`: listeners whose ports this balancer has.
   */
  async apply(
    snapshot: RoutingSnapshot,
    owned: ReadonlySet<string> = new Set(),
  ): Promise<{ bound: readonly BoundListener[]; failed: readonly FailedListener[] }> {
    const listeners = snapshot.listeners.filter(({ protocol }) => isNetworkProtocol(protocol));
    this.#wanted = new Set(listeners.map(({ loadBalancerId }) => loadBalancerId));
    this.#applyGroups(snapshot, new Set(listeners.flatMap(groupsOf)));
    const failed: FailedListener[] = [];
    const next = new Map<string, NetworkBound>();
    for (const bound of this.#listeners.values()) if (!listeners.some((listener) => isKept(bound, listener))) bound.close();
    for (const config of listeners) {
      const known = this.#listeners.get(config.id);
      try {
        checkLimits(config);
        next.set(
          config.id,
          known !== undefined && isKept(known, config) ? this.#rewire(known, config) : await this.#listen(config, owned.has(config.id)),
        );
      } catch (error) {
        if (known !== undefined && isKept(known, config)) next.set(config.id, known);
        failed.push({ id: config.id, code: systemErrorCode(error) ?? 'EINVAL', message: errorMessage(error) });
      }
    }
    this.#listeners = next;
    return { bound: [...next.values()].map(({ config, port }) => ({ id: config.id, host: config.host, port })), failed };
  }

  /** About once a second: ends drains, and tells what was counted; undefined while there is no network balancer. */
  tick(nowMs: number = monotonicMs()): NetworkMetrics | undefined {
    for (const group of [...this.#groups.values(), ...this.#retired]) group.tick(nowMs);
    for (const group of this.#retired) if (!group.busy) this.#retired.delete(group);
    if (this.#counters.size === 0) return undefined;
    const loadBalancers = [...this.#counters.values()].map((counters) => counters.take());
    for (const [id, counters] of this.#counters) if (!this.#wanted.has(id) && !counters.flowing) this.#counters.delete(id);
    return {
      loadBalancers,
      targetGroups: [...this.#groups.values()].map((group) => group.takeMetrics()),
    };
  }

  /** Stops listening; TCP flows go on. */
  stopListening(): void {
    for (const bound of this.#listeners.values()) bound.close();
    this.#listeners = new Map();
  }

  close(): void {
    this.stopListening();
    for (const group of this.#groups.values()) group.close();
    for (const flow of this.#tcpFlows) flow.terminate();
  }

  #applyGroups(snapshot: RoutingSnapshot, inUse: ReadonlySet<string>): void {
    const groups = new Map<string, NetworkGroup>();
    for (const config of snapshot.targetGroups) {
      if (!isNetworkProtocol(config.protocol)) continue;
      const group = this.#groups.get(config.id) ?? new NetworkGroup(config, this.#engine, this.#events);
      group.apply(config, inUse.has(config.id));
      groups.set(config.id, group);
    }
    for (const [id, group] of this.#groups) {
      if (groups.has(id)) continue;
      group.close();
      if (group.busy) this.#retired.add(group);
    }
    this.#groups = groups;
  }

  #rewire(bound: NetworkBound, config: Listener): NetworkBound {
    bound.configure(config, compileForward(config, this.#groups));
    return { ...bound, config };
  }

  #listen(config: Listener, owned: boolean): Promise<NetworkBound> {
    const parts = {
      engine: this.#engine,
      memory: this.#memory,
      counters: this.#countersOf(config.loadBalancerId),
      tcpFlows: this.#tcpFlows,
    };
    return listen(config, compileForward(config, this.#groups), parts, { sockets: this.#sockets, owned });
  }

  #countersOf(loadBalancerId: string): NetworkCounters {
    let counters = this.#counters.get(loadBalancerId);
    if (counters === undefined) this.#counters.set(loadBalancerId, (counters = new NetworkCounters(loadBalancerId)));
    return counters;
  }
}

/** The sockets of a listener serve another configuration of it as they are. */
function isKept(bound: NetworkBound, config: Listener): boolean {
  const before = bound.config;
  return (
    config.id === before.id &&
    config.host === before.host &&
    (config.port === before.port || config.port === bound.port) &&
    config.protocol === before.protocol &&
    config.loadBalancerId === before.loadBalancerId &&
    config.network?.alpnPolicy === before.network?.alpnPolicy
  );
}
