import { uuid } from '../../base/index.ts';
import type { Table, TableSpec } from './table.ts';
import type { World } from './world.ts';

/** Where the resources of services without regions (IAM, STS) are kept, one place in each partition: `aws-global`. */
const globalSuffix = '-global';

/** Who calls, as far as the request tells. */
export interface Caller {
  readonly accessKeyId: string | undefined;
}

/** One account in one region: where an operation takes place, and all that it may touch. */
export class Place {
  readonly world: World;
  readonly account: string;
  readonly region: string;
  readonly #tables = new Map<TableSpec<never>, Table<never>>();

  constructor(world: World, account: string, region: string) {
    this.world = world;
    this.account = account;
    this.region = region;
  }

  get nowMs(): number {
    return this.world.clock.nowMs();
  }

  /** The resources of one kind here. */
  table<T>(spec: TableSpec<T>): Table<T> {
    let found = this.#tables.get(spec) as Table<T> | undefined;
    if (found === undefined) {
      found = this.world.table(this, spec);
      this.#tables.set(spec, found as unknown as Table<never>);
    }
    return found;
  }

  /** This account's place for services without regions. */
  get global(): Place {
    return this.isGlobal ? this : this.world.place(this.account, `${this.partition}${globalSuffix}`);
  }

  /**
   * Whether AWS's rules are held to the letter. The control plane alone (`plimsoll up --control-plane-only`) stands in
   * for a mock, and suites written for mocks refer to keys, networks and groups that were never made, and expect
   * answers that are the same each time. There the checks that only keep references whole give way; in a region
   * that runs things nothing does. Every leniency asks here and nowhere else. docs/decisions/007-lenient-where-nothing-runs.md
   */
  get strict(): boolean {
    return this.world.machinery.live;
  }

  get isGlobal(): boolean {
    return this.region.endsWith(globalSuffix);
  }

  get partition(): string {
    return partitionOf(this.region);
  }

  /** DNS suffix of the partition's endpoints. */
  get dnsSuffix(): string {
    return this.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  }

  arn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}:${this.isGlobal ? '' : this.region}:${this.account}:${resource}`;
  }

  /** e.g. `i-0123456789abcdef0`. */
  id(prefix: string, digits = 17): string {
    return `${prefix}-${this.hex(digits)}`;
  }

  hex(digits: number): string {
    return this.world.random.hex(digits);
  }

  /** Decimal digits, e.g. of a deployment's id. */
  digits(count: number): string {
    return this.hex(count).replaceAll(/[a-f]/g, (letter) => String(letter.charCodeAt(0) % 10));
  }

  uuid(): string {
    return uuid(this.world.random);
  }
}

export function partitionOf(region: string): string {
  if (region.endsWith(globalSuffix)) return region.slice(0, -globalSuffix.length);
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  if (region.startsWith('us-iso-')) return 'aws-iso';
  if (region.startsWith('us-isob-')) return 'aws-iso-b';
  if (region.startsWith('eusc-')) return 'aws-eusc';
  return 'aws';
}
