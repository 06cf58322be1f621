/** A kind of resource: its name on disk and what identifies one in its account and region. */
export interface TableSpec<T> {
  readonly kind: string;
  key(value: T): string;
}

/** Names a kind of resource, e.g. `table<Vpc>('ec2.vpc', (vpc) => vpc.VpcId)`. */
export function table<T>(kind: string, key: (value: T) => string): TableSpec<T> {
  return { kind, key };
}

/** What else than its key a resource is looked up by: any of the texts it holds. */
export interface Index<T> {
  keysOf(value: T): readonly (string | undefined)[];
}

/** Names a way to look resources up, e.g. `index<Volume>((volume) => instancesOf(volume))`, for {@link Table.by}. */
export function index<T>(keysOf: (value: T) => readonly (string | undefined)[]): Index<T> {
  return { keysOf };
}

type Record = (table: Table<unknown>, id: string, before: unknown) => void;

/**
 * The resources of one kind in one account and region, in order of creation. Values are plain data and are
 * never changed in place: `put` a changed copy, so that a failed operation can be undone.
 */
export class Table<T> {
  readonly name: string;
  readonly #byId = new Map<string, T>();
  /** For each index that was asked for, the ids under each key. */
  readonly #indexes = new Map<Index<T>, Map<string, Set<string>>>();
  #spec: TableSpec<T> | undefined;
  #record: Record | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Tables read from disk learn here what they hold. */
  bind(spec: TableSpec<T>, record: Record): void {
    if (this.#spec !== undefined) return;
    this.#spec = spec;
    this.#record = record;
  }

  get(id: string | undefined): T | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  has(id: string | undefined): boolean {
    return id !== undefined && this.#byId.has(id);
  }

  put(value: T): T {
    const id = this.#spec!.key(value);
    this.#record!(this, id, this.#byId.get(id));
    this.#set(id, value);
    return value;
  }

  /** Puts a copy with `changes` in place of `value`. */
  patch(value: T, changes: Partial<T>): T {
    return this.put({ ...value, ...changes });
  }

  delete(id: string): boolean {
    const before = this.#byId.get(id);
    if (before === undefined) return false;
    this.#record!(this, id, before);
    this.#set(id, undefined);
    return true;
  }

  /** Sets what a failed transaction found, or what was read from disk. */
  restore(id: string, before: T | undefined): void {
    this.#set(id, before);
  }

  #set(id: string, value: T | undefined): void {
    for (const [spec, ids] of this.#indexes) {
      const before = this.#byId.get(id);
      if (before !== undefined) leave(ids, spec.keysOf(before), id);
      if (value !== undefined) enter(ids, spec.keysOf(value), id);
    }
    if (value === undefined) this.#byId.delete(id);
    else this.#byId.set(id, value);
  }

  /** The resources that hold `key` by an index. The first call reads them all, later ones only those that they answer. */
  by(spec: Index<T>, key: string): T[] {
    let ids = this.#indexes.get(spec);
    if (ids === undefined) {
      this.#indexes.set(spec, (ids = new Map()));
      for (const [id, value] of this.#byId) enter(ids, spec.keysOf(value), id);
    }
    return Array.from(ids.get(key) ?? [], (id) => this.#byId.get(id)!);
  }

  values(): T[] {
    return [...this.#byId.values()];
  }

  keys(): string[] {
    return [...this.#byId.keys()];
  }

  find(test: (value: T) => boolean): T | undefined {
    for (const value of this.#byId.values()) if (test(value)) return value;
    return undefined;
  }

  filter(test: (value: T) => boolean): T[] {
    const found: T[] = [];
    for (const value of this.#byId.values()) if (test(value)) found.push(value);
    return found;
  }

  get size(): number {
    return this.#byId.size;
  }
}

function enter(ids: Map<string, Set<string>>, keys: readonly (string | undefined)[], id: string): void {
  for (const key of keys) {
    if (key === undefined) continue;
    const held = ids.get(key);
    if (held === undefined) ids.set(key, new Set([id]));
    else held.add(id);
  }
}

function leave(ids: Map<string, Set<string>>, keys: readonly (string | undefined)[], id: string): void {
  for (const key of keys) {
    const held = key === undefined ? undefined : ids.get(key);
    held?.delete(id);
    if (held?.size === 0) ids.delete(key!);
  }
}
