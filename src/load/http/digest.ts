import { createHash } from 'node:crypto';
import { systemRandom } from '../../base/index.ts';

/** HTTP Digest authentication (RFC 7616), for `auth: 'digest'`. */

/** The parameters of a `WWW-Authenticate: Digest …` field; undefined when there is none. */
export function parseChallenge(fields: string): Record<string, string> | undefined {
  const text = /(?:^|\r\n)www-authenticate:[ \t]*digest[ \t]+([^\r]*)/i.exec(fields)?.[1];
  if (text === undefined) return undefined;
  const out: Record<string, string> = {};
  for (const [, name = '', quoted, plain] of text.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g))
    out[name.toLowerCase()] = (quoted ?? plain ?? '').replace(/\\(.)/g, '$1');
  return out;
}

const algorithms: Record<string, string> = { md5: 'md5', 'sha-256': 'sha256', 'sha-512-256': 'sha512-256' };

/** The value of the Authorization field; undefined when the server asks for an algorithm that is not known. */
export function answerChallenge(
  challenge: Record<string, string>,
  request: { method: string; path: string; user: string; password: string; cnonce?: string },
): string | undefined {
  const algorithm = challenge['algorithm'] ?? 'MD5';
  const isSession = /-sess$/i.test(algorithm);
  const name = algorithms[algorithm.toLowerCase().replace(/-sess$/, '')];
  if (name === undefined) return undefined;
  const hash = (text: string): string => createHash(name).update(text).digest('hex');
  const { realm = '', nonce = '', opaque, qop } = challenge;
  const cnonce = request.cnonce ?? systemRandom.hex(16);
  const quality = qop?.split(',').map((each) => each.trim()).includes('auth') ? 'auth' : undefined; // prettier-ignore
  if (qop !== undefined && quality === undefined) return undefined;
  let secret = hash(`${request.user}:${realm}:${request.password}`);
  if (isSession) secret = hash(`${secret}:${nonce}:${cnonce}`);
  const target = hash(`${request.method}:${request.path}`);
  const response = hash(
    quality === undefined ? `${secret}:${nonce}:${target}` : `${secret}:${nonce}:00000001:${cnonce}:${quality}:${target}`,
  );
  const parts = [
    `username="${request.user}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${request.path}"`, `algorithm=${algorithm}`, `response="${response}"`,
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
    ...(quality === undefined ? [] : [`qop=${quality}`, 'nc=00000001', `cnonce="${cnonce}"`]),
  ]; // prettier-ignore
  return `Digest ${parts.join(', ')}`;
}
