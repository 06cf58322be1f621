import { nodeHttp } from '../../base/index.ts';
import type { Exchange } from './exchange.ts';
import { parseSetCookie, setCookieLines, type ResponseCookie } from './cookies.ts';
import { formRequest, linkRequest, parseHtml, type PageRequest } from '../html/page.ts';
import type { Selection } from '../html/selection.ts';
import { noOcsp, ocspOf, type Ocsp } from './ocsp.ts';
import { givenText } from './body.ts';
import { canonicalName } from './fields.ts';
import { sendOne } from './request.ts';
import { selectJson } from './select.ts';
import type { BodyObject } from '../streams/body.ts';

/** What a request was, for `response.request`. */
export interface RequestInfo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string[]>;
  readonly body: string;
  /** By name, as k6 shows them. */
  readonly cookies: Record<string, { name: string; value: string; replace: boolean }[]>;
}

/** Names of `response.timings`, in milliseconds. */
export interface Timings {
  readonly blocked: number;
  readonly looking_up: number;
  readonly connecting: number;
  readonly tls_handshaking: number;
  readonly sending: number;
  readonly waiting: number;
  readonly receiving: number;
  readonly duration: number;
}

/** The content of an answer as `response.body` shows it. */
/** A list without members is that of a request which was never made, as in k6. */
export type ResponseBody = string | ArrayBuffer | BodyObject | readonly never[] | null;

/** k6's Response (https://grafana.com/docs/k6/latest/javascript-api/k6-http/response/). Most of it is worked out when it is asked for. */
export class Response {
  status: number;
  body: ResponseBody;
  error: string;
  error_code: number;
  url: string;
  readonly #exchange: Exchange;
  /** Before redirects. */
  readonly #asked: Exchange;
  #headers: Record<string, string> | undefined;
  #cookies: Record<string, ResponseCookie[]> | undefined;
  #json: unknown;
  #hasJson = false;

  constructor(exchange: Exchange, body: ResponseBody, errorCode: number, asked: Exchange = exchange) {
    this.#exchange = exchange;
    this.#asked = asked;
    this.status = exchange.status;
    this.body = body;
    this.error = exchange.failure?.message ?? '';
    this.error_code = errorCode;
    this.url = exchange.target.given;
  }

