import { join } from 'node:path';
import { makeFolder, monotonicMs, PlimsollError, systemClock, type Clock, type Logger, type Timer } from '../base/index.ts';
import {
  Endpoint,
  type Credentials,
  type EndpointOptions,
  type Machinery,
  type QuotaSettings,
  type Place,
  type World,
} from '../aws/index.ts';
import { leasesOf } from '../compute/index.ts';
import type { BalancerMetrics, ComputeDriver, WorkloadUsage } from '../model/index.ts';
import { Store } from '../state/index.ts';
import { Addresses, keptAddresses } from './addresses.ts';
import { openClock, type RegionClock } from './clock.ts';
import { Alarms } from './cloudwatch/alarms.ts';
import { Instances } from './ec2/instances.ts';
import { adoptTasks, followTaskRequests } from './ecs/requests.ts';
import { Services } from './ecs/services.ts';
import { Tasks } from './ecs/tasks.ts';
import { LoadBalancing } from './elbv2/loadBalancing.ts';
import { regionErrors } from './errors.ts';
import { machineImages, type RunnableImage } from './images.ts';
import { Groups } from './groups/groups.ts';
import { PredictiveScaling } from './groups/predictive.ts';
import { GroupScaling } from './groups/scaling.ts';
import { LogShipper } from './logs.ts';
import { Measurements } from './measurements.ts';
import { leftRunning } from './plane/left.ts';
import { openPlane, type Plane } from './plane/plane.ts';
import type { ComputeKind } from './plane/protocol.ts';
import { Databases } from './rds/databases.ts';
import { ServiceScaling } from './scaling/services.ts';

export interface RegionOptions {
  /** Everything that the region writes lies in this folder. */
  readonly dataDir: string;
  /** Keeps the state in memory; databases and logs still use the folder. */
  readonly ephemeral?: boolean;
  /** The folder is for this run alone: when that is killed, what runs ends at once, and the folder with it. */
  readonly temporary?: boolean;
  readonly timeScale?: number;
  /** Port and address of the AWS endpoint; any free port of loopback unless given. */
  readonly port?: number;
  readonly host?: string;
  readonly account?: string;
  readonly credentials?: Credentials;
  readonly quotas?: QuotaSettings;
  /** Which ports of this machine to try for a listener, in order; 0 is any free one. */
  portsFor(listenerPort: number): readonly number[];
  /** What part of a core of this computer a vCPU of an EC2 instance is; 1 unless given. */
  readonly instanceVcpuShare?: number;
  /** What runs tasks: processes of this computer (the default), or containers of the Docker Engine. */
  readonly compute?: ComputeKind;
  /** How long load balancers, tasks and databases go on when this process is killed, for the next start to adopt them. Two minutes unless given. */
  readonly orphanGraceMs?: number;
  /** One address for all load balancers; each has its own unless given. */
  readonly balancerHost?: string;
  /** Processes that share the connections of all load balancers; 1 unless given. */
  readonly balancerWorkers?: number;
  /** What to run in place of a container image, by name with or without tag. */
  readonly images?: ReadonlyMap<string, RunnableImage>;
  readonly log: Logger;
}

/** A task gets this long between SIGTERM and SIGKILL, wall time: ECS's default stopTimeout. */
const stopTimeoutMs = 30_000;
const samplePeriodMs = 1000;
const balancerGraceMs = 5000;
const usualOrphanGraceMs = 120_000;

/** Latest sample of what runs, for whoever watches. */
export interface RegionUsage {
  readonly workloads: ReadonlyMap<string, WorkloadUsage>;
  /** Of all databases together, percent of one core. */
  readonly databaseCpuPercent: number;
}

interface Parts {
  readonly time: RegionClock;
  readonly store: Store;
  readonly plane: Plane;
}

/**
 * AWS regions on this machine that really run: the endpoint writes down what is asked for, and controllers watch
 * those records and bring what they say about.
 *
 *     clients ─▶ endpoint ─▶ records (SQLite) ◀── state ── controllers ─▶ tasks, databases, balancer
 *                                  └──────── changes ─────────▶┘  ▲
 *                                                metrics, health ─┘
 *
 * `openRegion` starts it; `close` ends every child and gives everything back.
 */
export class Region {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly timeScale: number;
  readonly driver: ComputeDriver;
  readonly loadBalancing: LoadBalancing;
  readonly databases: Databases;
  readonly instances: Instances;
  readonly groups: Groups;
  readonly tasks: Tasks;
  readonly services: Services;
  readonly measurements: Measurements;
  readonly #parts: Parts;
  readonly #alarms: Alarms;
  readonly #scaling: ServiceScaling;
  readonly #groupScaling: GroupScaling;
  readonly #predictive: PredictiveScaling;
  readonly #logs: LogShipper;
  readonly #log: Logger;
  readonly #sampler: Timer;
  #sampling = false;
  #usage: RegionUsage = { workloads: new Map(), databaseCpuPercent: 0 };
  #closed: Promise<void> | undefined;

