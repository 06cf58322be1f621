import type Docker from 'dockerode';
import { errorMessage, PlimsollError } from '../../base/index.ts';
import { computeErrors } from '../errors.ts';
import { leasesOf, type LoopbackNetwork } from '../network.ts';
import { regionKey, regionLabel, statusOf } from './engine.ts';

/**
 * A bridge network of a region's own, a /24, so that each container's address is chosen before the container is made:
 *
 *     172.30.4.1         the gateway: this computer, where containers find databases
 *     172.30.4.2 … .254  containers; this computer reaches them there
 */
export interface Bridge {
  readonly name: string;
  readonly gateway: string;
  readonly leases: LoopbackNetwork;
}

/** 172.30.0.0/16, cut into /24: outside of the pools that Docker itself chooses from, and of the machines' 172.31.0.0/16. */
const prefix = '172.30';

/** Throws PL_COMPUTE_NO_NETWORK when none is free. */
export async function createBridge(docker: Docker, dataDir: string): Promise<Bridge> {
  const key = regionKey(dataDir);
  const name = `plimsoll-${key}`;
  let obstacle: unknown;
  for (let third = 0; third < 256; third++) {
    const subnet = `${prefix}.${third}.0/24`;
    const gateway = `${prefix}.${third}.1`;
    try {
      await docker.createNetwork({
        Name: name,
        Driver: 'bridge',
        IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
        Labels: { [regionLabel]: key },
      });
      const addresses = Array.from({ length: 253 }, (_, index) => `${prefix}.${third}.${index + 2}`);
      return { name, gateway, leases: leasesOf({ kind: 'slice', name: subnet, addresses }) };
    } catch (error) {
      // 403: the range is another network's.
      if (statusOf(error) !== 403) throw error;
      obstacle = error;
    }
  }
  throw new PlimsollError(computeErrors.PL_COMPUTE_NO_NETWORK, {
    what: `no network for containers is free: ${errorMessage(obstacle)}`,
    where: `${prefix}.0.0/16`,
    fix: 'remove networks that nobody needs: docker network prune',
  });
}
