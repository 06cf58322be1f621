import { createHash, privateDecrypt, constants } from 'node:crypto';
import { existsSync } from 'node:fs';
import { unknown } from '../types.ts';
import type { Scope, Value } from '../types.ts';
import { bcryptHash } from './bcrypt.ts';
import { locate, readBytes } from './files.ts';
import { FunctionFault, define, number, text } from './spec.ts';
import type { FunctionSpec } from './spec.ts';

function digest(algorithm: string, data: string | Buffer, encoding: 'hex' | 'base64'): string {
  return createHash(algorithm).update(data).digest(encoding);
}

/** Of a text, and of a file's bytes. */
const ofText = (algorithm: string, encoding: 'hex' | 'base64'): FunctionSpec =>
  define([text('str')], ([str]) => digest(algorithm, str, encoding));
const ofFile = (algorithm: string, encoding: 'hex' | 'base64'): FunctionSpec =>
  define([text('path')], ([path], _, { scope }) => digest(algorithm, bytesOf(scope, path), encoding));

/** Terraform says this of a missing file in other words than `file` does. */
function bytesOf(scope: Scope, path: string): Buffer {
  if (existsSync(locate(scope, path))) return readBytes(scope, path);
  throw new FunctionFault(`open ${path}: no such file or directory`);
}

export const hashFunctions: Record<string, FunctionSpec> = {
  bcrypt: define([text('str')], ([str], cost: number[], { scope }) => passwordHash(str, cost, scope), { rest: number('cost') }),
  base64sha256: ofText('sha256', 'base64'),
  base64sha512: ofText('sha512', 'base64'),
  filebase64sha256: ofFile('sha256', 'base64'),
  filebase64sha512: ofFile('sha512', 'base64'),
  filemd5: ofFile('md5', 'hex'),
  filesha1: ofFile('sha1', 'hex'),
  filesha256: ofFile('sha256', 'hex'),
  filesha512: ofFile('sha512', 'hex'),
  md5: ofText('md5', 'hex'),
  rsadecrypt: define([text('ciphertext'), text('privatekey')], ([ciphertext, key]) => decrypt(ciphertext, key)),
  sha1: ofText('sha1', 'hex'),
  sha256: ofText('sha256', 'hex'),
  sha512: ofText('sha512', 'hex'),
  uuid: define([], (_, __, { scope }) => (scope.planning === true ? unknown : asUuid(scope.randomHex(32), '4'))),
  uuidv5: define([text('namespace'), text('name')], ([namespace, name]) => uuidOfName(namespace, name)),
};

/** Dashes, version and variant in 32 hex digits (RFC 9562 section 4). */
function asUuid(hex: string, version: string): string {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** RFC 9562 section 6.6. */
const namespaces: Readonly<Record<string, string>> = {
  dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
};

function uuidOfName(namespace: string, name: string): string {
  const id = (Object.hasOwn(namespaces, namespace) ? (namespaces[namespace] as string) : namespace).replaceAll('-', '');
  if (!/^[0-9a-fA-F]{32}$/.test(id))
    throw new FunctionFault(`uuidv5() doesn't support namespace ${namespace} (invalid UUID length: ${namespace.length})`);
  return asUuid(digest('sha1', Buffer.concat([Buffer.from(id, 'hex'), Buffer.from(name)]), 'hex'), '5');
}

/** Costs as Go's library has them: 10 unless told, and no less than 4. */
function passwordHash(password: string, given: readonly number[], scope: Scope): Value {
  if (given.length > 1) throw new FunctionFault('bcrypt() takes no more than two arguments');
  const cost = Math.trunc(given[0] ?? 10);
  if (cost > 31) throw new FunctionFault(`error occurred generating password crypto/bcrypt: cost ${cost} is outside allowed range (4,31)`);
  if (Buffer.byteLength(password) > 72)
    throw new FunctionFault('error occurred generating password bcrypt: password length exceeds 72 bytes');
  if (scope.planning === true) return unknown;
  return bcryptHash(password, cost < 4 ? 10 : cost, Buffer.from(scope.randomHex(32), 'hex'));
}

function decrypt(ciphertext: string, key: string): string {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(ciphertext, 'base64')).toString('utf8');
  } catch {
    throw new FunctionFault('failed to decrypt: error occurred during decryption', 'ciphertext');
  }
}
