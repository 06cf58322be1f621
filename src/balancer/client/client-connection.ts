import {
  BodyEvent,
  BodyMode,
  BodyReader,
  MORE,
  Method,
  RequestHead,
  describeProblem,
  type HeadWriter,
  type ResponseHead,
  type Trailers,
} from '../../http1/index.ts';
import type { Downstream, Exchange } from '../exchange.ts';
import type { LogEntry } from '../access-log.ts';
import { classify } from './desync.ts';
import {
  Relay,
  writeAnswerHead,
  writeInterimHead,
  withTlsLines,
  writeRequestHead,
  writeSwitchHead,
  type ClientFacts,
} from './forward-head.ts';
import type { Front, FrontConnection } from './front.ts';
import { asksUpgrade, mismatchOf, optionsAnswer, ownAnswer, refusalOf, unknownView, withPort, writeTrailers } from './request-rules.ts';
import { HeadView } from '../routing/request-view.ts';
import { errorAnswer, writeOwnAnswer, type OwnAnswer } from './own-answers.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';

/** After an answer that ends the connection, what the client still sends is read and dropped, so that it gets to see the answer. */
const LINGER_MS = 2_000;
/** A gentle end: how long a client may take for one more request. */
const DRAIN_IDLE_MS = 5_000;
const LINGER_BYTES_MAX = 1024 * 1024;
const lastChunk = Buffer.from('0\r\n\r\n');
const continueHead = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/** A client's HTTP/1.1 connection: reads requests one after the other and writes their answers in that order. */
export class ClientConnection implements TransportOwner, Downstream, FrontConnection, ClientFacts {
  readonly front: Front;
  readonly transport: Transport;
  readonly address: string;
  readonly forwardedFor: string;
  readonly forwardedLines: Buffer;
  deadlineMs: number;
  readonly #counted: boolean;
  /** A stream of HTTP/2 in disguise. */
  readonly #http2: boolean;
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
  #peer: string | undefined;
  #lingering = false;
  #lingered = 0;
  #closed = false;
  #relay = 0;
  #answering = false;
  /** Of the current request; the head object may already hold the next. */
  #minor = 1;
  #toHead = false;
  #log: LogEntry | undefined;
  /** Bytes sent on this connection, and how many before the current request. */
  #sent = 0;
  #sentBefore = 0;

  /** `counted` is false for the streams of a connection that was counted itself. */
  constructor(front: Front, transport: Transport, counted = true) {
    this.#counted = counted;
    this.front = front;
    this.transport = transport;
    this.#http2 = transport.version === 'HTTP/2.0';
    this.address = transport.remoteAddress;
    this.forwardedFor = front.xForwardedForClientPort ? withPort(this.address, transport.remotePort) : this.address;
    this.forwardedLines = front.tlsHeaders ? withTlsLines(front.forwardedLines, transport.tls) : front.forwardedLines;
    this.deadlineMs = front.engine.sweeper.deadlineIn(front.idleTimeoutMs);
    front.onOpen(this, counted);
  }

