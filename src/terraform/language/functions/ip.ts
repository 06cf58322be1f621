import { isIPv4, isIPv6 } from 'node:net';
import { asList } from '../values.ts';
import { FunctionFault, define, number, text } from './spec.ts';
import type { FunctionSpec } from './spec.ts';

/** An address range as a number and a prefix length; 32 or 128 bits wide. */
interface Network {
  readonly address: bigint;
  readonly prefix: number;
  readonly width: 32 | 128;
}

export const ipFunctions: Record<string, FunctionSpec> = {
  cidrhost: define([text('prefix'), number('hostnum')], ([prefix, host]) => hostOf(parseNetwork(prefix), host)),
  cidrnetmask: define([text('prefix')], ([prefix]) => netmask(parseNetwork(prefix))),
  cidrsubnet: define([text('prefix'), number('newbits'), number('netnum')], ([prefix, bits, index]) =>
    render(subnet(parseNetwork(prefix), bits, BigInt(Math.trunc(index)))),
  ),
  cidrsubnets: define([text('prefix')], ([prefix], bits: number[]) => asList(subnets(parseNetwork(prefix), bits).map(render), 'string'), {
    rest: number('newbits'),
  }),
};

function parseNetwork(value: string): Network {
  const [address = '', prefix = ''] = value.split('/');
  const width = isIPv4(address) ? 32 : 128;
  const bits = Number(prefix);
  if ((width === 128 && !isIPv6(address)) || !/^\d{1,3}$/.test(prefix) || bits > width || value.split('/').length !== 2) {
    throw new FunctionFault(`invalid CIDR expression: invalid CIDR address: ${value}`);
  }
  const whole = width === 32 ? parseV4(address) : parseV6(address);
  const host = BigInt(width - bits);
  return { address: (whole >> host) << host, prefix: bits, width };
}

function parseV4(value: string): bigint {
  return value.split('.').reduce((total, part) => (total << 8n) | BigInt(part), 0n);
}

/** RFC 4291 section 2.2: `::` stands for as many zero groups as are missing; the end may be written as IPv4. */
function parseV6(value: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(value);
  const four = dotted ? parseV4(dotted[2] as string) : 0n;
  const plain = dotted ? `${dotted[1]}${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}` : value;
  const [left = '', right] = plain.split('::');
  const groups = (side: string | undefined): string[] => (side === undefined || side === '' ? [] : side.split(':'));
  const filler = Array.from({ length: right === undefined ? 0 : 8 - groups(left).length - groups(right).length }, () => '0');
  return [...groups(left), ...filler, ...groups(right)].reduce((total, group) => (total << 16n) | BigInt(`0x${group}`), 0n);
}

function renderAddress(address: bigint, width: number): string {
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((address >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  return compress(groups);
}

/** RFC 5952: the longest run of zero groups, two at least, becomes `::`. */
function compress(groups: readonly string[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

function render({ address, prefix, width }: Network): string {
  return `${renderAddress(address, width)}/${prefix}`;
}

function hostOf({ address, prefix, width }: Network, host: number): string {
  const size = 1n << BigInt(width - prefix);
  const index = BigInt(Math.trunc(host));
  if (index >= size || -index > size) {
    throw new FunctionFault(`prefix of ${prefix} does not accommodate a host numbered ${host}`);
  }
  return renderAddress(address + (index < 0n ? size + index : index), width);
}

function netmask({ address, prefix, width }: Network): string {
  if (width === 128) throw new FunctionFault(`IPv6 addresses cannot have a netmask: ${renderAddress(address, width)}/${prefix}`);
  const all = (1n << 32n) - 1n;
  return renderAddress((all << BigInt(32 - prefix)) & all, 32);
}

function subnet({ address, prefix, width }: Network, bits: number, index: bigint): Network {
  const length = prefix + bits;
  if (length > width) throw new FunctionFault(`insufficient address space to extend prefix of ${prefix} by ${bits}`);
  if (bits < 0) throw new FunctionFault('must extend prefix by at least zero bits');
  const count = 1n << BigInt(bits);
  if (index >= count || -index > count) {
    throw new FunctionFault(`prefix extension of ${bits} does not accommodate a subnet numbered ${index}`);
  }
  const position = index < 0n ? count + index : index;
  return { address: address + (position << BigInt(width - length)), prefix: length, width };
}

/** Ranges of these sizes one behind the other, each at a multiple of its own size. */
function subnets(network: Network, bits: readonly number[]): Network[] {
  const end = network.address + (1n << BigInt(network.width - network.prefix));
  let next = network.address;
  return bits.map((extra) => {
    if (extra < 1) throw new FunctionFault('must extend prefix by at least one bit');
    if (extra > 32) throw new FunctionFault('may not extend prefix by more than 32 bits');
    const prefix = network.prefix + extra;
    if (prefix > network.width) {
      throw new FunctionFault(
        `would extend prefix to ${prefix} bits, which is too long for an IPv${network.width === 32 ? 4 : 6} address`,
        'newbits',
      );
    }
    const size = 1n << BigInt(network.width - prefix);
    const address = ((next + size - 1n) / size) * size;
    if (address + size > end)
      throw new FunctionFault(
        `not enough remaining address space for a subnet with a prefix of ${prefix} bits after ${renderAddress(next - 1n, network.width)}`,
        'newbits',
      );
    next = address + size;
    return { address, prefix, width: network.width };
  });
}
