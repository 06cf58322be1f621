import { isFieldValue, isToken } from '../../http1/index.ts';
import type { TagLookup } from '../metrics/registry.ts';
import { Call } from '../vu/wheel.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { compressBody, encodeBody, type RequestBody } from './body.ts';
import { setCookieLines, type CookieStore } from './cookies.ts';
import { logRequest, logResponse } from './debug.ts';
import { decodeContent } from './encoding.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import { answerChallenge, parseChallenge } from './digest.ts';
import { FailureCode, RequestFailure } from './failures.ts';
import { ocspOf } from './ocsp.ts';
import { CookieJar } from './jar.ts';
import type { RequestParams } from './params.ts';
import { Response, timingsOf, type ResponseBody } from './response.ts';
import { StreamedBody } from '../streams/body.ts';
import type { BodyFeed, FeedOwner } from '../streams/feed.ts';
import { InvalidUrlError, type Target } from './target.ts';

/**
 * One call of `http.request` and the like: a first request, those that redirects ask for, and the
 * response. Every request on the way is counted, as k6 does.
 */
export class RequestRun implements TagLookup, Suspension, ExchangeOwner, FeedOwner {
  readonly #vu: Vu;
  #method: string;
  #url: string;
  #target!: Target;
  #body: RequestBody | undefined;
  readonly #params: RequestParams;
  readonly #name: string | undefined;
  readonly #onDone: (response: Response | undefined, error: Error | undefined) => void;
  #exchange: Exchange | undefined;
  /** The first of those that redirects made: what the script asked for. */
  #first: Exchange | undefined;
  #redirectsLeft: number;
  /** Waits for its turn under `rps`. */
  #paced: Call | undefined;
  /** What the answer is streamed to, and the script's view of it. */
  readonly #feed: BodyFeed | undefined;
  readonly #stream: StreamedBody | undefined;
  #challenge: Record<string, string> | undefined;
  #errorCode = 0;
  #isExpected = true;

  constructor(vu: Vu, request: RequestSpec, onDone: (response: Response | undefined, error: Error | undefined) => void) {
    this.#vu = vu;
    this.#method = request.method;
    this.#url = request.url;
    this.#name = request.name;
    this.#params = request.params;
    this.#body = bodyOf(request.body, request.params.compression);
    this.#redirectsLeft = request.params.redirects ?? vu.engine.options.maxRedirects;
    this.#onDone = onDone;
    this.#stream = request.params.responseType === 'stream' ? new StreamedBody(vu, request.params.timeoutMs) : undefined;
    this.#feed = this.#stream?.feed ?? request.feed;
  }

  start(): void {
    const { engine } = this.#vu;
    try {
      this.#target = engine.targets.get(this.#url);
    } catch (error) {
      if (!(error instanceof InvalidUrlError)) throw error;
      this.#refuse(new RequestFailure(error.isUrl ? FailureCode.generic : FailureCode.invalidUrl, error.message), error.isUrl);
      return;
    }
    const waitMs = engine.pacer?.waitMs() ?? 0;
    if (waitMs <= 0) this.#send();
    else {
      this.#paced = new Call(() => this.#send());
      engine.wheel.start(this.#paced, waitMs);
    }
  }

  #send(): void {
    const { engine } = this.#vu;
    this.#paced = undefined;
    const { responseType } = this.#params;
    const keepsBody =
      this.#feed === undefined && (responseType === undefined ? !engine.options.discardResponseBodies : responseType !== 'none');
    const exchange = new Exchange(
      this.#vu,
      this.#method,
      this.#target,
      {
        head: this.#head(),
        body: this.#body?.content,
        keepsBody,
        wantsBytes: responseType === 'binary',
        timeoutMs: this.#params.timeoutMs,
      },
      this,
    );
    this.#exchange = exchange;
    this.#first ??= exchange;
    this.#feed?.attach(exchange, this);
    if (engine.options.httpDebug !== '') logRequest(exchange);
    exchange.start();
  }

