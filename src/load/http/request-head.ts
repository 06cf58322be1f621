import type { RequestBody } from './body.ts';
import type { RequestFields } from './fields.ts';
import type { Target } from './target.ts';

/** What a redirect leaves of the fields that its script gave. */
export interface Trail {
  /** Not those that are for the first host's eyes only. */
  readonly isElsewhere: boolean;
  /** Not those that describe the body, which went no further. */
  readonly isBodiless: boolean;
  /** The first host's name, when the script gave another one for it. */
  readonly keepsHost: boolean;
  /** The page that led here. */
  readonly referer: string | undefined;
}

export interface RequestLines {
  readonly method: string;
  readonly target: Target;
  readonly headers: RequestFields;
  readonly body: RequestBody | undefined;
  /** Value of Content-Encoding, when the body was compressed here. */
  readonly coding: string;
  /** Value of Cookie; empty for none. */
  readonly cookies: string;
  readonly authorization: string | undefined;
  readonly trail: Trail | undefined;
}

/** Names of fields that only the first host is told. */
const secrets = new Set(['Authorization', 'Www-Authenticate', 'Cookie2']);
/** Names of fields that go with the body. */
const descriptions = new Set(['Content-Type', 'Content-Encoding', 'Content-Language', 'Content-Location']);

/** The request line and the fields, each byte of it a character. */
export function writeHead(lines: RequestLines): string {
  const { method, target, headers, body, coding, cookies, authorization, trail } = lines;
  let head = `${method} ${target.path} HTTP/1.1\r\n${commonFields(target, headers, trail)}`;
  for (const [name, value] of headers.list) {
    if (trail && isLeftOut(name, trail)) continue;
    head += `${name}: ${wireText(value, headers).trim()}\r\n`;
  }
  if (cookies !== '') head += `Cookie: ${cookies}\r\n`;
  if (authorization !== undefined && !(headers.hasAuthorization && trail?.isElsewhere !== true))
    head += `Authorization: ${authorization}\r\n`;
  if (trail?.referer !== undefined && !headers.list.some(([name]) => name === 'Referer')) head += `Referer: ${trail.referer}\r\n`;
  if (body) {
    if (coding !== '' && headers.contentEncoding === undefined) head += `Content-Encoding: ${coding}\r\n`;
    if (!headers.hasContentType && body.contentType !== undefined) head += `Content-Type: ${body.contentType}\r\n`;
    head += `Content-Length: ${body.length}\r\n`;
  } else if (method === 'POST' || method === 'PUT' || method === 'PATCH') head += 'Content-Length: 0\r\n';
  return `${head}\r\n`;
}

function commonFields(target: Target, headers: RequestFields, trail: Trail | undefined): string {
  const host = trail?.keepsHost === false ? undefined : headers.host;
  const { userAgent } = headers;
  if (host === undefined && userAgent === undefined) return target.commonFields;
  const agent = userAgent === undefined ? target.commonFields.slice(target.commonFields.indexOf('\r\n') + 2) : agentLine(userAgent);
  return `Host: ${host ?? target.authority}\r\n${agent}`;
}

function agentLine(userAgent: string): string {
  return userAgent === '' ? '' : `User-Agent: ${userAgent}\r\n`;
}

function isLeftOut(name: string, trail: Trail): boolean {
  return (trail.isElsewhere && secrets.has(name)) || (trail.isBodiless && descriptions.has(name));
}

/** The bytes of UTF-8, one for a character. */
function wireText(value: string, { isWide }: RequestFields): string {
  return isWide ? Buffer.from(value, 'utf8').toString('latin1') : value;
}
