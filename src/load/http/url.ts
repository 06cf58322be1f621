import { domainToASCII } from 'node:url';

/**
 * URLs as k6 reads them, that is as Go's net/url does (RFC 3986 with its own rules for what must be escaped): the path is sent as
 * the script wrote it, dot segments and case of escapes included, where a browser's URL would change it.
 */
export interface HttpUrl {
  /** Lower case; empty when there is none. */
  readonly scheme: string;
  /** What stands before `@`, as written; undefined without one. */
  readonly userinfo: string | undefined;
  /** Name or address and port, as written. */
  readonly host: string;
  /** Escaped. */
  readonly path: string;
  /** With its `?`; empty without one. */
  readonly query: string;
  /** With its `#`. */
  readonly fragment: string;
  /** Of a URL without `//`: what follows the scheme. */
  readonly opaque: string;
}

/** A text that is no URL; `message` says why. */
export class UrlSyntaxError extends Error {
  override name = 'UrlSyntaxError';
}

/** Throws UrlSyntaxError. */
export function readUrl(text: string): HttpUrl {
  try {
    return read(text);
  } catch (error) {
    throw new UrlSyntaxError(`parse ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}

function read(text: string): HttpUrl {
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(text)) throw new Error('net/url: invalid control character in URL');
  const [, beforeFragment = '', fragment = ''] = /^([^#]*)(#.*)?$/s.exec(text) ?? [];
  if (beforeFragment.startsWith(':')) throw new Error('missing protocol scheme');
  const [, scheme = '', afterScheme = beforeFragment] = /^([a-z][a-z\d+.-]*):(.*)$/is.exec(beforeFragment) ?? [];
  const mark = afterScheme.indexOf('?');
  const rest = mark < 0 ? afterScheme : afterScheme.slice(0, mark);
  const query = mark < 0 ? '' : escapeQuery(afterScheme.slice(mark));
  const common = { scheme: scheme.toLowerCase(), query, fragment: fragment === '#' ? '' : fragment };
  if (scheme !== '' && !rest.startsWith('/')) return { ...common, userinfo: undefined, host: '', path: '', opaque: rest };
  if (scheme === '' && (rest.split('/')[0] ?? '').includes(':')) throw new Error('first path segment in URL cannot contain colon');
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///')))
    return { ...common, userinfo: undefined, host: '', path: escapePath(rest), opaque: '' };
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const at = authority.lastIndexOf('@');
  const userinfo = at < 0 ? undefined : authority.slice(0, at);
  if (userinfo !== undefined && !/^[\w\-.:~!$&'()*+,;=%@]*$/.test(userinfo)) throw new Error('net/url: invalid userinfo');
  if (userinfo !== undefined) checkEscapes(userinfo);
  return { ...common, userinfo, host: readHost(authority.slice(at + 1)), path: escapePath(slash < 0 ? '' : rest.slice(slash)), opaque: '' };
}

function readHost(host: string): string {
  const bracket = host.lastIndexOf(']');
  if (host.startsWith('[') && bracket < 0) throw new Error("missing ']' in host");
  const port = host.startsWith('[') ? host.slice(bracket + 1) : (/:[^:]*$/.exec(host)?.[0] ?? '');
  if (port !== '' && !/^:\d*$/.test(port)) throw new Error(`invalid port ${JSON.stringify(port)} after host`);
  const wrong = /[\0- {}|\\^`]/.exec(host)?.[0]; // oxlint-disable-line no-control-regex
  if (wrong !== undefined) throw new Error(`invalid character ${JSON.stringify(wrong)} in host name`);
  const escape = /%.{0,2}/.exec(host)?.[0];
  // Of names only what is not ASCII may be escaped; an address may have a zone (RFC 6874).
  if (escape !== undefined && !/^%(?:[89a-f][\da-f]|25)$/i.test(escape)) throw new Error(`invalid URL escape ${JSON.stringify(escape)}`);
  return escape === undefined ? host : decodeURIComponent(host);
}

function checkEscapes(text: string): void {
  const wrong = /%(?![\da-f]{2}).{0,2}/is.exec(text)?.[0];
  if (wrong !== undefined) throw new Error(`invalid URL escape ${JSON.stringify(wrong)}`);
}

/** As it is when every character of it may stand in a path, else escaped anew. */
function escapePath(path: string): string {
  checkEscapes(path);
  if (/^[\w\-.~!$&'()*+,;=:@%/[\]]*$/.test(path)) return path;
  const bytes = Buffer.from(path.toWellFormed(), 'utf8').toString('latin1').replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))); // prettier-ignore
  return bytes.replace(/[^\w\-.~$&+,/:;=@]/g, escapeByte);
}

/** Sent as it is but for what would break the request line. */
function escapeQuery(query: string): string {
  if (/^[\x21-\x7e]*$/.test(query)) return query;
  return Buffer.from(query.toWellFormed(), 'utf8').toString('latin1').replace(/[^\x21-\x7e]/g, escapeByte); // prettier-ignore
}

function escapeByte(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** The URL as text. */
export function formatUrl({ scheme, userinfo, host, path, query, fragment, opaque }: HttpUrl): string {
  const start = scheme === '' ? '' : `${scheme}:`;
  if (opaque !== '') return `${start}${opaque}${query}${fragment}`;
  const authority =
    scheme === '' && host === '' && userinfo === undefined ? '' : `//${userinfo === undefined ? '' : `${userinfo}@`}${host}`;
  return `${start}${authority}${path}${query}${fragment}`;
}

/** Where a Location leads to from `base` (RFC 3986 section 5.2). Throws UrlSyntaxError. */
export function resolveUrl(base: HttpUrl, location: string): HttpUrl {
  const to = readUrl(location);
  if (to.opaque !== '') return to;
  if (to.scheme !== '' || to.host !== '' || to.userinfo !== undefined)
    return { ...to, scheme: to.scheme === '' ? base.scheme : to.scheme, path: withoutDots(to.path) };
  const { scheme, userinfo, host } = base;
  if (to.path === '' && to.query === '') return { ...base, fragment: to.fragment === '' ? base.fragment : to.fragment };
  if (to.path === '') return { ...base, query: to.query, fragment: to.fragment };
  const path = to.path.startsWith('/') ? to.path : `${base.path.slice(0, base.path.lastIndexOf('/') + 1)}${to.path}`;
  return { ...to, scheme, userinfo, host, path: withoutDots(path) };
}

/** RFC 3986 section 5.2.4. */
function withoutDots(path: string): string {
  if (path === '') return '';
  const out: string[] = [];
  const segments = path.split('/');
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    if (segment === '..') {
      if (out.length > 1) out.pop();
      if (isLast) out.push('');
    } else if (segment === '.') {
      if (isLast) out.push('');
    } else out.push(segment);
  }
  const joined = out.join('/');
  return joined.startsWith('/') ? joined : `/${joined}`;
}

/** The name or address of a host, in lower case, and its port as far as one is given. */
export function splitHost(host: string): { readonly name: string; readonly port: string } {
  const [, name = '', port = ''] = /^(.*?)(?::(\d*))?$/s.exec(host) ?? [];
  const bare = name.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  // oxlint-disable-next-line no-control-regex
  return { name: /^[\0-\x7f]*$/.test(bare) ? bare : domainToASCII(bare), port };
}
