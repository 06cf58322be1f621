import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { errorMessage, PlimsollError, systemErrorCode, systemRandom } from '../base/index.ts';
import { computeErrors } from './errors.ts';

/**
 * A region's own part of the loopback network, so that every task can listen on the same port at an
 * address of its own and two regions on one machine never meet.
 *
 * Where the system answers on all of 127.0.0.0/8 (Linux), a region holds one /24:
 *
 *     127.16.0.1         the anchor: a listening socket on a fixed port. Holding it is owning the slice;
 *     127.16.0.2 … .254  leased to balancers, tasks, databases
 *
 * The kernel is the lock: only one process can listen there, and its death, however sudden, unlocks it.
 *
 * Where only single loopback addresses exist (macOS has 127.0.0.1 and what `ifconfig lo0 alias` added),
 * the region claims each such address that is free in the same way. With 127.0.0.1 alone there is
 * exactly one address to lease.
 */
export interface LoopbackNetwork {
  /** `slice`: a whole /24; `single`: the separate addresses that this system has. */
  readonly kind: 'slice' | 'single';
  /** E.g. `127.16.0.0/24`; for `single` the claimed addresses, comma-separated. */
  readonly name: string;
  /** All that can be leased, in the order that they first are. */
  readonly addresses: readonly string[];
  /** Lowest address never leased before; then the one released longest ago. Throws PL_COMPUTE_NO_ADDRESS when all are taken. */
  lease(): string;
  /** Leases this one, such as one that was had before a restart. False where it is another network's, or leased. */
  take(address: string): boolean;
  /** An address that was not leased is ignored. */
  release(address: string): void;
  /** Gives the network back to the machine. */
  close(): Promise<void>;
}

export interface LoopbackNetworkOptions {
  /** The port whose holder owns a slice; all regions of a machine must agree on it. */
  anchorPort?: number;
  /** Claim single addresses even where all of 127/8 answers. */
  single?: boolean;
  /** The name of a slice to try first: that of a process before this one, whose addresses are known to clients. */
  preferred?: string;
}

/** A network that another process holds: what is leased is written down here, and `close` leaves it held. */
export function leasesOf({ kind, name, addresses }: Pick<LoopbackNetwork, 'kind' | 'name' | 'addresses'>): LoopbackNetwork {
  return new Network(kind, name, addresses, []);
}

/** Below every system's ephemeral range, so no outgoing connection takes it, and registered to nobody at IANA. */
const defaultAnchorPort = 24127;
/** 127.16.0.0/24 to 127.19.255.0/24: more than the regions that fit on one machine. */
const slicesMax = 1024;
const firstOctetBase = 16;

export async function claimLoopbackNetwork(options: LoopbackNetworkOptions = {}): Promise<LoopbackNetwork> {
  const port = options.anchorPort ?? defaultAnchorPort;
  if (options.single === true) return await claimSingleAddresses(port);
  // Anywhere among them: a process that takes the place of a killed one wants its slice, and a newcomer had better not be there before it.
  const first = systemRandom.int(slicesMax);
  const prefixes = Array.from({ length: slicesMax }, (_, index) => {
    const slice = (first + index) % slicesMax;
    return `127.${firstOctetBase + (slice >> 8)}.${slice & 255}`;
  });
  const preferred = prefixes.filter((prefix) => options.preferred === `${prefix}.0/24`);
  for (const prefix of [...preferred, ...prefixes]) {
    const anchor = await tryHold(`${prefix}.1`, port);
    if (anchor === 'absent') return await claimSingleAddresses(port);
    if (anchor === 'taken') continue;
    const hosts = Array.from({ length: 253 }, (_, i) => `${prefix}.${i + 2}`);
    return new Network('slice', `${prefix}.0/24`, hosts, [anchor]);
  }
  throw new PlimsollError(computeErrors.PL_COMPUTE_NO_NETWORK, {
    what: `none of ${slicesMax} loopback networks could be claimed`,
    where: `port ${port} of 127.${firstOctetBase}.0.1 and on`,
    fix: `end the program that listens on port ${port} of all addresses (ss -ltnp sport = :${port}), or the other regions`,
  });
}

async function claimSingleAddresses(port: number): Promise<LoopbackNetwork> {
  const addresses: string[] = [];
  const anchors: Server[] = [];
  for (const address of loopbackAddresses()) {
    const anchor = await tryHold(address, port);
    if (typeof anchor === 'string') continue;
    addresses.push(address);
    anchors.push(anchor);
  }
  if (addresses.length === 0) {
    throw new PlimsollError(computeErrors.PL_COMPUTE_NO_NETWORK, {
      what: 'another region on this machine holds every loopback address',
      fix: 'stop it, or add an address: sudo ifconfig lo0 alias 127.0.0.2 up',
    });
  }
  return new Network('single', addresses.join(','), addresses, anchors);
}

function loopbackAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter((entry) => entry.internal && entry.family === 'IPv4' && entry.address.startsWith('127.')).map((entry) => entry.address);
}

/** Listens, or says why not: `taken` by another process, `absent` from this machine. */
function tryHold(address: string, port: number): Promise<Server | 'taken' | 'absent'> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      const code = systemErrorCode(error);
      if (code === 'EADDRINUSE') resolve('taken');
      else if (code === 'EADDRNOTAVAIL') resolve('absent');
      else {
        reject(
          new PlimsollError(computeErrors.PL_COMPUTE_NO_NETWORK, {
            what: `cannot listen on the loopback network: ${errorMessage(error)}`,
            where: `${address}:${port}`,
            cause: error,
          }),
        );
      }
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

class Network implements LoopbackNetwork {
  readonly kind: 'slice' | 'single';
  readonly name: string;
  readonly addresses: readonly string[];
  /** A queue: taken from the front, given back at the end, so an address rests as long as possible before it is used again. */
  readonly #free: string[];
  readonly #leased = new Set<string>();
  readonly #anchors: readonly Server[];

  constructor(kind: 'slice' | 'single', name: string, addresses: readonly string[], anchors: readonly Server[]) {
    this.kind = kind;
    this.name = name;
    this.addresses = addresses;
    this.#free = [...addresses];
    this.#anchors = anchors;
  }

  lease(): string {
    const address = this.#free.shift();
    if (address === undefined) {
      throw new PlimsollError(computeErrors.PL_COMPUTE_NO_ADDRESS, {
        what:
          this.addresses.length === 1
            ? 'the only loopback address is leased'
            : `all ${this.addresses.length} loopback addresses are leased`,
        where: this.name,
        fix: this.kind === 'slice' ? 'run fewer tasks' : 'add one for each further task: sudo ifconfig lo0 alias 127.0.0.2 up',
      });
    }
    this.#leased.add(address);
    return address;
  }

  take(address: string): boolean {
    const at = this.#free.indexOf(address);
    if (at === -1) return false;
    this.#free.splice(at, 1);
    this.#leased.add(address);
    return true;
  }

  release(address: string): void {
    if (this.#leased.delete(address)) this.#free.push(address);
  }

  async close(): Promise<void> {
    await Promise.all(this.#anchors.map((anchor) => new Promise((resolve) => anchor.close(resolve))));
  }
}
