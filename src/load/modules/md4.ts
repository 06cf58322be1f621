/**
 * MD4 (RFC 1320), which k6 offers and OpenSSL 3 no longer does. For old protocols only: it is broken.
 */
export function md4(message: Buffer): Buffer {
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  const padded = pad(message);
  const words = new Int32Array(16);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = padded.readInt32LE(at + i * 4);
    compress(state, words);
  }
  const out = Buffer.alloc(16);
  state.forEach((word, i) => out.writeInt32LE(word, i * 4));
  return out;
}

/** RFC 2104 with a block of 64 bytes. */
export function hmacMd4(secret: Buffer, message: Buffer): Buffer {
  const key = Buffer.alloc(64);
  (secret.length > 64 ? md4(secret) : secret).copy(key);
  const inner = md4(Buffer.concat([key.map((byte) => byte ^ 0x36), message]));
  return md4(Buffer.concat([key.map((byte) => byte ^ 0x5c), inner]));
}

/** A one bit, zeros up to 56 mod 64 bytes, the length in bits. */
function pad(message: Buffer): Buffer {
  const padded = Buffer.alloc((Math.floor((message.length + 8) / 64) + 1) * 64);
  message.copy(padded);
  padded[message.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(message.length) * 8n, padded.length - 8);
  return padded;
}

interface Round {
  readonly mix: (x: number, y: number, z: number) => number;
  readonly constant: number;
  readonly order: readonly number[];
  readonly shifts: readonly number[];
}

const rounds: readonly Round[] = [
  { mix: (x, y, z) => (x & y) | (~x & z), constant: 0, order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], shifts: [3, 7, 11, 19] },
  { mix: (x, y, z) => (x & y) | (x & z) | (y & z), constant: 0x5a827999, order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], shifts: [3, 5, 9, 13] },
  { mix: (x, y, z) => x ^ y ^ z, constant: 0x6ed9eba1, order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], shifts: [3, 9, 11, 15] },
]; // prettier-ignore

function compress(state: Int32Array, words: Int32Array): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (const { mix, constant, order, shifts } of rounds)
    order.forEach((word, step) => {
      const sum = (a + mix(b, c, d) + (words[word] as number) + constant) | 0;
      const shift = shifts[step % 4] as number;
      [a, b, c, d] = [d, (sum << shift) | (sum >>> (32 - shift)), b, c];
    });
  for (const [i, value] of [a, b, c, d].entries()) state[i] = (state[i] as number) + value;
}
