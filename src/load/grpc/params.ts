import { parseDurationMs } from '../../base/index.ts';
import { Metadata } from '@grpc/grpc-js';

/** Parameters of `client.connect()`. */
export interface ConnectParams {
  readonly plaintext: boolean;
  readonly reflect: boolean;
  readonly reflectMetadata: Metadata;
  readonly timeoutMs: number;
  readonly maxReceiveSize: number | undefined;
  readonly maxSendSize: number | undefined;
  readonly authority: string | undefined;
  readonly tls: TlsParams | undefined;
}

export interface TlsParams {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly password: string | undefined;
  readonly cacerts: readonly string[];
}

/** Parameters of `client.invoke()` and of a stream. */
export interface CallParams {
  readonly metadata: Metadata;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs: number | undefined;
  readonly discardResponseMessage: boolean;
}

type Raw = Record<string, unknown>;

export function readConnectParams(value: unknown): ConnectParams {
  const raw = read(value, 'connect', [
    'plaintext', 'reflect', 'reflectMetadata', 'timeout', 'maxReceiveSize', 'maxSendSize', 'tls', 'authority',
  ]); // prettier-ignore
  return {
    plaintext: raw['plaintext'] === true,
    reflect: raw['reflect'] === true,
    reflectMetadata: metadataOf(raw['reflectMetadata']),
    timeoutMs: spanOf(raw['timeout'], 'timeout') ?? 60_000,
    maxReceiveSize: sizeOf(raw['maxReceiveSize'], 'maxReceiveSize'),
    maxSendSize: sizeOf(raw['maxSendSize'], 'maxSendSize'),
    authority: raw['authority'] as string | undefined,
    tls: raw['tls'] === undefined ? undefined : readTls(raw['tls'] as Raw),
  };
}

export function readCallParams(value: unknown, call: string): CallParams {
  const raw = read(value, call, ['metadata', 'headers', 'tags', 'timeout', 'discardResponseMessage']);
  if (raw['headers'] !== undefined) throw new TypeError(`the parameter "headers" of ${call} is deprecated and was removed: use "metadata"`);
  return {
    metadata: metadataOf(raw['metadata']),
    tags:
      raw['tags'] === undefined
        ? undefined
        : Object.fromEntries(Object.entries(raw['tags'] as Raw).map(([name, tag]) => [name, String(tag)])),
    timeoutMs: spanOf(raw['timeout'], 'timeout'),
    discardResponseMessage: raw['discardResponseMessage'] === true,
  };
}

function read(value: unknown, call: string, known: readonly string[]): Raw {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object') throw new TypeError(`invalid parameters of ${call}: an object is needed`);
  for (const name of Object.keys(value))
    if (!known.includes(name)) throw new TypeError(`unknown parameter "${name}" of ${call}: there are ${known.join(', ')}`);
  return value as Raw;
}

function readTls(raw: Raw): TlsParams {
  const text = (name: string): string | undefined => {
    const value = raw[name];
    if (value !== undefined && typeof value !== 'string')
      throw new TypeError(`invalid tls ${name} value: it needs to be a PEM formatted string`);
    return value;
  };
  const cacerts = raw['cacerts'] ?? [];
  return {
    cert: text('cert'),
    key: text('key'),
    password: text('password'),
    cacerts: (Array.isArray(cacerts) ? cacerts : [cacerts]).map(String),
  };
}

function metadataOf(value: unknown): Metadata {
  const metadata = new Metadata();
  for (const [name, item] of Object.entries((value ?? {}) as Raw)) {
    if (name.endsWith('-bin'))
      metadata.add(name, Buffer.from(item instanceof ArrayBuffer ? new Uint8Array(item) : Buffer.from(String(item), 'latin1')));
    else metadata.add(name, String(item));
  }
  return metadata;
}

function spanOf(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === 'number' ? value : parseDurationMs(value as string);
  if (ms === undefined || !(ms >= 0)) throw new TypeError(`invalid ${name} value: ${JSON.stringify(value)} is not a duration`);
  return ms;
}

function sizeOf(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Number.isInteger(value) || (value as number) < 0)
    throw new TypeError(`invalid ${name} value: ${JSON.stringify(value)}, it needs to be a positive integer`);
  return value as number;
}
