import { createServer, type Server } from 'node:net';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { errorMessage, monotonicMs, systemErrorCode, systemRandom } from '../base/index.ts';
import {
  isNetworkProtocol,
  type BalancerMetrics,
  type BoundListener,
  type FailedListener,
  type Listener,
  type RoutingSnapshot,
  type TargetGroup,
} from '../model/index.ts';
import { AccessLog } from './access-log.ts';
import { admissionOf } from './transport/admission.ts';
import { ClientConnection } from './client/client-connection.ts';
import { LoadBalancerCounters } from './counters.ts';
import type { Engine } from './engine.ts';
import { Front } from './client/front.ts';
import { GroupState, type GroupEvents } from './target/group-state.ts';
import { acceptHandles, admitFirst, handles, type HandleTransport } from './transport/handle-transport.ts';
import { H2Session } from './h2/h2-session.ts';
import { ListeningSockets } from './transport/listening.ts';
import { NetworkRuntime } from './network/network-runtime.ts';
import { DateText } from './client/own-answers.ts';
import { Routes, groupsOf, type RouteParts } from './routing/routes.ts';
import { Seal } from './routing/sealed.ts';
import { StickyCookies } from './routing/stickiness.ts';
import { tlsTransport } from './transport/tls-transport.ts';
import { Certificates, createTlsServer } from './transport/tls.ts';
import { TraceIds } from './client/trace-id.ts';
import { StreamTransport, streamOptions, unowned, type Transport } from './transport/transport.ts';

interface Bound {
  readonly config: Listener;
  readonly server: Server;
  readonly front: Front;
  readonly port: number;
  readonly certificates: Certificates | undefined;
}

export interface Applied {
  readonly bound: readonly BoundListener[];
  readonly failed: readonly FailedListener[];
}

const emptyGroup: TargetGroup = {
  id: '',
  protocol: 'HTTP',
  algorithm: 'round_robin',
  deregistrationDelayMs: 0,
  healthCheck: {
    path: '/',
    port: 'traffic-port',
    intervalMs: 30_000,
    timeoutMs: 5_000,
    healthyThreshold: 5,
    unhealthyThreshold: 2,
    matcher: '200',
  },
  targets: [],
};

/** Everything that a worker runs: listeners, groups, counters; moved from snapshot to snapshot. */
export class Runtime {
  readonly #engine: Engine;
  readonly #events: GroupEvents;
  readonly #date: DateText;
  readonly #traces: TraceIds;
  readonly #sockets: ListeningSockets;
  readonly #network: NetworkRuntime;
  #listeners = new Map<string, Bound>();
  #groups = new Map<string, GroupState>();
  readonly #counters = new Map<string, LoadBalancerCounters>();
  readonly #logs = new Map<string, AccessLog>();
  /** The listeners of the snapshot that is being applied, or was last. */
  #wanted: readonly Listener[] = [];
  #cookies: StickyCookies | undefined;
  #empty: GroupState | undefined;
  /** No longer in the snapshot, with connections or requests left. */
  readonly #retired = new Set<Front>();
  readonly #retiredGroups = new Set<GroupState>();
  #lastMetricsMs = monotonicMs();
  #lastCpu = process.cpuUsage();

  constructor(engine: Engine, events: GroupEvents, sockets: ListeningSockets = new ListeningSockets()) {
    this.#engine = engine;
    this.#events = events;
    this.#sockets = sockets;
    this.#network = new NetworkRuntime(engine, events, sockets);
    this.#date = new DateText(engine.clock);
    this.#traces = new TraceIds(engine.clock, engine.random);
  }

  /**
   * Brings the worker to a snapshot. Sockets whose address is unchanged stay open, their connections and requests
   * are not touched; whatever fails to listen is told and the rest goes on.
   */
  async apply(snapshot: RoutingSnapshot, owned: ReadonlySet<string> = new Set()): Promise<Applied> {
    const application = await this.#applyApplication(applicationPart(snapshot), owned);
    const network = await this.#network.apply(snapshot, owned);
    this.#sockets.closeRest();
    return { bound: [...application.bound, ...network.bound], failed: [...application.failed, ...network.failed] };
  }

