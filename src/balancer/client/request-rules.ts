import { ConnectionOption, FieldId, Method, type HeadWriter, type RequestHead, type Trailers } from '../../http1/index.ts';
import type { Front } from './front.ts';
import type { GroupState } from '../target/group-state.ts';
import type { OwnAnswer } from './own-answers.ts';
import { redirectLocation } from '../routing/redirect.ts';
import type { RequestView } from '../routing/request-view.ts';
import type { AnswerRoute } from '../routing/routes.ts';

/** AWS answers 463 to more: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html */
const FORWARDED_ADDRESSES_MAX = 30;

/** `address:port`, with brackets where they are needed. */
export function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** For a log line about bytes that were no request. */
export const unknownView: RequestView = { method: '-', authority: '', path: '-', query: '', header: () => [], address: '' };

/** What a rule says to answer. */
export function ownAnswer(route: AnswerRoute, view: RequestView, front: Front): OwnAnswer {
  const { action } = route;
  if (action.type === 'fixed-response') {
    return { status: action.statusCode, contentType: action.contentType ?? 'text/plain', body: action.body ?? '', extraFields: '' };
  }
  const location = redirectLocation(action, view, { protocol: front.secure ? 'https' : 'http', port: front.port });
  return { status: action.statusCode, contentType: '', body: '', extraFields: `Location: ${location}\r\n`, location };
}

export const optionsAnswer: OwnAnswer = {
  status: 200,
  contentType: '',
  body: '',
  extraFields: 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n',
};

/** RFC 9110 section 7.8. HTTP/2 without TLS is not switched to by a request (RFC 9113 section 3.1). */
export function asksUpgrade(head: RequestHead): boolean {
  if (head.minor === 0 || (head.connection & ConnectionOption.upgrade) === 0) return false;
  const index = head.indexOfId(FieldId.upgrade);
  return index >= 0 && !/(?:^|[\s,])h2c?(?:$|[\s,])/i.test(head.value(index));
}

/** Requests that are answered here whatever the routes say. */
export function refusalOf(head: RequestHead): { status: number; reason: string } | undefined {
  if (head.method === Method.TRACE) return { status: 405, reason: 'trace-refused' };
  if (head.method === Method.CONNECT) return { status: 405, reason: 'connect-refused' };
  if (head.expectUnknown && head.minor === 1) return { status: 417, reason: 'unknown-expectation' };
  if (forwardedAddresses(head) > FORWARDED_ADDRESSES_MAX) return { status: 463, reason: 'too-many-forwarded-addresses' };
  return undefined;
}

/**
 * Why the targets of a group cannot be asked this, for which AWS answers 464; undefined when they can:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-464-issues
 */
export function mismatchOf(head: RequestHead, group: GroupState, http2: boolean): string | undefined {
  switch (group.protocolVersion) {
    case 'HTTP1':
      return /^application\/grpc(?:$|[+;])/i.test(head.get('content-type') ?? '') ? 'grpc-to-http1-targets' : undefined;
    case 'HTTP2':
      return http2 || group.http1Clients ? undefined : 'http1-to-http2-targets';
    default:
      if (!http2) return 'http1-to-grpc-targets';
      return head.method === Method.POST ? undefined : 'not-a-post-to-grpc-targets';
  }
}

function forwardedAddresses(head: RequestHead): number {
  let count = 0;
  for (let i = head.indexOfId(FieldId['x-forwarded-for']); i >= 0; i = head.indexOfId(FieldId['x-forwarded-for'], i + 1)) {
    count++;
    for (let at = head.valueStart(i); at < head.valueEnd(i); at++) if (head.buffer[at] === 44) count++;
  }
  return count;
}

/** Trailer fields that would change how the message was understood (RFC 9110 section 6.5.1) are left out. */
const forbiddenTrailers =
  /^(?:content-|transfer-encoding$|host$|authorization$|proxy-|set-cookie$|cookie$|te$|trailer$|connection$|keep-alive$|upgrade$|expect$|range$|if-|x-forwarded-|x-amzn-|cache-control$|max-forwards$|age$|expires$|date$|location$|retry-after$|vary$|warning$|www-authenticate$)/i;

/** Ends a chunked body with the trailer fields that may go on. */
export function writeTrailers(out: HeadWriter, trailers: Trailers): void {
  out.text('0\r\n');
  for (const [name, value] of trailers.entries()) if (!forbiddenTrailers.test(name)) out.field(name, value);
  out.crlf();
}
