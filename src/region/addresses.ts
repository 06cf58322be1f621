import { dbInstances, loadBalancers, type World } from '../aws/index.ts';
import type { LoopbackNetwork } from '../compute/index.ts';

/**
 * Where the parts of a region really are on this machine: what the API knows as an instance id or a private
 * address of a subnet, the data plane reaches at an address of the loopback network or of a machine of its own.
 */
export class Addresses {
  readonly #hosts = new Map<string, string>();
  readonly #watchers = new Set<() => void>();

  /** `name`: an instance id or a private IP address. */
  bind(name: string, host: string): void {
    this.#hosts.set(name, host);
    this.#changed();
  }

  unbind(name: string): void {
    if (this.#hosts.delete(name)) this.#changed();
  }

  /** Undefined: nothing runs there. */
  hostOf(name: string): string | undefined {
    return this.#hosts.get(name);
  }

  onChange(watcher: () => void): void {
    this.#watchers.add(watcher);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/**
 * Leases the addresses that load balancers and databases had before a restart, before anything else can: clients have
 * been told of them.
 */
export function keptAddresses(world: World, network: LoopbackNetwork): ReadonlySet<string> {
  const had = world.places().flatMap((at) => [
    ...at
      .table(loadBalancers)
      .values()
      .map(({ DNSName }) => DNSName),
    ...at
      .table(dbInstances)
      .values()
      .map(({ Endpoint }) => Endpoint?.Address),
  ]);
  return new Set(had.filter((address) => address !== undefined && network.take(address)) as string[]);
}
