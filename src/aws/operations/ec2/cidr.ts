import { AwsError } from '../../codec/error.ts';

/** An IPv4 block; `base` is the network address as an unsigned 32-bit number. */
export interface Cidr {
  readonly base: number;
  readonly bits: number;
}

/** Undefined for anything that is not four octets and a length. Host bits are dropped. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const numbers = match.slice(1).map(Number) as [number, number, number, number, number];
  const [a, b, c, d, bits] = numbers;
  if (Math.max(a, b, c, d) > 255 || bits > 32) return undefined;
  const address = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  return { base: bits === 0 ? 0 : (address & (-1 << (32 - bits))) >>> 0, bits };
}

export function formatCidr({ base, bits }: Cidr): string {
  return `${formatAddress(base)}/${bits}`;
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

export function parseAddress(text: string): number | undefined {
  return parseCidr(`${text}/32`)?.base;
}

export function sizeOf({ bits }: Cidr): number {
  return 2 ** (32 - bits);
}

export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.base >= outer.base && inner.base + sizeOf(inner) <= outer.base + sizeOf(outer);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

/** Parses what a caller gave for `parameter`, in EC2's words when it is no block. */
export function requireCidr(text: string, parameter = 'CIDR block'): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${text.slice(0, 100)}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
    );
  }
  return cidr;
}
