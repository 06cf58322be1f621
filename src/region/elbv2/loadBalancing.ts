import { isIP } from 'node:net';
import { errorMessage, type Clock, type Logger } from '../../base/index.ts';
import type { Balancer } from '../../balancer/index.ts';
import type { LoopbackNetwork } from '../../compute/index.ts';
import {
  instances,
  listeners,
  loadBalancers,
  networkInterfaces,
  rules,
  targetGroups,
  targets,
  type ListenerResource,
  type LoadBalancerResource,
  type Place,
  type TargetGroupResource,
  type TargetState,
  type World,
} from '../../aws/index.ts';
import { isNetworkProtocol, type BoundListener, type Target, type TargetHealth } from '../../model/index.ts';
import type { Addresses } from '../addresses.ts';
import { routingAction } from './actions.ts';
import { routingListener } from './listener.ts';
import { hostData, metricData, type MeasuredData, type MetricContext } from './metrics.ts';
import { routingGroup } from './targetGroup.ts';

export interface LoadBalancingOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly timeScale: number;
  readonly balancer: Balancer;
  readonly network: LoopbackNetwork;
  readonly addresses: Addresses;
  /** One address for all load balancers; each gets one of its own from the network unless given. */
  readonly host?: string;
  /** The ports of this machine to try for a listener, in order; 0 is any free one. */
  portsFor(listenerPort: number): readonly number[];
  onMetrics(measured: readonly MeasuredData[]): void;
  readonly log: Logger;
}

/** A target that the data plane knows, or has known and still finishes requests at. */
interface KnownTarget {
  readonly id: string;
  readonly port: number | undefined;
  readonly host: string;
  phase: 'registered' | 'draining';
  health: TargetHealth | undefined;
}

/** Where a listener is, or would be: `ports` are left to be tried. */
interface Socket {
  bound: BoundListener;
  ports: readonly number[];
  listening: boolean;
  /** Why none of its ports can be had. */
  failure: string | undefined;
}

const kinds = [loadBalancers, listeners, rules, targetGroups, targets, instances].map(({ kind }) => `/${kind}`);

/**
 * ELBv2 made real: whatever the tables of load balancers, listeners, rules, groups and targets say becomes one routing
 * snapshot for the data plane. Snapshots are made after each change, one at a time; changes meanwhile share the next.
 */
export class LoadBalancing {
  readonly #options: LoadBalancingOptions;
  /** Load balancer ARN → the address of its own that its listeners are at. */
  readonly #hosts = new Map<string, string>();
  readonly #sockets = new Map<string, Socket>();
  /** Target group ARN → `id:port` → target. */
  readonly #known = new Map<string, Map<string, KnownTarget>>();
  readonly #users = new Map<string, string[]>();
  readonly #watchers = new Set<() => void>();
  #revision = 0;
  #publishing = false;
  #again = false;
  #closed = false;

