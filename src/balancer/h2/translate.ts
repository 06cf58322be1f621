import { STATUS_CODES } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http2';
import { HeadWriter, isFieldValue, isToken } from '../../http1/index.ts';

/**
 * Heads of HTTP/2 as heads of HTTP/1.1 and back (RFC 9113 section 8). Field names arrive in lower case, values as
 * Latin-1; lists of raw headers are `[name, value, name, value, …]`.
 */

/** Fields that concern a connection have no place in HTTP/2 (RFC 9113 section 8.2.2). */
const perConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Adds a field of an HTTP/1.1 head, except those of its connection. */
export function addHeader(headers: OutgoingHttpHeaders, name: string, value: string): void {
  if (perConnection.has(name)) return;
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else headers[name] = Array.isArray(before) ? [...before, value] : [String(before), value];
}

/** A request's head in HTTP/1.1, or undefined when it has no such form: a stream error (RFC 9113 section 8.1.1). */
export function requestBytes(
  rawHeaders: readonly string[],
  ended: boolean,
): { bytes: Buffer; method: string; chunked: boolean } | undefined {
  const pseudo = new Map<string, string>();
  const fields: [string, string][] = [];
  const cookies: string[] = [];
  for (const [name, value] of pairs(rawHeaders)) {
    if (name.startsWith(':')) pseudo.set(name, value);
    else if (perConnection.has(name) || !isToken(name) || !isFieldValue(value)) return undefined;
    else if (name === 'te' && value.toLowerCase() !== 'trailers') return undefined;
    else if (name === 'cookie') cookies.push(value);
    else if (name !== 'te') fields.push([name, value]);
  }
  const method = pseudo.get(':method') ?? '';
  const hosts = fields.filter(([name]) => name === 'host').map(([, value]) => value);
  const authority = pseudo.get(':authority') ?? hosts[0] ?? '';
  const target = method === 'CONNECT' ? authority : (pseudo.get(':path') ?? '');
  if (hosts.length > 1 || hosts.some((host) => host !== authority) || !isFieldValue(authority)) return undefined;
  if (!isToken(method) || !/^[\x21-\x7e\x80-\xff]+$/.test(target)) return undefined;
  const head = new HeadWriter(1024).text(`${method} ${target} HTTP/1.1\r\n`);
  if (authority !== '') head.field('Host', authority);
  for (const [name, value] of fields) if (name !== 'host') head.field(name, value);
  // RFC 9113 section 8.2.3: crumbs of a cookie are one field in HTTP/1.1.
  if (cookies.length > 0) head.field('cookie', cookies.join('; '));
  const chunked = !ended && !fields.some(([name]) => name === 'content-length');
  if (chunked) head.field('Transfer-Encoding', 'chunked');
  return { bytes: head.crlf().take(), method, chunked };
}

/**
 * An answer's head in HTTP/1.1, or undefined when it has no such form. `ended`: it has no body. `chunked` tells how the
 * body has to follow.
 */
export function answerBytes(
  rawHeaders: readonly string[],
  ended: boolean,
  toHead: boolean,
): { bytes: Buffer; chunked: boolean } | undefined {
  let status = 0;
  let length = false;
  const fields = new HeadWriter(1024);
  for (const [name, value] of pairs(rawHeaders)) {
    if (name === ':status') status = Number(value);
    else if (name.startsWith(':') || perConnection.has(name) || !isToken(name) || !isFieldValue(value)) return undefined;
    else {
      length ||= name === 'content-length';
      fields.field(name, value);
    }
  }
  if (!(status >= 100 && status <= 999)) return undefined;
  const bodiless = status < 200 || status === 204 || status === 304 || toHead;
  const chunked = !ended && !bodiless && !length;
  if (chunked) fields.text('Transfer-Encoding: chunked\r\n');
  else if (ended && !bodiless && !length) fields.text('Content-Length: 0\r\n');
  const head = new HeadWriter(fields.length + 64)
    .text(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`)
    .block(fields.view())
    .crlf();
  return { bytes: head.view(), chunked };
}

/** The end of a chunked body with its trailer fields; those that have no form in HTTP/1.1 are left out. */
export function lastChunk(rawTrailers: readonly string[]): Buffer {
  const end = new HeadWriter(64).text('0\r\n');
  for (const [name, value] of pairs(rawTrailers)) if (isToken(name) && isFieldValue(value)) end.field(name, value);
  return end.crlf().view();
}

const scratch = new HeadWriter(20 * 1024);

/** Content as one chunk. The bytes are good until the next call. */
export function chunkOf(content: Buffer): Buffer {
  return scratch.clear().hexadecimal(content.length).crlf().block(content).crlf().view();
}

function* pairs(raw: readonly string[]): Generator<[string, string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] as string, raw[i + 1] as string];
}
