import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Random } from '../../base/index.ts';

/**
 * Text that only we can read or make: AES-256-GCM, base64url. Cookies of stickiness are sealed, so that they tell a
 * client nothing and cannot be made up. Workers with the same secret open each other's.
 */
export class Seal {
  readonly #key: Buffer;
  readonly #random: Random;

  constructor(secret: string, random: Random) {
    this.#key = createHash('sha256').update(secret).digest();
    this.#random = random;
  }

  close(text: string): string {
    const nonce = Buffer.from(this.#random.hex(24), 'hex');
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  }

  /** Undefined for anything that was not sealed with the same secret. */
  open(sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < 28 || bytes.length > 1024) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(-16));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}
