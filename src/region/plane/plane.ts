import { resolve } from 'node:path';
import { monotonicMs, packageVersion, systemClock, type Logger, type PlimsollError } from '../../base/index.ts';
import type { Balancer } from '../../balancer/index.ts';
import { leasesOf, type LoopbackNetwork, type PostgresExit } from '../../compute/index.ts';
import type { ComputeDriver, Machines } from '../../model/index.ts';
import { ended } from './ended.ts';
import { PlaneHandlers } from './handlers.ts';
import { isInterruption, Line, planeFailed, planeInterrupted, type EndingCall } from './line.ts';
import { MovableNetwork } from './movableNetwork.ts';
import type { ComputeKind, DatabaseFacts, DatabaseSpec, DatabaseUse, Found, PlaneCalls, PlaneEvent, PlaneOptions } from './protocol.ts';
import { findPlane, startPlane, tidyAfter } from './start.ts';
import { afterEnd, firstPlane, planesMax, type Succession } from './succession.ts';

export interface OpenPlaneOptions {
  readonly dataDir: string;
  readonly temporary: boolean;
  readonly compute: ComputeKind;
  readonly orphanGraceMs: number;
  readonly workers: number;
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
  /** Only of one that was started with added latency. */
  slow(addedLatencyMs: number): void;
  use(): Promise<DatabaseUse | undefined>;
}

/**
 * The data plane as the region sees it: what carries traffic runs in a process of its own, which outlives the region.
 * `found` is what ran already. Nothing that happens is told before `begin`.
 *
 * Where that process ends unasked, another takes its place, at the same addresses if they can be had. Calls made meanwhile
 * wait for it; those under way fail (`isInterruption`), those that wait too where the addresses are others, and what ends
 * something is done.
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
  /**
   * Called when the process of the data plane ended unasked, and all that it held with it. The ends of tasks and databases
   * are told as such before; load balancers and machines are for the handler to bring back. `moved`: another region holds
   * the addresses that it had, and what was leased of them is leased no more; called once more then, with the new ones.
   */
  onRestart(handler: (moved: boolean) => void): void;
  /** Called when data planes have ended so often that no further one is started. */
  onLost(handler: (error: PlimsollError) => void): void;
  /** From now on the end of this process is the end of all that runs. */
  leave(): void;
  /** Ends all that is left, and the process. */
  close(): Promise<void>;
}

/** Attaches to the data plane that an earlier run of this data folder has left, or starts one. */
export async function openPlane({ log, ...given }: OpenPlaneOptions): Promise<Plane> {
  const options: PlaneOptions = { ...given, dataDir: resolve(given.dataDir), version: packageVersion() };
  const left = await attachToLeft(options);
  if (left?.found.options.version === options.version && left.found.options.compute === options.compute)
    return new RemotePlane(options, left, log);
  // What another version has left may speak otherwise, and another kind of compute is another world: it ends, and everything starts anew.
  await left?.line.close();
  return new RemotePlane(options, await startAnew(options), log);
}

interface Attached {
  readonly line: Line;
  readonly found: Found;
}

async function attachToLeft({ dataDir }: PlaneOptions): Promise<Attached | undefined> {
  const socket = await findPlane(dataDir);
  if (socket === undefined) return undefined;
  const line = new Line(socket);
  try {
    return { line, found: await line.call('attach') };
  } catch (error) {
    if (!isInterruption(error)) throw error;
    // It was on its way out. Where it was killed, its file is found without it now, and removed.
    (await findPlane(dataDir))?.destroy();
    return undefined;
  }
}

async function startAnew(options: PlaneOptions): Promise<Attached> {
  const line = new Line(await startPlane(options));
  return { line, found: await line.call('attach') };
}

class RemotePlane implements Plane {
  readonly found: Found;
  readonly network: MovableNetwork;
  readonly driver: ComputeDriver;
  readonly balancer: PlaneBalancer;
  readonly #options: PlaneOptions;
  readonly #log: Logger;
  readonly #handlers: PlaneHandlers;
  readonly #restarts: ((moved: boolean) => void)[] = [];
  readonly #losses: ((error: PlimsollError) => void)[] = [];
  readonly #workloadAddresses: LoopbackNetwork;
  readonly #workloads: Map<string, 'starting' | 'running'>;
  readonly #leaving = new AbortController();
  #line: Line;
  #pids: readonly number[];
  /** Until `begin`. */
  #waiting: PlaneEvent[] | undefined;
  #succession: Succession = firstPlane(monotonicMs());
  /** While another data plane is on its way. */
  #renewal: Promise<void> | undefined;

