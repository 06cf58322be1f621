import type { KnownHead } from './answer-head.ts';
import { formatUrl, readUrl, splitHost } from './url.ts';

/**
 * Where a request goes: a URL taken apart once and kept, with the head of a plain request to it
 * already written, because a load test asks for the same few URLs over and over.
 */
export interface Target {
  /** The whole URL in k6's form: what the script gave, with the scheme in lower case and the path escaped. */
  readonly given: string;
  /** The same without its credentials, for tags and the log. */
  readonly url: string;
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
  /** Value of the Host field. */
  readonly authority: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** `http://host:port`: connections are shared by it. */
  readonly origin: string;
  /** `user:password` of the URL, decoded. */
  readonly credentials: string | undefined;
  /** `Host` and `User-Agent` lines. */
  readonly commonFields: string;
  /** The whole head of a GET without fields of its own. */
  readonly plainGet: string;
  /** What it answers with, once it has answered. */
  knownHead: KnownHead | undefined;
  wasAnswered: boolean;
}

/** A URL that names nothing HTTP could be spoken with: counted as a request that failed, as in k6. */
export class InvalidUrlError extends Error {
  override name = 'InvalidUrlError';
}

const CACHE_MAX = 10_000;

export class TargetCache {
  readonly #userAgent: string;
  #targets = new Map<string, Target>();
  #older = new Map<string, Target>();

  constructor(userAgent: string) {
    this.#userAgent = userAgent;
  }

  /** Throws InvalidUrlError and UrlSyntaxError. */
  get(url: string): Target {
    const known = this.#targets.get(url);
    if (known) return known;
    const target = this.#older.get(url) ?? parseTarget(url, this.#userAgent);
    // Two generations: what was not asked for during the last ten thousand new URLs is forgotten.
    if (this.#targets.size >= CACHE_MAX) {
      this.#older = this.#targets;
      this.#targets = new Map();
    }
    this.#targets.set(url, target);
    return target;
  }
}

function parseTarget(text: string, userAgent: string): Target {
  const url = readUrl(text);
  const { scheme } = url;
  if (scheme !== 'http' && scheme !== 'https') throw new InvalidUrlError(`unsupported protocol scheme "${scheme}"`);
  if (url.host === '') throw new InvalidUrlError('http: no Host in request URL');
  const isTls = scheme === 'https';
  const { name: host, port: portText } = splitHost(url.host);
  const port = portText === '' ? (isTls ? 443 : 80) : Number(portText);
  const path = `${url.path === '' ? '/' : url.path}${url.query}`;
  const authority = authorityOf(url.host, host);
  const commonFields = `Host: ${authority}\r\n${userAgent === '' ? '' : `User-Agent: ${userAgent}\r\n`}`;
  const given = formatUrl(url);
  return {
    given,
    url: url.userinfo === undefined ? given : formatUrl({ ...url, userinfo: url.userinfo.includes(':') ? '****:****' : '****' }),
    isTls,
    host,
    port,
    authority,
    path,
    origin: `${scheme}://${host}:${port}`,
    credentials: url.userinfo === undefined ? undefined : credentialsOf(url.userinfo),
    commonFields,
    plainGet: `GET ${path} HTTP/1.1\r\n${commonFields}\r\n`,
    knownHead: undefined,
    wasAnswered: false,
  };
}

/** As written, but for a name that is not ASCII and for a colon with no port behind it. */
function authorityOf(written: string, name: string): string {
  const host = written.replace(/:$/, '');
  // oxlint-disable-next-line no-control-regex
  return /^[\0-\x7f]*$/.test(host) ? host : `${name}${/:\d+$/.exec(host)?.[0] ?? ''}`;
}

function credentialsOf(userinfo: string): string {
  const decoded = Buffer.from(userinfo.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString('utf8'); // prettier-ignore
  return userinfo.includes(':') ? decoded : `${decoded}:`;
}
