import { BlockList, isIP } from 'node:net';
import { invalid } from '../options/fields.ts';

/** Local addresses that connections start from. */

/**
 * Users per local address. It has about 28,000 ports (Linux, `net.ipv4.ip_local_port_range`), but finding a free one
 * takes the kernel ever longer as they fill up.
 */
export const PORTS_PER_ADDRESS = 4000;

/** Up to here one address, chosen by the system, does. */
const PORTS_MAX = 20_000;

const ADDRESSES_MAX = 65_536;

/** `192.168.20.12-192.168.20.15,192.168.10.0/27`: k6's `localIPs` (IPv4 ranges and blocks, single addresses). */
export function parseLocalAddresses(text: string): string[] {
  return text.split(',').flatMap((part) => range(part.trim()));
}

function range(part: string): string[] {
  if (isIP(part) === 6) return [part];
  const [first = '', last] = part.split('-');
  const [base = '', bits] = first.split('/');
  if (isIP(base) !== 4 || (last !== undefined && isIP(last) !== 4))
    throw invalid(`localIPs: ${JSON.stringify(part)} is no address, range or block`);
  const from = toNumber(base);
  if (last !== undefined) return numbers(part, from, toNumber(last));
  if (bits === undefined) return [base];
  const size = 2 ** (32 - Number(bits));
  const start = Math.floor(from / size) * size;
  // The network's own address and the broadcast address are no hosts.
  return size <= 2 ? numbers(part, start, start + size - 1) : numbers(part, start + 1, start + size - 2);
}

function numbers(part: string, from: number, to: number): string[] {
  if (to < from || to - from >= ADDRESSES_MAX) throw invalid(`localIPs: ${JSON.stringify(part)} holds none or too many addresses`);
  return Array.from({ length: to - from + 1 }, (_, i) => toText(from + i));
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);

/**
 * The address for a VU's connections: its share of `localIPs`; for very many users against a loopback address
 * one of 127.0.1.1, 127.0.1.2, … by the thousands; otherwise the system chooses.
 */
export function localAddressFor(vuId: number, host: string, localIPs: readonly string[], vusMax: number): string | undefined {
  if (localIPs.length > 0) return localIPs[vuId % localIPs.length];
  if (vusMax <= PORTS_MAX || !(host === 'localhost' || (isIP(host) === 4 && loopback.check(host)))) return undefined;
  return toText(toNumber('127.0.1.1') + (vuId % Math.ceil(vusMax / PORTS_PER_ADDRESS + 1)));
}