  constructor(options: LoadBalancingOptions) {
    this.#options = options;
    const { world, balancer, addresses } = options;
    world.watch((changed) => {
      for (const table of changed) if (kinds.some((kind) => table.endsWith(kind))) return this.publish();
    });
    addresses.onChange(() => this.publish());
    balancer.onHealth((health) => this.#onHealth(health));
    balancer.onDrained((group, target) => this.#onDrained(group, target));
    balancer.onMetrics((delta) => options.onMetrics(metricData(delta, this.#context())));
    this.publish();
  }

  /** The address that a load balancer has, or gets now: what clients reach it by. */
  hostOf(loadBalancerArn: string): string {
    let host = this.#hosts.get(loadBalancerArn);
    if (host === undefined) this.#hosts.set(loadBalancerArn, (host = this.#options.host ?? this.#options.network.lease()));
    return host;
  }

  /** Where a listener really listens; undefined while it does not. */
  boundTo(listenerArn: string): BoundListener | undefined {
    const socket = this.#sockets.get(listenerArn);
    return socket?.listening === true ? socket.bound : undefined;
  }

  /** Why a listener cannot listen; undefined while it can, or has not been tried. */
  failureOf(listenerArn: string): string | undefined {
    return this.#sockets.get(listenerArn)?.failure;
  }

  /** Targets of a group as DescribeTargetHealth tells them. */
  targetHealth(at: Place, groupArn: string): TargetState[] {
    const known = this.#known.get(groupArn) ?? new Map<string, KnownTarget>();
    const used = this.#users.has(groupArn);
    const registered = at.table(targets).filter((target) => target.groupArn === groupArn);
    const states = registered.map(({ id, port }): TargetState => {
      const state = stateOf(at, id);
      if (state !== undefined) return { id, port, ...state };
      if (!used) return { id, port, ...notInUse };
      const health = known.get(targetKey(id, port))?.health;
      return health === undefined || health.state === 'draining' ? { id, port, ...registering } : { id, port, ...described(health) };
    });
    const draining = [...known.values()].filter(({ phase }) => phase === 'draining');
    return [...states, ...draining.map(({ id, port }) => ({ id, port, ...leaving }))];
  }

  /** The state of one target; undefined when the group does not know it. */
  target(groupArn: string, id: string, port: number): Pick<KnownTarget, 'phase' | 'health'> | undefined {
    return this.#known.get(groupArn)?.get(targetKey(id, port));
  }

  /** HealthyHostCount and its kin of all groups. */
  hostMetrics(): MeasuredData[] {
    const context = this.#context();
    return [...this.#users.keys()].flatMap((arn) => {
      const protocol = this.#groupOf(arn)?.Protocol ?? 'HTTP';
      return hostData(arn, isNetworkProtocol(protocol) ? 'AWS/NetworkELB' : 'AWS/ApplicationELB', context);
    });
  }

  /** Called after each change of a target's health or draining. */
  onChange(watcher: () => void): void {
    this.#watchers.add(watcher);
  }

  /** Nothing is published afterwards: the balancer is being stopped. */
  close(): void {
    this.#closed = true;
  }

  /** Brings the data plane up to date, soon. */
  publish(): void {
    if (this.#closed) return;
    this.#again = true;
    if (!this.#publishing) void this.#publishWhileChanged();
  }

  async #publishWhileChanged(): Promise<void> {
    this.#publishing = true;
    while (this.#again && !this.#closed) {
      this.#again = false;
      // Changes that come in one burst, such as the writes of one request, share a snapshot.
      await Promise.resolve();
      try {
        await this.#publishOnce();
      } catch (error) {
        if (!this.#closed) this.#options.log.error({ err: error }, `the balancer took no snapshot: ${errorMessage(error)}`);
      }
    }
    this.#publishing = false;
  }

  async #publishOnce(): Promise<void> {
    const { balancer, world, timeScale } = this.#options;
    const places = world.places();
    const found = places.flatMap((at) => this.#listenersOf(at));
    this.#forgetSockets(new Set(found.map(({ id }) => id)));
    const groups = places.flatMap((at) =>
      at
        .table(targetGroups)
        .values()
        .filter(({ TargetGroupArn }) => this.#users.has(TargetGroupArn)),
    );
    const targetsOf = new Map(places.flatMap((at) => this.#register(at)));
    const applied = await balancer.apply({
      revision: ++this.#revision,
      listeners: found,
      targetGroups: groups.map((group) => routingGroup(group, targetsOf.get(group.TargetGroupArn) ?? [], timeScale)),
    });
    for (const bound of applied.bound) this.#onBound(bound);
    for (const { id, message } of applied.failed) this.#onFailed(id, message);
    this.#settle();
    this.#changed();
  }

  /** Listeners of a place that have, or can try, a port; notes by the way who uses which group. */
  #listenersOf(at: Place) {
    const byListener = Map.groupBy(at.table(rules).values(), ({ listenerArn }) => listenerArn);
    for (const arn of this.#users.keys()) if (arn.split(':')[3] === at.region && arn.split(':')[4] === at.account) this.#users.delete(arn);
    return at
      .table(listeners)
      .values()
      .flatMap((listener) => {
        const balancer = at.table(loadBalancers).get(listener.LoadBalancerArn);
        if (balancer === undefined || balancer.Type === 'gateway') return [];
        const own = byListener.get(listener.ListenerArn) ?? [];
        for (const { Actions } of [{ Actions: listener.DefaultActions }, ...own]) this.#noteUse(routingAction(Actions), balancer);
        const socket = this.#socketOf(listener, balancer);
        return socket === undefined ? [] : [routingListener(listener, balancer, own, socket.bound, [])];
      });
  }

  #noteUse(action: ReturnType<typeof routingAction>, { LoadBalancerArn }: LoadBalancerResource): void {
    const used =
      action?.type === 'forward'
        ? [action.targetGroupId]
        : action?.type === 'forward-weighted'
          ? action.groups.map(({ targetGroupId }) => targetGroupId)
          : [];
    for (const arn of used) {
      const users = this.#users.get(arn) ?? [];
      if (!users.includes(LoadBalancerArn)) this.#users.set(arn, [...users, LoadBalancerArn]);
    }
  }

  #socketOf(listener: ListenerResource, balancer: LoadBalancerResource): Socket | undefined {
    let socket = this.#sockets.get(listener.ListenerArn);
    const asked = listener.Port ?? 0;
    if (socket === undefined) {
      const [port = asked, ...ports] = this.#options.portsFor(asked);
      const bound = { id: listener.ListenerArn, host: this.hostOf(balancer.LoadBalancerArn), port };
      this.#sockets.set(listener.ListenerArn, (socket = { bound, ports, listening: false, failure: undefined }));
    }
    return socket;
  }

  #onBound(bound: BoundListener): void {
    const socket = this.#sockets.get(bound.id);
    if (socket === undefined) return;
    if (!socket.listening) this.#options.log.info({ listener: bound.id }, `listening on ${bound.host}:${bound.port}`);
    socket.bound = bound;
    socket.listening = true;
  }

  /** Its port cannot be had: the next that may be tried, if there is one. */
  #onFailed(id: string, message: string): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    socket.listening = false;
    const [port, ...ports] = socket.ports;
    const { host, port: tried } = socket.bound;
    this.#options.log.warn(
      { listener: id },
      `cannot listen on ${host}:${tried}: ${message}${port === undefined ? '' : `; trying port ${port}`}`,
    );
    if (port === undefined) {
      socket.failure = `${message} at ${host}:${tried}`;
      return;
    }
    socket.bound = { id, host, port };
    socket.ports = ports;
    this.publish();
  }

  #forgetSockets(listening: ReadonlySet<string>): void {
    for (const arn of this.#sockets.keys()) if (!listening.has(arn)) this.#sockets.delete(arn);
  }

  /** Load balancers whose listeners are up become active; addresses of those that are gone are given back. */
  #settle(): void {
    const { world, network } = this.#options;
    const places = world.places();
    const there = new Set(places.flatMap((at) => at.table(loadBalancers).keys()));
    for (const [arn, host] of this.#hosts) {
      if (there.has(arn)) continue;
      this.#hosts.delete(arn);
      network.release(host);
    }
    for (const at of places) {
      const changed = at
        .table(loadBalancers)
        .filter((one) => one.State?.Code === 'provisioning' || one.DNSName !== this.hostOf(one.LoadBalancerArn));
      if (changed.length === 0) continue;
      world.transaction(() => {
        for (const one of changed)
          at.table(loadBalancers).patch(one, { State: { Code: 'active' }, DNSName: this.hostOf(one.LoadBalancerArn) });
      });
    }
  }

  /** What the data plane is to know of each group's targets; those that were deregistered drain. */
  #register(at: Place): [groupArn: string, targets: Target[]][] {
    const byGroup = Map.groupBy(at.table(targets).values(), ({ groupArn }) => groupArn);
    const own = new Set(
      at
        .table(networkInterfaces)
        .values()
        .map(({ PrivateIpAddress }) => PrivateIpAddress),
    );
    return at
      .table(targetGroups)
      .keys()
      .map((groupArn) => {
        const known = this.#known.get(groupArn) ?? new Map<string, KnownTarget>();
        this.#known.set(groupArn, known);
        const registered = new Set<string>();
        for (const { id, port } of byGroup.get(groupArn) ?? []) {
          const host = this.#hostOf(id, own);
          if (host === undefined) continue;
          const key = targetKey(id, port);
          registered.add(key);
          const before = known.get(key);
          if (before?.phase !== 'registered' || before.host !== host)
            known.set(key, { id, port, host, phase: 'registered', health: undefined });
        }
        for (const [key, target] of known) {
          if (registered.has(key)) continue;
          if (this.#hostOf(target.id, own) === target.host) target.phase = 'draining';
          else known.delete(key);
        }
        return [groupArn, [...known].map(([key, { host, port, phase }]) => ({ id: key, host, port: port ?? 0, phase }))];
      });
  }

  /** Where a target is; an address of the region's own subnets leads nowhere unless something runs behind it. */
  #hostOf(id: string, own: ReadonlySet<string>): string | undefined {
    return this.#options.addresses.hostOf(id) ?? (isIP(id) !== 0 && !own.has(id) ? id : undefined);
  }

  #onHealth(health: TargetHealth): void {
    const target = this.#known.get(health.targetGroupId)?.get(health.targetId);
    if (target === undefined || target.phase === 'draining') return;
    target.health = health;
    this.#changed();
  }

  #onDrained(groupArn: string, key: string): void {
    const known = this.#known.get(groupArn);
    if (known?.get(key)?.phase !== 'draining') return;
    known.delete(key);
    this.publish();
    this.#changed();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #groupOf(arn: string): TargetGroupResource | undefined {
    const [, , , region = '', account = ''] = arn.split(':');
    return this.#options.world.place(account, region).table(targetGroups).get(arn);
  }

