import { mkdirSync } from 'node:fs';
import { monotonicMs, PlimsollError, ScaledClock, systemClock, type Clock, type Timer, type Logger } from '../base/index.ts';
import { startBalancer, type Balancer } from '../balancer/index.ts';
import { claimLoopbackNetwork, createProcessDriver, type LoopbackNetwork } from '../compute/index.ts';
import type { BalancerMetrics, ComputeDriver, WorkloadUsage } from '../model/index.ts';
import { CloudWatch } from './cloudwatch.ts';
import { Ecs } from './ecs.ts';
import { regionErrors } from './errors.ts';
import { defaultIdentity, type RegionIdentity } from './identity.ts';
import { LoadBalancing } from './loadBalancing.ts';
import { Rds } from './rds.ts';
import { Scaling } from './scaling.ts';
import { Store } from '../state/index.ts';

export interface RegionOptions {
  /** Everything that the region writes lies in this folder. */
  dataDir: string;
  /** Keeps the state in memory; databases and logs still use the folder. */
  ephemeral?: boolean;
  timeScale?: number;
  identity?: RegionIdentity;
  /** See LoadBalancing: which ports of this machine to try for a listener. */
  portsFor(listenerPort: number): readonly number[];
  log: Logger;
}

/** A task gets this long between SIGTERM and SIGKILL, wall time: ECS's default stopTimeout. */
const stopTimeoutMs = 30_000;
const samplePeriodMs = 1000;
const balancerGraceMs = 5000;

/** Latest sample of what runs, for whoever watches. */
export interface RegionUsage {
  readonly tasks: ReadonlyMap<string, WorkloadUsage>;
  /** Of all databases together, percent of one core. */
  readonly databaseCpuPercent: number;
}

/**
 * One AWS region on this machine: owns its clock, network, state and children, and joins the parts.
 * `openRegion` starts it; `close` ends every child and gives everything back.
 */
export class Region {
  readonly identity: RegionIdentity;
  readonly clock: Clock;
  readonly timeScale: number;
  readonly driver: ComputeDriver;
  readonly cloudWatch: CloudWatch;
  readonly loadBalancing: LoadBalancing;
  readonly rds: Rds;
  readonly ecs: Ecs;
  readonly scaling: Scaling;
  readonly #store: Store;
  readonly #network: LoopbackNetwork;
  readonly #balancer: Balancer;
  readonly #log: Logger;
  readonly #sampler: Timer;
  #sampling = false;
  #usage: RegionUsage = { tasks: new Map(), databaseCpuPercent: 0 };
  #closed: Promise<void> | undefined;

  constructor(
    options: RegionOptions,
    parts: { clock: ScaledClock; store: Store; network: LoopbackNetwork; driver: ComputeDriver; balancer: Balancer },
  ) {
    const { clock, store, network, driver, balancer } = parts;
    const { log } = options;
    this.identity = options.identity ?? defaultIdentity;
    this.clock = clock;
    this.timeScale = clock.scale;
    this.driver = driver;
    this.#store = store;
    this.#network = network;
    this.#balancer = balancer;
    this.#log = log;
    this.cloudWatch = new CloudWatch({ clock, store });
    this.loadBalancing = new LoadBalancing({
      identity: this.identity,
      clock,
      timeScale: clock.scale,
      store,
      balancer,
      portsFor: (port) => options.portsFor(port),
      onMetric: (data) => this.cloudWatch.put(data),
      log,
    });
    this.rds = new Rds({ clock, store, network, dataDir: options.dataDir, log });
    this.ecs = new Ecs({ clock, store, driver, loadBalancing: this.loadBalancing, stopTimeoutMs, log });
    this.scaling = new Scaling({ identity: this.identity, clock, store, cloudWatch: this.cloudWatch, ecs: this.ecs, log });
    this.#sampler = systemClock.every(samplePeriodMs, () => void this.#sample());
  }

  get usage(): RegionUsage {
    return this.#usage;
  }

  /** What the balancer counted, once a second. */
  onBalancerMetrics(handler: (delta: BalancerMetrics) => void): void {
    this.#balancer.onMetrics(handler);
  }

  /** Process ids of the balancer, for whoever counts its memory. */
  get balancerPids(): readonly number[] {
    return this.#balancer.pids;
  }

  /** Resolves once `holds`, looked at now and after each change; rejects after `timeoutMs` of wall time. */
  async waitFor(what: string, timeoutMs: number, holds: () => boolean, signal?: AbortSignal): Promise<void> {
    const endMs = monotonicMs() + timeoutMs;
    while (!holds()) {
      if (monotonicMs() > endMs) {
        throw new PlimsollError(regionErrors.PL_REGION_NOT_READY, { what: `${what}: not within ${timeoutMs / 1000} s` });
      }
      await systemClock.sleep(50, signal);
    }
  }

  /** Stops every child and gives addresses and files back. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#sampler.cancel();
    this.cloudWatch.close();
    await this.ecs.close();
    this.loadBalancing.close();
    await this.#balancer.stop(balancerGraceMs);
    await this.driver.close();
    await this.rds.close();
    await this.#network.close();
    this.#store.close();
  }

  async #sample(): Promise<void> {
    if (this.#sampling || this.#closed) return;
    this.#sampling = true;
    try {
      const [workloads, databases] = await Promise.all([this.driver.sample(), this.rds.sample()]);
      const tasks = new Map(workloads.map((usage) => [usage.id, usage]));
      this.#usage = { tasks, databaseCpuPercent: databases.cpuPercent };
      this.cloudWatch.put(databases.metrics);
      this.cloudWatch.put(this.ecs.metrics(tasks));
    } catch (error) {
      this.#log.error({ err: error }, 'sampling failed');
    } finally {
      this.#sampling = false;
    }
  }
}

/** Starts a region; what was started is stopped again when a later part fails. */
export async function openRegion(options: RegionOptions): Promise<Region> {
  mkdirSync(options.dataDir, { recursive: true });
  const undo: (() => unknown)[] = [];
  try {
    const store = new Store(options.ephemeral ? undefined : options.dataDir);
    undo.push(() => store.close());
    const network = await claimLoopbackNetwork();
    undo.push(() => network.close());
    const driver = await createProcessDriver({ dataDir: options.dataDir, network, log: options.log });
    undo.push(() => driver.close());
    const balancer = startBalancer({ log: (line) => options.log.warn(line) });
    return new Region(options, { clock: new ScaledClock(options.timeScale ?? 1), store, network, driver, balancer });
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}
