import { invalid } from '../options/fields.ts';
import { parseDurationMs } from '../../base/index.ts';

/** The params object of a request, read once. */
export interface RequestParams {
  readonly fields: readonly (readonly [string, string])[];
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly cookies: Readonly<Record<string, unknown>> | undefined;
  readonly jar: unknown;
  readonly timeoutMs: number;
  readonly redirects: number | undefined;
  readonly responseType: 'text' | 'binary' | 'none' | undefined;
  readonly auth: string | undefined;
  readonly compression: string | undefined;
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
  compression: undefined,
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
    jar: raw['jar'],
    timeoutMs: readTimeout(raw['timeout']),
    redirects: raw['redirects'] as number | undefined,
    responseType: readResponseType(raw['responseType']),
    auth: raw['auth'] as string | undefined,
    compression: raw['compression'] as string | undefined,
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

function readResponseType(value: unknown): RequestParams['responseType'] {
  if (value === undefined || value === null || value === '') return undefined;
  if (value === 'text' || value === 'binary' || value === 'none') return value;
  throw new TypeError(`responseType must be "text", "binary" or "none", got ${JSON.stringify(value)}`);
}