  constructor(options: RegionOptions, parts: Parts) {
    const { store, plane } = parts;
    const { clock } = parts.time;
    const { network, driver, balancer, found } = plane;
    const { log, images = new Map<string, RunnableImage>() } = options;
    this.clock = clock;
    this.timeScale = clock.scale;
    this.driver = driver;
    this.#parts = parts;
    this.#log = log;
    this.measurements = new Measurements(log);
    this.endpoint = new Endpoint({ ...endpointOptions(options), store, clock, machinery: this.#machinery() });
    const { world } = this.endpoint;
    const common = { world, clock, log };
    const addresses = new Addresses();
    const metrics = (at: Place) => this.measurements.of(at);
    const { bridge } = found;
    // Containers have a loopback network of their own.
    const balancerNetwork = bridge === undefined ? network : leasesOf({ ...bridge, addresses: bridge.gateways });
    const kept = new Set([...keptAddresses(world, network), ...keptAddresses(world, balancerNetwork)]);
    const left = leftRunning(found);
    this.loadBalancing = new LoadBalancing({
      ...common,
      timeScale: clock.scale,
      balancer,
      found: found.routing,
      network: balancerNetwork,
      keptAddresses: kept,
      addresses,
      dataDir: options.dataDir,
      ...(options.balancerHost === undefined ? {} : { host: options.balancerHost }),
      portsFor: (port) => options.portsFor(port),
      onBound: ({ host, port }) => this.instances.allow(host, port),
      onTarget: (id, port) => this.instances.expose(id, port),
      onMetrics: (measured) => {
        for (const { arn, data } of measured) this.measurements.put(placeOf(world, arn), data);
      },
    });
    this.#logs = new LogShipper(log);
    this.tasks = new Tasks({
      ...common,
      driver,
      addresses,
      logs: this.#logs,
      images,
      compute: options.compute ?? 'process',
      dataDir: options.dataDir,
      stopTimeoutMs,
    });
    adoptTasks(world, this.tasks, left.workloads);
    this.services = new Services({ ...common, tasks: this.tasks, loadBalancing: this.loadBalancing });
    followTaskRequests({ world, tasks: this.tasks, retire: (running, reason) => this.services.retire(running, reason) });
    this.instances = new Instances({
      ...common,
      driver,
      addresses,
      vcpuShare: options.instanceVcpuShare ?? 1,
      groupOf: (at, id) => this.groups.groupOf(at, id),
      openMachines: () => plane.openMachines(),
      network,
      left: left.machines,
      images: machineImages(images),
    });
    this.databases = new Databases({
      ...common,
      plane,
      keptAddresses: kept,
      dataDir: options.dataDir,
      onAvailable: (address, port) => this.instances.allow(address, port),
    });
    this.groups = new Groups({ ...common, loadBalancing: this.loadBalancing, quotas: options.quotas ?? new Map() });
    this.#alarms = new Alarms({ ...common, metrics });
    this.#scaling = new ServiceScaling({ ...common, metrics });
    this.#groupScaling = new GroupScaling({ ...common, metrics, warming: (at, name) => this.groups.warming(at, name) });
    this.#predictive = new PredictiveScaling({ ...common, metrics });
    this.#alarms.onAction((at, alarm, action) => this.#scaling.onAlarm(at, alarm, action));
    this.#alarms.onAction((at, _alarm, action) => this.#groupScaling.onAlarm(at, action));
    for (const { host, port } of Object.values(this.loadBalancing.whereabouts())) this.instances.allow(host, port);
    this.#endUnclaimed();
    plane.onRestart((moved) => {
      if (moved) this.databases.move();
      this.instances.restart(moved);
      this.loadBalancing.restart(moved && bridge === undefined);
    });
    plane.begin();
    this.#sampler = systemClock.every(samplePeriodMs, () => void this.#sample());
  }

  /** Ends what an earlier run has left running that no record asks for any more. */
  #endUnclaimed(): void {
    const { plane } = this.#parts;
    const { driver, found } = plane;
    for (const { id, address } of found.workloads) {
      if (this.tasks.owns(id)) continue;
      this.#log.warn(`${id} runs and is not asked for: it ends`);
      void driver.stop(id, 0).then(() => driver.releaseAddress(address));
    }
    for (const { id } of found.machines) if (!this.instances.owns(id)) void driver.stop(id, 0);
    for (const { id } of found.databases) if (!this.databases.owns(id)) void plane.adoptDatabase(id)?.stop();
  }

  get world(): World {
    return this.endpoint.world;
  }

  /** The caller's account in a region. */
  place(region: string): Place {
    return this.endpoint.place(region);
  }

  get usage(): RegionUsage {
    return this.#usage;
  }

  /** What the balancer counted, once a second. */
  onBalancerMetrics(handler: (delta: BalancerMetrics) => void): void {
    this.#parts.plane.balancer.onMetrics(handler);
  }

  /** Process ids of the balancer, for whoever counts its memory. */
  get balancerPids(): readonly number[] {
    return this.#parts.plane.balancer.pids;
  }

  /** Puts a new process in the place of each balancer worker, one after the other; none loses a request. */
  replaceBalancerWorkers(): Promise<void> {
    return this.#parts.plane.balancer.replaceWorkers(balancerGraceMs);
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

  /** Called when nothing can run any more: the process that holds it all ended again and again. */
  onLost(handler: (error: PlimsollError) => void): void {
    this.#parts.plane.onLost(handler);
  }

  /** Stops every child and gives addresses and files back. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { plane, store, time } = this.#parts;
    plane.leave();
    this.#sampler.cancel();
    await this.endpoint.close();
    this.#alarms.close();
    this.#scaling.close();
    this.#groupScaling.close();
    this.#predictive.close();
    await Promise.all([this.services.close(), this.groups.close()]);
    this.tasks.close();
    this.loadBalancing.close();
    await plane.balancer.stop(balancerGraceMs);
    await this.instances.close();
    await plane.driver.close();
    await this.databases.close();
    await plane.close();
    this.#logs.close();
    time.close();
    store.close();
  }

  /** What operations ask of a region that runs. */
  #machinery(): Machinery {
    return {
      live: true,
      transition: (_place, _resource, passing) => passing,
      dnsName: (_place, arn) => this.loadBalancing.hostOf(arn),
      targetHealth: (at, arn) => this.loadBalancing.targetHealth(at, arn),
      consoleOf: (id) => this.instances.consoleOf(id),
      databaseLog: (at, id) => this.databases.logFile({ at, id }),
      metrics: (at) => this.measurements.of(at),
      forecast: (at, group, policy) => this.#predictive.forecastOf(at, group, policy),
      whereabouts: () => ({ listeners: this.loadBalancing.whereabouts(), instances: this.instances.whereabouts() }),
    };
  }

  async #sample(): Promise<void> {
    if (this.#sampling || this.#closed) return;
    this.#sampling = true;
    try {
      const [found, databases] = await Promise.all([this.driver.sample(), this.databases.sample()]);
      const workloads = new Map(found.map((usage) => [usage.id, usage]));
      this.#usage = { workloads, databaseCpuPercent: databases.cpuPercent };
      const measured = [
        ...databases.measured,
        ...this.services.metrics(workloads),
        ...this.instances.metrics(workloads),
        ...this.groups.metrics(),
      ];
      for (const { at, data } of measured) this.measurements.put(at, data);
      for (const { arn, data } of this.loadBalancing.hostMetrics()) this.measurements.put(placeOf(this.world, arn), data);
    } catch (error) {
      this.#log.error({ err: error }, 'sampling failed');
    } finally {
      this.#sampling = false;
    }
  }
}

function endpointOptions({ port = 0, host, account, credentials, quotas, log }: RegionOptions): Omit<EndpointOptions, 'store'> {
  return {
    port,
    onFault: (message, error) => log.error({ err: error }, message),
    ...(host === undefined ? {} : { host }),
    ...(account === undefined ? {} : { account }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(quotas === undefined ? {} : { quotas }),
  };
}

/** Account and region of a resource stand in its ARN. */
function placeOf(world: World, arn: string): Place {
  const [, , , region = '', account = ''] = arn.split(':');
  return world.place(account, region);
}

/** Starts a region; what was started is stopped again when a later part fails. */
export async function openRegion(options: RegionOptions): Promise<Region> {
  makeFolder(options.dataDir);
  const undo: (() => unknown)[] = [];
  try {
    const store = new Store(options.ephemeral === true ? undefined : join(options.dataDir, 'aws'));
    undo.push(() => store.close());
    const { dataDir, log } = options;
    const { compute = 'process', balancerWorkers: workers = 1, temporary = false } = options;
    const orphanGraceMs = options.orphanGraceMs ?? (options.ephemeral === true || temporary ? 0 : usualOrphanGraceMs);
    const plane = await openPlane({ dataDir, temporary, compute, orphanGraceMs, workers, log });
    undo.push(() => plane.close());
    const time = openClock(dataDir, options.timeScale ?? 1);
    undo.push(() => time.close());
    const region = new Region(options, { time, store, plane });
    // It closes all of the above.
    undo.splice(0, undo.length, () => region.close());
    await region.endpoint.listen();
    return region;
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}