  get status_text(): string {
    return statusText(this.#exchange);
  }

  get proto(): string {
    return this.#exchange.status === 0 ? '' : this.#exchange.proto;
  }

  get remote_ip(): string {
    return this.#exchange.remoteAddress ?? '';
  }

  get remote_port(): number {
    const { remoteAddress, target, vu } = this.#exchange;
    return remoteAddress === undefined ? 0 : vu.engine.network.address(target).port;
  }

  /** By canonical name (`Content-Type`), several values of one name joined by a comma. */
  get headers(): Record<string, string> {
    return (this.#headers ??= answerFields(this.#exchange.fields));
  }

  /** By name; several with one name when paths differ. */
  get cookies(): Record<string, ResponseCookie[]> {
    if (this.#cookies === undefined) {
      this.#cookies = {};
      for (const line of setCookieLines(this.#exchange.fields)) {
        const cookie = parseSetCookie(line);
        if (cookie) (this.#cookies[cookie.name] ??= []).push(cookie);
      }
    }
    return this.#cookies;
  }

  get tls_version(): string {
    return this.#answeredTls?.version ?? '';
  }

  get tls_cipher_suite(): string {
    return this.#answeredTls?.cipher ?? '';
  }

  /** What the certificate's issuer says of it, as far as the server sent that along. */
  get ocsp(): Ocsp {
    const tls = this.#answeredTls;
    return tls ? ocspOf(tls.staple) : noOcsp;
  }

  get timings(): Timings {
    return timingsOf(this.#exchange);
  }

  get #answeredTls(): Exchange['tls'] {
    return this.#exchange.status === 0 ? undefined : this.#exchange.tls;
  }

  /** As the script asked for it: before redirects, without what is added on the way. Null when it was never made. */
  get request(): RequestInfo | null {
    const { method, target, head, body } = this.#asked;
    if (method === '') return null;
    const headers: Record<string, string[]> = {};
    for (const [name, value] of Object.entries(parseFields(head.slice(head.indexOf('\r\n') + 2)))) headers[name] = [value];
    delete headers['Content-Length'];
    if (headers['Host']?.[0] === target.authority) delete headers['Host'];
    if (target.credentials !== undefined && headers['Authorization']?.[0]?.startsWith('Basic ') === true) delete headers['Authorization'];
    return { method, url: target.given, headers, body: givenText(body), cookies: cookiesOf(headers['Cookie']?.[0]) };
  }

  /** The body as JSON, or the part of it that a GJSON path names; undefined when there is none. */
  json(selector?: string | number | null): unknown {
    if (this.body === null)
      throw new Error(
        "the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
      );
    const hasSelector = selector !== undefined && selector !== null;
    if (!this.#hasJson) {
      const text = textOf(this.body);
      try {
        this.#json = JSON.parse(text);
      } catch (error) {
        // As k6 has it: a path finds nothing in what is no JSON.
        if (hasSelector) return undefined;
        throw new Error(`cannot parse json due to an error: ${(error as Error).message}`, { cause: error });
      }
      this.#hasJson = true;
    }
    return hasSelector ? selectJson(this.#json, String(selector)) : this.#json;
  }

  /** The body as a page, or what a selector finds in it. */
  html(selector?: string): Selection {
    if (this.body === null)
      throw new Error(
        "the body is null so we can't transform it to HTML - this likely was because of a request error getting the response",
      );
    const text = textOf(this.body);
    const page = parseHtml(text, this.url);
    return selector === undefined ? page : page.find(selector);
  }

  /** Sends the page's form: `{ formSelector, submitSelector, fields, params }`. Blocks. */
  submitForm(args: Record<string, unknown> = {}): Promise<Response> | Response {
    return this.#request(formRequest(this.html(), this.url, args), args['params']);
  }

  /** Follows a link of the page: `{ selector, params }`. Blocks. */
  clickLink(args: Record<string, unknown> = {}): Promise<Response> | Response {
    return this.#request(linkRequest(this.html(), this.url, args), args['params']);
  }

  #request({ method, url, body }: PageRequest, params: unknown): Promise<Response> | Response {
    const { vu } = this.#exchange;
    vu.enter();
    return sendOne(vu, method, url, body, params);
  }

  toJSON(): Record<string, unknown> {
    const { status, status_text, body, error, error_code, url, proto, headers, cookies, timings, remote_ip, remote_port, request } = this;
    const { tls_version, tls_cipher_suite, ocsp } = this;
    return { remote_ip, remote_port, url, status, status_text, proto, headers, cookies, body, timings, tls_version, tls_cipher_suite, ocsp, error, error_code, request }; // prettier-ignore
  }
}

/** Members that are worked out when they are asked for: `for (… in response)` finds them, and scripts may put others in their place. */
for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(Response.prototype))) {
  if (name === 'constructor' || name === 'toJSON') continue;
  const replace = function (this: Response, value: unknown): void {
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  };
  Object.defineProperty(
    Response.prototype,
    name,
    member.get ? { ...member, set: replace, enumerable: true } : { ...member, enumerable: true },
  );
}

/** `200 OK`, in the server's own words as far as it has any. */
export function statusText({ status, reason }: Exchange): string {
  return status === 0 ? '' : `${status} ${reason ?? nodeHttp.STATUS_CODES[status] ?? ''}`.trimEnd();
}

function textOf(body: string | ArrayBuffer | BodyObject | readonly never[]): string {
  if (typeof body === 'string') return body;
  if (Array.isArray(body)) return '';
  if (body instanceof ArrayBuffer) return Buffer.from(body).toString('utf8');
  throw new TypeError('the body is a stream: read it with text(), json(), lines() or getReader()');
}

/** Of a Cookie field. */
function cookiesOf(line: string | undefined): RequestInfo['cookies'] {
  const cookies: Record<string, { name: string; value: string; replace: boolean }[]> = {};
  for (const pair of line?.split('; ') ?? []) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    (cookies[name] ??= []).push({ name, value, replace: false });
  }
  return cookies;
}

export function timingsOf(exchange: Exchange): Timings {
  const { startedAt, readyAt, sentAt, firstByteAt, endedAt, connectingMs, tlsMs, failure } = exchange;
  const blocked = readyAt === 0 ? 0 : readyAt - startedAt;
  const sending = readyAt === 0 ? 0 : sentAt - readyAt;
  const waiting = sentAt === 0 ? 0 : (firstByteAt === 0 ? endedAt : firstByteAt) - sentAt;
  // A streamed answer that still comes in has no end yet.
  const receiving = firstByteAt === 0 || failure || endedAt === 0 ? 0 : endedAt - firstByteAt;
  return {
    blocked,
    looking_up: 0,
    connecting: connectingMs,
    tls_handshaking: tlsMs,
    sending,
    waiting,
    receiving,
    duration: sending + waiting + receiving,
  };
}

/** Without those that are about the message on its connection, which k6 leaves out too. */
function answerFields(bytes: string): Record<string, string> {
  const fields = parseFields(bytes);
  if (fields['Transfer-Encoding'] !== undefined) delete fields['Trailer'];
  delete fields['Transfer-Encoding'];
  if (/(?:^|,)\s*close\s*(?:,|$)/i.test(fields['Connection'] ?? '')) delete fields['Connection'];
  if (fields['Content-Length']?.includes(',') === true)
    fields['Content-Length'] = (fields['Content-Length'].split(',')[0] as string).trim();
  return fields;
}

function parseFields(bytes: string): Record<string, string> {
  const fields: Record<string, string> = {};
  // oxlint-disable-next-line no-control-regex
  const text = /^[\0-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = canonicalName(line.slice(0, colon));
    const value = line.slice(colon + 1).trim();
    fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}
