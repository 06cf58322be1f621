import { systemClock } from '../../base/index.ts';

/** A cookie as the jar keeps it (RFC 6265 section 5.3). */
interface StoredCookie {
  name: string;
  value: string;
  domain: string;
  hostOnly: boolean;
  path: string;
  secure: boolean;
  httpOnly: boolean;
  /** Milliseconds since the epoch; infinite for a session cookie. */
  expiresMs: number;
}

/** What `response.cookies` holds for each name. */
export interface ResponseCookie {
  name: string;
  value: string;
  domain: string;
  path: string;
  http_only: boolean;
  secure: boolean;
  max_age: number;
  /** Milliseconds since the epoch; 0 without Expires. */
  expires: number;
}

/** Where a cookie belongs or is sent to. */
export interface CookiePlace {
  readonly host: string;
  readonly path: string;
  readonly isTls: boolean;
}

const COOKIES_MAX = 1000;

export class CookieStore {
  #cookies: StoredCookie[] = [];

  get isEmpty(): boolean {
    return this.#cookies.length === 0;
  }

  clear(): void {
    this.#cookies = [];
  }

  /** Takes a Set-Cookie line; ignores what the place may not set. */
  store(line: string, place: CookiePlace): void {
    const parsed = parseSetCookie(line);
    if (!parsed) return;
    this.set(parsed, place);
  }

  set(cookie: ResponseCookie, place: CookiePlace): void {
    const domain = cookie.domain.replace(/^\./, '').toLowerCase();
    if (domain !== '' && !domainMatches(place.host, domain)) return;
    const expiresMs =
      cookie.max_age !== 0 ? systemClock.nowMs() + cookie.max_age * 1000 : cookie.expires === 0 ? Number.POSITIVE_INFINITY : cookie.expires;
    const stored: StoredCookie = {
      name: cookie.name,
      value: cookie.value,
      domain: domain === '' ? place.host : domain,
      hostOnly: domain === '',
      path: cookie.path.startsWith('/') ? cookie.path : defaultPath(place.path),
      secure: cookie.secure,
      httpOnly: cookie.http_only,
      expiresMs,
    };
    this.#cookies = this.#cookies.filter(
      (other) => !(other.name === stored.name && other.domain === stored.domain && other.path === stored.path),
    );
    if (expiresMs > systemClock.nowMs() && this.#cookies.length < COOKIES_MAX) this.#cookies.push(stored);
  }

  delete(place: CookiePlace, name?: string): void {
    this.#cookies = this.#cookies.filter((cookie) => !(fits(cookie, place) && (name === undefined || cookie.name === name)));
  }

  /** Name and value of what is sent to the place, longer paths first. */
  for(place: CookiePlace): [string, string][] {
    const nowMs = systemClock.nowMs();
    return this.#cookies
      .filter((cookie) => cookie.expiresMs > nowMs && fits(cookie, place))
      .sort((a, b) => b.path.length - a.path.length)
      .map((cookie) => [cookie.name, cookie.value]);
  }
}

function fits(cookie: StoredCookie, place: CookiePlace): boolean {
  if (cookie.secure && !place.isTls) return false;
  if (cookie.hostOnly ? cookie.domain !== place.host : !domainMatches(place.host, cookie.domain)) return false;
  const path = place.path.replace(/\?.*$/s, '');
  return path === cookie.path || (path.startsWith(cookie.path) && (cookie.path.endsWith('/') || path.charAt(cookie.path.length) === '/'));
}

function domainMatches(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$/.test(host));
}

/** RFC 6265 section 5.1.4. */
function defaultPath(path: string): string {
  const last = path.replace(/\?.*$/s, '').lastIndexOf('/');
  return last <= 0 ? '/' : path.slice(0, last);
}

/** The values of the Set-Cookie lines of a head. */
export function setCookieLines(fields: string): string[] {
  return [...fields.matchAll(/(?:^|\r\n)set-cookie:[ \t]*([^\r]*)/gi)].map((match) => match[1] as string);
}

export function parseSetCookie(line: string): ResponseCookie | undefined {
  const [pair = '', ...attributes] = line.split(';');
  const equals = pair.indexOf('=');
  if (equals <= 0) return undefined;
  const cookie: ResponseCookie = {
    name: pair.slice(0, equals).trim(),
    value: pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/s, '$1'),
    domain: '',
    path: '',
    http_only: false,
    secure: false,
    max_age: 0,
    expires: 0,
  };
  for (const attribute of attributes) {
    const [name = '', value = ''] = attribute.split(/=(.*)/s).map((part) => part.trim());
    switch (name.toLowerCase()) {
      case 'domain':
        cookie.domain = value;
        break;
      case 'path':
        cookie.path = value;
        break;
      case 'httponly':
        cookie.http_only = true;
        break;
      case 'secure':
        cookie.secure = true;
        break;
      case 'max-age':
        // Zero and less mean "delete now"; 0 is "not given" in k6's object.
        if (/^-?\d+$/.test(value)) cookie.max_age = Number(value) <= 0 ? -1 : Number(value);
        break;
      case 'expires': {
        const time = Date.parse(value);
        if (!Number.isNaN(time)) cookie.expires = time;
        break;
      }
      default:
        break;
    }
  }
  return cookie;
}
