import {
  BodyEvent,
  BodyMode,
  BodyReader,
  ConnectionOption,
  FieldId,
  MORE,
  Method,
  RequestHead,
  describeProblem,
  type HeadWriter,
  type ResponseHead,
  type Trailers,
} from '../http1/index.ts';
import type { Downstream, Exchange } from './exchange.ts';
import { classify } from './desync.ts';
import { Relay, writeAnswerHead, writeInterimHead, writeRequestHead, writeSwitchHead, type ClientFacts } from './forward-head.ts';
import type { Front } from './front.ts';
import { errorAnswer, writeOwnAnswer, type OwnAnswer } from './own-answers.ts';
import type { Timed } from './sweeper.ts';
import type { Transport, TransportOwner } from './transport.ts';

const FORWARDED_ADDRESSES_MAX = 30;
/** After an answer that ends the connection, what the client still sends is read and dropped, so that it gets to see the answer. */
const LINGER_MS = 2_000;
const LINGER_BYTES_MAX = 1024 * 1024;
const lastChunk = Buffer.from('0\r\n\r\n');
const continueHead = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/** A client's HTTP/1.1 connection: reads requests one after the other and writes their answers in that order. */
export class ClientConnection implements TransportOwner, Downstream, Timed, ClientFacts {
  readonly front: Front;
  readonly transport: Transport;
  readonly address: string;
  readonly forwardedLines: Buffer;
  deadlineMs: number;
  readonly #head = new RequestHead();
  readonly #body = new BodyReader();
  #exchange: Exchange | undefined;
  /** Bytes that came and are not used yet: the beginning of a head, or pipelined requests. */
  #pending: Buffer | undefined;
  /** In the loop that takes requests out of the bytes at hand. */
  #taking = false;
  #paused = false;
  /** After this answer the connection ends. */
  #lastAnswer = false;
  #lingering = false;
  #lingered = 0;
  #closed = false;
  #relay = 0;
  #answering = false;
  /** Of the current request; the head object may already hold the next. */
  #minor = 1;
  #toHead = false;

  constructor(front: Front, transport: Transport) {
    this.front = front;
    this.transport = transport;
    this.address = transport.remoteAddress;
    this.forwardedLines = front.forwardedLines;
    this.deadlineMs = front.engine.sweeper.deadlineIn(front.idleTimeoutMs);
    front.onOpen(this);
  }

