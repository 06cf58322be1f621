import { CookieStore, readDate, type CookiePlace } from './cookies.ts';
import { readUrl, splitHost } from './url.ts';

/** k6's CookieJar (https://grafana.com/docs/k6/latest/javascript-api/k6-http/cookiejar/) over a store. */
export class CookieJar {
  readonly #store: CookieStore;

  constructor(store: CookieStore = new CookieStore()) {
    this.#store = store;
  }

  cookiesForURL(url: string): Record<string, string[]> {
    const out: Record<string, string[]> = {};
    const place = placeOfUrl(url);
    for (const [name, value] of place ? this.#store.for(place) : []) (out[name] ??= []).push(value);
    return out;
  }

  /** Options by k6's names, in any case: domain, path, expires, max_age, secure, http_only. */
  set(url: string, name: string | null | undefined, value: string | number | boolean | null | undefined, options?: unknown): boolean {
    const place = placeOfUrl(url);
    const given = new Map(Object.entries(options ?? {}).map(([key, setting]) => [key.toLowerCase(), setting as unknown]));
    const text = (key: string): string => (given.has(key) ? String(given.get(key)) : '');
    const expires = text('expires');
    const expiresMs = expires === '' ? 0 : readDate(expires);
    if (expiresMs === undefined) throw new TypeError(`unable to parse "expires" date string ${JSON.stringify(expires)}`);
    const cookie = {
      name: name ?? '',
      value: value === undefined || value === null ? '' : String(value),
      domain: text('domain'),
      path: text('path'),
      secure: Boolean(given.get('secure')),
      http_only: Boolean(given.get('http_only')),
      max_age: Math.trunc(Number(given.get('max_age') ?? 0)) || 0,
      expires: expiresMs,
    };
    if (place) this.#store.set(cookie, place);
    return true;
  }

  clear(url: string): void {
    const place = placeOfUrl(url);
    if (place) this.#store.delete(place);
  }

  delete(url: string, name?: string): void {
    if ((name ?? '') === '') throw new Error('cookie: is null');
    const place = placeOfUrl(url);
    if (place) this.#store.delete(place, String(name));
  }

  /** The store behind a jar that a script hands in. */
  static storeOf(jar: CookieJar): CookieStore {
    return jar.#store;
  }
}

/** Undefined for a URL that no cookie belongs to. Throws UrlSyntaxError. */
export function placeOfUrl(text: string): CookiePlace | undefined {
  const { scheme, host, path } = readUrl(text);
  if ((scheme !== 'http' && scheme !== 'https') || host === '') return undefined;
  return { host: splitHost(host).name, path: path === '' ? '/' : path, isTls: scheme === 'https' };
}
