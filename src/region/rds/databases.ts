import { errorMessage, type Clock, type Logger } from '../../base/index.ts';
import {
  databaseTags,
  dbInstances,
  parameterGroups,
  removeDBInstance,
  tellDatabaseEvent,
  type DBInstanceResource,
  type Place,
  type World,
} from '../../aws/index.ts';
import type { MetricDatum } from '../../model/index.ts';
import { databaseLatencyOf } from '../addedLatency.ts';
import { isInterruption } from '../plane/line.ts';
import type { DatabaseServer, Plane } from '../plane/plane.ts';
import { DatabaseFiles } from './files.ts';
import { instanceClassOf } from './instanceClass.ts';

export interface DatabasesOptions {
  readonly world: World;
  readonly clock: Clock;
  readonly plane: Pick<Plane, 'network' | 'found' | 'startDatabase' | 'adoptDatabase'>;
  /** Addresses of an earlier run that are leased for those who had them. */
  readonly keptAddresses: ReadonlySet<string>;
  readonly dataDir: string;
  /** A server answers at this address, also when it answered there before. */
  onAvailable(address: string, port: number): void;
  readonly log: Logger;
}

interface RunningDatabase {
  readonly at: Place;
  readonly id: string;
  /** Kept while the instance exists, so that clients find it again after a stop. */
  address: string;
  server: DatabaseServer | undefined;
  /** Undefined: nothing stands before the server that could hold anything. */
  addedLatencyMs: number | undefined;
  /** What is being done to it; the next step waits for it. */
  busy: Promise<void> | undefined;
}

const kinds = [dbInstances, databaseTags].map(({ kind }) => `/${kind}`);

/** Statuses that ask for something to be done. */
const passing: ReadonlySet<string> = new Set([
  'creating',
  'starting',
  'rebooting',
  'stopping',
  'deleting',
  'backing-up',
  'modifying',
  'resetting-master-credentials',
]);

/** RDS made real: a PostgreSQL server for each DB instance, at an address of its own, with its files under the data folder. */
export class Databases {
  readonly #options: DatabasesOptions;
  readonly #files: DatabaseFiles;
  readonly #running = new Map<string, RunningDatabase>();
  readonly #failures = new Map<string, string>();
  #closing = false;

  constructor(options: DatabasesOptions) {
    this.#options = options;
    this.#files = new DatabaseFiles(options.world, options.dataDir);
    const { world } = options;
    this.#resume();
    world.watch((changed) => {
      for (const table of changed) if (kinds.some((kind) => table.endsWith(kind))) return this.#sync();
    });
    this.#sync();
  }

