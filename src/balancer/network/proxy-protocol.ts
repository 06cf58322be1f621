import { isIPv4 } from 'node:net';
import type { Ends } from './flow-hash.ts';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const VERSION_2_PROXY = 0x21;

/**
 * A PROXY protocol v2 header with a flow's own ends and no further fields: 28 bytes for IPv4, 52 for IPv6.
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt section 2.2
 *
 *     signature (12)  0x21  family and transport  length (2)  source  destination  ports (2 + 2)
 */
export function proxyHeader(transport: 'stream' | 'datagram', ends: Ends): Buffer {
  const v4 = isIPv4(ends.remoteAddress) && isIPv4(ends.localAddress);
  const bytesOf = v4 ? ipv4Bytes : ipv6Bytes;
  const addresses = Buffer.from([...bytesOf(ends.remoteAddress), ...bytesOf(ends.localAddress)]);
  const header = Buffer.alloc(16 + addresses.length + 4);
  SIGNATURE.copy(header);
  header[12] = VERSION_2_PROXY;
  header[13] = (v4 ? 0x10 : 0x20) | (transport === 'stream' ? 0x01 : 0x02);
  header.writeUInt16BE(addresses.length + 4, 14);
  addresses.copy(header, 16);
  header.writeUInt16BE(ends.remotePort, 16 + addresses.length);
  header.writeUInt16BE(ends.localPort, 18 + addresses.length);
  return header;
}

function ipv4Bytes(address: string): number[] {
  return address.split('.').map(Number);
}

/** The 16 bytes of an IPv6 address in any of its spellings (RFC 4291 section 2.2); an IPv4 address in IPv6 clothes. */
function ipv6Bytes(address: string): number[] {
  if (isIPv4(address)) return ipv6Bytes(`::ffff:${address}`);
  const [head = '', tail] = address.replace(/%.*$/, '').split('::') as [string?, string?];
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const gap = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...gap, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(group);
    return [(a << 8) | b, (c << 8) | d];
  });
}
