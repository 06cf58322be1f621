import { isToken } from '../../http1/index.ts';

/** The header fields of a request as its script gives them, with what decides about those that are written without it. */
export interface RequestFields {
  /** By canonical name (`X-Api-Key`), each once; without those that have a place of their own. */
  readonly list: readonly (readonly [name: string, value: string])[];
  readonly host: string | undefined;
  readonly userAgent: string | undefined;
  readonly contentLength: string | undefined;
  readonly cookie: string | undefined;
  readonly hasContentType: boolean;
  readonly contentEncoding: string | undefined;
  readonly hasAuthorization: boolean;
  /** A value that is not all ASCII: it is sent as UTF-8. */
  readonly isWide: boolean;
  /** There is nothing to write that is not written anyway. */
  readonly isEmpty: boolean;
  /** Why the request cannot be sent; in k6's words. */
  readonly mistake: string | undefined;
}

interface FieldName {
  readonly canonical: string;
  readonly isToken: boolean;
}

const NAMES_MAX = 1000;
/** Scripts use the same few names over and over. */
const names = new Map<string, FieldName>();

function nameOf(given: string): FieldName {
  let name = names.get(given);
  if (name === undefined) {
    name = { canonical: canonicalName(given), isToken: isToken(given) };
    if (names.size < NAMES_MAX) names.set(given, name);
  }
  return name;
}

/** `content-type` → `Content-Type`, as Go's http.Header spells names; what is no name stays as it is. */
export function canonicalName(name: string): string {
  return isToken(name) ? name.toLowerCase().replace(/(?:^|-)[a-z]/g, (letters) => letters.toUpperCase()) : name;
}

/** Those of an object; anything else has none. */
export function readFields(headers: unknown): RequestFields {
  const list: [string, string][] = [];
  let host: string | undefined;
  let userAgent: string | undefined;
  let contentLength: string | undefined;
  let cookie: string | undefined;
  let hasContentType = false;
  let contentEncoding: string | undefined;
  let hasAuthorization = false;
  let isWide = false;
  let mistake: string | undefined;
  for (const [given, any] of Object.entries(typeof headers === 'object' && headers !== null ? headers : {})) {
    const { canonical: name, isToken: isName } = nameOf(given);
    const value = String(any);
    if (!/^[\t\x20-\x7e]*$/.test(value)) {
      isWide = true;
      // oxlint-disable-next-line no-control-regex
      if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) mistake ??= `net/http: invalid header field value for ${JSON.stringify(name)}`;
    }
    switch (name) {
      case 'Host':
        host = value;
        continue;
      case 'User-Agent':
        userAgent = value;
        continue;
      case 'Content-Length':
        contentLength = value;
        continue;
      case 'Cookie':
        cookie = value;
        continue;
      case 'Content-Type':
        hasContentType = true;
        break;
      case 'Content-Encoding':
        contentEncoding = value;
        break;
      case 'Authorization':
        hasAuthorization = true;
        break;
      case 'Transfer-Encoding':
        continue;
      default:
        if (!isName) mistake ??= `net/http: invalid header field name ${JSON.stringify(name)}`;
    }
    put(list, name, value);
  }
  const isEmpty = list.length === 0 && host === undefined && userAgent === undefined;
  return { list, host, userAgent, contentLength, cookie, hasContentType, contentEncoding, hasAuthorization, isWide, isEmpty, mistake };
}

/** The last of those that differ in case only counts. */
function put(list: [string, string][], name: string, value: string): void {
  for (const field of list)
    if (field[0] === name) {
      field[1] = value;
      return;
    }
  list.push([name, value]);
}