  #context(): MetricContext {
    return {
      timestampMs: this.#options.clock.nowMs(),
      usersOf: (arn) => this.#users.get(arn) ?? [],
      hostsOf: (arn) => {
        const states = [...(this.#known.get(arn)?.values() ?? [])].map(({ health }) => health?.state);
        return {
          healthy: states.filter((state) => state === 'healthy').length,
          unhealthy: states.filter((state) => state === 'unhealthy').length,
        };
      },
    };
  }
}

const registering = { state: 'initial', reason: 'Elb.RegistrationInProgress', description: 'Target registration is in progress' } as const;
const leaving = {
  state: 'draining',
  reason: 'Target.DeregistrationInProgress',
  description: 'Target deregistration is in progress',
} as const;
const notInUse = {
  state: 'unused',
  reason: 'Target.NotInUse',
  description: 'Target group is not configured to receive traffic from the load balancer',
} as const;

function described({ state, reason, description }: TargetHealth): Pick<TargetState, 'state' | 'reason' | 'description'> {
  return { state, ...(reason === undefined ? {} : { reason }), ...(description === undefined ? {} : { description }) };
}

/** What stands against an instance's being a target at all. */
function stateOf(at: Place, id: string): Pick<TargetState, 'state' | 'reason' | 'description'> | undefined {
  const instance = id.startsWith('i-') ? at.table(instances).get(id) : undefined;
  if (instance === undefined || instance.state === 'running' || instance.state === 'pending') return undefined;
  return { state: 'unused', reason: 'Target.InvalidState', description: `Target is in the ${instance.state} state` };
}

const targetKey = (id: string, port: number | undefined): string => `${id}:${port ?? ''}`;