  /** Servers that an earlier run of the region has left running are taken on; those that are gone start again. */
  #resume(): void {
    const { world } = this.#options;
    for (const at of world.places()) {
      for (const instance of at.table(dbInstances).values()) this.#adopt(at, instance);
      const left = at.table(dbInstances).filter(({ DBInstanceStatus: status, DBInstanceIdentifier: id }) => {
        if (status === 'available') return this.#running.get(keyOf(at, id))?.server === undefined;
        return ['failed', 'rebooting', 'modifying'].includes(status);
      });
      if (left.length === 0) continue;
      world.transaction(() => {
        for (const one of left) at.table(dbInstances).patch(one, { DBInstanceStatus: 'starting' });
      });
    }
  }

  #adopt(at: Place, { DBInstanceIdentifier: id }: DBInstanceResource): void {
    const server = this.#options.plane.adoptDatabase(keyOf(at, id));
    if (server === undefined) return;
    const { host: address, addedLatencyMs } = server;
    const database: RunningDatabase = { at, id, address, server, addedLatencyMs, busy: undefined };
    this.#running.set(keyOf(at, id), database);
    this.#follow(database, server);
  }

  #follow(database: RunningDatabase, server: DatabaseServer): void {
    void server.exited.then(() => this.#onExit(database, server));
    this.#options.onAvailable(server.host, server.port);
  }

  /** That which it had before a restart, if it can be had. */
  #addressFor({ Endpoint }: DBInstanceResource): string {
    const { plane, keptAddresses } = this.#options;
    // Containers have a loopback network of their own: what they share with this computer is its address on their bridge.
    if (plane.found.bridge !== undefined) return plane.found.bridge.gateway;
    const before = Endpoint?.Address;
    const isKept = before !== undefined && keptAddresses.has(before) && plane.network.addresses.includes(before);
    return isKept ? before : plane.network.lease();
  }

  /** The one asked for; the next that is free where databases share an address. */
  #portFor({ address, id, at }: RunningDatabase, { DbInstancePort: asked = 5432 }: DBInstanceResource): number {
    const others = [...this.#running].filter(([key, one]) => key !== keyOf(at, id) && one.address === address);
    const taken = new Set(others.map(([, { server }]) => server?.port));
    let port = asked;
    while (taken.has(port)) port++;
    return port;
  }

  #sync(): void {
    if (this.#closing) return;
    for (const at of this.#options.world.places())
      for (const instance of at.table(dbInstances).values()) {
        if (passing.has(instance.DBInstanceStatus)) this.#work(at, instance);
        else this.#slow(at, instance);
      }
  }

  /** Latency that is asked for by a tag. The first time it costs a reboot, as something has to take the server's place. */
  #slow(at: Place, { DBInstanceIdentifier: id, DBInstanceArn }: DBInstanceResource): void {
    const database = this.#running.get(keyOf(at, id));
    const wantedMs = databaseLatencyOf(at, DBInstanceArn);
    if (database?.server === undefined || database.busy !== undefined || wantedMs === (database.addedLatencyMs ?? 0)) return;
    if (database.addedLatencyMs === undefined) return this.#patch(database, { DBInstanceStatus: 'rebooting' });
    database.addedLatencyMs = wantedMs;
    database.server.slow(wantedMs);
  }

  #work(at: Place, instance: DBInstanceResource): void {
    const key = keyOf(at, instance.DBInstanceIdentifier);
    let database = this.#running.get(key);
    if (database === undefined) {
      const { DBInstanceIdentifier: id } = instance;
      database = { at, id, address: this.#addressFor(instance), server: undefined, addedLatencyMs: undefined, busy: undefined };
      this.#running.set(key, database);
    }
    if (database.busy !== undefined) return;
    const own = database;
    own.busy = this.#step(own, instance)
      .catch((error: unknown) => this.#fail(own, error))
      .finally(() => {
        own.busy = undefined;
        this.#sync();
      });
  }

  async #step(database: RunningDatabase, instance: DBInstanceResource): Promise<void> {
    switch (instance.DBInstanceStatus) {
      case 'creating':
      case 'starting':
        return this.#start(database, instance);
      case 'rebooting':
        await this.#stop(database);
        return this.#start(database, instance);
      case 'modifying':
        return this.#start(database, await this.#changePassword(database, instance));
      case 'resetting-master-credentials':
        await this.#changePassword(database, instance);
        return this.#patch(database, { DBInstanceStatus: 'available' });
      case 'backing-up':
        await this.#stop(database);
        this.#files.snapshot(database);
        return this.#start(database, instance);
      case 'stopping':
        await this.#stop(database);
        this.#files.snapshot(database);
        return this.#patch(database, { DBInstanceStatus: 'stopped' });
      case 'deleting':
        await this.#stop(database);
        this.#files.snapshot(database);
        return this.#remove(database);
    }
  }

  async #start(database: RunningDatabase, instance: DBInstanceResource): Promise<void> {
    await this.#stop(database);
    this.#files.restore(database, instance);
    const { vcpus, memoryMiB, maxConnections } = instanceClassOf(instance.DBInstanceClass ?? '');
    const { max_connections: asked, ...parameters } = parametersOf(database.at, instance);
    const addedLatencyMs = databaseLatencyOf(database.at, instance.DBInstanceArn) || undefined;
    const server = await this.#options.plane.startDatabase(keyOf(database.at, database.id), {
      dataDir: this.#files.folder(database),
      logFile: this.#files.logFile(database),
      address: database.address,
      port: this.#portFor(database, instance),
      user: instance.MasterUsername ?? 'postgres',
      password: instance.masterPassword,
      database: instance.DBName ?? 'postgres',
      maxConnections: asked === undefined ? maxConnections : Number(asked),
      cpuUnits: vcpus * 1024,
      memoryMiB,
      parameters,
      ...(addedLatencyMs === undefined ? {} : { addedLatencyMs }),
    });
    database.server = server;
    database.addedLatencyMs = addedLatencyMs;
    this.#follow(database, server);
    if (instance.DBInstanceStatus === 'creating') this.#tellCreated(database, instance);
    this.#patch(database, {
      DBInstanceStatus: 'available',
      Endpoint: { Address: server.host, Port: server.port, HostedZoneId: 'Z1TTGA775OQIYO' },
    });
  }

  #tellCreated({ at, id }: RunningDatabase, { DBInstanceArn }: DBInstanceResource): void {
    this.#options.world.transaction(() => tellDatabaseEvent(at, 'created', id, DBInstanceArn));
  }

  /** Gives the server the password that was asked for, and the instance as it then is. */
  async #changePassword(database: RunningDatabase, instance: DBInstanceResource): Promise<DBInstanceResource> {
    const { newMasterPassword: asked, ...rest } = instance;
    if (asked === undefined) return instance;
    if (database.server === undefined) await this.#start(database, instance);
    await database.server?.changePassword(asked);
    this.#patch(database, { masterPassword: asked, newMasterPassword: undefined });
    return { ...rest, masterPassword: asked };
  }

  async #stop(database: RunningDatabase): Promise<void> {
    const { server } = database;
    database.server = undefined;
    await server?.stop();
  }

  #remove(database: RunningDatabase): void {
    const { world, plane } = this.#options;
    this.#files.remove(database);
    this.#running.delete(keyOf(database.at, database.id));
    plane.network.release(database.address);
    world.transaction(() => removeDBInstance(database.at, database.id));
  }

  /** A server that ends unasked is started again at its address, as RDS recovers an instance behind its endpoint. */
  #onExit(database: RunningDatabase, server: DatabaseServer): void {
    if (this.#closing || database.server !== server) return;
    database.server = undefined;
    this.#options.log.warn(`database ${database.id} ended unexpectedly; starting it again`);
    this.#patch(database, { DBInstanceStatus: 'starting' });
  }

  #fail(database: RunningDatabase, error: unknown): void {
    // What it needs comes again soon, and its record still asks for it.
    if (isInterruption(error)) return;
    this.#options.log.error({ err: error }, `database ${database.id} could not be started: ${errorMessage(error)}`);
    if (this.#closing) return;
    this.#failures.set(keyOf(database.at, database.id), errorMessage(error));
    this.#patch(database, { DBInstanceStatus: 'failed' });
  }

  #patch({ at, id }: RunningDatabase, changes: Partial<DBInstanceResource>): void {
    this.#options.world.transaction(() => {
      const instance = at.table(dbInstances).get(id);
      if (instance !== undefined && (instance.DBInstanceStatus !== 'deleting' || changes.DBInstanceStatus === undefined))
        at.table(dbInstances).patch(instance, changes);
    });
  }

  /** What a server has written to its log. */
  logFile(database: Pick<RunningDatabase, 'at' | 'id'>): string {
    return this.#files.logFile(database);
  }

  /** Use of all running servers since the last call: as AWS/RDS metrics, and their CPU together in percent of one core. */
  async sample(): Promise<{ measured: { at: Place; data: MetricDatum[] }[]; cpuPercent: number }> {
    const timestampMs = this.#options.clock.nowMs();
    let cpuPercent = 0;
    const measured: { at: Place; data: MetricDatum[] }[] = [];
    for (const { at, id, server } of this.#running.values()) {
      const instance = at.table(dbInstances).get(id);
      const usage = await server?.use();
      if (server === undefined || usage === undefined || instance === undefined) continue;
      const { vcpus, memoryMiB } = instanceClassOf(instance.DBInstanceClass ?? '');
      cpuPercent += usage.cpuPercent * vcpus;
      const common = { namespace: 'AWS/RDS', dimensions: { DBInstanceIdentifier: id }, timestampMs } as const;
      const { connections } = usage;
      measured.push({
        at,
        data: [
          { ...common, name: 'CPUUtilization', unit: 'Percent', value: usage.cpuPercent },
          { ...common, name: 'FreeableMemory', unit: 'Bytes', value: Math.max(0, memoryMiB * 2 ** 20 - usage.memoryBytes) },
          ...(connections === undefined ? [] : [{ ...common, name: 'DatabaseConnections', unit: 'Count', value: connections } as const]),
        ],
      });
    }
    return { measured, cpuPercent };
  }

  /** The addresses of the network are others now: each server gets a new one when it starts again, its endpoint with it. */
  move(): void {
    const { plane } = this.#options;
    if (plane.found.bridge !== undefined) return;
    for (const database of this.#running.values()) database.address = plane.network.lease();
  }

  /** Whether there is an instance to a server, by the id that the data plane has it under. */
  owns(id: string): boolean {
    return this.#running.has(id);
  }

  /** The version that really runs, e.g. `18.4`; undefined while none does. */
  versionOf(at: Place, id: string): string | undefined {
    return this.#running.get(keyOf(at, id))?.server?.version;
  }

  /** Why an instance's last start failed. */
  failureOf(at: Place, id: string): string | undefined {
    return this.#failures.get(keyOf(at, id));
  }

  /** For drills: ends a server as a crash would. */
  kill(at: Place, id: string): void {
    this.#running.get(keyOf(at, id))?.server?.kill();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#running.values()].map((database) => this.#end(database)));
  }

  async #end(database: RunningDatabase): Promise<void> {
    await database.busy;
    await this.#stop(database);
  }
}

const keyOf = (at: Place, id: string): string => `${at.account}/${at.region}/${id}`;

/** What the parameter group sets; references to the class's memory stay RDS's own defaults. */
function parametersOf(at: Place, instance: DBInstanceResource): Record<string, string> {
  const name = instance.DBParameterGroups?.[0]?.DBParameterGroupName;
  const group = at.table(parameterGroups).get(name);
  return Object.fromEntries(
    (group?.parameters ?? []).flatMap(({ ParameterName, ParameterValue }) =>
      ParameterName === undefined || ParameterValue === undefined || ParameterName.startsWith('rds.') || ParameterValue.includes('{')
        ? []
        : [[ParameterName, ParameterValue]],
    ),
  );
}
