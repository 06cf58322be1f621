import type Docker from 'dockerode';
import { errorMessage, PlimsollError, type Logger } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';
import { leasesOf, type LoopbackNetwork } from '../network.ts';
import { regionKey, regionLabel, statusOf } from './engine.ts';

/**
 * A bridge network of a region's own, so that each container's address is chosen before the container is made, and
 * addresses of this computer that containers reach, so that many load balancers can listen on the same port:
 *
 *     172.30.4.1         gateway of the bridge: this computer, where containers find databases
 *     172.30.4.2 … .254  tasks; this computer reaches them there
 *     172.30.5.0 … .255  containers that instances run
 *     172.30.6.1, .5 …   gateways of further networks with nothing in them, one for each load balancer
 *
 * Docker gives each network's gateway to this computer, for which we may lack the rights.
 */
export interface Bridge {
  readonly name: string;
  readonly gateway: string;
  readonly leases: LoopbackNetwork;
  /** For containers that instances run. */
  readonly instanceLeases: LoopbackNetwork;
  /** Addresses that this computer can have besides; `Gateways` opens them. */
  readonly gateways: readonly string[];
}

/** 172.30.0.0/16, cut into /22: among the last that Docker itself chooses from, and outside of the machines' 172.31.0.0/16. */
const prefix = '172.30';
const slices = 64;

/** Where containers are, and load balancers beside them. */
export const containerRange = `${prefix}.0.0/16`;

/**
 * A data folder has the same slice each time, unless another region has it: load balancers and databases keep their
 * addresses. Throws PL_COMPUTE_NO_NETWORK when none is free.
 */
export async function createBridge(docker: Docker, dataDir: string): Promise<Bridge> {
  const key = regionKey(dataDir);
  const name = `plimsoll-${key}`;
  const first = Number.parseInt(key.slice(0, 4), 16);
  let obstacle: unknown;
  for (let tried = 0; tried < slices; tried++) {
    const third = ((first + tried) % slices) * 4;
    const subnet = `${prefix}.${third}.0/23`;
    const gateway = `${prefix}.${third}.1`;
    try {
      await createNetwork(docker, { name, key, subnet, gateway });
      return {
        name,
        gateway,
        leases: leasesOf({ kind: 'slice', name: subnet, addresses: range(third, 2, 253) }),
        instanceLeases: leasesOf({ kind: 'slice', name: subnet, addresses: range(third + 1, 0, 255) }),
        gateways: range(third + 2, 1, 64, 4),
      };
    } catch (error) {
      // 403: the range is another network's.
      if (statusOf(error) !== 403) throw error;
      obstacle = error;
    }
  }
  throw new PlimsollError(computeErrors.PL_COMPUTE_NO_NETWORK, {
    what: `no network for containers is free: ${errorMessage(obstacle)}`,
    where: containerRange,
    fix: 'remove networks that nobody needs: docker network prune',
  });
}

function range(third: number, first: number, count: number, step = 1): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}.${third}.${first + index * step}`);
}

/** Which addresses of `Bridge.gateways` this computer has. */
export class Gateways {
  readonly #docker: Docker;
  readonly #key: string;
  readonly #known: ReadonlySet<string>;
  readonly #log: Logger | undefined;
  /** Address → id of its network. */
  readonly #open = new Map<string, string>();

  constructor(docker: Docker, dataDir: string, bridge: Bridge, log: Logger | undefined) {
    this.#docker = docker;
    this.#key = regionKey(dataDir);
    this.#known = new Set(bridge.gateways);
    this.#log = log;
  }

  /** Opens those among `addresses` that are closed. What fails is tried again by the next call. */
  async open(addresses: Iterable<string>): Promise<void> {
    for (const address of new Set(addresses)) {
      if (!this.#known.has(address) || this.#open.has(address)) continue;
      const last = address.lastIndexOf('.') + 1;
      const subnet = `${address.slice(0, last)}${Number(address.slice(last)) - 1}/30`;
      const name = `plimsoll-${this.#key}-${address}`;
      try {
        this.#open.set(address, await createNetwork(this.#docker, { name, key: this.#key, subnet, gateway: address }));
      } catch (error) {
        this.#log?.error(`the address ${address} cannot be had for a load balancer: ${errorMessage(error)}`);
      }
    }
  }

  /** Closes all but `addresses`. */
  async keep(addresses: Iterable<string>): Promise<void> {
    const kept = new Set(addresses);
    for (const [address, id] of this.#open) {
      if (kept.has(address)) continue;
      this.#open.delete(address);
      // What an Engine that is away keeps is found by its label at the next start.
      await this.#docker
        .getNetwork(id)
        .remove()
        .catch(() => undefined);
    }
  }
}

interface NetworkSpec {
  readonly name: string;
  /** The region's. */
  readonly key: string;
  readonly subnet: string;
  readonly gateway: string;
}

/** Returns the network's id. */
async function createNetwork(docker: Docker, { name, key, subnet, gateway }: NetworkSpec): Promise<string> {
  const { id } = await docker.createNetwork({
    Name: name,
    Driver: 'bridge',
    IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
    Labels: { [regionLabel]: key },
  });
  return id;
}
