import type { Clock, Random } from '../../base/index.ts';
import type { MetricStore } from '../../metrics/index.ts';
import type { Row, Store } from '../../state/index.ts';
import { Place } from './place.ts';
import { Table, type TableSpec } from './table.ts';

export interface WorldOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Where accepted writes are made durable. */
  readonly store: Store;
  /** Makes what every region has from the start (default VPC, …); runs once for each account and region. */
  readonly seed: (place: Place) => void;
  /** What becomes of resources that take time to change state. */
  readonly machinery: Machinery;
}

/**
 * What stands behind the resources. Control plane only, every transition is over at once (`immediate`).
 * A region that really runs things keeps the first state; its controllers see the change (`World.watch`),
 * do the work, and settle the resource later with `World.transaction`.
 */
export interface Machinery {
  /** Whether controllers bring resources to the state asked for; if not, operations do it themselves, at once. */
  readonly live: boolean;
  /** The state to store for a resource on its way from `passing` to `settled`. */
  transition<State extends string>(place: Place, resource: string, passing: State, settled: State): State;
  /** The host that clients reach a load balancer by. Asked only where `live`. */
  dnsName?(place: Place, loadBalancerArn: string): string;
  /** The targets of a group as the data plane sees them, those that still drain among them. Asked only where `live`. */
  targetHealth?(place: Place, groupArn: string): readonly TargetState[];
  /** What an instance has written to its console. Asked only where `live`. */
  consoleOf?(instanceId: string): string;
  /** The file that a database server writes its log to. Asked only where `live`. */
  databaseLog?(place: Place, id: string): string;
  /** What was measured in a region. Asked only where `live`. */
  metrics?(place: Place): MetricStore;
  /** What a predictive scaling policy expects of the coming hours. Asked only where `live`. */
  forecast?(place: Place, groupName: string, policyName: string): readonly { startMs: number; load: number; capacity: number }[];
  /** Where on this computer things really are. Asked only where `live`. */
  whereabouts?(): Whereabouts;
}

/** Addresses that work from this computer, by the identifiers that AWS's API knows. */
export interface Whereabouts {
  /** By listener ARN; a listener that does not listen is missing. */
  readonly listeners: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  /** By instance id, with the ports that its security groups let in; an instance that does not run is missing. */
  readonly instances: Readonly<Record<string, { readonly host: string; readonly ports: readonly number[] }>>;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html */
export interface TargetState {
  readonly id: string;
  readonly port: number | undefined;
  readonly state: 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining' | 'unavailable';
  readonly reason?: string;
  readonly description?: string;
}

export const immediate: Machinery = { live: false, transition: (_place, _resource, _passing, settled) => settled };

/** Told after each transaction which tables (`account/region/kind`) it changed. */
export type Watcher = (changed: ReadonlySet<string>) => void;

interface Change {
  readonly table: Table<unknown>;
  readonly id: string;
  readonly before: unknown;
}

/**
 * All resources of all accounts and regions, in memory and written through. One operation is one
 * transaction: it is on disk before it is answered, and one that fails changes nothing.
 */
export class World {
  readonly clock: Clock;
  readonly random: Random;
  readonly machinery: Machinery;
  readonly #store: Store;
  readonly #seed: (place: Place) => void;
  readonly #places = new Map<string, Place>();
  readonly #tables = new Map<string, Table<unknown>>();
  #changes: Map<string, Change> | undefined;
  readonly #watchers = new Set<Watcher>();
  #ordinal = 0;

  constructor(options: WorldOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.machinery = options.machinery;
    this.#store = options.store;
    this.#seed = options.seed;
    for (const { kind, id, value } of this.#store.rows()) this.#tableOf(kind).restore(id, value);
  }

  place(account: string, region: string): Place {
    const key = `${account}/${region}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      this.#places.set(key, (place = new Place(this, account, region)));
      const fresh = place;
      this.transaction(() => {
        const seeded = fresh.table(seeds);
        if (seeded.get('seeded') !== undefined) return;
        seeded.put({ id: 'seeded' });
        this.#seed(fresh);
      });
    }
    return place;
  }

  /** Accounts and regions that were ever touched, in this run or an earlier one. */
  places(): Place[] {
    for (const name of this.#tables.keys()) {
      const [account = '', region = ''] = name.split('/');
      this.place(account, region);
    }
    return [...this.#places.values()];
  }

  table<T>(place: Place, spec: TableSpec<T>): Table<T> {
    const table = this.#tableOf(`${place.account}/${place.region}/${spec.kind}`);
    table.bind(spec, this.#record);
    return table as Table<T>;
  }

  #tableOf(name: string): Table<unknown> {
    let table = this.#tables.get(name);
    if (table === undefined) this.#tables.set(name, (table = new Table<unknown>(name)));
    return table;
  }

  /** Whether a resource of a kind exists, without knowing more of the kind. */
  holds(place: Place, kind: string, id: string): boolean {
    return this.#tables.get(`${place.account}/${place.region}/${kind}`)?.has(id) ?? false;
  }

  /** Runs `work`; what it wrote is durable when this returns, and undone when it throws. Nested calls join the outer one. */
  transaction<T>(work: () => T): T {
    if (this.#changes !== undefined) return work();
    const changes = (this.#changes = new Map<string, Change>());
    let result: T;
    try {
      result = work();
      this.#flush(changes);
    } catch (error) {
      for (const { table, id, before } of changes.values()) table.restore(id, before);
      throw error;
    } finally {
      this.#changes = undefined;
    }
    this.#tell(changes);
    return result;
  }

  #tell(changes: ReadonlyMap<string, Change>): void {
    if (changes.size === 0 || this.#watchers.size === 0) return;
    const changed = new Set([...changes.values()].map(({ table }) => table.name));
    for (const watcher of this.#watchers) watcher(changed);
  }

  /** Calls `watcher` after each transaction that changed something, until the function that is returned is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** A number of 56 digits that is greater than all that were given out before, in this run and, by the clock, in earlier ones. */
  ordinal(): string {
    return `${String(Math.floor(this.clock.nowMs())).padStart(15, '0')}${String(++this.#ordinal).padStart(41, '0')}`;
  }

  /** Forgets everything, in memory and on disk. */
  reset(): void {
    this.#store.write(
      [...this.#tables.values()].flatMap((table) => table.keys().map((id) => ({ kind: table.name, id, value: undefined }))),
    );
    this.#tables.clear();
    this.#places.clear();
  }

  readonly #record = (table: Table<unknown>, id: string, before: unknown): void => {
    if (this.#changes === undefined) throw new Error(`assertion failed: ${table.name} was written outside a transaction`);
    const key = `${table.name}/${id}`;
    if (!this.#changes.has(key)) this.#changes.set(key, { table, id, before });
  };

  /** One write to disk for the whole transaction; nothing here changes when it fails. */
  #flush(changes: ReadonlyMap<string, Change>): void {
    const rows: Row[] = [];
    for (const { table, id, before } of changes.values()) {
      const value = table.get(id);
      if (value !== before) rows.push({ kind: table.name, id, value });
    }
    if (rows.length > 0) this.#store.write(rows);
  }
}

const seeds: TableSpec<{ id: string }> = { kind: 'seed', key: (seed) => seed.id };
