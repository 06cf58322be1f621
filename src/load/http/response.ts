import { nodeHttp } from '../../base/index.ts';
import type { Exchange } from './exchange.ts';
import { parseSetCookie, setCookieLines, type ResponseCookie } from './cookies.ts';
import { formRequest, linkRequest, parseHtml, type PageRequest } from '../html/page.ts';
import type { Selection } from '../html/selection.ts';
import { noOcsp, ocspOf, type Ocsp } from './ocsp.ts';
import { readParams } from './params.ts';
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
export type ResponseBody = string | ArrayBuffer | BodyObject | null;

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
    return this.status === 0 ? '' : `${this.status} ${nodeHttp.STATUS_CODES[this.status] ?? ''}`.trimEnd();
  }

  get proto(): string {
    return this.status === 0 ? '' : this.#exchange.proto;
  }

  get remote_ip(): string {
    return this.#exchange.connection?.remoteAddress ?? this.#exchange.target.host;
  }

  get remote_port(): number {
    return this.#exchange.target.port;
  }

  /** By canonical name (`Content-Type`), several values of one name joined by a comma. */
  get headers(): Record<string, string> {
    return (this.#headers ??= parseFields(this.#exchange.fields));
  }

  /** By name; several with one name when paths differ. */
  get cookies(): Record<string, ResponseCookie[]> {
    const out: Record<string, ResponseCookie[]> = {};
    for (const line of setCookieLines(this.#exchange.fields)) {
      const cookie = parseSetCookie(line);
      if (cookie) (out[cookie.name] ??= []).push(cookie);
    }
    return out;
  }

  get tls_version(): string {
    return this.#exchange.tls?.version ?? '';
  }

  get tls_cipher_suite(): string {
    return this.#exchange.tls?.cipher ?? '';
  }

  /** What the certificate's issuer says of it, as far as the server sent that along. */
  get ocsp(): Ocsp {
    const { tls } = this.#exchange;
    return tls ? ocspOf(tls.staple) : noOcsp;
  }

  get timings(): Timings {
    return timingsOf(this.#exchange);
  }

  get request(): RequestInfo {
    const { method, target, head, body } = this.#asked;
    const headers: Record<string, string[]> = {};
    for (const [name, value] of Object.entries(parseFields(head.slice(head.indexOf('\r\n') + 2))))
      if (name !== 'Host') headers[name] = [value];
    const cookies = cookiesOf(headers['Cookie']?.[0]);
    return { method, url: target.given, headers, body: body === undefined ? '' : body.toString(), cookies };
  }

  /** The body as JSON, or the part of it that a GJSON path names; undefined when there is none. */
  json(selector?: string): unknown {
    if (this.body === null)
      throw new Error(
        "the body is null so we can't transform it to JSON - this likely was because of a request error getting the response",
      );
    if (!this.#hasJson) {
      const text = textOf(this.body);
      try {
        this.#json = JSON.parse(text);
      } catch (error) {
        throw new Error(`cannot parse json due to an error: ${(error as Error).message}`, { cause: error });
      }
      this.#hasJson = true;
    }
    return selector === undefined ? this.#json : selectJson(this.#json, selector);
  }

  /** The body as a page, or what a selector finds in it. */
  html(selector?: string): Selection {
    if (this.body === null)
      throw new Error('the body is null so it cannot be parsed as HTML - the request got no response or discarded it');
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
    return sendOne(vu, { method, url, name: undefined, body, params: readParams(params) });
  }

  toJSON(): Record<string, unknown> {
    const { status, status_text, body, error, error_code, url, proto, headers, cookies, timings, remote_ip, remote_port, request } = this;
    const { tls_version, tls_cipher_suite, ocsp } = this;
    return { remote_ip, remote_port, url, status, status_text, proto, headers, cookies, body, timings, tls_version, tls_cipher_suite, ocsp, error, error_code, request }; // prettier-ignore
  }
}

function textOf(body: string | ArrayBuffer | BodyObject): string {
  if (typeof body === 'string') return body;
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

/** `content-type` → `Content-Type`, as Go's http.Header spells names. */
function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, (letters) => letters.toUpperCase());
}

function parseFields(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = canonicalName(line.slice(0, colon));
    const value = line.slice(colon + 1).trim();
    fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}
