import { parseDurationMs } from '../../base/index.ts';
import { readFields, type RequestFields } from './fields.ts';
import { CookieJar } from './jar.ts';
import { ExpectedStatuses } from './expected.ts';

/** The params object of a request, read once. */
export interface RequestParams {
  readonly headers: RequestFields;
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** Of the request itself, beside those of the jar. */
  readonly cookies: ReadonlyMap<string, RequestCookie> | undefined;
  readonly jar: CookieJar | undefined;
  readonly timeoutMs: number;
  readonly redirects: number | undefined;
  readonly responseType: 'text' | 'binary' | 'none' | 'stream' | undefined;
  readonly auth: 'digest' | 'ntlm' | undefined;
  /** Codings of the request body, first to last. */
  readonly compression: readonly string[];
  /** Undefined for the VU's own, null to call no answer a failure. */
  readonly responseCallback: ExpectedStatuses | null | undefined;
  /** Instead of the option of that name. */
  readonly throws: boolean | undefined;
}

export interface RequestCookie {
  readonly value: string;
  /** Takes the place of the jar's cookie of that name. */
  readonly replace: boolean;
}

/** What a script asks for makes no sense: k6 logs it and answers with status 0, or throws with the option `throw`. */
export class RequestMistake extends Error {
  override name = 'RequestMistake';
  /** k6's `error_code`. */
  readonly code: number;

  constructor(message: string, code = 0) {
    super(message);
    this.code = code;
  }
}

const DEFAULT_TIMEOUT_MS = 60_000;
const noFields: RequestFields = readFields(undefined);

export const defaultParams: RequestParams = {
  headers: noFields,
  tags: undefined,
  cookies: undefined,
  jar: undefined,
  timeoutMs: DEFAULT_TIMEOUT_MS,
  redirects: undefined,
  responseType: undefined,
  auth: undefined,
  compression: [],
  responseCallback: undefined,
  throws: undefined,
};

/** Throws RequestMistake. What is no object has no params, as in k6. */
export function readParams(value: unknown): RequestParams {
  if (typeof value !== 'object' || value === null) return defaultParams;
  const raw = value as Record<string, unknown>;
  return {
    headers: readFields(raw['headers']),
    tags: readTags(raw['tags']),
    cookies: readCookies(raw['cookies']),
    jar: raw['jar'] instanceof CookieJar ? raw['jar'] : undefined,
    timeoutMs: 'timeout' in raw ? readTimeout(raw['timeout']) : DEFAULT_TIMEOUT_MS,
    redirects: 'redirects' in raw ? Math.trunc(Number(raw['redirects'] ?? 0)) || 0 : undefined,
    responseType: 'responseType' in raw ? readResponseType(raw['responseType']) : undefined,
    auth: raw['auth'] === 'digest' || raw['auth'] === 'ntlm' ? raw['auth'] : undefined,
    compression: 'compression' in raw ? readCompression(String(raw['compression'])) : [],
    responseCallback: 'responseCallback' in raw ? readResponseCallback(raw['responseCallback']) : undefined,
    throws: 'throw' in raw ? Boolean(raw['throw']) : undefined,
  };
}

function readTags(tags: unknown): RequestParams['tags'] {
  if (tags === undefined || tags === null || typeof tags !== 'object') return undefined;
  let areTexts = true;
  for (const [name, value] of Object.entries(tags)) {
    areTexts &&= typeof value === 'string';
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw new RequestMistake(
        `invalid HTTP request metric tags: invalid value for metric tag '${name}': only String, Boolean and Number types are accepted as a metric tag values`,
      );
  }
  return areTexts
    ? (tags as Record<string, string>)
    : Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, String(value)]));
}

function readCookies(cookies: unknown): RequestParams['cookies'] {
  if (typeof cookies !== 'object' || cookies === null) return undefined;
  const out = new Map<string, RequestCookie>();
  for (const [name, cookie] of Object.entries(cookies)) {
    if (cookie === undefined || cookie === null) continue;
    if (typeof cookie !== 'object' || Array.isArray(cookie)) {
      out.set(name, { value: String(cookie), replace: false });
      continue;
    }
    const parts = new Map(Object.entries(cookie as object).map(([key, value]) => [key.toLowerCase(), value as unknown]));
    out.set(name, { value: parts.has('value') ? String(parts.get('value')) : '', replace: Boolean(parts.get('replace')) });
  }
  return out.size === 0 ? undefined : out;
}

/** A number of milliseconds, also as text, or a duration; what is not above zero ends the request at once. */
function readTimeout(value: unknown): number {
  if (typeof value === 'number') return value > 0 && value < Number.POSITIVE_INFINITY ? value : 0;
  if (typeof value !== 'string')
    throw new RequestMistake(`invalid timeout value: unable to use type ${goTypeOf(value)} as a duration value`);
  const [, sign, text = ''] = /^([+-]?)(.*)$/s.exec(value) ?? [];
  const ms = /^\d+(?:\.\d*)?$/.test(text) ? Number(text) : parseDurationMs(text.replace(/(\d)[uµ]s$/, '$1ms'));
  if (ms === undefined) throw new RequestMistake(`invalid timeout value: time: invalid duration ${JSON.stringify(value)}`);
  return sign === '-' ? 0 : ms;
}

function readCompression(value: string): string[] {
  if (value.trim() === '') return [];
  const codings = value.split(',').map((name) => name.trim());
  for (const name of codings)
    if (!/^(?:gzip|deflate|br|zstd)$/.test(name))
      throw new RequestMistake(`unknown compression algorithm ${name}, supported algorithms are [gzip deflate zstd br]`);
  return codings;
}

function readResponseType(value: unknown): RequestParams['responseType'] {
  if (value === 'text' || value === 'binary' || value === 'none' || value === 'stream') return value;
  throw new RequestMistake(`${String(value)} does not belong to ResponseType values`);
}

function readResponseCallback(value: unknown): RequestParams['responseCallback'] {
  if (value === undefined || value === null) return null;
  if (value instanceof ExpectedStatuses) return value;
  throw new RequestMistake('unsupported responseCallback');
}

/** What k6 calls the type of a value in its messages. */
export function goTypeOf(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'function') return 'func(sobek.FunctionCall) sobek.Value';
  if (Array.isArray(value)) return '[]interface {}';
  if (value instanceof Date) return 'time.Time';
  return 'map[string]interface {}';
}
