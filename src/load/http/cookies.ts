import { systemClock } from '../../base/index.ts';
import { isToken } from '../../http1/index.ts';

/** A cookie as the jar keeps it (RFC 6265 section 5.3). */
interface StoredCookie {
  name: string;
  value: string;
  domain: string;
  hostOnly: boolean;
  path: string;
  /** The last two labels of the host that set it: others never see it, whatever its domain. */
  site: string;
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
      site: siteOf(place.host),
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
  if ((cookie.secure && !place.isTls) || cookie.site !== siteOf(place.host)) return false;
  if (cookie.hostOnly ? cookie.domain !== place.host : !domainMatches(place.host, cookie.domain)) return false;
  const path = place.path.replace(/\?.*$/s, '');
  return path === cookie.path || (path.startsWith(cookie.path) && (cookie.path.endsWith('/') || path.charAt(cookie.path.length) === '/'));
}

function siteOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? host : host.split('.').slice(-2).join('.');
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

/** Of a Cookie field: bytes that may not stand there are left out, a value with blanks or commas stands in quotes, as Go has it. */
export function cookiePair(name: string, value: string): string {
  const clean = value.replace(/[^\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]/g, '');
  return `${name.replace(/[\r\n]/g, '-')}=${/[ ,]/.test(clean) ? `"${clean}"` : clean}`;
}

/** A Set-Cookie line as Go reads it (RFC 6265 section 4.1.1); undefined for what is no cookie. */
export function parseSetCookie(line: string): ResponseCookie | undefined {
  const [pair = '', ...attributes] = line.split(';');
  const [, name = '', text = ''] = /^\s*([^=]*?)\s*=(.*?)\s*$/s.exec(pair) ?? [];
  const value = text.replace(/^"(.*)"$/s, '$1');
  if (!isToken(name) || !/^[\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(value)) return undefined;
  const cookie: ResponseCookie = { name, value, domain: '', path: '', http_only: false, secure: false, max_age: 0, expires: 0 };
  for (const attribute of attributes) {
    const [key = '', setting = ''] = attribute.split(/=(.*)/s).map((part) => part.trim());
    switch (key.toLowerCase()) {
      case 'domain':
        cookie.domain = setting;
        break;
      case 'path':
        cookie.path = setting;
        break;
      case 'httponly':
        cookie.http_only = true;
        break;
      case 'secure':
        cookie.secure = true;
        break;
      case 'max-age':
        // Zero and less mean "delete now"; 0 is "not given" in k6's object.
        if (/^(?:0|-?[1-9]\d*)$/.test(setting)) cookie.max_age = Number(setting) <= 0 ? -1 : Number(setting);
        break;
      case 'expires':
        cookie.expires = readDate(setting) ?? 0;
        break;
      default:
        break;
    }
  }
  return cookie;
}

/** `Wed, 21 Oct 2026 07:28:00 GMT`, also with `-` between the parts of the day, in milliseconds since 1970. */
export function readDate(text: string): number | undefined {
  if (!/^[a-z]{3}, \d\d([ -])[a-z]{3}\1\d{4} \d\d:\d\d:\d\d [a-z]+$/i.test(text)) return undefined;
  // Zones other than UTC have no certain meaning in this form.
  const time = Date.parse(text.replaceAll('-', ' ').replace(/ [a-z]+$/i, ' GMT'));
  return Number.isNaN(time) ? undefined : time;
}
