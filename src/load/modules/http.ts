import { assert, systemClock } from '../../base/index.ts';
import { FileData } from '../http/body.ts';
import { ExpectedStatuses, expectedStatuses } from '../http/expected.ts';
import { CookieJar } from '../http/jar.ts';
import { goTypeOf, RequestMistake } from '../http/params.ts';
import { Requesting, RequestRun, sendOne } from '../http/request.ts';
import { Response } from '../http/response.ts';
import { NamedUrl, specOf, type RequestSpec } from '../http/spec.ts';
import { declined } from '../http/unsent.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf, type HostFunction } from './bound.ts';

/** https://grafana.com/docs/k6/latest/javascript-api/k6-http/ */
const functions: Record<string, HostFunction> = {
  get(url: unknown, params?: unknown, ...more: unknown[]) {
    if (more.length > 0) warnOfMore(this, 'get', more.length);
    return request(this, 'GET', url, undefined, params);
  },
  head(url: unknown, params?: unknown, ...more: unknown[]) {
    if (more.length > 0) warnOfMore(this, 'head', more.length);
    return request(this, 'HEAD', url, undefined, params);
  },
  options(url: unknown, body?: unknown, params?: unknown) {
    return request(this, 'OPTIONS', url, body, params);
  },
  post(url: unknown, body?: unknown, params?: unknown) {
    return request(this, 'POST', url, body, params);
  },
  put(url: unknown, body?: unknown, params?: unknown) {
    return request(this, 'PUT', url, body, params);
  },
  patch(url: unknown, body?: unknown, params?: unknown) {
    return request(this, 'PATCH', url, body, params);
  },
  del(url: unknown, body?: unknown, params?: unknown) {
    return request(this, 'DELETE', url, body, params);
  },
  request(method: string | undefined, url: unknown, body?: unknown, params?: unknown) {
    return request(this, methodOf(method), url, body, params);
  },
  asyncRequest(method: string | undefined, url: unknown, body?: unknown, params?: unknown) {
    return requestLater(this, methodOf(method), url, body, params);
  },
  batch(...args: unknown[]) {
    return batch(this, args);
  },
  file(data: unknown, filename?: string, contentType?: string) {
    if (typeof data !== 'string' && !(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data))
      throw new TypeError(`invalid type ${goTypeOf(data)}, expected string or ArrayBuffer`);
    // Nanoseconds since 1970, as k6 names it.
    return new FileData(data, filename ?? `${systemClock.nowMs()}000000`, contentType ?? 'application/octet-stream');
  },
  url(strings: TemplateStringsArray | string, ...values: unknown[]) {
    if (typeof strings === 'string') return new NamedUrl(strings, strings);
    return new NamedUrl(String.raw({ raw: strings }, ...values), String.raw({ raw: strings }, ...values.map(() => '${}')));
  },
  cookieJar() {
    this.enter();
    if (this.engine.phase === 'init') throw new Error('Making cookie jars in the init context is not supported');
    return new CookieJar(this.cookieStore());
  },
  setResponseCallback(callback: unknown = null) {
    this.enter();
    if (callback !== null && !(callback instanceof ExpectedStatuses))
      throw new TypeError('unsupported argument, expected http.expectedStatuses');
    this.responseCallback = callback;
  },
  expectedStatuses(...statuses: unknown[]) {
    return expectedStatuses(statuses);
  },
};

const constants = {
  TLS_1_0: 'tls1.0', TLS_1_1: 'tls1.1', TLS_1_2: 'tls1.2', TLS_1_3: 'tls1.3',
  OCSP_STATUS_GOOD: 'good', OCSP_STATUS_REVOKED: 'revoked', OCSP_STATUS_SERVER_FAILED: 'server_failed', OCSP_STATUS_UNKNOWN: 'unknown',
  OCSP_REASON_UNSPECIFIED: 'unspecified', OCSP_REASON_KEY_COMPROMISE: 'key_compromise', OCSP_REASON_CA_COMPROMISE: 'ca_compromise',
  OCSP_REASON_AFFILIATION_CHANGED: 'affiliation_changed', OCSP_REASON_SUPERSEDED: 'superseded',
  OCSP_REASON_CESSATION_OF_OPERATION: 'cessation_of_operation', OCSP_REASON_CERTIFICATE_HOLD: 'certificate_hold',
  OCSP_REASON_REMOVE_FROM_CRL: 'remove_from_crl', OCSP_REASON_PRIVILEGE_WITHDRAWN: 'privilege_withdrawn', OCSP_REASON_AA_COMPROMISE: 'aa_compromise',
} as const; // prettier-ignore

export const HttpModule = moduleOf(functions, {
  Response: () => Response,
  CookieJar: () => CookieJar,
  FileData: () => FileData,
  ...Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, () => value])),
});

/** None is GET. */
function methodOf(method: string | undefined | null): string {
  return method === undefined || method === null || method === '' ? 'GET' : method;
}

function warnOfMore(vu: Vu, name: string, more: number): void {
  vu.engine.log('warning', `http.${name} only accepts a url and a params argument (2 arguments), but ${more + 2} were given`, '');
}

function request(vu: Vu, method: string, url: unknown, body: unknown, params: unknown): Promise<Response> | Response {
  vu.enter();
  if (vu.engine.phase === 'init') throw new Error('Making http requests in the init context is not supported');
  return sendOne(vu, method, url, body, params);
}

