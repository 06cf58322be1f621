import type { EC2 } from '@aws-sdk/client-ec2';
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { AwsError } from '../../codec/error.ts';
import type { Place } from '../../state/place.ts';
import type { Operations } from '../operation.ts';
import { applyFilters } from './filter.ts';
import { byIds } from './ids.ts';
import { type KeyPair, keyPairs } from './resources.ts';
import { dropTags, tagNew, tagsOf } from './tagSets.ts';

function missing(name: string): AwsError {
  return new AwsError('InvalidKeyPair.NotFound', `The keypair '${name}' does not exist.`);
}

function refuseDuplicate(at: Place, name: string): void {
  if (name === '') throw new AwsError('MissingParameter', 'The request must contain the parameter keyName');
  if (at.table(keyPairs).find((pair) => pair.KeyName === name))
    throw new AwsError('InvalidKeyPair.Duplicate', `The keypair '${name}' already exists.`);
}

const colons = (hex: string): string => hex.replace(/(..)(?=.)/g, '$1:');

/** `check` is the number that OpenSSH's form repeats, to tell a wrong passphrase. Fingerprint: SHA-1 of the PKCS#8 private key for RSA, the SSH fingerprint for ED25519: what AWS shows for keys that it made. */
function generate(type: 'rsa' | 'ed25519', check: Buffer): { material: string; fingerprint: string; publicKey: string } {
  const pair = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  const publicKey = sshPublicKey(pair.publicKey.export({ format: 'jwk' }));
  const der = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  const material =
    type === 'rsa'
      ? pair.privateKey.export({ type: 'pkcs1' as 'pkcs8', format: 'pem' })
      : openSshPrivateKey(pair.privateKey.export({ format: 'jwk' }), check);
  const fingerprint = type === 'rsa' ? colons(createHash('sha1').update(der).digest('hex')) : sshFingerprint(publicKey);
  return { material, fingerprint, publicKey };
}

/** A string of SSH's wire form: its length, then its bytes (RFC 4251 section 5). */
function field(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >>> 24, bytes.length >>> 16, bytes.length >>> 8, bytes.length]), bytes]);
}