  drain(gently: boolean): void {
    this.#lastAnswer = true;
    if (this.#exchange !== undefined || this.#lingering) return;
    if (gently) this.deadlineMs = Math.min(this.deadlineMs, this.front.engine.sweeper.deadlineIn(DRAIN_IDLE_MS));
    else this.close();
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
    this.front.onClosed(this, this.#counted);
    this.transport.destroy();
  }

  onInterim(head: ResponseHead): void {
    if (this.#minor === 1) writeInterimHead(this.#out, head);
  }

  onAnswer(head: ResponseHead, extraFields: string): void {
    const exchange = this.#exchange!;
    const mode = head.bodyMode(this.#toHead);
    this.#relay = Relay.asIs;
    if (mode === BodyMode.chunked || mode === BodyMode.untilClose) this.#relay = this.#minor === 1 ? Relay.chunked : Relay.untilClose;
    // An early answer: what the client still sends would be taken for its next request.
    if (!exchange.bodyDone || this.#relay === Relay.untilClose) this.#lastAnswer = true;
    this.#answering = true;
    writeAnswerHead(this.#out, head, this.#relay, { close: this.#lastAnswer, keepAlive10: this.#minor === 0, extraFields });
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
    this.#sent += engine.out.length;
    this.deadlineMs = this.front.engine.sweeper.deadlineIn(this.front.idleTimeoutMs);
    return engine.flush(this.transport);
  }

  onDone(): void {
    this.#exchange = undefined;
    this.#answering = false;
    if (this.#log !== undefined) this.#endLog('');
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

  onBroken(reason: string): void {
    this.#exchange = undefined;
    if (this.#log !== undefined) this.#endLog(reason);
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

  get ownAuthority(): string {
    return withPort(this.transport.localAddress, this.transport.localPort);
  }

  /** The client's address and port, as logs show it. */
  get #label(): string {
    return (this.#peer ??= withPort(this.address, this.transport.remotePort));
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
      return this.#answerHere(optionsAnswer, 'options-answered-here', buffer, bodyStart, end);
    }
    const view = (): HeadView => new HeadView(head, this.address);
    const route = front.routes.only ?? front.routes.resolve(view(), front.secure);
    if (route.kind === 'answer') {
      this.#startLog(route.priority, route.action.type);
      return this.#answerHere(ownAnswer(route, view(), front), route.action.type, buffer, bodyStart, end);
    }
    const mismatch = route.group.protocolVersion === 'HTTP1' && !this.#http2 ? undefined : mismatchOf(head, route.group, this.#http2);
    if (mismatch !== undefined) {
      this.#startLog(route.priority, 'forward');
      this.#refuse(464, mismatch);
      return end;
    }
    const exchange = front.begin(route, head.method, this, view);
    this.#exchange = exchange;
    // An ambiguous request is forwarded in its one safe reading, and neither connection is trusted afterwards.
    if (suspicion !== undefined && front.desyncMode === 'defensive') {
      this.#lastAnswer = true;
      exchange.closeUpstream = true;
      front.counters.countReason(suspicion.reason);
    }
    exchange.upgrade = asksUpgrade(head) && route.group.protocolVersion === 'HTTP1';
    writeRequestHead(exchange.request, head, this, front, exchange.upgrade);
    if (front.log !== undefined) {
      this.#startLog(route.priority, 'forward');
      const log = this.#log!;
      log.targetGroupId = route.group.id;
      log.traceId = front.traces.last;
      if (suspicion !== undefined) log.classification = suspicion.ambiguous ? 'Ambiguous' : 'Acceptable';
      if (exchange.upgrade) log.type = front.secure ? 'wss' : 'ws';
      else if (route.group.protocolVersion === 'GRPC') log.type = 'grpcs';
      exchange.log = log;
    }
    exchange.bodyChunked = head.chunked;
    return this.#start(exchange, buffer, bodyStart, end);
  }

  /** Answers without a target; the body of the request is dropped as far as it is here. Returns where the next request begins. */
  #answerHere(answer: OwnAnswer, reason: string, buffer: Buffer, bodyStart: number, end: number): number {
    const body = this.#body;
    body.begin(buffer, bodyStart, end);
    let event = body.read();
    while (event === BodyEvent.data) event = body.read();
    if (event !== BodyEvent.end) this.#lastAnswer = true;
    this.#answer(answer, reason);
    this.#next();
    return body.at;
  }

  #start(exchange: Exchange, buffer: Buffer, bodyStart: number, end: number): number {
    const at = this.#readBody(exchange, exchange.request, buffer, bodyStart, end);
    if (at < 0) return end;
    if (!exchange.bodyDone && this.#head.expectContinue && this.#minor === 1) {
      this.#out.block(continueHead);
      this.flush();
    }
    this.#awaitAnswer(exchange);
    exchange.start();
    if (this.#exchange === exchange && !exchange.bodyDone && !exchange.bodyWanted) this.#pause();
    return at;
  }

  // With the request whole it is the target's turn, and its silence is told with 504.
  #awaitAnswer(exchange: Exchange): void {
    const whole = exchange.bodyDone && !this.#answering;
    this.deadlineMs = whole ? Number.POSITIVE_INFINITY : this.front.engine.sweeper.deadlineIn(this.front.idleTimeoutMs);
  }

  /** More of the body of the request in flight. Returns where the next request begins. */
  #feed(exchange: Exchange, buffer: Buffer, start: number, end: number): number {
    const out = this.#out;
    const at = this.#readBody(exchange, out, buffer, start, end);
    if (at < 0) return end;
    this.#awaitAnswer(exchange);
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
    if (front.log !== undefined) this.#endLog(reason, answer);
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

  #startLog(priority: number, actions: string): void {
    const { front } = this;
    const version = this.#http2 ? 'HTTP/2.0' : `HTTP/1.${this.#minor}`;
    this.#log = front.logEntry(new HeadView(this.#head, this.address), this.#label, version);
    if (this.#log === undefined) return;
    const { tls } = this.transport;
    this.#log.cipher = tls?.cipher ?? '';
    this.#log.protocol = tls?.version ?? '';
    this.#log.priority = priority;
    this.#log.actions = actions;
    this.#log.receivedBytes = this.#head.fieldsEnd + 2 - this.#head.base;
    this.#sentBefore = this.#sent;
  }

  /** The line of a request that is over. A request that was refused before it was understood has next to nothing to tell. */
  #endLog(reason: string, answer?: OwnAnswer): void {
    const { front } = this;
    if (front.log === undefined) return;
    const log = this.#log ?? front.logEntry(unknownView, this.#label, '-')!;
    this.#log = undefined;
    if (answer !== undefined) {
      log.status = answer.status;
      log.redirectUrl = answer.location ?? '';
    } else if (log.status === 0) log.status = 460;
    if (answer?.location === undefined && reason !== 'fixed-response') log.reason = reason;
    log.receivedBytes += this.#body.received;
    log.sentBytes = this.#sent - this.#sentBefore;
    front.log.add(log);
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
      if (this.#log !== undefined) this.#endLog('client-gone');
    }
    this.close();
  }
}