  drop(): void {
    if (this.#paced) this.#vu.engine.wheel.cancel(this.#paced);
    this.#exchange?.cancel();
  }

  /** The tags of k6's HTTP samples. */
  tag(name: string): string | undefined {
    const exchange = this.#exchange as Exchange;
    const own = this.#params.tags?.[name];
    if (own !== undefined) return own;
    switch (name) {
      case 'method':
        return this.#method;
      case 'url':
        return this.#target.url;
      case 'name':
        return this.#name ?? this.#target.url;
      case 'status':
        return String(exchange.status);
      case 'proto':
        return exchange.status === 0 ? undefined : exchange.proto;
      case 'tls_version':
        return exchange.tls?.version;
      case 'ocsp_status':
        return exchange.tls && ocspOf(exchange.tls.staple).status;
      case 'ip':
        return exchange.connection?.remoteAddress;
      case 'expected_response':
        return this.#isJudged ? String(this.#isExpected) : undefined;
      case 'error_code':
        return this.#errorCode === 0 ? undefined : String(this.#errorCode);
      case 'error':
        return exchange.failure?.message;
      default:
        return this.#vu.tag(name);
    }
  }

  /** Whether anything says which responses are expected. */
  get #isJudged(): boolean {
    return this.#params.responseCallback !== null && this.#vu.responseCallback !== null;
  }

  subject(): object | undefined {
    return this.#exchange;
  }

