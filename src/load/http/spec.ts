import type { BodyFeed } from '../streams/feed.ts';
import { compressBody, encodeBody, type RequestBody } from './body.ts';
import { FailureCode } from './failures.ts';
import { defaultParams, goTypeOf, readParams, RequestMistake, type RequestParams } from './params.ts';

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

/** What is asked for. */
export interface RequestSpec {
  readonly method: string;
  readonly url: string;
  readonly name: string | undefined;
  readonly body: RequestBody | undefined;
  readonly params: RequestParams;
  /** Takes the content of the answer in place of the response. */
  readonly feed?: BodyFeed;
}

/** From what a script hands to one of the functions of `k6/http`. Throws RequestMistake. */
export function specOf(method: string, url: unknown, body: unknown, params: unknown): RequestSpec {
  const read = params === undefined || params === null ? defaultParams : readParams(params);
  const encoded = body === undefined || body === null ? undefined : encodeBody(body);
  return {
    method,
    url: typeof url === 'string' ? url : urlOf(url),
    name: url instanceof NamedUrl ? url.name : undefined,
    body: encoded && read.compression.length > 0 ? compressBody(encoded, read.compression) : encoded,
    params: read,
  };
}

function urlOf(url: unknown): string {
  if (url instanceof NamedUrl) return url.url;
  if (url instanceof URL) return url.href;
  const given = typeof url === 'number' || typeof url === 'boolean' ? String(url) : goTypeOf(url);
  throw new RequestMistake(`invalid URL: '#${given}'`, FailureCode.invalidUrl);
}
