import { FieldId, HOP_BY_HOP, TargetForm, type HeadWriter, type RequestHead, type ResponseHead } from '../../http1/index.ts';
import type { TraceIds } from './trace-id.ts';
import type { TlsFacts } from '../transport/transport.ts';

/** What is done with a field of a request on its way to the target, by field id. */
const keep = 0;
const drop = 1;
const requestRule = new Uint8Array(64);
requestRule.set(HOP_BY_HOP);
for (const name of [
  'expect',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-amzn-trace-id',
  'x-amzn-tls-version',
  'x-amzn-tls-cipher-suite',
] as const)
  requestRule[FieldId[name]] = drop;

/** Fields that no client can have removed by naming them in Connection: they are ours, or framing. */
const unremovable = new Uint8Array(64);
for (const name of ['host', 'content-length', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-port', 'x-amzn-trace-id'] as const)
  unremovable[FieldId[name]] = 1;

/** What a load balancer's attributes change about the head. */
export interface ForwardOptions {
  readonly traces: TraceIds;
  readonly xForwardedFor: 'append' | 'preserve' | 'remove';
  readonly dropInvalidHeaderFields: boolean;
  /**
   * What becomes of the port in Host: undefined leaves it as it came, '' removes it, `:8080` is added where there is
   * none: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#host-header-preservation
   */
  readonly hostPort: string | undefined;
}

/** What of a client's connection goes into each of its requests. */
export interface ClientFacts {
  /** The address that X-Forwarded-For gets, with its port if that is asked for. */
  readonly forwardedFor: string;
  /** `X-Forwarded-Proto` and `-Port` lines, those of TLS with them. */
  readonly forwardedLines: Buffer;
  /** The balancer's own address and port: Host for a client that sends none. */
  readonly ownAuthority: string;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html */
export function withTlsLines(lines: Buffer, tls: TlsFacts | undefined): Buffer {
  if (tls === undefined) return lines;
  return Buffer.concat([lines, Buffer.from(`X-Amzn-Tls-Version: ${tls.version}\r\nX-Amzn-Tls-Cipher-Suite: ${tls.cipher}\r\n`)]);
}

const requestLineEnd = Buffer.from(' HTTP/1.1\r\n');
const chunkedLine = Buffer.from('Transfer-Encoding: chunked\r\n');
const closeLine = Buffer.from('Connection: close\r\n');
const keepAliveLine = Buffer.from('Connection: keep-alive\r\n');

/**
 * Writes the head of a request as the target gets it: origin form, hop-by-hop fields removed
 * (RFC 9110 section 7.6.1), X-Forwarded-* and X-Amzn-Trace-Id set, the framing the only one.
 * Runs of lines that stay are copied at once.
 */
export function writeRequestHead(out: HeadWriter, head: RequestHead, client: ClientFacts, options: ForwardOptions, upgrade: boolean): void {
  const { buffer } = head;
  const absolute = head.form === TargetForm.absolute;
  if (absolute) {
    out.copy(buffer, head.methodStart, head.targetStart);
    if (head.pathStart === head.pathEnd) out.text('/');
    out.copy(buffer, head.pathStart, head.targetEnd);
  } else out.copy(buffer, head.methodStart, head.targetEnd);
  out.block(requestLineEnd);
  if (absolute) writeHost(out.text('Host: '), buffer, head.authorityStart, head.authorityEnd, options.hostPort);
  else if (head.hostIndex < 0) out.text('Host: ').text(client.ownAuthority).crlf();
  copyFields(out, head, absolute, options);
  if (options.xForwardedFor === 'append') writeForwarded(out, head, client);
  out.block(client.forwardedLines);
  options.traces.write(out, head);
  if (head.chunked) out.block(chunkedLine);
  if (upgrade) writeUpgrade(out, head);
  out.crlf();
}

function writeUpgrade(out: HeadWriter, head: RequestHead | ResponseHead): void {
  const index = head.indexOfId(FieldId.upgrade);
  out.text('Connection: Upgrade\r\n');
  if (index >= 0) out.text('Upgrade: ').copy(head.buffer, head.valueStart(index), head.valueEnd(index)).crlf();
}

function copyFields(out: HeadWriter, head: RequestHead, dropHost: boolean, options: ForwardOptions): void {
  const { count } = head;
  let runStart = -1;
  let lengthSeen = false;
  for (let i = 0; i < count; i++) {
    const id = head.id(i);
    let dropped = id !== 0 && requestRule[id] === drop;
    if (id === FieldId.host) {
      dropped = dropHost;
      if (!dropHost && options.hostPort !== undefined && changesPort(head, i, options.hostPort)) {
        out.copy(head.buffer, runStart < 0 ? head.nameStart(i) : runStart, head.valueStart(i));
        writeHost(out, head.buffer, head.valueStart(i), head.valueEnd(i), options.hostPort);
        runStart = -1;
        continue;
      }
    } else if (id === xForwardedFor) dropped = options.xForwardedFor !== 'preserve';
    else if (id === FieldId['content-length']) {
      dropped = head.chunked || lengthSeen;
      lengthSeen = true;
    } else if (!dropped && (id === 0 || unremovable[id] === keep))
      dropped = head.namedByConnection(i) || (options.dropInvalidHeaderFields && !isPlainName(head, i));
    if (!dropped) {
      if (runStart < 0) runStart = head.nameStart(i);
    } else if (runStart >= 0) {
      out.copy(head.buffer, runStart, head.nameStart(i));
      runStart = -1;
    }
  }
  if (runStart >= 0) out.copy(head.buffer, runStart, head.fieldsEnd);
}

/** Host is there once, and a valid authority. */
function changesPort(head: RequestHead, index: number, hostPort: string): boolean {
  const end = head.valueEnd(index);
  const named = portStart(head.buffer, head.valueStart(index), end) < end;
  return named === (hostPort === '');
}

function writeHost(out: HeadWriter, buffer: Buffer, start: number, end: number, hostPort: string | undefined): void {
  const port = hostPort === undefined ? end : portStart(buffer, start, end);
  out.copy(buffer, start, hostPort === '' ? port : end);
  if (hostPort !== undefined && port === end) out.text(hostPort);
  out.crlf();
}

/** Where the colon before an authority's port is; its end when it has none. */
function portStart(buffer: Buffer, start: number, end: number): number {
  let at = end - 1;
  while (at > start && (buffer[at] as number) >= 48 && (buffer[at] as number) <= 57) at--;
  return buffer[at] === 58 ? at : end;
}

const xForwardedFor = FieldId['x-forwarded-for'];

/** `[-A-Za-z0-9]+`, which AWS takes for a valid name. */
function isPlainName(head: RequestHead, index: number): boolean {
  for (let i = head.nameStart(index); i < head.nameEnd(index); i++) {
    const byte = head.buffer[i] as number;
    const lower = byte | 32;
    if (!((lower >= 97 && lower <= 122) || (byte >= 48 && byte <= 57) || byte === 45)) return false;
  }
  return true;
}

/** X-Forwarded-For, appended to what came: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html */
function writeForwarded(out: HeadWriter, head: RequestHead, client: ClientFacts): void {
  out.text('X-Forwarded-For: ');
  for (let i = head.indexOfId(FieldId['x-forwarded-for']); i >= 0; i = head.indexOfId(FieldId['x-forwarded-for'], i + 1)) {
    if (head.valueEnd(i) > head.valueStart(i)) out.copy(head.buffer, head.valueStart(i), head.valueEnd(i)).text(', ');
  }
  out.text(client.forwardedFor).crlf();
}

/** How an answer's body goes to the client. */
export const Relay = { /** No body, or one with its length. */ asIs: 0, chunked: 1, untilClose: 2 } as const;

/** Writes the head of an answer as the client gets it. `ends` says what Connection tells it, and what is added. */
export function writeAnswerHead(
  out: HeadWriter,
  head: ResponseHead,
  relay: number,
  ends: { close: boolean; keepAlive10: boolean; extraFields: string },
): void {
  writeStatusLine(out, head);
  copyAnswerFields(out, head, relay !== Relay.asIs);
  if (ends.extraFields !== '') out.text(ends.extraFields);
  if (relay === Relay.chunked) out.block(chunkedLine);
  if (ends.close) out.block(closeLine);
  else if (ends.keepAlive10) out.block(keepAliveLine);
  out.crlf();
}

/** A 1xx answer, passed on. */
export function writeInterimHead(out: HeadWriter, head: ResponseHead): void {
  writeStatusLine(out, head);
  copyAnswerFields(out, head, true);
  out.crlf();
}

/** The answer that turns a connection into a tunnel. */
export function writeSwitchHead(out: HeadWriter, head: ResponseHead): void {
  writeStatusLine(out, head);
  copyAnswerFields(out, head, true);
  writeUpgrade(out, head);
  out.crlf();
}

function copyAnswerFields(out: HeadWriter, head: ResponseHead, dropLength: boolean): void {
  const { count } = head;
  let runStart = -1;
  let lengthSeen = dropLength;
  for (let i = 0; i < count; i++) {
    const id = head.id(i);
    let dropped = id !== 0 && HOP_BY_HOP[id] === 1;
    if (id === FieldId['content-length']) {
      dropped = lengthSeen;
      lengthSeen = true;
    } else if (!dropped) dropped = head.namedByConnection(i);
    if (!dropped) {
      if (runStart < 0) runStart = head.nameStart(i);
    } else if (runStart >= 0) {
      out.copy(head.buffer, runStart, head.nameStart(i));
      runStart = -1;
    }
  }
  if (runStart >= 0) out.copy(head.buffer, runStart, head.fieldsEnd);
}

const http11 = Buffer.from('HTTP/1.1');

function writeStatusLine(out: HeadWriter, head: ResponseHead): void {
  out.block(http11).copy(head.buffer, head.base + 8, head.statusLineEnd);
}