  addNames(names: Set<string>): void {
    for (const name of Object.keys(this.#params.tags ?? {})) names.add(name);
    this.#vu.addNames(names);
  }

  metadata(): Readonly<Record<string, string>> | undefined {
    return this.#vu.metadata();
  }

  #head(): string {
    const { fields } = this.#params;
    const target = this.#target;
    const cookies = this.#cookieLine();
    const body = this.#body;
    if (
      this.#method === 'GET' &&
      fields.length === 0 &&
      cookies === '' &&
      body === undefined &&
      target.credentials === undefined &&
      this.#params.auth === undefined
    )
      return target.plainGet;
    if (!isToken(this.#method)) throw new TypeError(`not an HTTP method: ${JSON.stringify(this.#method)}`);
    let head = `${this.#method} ${target.path} HTTP/1.1\r\n`;
    let common = target.commonFields;
    let hasType = false;
    let extra = '';
    for (const [name, value] of fields) {
      const lower = name.toLowerCase();
      if (!isToken(name) || !isFieldValue(value)) throw new TypeError(`not a valid header: ${JSON.stringify(name)}`);
      if (lower === 'content-length' || lower === 'transfer-encoding') continue;
      if (lower === 'host' || lower === 'user-agent') common = replaceField(common, lower === 'host' ? 'Host' : 'User-Agent', value);
      else {
        if (lower === 'content-type') hasType = true;
        extra += `${name}: ${value}\r\n`;
      }
    }
    head += common + extra + cookies;
    head += this.#authorization();
    if (body) {
      if (this.#params.compression.length > 0) head += `Content-Encoding: ${this.#params.compression.join(', ')}\r\n`;
      if (!hasType && body.contentType !== undefined) head += `Content-Type: ${body.contentType}\r\n`;
      head += `Content-Length: ${body.length}\r\n`;
    } else if (this.#method === 'POST' || this.#method === 'PUT' || this.#method === 'PATCH') head += 'Content-Length: 0\r\n';
    return `${head}\r\n`;
  }

  /** Credentials stand in the URL. Digest first asks without them, to learn the challenge. */
  #authorization(): string {
    const { credentials } = this.#target;
    if (credentials === undefined) return '';
    if (this.#params.auth !== 'digest') return `Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`;
    if (!this.#challenge) return '';
    const [user = '', password = ''] = credentials.split(/:(.*)/s);
    const answer = answerChallenge(this.#challenge, { method: this.#method, path: this.#target.path, user, password });
    return answer === undefined ? '' : `Authorization: ${answer}\r\n`;
  }

  #cookieLine(): string {
    const { cookies } = this.#params;
    const store = this.#store();
    if (!cookies && (store === undefined || store.isEmpty)) return '';
    const pairs = new Map<string, string>(store?.for(placeOf(this.#target)));
    for (const [name, value] of Object.entries(cookies ?? {})) {
      const replaces = typeof value === 'object' && value !== null ? (value as { value?: unknown; replace?: unknown }) : undefined;
      if (replaces && replaces.replace !== true && pairs.has(name)) continue;
      pairs.set(name, String(replaces ? replaces.value : value));
    }
    if (pairs.size === 0) return '';
    return `Cookie: ${[...pairs].map(([name, value]) => `${name}=${value}`).join('; ')}\r\n`;
  }

  /** The jar given with the request, or the VU's own; null is none at all. */
  #store(): CookieStore | undefined {
    const { jar } = this.#params;
    if (jar === null) return undefined;
    return jar === undefined ? this.#vu.cookies : CookieJar.storeOf(jar);
  }

  /** The response is handed over while its content is still to come; see `#endStream`. */
  onStreamHead(exchange: Exchange): boolean {
    const { status } = exchange;
    if (this.#redirectOf(exchange) !== undefined || (status === 401 && this.#params.auth === 'digest' && !this.#challenge)) return false;
    if (exchange.setsCookies) this.#storeCookies(exchange);
    if (this.#vu.engine.options.httpDebug !== '') logResponse(exchange, null);
    this.#errorCode = status >= 400 ? 1000 + status : 0;
    this.#onDone(new Response(exchange, this.#stream?.stream() ?? null, this.#errorCode, this.#first), undefined);
    return true;
  }

  #endStream(exchange: Exchange): void {
    const { failure, status } = exchange;
    if (failure) this.#errorCode = failure.code;
    this.#isExpected = this.#expects(failure ? 0 : status);
    this.#measure(exchange);
    if (failure) this.#vu.engine.countError(failure.message);
    else if (!this.#isExpected) this.#vu.engine.countError(`status ${status}`);
    this.#feed?.onExchangeEnd(failure);
  }

  onExchange(exchange: Exchange): void {
    if (this.#feed?.isFedBy(exchange) === true) {
      this.#endStream(exchange);
      return;
    }
    if (exchange.setsCookies) this.#storeCookies(exchange);
    const location = this.#redirectOf(exchange);
    const failed = exchange.failure !== undefined;
    this.#errorCode = failed ? (exchange.failure as RequestFailure).code : exchange.status >= 400 ? 1000 + exchange.status : 0;
    this.#isExpected = this.#expects(exchange.status);
    this.#measure(exchange);
    if (failed) this.#vu.engine.countError((exchange.failure as RequestFailure).message);
    else if (!this.#isExpected) this.#vu.engine.countError(`status ${exchange.status}`);
    if (exchange.status === 401 && this.#params.auth === 'digest' && !this.#challenge) {
      this.#challenge = parseChallenge(exchange.fields);
      if (this.#challenge) {
        this.start();
        return;
      }
    }
    if (location !== undefined) {
      if (this.#vu.engine.options.httpDebug !== '') logResponse(exchange, null);
      this.#follow(exchange, location);
      return;
    }
    let body: ResponseBody = null;
    try {
      body = contentOf(exchange);
    } catch (error) {
      exchange.failure = new RequestFailure(FailureCode.decompression, (error as Error).message);
      this.#errorCode = FailureCode.decompression;
    }
    if (this.#vu.engine.options.httpDebug !== '') logResponse(exchange, body);
    this.#deliver(exchange, body);
  }

  #deliver(exchange: Exchange, body: ResponseBody): void {
    const { failure } = exchange;
    const { engine } = this.#vu;
    if (failure && engine.options.throwErrors) {
      this.#onDone(undefined, failure);
      return;
    }
    if (failure)
      engine.log('warning', `Request Failed error="${capitalised(this.#method)} \\"${exchange.target.url}\\": ${failure.detail}"`, 'http');
    this.#onDone(new Response(exchange, body, this.#errorCode, this.#first), undefined);
  }

  /** Nothing is sent: a response says why, and a sample of a failed request if it is to count. */
  #refuse(failure: RequestFailure, counts: boolean): void {
    const { engine } = this.#vu;
    engine.countError(failure.message);
    const target: Target = {
      given: this.#url,
      url: this.#url,
      isTls: false,
      host: '',
      port: 0,
      authority: '',
      path: '',
      origin: '',
      credentials: undefined,
      commonFields: '',
      plainGet: '',
      knownHead: undefined,
      wasAnswered: false,
    };
    const exchange = new Exchange(
      this.#vu,
      this.#method,
      target,
      { head: '', body: undefined, keepsBody: false, wantsBytes: false, timeoutMs: 0 },
      this,
    );
    exchange.failure = failure;
    if (counts) {
      this.#target = target;
      this.#exchange = exchange;
      this.#errorCode = failure.code;
      this.#isExpected = this.#expects(0);
      this.#measure(exchange);
    }
    if (engine.options.throwErrors) {
      this.#onDone(undefined, failure);
      return;
    }
    engine.log('warning', `Request Failed error="${failure.message}"`, 'http');
    this.#onDone(new Response(exchange, null, failure.code, this.#first), undefined);
  }

  #expects(status: number): boolean {
    const callback = this.#params.responseCallback ?? this.#vu.responseCallback;
    return typeof callback === 'function' ? (callback as (status: number) => boolean)(status) : status >= 200 && status < 400;
  }

  #measure(exchange: Exchange): void {
    const { http } = this.#vu.engine;
    const timings = timingsOf(exchange);
    http.requests.add(1, this);
    http.duration.add(timings.duration, this);
    http.blocked.add(timings.blocked, this);
    http.connecting.add(timings.connecting, this);
    http.tlsHandshaking.add(timings.tls_handshaking, this);
    http.sending.add(timings.sending, this);
    http.waiting.add(timings.waiting, this);
    http.receiving.add(timings.receiving, this);
    http.scheduled?.add(this.#vu.lateMs + timings.blocked + timings.duration, this);
    http.contentSize?.add(exchange.contentBytes, this);
    if (this.#isJudged) http.failed.add(this.#isExpected ? 0 : 1, this);
  }

  #redirectOf(exchange: Exchange): string | undefined {
    const { status } = exchange;
    if (status < 301 || status > 308 || (status > 303 && status < 307) || this.#redirectsLeft <= 0) return undefined;
    return /(?:^|\r\n)location:[ \t]*([^\r]*)/i.exec(exchange.fields)?.[1]?.trim();
  }

  /** As Go's client: 301, 302 and 303 go on as GET (HEAD stays), 307 and 308 repeat the request. */
  #follow(exchange: Exchange, location: string): void {
    this.#redirectsLeft--;
    if (exchange.status < 307) {
      if (this.#method !== 'GET' && this.#method !== 'HEAD') this.#method = 'GET';
      this.#body = undefined;
    }
    try {
      this.#url = new URL(location, exchange.target.given).href;
    } catch {
      this.#refuse(new RequestFailure(FailureCode.generic, `failed to parse Location header ${JSON.stringify(location)}`), false);
      return;
    }
    this.start();
  }

  #storeCookies(exchange: Exchange): void {
    const place = placeOf(this.#target);
    const { jar } = this.#params;
    if (jar === null) return;
    const store = jar === undefined ? this.#vu.cookieStore() : CookieJar.storeOf(jar);
    for (const line of setCookieLines(exchange.fields)) store.store(line, place);
  }
}

function bodyOf(body: unknown, codings: readonly string[]): RequestBody | undefined {
  if (body === undefined || body === null) return undefined;
  const encoded = encodeBody(body);
  return codings.length === 0 ? encoded : compressBody(encoded, codings);
}

function replaceField(fields: string, name: string, value: string): string {
  return fields.replace(new RegExp(`^${name}: .*\r\n`, 'm'), '') + `${name}: ${value}\r\n`;
}

function placeOf(target: Target): { host: string; path: string; isTls: boolean } {
  return { host: target.host, path: target.path, isTls: target.isTls };
}

function capitalised(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

function contentOf(exchange: Exchange): ResponseBody {
  const { content, contentEncoding } = exchange;
  if (!exchange.keepsBody || (exchange.failure && content === undefined)) return null;
  if (content === undefined) return exchange.wantsBytes ? new ArrayBuffer(0) : '';
  if (typeof content === 'string') return content;
  const bytes = contentEncoding === undefined ? content : decodeContent(content, contentEncoding);
  if (!exchange.wantsBytes) return bytes.toString('utf8');
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

/** A VU that waits for one or more requests. */
export class Requesting implements Suspension {
  readonly runs: RequestRun[] = [];

  drop(): void {
    for (const run of this.runs) run.drop();
  }
}

/** What is asked for. */
export interface RequestSpec {
  readonly method: string;
  readonly url: string;
  readonly name: string | undefined;
  readonly body: unknown;
  readonly params: RequestParams;
  /** Takes the content of the answer in place of the response. */
  readonly feed?: BodyFeed;
}

/** Sends one request; the VU is suspended until its response is there. A thread that may block has the response at once. */
export function sendOne(vu: Vu, request: RequestSpec): Promise<Response> | Response {
  const { blocking } = vu.engine;
  if (blocking) return blocking.result((settle) => new RequestRun(vu, request, settle).start());
  return new Promise((resolve, reject) => {
    const run = new RequestRun(vu, request, (response, error) => {
      vu.suspension = undefined;
      if (error) reject(error);
      else if (response) resolve(response);
    });
    vu.suspension = run;
    try {
      run.start();
    } catch (error) {
      vu.suspension = undefined;
      reject(error);
    }
  });
}