/** The wire form of RFC 4253 section 6.6 and RFC 8709 section 4. */
function sshPublicKey(jwk: { kty?: string; n?: string; e?: string; x?: string }): string {
  const integer = (base64url = ''): Buffer => {
    const bytes = Buffer.from(base64url, 'base64url');
    return field((bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
  };
  const name = jwk.kty === 'RSA' ? 'ssh-rsa' : 'ssh-ed25519';
  const body = jwk.kty === 'RSA' ? [integer(jwk.e), integer(jwk.n)] : [field(Buffer.from(jwk.x ?? '', 'base64url'))];
  return `${name} ${Buffer.concat([field(Buffer.from(name)), ...body]).toString('base64')}`;
}

/** An ED25519 key in OpenSSH's own form, not encrypted (PROTOCOL.key of the OpenSSH sources). */
function openSshPrivateKey(jwk: { x?: string; d?: string }, check: Buffer): string {
  const publicBytes = Buffer.from(jwk.x ?? '', 'base64url');
  const secret = Buffer.concat([Buffer.from(jwk.d ?? '', 'base64url'), publicBytes]);
  const none = field(Buffer.from('none'));
  const name = field(Buffer.from('ssh-ed25519'));
  const body = Buffer.concat([check, check, name, field(publicBytes), field(secret), field(Buffer.alloc(0))]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    none,
    none,
    field(Buffer.alloc(0)),
    Buffer.from([0, 0, 0, 1]),
    field(Buffer.concat([name, field(publicBytes)])),
    field(Buffer.concat([body, padding])),
  ]);
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

function sshFingerprint(publicKey: string): string {
  return createHash('sha256')
    .update(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64'))
    .digest('base64');
}

/** A key in the form of RFC 4716, which AWS takes too, as OpenSSH writes it. */
function openSshForm(material: string): string | undefined {
  const match = /^---- BEGIN SSH2 PUBLIC KEY ----\r?\n(.*)\r?\n---- END SSH2 PUBLIC KEY ----/s.exec(material.trim());
  if (match === null) return undefined;
  const body = match[1]!.replace(/^[\w-]+:(?:.*\\\r?\n)*.*\r?\n/gm, '').replace(/\s/g, '');
  const bytes = Buffer.from(body, 'base64');
  return bytes.length < 4 ? undefined : `${bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1')} ${body}`;
}

/** Type and fingerprint of an imported key: MD5 of the DER form for RSA. */
function imported(material: string): { type: 'rsa' | 'ed25519'; fingerprint: string } {
  const invalid = new AwsError('InvalidKeyPair.Format', 'Key is not in valid OpenSSH public key format');
  const [name, body = ''] = (openSshForm(material) ?? material).trim().split(/\s+/);
  const bytes = Buffer.from(body, 'base64');
  if (name === 'ssh-ed25519' && bytes.length === 51) return { type: 'ed25519', fingerprint: sshFingerprint(material) };
  if (name !== 'ssh-rsa') throw invalid;
  try {
    const fields: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = bytes.readUInt32BE(at);
      fields.push(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    const [, e, n] = fields;
    const key = createPublicKey({
      format: 'jwk',
      key: { kty: 'RSA', e: e!.toString('base64url'), n: n!.subarray(n![0] === 0 ? 1 : 0).toString('base64url') },
    });
    return {
      type: 'rsa',
      fingerprint: colons(
        createHash('md5')
          .update(key.export({ type: 'spki', format: 'der' }))
          .digest('hex'),
      ),
    };
  } catch {
    throw invalid;
  }
}

function tags(at: Place, pair: KeyPair): { Key: string; Value: string }[] {
  return [...tagsOf(at, pair.KeyPairId)];
}

/** The answers to CreateKeyPair and ImportKeyPair leave the list out when it is empty. */
function newTags(at: Place, pair: KeyPair): { Tags?: { Key: string; Value: string }[] } {
  const found = tags(at, pair);
  return found.length === 0 ? {} : { Tags: found };
}

/** The key pair that AWS Academy's learner labs give every student: templates name it. Nobody has its private half. */
export function seedLabKeyPair(at: Place): void {
  const { fingerprint, publicKey } = generate('ed25519', Buffer.from(at.hex(8), 'hex'));
  const pair = { KeyPairId: at.id('key'), KeyName: 'vockey', KeyType: 'ed25519' as const };
  at.table(keyPairs).put({ ...pair, KeyFingerprint: fingerprint, PublicKey: publicKey, CreateTime: at.nowMs });
}

export const keyPairOperations: Operations<EC2> = {
  CreateKeyPair({ KeyName = '', KeyType = 'rsa', TagSpecifications }, at) {
    refuseDuplicate(at, KeyName);
    const { material, fingerprint, publicKey } = generate(KeyType === 'ed25519' ? 'ed25519' : 'rsa', Buffer.from(at.hex(8), 'hex'));
    const pair = at
      .table(keyPairs)
      .put({ KeyPairId: at.id('key'), KeyName, KeyType, KeyFingerprint: fingerprint, PublicKey: publicKey, CreateTime: at.nowMs });
    tagNew(at, pair.KeyPairId, 'key-pair', TagSpecifications);
    return { KeyPairId: pair.KeyPairId, KeyName, KeyFingerprint: fingerprint, KeyMaterial: material, ...newTags(at, pair) };
  },

  ImportKeyPair({ KeyName = '', PublicKeyMaterial, TagSpecifications }, at) {
    refuseDuplicate(at, KeyName);
    const material = Buffer.from((PublicKeyMaterial ?? '') as Uint8Array).toString('utf8');
    const { type, fingerprint } = imported(material);
    const pair = at
      .table(keyPairs)
      .put({ KeyPairId: at.id('key'), KeyName, KeyType: type, KeyFingerprint: fingerprint, PublicKey: material, CreateTime: at.nowMs });
    tagNew(at, pair.KeyPairId, 'key-pair', TagSpecifications);
    return { KeyPairId: pair.KeyPairId, KeyName, KeyFingerprint: fingerprint, ...newTags(at, pair) };
  },

  DescribeKeyPairs({ KeyNames, KeyPairIds, Filters, IncludePublicKey = false }, at) {
    const asked = byIds(
      at.table(keyPairs),
      KeyPairIds,
      (id) => new AwsError('InvalidKeyPair.NotFound', `The key pair ID '${id}' does not exist`),
    );
    for (const name of KeyNames ?? []) if (!asked.some((pair) => pair.KeyName === name)) throw missing(name);
    const named = asked.filter((pair) => KeyNames === undefined || KeyNames.length === 0 || KeyNames.includes(pair.KeyName));
    const found = applyFilters(at, named, Filters, (pair) => pair.KeyPairId, {
      'key-name': (pair) => pair.KeyName,
      'key-pair-id': (pair) => pair.KeyPairId,
      fingerprint: (pair) => pair.KeyFingerprint,
    });
    return {
      KeyPairs: found.map(({ PublicKey, ...pair }) => ({
        ...pair,
        ...(IncludePublicKey ? { PublicKey } : {}),
        Tags: tags(at, pair as KeyPair),
      })),
    };
  },

  DeleteKeyPair({ KeyName, KeyPairId }, at) {
    const pair = at.table(keyPairs).find((one) => one.KeyName === KeyName || one.KeyPairId === KeyPairId);
    if (pair === undefined) return { Return: true };
    at.table(keyPairs).delete(pair.KeyPairId);
    dropTags(at, pair.KeyPairId);
    return { Return: true, KeyPairId: pair.KeyPairId };
  },
};
