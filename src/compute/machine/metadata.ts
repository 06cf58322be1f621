import type { IncomingMessage } from 'node:http';
import { systemRandom } from '../../base/index.ts';
import type { MachineMetadata } from '../../model/index.ts';

/** Those given out: the instance that asked for each, and when it ends. */
export type Tokens = Map<string, { readonly instanceId: string | undefined; readonly endMs: number }>;

export interface MetadataAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The instance metadata service, versions 1 and 2: a token by PUT, then values below `/latest/`; a path that ends with
 * `/`, or names a group, lists what is in it.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 * A request that shows a token of another instance, or one that has ended, is refused, and all of an instance whose
 * endpoint is disabled. `nowMs`: monotonic.
 */
export function metadataAnswer(
  metadata: MachineMetadata | undefined,
  tokens: Tokens,
  { method = 'GET', url = '/', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  nowMs: number,
): MetadataAnswer {
  if (metadata === undefined) return { status: 404, body: '' };
  if (metadata.endpoint === 'disabled') return { status: 403, body: '' };
  const { values } = metadata;
  const instanceId = values['meta-data/instance-id'];
  const path = url.split('?')[0] ?? '/';
  if (path === '/latest/api/token') {
    const ttl = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
    if (method !== 'PUT') return { status: 405, body: '' };
    if (!(ttl >= 1 && ttl <= 21_600)) return { status: 400, body: '' };
    const token = systemRandom.hex(56);
    for (const [old, { endMs }] of tokens) if (endMs <= nowMs) tokens.delete(old);
    tokens.set(token, { instanceId, endMs: nowMs + ttl * 1000 });
    return { status: 200, body: token, headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(ttl) } };
  }
  const token = headers['x-aws-ec2-metadata-token'];
  const known = tokens.get(String(token));
  const isValid = known !== undefined && known.instanceId === instanceId && known.endMs > nowMs;
  if (token === undefined ? metadata.tokens === 'required' : !isValid) return { status: 401, body: '' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: '' };
  if (path === '/' || path === '') return { status: 200, body: 'latest' };
  const asked = /^\/(?:latest|\d{4}-\d\d-\d\d)\/?(.*)$/.exec(path)?.[1];
  if (asked === undefined) return { status: 404, body: '' };
  return valueOrList(values, asked.replace(/\/$/, ''));
}

function valueOrList(values: Readonly<Record<string, string>>, asked: string): MetadataAnswer {
  const value = values[asked];
  if (value !== undefined) return { status: 200, body: value };
  const prefix = asked === '' ? '' : `${asked}/`;
  const below = Object.keys(values).filter((name) => name.startsWith(prefix));
  if (below.length === 0) return { status: 404, body: '' };
  const names = below.map((name) => name.slice(prefix.length)).map((name) => (name.includes('/') ? `${name.split('/')[0]}/` : name));
  return { status: 200, body: [...new Set(names)].toSorted().join('\n') };
}
