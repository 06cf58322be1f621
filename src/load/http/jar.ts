import { CookieStore, type CookiePlace } from './cookies.ts';

/** k6's CookieJar (https://grafana.com/docs/k6/latest/javascript-api/k6-http/cookiejar/) over a store. */
export class CookieJar {
  readonly #store: CookieStore;

  constructor(store: CookieStore = new CookieStore()) {
    this.#store = store;
  }

  cookiesForURL(url: string): Record<string, string[]> {
    const out: Record<string, string[]> = {};
    for (const [name, value] of this.#store.for(placeOfUrl(url))) (out[name] ??= []).push(value);
    return out;
  }

  set(url: string, name: string, value: unknown, options: Record<string, unknown> = {}): boolean {
    const text = (key: string): string => (typeof options[key] === 'string' ? options[key] : '');
    const expires = text('expires');
    const expiresMs = expires === '' ? 0 : Date.parse(expires);
    if (Number.isNaN(expiresMs)) throw new TypeError(`unable to parse ${JSON.stringify(expires)} as a date`);
    this.#store.set(
      {
        name,
        value: String(value),
        domain: text('domain'),
        path: text('path'),
        secure: options['secure'] === true,
        http_only: options['http_only'] === true,
        max_age: Number(options['max_age'] ?? 0),
        expires: expiresMs,
      },
      placeOfUrl(url),
    );
    return true;
  }

  clear(url: string): void {
    this.#store.delete(placeOfUrl(url));
  }

  delete(url: string, name: string): void {
    this.#store.delete(placeOfUrl(url), name);
  }

  /** The store behind a jar that a script hands in. */
  static storeOf(jar: CookieJar): CookieStore {
    return jar.#store;
  }
}

export function placeOfUrl(url: string): CookiePlace {
  const { hostname, pathname, protocol } = new URL(url);
  return { host: hostname, path: pathname, isTls: protocol === 'https:' };
}
