import type { CookieJar } from './jar.ts';
import { invalid } from '../options/fields.ts';
import { parseDurationMs } from '../../base/index.ts';

/** The params object of a request, read once. */
export interface RequestParams {
  readonly fields: readonly (readonly [string, string])[];
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly cookies: Readonly<Record<string, unknown>> | undefined;
  readonly jar: CookieJar | null | undefined;
  readonly timeoutMs: number;
  readonly redirects: number | undefined;
  readonly responseType: 'text' | 'binary' | 'none' | 'stream' | undefined;
  readonly auth: 'basic' | 'digest' | undefined;
  /** Codings of the request body, first to last. */
  readonly compression: readonly string[];
  /** Undefined for the default, null to count every answer as expected and measure no failures. */
  readonly responseCallback: unknown;
}

const DEFAULT_TIMEOUT_MS = 60_000;

export const defaultParams: RequestParams = {
  fields: [],
  tags: undefined,
  cookies: undefined,
  jar: undefined,
  timeoutMs: DEFAULT_TIMEOUT_MS,
  redirects: undefined,
  responseType: undefined,
  auth: undefined,
  compression: [],
  responseCallback: undefined,
};

export function readParams(value: unknown): RequestParams {
  if (value === undefined || value === null) return defaultParams;
  if (typeof value !== 'object') throw new TypeError('the params of a request must be an object');
  const raw = value as Record<string, unknown>;
  return {
    fields: readFields(raw['headers']),
    tags: raw['tags'] as Record<string, string> | undefined,
    cookies: raw['cookies'] as Record<string, unknown> | undefined,
    jar: raw['jar'] as CookieJar | null | undefined,
    timeoutMs: readTimeout(raw['timeout']),
    redirects: raw['redirects'] as number | undefined,
    responseType: readResponseType(raw['responseType']),
    auth: readAuth(raw['auth']),
    compression: readCompression(raw['compression']),
    responseCallback: raw['responseCallback'],
  };
}

function readFields(headers: unknown): [string, string][] {
  if (headers === undefined || headers === null) return [];
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(headers as Record<string, unknown>)) fields.push([name, String(value)]);
  return fields;
}

function readTimeout(value: unknown): number {
  if (value === undefined || value === null) return DEFAULT_TIMEOUT_MS;
  const ms = typeof value === 'string' ? parseDurationMs(value) : (value as number);
  if (typeof ms !== 'number') throw invalid(`timeout must be a duration such as "10s", got ${JSON.stringify(value)}`);
  return ms;
}

function readAuth(value: unknown): RequestParams['auth'] {
  if (value === undefined || value === null || value === '') return undefined;
  if (value === 'basic' || value === 'digest') return value;
  throw invalid(`auth must be "basic" or "digest", got ${JSON.stringify(value)}`);
}

function readCompression(value: unknown): string[] {
  if (value === undefined || value === null || value === '') return [];
  const codings = (value as string).split(',').map((name) => name.trim());
  for (const name of codings)
    if (!/^(?:gzip|deflate|br|zstd)$/.test(name))
      throw invalid(`compression must be gzip, deflate, br or zstd, got ${JSON.stringify(name)}`);
  return codings;
}

function readResponseType(value: unknown): RequestParams['responseType'] {
  if (value === undefined || value === null || value === '') return undefined;
  if (value === 'text' || value === 'binary' || value === 'none' || value === 'stream') return value;
  throw new TypeError(`responseType must be "text", "binary", "none" or "stream", got ${JSON.stringify(value)}`);
}
