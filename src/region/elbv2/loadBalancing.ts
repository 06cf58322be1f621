import { errorMessage, type Clock, type Logger } from '../../base/index.ts';
import type { LoopbackNetwork } from '../../compute/index.ts';
import {
  instances,
  listeners,
  loadBalancingTags,
  networkInterfaces,
  securityGroupRules,
  loadBalancers,
  rules,
  targetGroups,
  targets,
  type LoadBalancerResource,
  type Place,
  type TargetGroupResource,
  type TargetState,
  type World,
} from '../../aws/index.ts';
import { isNetworkProtocol, type BoundListener, type Listener, type TargetGroup } from '../../model/index.ts';
import type { Addresses } from '../addresses.ts';
import { isInterruption } from '../plane/line.ts';
import type { PlaneBalancer } from '../plane/plane.ts';
import type { FoundRouting } from '../plane/protocol.ts';
import { accessLogOf } from './accessLog.ts';
import { groupsOf, routingAction } from './actions.ts';
import { Certificates } from './certificates.ts';
import { KnownTargets, type KnownTarget } from './knownTargets.ts';
import { routingListener } from './listener.ts';
import { hostData, metricData, type MeasuredData, type MetricContext } from './metrics.ts';
import { reaches, sourcesOf } from './securityGroups.ts';
import { Sockets } from './sockets.ts';
import { routingGroup } from './targetGroup.ts';

export interface LoadBalancingOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly timeScale: number;
  readonly balancer: PlaneBalancer;
  /** What the balancer runs already. */
  readonly found: FoundRouting | undefined;
  readonly network: LoopbackNetwork;
  /** Addresses of an earlier run that are leased for those who had them. */
  readonly keptAddresses: ReadonlySet<string>;
  readonly addresses: Addresses;
  /** Certificates are kept here. */
  readonly dataDir: string;
  /** One address for all load balancers; each gets one of its own from the network unless given. */
  readonly host?: string;
  /** The ports of this machine to try for a listener, in order; 0 is any free one. */
  portsFor(listenerPort: number): readonly number[];
  /** A listener listens. */
  onBound(bound: BoundListener): void;
  /** A target is to be reached at a port. */
  onTarget(id: string, port: number): void;
  onMetrics(measured: readonly MeasuredData[]): void;
  readonly log: Logger;
}

const kinds = [
  loadBalancers,
  listeners,
  rules,
  targetGroups,
  targets,
  loadBalancingTags,
  instances,
  networkInterfaces,
  securityGroupRules,
].map(({ kind }) => `/${kind}`);

/**
 * ELBv2 made real: whatever the tables of load balancers, listeners, rules, groups and targets say becomes one routing
 * snapshot for the data plane. Snapshots are made after each change, one at a time; changes meanwhile share the next.
 */
export class LoadBalancing {
  readonly #options: LoadBalancingOptions;
  readonly #sockets: Sockets;
  readonly #targets: KnownTargets;
  readonly #certificates: Certificates;
  /** Target group ARN → the load balancers that use it. */
  #users = new Map<string, Set<string>>();
  readonly #watchers = new Set<() => void>();
  #revision = 0;
  #publishing = false;
  #again = false;
  #closed = false;