  /** Ends it when nothing is in flight, else after the answer in flight. */
  drain(): void {
    this.#lastAnswer = true;
    if (this.#exchange === undefined && !this.#lingering) this.close();
  }

  get idle(): boolean {
    return this.#exchange === undefined;
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.front.counters.processedBytes += end - start;
    if (this.#lingering) return this.#dropBytes(end - start);
    if (this.#exchange !== undefined && !this.#exchange.bodyDone) start = this.#feed(this.#exchange, buffer, start, end);
    if (start >= end || this.#closed || this.#lingering) return;
    if (this.#pending === undefined) return this.#take(buffer, start, end);
    const bytes = Buffer.concat([this.#pending, buffer.subarray(start, end)]);
    this.#pending = undefined;
    this.#take(bytes, 0, bytes.length);
  }

  // A client that ends its side is gone, as for nginx and AWS: that is the only sign of one that gave up waiting.
  onEnd(): void {
    this.#leave();
  }

  onDrain(): void {
    this.#exchange?.resumeAnswer();
  }

  onClose(): void {
    this.#leave();
  }

  onDeadline(): void {
    if (this.#exchange === undefined && this.#pending !== undefined && !this.#lingering) this.#refuse(408, 'slow-request-head');
    else if (this.#exchange !== undefined && !this.#exchange.bodyDone && !this.#answering) {
      this.#endExchange('slow-request-body');
      this.#refuse(408, 'slow-request-body');
    } else if (this.#exchange !== undefined) this.#leave();
    else this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.front.onClosed(this);
    this.transport.destroy();
  }

  onInterim(head: ResponseHead): void {
    if (this.#minor === 1) writeInterimHead(this.#out, head);
  }

  onAnswer(head: ResponseHead): void {
    const exchange = this.#exchange!;
    const mode = head.bodyMode(this.#toHead);
    this.#relay = Relay.asIs;
    if (mode === BodyMode.chunked || mode === BodyMode.untilClose) this.#relay = this.#minor === 1 ? Relay.chunked : Relay.untilClose;
    // An early answer: what the client still sends would be taken for its next request.
    if (!exchange.bodyDone || this.#relay === Relay.untilClose) this.#lastAnswer = true;
    this.#answering = true;
    writeAnswerHead(this.#out, head, this.#relay, this.#lastAnswer, this.#minor === 0);
  }

  onSwitch(head: ResponseHead): void {
    const exchange = this.#exchange!;
    this.#relay = Relay.asIs;
    this.#answering = true;
    this.#lastAnswer = true;
    this.#body.start(BodyMode.untilClose, -1);
    exchange.bodyDone = false;
    exchange.bodyChunked = false;
    writeSwitchHead(this.#out, head);
    this.flush();
    const early = this.#pending;
    this.#pending = undefined;
    this.onUpstreamDrain();
    if (early !== undefined) this.#feed(exchange, early, 0, early.length);
  }

  onAnswerBytes(buffer: Buffer, start: number, end: number): void {
    const out = this.#out;
    if (this.#relay === Relay.chunked)
      out
        .hexadecimal(end - start)
        .crlf()
        .copy(buffer, start, end)
        .crlf();
    else out.copy(buffer, start, end);
  }

  onAnswerEnd(trailers: Trailers | undefined): void {
    if (this.#relay !== Relay.chunked) return;
    if (trailers === undefined) this.#out.block(lastChunk);
    else writeTrailers(this.#out, trailers);
  }

  flush(): boolean {
    const { engine, counters } = this.front;
    counters.processedBytes += engine.out.length;
    this.deadlineMs = this.front.engine.sweeper.deadlineIn(this.front.idleTimeoutMs);
    return engine.flush(this.transport);
  }

  onDone(): void {
    this.#exchange = undefined;
    this.#answering = false;
    this.#next();
  }

  onRefused(status: number, reason: string): void {
    const bodyDone = this.#body.done;
    this.#exchange = undefined;
    if (bodyDone) {
      this.#answer(errorAnswer(status, reason), reason);
      this.#next();
    } else this.#refuse(status, reason);
  }

  onBroken(): void {
    this.#exchange = undefined;
    this.front.engine.out.clear();
    this.close();
  }

  onUpstreamDrain(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.transport.resume();
  }

  get #out(): HeadWriter {
    return this.front.engine.out;
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.transport.pause();
  }

  /** Goes through the requests in the bytes at hand until one has to wait for its target. */
  #take(buffer: Buffer, start: number, end: number): void {
    this.#taking = true;
    let at = start;
    while (at < end && this.#exchange === undefined && !this.#closed && !this.#lingering) {
      const head = this.#head;
      const next = head.parse(buffer, at, end);
      if (next === MORE) break;
      if (next < 0) {
        const { status, reason } = describeProblem(next);
        this.#refuse(status, reason);
        break;
      }
      at = this.#begin(buffer, next, end);
      if (!this.#closed && !this.#lingering) this.#head.reset();
    }
    this.#taking = false;
    if (at >= end || this.#closed || this.#lingering) return;
    this.#pending = Buffer.from(buffer.subarray(at, end));
    if (this.#exchange !== undefined) this.#pause();
    else this.deadlineMs = Math.min(this.deadlineMs, this.front.engine.sweeper.deadlineIn(this.front.idleTimeoutMs));
  }

  /** Starts the request in `#head`, whose body begins at `bodyStart`. Returns where the next one begins. */
  #begin(buffer: Buffer, bodyStart: number, end: number): number {
    const head = this.#head;
    const { front } = this;
    this.#minor = head.minor;
    this.#toHead = head.method === Method.HEAD;
    this.#answering = false;
    if (!head.keepAlive || front.draining) this.#lastAnswer = true;
    const mode = head.chunked ? BodyMode.chunked : head.contentLength > 0 ? BodyMode.length : BodyMode.none;
    this.#body.start(mode, head.contentLength);
    const refusal = refusalOf(head);
    const suspicion = classify(head, front.desyncMode === 'strictest');
    if (suspicion !== undefined && front.desyncMode === 'strictest') {
      this.#refuse(400, suspicion.reason);
      return end;
    }
    if (refusal !== undefined) {
      this.#refuse(refusal.status, refusal.reason);
      return end;
    }
    if (head.method === Method.OPTIONS && head.get('max-forwards') === '0') {
      this.#body.begin(buffer, bodyStart, end);
      if (!this.#body.done) this.#lastAnswer = true;
      this.#answer(optionsAnswer, 'options-answered-here');
      this.#next();
      return bodyStart;
    }
    const exchange = front.begin(head, this);
    this.#exchange = exchange;
    // An ambiguous request is forwarded in its one safe reading, and neither connection is trusted afterwards.
    if (suspicion !== undefined && front.desyncMode === 'defensive') {
      this.#lastAnswer = true;
      exchange.closeUpstream = true;
      front.counters.countReason(suspicion.reason);
    }
    exchange.upgrade = asksUpgrade(head);
    writeRequestHead(exchange.request, head, this, front.traces, exchange.upgrade);
    exchange.bodyChunked = head.chunked;
    return this.#start(exchange, buffer, bodyStart, end);
  }

  #start(exchange: Exchange, buffer: Buffer, bodyStart: number, end: number): number {
    const at = this.#readBody(exchange, exchange.request, buffer, bodyStart, end);
    if (at < 0) return end;
    if (!exchange.bodyDone && this.#head.expectContinue && this.#minor === 1) {
      this.#out.block(continueHead);
      this.flush();
    }
    this.deadlineMs = this.front.engine.sweeper.deadlineIn(this.front.idleTimeoutMs);
    exchange.start();
    if (this.#exchange === exchange && !exchange.bodyDone && !exchange.bodyWanted) this.#pause();
    return at;
  }

  /** More of the body of the request in flight. Returns where the next request begins. */
  #feed(exchange: Exchange, buffer: Buffer, start: number, end: number): number {
    this.deadlineMs = this.front.engine.sweeper.deadlineIn(this.front.idleTimeoutMs);
    const out = this.#out;
    const at = this.#readBody(exchange, out, buffer, start, end);
    if (at < 0) return end;
    if (out.length > 0 && !exchange.sendBody(out) && this.#exchange === exchange && !exchange.bodyDone) this.#pause();
    return at;
  }

  /** Appends the body bytes at hand, framed for the target. Returns where they end, or -1 when the request was refused. */
  #readBody(exchange: Exchange, to: HeadWriter, buffer: Buffer, start: number, end: number): number {
    const body = this.#body;
    body.begin(buffer, start, end);
    let event = body.read();
    while (event === BodyEvent.data) {
      const { dataStart, dataEnd } = body;
      if (exchange.bodyChunked)
        to.hexadecimal(dataEnd - dataStart)
          .crlf()
          .copy(buffer, dataStart, dataEnd)
          .crlf();
      else to.copy(buffer, dataStart, dataEnd);
      event = body.read();
    }
    if (event < 0) {
      const { status, reason } = describeProblem(event);
      this.#out.clear();
      this.#endExchange(reason);
      if (this.#answering) this.close();
      else this.#refuse(status, reason);
      return -1;
    }
    exchange.bodyDone = event === BodyEvent.end;
    if (exchange.bodyDone && exchange.bodyChunked) {
      if (body.trailers === undefined) to.block(lastChunk);
      else writeTrailers(to, body.trailers);
    }
    return body.at;
  }

  /** After an answer: the next request, the end, or the wait for more. */
  #next(): void {
    if (this.#closed || this.#lingering) return;
    if (this.#lastAnswer) return this.#linger();
    this.deadlineMs = this.front.engine.sweeper.deadlineIn(this.front.keepAliveMs);
    if (this.#taking) return;
    if (this.#paused) {
      this.#paused = false;
      this.transport.resume();
    }
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#take(pending, 0, pending.length);
  }

  #answer(answer: OwnAnswer, reason: string): void {
    const { front } = this;
    front.counters.countOwnAnswer(answer.status, reason);
    const manner = { date: front.date.value, toHead: this.#toHead, keepAlive: !this.#lastAnswer, minor: this.#minor };
    writeOwnAnswer(this.#out, answer, manner);
    this.flush();
  }

  /** Answers and ends the connection. */
  #refuse(status: number, reason: string): void {
    this.#lastAnswer = true;
    this.#toHead = false;
    this.#answer(errorAnswer(status, reason), reason);
    this.#linger();
  }

  #linger(): void {
    this.#lingering = true;
    this.#pending = undefined;
    this.deadlineMs = this.front.engine.sweeper.deadlineIn(LINGER_MS);
    this.transport.end();
    if (this.#paused) this.transport.resume();
  }

  #dropBytes(count: number): void {
    this.#lingered += count;
    if (this.#lingered > LINGER_BYTES_MAX) this.close();
  }

  #endExchange(reason: string): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort(reason);
  }

  #leave(): void {
    if (this.#closed) return;
    if (this.#exchange !== undefined) {
      if (!this.#answering) this.front.counters.elb4xx++;
      this.#endExchange('client-gone');
    }
    this.close();
  }
}

const optionsAnswer: OwnAnswer = {
  status: 200,
  contentType: '',
  body: '',
  extraFields: 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n',
};

/** RFC 9110 section 7.8. HTTP/2 without TLS is not switched to by a request (RFC 9113 section 3.1). */
function asksUpgrade(head: RequestHead): boolean {
  if (head.minor === 0 || (head.connection & ConnectionOption.upgrade) === 0) return false;
  const index = head.indexOfId(FieldId.upgrade);
  return index >= 0 && !/(?:^|[\s,])h2c?(?:$|[\s,])/i.test(head.value(index));
}

/** Requests that are answered here whatever the routes say. */
function refusalOf(head: RequestHead): { status: number; reason: string } | undefined {
  if (head.method === Method.TRACE) return { status: 405, reason: 'trace-refused' };
  if (head.method === Method.CONNECT) return { status: 405, reason: 'connect-refused' };
  if (head.expectUnknown && head.minor === 1) return { status: 417, reason: 'unknown-expectation' };
  if (forwardedAddresses(head) > FORWARDED_ADDRESSES_MAX) return { status: 463, reason: 'too-many-forwarded-addresses' };
  return undefined;
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

function writeTrailers(out: HeadWriter, trailers: Trailers): void {
  out.text('0\r\n');
  for (const [name, value] of trailers.entries()) if (!forbiddenTrailers.test(name)) out.field(name, value);
  out.crlf();
}
