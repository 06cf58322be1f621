import type { Socket } from 'node:net';
import { PlimsollError, systemClock, type Logger, type Timer } from '../../base/index.ts';
import type { AppliedEvent, Balancer } from '../../balancer/index.ts';
import {
  createMachines,
  machineOf,
  startPostgres,
  withContainers,
  type DockerDriver,
  type LoopbackNetwork,
  type PostgresExit,
  type PostgresServer,
} from '../../compute/index.ts';
import type {
  ComputeDriver,
  Machines,
  MachineSpec,
  RoutingSnapshot,
  TargetHealth,
  WorkloadSpec,
  WorkloadUsage,
} from '../../model/index.ts';
import { regionErrors } from '../errors.ts';
import { Channel, errorToRecord } from './channel.ts';
import type { Outbox } from './outbox.ts';
import type { DatabaseFacts, DatabaseSpec, DatabaseUse, Found, FoundBridge, PlaneCalls, PlaneMessage, PlaneOptions } from './protocol.ts';
import { machinesRecord } from './start.ts';

export interface HostParts {
  readonly network: LoopbackNetwork;
  /** Runs tasks. */
  readonly driver: ComputeDriver;
  /** Runs machines; the same, where tasks are processes. */
  readonly machineDriver: ComputeDriver;
  /** The first of them, where tasks are containers. */
  readonly docker: DockerDriver | undefined;
  readonly balancer: Balancer;
  /** What happens goes there, and from there to the region. */
  readonly outbox: Outbox;
  readonly log: Logger;
}

type Handlers = { [Name in keyof PlaneCalls]: (...args: Parameters<PlaneCalls[Name]>) => unknown };

/** How long a region's data plane waits for the first attachment, and at its own end for requests in flight. */
const firstAttachMs = 20_000;
const balancerGraceMs = 5000;

/**
 * The owner of all that carries traffic: balancer workers, tasks, machines, databases. It does what the region calls
 * for, and goes on by itself when the region is gone, until another attaches or the grace is over.
 */
export class Host {
  readonly #options: PlaneOptions;
  readonly #parts: HostParts;
  readonly #onClosed: (orphaned: boolean) => void;
  readonly #workloads = new Map<string, WorkloadSpec>();
  readonly #machineHosts = new Map<string, string>();
  readonly #databases = new Map<string, { server: PostgresServer; facts: DatabaseFacts }>();
  readonly #allowed = new Set<string>();
  /** Starts under way: whoever attaches meanwhile finds them done. */
  readonly #starting = new Set<Promise<unknown>>();
  readonly #health = new Map<string, TargetHealth>();
  #routing: { snapshot: RoutingSnapshot; applied: AppliedEvent } | undefined;
  #machines: Promise<Machines> | undefined;
  #orphanGraceMs: number;
  #region: Channel | undefined;
  #orphaned: Timer | undefined;
  #closing: Promise<void> | undefined;

  /** `onClosed` hears whether the region was gone. */
  constructor(options: PlaneOptions, parts: HostParts, onClosed: (orphaned: boolean) => void) {
    this.#options = options;
    this.#orphanGraceMs = options.orphanGraceMs;
    this.#parts = parts;
    this.#onClosed = onClosed;
    const { balancer, outbox } = parts;
    for (const each of this.#drivers) {
      each.onExit((exit) => {
        // Containers that instances run are the affair of their machines.
        if (machineOf(exit.id) !== undefined) return;
        this.#workloads.delete(exit.id);
        this.#machineHosts.delete(exit.id);
        outbox.put({ type: 'exit', exit });
      });
      each.onLine((id, line) => {
        if (machineOf(id) === undefined) outbox.put({ type: 'line', id, line });
      });
    }
    balancer.onHealth((health) => {
      this.#health.set(`${health.targetGroupId} ${health.targetId}`, health);
      outbox.put({ type: 'health', health });
    });
    balancer.onDrained((targetGroupId, targetId) => outbox.put({ type: 'drained', targetGroupId, targetId }));
    balancer.onMetrics((delta, worker) => outbox.put({ type: 'metrics', delta, worker, pids: balancer.pids }));
    this.#orphaned = systemClock.after(firstAttachMs, () => void this.close());
  }

