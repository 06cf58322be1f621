/**
 * Signed requests: hashes and HMACs, Web Crypto, Base64, random bytes.
 *
 *     plimsoll run -i 10 crypto-and-encoding.js
 */
import { check } from 'k6';
import { createHash, hmac, randomBytes, sha256 } from 'k6/crypto';
import { b64decode, b64encode } from 'k6/encoding';

export const options = { thresholds: { checks: ['rate==1'] } };

export default async function () {
  const body = JSON.stringify({ amount: 12, currency: 'EUR' });
  const hasher = createHash('sha256');
  hasher.update(body);
  check(body, {
    'two ways to one hash': (text) => hasher.digest('hex') === sha256(text, 'hex'),
    'a signature': (text) => hmac('sha256', 'key', text, 'base64').length === 44,
    'Base64 and back': (text) => b64decode(b64encode(text), 'std', 's') === text,
    'random bytes': () => randomBytes(16).byteLength === 16,
  });

  // The browser's API; what it hands out are promises.
  const key = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify']);
  const data = new Uint8Array([1, 2, 3]);
  const signature = await crypto.subtle.sign('HMAC', key, data);
  check(await crypto.subtle.verify('HMAC', key, signature, data), { 'Web Crypto verifies it': (isRight) => isRight });
}