  constructor(options: PlaneOptions, { line, found }: Attached, log: Logger) {
    this.found = found;
    this.#options = options;
    this.#line = line;
    this.#log = log;
    this.#handlers = new PlaneHandlers(log);
    this.#pids = found.balancerPids;
    this.#waiting = [...found.missed];
    this.network = new MovableNetwork(found.network);
    this.#workloadAddresses = found.bridge === undefined ? this.network : leasesOf(found.bridge);
    this.#workloads = new Map(found.workloads.map(({ id }) => [id, 'running']));
    for (const { address } of found.workloads) this.#workloadAddresses.take(address);
    for (const { host } of found.machines) this.network.take(host);
    this.driver = this.#makeDriver();
    this.balancer = this.#makeBalancer();
    this.#follow(line);
  }

  begin(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of waiting) this.#tell(event);
  }

  onRestart(handler: (moved: boolean) => void): void {
    this.#restarts.push(handler);
  }

  onLost(handler: (error: PlimsollError) => void): void {
    this.#losses.push(handler);
  }

  async openMachines(): Promise<Machines> {
    const isolation = await this.#call('openMachines');
    return {
      isolation,
      start: (spec) => this.#call('startMachine', spec),
      stop: (id) => this.#end('stopMachine', id),
      describe: (id, metadata) => this.#say('describeMachine', id, metadata),
      allow: (address, port) => this.#say('allow', address, port),
      expose: (id, port) => this.#say('expose', id, port),
      close: () => this.#end('closeMachines'),
    };
  }

  async startDatabase(id: string, spec: DatabaseSpec): Promise<DatabaseServer> {
    const facts = await this.#call('startDatabase', id, spec);
    return this.#server(facts);
  }

  adoptDatabase(id: string): DatabaseServer | undefined {
    const facts = this.found.databases.find((one) => one.id === id);
    return facts && this.#server(facts);
  }

  leave(): void {
    this.#leaving.abort();
    this.#say('leave');
  }

  async close(): Promise<void> {
    this.#leaving.abort();
    await this.#renewal;
    await this.#line.close();
    await tidyAfter(this.#options.dataDir);
  }

  async #call<Name extends keyof PlaneCalls>(method: Name, ...args: Parameters<PlaneCalls[Name]>): Promise<ReturnType<PlaneCalls[Name]>> {
    const { name } = this.network;
    while (this.#renewal !== undefined) await this.#renewal;
    if (this.network.name !== name) throw planeInterrupted(`the addresses of ${name} are another region's now`);
    return this.#line.call(method, ...args);
  }

  /** What ended with its data plane need not be ended in the next. */
  async #end<Name extends EndingCall>(method: Name, ...args: Parameters<PlaneCalls[Name]>): Promise<void> {
    if (this.#renewal === undefined) await this.#line.end(method, ...args);
  }

  /** A call whose outcome is told by events, if at all. */
  #say<Name extends keyof PlaneCalls>(method: Name, ...args: Parameters<PlaneCalls[Name]>): void {
    this.#call(method, ...args).catch((error: unknown) => {
      if (!this.#leaving.signal.aborted && !isInterruption(error)) this.#log.warn({ err: error }, `the data plane refused: ${method}`);
    });
  }

  #follow(line: Line): void {
    line.onEvent = (event) => {
      if (this.#waiting === undefined) this.#tell(event);
      else this.#waiting.push(event);
    };
    void line.closed.then(() => this.#onEnded());
  }

  #tell(event: PlaneEvent): void {
    if (event.type === 'exit') this.#workloads.delete(event.exit.id);
    else if (event.type === 'metrics') this.#pids = event.pids;
    this.#handlers.tell(event);
  }

  #onEnded(): void {
    if (this.#leaving.signal.aborted) return;
    this.#log.error('the data plane ended, and all that it held with it; another is started');
    const renewal: Promise<void> = this.#renew().finally(() => {
      if (this.#renewal === renewal) this.#renewal = undefined;
    });
    this.#renewal = renewal;
    this.#tellEnds();
  }

  async #renew(): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      const next = afterEnd(this.#succession, monotonicMs());
      if (next === undefined) return this.#giveUp();
      this.#succession = next;
      try {
        await systemClock.sleep(next.pauseMs, signal);
        return await this.#startNext();
      } catch (error) {
        if (!signal.aborted) this.#log.error({ err: error }, 'no data plane could be started');
      }
    }
  }

  async #startNext(): Promise<void> {
    const startMs = monotonicMs();
    // It may be that only the connection broke.
    await (await attachToLeft(this.#options))?.line.close();
    const { line, found } = await startAnew(this.#options);
    if (found.bridge?.name !== this.found.bridge?.name) {
      await line.close();
      throw planeFailed(`the network of the containers, ${this.found.bridge?.name}, cannot be had again`);
    }
    // Workers end with their data plane, but only when they have noticed; the ports are theirs until then.
    await ended(this.#pids);
    this.#line = line;
    this.#pids = found.balancerPids;
    this.#follow(line);
    this.#log.warn(`another data plane runs, after ${Math.round(monotonicMs() - startMs)} ms`);
    if (found.network.name !== this.network.name) this.#move(found.network);
  }

  #move(to: Found['network']): void {
    this.#log.warn(
      `another region has taken the addresses of ${this.network.name}: load balancers and databases get new ones, of ${to.name}; what was told the old ones has to be told anew`,
    );
    this.network.moveTo(to);
    for (const handler of this.#restarts) handler(true);
  }

  /** Tells of the end of all that ran. Machines are told of by `onRestart`: they come back as what they were. */
  #tellEnds(): void {
    const killed = { code: null, signal: 'SIGKILL', lastLines: [] } as const;
    const workloads = [...this.#workloads].filter(([, state]) => state === 'running');
    const databases = [...this.#handlers.databaseExits.values()];
    this.#workloads.clear();
    this.#handlers.databaseExits.clear();
    for (const [id] of workloads) for (const handler of this.#handlers.exits) handler({ ...killed, id, outOfMemory: false });
    for (const exited of databases) exited({ ...killed, expected: false });
    for (const handler of this.#restarts) handler(false);
  }

  #giveUp(): void {
    const error = planeFailed(
      `${planesMax} data planes have ended one after the other; load balancers, tasks and databases cannot be held`,
      `see ${this.#options.dataDir}/data-plane.log`,
    );
    this.#log.error({ err: error }, error.message);
    for (const handler of this.#losses) handler(error);
  }

  #server(facts: DatabaseFacts): DatabaseServer {
    return {
      ...facts,
      exited: new Promise((exited) => this.#handlers.databaseExits.set(facts.id, exited)),
      stop: () => this.#end('stopDatabase', facts.id),
      kill: () => this.#say('killDatabase', facts.id),
      changePassword: (password) => this.#call('changeDatabasePassword', facts.id, password),
      slow: (addedLatencyMs) => this.#say('slowDatabase', facts.id, addedLatencyMs),
      use: () => orWhenInterrupted(this.#call('databaseUse', facts.id), undefined),
    };
  }

  #makeDriver(): ComputeDriver {
    return {
      enforcement: this.found.enforcement,
      leaseAddress: () => this.#workloadAddresses.lease(),
      releaseAddress: (address) => this.#workloadAddresses.release(address),
      start: async (spec) => {
        this.#workloads.set(spec.id, 'starting');
        try {
          await this.#call('start', spec);
          // It may have ended already.
          if (this.#workloads.has(spec.id)) this.#workloads.set(spec.id, 'running');
        } catch (error) {
          this.#workloads.delete(spec.id);
          throw error;
        }
      },
      stop: (id, graceMs) => this.#end('stop', id, graceMs),
      exec: (id, command, timeoutMs) => orWhenInterrupted(this.#call('exec', id, command, timeoutMs), undefined),
      onExit: (handler) => void this.#handlers.exits.push(handler),
      onLine: (handler) => void this.#handlers.lines.push(handler),
      sample: () => orWhenInterrupted(this.#call('sample'), []),
      close: () => this.#end('closeDriver'),
    };
  }

  #makeBalancer(): PlaneBalancer {
    const pids = (): readonly number[] => this.#pids;
    return {
      apply: (snapshot) => this.#call('apply', snapshot),
      onHealth: (handler) => void this.#handlers.health.push(handler),
      onDrained: (handler) => void this.#handlers.drained.push(handler),
      onMetrics: (handler) => void this.#handlers.metrics.push(handler),
      get pids() {
        return pids();
      },
      replaceWorkers: async (graceMs) => void (this.#pids = await this.#call('replaceWorkers', graceMs)),
      stop: (graceMs) => this.#end('stopBalancer', graceMs),
    };
  }
}

async function orWhenInterrupted<Value>(call: Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await call;
  } catch (error) {
    if (isInterruption(error)) return otherwise;
    throw error;
  }
}