  constructor(options: LoadBalancingOptions) {
    this.#options = options;
    this.#sockets = new Sockets(options);
    this.#targets = new KnownTargets(options.addresses, (id, port) => options.onTarget(id, port));
    this.#certificates = new Certificates(options.dataDir, () => this.publish(), options.log);
    const { world, balancer, addresses } = options;
    this.#adopt();
    world.watch((changed) => {
      for (const table of changed) if (kinds.some((kind) => table.endsWith(kind))) return this.publish();
    });
    addresses.onChange(() => this.publish());
    balancer.onHealth((health) => {
      if (this.#targets.onHealth(health)) this.#changed();
    });
    balancer.onDrained((group, target) => {
      if (!this.#targets.onDrained(group, target)) return;
      this.publish();
      this.#changed();
    });
    balancer.onMetrics((delta) => options.onMetrics(metricData(delta, this.#context())));
    this.publish();
  }

  /** Load balancers keep their addresses over a restart; what listens and is known already is taken on. */
  #adopt(): void {
    const { world, found } = this.#options;
    for (const at of world.places())
      for (const { LoadBalancerArn, DNSName } of at.table(loadBalancers).values()) this.#sockets.hostOf(LoadBalancerArn, DNSName);
    if (found === undefined) return;
    this.#revision = found.snapshot.revision;
    this.#targets.adopt(found);
    for (const { id, loadBalancerId } of found.snapshot.listeners) {
      const bound = found.bound.find((one) => one.id === id);
      if (bound !== undefined) this.#sockets.adopt(loadBalancerId, bound);
    }
  }

  /** The address that a load balancer has, or gets now: what clients reach it by. */
  hostOf(loadBalancerArn: string): string {
    return this.#sockets.hostOf(loadBalancerArn);
  }

  /** Where a listener really listens; undefined while it does not. */
  boundTo(listenerArn: string): BoundListener | undefined {
    return this.#sockets.boundTo(listenerArn);
  }

  /** Where each listener that listens really is, by its ARN. */
  whereabouts(): Record<string, { host: string; port: number }> {
    const arns = this.#options.world.places().flatMap((at) => at.table(listeners).keys());
    return Object.fromEntries(
      arns.flatMap((arn) => {
        const bound = this.boundTo(arn);
        return bound === undefined ? [] : [[arn, { host: bound.host, port: bound.port }]];
      }),
    );
  }

  /** The file that stands for a load balancer's access log; undefined while that is off. */
  accessLogOf(balancer: LoadBalancerResource): string | undefined {
    return accessLogOf(this.#options.dataDir, balancer);
  }

  /** Why a listener cannot listen; undefined while it can, or has not been tried. */
  failureOf(listenerArn: string): string | undefined {
    return this.#sockets.failureOf(listenerArn);
  }

  /** Targets of a group as DescribeTargetHealth tells them. */
  targetHealth(at: Place, groupArn: string): TargetState[] {
    return this.#targets.describe(at, groupArn, this.#users.has(groupArn));
  }

  /** Whether a listener forwards to a group: only then its targets are checked. */
  isUsed(groupArn: string): boolean {
    return this.#users.has(groupArn);
  }

  /** One target; undefined when the data plane does not know it. */
  target(groupArn: string, id: string, port: number): Readonly<KnownTarget> | undefined {
    return this.#targets.get(groupArn, id, port);
  }

  /** HealthyHostCount and its kin of all groups in use. */
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

  /** The data plane has to be told all anew. `moved`: every load balancer gets another address, and another name with it. */
  restart(moved: boolean): void {
    if (moved) this.#sockets.move();
    this.publish();
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
        // Another balancer is on its way, and gets the next.
        if (isInterruption(error)) this.#again = true;
        else if (!this.#closed) this.#options.log.error({ err: error }, `the balancer took no snapshot: ${errorMessage(error)}`);
      }
    }
    this.#publishing = false;
  }

  async #publishOnce(): Promise<void> {
    const places = this.#options.world.places();
    this.#users = new Map();
    const found = places.flatMap((at) => this.#listenersOf(at));

    const applied = await this.#options.balancer.apply({
      revision: ++this.#revision,
      listeners: found,
      targetGroups: places.flatMap((at) => this.#groupsOf(at)),
    });
    for (const bound of applied.bound) this.#sockets.onBound(bound);
    for (const { id, message } of applied.failed) if (this.#sockets.onFailed(id, message)) this.publish();
    this.#targets.endDraining((groupArn) => this.#users.has(groupArn));
    this.#settle();
    this.#changed();
  }

  /** Notes by the way who uses which group. */
  #listenersOf(at: Place): Listener[] {
    const byListener = Map.groupBy(at.table(rules).values(), ({ listenerArn }) => listenerArn);
    return at
      .table(listeners)
      .values()
      .flatMap((listener) => {
        const balancer = at.table(loadBalancers).get(listener.LoadBalancerArn);
        if (balancer === undefined || balancer.Type === 'gateway') return [];
        const own = byListener.get(listener.ListenerArn) ?? [];
        for (const actions of [listener.DefaultActions, ...own.map(({ Actions }) => Actions)])
          for (const arn of groupsOf(routingAction(actions)))
            this.#users.set(arn, (this.#users.get(arn) ?? new Set()).add(listener.LoadBalancerArn));
        const wanted = this.#sockets.wanted(listener.ListenerArn, listener.LoadBalancerArn, listener.Port ?? 0);
        const secure = listener.Protocol === 'HTTPS' || listener.Protocol === 'TLS';
        const arns = secure ? listener.certificates.flatMap(({ CertificateArn }) => CertificateArn ?? []) : [];
        const certificates = arns.flatMap((arn) => this.#certificates.get(arn, wanted.host) ?? []);
        // A listener without its certificates yet waits for them.
        return certificates.length < arns.length
          ? []
          : [
              routingListener(listener, balancer, own, wanted, certificates, {
                sources: sourcesOf(at, balancer, listener.Port ?? 0),
                accessLog: accessLogOf(this.#options.dataDir, balancer),
              }),
            ];
      });
  }

  /** Only groups in use: nobody checks the health of others, as with AWS. */
  #groupsOf(at: Place): TargetGroup[] {
    const registered = this.#targets.register(at, (groupArn, id, port) => this.#isReached(at, groupArn, id, port));
    return at
      .table(targetGroups)
      .filter(({ TargetGroupArn }) => this.#users.has(TargetGroupArn))
      .map((group) => routingGroup(group, registered.get(group.TargetGroupArn) ?? [], this.#options.timeScale));
  }

  /** By the security groups of the load balancers that forward to a group, one of which suffices. */
  #isReached(at: Place, groupArn: string, id: string, port: number): boolean {
    const users = [...(this.#users.get(groupArn) ?? [])].flatMap((arn) => at.table(loadBalancers).get(arn) ?? []);
    return users.length === 0 || users.some((balancer) => reaches(at, balancer, id, port));
  }

  /** Load balancers whose listeners are up become active; what is no more gives back its address. */
  #settle(): void {
    const { world } = this.#options;
    const places = world.places();
    this.#sockets.keep(
      new Set(places.flatMap((at) => at.table(listeners).keys())),
      new Set(places.flatMap((at) => at.table(loadBalancers).keys())),
    );
    for (const at of places) {
      const news = at
        .table(loadBalancers)
        .filter((one) => one.State?.Code === 'provisioning' || one.DNSName !== this.hostOf(one.LoadBalancerArn));
      if (news.length === 0) continue;
      world.transaction(() => {
        for (const one of news)
          at.table(loadBalancers).patch(one, { State: { Code: 'active' }, DNSName: this.hostOf(one.LoadBalancerArn) });
      });
    }
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
      usersOf: (arn) => [...(this.#users.get(arn) ?? [])],
      hostsOf: (arn) => {
        const states = this.#targets.of(arn).map(({ health }) => health?.state);
        return {
          healthy: states.filter((state) => state === 'healthy').length,
          unhealthy: states.filter((state) => state === 'unhealthy').length,
        };
      },
    };
  }
}
