/** A kind of resource: its name on disk and what identifies one in its account and region. */
export interface TableSpec<T> {
  readonly kind: string;
  key(value: T): string;
}

/** Names a kind of resource, e.g. `table<Vpc>('ec2.vpc', (vpc) => vpc.VpcId)`. */
export function table<T>(kind: string, key: (value: T) => string): TableSpec<T> {
  return { kind, key };
}

type Record = (table: Table<unknown>, id: string, before: unknown) => void;

/**
 * The resources of one kind in one account and region, in order of creation. Values are plain data and are
 * never changed in place: `put` a changed copy, so that a failed operation can be undone.
 */
export class Table<T> {
  readonly name: string;
  readonly #byId = new Map<string, T>();
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
    this.#byId.set(id, value);
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
    return this.#byId.delete(id);
  }

  /** Sets what a failed transaction found, or what was read from disk. */
  restore(id: string, before: T | undefined): void {
    if (before === undefined) this.#byId.delete(id);
    else this.#byId.set(id, before);
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
