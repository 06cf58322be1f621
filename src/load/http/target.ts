import type { KnownHead } from './answer-head.ts';

/**
 * Where a request goes: a URL taken apart once and kept, with the head of a plain request to it
 * already written, because a load test asks for the same few URLs over and over.
 */
export interface Target {
  /** As the script gave it. */
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

/** A URL that cannot be requested; `message` is what k6 calls `error`. */
export class InvalidUrlError extends Error {
  override name = 'InvalidUrlError';
  /** It could be read, and names nothing that HTTP could be spoken with: counted as a request that failed, as in k6. */
  readonly isUrl: boolean;

  constructor(message: string, isUrl: boolean) {
    super(message);
    this.isUrl = isUrl;
  }
}

const CACHE_MAX = 10_000;

export class TargetCache {
  readonly #userAgent: string;
  #targets = new Map<string, Target>();
  #older = new Map<string, Target>();

  constructor(userAgent: string) {
    this.#userAgent = userAgent;
  }

  /** Throws InvalidUrlError. */
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

/** Go's net/url decides what is a URL at all, its net/http what can be requested. */
function readUrl(text: string): URL {
  const [, scheme = '', rest = text] = /^([a-z][a-z\d+.-]*):(.*)$/is.exec(text) ?? [];
  if (scheme === '' && (text.split('/')[0] ?? '').includes(':')) throw new InvalidUrlError(`invalid URL: ${JSON.stringify(text)}`, false);
  if (!/^https?$/i.test(scheme)) throw new InvalidUrlError(`unsupported protocol scheme "${scheme.toLowerCase()}"`, true);
  if (!/^\/\/[^/?#]/.test(rest)) throw new InvalidUrlError('http: no Host in request URL', true);
  try {
    return new URL(text);
  } catch {
    throw new InvalidUrlError(`invalid URL: ${JSON.stringify(text)}`, false);
  }
}

function parseTarget(text: string, userAgent: string): Target {
  const url = readUrl(text);
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const path = `${url.pathname}${url.search}`;
  const commonFields = `Host: ${url.host}\r\n${userAgent === '' ? '' : `User-Agent: ${userAgent}\r\n`}`;
  return {
    given: text,
    url: url.username === '' ? text : text.replace(/\/\/[^@/]*@/, '//****:****@'),
    isTls,
    host,
    port,
    authority: url.host,
    path,
    origin: `${isTls ? 'https' : 'http'}://${host}:${port}`,
    credentials: url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`,
    commonFields,
    plainGet: `GET ${path} HTTP/1.1\r\n${commonFields}\r\n`,
    knownHead: undefined,
    wasAnswered: false,
  };
}
