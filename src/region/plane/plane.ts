import { resolve } from 'node:path';
import type { Socket } from 'node:net';
import { packageVersion, PlimsollError, type Logger } from '../../base/index.ts';
import type { Balancer } from '../../balancer/index.ts';
import { leasesOf, type LoopbackNetwork, type PostgresExit } from '../../compute/index.ts';
import type { BalancerMetrics, ComputeDriver, Machines, TargetHealth, WorkloadExit } from '../../model/index.ts';
import { regionErrors } from '../errors.ts';
import { Channel, errorFromRecord } from './channel.ts';
import type {
  ComputeKind,
  DatabaseFacts,
  DatabaseSpec,
  DatabaseUse,
  Found,
  PlaneCalls,
  PlaneEvent,
  PlaneMessage,
  PlaneOptions,
} from './protocol.ts';
import { findPlane, startPlane } from './start.ts';

export interface OpenPlaneOptions {
  readonly dataDir: string;
  readonly compute: ComputeKind;
  readonly orphanGraceMs: number;
  readonly log: Logger;
}

/** Workers that die are started again there; nobody here needs to hear of it. */
export type PlaneBalancer = Omit<Balancer, 'onExit'>;

/** A database server of the data plane. */
export interface DatabaseServer extends DatabaseFacts {
  readonly exited: Promise<PostgresExit>;
  stop(): Promise<void>;
  kill(): void;
  /** Of its master user. */
  changePassword(password: string): Promise<void>;
  use(): Promise<DatabaseUse | undefined>;
}

/**
 * The data plane as the region sees it: what carries traffic runs in a process of its own, which outlives the region.
 * `found` is what ran already. Nothing that happens is told before `begin`.
 */
export interface Plane {
  readonly found: Found;
  readonly network: LoopbackNetwork;
  readonly driver: ComputeDriver;
  readonly balancer: PlaneBalancer;
  openMachines(): Promise<Machines>;
  startDatabase(id: string, spec: DatabaseSpec): Promise<DatabaseServer>;
  /** A server that ran already. */
  adoptDatabase(id: string): DatabaseServer | undefined;
  begin(): void;
  /** Called when the process of the data plane ended unasked, and all that it held with it. */
  onLost(handler: () => void): void;
  /** From now on the end of this process is the end of all that runs. */
  leave(): void;
  /** Ends all that is left, and the process. */
  close(): Promise<void>;
}

/** Attaches to the data plane that an earlier run of this data folder has left, or starts one. */
export async function openPlane({ log, ...given }: OpenPlaneOptions): Promise<Plane> {
  const options: PlaneOptions = { ...given, dataDir: resolve(given.dataDir), version: packageVersion() };
  const left = await findPlane(options.dataDir);
  if (left !== undefined) {
    const line = new Line(left);
    const found = await line.call('attach').catch((error: unknown) => {
      // It was on its way out.
      if (error instanceof PlimsollError && error.code === regionErrors.PL_REGION_PLANE_FAILED.code) return undefined;
      throw error;
    });
    if (found?.options.version === options.version && found.options.compute === options.compute) return new RemotePlane(line, found, log);
    // What another version has left may speak otherwise, and another kind of compute is another world: it ends, and everything starts anew.
    await line.close();
  }
  const line = new Line(await startPlane(options));
  return new RemotePlane(line, await line.call('attach'), log);
}

/** Calls over a channel. */
class Line {
  readonly #channel: Channel;
  readonly #pending = new Map<number, { answer: (value: never) => void; refuse: (error: Error) => void }>();
  readonly closed: Promise<void>;
  #count = 0;
  #open = true;
  onEvent: (event: PlaneEvent) => void = () => undefined;

