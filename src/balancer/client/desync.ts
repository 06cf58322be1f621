import { Method, type RequestHead } from '../../http1/index.ts';

/**
 * Classes of requests that two servers in a row might read differently, after
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/desync-mitigation-mode.html.
 * What AWS calls severe never gets here: the parser refuses it.
 *
 * | mode      | acceptable | ambiguous                          |
 * | --------- | ---------- | ---------------------------------- |
 * | monitor   | forwarded  | forwarded                          |
 * | defensive | forwarded  | forwarded, then both ends closed   |
 * | strictest | 400        | 400                                |
 */
export interface Suspicion {
  readonly ambiguous: boolean;
  readonly reason: string;
}

const suspicion = (reason: string, ambiguous = true): Suspicion => ({ ambiguous, reason });

const both = suspicion('both-te-cl-present');
const repeated = suspicion('duplicate-content-length');
const chunkedGet = suspicion('undefined-transfer-encoding-semantics');
const lengthOnGet = suspicion('undefined-content-length-semantics');
const zeroLengthOnGet = suspicion('get-head-zero-content-length', false);
const lookalike = suspicion('suspicious-header');
const highByte = suspicion('non-compliant-header', false);

/** What is suspicious about a request; undefined for a compliant one. */
export function classify(head: RequestHead, strict: boolean): Suspicion | undefined {
  if (head.chunked && head.contentLength >= 0) return both;
  if (head.contentLengthRepeated) return repeated;
  const bodiless = head.method === Method.GET || head.method === Method.HEAD;
  if (bodiless && head.chunked) return chunkedGet;
  if (bodiless && head.contentLength > 0) return lengthOnGet;
  if (hasLookalike(head)) return lookalike;
  if (!strict) return undefined;
  if (bodiless && head.contentLength === 0) return zeroLengthOnGet;
  return hasHighByte(head) ? highByte : undefined;
}

// `Transfer_Encoding`, `content.length`: servers that turn names into variables read them as the real ones.
function hasLookalike(head: RequestHead): boolean {
  for (let i = 0; i < head.count; i++) {
    if (head.id(i) !== 0) continue;
    const length = head.nameEnd(i) - head.nameStart(i);
    if ((length === 14 || length === 17) && /^(?:content[^a-z]length|transfer[^a-z]encoding)$/i.test(head.name(i))) return true;
  }
  return false;
}

function hasHighByte(head: RequestHead): boolean {
  for (let i = head.base; i < head.fieldsEnd; i++) if ((head.buffer[i] as number) > 126) return true;
  return false;
}
