/**
 * bcrypt (Provos and Mazières, "A Future-Adaptable Password Scheme", USENIX 1999), which Node's crypto has not: Blowfish with a
 * key setup of 2^cost rounds. Blowfish starts from the fraction of pi, which is worked out here rather than listed.
 */

const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const roundKeys = 18;
const boxWords = 4 * 256;
/** The text that is encrypted, 64 times over. */
const magic = new Uint32Array([0x4f727068, 0x65616e42, 0x65686f6c, 0x64657253, 0x63727944, 0x6f756274]);

/** `$2a$10$…` of at most 72 bytes and a salt of 16. */
export function bcryptHash(password: string, cost: number, salt: Buffer): string {
  const key = words(Buffer.concat([Buffer.from(password), Buffer.of(0)]).subarray(0, 72), roundKeys);
  const saltWords = words(salt, 4);
  const state = initialState().slice();
  expandKey(state, key, saltWords);
  const saltKey = words(salt, roundKeys);
  const nothing = new Uint32Array(4);
  for (let round = 0; round < 2 ** cost; round++) {
    expandKey(state, key, nothing);
    expandKey(state, saltKey, nothing);
  }
  const text = magic.slice();
  for (let pair = 0; pair < text.length; pair += 2) for (let round = 0; round < 64; round++) encrypt(state, text, pair);
  const digest = Buffer.alloc(24);
  text.forEach((word, index) => digest.writeUInt32BE(word, index * 4));
  return `$2a$${String(cost).padStart(2, '0')}$${encode(salt)}${encode(digest.subarray(0, 23))}`;
}

/** `count` big-endian words of the bytes, over and over again. */
function words(bytes: Buffer, count: number): Uint32Array {
  let next = 0;
  const byte = (): number => bytes[next++ % bytes.length] as number;
  return Uint32Array.from({ length: count }, () => (byte() << 24) | (byte() << 16) | (byte() << 8) | byte());
}

let initial: Uint32Array | undefined;

/** Round keys, then the four boxes: the first binary digits of pi behind the point. */
function initialState(): Uint32Array {
  if (initial) return initial;
  const bits = BigInt((roundKeys + boxWords) * 32);
  const guard = 64n;
  const one = 1n << (bits + guard);
  // Machin: pi / 4 = 4 atan(1/5) - atan(1/239)
  const fraction = (16n * inverseTangent(5n, one) - 4n * inverseTangent(239n, one) - 3n * one) >> guard;
  const digits = fraction.toString(16).padStart(Number(bits) / 4, '0');
  initial = Uint32Array.from({ length: roundKeys + boxWords }, (_, index) => Number.parseInt(digits.slice(index * 8, index * 8 + 8), 16));
  return initial;
}

/** atan(1 / of) in units of 1 / one. */
function inverseTangent(of: bigint, one: bigint): bigint {
  let power = one / of;
  let sum = power;
  for (let odd = 3n, sign = -1n; power !== 0n; odd += 2n, sign = -sign) {
    power /= of * of;
    sum += (sign * power) / odd;
  }
  return sum;
}

function expandKey(state: Uint32Array, key: Uint32Array, salt: Uint32Array): void {
  for (let index = 0; index < roundKeys; index++) state[index] = (state[index] as number) ^ (key[index] as number);
  const block = new Uint32Array(2);
  for (let index = 0; index < state.length; index += 2) {
    block[0] = (block[0] as number) ^ (salt[index & 3] as number);
    block[1] = (block[1] as number) ^ (salt[(index & 3) + 1] as number);
    encrypt(state, block, 0);
    state[index] = block[0];
    state[index + 1] = block[1];
  }
}

/** Blowfish on two words, in place. */
function encrypt(state: Uint32Array, block: Uint32Array, at: number): void {
  let left = block[at] as number;
  let right = block[at + 1] as number;
  for (let round = 0; round < 16; round++) {
    left ^= state[round] as number;
    const sum = ((state[18 + (left >>> 24)] as number) + (state[274 + ((left >>> 16) & 255)] as number)) | 0;
    right ^= ((sum ^ (state[530 + ((left >>> 8) & 255)] as number)) + (state[786 + (left & 255)] as number)) | 0;
    [left, right] = [right, left];
  }
  block[at] = right ^ (state[17] as number);
  block[at + 1] = left ^ (state[16] as number);
}

/** Six bits a letter, from the first byte on, without filling. */
function encode(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,6}/g) ?? []).map((group) => alphabet.charAt(Number.parseInt(group.padEnd(6, '0'), 2))).join('');
}
