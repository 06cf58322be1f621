import { createHmac } from 'node:crypto';
import { systemClock, systemRandom } from '../../base/index.ts';
import { md4 } from '../modules/md4.ts';
import type { Exchange } from './exchange.ts';
import type { Login } from './login.ts';

/**
 * NTLM over HTTP (https://learn.microsoft.com/openspecs/windows_protocols/ms-nlmp), version 2:
 *
 *     GET                                         401, WWW-Authenticate: NTLM
 *     GET, Authorization: NTLM <negotiate>        401, WWW-Authenticate: NTLM <challenge>
 *     GET, Authorization: NTLM <authenticate>     200, and so is all else on this connection
 */
export class NtlmLogin implements Login {
  authorization: string | undefined = undefined;
  readonly #user: string;
  readonly #domain: string;
  readonly #password: string;
  #answers = 0;
  #asked = 0;

  /** `user` may be `DOMAIN\user`. */
  constructor(user: string, password: string) {
    const [, domain = '', name = user] = /^([^\\]*)\\(.*)$/s.exec(user) ?? [];
    this.#domain = domain;
    this.#user = name;
    this.#password = password;
  }

  mayAnswer(fields: string): boolean {
    return this.#answers < 2 && challengeOf(fields) !== undefined;
  }

  answer({ fields }: Exchange): string | undefined {
    const asked = challengeOf(fields);
    if (asked === undefined || this.#answers === 2) return undefined;
    this.#answers++;
    const challenge = Buffer.from(asked.challenge, 'base64');
    if (this.#answers === 1) this.authorization = `${asked.scheme} ${negotiate().toString('base64')}`;
    else if (challenge.length < 48) return undefined;
    else this.authorization = `${asked.scheme} ${this.#authenticate(challenge).toString('base64')}`;
    return this.authorization;
  }

  /** The first answer may be a challenge, or what was asked for on a connection that is known. */
  expects(status: number): boolean | undefined {
    return this.#asked++ === 0 && status === 401 ? true : undefined;
  }

  #authenticate(challenge: Buffer): Buffer {
    const account = { user: this.#user, domain: this.#domain, password: this.#password };
    return authenticate(challenge, account, { random: Buffer.from(systemRandom.hex(16), 'hex'), nowMs: systemClock.nowMs() });
  }
}

function challengeOf(fields: string): { scheme: string; challenge: string } | undefined {
  const match = /(?:^|\r\n)www-authenticate:[ \t]*(NTLM|Negotiate)(?:[ \t]+([\w+/=]+))?[ \t]*(?=\r|$)/i.exec(fields);
  return match ? { scheme: match[1] as string, challenge: match[2] ?? '' } : undefined;
}

export interface Account {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1');
/** Unicode, request target, NTLM, always sign, extended session security, target info, 128 and 56 bit (MS-NLMP section 2.2.2.5). */
const FLAGS = 0xa0888205;
const AUTHENTICATE_BYTES = 64;

function negotiate(): Buffer {
  const message = Buffer.alloc(32);
  SIGNATURE.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(FLAGS, 12);
  message.writeUInt32LE(32, 20);
  message.writeUInt32LE(32, 28);
  return message;
}

/** The answer to a CHALLENGE_MESSAGE (MS-NLMP sections 2.2.1.3 and 3.3.2). */
export function authenticate(challenge: Buffer, account: Account, fresh: { readonly random: Buffer; readonly nowMs: number }): Buffer {
  const server = challenge.subarray(24, 32);
  const infoAt = challenge.readUInt32LE(44);
  const info = challenge.subarray(infoAt, infoAt + challenge.readUInt16LE(40));
  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
  const key = hmac(md4(utf16(account.password)), utf16(account.user.toUpperCase() + account.domain));
  const time = Buffer.alloc(8);
  // Tenths of microseconds since 1601.
  time.writeBigUInt64LE((BigInt(fresh.nowMs) + 11_644_473_600_000n) * 10_000n);
  const blob = Buffer.concat([Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]), time, fresh.random, Buffer.alloc(4), info, Buffer.alloc(4)]);
  const payloads = [
    Buffer.concat([hmac(key, Buffer.concat([server, fresh.random])), fresh.random]),
    Buffer.concat([hmac(key, Buffer.concat([server, blob])), blob]),
    utf16(account.domain),
    utf16(account.user),
    Buffer.alloc(0),
    Buffer.alloc(0),
  ];
  const head = Buffer.alloc(AUTHENTICATE_BYTES);
  SIGNATURE.copy(head);
  head.writeUInt32LE(3, 8);
  let at = AUTHENTICATE_BYTES;
  for (const [i, { length }] of payloads.entries()) {
    head.writeUInt16LE(length, 12 + i * 8);
    head.writeUInt16LE(length, 14 + i * 8);
    head.writeUInt32LE(at, 16 + i * 8);
    at += length;
  }
  head.writeUInt32LE(FLAGS, 60);
  return Buffer.concat([head, ...payloads]);
}

function hmac(key: Uint8Array, data: Buffer): Buffer {
  return createHmac('md5', key).update(data).digest();
}
