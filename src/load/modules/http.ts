import { assert, systemClock } from '../../base/index.ts';
import { defaultParams, readParams, type RequestParams } from '../http/params.ts';
import { CookieJar } from '../http/jar.ts';
import { FileData } from '../http/body.ts';
import { Requesting, RequestRun, sendOne } from '../http/request.ts';
import { Response } from '../http/response.ts';
import type { Vu } from '../vu/vu.ts';
import { moduleOf, type HostFunction } from './bound.ts';

/** A URL with the name under which its requests are counted: http.url`…/${id}`. */
export class NamedUrl {
  readonly url: string;
  readonly name: string;

  constructor(url: string, name: string) {
    this.url = url;
    this.name = name;
  }

  toString(): string {
    return this.url;
  }
}

/** https://grafana.com/docs/k6/latest/javascript-api/k6-http/ */
const functions: Record<string, HostFunction> = {
  get(url: unknown, params?: unknown) {
    return request(this, 'GET', url, undefined, params);
  },
  head(url: unknown, params?: unknown) {
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
  request(method: unknown, url: unknown, body?: unknown, params?: unknown) {
    return request(this, String(method).toUpperCase(), url, body, params);
  },
  asyncRequest(method: unknown, url: unknown, body?: unknown, params?: unknown) {
    return requestLater(this, String(method).toUpperCase(), url, body, params);
  },
  batch(requests: unknown) {
    return batch(this, requests);
  },
  file(data: unknown, filename?: string, contentType?: string) {
    return new FileData(data, filename ?? String(systemClock.nowMs()), contentType ?? 'application/octet-stream');
  },
  url(strings: TemplateStringsArray | string, ...values: unknown[]) {
    if (typeof strings === 'string') return new NamedUrl(strings, strings);
    return new NamedUrl(String.raw({ raw: strings }, ...values), String.raw({ raw: strings }, ...values.map(() => '${}')));
  },
  cookieJar() {
    this.enter();
    return new CookieJar(this.cookieStore());
  },
  setResponseCallback(callback: unknown) {
    this.enter();
    this.responseCallback = callback;
  },
  expectedStatuses(...statuses: unknown[]) {
    return expectedStatuses(statuses);
  },
};

const constants = {
  TLS_1_0: 'tls1.0', TLS_1_1: 'tls1.1', TLS_1_2: 'tls1.2', TLS_1_3: 'tls1.3',
  OCSP_STATUS_GOOD: 'good', OCSP_STATUS_REVOKED: 'revoked', OCSP_STATUS_SERVER_FAILED: 'server_failed', OCSP_STATUS_UNKNOWN: 'unknown',
} as const; // prettier-ignore

export const HttpModule = moduleOf(functions, {
  Response: () => Response,
  CookieJar: () => CookieJar,
  FileData: () => FileData,
  ...Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, () => value])),
});

interface RequestSpec {
  method: string;
  url: string;
  name: string | undefined;
  body: unknown;
  params: RequestParams;
}

function request(vu: Vu, method: string, url: unknown, body: unknown, params: unknown): Promise<Response> | Response {
  vu.enter();
  if (vu.engine.phase === 'init') throw new Error('Making http requests in the init context is not supported');
  return sendOne(vu, specOf(method, url, body, params));
}

/** A request that nobody blocks on: its promise is settled by a job of the VU's loop. */
function requestLater(vu: Vu, method: string, url: unknown, body: unknown, params: unknown): unknown {
  vu.enter();
  if (vu.engine.phase === 'init') throw new Error('Making http requests in the init context is not supported');
  const { loop, promiseClass } = vu;
  assert(loop && promiseClass, 'a script that mentions asyncRequest has a loop');
  const promise = new promiseClass(undefined);
  const ready = loop.begin();
  const run = new RequestRun(vu, specOf(method, url, body, params), (response, error) =>
    ready(() => (error ? promise.rejectWith(error) : promise.resolveWith(response))),
  );
  run.start();
  return promise;
}

function specOf(method: string, url: unknown, body: unknown, params: unknown): RequestSpec {
  const named = url instanceof NamedUrl ? url : undefined;
  const read = params === undefined || params === null ? defaultParams : readParams(params);
  return { method, url: named ? named.url : String(url), name: named?.name, body, params: read };
}

/** Several requests at once, at most `batch` in all and `batchPerHost` to each host; answers in the order asked. */
function batch(vu: Vu, requests: unknown): unknown {
  vu.enter();
  if (vu.engine.phase === 'init') throw new Error('Using batch in the init context is not supported');
  if (typeof requests !== 'object' || requests === null) throw new TypeError('http.batch() needs an array or an object of requests');
  const keys = Object.keys(requests);
  const specs = keys.map((key) => batchSpec((requests as Record<string, unknown>)[key]));
  const result: Record<string, unknown> | unknown[] = Array.isArray(requests) ? Array.from({ length: keys.length }) : {};
  const { blocking } = vu.engine;
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
  const giveUp = (error: Error): void => {
    queue.length = 0;
    waiting.drop();
    onDone(error);
  };
  const mayStart = (host: string): boolean =>
    (batchMax === 0 || active < batchMax) && (batchPerHost === 0 || (busy.get(host) ?? 0) < batchPerHost);
  const start = ({ spec, index, host }: (typeof queue)[number]): void => {
    active++;
    busy.set(host, (busy.get(host) ?? 0) + 1);
    const run = new RequestRun(vu, spec, (response, error) => {
      active--;
      busy.set(host, (busy.get(host) ?? 0) - 1);
      onResponse(index, response);
      if (error) giveUp(error);
      else if (--left === 0) onDone(undefined);
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
  try {
    pump();
  } catch (error) {
    giveUp(error as Error);
  }
  return waiting;
}

function batchSpec(item: unknown): RequestSpec {
  if (typeof item === 'string' || item instanceof NamedUrl) return specOf('GET', item, undefined, undefined);
  if (Array.isArray(item)) {
    const [method, url, body, params] = item as unknown[];
    return specOf(String(method).toUpperCase(), url, body, params);
  }
  if (typeof item !== 'object' || item === null || (item as { url?: unknown }).url === undefined)
    throw new TypeError('a request of a batch needs a url');
  const { method, url, body, params } = item as Record<string, unknown>;
  return specOf(typeof method === 'string' ? method.toUpperCase() : 'GET', url, body, params);
}

function hostOf(url: string): string {
  return /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '';
}

/** `expectedStatuses(200, { min: 300, max: 399 })`. */
function expectedStatuses(statuses: readonly unknown[]): (status: number) => boolean {
  const ranges = statuses.map((item) => {
    if (typeof item === 'number') return [item, item] as const;
    const { min, max } = (item ?? {}) as { min?: unknown; max?: unknown };
    if (typeof min !== 'number' || typeof max !== 'number') throw new TypeError('expectedStatuses() takes numbers and { min, max }');
    return [min, max] as const;
  });
  if (ranges.length === 0) throw new TypeError('expectedStatuses() needs at least one status');
  return (status) => ranges.some(([min, max]) => status >= min && status <= max);
}
