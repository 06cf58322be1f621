import { monotonicMs } from '../../base/index.ts';
import { isToken } from '../../http1/index.ts';
import type { TagLookup } from '../metrics/registry.ts';
import { StreamedBody } from '../streams/body.ts';
import type { BodyFeed, FeedOwner } from '../streams/feed.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { Call } from '../vu/wheel.ts';
import type { RequestBody } from './body.ts';
import { cookiePair, setCookieLines } from './cookies.ts';
import { logRequest, logResponse } from './debug.ts';
import { bodyOf } from './content.ts';
import { declined, unsent } from './unsent.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import { ExpectedStatuses } from './expected.ts';
import { FailureCode, RequestFailure } from './failures.ts';
import { CookieJar } from './jar.ts';
import { loginOf, type Login } from './login.ts';
import { ocspOf } from './ocsp.ts';
import { RequestMistake, type RequestParams } from './params.ts';
import { writeHead, type Trail } from './request-head.ts';
import { Response, timingsOf, type ResponseBody } from './response.ts';
import { specOf, type RequestSpec } from './spec.ts';
import { InvalidUrlError, type Target } from './target.ts';
import { formatUrl, readUrl, resolveUrl, splitHost, UrlSyntaxError, type HttpUrl } from './url.ts';

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
  /** For `auth: 'digest'` and `'ntlm'`. */
  #login: Login | undefined;
  /** Of the redirects so far. */
  #trail: Trail | undefined;
  #errorCode = 0;
  #isExpected = true;

  constructor(vu: Vu, request: RequestSpec, onDone: (response: Response | undefined, error: Error | undefined) => void) {
    this.#vu = vu;
    this.#method = request.method;
    this.#url = request.url;
    this.#name = request.name;
    this.#params = request.params;
    this.#body = request.body;
    this.#redirectsLeft = request.params.redirects ?? vu.engine.options.maxRedirects;
    this.#onDone = onDone;
    const isStreamed = request.feed === undefined && request.params.responseType === 'stream';
    this.#stream = isStreamed ? new StreamedBody(vu, request.params.timeoutMs) : undefined;
    this.#feed = this.#stream?.feed ?? request.feed;
  }

  start(): void {
    const { engine } = this.#vu;
    if (!this.#aim()) return;
    const waitMs = engine.pacer?.waitMs() ?? 0;
    if (waitMs <= 0) this.#send();
    else {
      this.#paced = new Call(() => this.#send());
      engine.wheel.start(this.#paced, waitMs);
    }
  }

  /** Finds out where the URL leads; false when that is nowhere, and the response already says so. */
  #aim(): boolean {
    const { targets } = this.#vu.engine;
    try {
      this.#target = targets.get(this.#url);
    } catch (error) {
      if (error instanceof UrlSyntaxError) this.#decline(new RequestMistake(`invalid URL: ${error.message}`, FailureCode.invalidUrl));
      else if (error instanceof InvalidUrlError) this.#refuse(new RequestFailure(FailureCode.generic, error.message));
      else throw error;
      return false;
    }
    const { credentials } = this.#target;
    const { auth } = this.#params;
    if (auth === undefined || credentials === undefined) return true;
    // A server is told these only as answers to what it asks.
    this.#login ??= loginOf(auth, credentials);
    this.#target = targets.get(withoutCredentials(this.#url));
    return true;
  }

  #send(): void {
    const { engine } = this.#vu;
    this.#paced = undefined;
    const { responseType, headers, timeoutMs } = this.#params;
    const keepsBody =
      this.#feed === undefined && (responseType === undefined ? !engine.options.discardResponseBodies : responseType !== 'none');
    if (!this.#first && (headers.contentLength !== undefined || headers.contentEncoding !== undefined)) this.#warnOfFields();
    const body = this.#body?.content;
    const exchange = new Exchange(
      this.#vu,
      this.#method,
      this.#target,
      {
        head: this.#head(),
        // Written together with a head that holds bytes, text would be encoded twice.
        body: headers.isWide && typeof body === 'string' ? Buffer.from(body) : body,
        keepsBody,
        wantsBytes: responseType === 'binary',
        // Redirects included, as in k6.
        timeoutMs: this.#first ? Math.max(0, timeoutMs - (monotonicMs() - this.#first.startedAt)) : timeoutMs,
      },
      this,
    );
    this.#exchange = exchange;
    this.#first ??= exchange;
    this.#feed?.attach(exchange, this);
    if (engine.options.httpDebug !== '') logRequest(exchange);
    const mistake =
      headers.mistake ??
      (this.#method === 'GET' || isToken(this.#method) ? undefined : `net/http: invalid method ${JSON.stringify(this.#method)}`);
    if (mistake === undefined) exchange.start();
    else exchange.fail(new RequestFailure(FailureCode.generic, mistake));
  }

  /** Of fields that are written by what the body is, whatever the script says. */
  #warnOfFields(): void {
    const { engine } = this.#vu;
    const { headers, compression } = this.#params;
    const length = this.#body?.length ?? 0;
    const request = `${this.#method} request for`;
    if (headers.contentLength !== undefined && headers.contentLength !== String(length))
      engine.log('warning', `The specified Content-Length header ${JSON.stringify(headers.contentLength)} in the ${request} ${this.#target.url} doesn't match the actual request body length of ${length}, so it will be ignored!`, ''); // prettier-ignore
    if (compression.length > 0 && headers.contentEncoding !== undefined && headers.contentEncoding !== compression.join(', '))
      engine.log('warning', `The Content-Encoding header in the ${request} ${this.#target.url} is not what its compression is: the header is sent as it is`, ''); // prettier-ignore
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
      // A name that somebody gave stands for the URL too, which may hold anything.
      case 'url':
      case 'name':
        return this.#params.tags?.['name'] ?? this.#name ?? this.#vu.tag('name') ?? this.#target.url;
      case 'status':
        return String(exchange.status);
      case 'proto':
        return exchange.status === 0 ? undefined : exchange.proto;
      case 'tls_version':
        return exchange.status === 0 ? undefined : exchange.tls?.version;
      case 'ocsp_status':
        return exchange.status === 0 ? undefined : exchange.tls && ocspOf(exchange.tls.staple).status;
      case 'ip':
        return exchange.remoteAddress;
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
    const { responseCallback } = this.#params;
    return (responseCallback === undefined ? this.#vu.responseCallback : responseCallback) !== null;
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
    const { headers, compression } = this.#params;
    const target = this.#target;
    const method = this.#method;
    const body = this.#body;
    const cookies = this.#cookies();
    const isPlain = method === 'GET' && headers.isEmpty && cookies === '' && body === undefined && this.#trail === undefined;
    if (isPlain && target.credentials === undefined && this.#login === undefined) return target.plainGet;
    const authorization =
      this.#login === undefined
        ? target.credentials && `Basic ${Buffer.from(target.credentials).toString('base64')}`
        : this.#login.authorization;
    return writeHead({ method, target, headers, body, coding: compression.join(', '), cookies, authorization, trail: this.#trail });
  }

  /** Value of the Cookie field: what the request has itself, then what the jar has, both of a name unless one replaces the other. */
  #cookies(): string {
    const { cookies, headers, jar } = this.#params;
    const store = jar === undefined ? this.#vu.cookies : CookieJar.storeOf(jar);
    const header = this.#trail ? undefined : headers.cookie;
    if (!cookies && header === undefined && (store === undefined || store.isEmpty)) return '';
    const pairs = header === undefined ? [] : [header];
    for (const [name, { value }] of cookies ?? []) pairs.push(cookiePair(name, value));
    for (const [name, value] of store?.for(placeOf(this.#target)) ?? [])
      if (cookies?.get(name)?.replace !== true) pairs.push(cookiePair(name, value));
    return pairs.join('; ');
  }

  /** The response is handed over while its content is still to come; see `#endStream`. */
  onStreamHead(exchange: Exchange): boolean {
    const { status } = exchange;
    if (this.#redirectOf(exchange) !== undefined || (status === 401 && this.#login?.mayAnswer(exchange.fields) === true)) return false;
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
    this.#count(exchange);
    this.#feed?.onExchangeEnd(failure);
  }

  onExchange(exchange: Exchange): void {
    if (this.#feed?.isFedBy(exchange) === true) {
      this.#endStream(exchange);
      return;
    }
    if (exchange.status === 101) {
      // k6 throws here whatever the option `throw` says, and counts nothing.
      this.#onDone(undefined, new Error('unsupported response status: 101 Switching Protocols'));
      return;
    }
    if (exchange.setsCookies) this.#storeCookies(exchange);
    const next = this.#nextOf(exchange);
    const authorization = exchange.status === 401 ? this.#login?.answer(exchange) : undefined;
    const body = next === undefined && authorization === undefined ? bodyOf(exchange) : null;
    this.#errorCode = exchange.failure?.code ?? (exchange.status >= 400 ? 1000 + exchange.status : 0);
    this.#isExpected = this.#login?.expects(exchange.status) ?? this.#expects(exchange.status);
    this.#count(exchange);
    if (this.#vu.engine.options.httpDebug !== '') logResponse(exchange, body);
    if (authorization !== undefined) this.#send();
    else if (next !== undefined) this.#follow(exchange, next);
    else this.#deliver(exchange, body);
  }

  #count(exchange: Exchange): void {
    this.#measure(exchange);
    const { engine } = this.#vu;
    if (exchange.failure) engine.countError(exchange.failure.message);
    else if (!this.#isExpected) engine.countError(`status ${exchange.status}`);
  }

  #deliver(exchange: Exchange, body: ResponseBody): void {
    const { failure } = exchange;
    const { engine } = this.#vu;
    if (failure) {
      const told = `${capitalised(this.#method)} ${JSON.stringify(exchange.target.url)}: ${failure.detail}`;
      if (this.#params.throws ?? engine.options.throwErrors) {
        this.#onDone(undefined, new RequestFailure(failure.code, told));
        return;
      }
      engine.log('warning', `Request Failed error=${JSON.stringify(told)}`, '');
    }
    this.#onDone(new Response(exchange, body, this.#errorCode, this.#first), undefined);
  }

  /** Nothing was sent, for want of a server to send it to: counted as a request that failed, as in k6. */
  #refuse(failure: RequestFailure): void {
    const exchange = unsent(this.#vu, this.#method, this.#url, this);
    this.#target = exchange.target;
    this.#exchange = exchange;
    exchange.fail(failure);
  }

  /** What was asked for makes no sense: nothing is counted. */
  #decline(mistake: RequestMistake): void {
    try {
      this.#onDone(declined(this.#vu, mistake), undefined);
    } catch (error) {
      this.#onDone(undefined, error as Error);
    }
  }

  #expects(status: number): boolean {
    const { responseCallback } = this.#params;
    const expected = responseCallback === undefined ? this.#vu.responseCallback : responseCallback;
    return expected ? ExpectedStatuses.match(expected, status) : status >= 200 && status < 400;
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

  /** Value of the Location of an answer that redirects. */
  #redirectOf({ status, fields }: Exchange): string | undefined {
    if (status < 301 || status > 308 || (status > 303 && status < 307)) return undefined;
    const location = /(?:^|\r\n)location:[ \t]*([^\r]*)/i.exec(fields)?.[1]?.trim();
    return location === '' ? undefined : location;
  }

  /** Where an answer leads to; spoils one that leads nowhere. */
  #nextOf(exchange: Exchange): HttpUrl | undefined {
    const location = this.#redirectOf(exchange);
    if (location === undefined) return undefined;
    if (this.#redirectsLeft <= 0) {
      const { engine } = this.#vu;
      const count = engine.options.maxRedirects + 1;
      if (this.#params.redirects === undefined && engine.rawOptions.maxRedirects === undefined)
        engine.log('warning', `Stopped after ${count} redirects and returned the redirection; pass { redirects: n } in request params or set global maxRedirects to silence this url=${JSON.stringify(this.#first?.target.url)}`, ''); // prettier-ignore
      return undefined;
    }
    const text = Buffer.from(location, 'latin1').toString('utf8');
    try {
      return resolveUrl(readUrl(exchange.target.given), text);
    } catch (error) {
      if (!(error instanceof UrlSyntaxError)) throw error;
      exchange.content = undefined;
      exchange.spoil(new RequestFailure(FailureCode.generic, `failed to parse Location header ${JSON.stringify(text)}: ${error.message}`));
      return undefined;
    }
  }

  /** As Go's client: 301, 302 and 303 go on as GET (HEAD stays), 307 and 308 repeat the request. */
  #follow(exchange: Exchange, to: HttpUrl): void {
    this.#redirectsLeft--;
    const isBodiless = exchange.status < 307;
    if (isBodiless) {
      if (this.#method !== 'GET' && this.#method !== 'HEAD') this.#method = 'GET';
      this.#body = undefined;
    }
    const { target } = exchange;
    const before = this.#trail;
    const { name } = splitHost(to.host);
    const firstHost = this.#first?.target.host ?? '';
    this.#trail = {
      isElsewhere: before?.isElsewhere === true || !(name === firstHost || name.endsWith(`.${firstHost}`)),
      isBodiless: before?.isBodiless === true || isBodiless,
      keepsHost: before?.keepsHost !== false && name === target.host,
      referer: target.isTls && to.scheme === 'http' ? undefined : withoutCredentials(target.given),
    };
    this.#url = formatUrl(to);
    if (this.#aim()) this.#send();
  }

  #storeCookies(exchange: Exchange): void {
    const place = placeOf(this.#target);
    const { jar } = this.#params;
    const store = jar === undefined ? this.#vu.cookieStore() : CookieJar.storeOf(jar);
    for (const line of setCookieLines(exchange.fields)) store.store(line, place);
  }
}

function placeOf(target: Target): { host: string; path: string; isTls: boolean } {
  return { host: target.host, path: target.path, isTls: target.isTls };
}

function capitalised(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

function withoutCredentials(url: string): string {
  const { userinfo: _, fragment: __, ...rest } = readUrl(url);
  return formatUrl({ ...rest, userinfo: undefined, fragment: '' });
}

/** A VU that waits for one or more requests. */
export class Requesting implements Suspension {
  readonly runs: RequestRun[] = [];

  drop(): void {
    for (const run of this.runs) run.drop();
  }
}

/** Sends one request; the VU is suspended until its response is there. A thread that may block has the response at once. */
export function sendOne(vu: Vu, method: string, url: unknown, body: unknown, params: unknown): Promise<Response> | Response {
  const { blocking } = vu.engine;
  let spec: RequestSpec;
  try {
    spec = specOf(method, url, body, params);
  } catch (error) {
    if (!(error instanceof RequestMistake)) throw error;
    const response = declined(vu, error);
    return blocking ? response : Promise.resolve(response);
  }
  if (blocking) return blocking.result((settle) => new RequestRun(vu, spec, settle).start());
  return new Promise((resolve, reject) => {
    const run = new RequestRun(vu, spec, (response, error) => {
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