/** A request that nobody blocks on: its promise is settled by a job of the VU's loop. */
function requestLater(vu: Vu, method: string, url: unknown, body: unknown, params: unknown): unknown {
  vu.enter();
  if (vu.engine.phase === 'init') throw new Error('Making http requests in the init context is not supported');
  const { loop, promiseClass } = vu;
  assert(loop && promiseClass, 'a script that mentions asyncRequest has a loop');
  const promise = new promiseClass(undefined);
  const ready = loop.begin();
  const settle = (response: Response | undefined, error: Error | undefined): void =>
    ready(() => (error ? promise.rejectWith(error) : promise.resolveWith(response)));
  try {
    new RequestRun(vu, specOf(method, url, body, params), settle).start();
  } catch (error) {
    if (!(error instanceof RequestMistake)) throw error;
    try {
      settle(declined(vu, error), undefined);
    } catch (thrown) {
      settle(undefined, thrown as Error);
    }
  }
  return promise;
}

/** Several requests at once, at most `batch` in all and `batchPerHost` to each host; answers in the order asked. */
function batch(vu: Vu, args: readonly unknown[]): unknown {
  vu.enter();
  if (vu.engine.phase === 'init') throw new Error('Using batch in the init context is not supported');
  const [requests] = args;
  if (args.length === 0) throw new TypeError('no argument was provided to http.batch()');
  if (args.length > 1) throw new TypeError('http.batch() accepts only an array or an object of requests');
  if (typeof requests !== 'object' || requests === null) throw new TypeError(`invalid http.batch() argument type ${goTypeOf(requests)}`);
  const keys = Object.keys(requests);
  const result: Record<string, unknown> | unknown[] = Array.isArray(requests) ? Array.from({ length: keys.length }, () => null) : {};
  const { blocking } = vu.engine;
  const specs: RequestSpec[] = [];
  for (const key of keys)
    try {
      specs.push(batchSpec(key, (requests as Record<string, unknown>)[key]));
    } catch (error) {
      if (!(error instanceof RequestMistake)) throw error;
      // None of them is sent.
      for (const before of keys.slice(0, specs.length))
        (result as Record<string, unknown>)[before] = declined(vu, new RequestMistake(''), '');
      (result as Record<string, unknown>)[key] = declined(vu, error, 'A batch request failed');
      return blocking ? result : Promise.resolve(result);
    }
  if (specs.length === 0) return blocking ? result : Promise.resolve(result);
  const start = (settle: (done: typeof result | undefined, error: Error | undefined) => void): Requesting =>
    runBatch(vu, specs, (i, response) => ((result as Record<string, unknown>)[keys[i] as string] = response), (error) => settle(error ? undefined : result, error)); // prettier-ignore
  if (blocking) return blocking.result(start);
  return new Promise((resolve, reject) => {
    let isOver = false;
    const waiting = start((done, error) => {
      isOver = true;
      vu.suspension = undefined;
      if (error) reject(error);
      else resolve(done);
    });
    if (!isOver) vu.suspension = waiting;
  });
}

/** Starts what may be started; `onDone` may be called before it returns, when no request could be sent at all. */
function runBatch(
  vu: Vu,
  specs: readonly RequestSpec[],
  onResponse: (index: number, response: Response | undefined) => void,
  onDone: (error: Error | undefined) => void,
): Requesting {
  const { batch: batchMax, batchPerHost } = vu.engine.options;
  const waiting = new Requesting();
  const busy = new Map<string, number>();
  const queue = specs.map((spec, index) => ({ spec, index, host: hostOf(spec.url) }));
  let active = 0;
  let left = queue.length;
  let failure: Error | undefined;
  const mayStart = (host: string): boolean =>
    (batchMax === 0 || active < batchMax) && (batchPerHost === 0 || (busy.get(host) ?? 0) < batchPerHost);
  const start = ({ spec, index, host }: (typeof queue)[number]): void => {
    active++;
    busy.set(host, (busy.get(host) ?? 0) + 1);
    const run = new RequestRun(vu, spec, (response, error) => {
      active--;
      busy.set(host, (busy.get(host) ?? 0) - 1);
      onResponse(index, response);
      // As in k6 the others are made all the same, and the first error is thrown at the end.
      failure ??= error;
      if (--left === 0) onDone(failure);
      else pump();
    });
    waiting.runs.push(run);
    run.start();
  };
  const pump = (): void => {
    for (let i = 0; i < queue.length;) {
      const next = queue[i] as (typeof queue)[number];
      if (mayStart(next.host)) {
        queue.splice(i, 1);
        start(next);
      } else i++;
    }
  };
  pump();
  return waiting;
}

/** `[method, url, body, params]`, `{ method, url, body, params }` or a URL alone. */
function batchSpec(key: string, item: unknown): RequestSpec {
  if (Array.isArray(item)) {
    const [method, url, body, params] = item as unknown[];
    if (item.length < 2) throw new RequestMistake(`invalid batch request ${JSON.stringify(item)}`);
    if (typeof method !== 'string') throw new RequestMistake(`invalid method type ${JSON.stringify(method)}`);
    return specOf(methodOf(method), url, body, params);
  }
  if (typeof item !== 'object' || item === null || item instanceof NamedUrl || item instanceof URL)
    return specOf('GET', item, undefined, undefined);
  if (!('url' in item)) throw new RequestMistake(`batch request ${key} doesn't have a url key`);
  const { method, url, body, params } = item as Record<string, unknown>;
  if ('method' in item && typeof method !== 'string') throw new RequestMistake(`invalid method type ${JSON.stringify(method)}`);
  const name = typeof method === 'string' ? methodOf(method.toUpperCase()) : 'GET';
  const takesBody = typeof method !== 'string' || (name !== 'GET' && name !== 'HEAD');
  return specOf(name, url, takesBody ? body : undefined, params);
}

function hostOf(url: string): string {
  return /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '';
}