  get #drivers(): ReadonlySet<ComputeDriver> {
    return new Set([this.#parts.driver, this.#parts.machineDriver]);
  }

  /** A region, or one that would be, has connected. */
  take(socket: Socket): void {
    const channel = new Channel(socket, (message) => {
      if (message.type === 'call') void this.#answer(channel, message);
    });
    channel.onClose(() => this.#onDetached(channel));
  }

  /** Ends everything, in the order in which a client notices least. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { balancer, network } = this.#parts;
    this.#orphaned?.cancel();
    await balancer.stop(balancerGraceMs);
    await (await this.#machines?.catch(() => undefined))?.close();
    await this.#closeDrivers();
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#databases.values()].map(({ server }) => server.stop()));
    await network.close();
    this.#onClosed(this.#region === undefined);
  }

  #onDetached(channel: Channel): void {
    if (this.#region !== channel) return;
    this.#region = undefined;
    this.#parts.outbox.detach();
    if (this.#closing !== undefined) return;
    this.#parts.log.warn(`the region is gone; what runs goes on for ${this.#orphanGraceMs / 1000} s`);
    this.#orphaned = systemClock.after(this.#orphanGraceMs, () => void this.close());
  }

  async #answer(channel: Channel, { id, method, args }: Extract<PlaneMessage, { type: 'call' }>): Promise<void> {
    try {
      if (method !== 'attach' && channel !== this.#region) throw new Error('not attached');
      const value = method === 'attach' ? await this.#attach(channel) : await this.#handle(method, args);
      channel.send({ type: 'result', id, value });
      if (method === 'attach') this.#parts.outbox.attach((event) => channel.send({ type: 'event', event }));
    } catch (error) {
      channel.send({ type: 'refusal', id, error: errorToRecord(error) });
    }
  }

  async #attach(channel: Channel): Promise<Found> {
    if (this.#region !== undefined || this.#closing !== undefined) {
      throw new PlimsollError(regionErrors.PL_REGION_DATA_IN_USE, {
        what: 'another region runs with this data folder',
        where: this.#options.dataDir,
        fix: 'stop it, or name another folder: --data DIR',
      });
    }
    this.#region = channel;
    this.#orphaned?.cancel();
    await Promise.allSettled(this.#starting);
    const { network, docker, driver, balancer, outbox } = this.#parts;
    const { kind, name, addresses } = network;
    return {
      options: this.#options,
      network: { kind, name, addresses },
      bridge: docker && foundBridge(docker),
      enforcement: driver.enforcement,
      balancerPids: balancer.pids,
      workloads: [...this.#workloads.values()].map(({ id, address }) => ({ id, address })),
      machines: [...this.#machineHosts].map(([id, host]) => ({ id, host })),
      databases: [...this.#databases.values()].map(({ facts }) => facts),
      routing: this.#routing && {
        snapshot: this.#routing.snapshot,
        bound: this.#routing.applied.bound,
        health: [...this.#health.values()],
      },
      missed: outbox.take(),
    };
  }

  async #handle(method: keyof PlaneCalls, args: readonly unknown[]): Promise<unknown> {
    return (this.#handlers[method] as (...given: readonly unknown[]) => unknown)(...args);
  }

  readonly #handlers: Omit<Handlers, 'attach'> & { attach(): never } = {
    attach: () => {
      throw new Error('attached already');
    },
    start: (spec) => this.#track(this.#start(spec)),
    stop: async (id, graceMs) => void (await Promise.all([...this.#drivers].map((driver) => driver.stop(id, graceMs)))),
    exec: (id, command, timeoutMs) => this.#parts.driver.exec(id, command, timeoutMs),
    closeDriver: () => this.#closeDrivers(),
    sample: () => this.#sample(),
    openMachines: async () => (await this.#openMachines()).isolation,
    startMachine: (spec) => this.#track(this.#startMachine(spec)),
    stopMachine: async (id) => (await this.#openMachines()).stop(id),
    describeMachine: async (id, metadata) => (await this.#openMachines()).describe(id, metadata),
    allow: async (address, port) => {
      const key = `${address}:${port}`;
      if (this.#allowed.has(key)) return;
      this.#allowed.add(key);
      (await this.#openMachines()).allow(address, port);
    },
    expose: async (id, port) => (await this.#openMachines()).expose(id, port),
    closeMachines: async () => (await this.#machines)?.close(),
    startDatabase: (id, spec) => this.#track(this.#startDatabase(id, spec)),
    stopDatabase: async (id) => this.#databases.get(id)?.server.stop(),
    killDatabase: (id) => this.#databases.get(id)?.server.kill(),
    changeDatabasePassword: (id, password) => this.#changeDatabasePassword(id, password),
    slowDatabase: (id, addedLatencyMs) => this.#slowDatabase(id, addedLatencyMs),
    databaseUse: (id) => this.#databaseUse(id),
    apply: (snapshot) => this.#apply(snapshot),
    replaceWorkers: async (graceMs) => {
      await this.#parts.balancer.replaceWorkers(graceMs);
      return this.#parts.balancer.pids;
    },
    stopBalancer: (graceMs) => this.#parts.balancer.stop(graceMs),
    leave: () => void (this.#orphanGraceMs = 0),
    close: () => this.close(),
  };

  async #track<Value>(starting: Promise<Value>): Promise<Value> {
    this.#starting.add(starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(starting);
    }
  }

  async #start(spec: WorkloadSpec): Promise<void> {
    this.#workloads.set(spec.id, spec);
    try {
      await this.#parts.driver.start(spec);
    } catch (error) {
      this.#workloads.delete(spec.id);
      throw error;
    }
  }

  async #sample(): Promise<WorkloadUsage[]> {
    return withContainers((await Promise.all([...this.#drivers].map((driver) => driver.sample()))).flat());
  }

  async #closeDrivers(): Promise<void> {
    await Promise.all([...this.#drivers].map((driver) => driver.close()));
  }

  #openMachines(): Promise<Machines> {
    const { machineDriver: driver, docker, network, log } = this.#parts;
    const containers = docker && { driver: docker, leases: docker.bridge.instanceLeases };
    this.#machines ??= createMachines({ driver, network, log, containers, record: machinesRecord(this.#options.dataDir) });
    // A refusal is told to whoever asked, and tried again with the next call.
    this.#machines.catch(() => (this.#machines = undefined));
    return this.#machines;
  }

  async #startMachine(spec: MachineSpec): Promise<string> {
    const host = await (await this.#openMachines()).start(spec);
    this.#machineHosts.set(spec.id, host);
    return host;
  }

  async #startDatabase(id: string, spec: DatabaseSpec): Promise<DatabaseFacts> {
    const server = await startPostgres({ ...spec, log: this.#parts.log });
    const { host, port, uri, version, pid } = server;
    const facts = { id, host, port, uri, version, pid, addedLatencyMs: spec.addedLatencyMs };
    this.#databases.set(id, { server, facts });
    void server.exited.then((exit) => this.#onDatabaseExit(id, server, exit));
    return facts;
  }

  async #changeDatabasePassword(id: string, password: string): Promise<void> {
    const held = this.#databases.get(id);
    if (held === undefined) throw new Error(`no server of the database ${id} runs`);
    await held.server.changePassword(password);
    this.#databases.set(id, { ...held, facts: { ...held.facts, uri: held.server.uri } });
  }

  #slowDatabase(id: string, addedLatencyMs: number): void {
    const held = this.#databases.get(id);
    if (held === undefined) return;
    held.server.slow(addedLatencyMs);
    this.#databases.set(id, { ...held, facts: { ...held.facts, addedLatencyMs } });
  }

  #onDatabaseExit(id: string, server: PostgresServer, exit: PostgresExit): void {
    if (this.#databases.get(id)?.server === server) this.#databases.delete(id);
    this.#parts.outbox.put({ type: 'databaseExit', id, exit });
  }

  async #databaseUse(id: string): Promise<DatabaseUse | undefined> {
    const server = this.#databases.get(id)?.server;
    if (server === undefined) return undefined;
    const connections = await server.connections().catch(() => undefined);
    return { ...(await server.usage()), connections };
  }

  async #apply(snapshot: RoutingSnapshot): Promise<AppliedEvent> {
    const { balancer, docker } = this.#parts;
    const hosts = snapshot.listeners.map(({ host }) => host);
    await docker?.gateways.open(hosts);
    const applied = await balancer.apply(snapshot);
    void docker?.gateways.keep(hosts);
    this.#routing = { snapshot, applied };
    const known = new Set(snapshot.targetGroups.flatMap(({ id, targets }) => targets.map((target) => `${id} ${target.id}`)));
    for (const key of this.#health.keys()) if (!known.has(key)) this.#health.delete(key);
    return applied;
  }
}

function foundBridge({ bridge: { gateway, leases, gateways } }: DockerDriver): FoundBridge {
  const { kind, name, addresses } = leases;
  return { gateway, kind, name, addresses, gateways };
}
