import { systemRandom, uuid } from '../../../base/index.ts';
import type { Value } from '../../language/index.ts';
import { compareAddresses, type InstanceAddress } from '../address.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** From a resource's object to a part of it: names of attributes and blocks, keys of maps, indices of lists. */
export type Path = readonly (string | number)[];

/** One object that stands for a resource instance: what a state file holds of it (format version 4, "instances"). */
export interface InstanceObject {
  /** By the names of the schema; values of type `any` are `{"value": …, "type": …}`, as Terraform writes them. */
  readonly attributes: JsonObject;
  /** `tainted`: it was made, but not to its end; the next plan replaces it. */
  readonly status: 'ready' | 'tainted';
  /** Which attributes were given sensitive values, besides those that the schema calls so. */
  readonly sensitive: readonly Path[];
  /** The blocks that it depends on (`InstanceAddress.block`), for the order of deleting when the configuration no longer says. */
  readonly dependencies: readonly string[];
  readonly createBeforeDestroy: boolean;
}

/** A resource instance, and the objects replaced but not yet deleted (deposed) that were it, by their 8 hex digits. */
export interface InstanceRecord {
  readonly address: InstanceAddress;
  /** `provider["registry.terraform.io/hashicorp/aws"]`, with the module before and the alias after it where there is one. */
  readonly provider: string;
  readonly current: InstanceObject | undefined;
  readonly deposed: ReadonlyMap<string, InstanceObject>;
}

export interface OutputState {
  /** Without unknown and without sensitive parts; its type is `typeOf(value)`. */
  readonly value: Value;
  readonly sensitive: boolean;
}

/** What Terraform knows of the world, in memory. Changed in place by apply; `copy()` where both sides are wanted. */
export class State {
  /** The same for all states that came from one another. */
  readonly lineage: string;
  /** One more with each change that is written. */
  serial: number;
  /** Of the root module, by name. */
  readonly outputs: Map<string, OutputState>;
  readonly #records: Map<string, InstanceRecord>;

  constructor(
    lineage: string = uuid(),
    serial = 0,
    outputs: Iterable<readonly [string, OutputState]> = [],
    records: Iterable<InstanceRecord> = [],
  ) {
    this.lineage = lineage;
    this.serial = serial;
    this.outputs = new Map(outputs);
    this.#records = new Map([...records].map((record) => [record.address.toString(), record]));
  }

  copy(): State {
    return new State(this.lineage, this.serial, this.outputs, this.#records.values());
  }

  /** In Terraform's order of addresses. */
  get records(): readonly InstanceRecord[] {
    return [...this.#records.values()].toSorted((a, b) => compareAddresses(a.address, b.address));
  }

  get isEmpty(): boolean {
    return this.#records.size === 0 && this.outputs.size === 0;
  }

  get(address: InstanceAddress | string): InstanceRecord | undefined {
    return this.#records.get(address.toString());
  }

  /** A record without any object is left out. */
  set(record: InstanceRecord): void {
    const key = record.address.toString();
    if (record.current === undefined && record.deposed.size === 0) this.#records.delete(key);
    else this.#records.set(key, record);
  }

  delete(address: InstanceAddress): void {
    this.#records.delete(address.toString());
  }

  setCurrent(address: InstanceAddress, provider: string, current: InstanceObject | undefined): void {
    this.set({ address, provider, current, deposed: this.get(address)?.deposed ?? new Map() });
  }

  /** Makes room for a replacement: the current object is kept under a key of its own until it is deleted. */
  depose(address: InstanceAddress): string {
    const record = this.get(address);
    const key = systemRandom.hex(8);
    if (record?.current !== undefined)
      this.set({ ...record, current: undefined, deposed: new Map([...record.deposed, [key, record.current]]) });
    return key;
  }

  /** Puts back what was deposed when the replacement could not be made. */
  restore(address: InstanceAddress, key: string): void {
    const record = this.get(address);
    const object = record?.deposed.get(key);
    if (record === undefined || object === undefined || record.current !== undefined) return;
    this.set({ ...record, current: object, deposed: without(record.deposed, key) });
  }

  removeDeposed(address: InstanceAddress, key: string): void {
    const record = this.get(address);
    if (record !== undefined) this.set({ ...record, deposed: without(record.deposed, key) });
  }
}

function without(deposed: InstanceRecord['deposed'], key: string): Map<string, InstanceObject> {
  const left = new Map(deposed);
  left.delete(key);
  return left;
}