  constructor(socket: Socket) {
    this.#channel = new Channel(socket, (message) => this.#onMessage(message));
    this.closed = new Promise((closed) => this.#channel.onClose(closed));
    void this.closed.then(() => this.#onClose());
  }

  call<Name extends keyof PlaneCalls>(method: Name, ...args: Parameters<PlaneCalls[Name]>): Promise<ReturnType<PlaneCalls[Name]>> {
    if (!this.#open) return Promise.reject(lost());
    const id = this.#count++;
    return new Promise((answer, refuse) => {
      this.#pending.set(id, { answer, refuse });
      this.#channel.send({ type: 'call', id, method, args });
    });
  }

  /** For calls that end something: when the data plane has ended, that is done. */
  async end<Name extends 'stop' | 'stopMachine' | 'stopDatabase' | 'stopBalancer' | 'closeMachines' | 'closeDriver'>(
    method: Name,
    ...args: Parameters<PlaneCalls[Name]>
  ): Promise<void> {
    await this.call(method, ...args).catch((error: unknown) => {
      if (this.#open) throw error;
    });
  }

  /** Ends the data plane; resolves when its process has. */
  async close(): Promise<void> {
    this.call('close').catch(() => undefined);
    await this.closed;
  }

  #onMessage(message: PlaneMessage): void {
    if (message.type === 'event') return this.onEvent(message.event);
    if (message.type === 'call') return;
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === 'result') pending?.answer(message.value as never);
    else pending?.refuse(errorFromRecord(message.error));
  }

  #onClose(): void {
    this.#open = false;
    for (const { refuse } of this.#pending.values()) refuse(lost());
    this.#pending.clear();
  }
}

function lost(): PlimsollError {
  return new PlimsollError(regionErrors.PL_REGION_PLANE_FAILED, { what: 'the process of the data plane ended' });
}

class RemotePlane implements Plane {
  readonly found: Found;
  readonly network: LoopbackNetwork;
  readonly driver: ComputeDriver;
  readonly balancer: PlaneBalancer;
  readonly #line: Line;
  readonly #log: Logger;
  readonly #exits: ((exit: WorkloadExit) => void)[] = [];
  readonly #lines: ((id: string, line: string) => void)[] = [];
  readonly #health: ((health: TargetHealth) => void)[] = [];
  readonly #drained: ((targetGroupId: string, targetId: string) => void)[] = [];
  readonly #metrics: ((delta: BalancerMetrics, worker: number) => void)[] = [];
  readonly #databaseExits = new Map<string, (exit: PostgresExit) => void>();
  readonly #workloadAddresses: LoopbackNetwork;
  #pids: readonly number[];
  /** Until `begin`. */
  #waiting: PlaneEvent[] | undefined;
  #closing = false;

  constructor(line: Line, found: Found, log: Logger) {
    this.found = found;
    this.#line = line;
    this.#log = log;
    this.#pids = found.balancerPids;
    this.#waiting = [...found.missed];
    this.network = leasesOf(found.network);
    this.#workloadAddresses = found.bridge === undefined ? this.network : leasesOf(found.bridge);
    for (const { address } of found.workloads) this.#workloadAddresses.take(address);
    for (const { host } of found.machines) this.network.take(host);
    this.driver = this.#makeDriver();
    this.balancer = this.#makeBalancer();
    line.onEvent = (event) => {
      if (this.#waiting === undefined) this.#tell(event);
      else this.#waiting.push(event);
    };
  }

  begin(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of waiting) this.#tell(event);
  }

  onLost(handler: () => void): void {
    void this.#line.closed.then(() => (this.#closing ? undefined : handler()));
  }

  async openMachines(): Promise<Machines> {
    const line = this.#line;
    const isolation = await line.call('openMachines');
    return {
      isolation,
      start: (spec) => line.call('startMachine', spec),
      stop: (id) => line.end('stopMachine', id),
      allow: (address, port) => this.#say('allow', address, port),
      expose: (id, port) => this.#say('expose', id, port),
      close: () => line.end('closeMachines'),
    };
  }

  async startDatabase(id: string, spec: DatabaseSpec): Promise<DatabaseServer> {
    const exited = this.#exitOf(id);
    return this.#server(await this.#line.call('startDatabase', id, spec), exited);
  }

  adoptDatabase(id: string): DatabaseServer | undefined {
    const facts = this.found.databases.find((one) => one.id === id);
    return facts && this.#server(facts, this.#exitOf(id));
  }

  leave(): void {
    this.#closing = true;
    this.#say('leave');
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#line.close();
  }

  #exitOf(id: string): Promise<PostgresExit> {
    return new Promise((exited) => this.#databaseExits.set(id, exited));
  }

  #server(facts: DatabaseFacts, exited: Promise<PostgresExit>): DatabaseServer {
    return {
      ...facts,
      exited,
      stop: () => this.#line.end('stopDatabase', facts.id),
      kill: () => this.#say('killDatabase', facts.id),
      changePassword: (password) => this.#line.call('changeDatabasePassword', facts.id, password),
      use: () => this.#line.call('databaseUse', facts.id),
    };
  }

  /** A call whose outcome is told by events, if at all. */
  #say<Name extends keyof PlaneCalls>(method: Name, ...args: Parameters<PlaneCalls[Name]>): void {
    this.#line.call(method, ...args).catch((error: unknown) => {
      if (!this.#closing) this.#log.warn({ err: error }, `the data plane refused: ${method}`);
    });
  }

  #makeDriver(): ComputeDriver {
    const line = this.#line;
    return {
      enforcement: this.found.enforcement,
      leaseAddress: () => this.#workloadAddresses.lease(),
      releaseAddress: (address) => this.#workloadAddresses.release(address),
      start: (spec) => line.call('start', spec),
      stop: (id, graceMs) => line.end('stop', id, graceMs),
      exec: (id, command, timeoutMs) => line.call('exec', id, command, timeoutMs),
      onExit: (handler) => void this.#exits.push(handler),
      onLine: (handler) => void this.#lines.push(handler),
      sample: () => line.call('sample'),
      close: () => line.end('closeDriver'),
    };
  }

  #makeBalancer(): PlaneBalancer {
    const line = this.#line;
    const pids = (): readonly number[] => this.#pids;
    return {
      apply: (snapshot) => line.call('apply', snapshot),
      onHealth: (handler) => void this.#health.push(handler),
      onDrained: (handler) => void this.#drained.push(handler),
      onMetrics: (handler) => void this.#metrics.push(handler),
      get pids() {
        return pids();
      },
      replaceWorkers: async (graceMs) => void (this.#pids = await line.call('replaceWorkers', graceMs)),
      stop: (graceMs) => line.end('stopBalancer', graceMs),
    };
  }

  #tell(event: PlaneEvent): void {
    switch (event.type) {
      case 'exit':
        for (const handler of this.#exits) handler(event.exit);
        return;
      case 'line':
        for (const handler of this.#lines) handler(event.id, event.line);
        return;
      case 'databaseExit':
        this.#databaseExits.get(event.id)?.(event.exit);
        return;
      case 'health':
        for (const handler of this.#health) handler(event.health);
        return;
      case 'drained':
        for (const handler of this.#drained) handler(event.targetGroupId, event.targetId);
        return;
      case 'metrics':
        this.#pids = event.pids;
        for (const handler of this.#metrics) handler(event.delta, event.worker);
        return;
      case 'log':
        return this.#relay(event.line);
    }
    event satisfies never;
  }

  #relay(line: string): void {
    const { level, time: _time, pid: _pid, hostname: _hostname, msg = '', ...rest } = JSON.parse(line) as LogLine;
    const tell = level >= 50 ? 'error' : level >= 40 ? 'warn' : 'info';
    this.#log[tell](rest, msg);
  }
}

/** As pino writes it. */
interface LogLine {
  readonly level: number;
  readonly msg?: string;
  readonly [key: string]: unknown;
}
