import { createHash, createHmac, webcrypto } from 'node:crypto';
import type { Vu } from '../vu/vu.ts';
import { moduleOf, type HostFunction } from './bound.ts';
import { arrayBufferOf, bytesOf } from './encoding.ts';
import { hmacMd4, md4 } from './md4.ts';

/** k6's names of hash functions, with OpenSSL's. */
const algorithms: Readonly<Record<string, string>> = {
  md4: 'md4',
  md5: 'md5',
  sha1: 'sha1',
  sha256: 'sha256',
  sha384: 'sha384',
  sha512: 'sha512',
  sha512_224: 'sha512-224',
  sha512_256: 'sha512-256',
  ripemd160: 'ripemd160',
};

/** What the hash object of `createHash` and `createHMAC` is made of; `digest` may be asked for several times. */
interface Hash {
  update(data: Buffer): void;
  digest(): Buffer;
}

/** What a script gets: `update(data)` and `digest(outputEncoding)`. */
class Hasher {
  readonly #vu: Vu;
  readonly #hash: Hash;

  constructor(vu: Vu, hash: Hash) {
    this.#vu = vu;
    this.#hash = hash;
  }

  update(data: unknown): void {
    this.#vu.enter();
    this.#hash.update(bytesOf(data));
  }

  digest(outputEncoding: unknown): string | ArrayBuffer {
    this.#vu.enter();
    return encode(this.#hash.digest(), outputEncoding);
  }
}

/** https://grafana.com/docs/k6/latest/javascript-api/k6-crypto/ */
const functions: Record<string, HostFunction> = {
  createHash(algorithm: unknown) {
    this.enter();
    return new Hasher(this, hashOf(algorithm));
  },
  createHMAC(algorithm: unknown, secret: unknown) {
    this.enter();
    return new Hasher(this, hmacOf(algorithm, bytesOf(secret)));
  },
  hmac(algorithm: unknown, secret: unknown, data: unknown, outputEncoding: unknown) {
    this.enter();
    const hash = hmacOf(algorithm, bytesOf(secret));
    hash.update(bytesOf(data));
    return encode(hash.digest(), outputEncoding);
  },
  hexEncode(data: unknown) {
    this.enter();
    return bytesOf(data).toString('hex');
  },
  /** An ArrayBuffer of bytes that nobody can guess; scripts make keys and nonces of them, so no seed applies. */
  randomBytes(size: unknown) {
    this.enter();
    const length = Number(size);
    if (!Number.isInteger(length) || length < 1) throw new Error('invalid size');
    const bytes = new Uint8Array(length);
    // getRandomValues fills at most 64 KiB at a time (Web Crypto section 10.1.1).
    for (let at = 0; at < length; at += 65_536) webcrypto.getRandomValues(bytes.subarray(at, at + 65_536));
    return bytes.buffer;
  },
};
for (const algorithm of Object.keys(algorithms))
  functions[algorithm] = function (data: unknown, outputEncoding: unknown) {
    this.enter();
    const hash = hashOf(algorithm);
    hash.update(bytesOf(data));
    return encode(hash.digest(), outputEncoding);
  };

export const CryptoModule = moduleOf(functions);

function nameOf(algorithm: unknown): string {
  const name = algorithms[String(algorithm)];
  if (name === undefined) throw new Error(`invalid algorithm: ${String(algorithm)}; there are ${Object.keys(algorithms).join(', ')}`);
  return name;
}

function hashOf(algorithm: unknown): Hash {
  const name = nameOf(algorithm);
  if (name === 'md4') return gathered(md4);
  const hash = createHash(name);
  return { update: (data) => void hash.update(data), digest: () => hash.copy().digest() };
}

/** Node's HMAC can be finished only once, so the data is kept for another `digest`. */
function hmacOf(algorithm: unknown, secret: Buffer): Hash {
  const name = nameOf(algorithm);
  return gathered((data) => (name === 'md4' ? hmacMd4(secret, data) : createHmac(name, secret).update(data).digest()));
}

function gathered(digest: (data: Buffer) => Buffer): Hash {
  const parts: Buffer[] = [];
  return { update: (data) => void parts.push(Buffer.from(data)), digest: () => digest(Buffer.concat(parts)) };
}

function encode(digest: Buffer, outputEncoding: unknown): string | ArrayBuffer {
  switch (outputEncoding) {
    case 'hex':
      return digest.toString('hex');
    case 'base64':
      return digest.toString('base64');
    case 'base64url':
      return digest.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    case 'base64rawurl':
      return digest.toString('base64url');
    case 'binary':
      return arrayBufferOf(digest);
    default:
      throw new Error(`invalid output encoding: ${String(outputEncoding)}; it is hex, base64, base64url, base64rawurl or binary`);
  }
}
