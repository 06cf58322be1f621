import { BlockList, isIPv6 } from 'node:net';
import type { Listener } from '../../model/index.ts';
import { plainAddress } from './transport.ts';

/** Whether a client's address is one of those that a listener takes; made anew when its configuration changes. */
export type Admission = (address: string) => boolean;

/** Reads `Listener.sources`; undefined where anyone is taken. A range that cannot be read admits nobody. */
export function admissionOf({ sources }: Listener): Admission | undefined {
  if (sources === undefined) return undefined;
  const ranges = new BlockList();
  for (const source of sources) {
    const [address = '', bits = ''] = source.split('/');
    try {
      ranges.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
    } catch {
      // Not a range.
    }
  }
  return (address) => {
    const plain = plainAddress(address);
    return ranges.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}
