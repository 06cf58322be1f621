import { parseDurationMs } from '../../base/index.ts';
import { Metadata } from '@grpc/grpc-js';
import { isAbsent, textOf } from '../modules/bound.ts';
import { bytesOf } from '../modules/encoding.ts';
import { readTags } from '../modules/tags.ts';

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
  return about('grpc.connect()', () => {
    const raw = read(value, 'connect param', [
      'plaintext', 'reflect', 'reflectMetadata', 'timeout', 'maxReceiveSize', 'maxSendSize', 'tls', 'authority',
    ]); // prettier-ignore
    return {
      plaintext: flagOf(raw['plaintext'], 'plaintext'),
      reflect: flagOf(raw['reflect'], 'reflect'),
      reflectMetadata: metadataOf(raw['reflectMetadata']),
      timeoutMs: spanOf(raw['timeout']) ?? 60_000,
      maxReceiveSize: sizeOf(raw['maxReceiveSize'], 'maxReceiveSize'),
      maxSendSize: sizeOf(raw['maxSendSize'], 'maxSendSize'),
      authority: textOf(raw['authority']) || undefined,
      tls: isAbsent(raw['tls']) ? undefined : readTls(raw['tls'] as Raw),
    };
  });
}

/** `call` is `client.invoke()`, `Stream` and the like, for messages. */
export function readCallParams(value: unknown, call: string): CallParams {
  return about(call, () => {
    const raw = read(value, 'param', ['metadata', 'tags', 'timeout', 'discardResponseMessage']);
    return {
      metadata: metadataOf(raw['metadata']),
      tags: readTags(raw['tags']),
      timeoutMs: spanOf(raw['timeout']) || undefined,
      discardResponseMessage: Boolean(raw['discardResponseMessage']),
    };
  });
}

function about<T>(call: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`invalid ${call} parameters: ${(error as Error).message}`, { cause: error });
  }
}

function read(value: unknown, what: string, known: readonly string[]): Raw {
  if (isAbsent(value)) return {};
  const raw = Object(value) as Raw;
  const unknown = Object.keys(raw).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`unknown ${what}: ${JSON.stringify(unknown)}: there are ${known.join(', ')}`);
  return raw;
}

function flagOf(value: unknown, name: string): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw new TypeError(`invalid ${name} value: ${JSON.stringify(value)}, it needs to be boolean`);
  return value === true;
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

/** Names that end in `-bin` have bytes, all others text (https://grpc.io/docs/guides/metadata/). */
function metadataOf(value: unknown): Metadata {
  const metadata = new Metadata();
  if (isAbsent(value)) return metadata;
  if (typeof value !== 'object') throw new TypeError('invalid metadata param: must be an object with key-value pairs');
  for (const [name, item] of Object.entries(value as Raw)) {
    if (name.endsWith('-bin')) {
      if (!(item instanceof ArrayBuffer) && !ArrayBuffer.isView(item))
        throw new TypeError(`invalid metadata param: ${JSON.stringify(name)} value must be binary`);
      metadata.add(name, Buffer.from(bytesOf(item)));
    } else {
      if (typeof item !== 'string') throw new TypeError(`invalid metadata param: ${JSON.stringify(name)} value must be a string`);
      metadata.add(name, item);
    }
  }
  return metadata;
}

function spanOf(value: unknown): number | undefined {
  if (isAbsent(value)) return undefined;
  const ms = typeof value === 'string' ? parseDurationMs(value) : value;
  if (typeof ms !== 'number' || Number.isNaN(ms)) throw new TypeError(`invalid timeout value: ${JSON.stringify(value)} is not a duration`);
  return ms;
}

function sizeOf(value: unknown, name: string): number | undefined {
  if (isAbsent(value)) return undefined;
  if (!Number.isInteger(value) || (value as number) < 0)
    throw new TypeError(`invalid ${name} value: ${JSON.stringify(value)}, it needs to be a positive integer`);
  return value as number;
}