  async #applyApplication(snapshot: RoutingSnapshot, owned: ReadonlySet<string>): Promise<Applied> {
    this.#wanted = snapshot.listeners;
    const cookies = this.#cookiesOf(snapshot);
    const groups = this.#applyGroups(snapshot);
    const parts: RouteParts = { groups, random: this.#engine.random, cookies, nowhere: this.#nowhere() };
    const failed: FailedListener[] = [];
    const next = new Map<string, Bound>();
    for (const bound of this.#listeners.values()) if (!isKept(bound, snapshot)) this.#close(bound);
    for (const config of snapshot.listeners) {
      const known = this.#listeners.get(config.id);
      try {
        const routes = new Routes(config, parts);
        next.set(
          config.id,
          known && isKept(known, snapshot) ? this.#rewire(known, config, routes) : await this.#listen(config, routes, owned.has(config.id)),
        );
      } catch (error) {
        failed.push({ id: config.id, code: systemErrorCode(error) ?? 'EINVAL', message: errorMessage(error) });
      }
    }
    this.#listeners = next;
    return { bound: [...next.values()].map(({ config, port }) => ({ id: config.id, host: config.host, port })), failed };
  }

  /** About once a second: ends drains, and tells what was counted. */
  tick(nowMs: number = monotonicMs()): BalancerMetrics {
    for (const group of [...this.#groups.values(), ...this.#retiredGroups]) group.tick(nowMs);
    for (const group of this.#retiredGroups) if (!group.busy) this.#retiredGroups.delete(group);
    for (const front of this.#retired) if (front.connections.size === 0) this.#retired.delete(front);
    for (const log of this.#logs.values()) log.flush();
    for (const line of [this.#engine.descriptors.report(), ...[...this.#logs.values()].map((log) => log.report())])
      if (line !== undefined) this.#engine.onWarning(line);
    const cpu = process.cpuUsage(this.#lastCpu);
    this.#lastCpu = process.cpuUsage();
    const network = this.#network.tick(nowMs);
    const spanMs = nowMs - this.#lastMetricsMs;
    this.#lastMetricsMs = nowMs;
    const loadBalancers = [...this.#counters.values()].map((counters) => counters.take());
    this.#forget();
    return {
      spanMs,
      cpuMs: (cpu.user + cpu.system) / 1000,
      rssBytes: process.memoryUsage.rss(),
      loadBalancers,
      targetGroups: [...this.#groups.values()].map((group) => group.takeMetrics(nowMs)),
      ...(network === undefined ? {} : { network }),
    };
  }

  /** Stops listening; `gently` as of `FrontConnection.drain`; resolves when the last connection is gone or `graceMs` is over. */
  async drain(graceMs: number, gently = false): Promise<void> {
    const fronts = [...this.#listeners.values()].map((bound) => bound.front);
    for (const bound of this.#listeners.values()) this.#close(bound, gently);
    this.#listeners = new Map();
    this.#network.stopListening();
    const busy = (): boolean => this.#network.flowCount > 0 || fronts.some((front) => front.connections.size > 0);
    const untilMs = monotonicMs() + graceMs;
    while (busy() && monotonicMs() < untilMs) await this.#engine.clock.sleep(20);
  }

  close(): void {
    for (const bound of this.#listeners.values()) this.#close(bound);
    for (const group of this.#groups.values()) group.close();
    for (const front of this.#retired) for (const connection of front.connections) connection.close();
    this.#network.close();
    this.#engine.close();
  }

  #applyGroups(snapshot: RoutingSnapshot): Map<string, GroupState> {
    const inUse = new Set(snapshot.listeners.flatMap(groupsOf));
    const groups = new Map<string, GroupState>();
    for (const config of snapshot.targetGroups) groups.set(config.id, this.#applyGroup(config, inUse.has(config.id)));
    for (const [id, group] of this.#groups) {
      if (groups.has(id)) continue;
      group.close();
      if (group.busy) this.#retiredGroups.add(group);
    }
    this.#groups = groups;
    return groups;
  }

  #applyGroup(config: TargetGroup, inUse: boolean): GroupState {
    const group = this.#groups.get(config.id) ?? new GroupState(config, this.#engine, this.#events, this.#cookies!);
    group.apply(config, inUse);
    return group;
  }

  #rewire(bound: Bound, config: Listener, routes: Routes): Bound {
    if (bound.certificates !== undefined) {
      bound.certificates.set(config.certificates ?? [], config.minTlsVersion);
      (bound.server as TlsServer).setSecureContext(bound.certificates.fallback);
    }
    bound.front.routes = routes;
    this.#configure(bound.front, config);
    return { ...bound, config };
  }

  #configure(front: Front, config: Listener): void {
    const attributes = config.attributes ?? {};
    front.configure(attributes, attributes.accessLog === undefined ? undefined : this.#logAt(attributes.accessLog), admissionOf(config));
  }

  #logAt(path: string): AccessLog {
    let log = this.#logs.get(path);
    if (log === undefined) this.#logs.set(path, (log = new AccessLog(path, this.#engine.clock)));
    return log;
  }

  // The first secret stays: cookies that are out must go on being understood.
  #cookiesOf(snapshot: RoutingSnapshot): StickyCookies {
    this.#cookies ??= new StickyCookies(new Seal(snapshot.secret ?? systemRandom.hex(32), systemRandom), this.#engine.clock);
    return this.#cookies;
  }

  /** A group without targets: 503. */
  #nowhere(): GroupState {
    this.#empty ??= new GroupState(emptyGroup, this.#engine, this.#events, this.#cookies!);
    return this.#empty;
  }

  #countersOf(loadBalancerId: string): LoadBalancerCounters {
    let counters = this.#counters.get(loadBalancerId);
    if (counters === undefined) this.#counters.set(loadBalancerId, (counters = new LoadBalancerCounters(loadBalancerId)));
    return counters;
  }

  /** What neither the snapshot nor a connection needs any more: its last counts have been told and its lines written. */
  #forget(): void {
    const ids = new Set([
      ...this.#wanted.map(({ loadBalancerId }) => loadBalancerId),
      ...[...this.#retired].map((front) => front.loadBalancerId),
    ]);
    const paths = new Set(this.#wanted.map(({ attributes }) => attributes?.accessLog));
    const writing = new Set([...this.#retired].map(({ log }) => log));
    for (const id of this.#counters.keys()) if (!ids.has(id)) this.#counters.delete(id);
    for (const [path, log] of this.#logs) if (!paths.has(path) && !writing.has(log) && log.idle) this.#logs.delete(path);
  }

  async #listen(config: Listener, routes: Routes, owned: boolean): Promise<Bound> {
    const certificates = config.protocol === 'HTTPS' ? certificatesOf(config) : undefined;
    const open = (transport: Transport): void => void (transport.owner = new ClientConnection(front, transport));
    const onSocket = (socket: TLSSocket): void => {
      if (socket.alpnProtocol === 'h2') new H2Session(front, socket).start();
      else open(tlsTransport(socket));
    };
    const server = certificates
      ? createTlsServer(certificates, () => front.http2, onSocket)
      : createServer({ noDelay: true, ...streamOptions });
    const port = await this.#sockets.listen(server, config, owned);
    const counters = this.#countersOf(config.loadBalancerId);
    const { loadBalancerId } = config;
    const parts = {
      engine: this.#engine,
      date: this.#date,
      traces: this.#traces,
      counters,
      loadBalancerId,
      secure: certificates !== undefined,
      port,
    };
    const front = new Front(parts, routes);
    this.#configure(front, config);
    const onRefused = (): void => void counters.rejectedConnectionCount++;
    server.on('error', onRefused);
    if (certificates === undefined) accept(server, open, onRefused);
    admitFirst(server, (peer) => (front.admits?.(peer()) ?? true) && this.#engine.descriptors.admit(), onRefused);
    return { config, server, front, port, certificates };
  }

  #close(bound: Bound, gently = false): void {
    bound.server.close();
    bound.front.drain(gently);
    if (bound.front.connections.size > 0) this.#retired.add(bound.front);
  }
}

/** What concerns requests; flows are the network balancer's. */
function applicationPart(snapshot: RoutingSnapshot): RoutingSnapshot {
  const listeners = snapshot.listeners.filter(({ protocol }) => !isNetworkProtocol(protocol));
  const targetGroups = snapshot.targetGroups.filter(({ protocol }) => !isNetworkProtocol(protocol));
  return { ...snapshot, listeners, targetGroups };
}

function certificatesOf(config: Listener): Certificates {
  const certificates = new Certificates();
  certificates.set(config.certificates ?? [], config.minTlsVersion);
  return certificates;
}

function isKept(bound: Bound, snapshot: RoutingSnapshot): boolean {
  const config = snapshot.listeners.find((listener) => listener.id === bound.config.id);
  return (
    config !== undefined &&
    config.host === bound.config.host &&
    (config.port === bound.config.port || config.port === bound.port) &&
    config.protocol === bound.config.protocol &&
    config.loadBalancerId === bound.config.loadBalancerId
  );
}

/** `onError` runs when a connection could not be taken, as a rule for want of file descriptors. */
function accept(server: Server, onTransport: (transport: Transport) => void, onError: () => void): void {
  if (handles === undefined) server.on('connection', (socket) => onTransport(new StreamTransport(socket, unowned)));
  else {
    const onHandle = (transport: HandleTransport): void => {
      onTransport(transport);
      transport.open();
    };
    acceptHandles(handles, server, onHandle, onError);
  }
}
