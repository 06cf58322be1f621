import { randomBytes } from 'node:crypto';

/** A source of randomness, handed in wherever chance is part of a rule, so that a seed replays a run. */
export interface Random {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform integer in [0, below); `below` is a positive integer up to 2^32. */
  int(below: number): number;
  /** `length` lower-case hexadecimal digits. */
  hex(length: number): string;
}

/**
 * sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state, passes BigCrush, and cheap in 32-bit
 * integer arithmetic. Deterministic for a seed on every platform.
 */
export function seededRandom(seed: number | string): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (const char of String(seed)) {
    a = (a ^ (char.codePointAt(0) ?? 0)) | 0;
    next();
  }
  for (let i = 0; i < 15; i++) next();
  return fromUint32(next);
}

/** Randomness from the operating system, for identifiers and anything an outsider must not guess. */
export const systemRandom: Random = fromUint32(systemUint32);

/** Taken from the system a page at a time: a call for four bytes costs as much as one for four thousand. */
let page = Buffer.alloc(0);
let used = 0;

function systemUint32(): number {
  if (used === page.length) [page, used] = [randomBytes(4096), 0];
  used += 4;
  return page.readUInt32LE(used - 4);
}

function fromUint32(next: () => number): Random {
  return {
    float: () => next() / 0x1_0000_0000,
    int: (below) => Math.floor((next() / 0x1_0000_0000) * below),
    hex(length) {
      let digits = '';
      while (digits.length < length) digits += next().toString(16).padStart(8, '0');
      return digits.slice(0, length);
    },
  };
}

/** A version 4 UUID (RFC 9562 section 5.4). */
export function uuid(random: Random = systemRandom): string {
  const hex = random.hex(32);
  const variant = '89ab'.charAt(random.int(4));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
