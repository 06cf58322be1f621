import type { Socket } from 'node:net';
import { monotonicMs } from '../../base/index.ts';
import { BodyEvent, BodyMode, BodyReader, describeProblem, MORE, ResponseHead } from '../../http1/index.ts';
import { answerHeadOf, KnownHead, type AnswerHead } from './answer-head.ts';
import { handleOf, readDirectly, writeDirectly, type Handle } from './direct.ts';
import type { Engine } from '../vu/engine.ts';
import type { Exchange } from './exchange.ts';
import { FailureCode, RequestFailure, socketFailure } from './failures.ts';
import { repairHead } from './lenient-head.ts';
import type { ConnectionPool, Transport } from './pool.ts';
import type { Target } from './target.ts';
import type { TlsLink } from './tls.ts';

/** A longer head is refused, so this bounds what an incomplete one holds. */
const HEAD_MAX_BYTES = 1024 * 1024;

/**
 * All plain sockets of a process read into this one buffer: bytes are parsed, and taken as strings or
 * copies, before the next read.
 */
const readBuffer = Buffer.allocUnsafeSlow(65_536);
const readWords = new Int32Array(readBuffer.buffer);
/** Parses heads that arrive whole, whichever connection they are from. */
const head = new ResponseHead({ startLineMax: HEAD_MAX_BYTES, fieldMax: HEAD_MAX_BYTES, headMax: HEAD_MAX_BYTES, fieldCountMax: 10_000 });

export const BODY_MAX_BYTES = 1024 * 1024 * 1024;

/** One HTTP/1.1 connection of one VU. */
export class Connection implements Transport {
  readonly origin: string;
  readonly #engine: Engine;
  readonly #pool: ConnectionPool;
  readonly #socket: Socket;
  readonly #tls: TlsLink | undefined;
  /** Below the socket's stream; only of plain connections that stand. */
  #handle: Handle | undefined;
  /** Something went the way of the stream, which may still be busy with it. */
  #hasStreamed = false;
  #exchange: Exchange | undefined;
  #isOpen = false;
  #isGone = false;
  #dialStartedAt = 0;
  /** When the last bytes came. */
  #readAt = 0;
  /** The beginning of a head that is not whole yet. */
  #partial: Buffer | undefined;
  /** Of a body that takes more than one read. */
  #body: BodyReader | undefined;
  #chunks: Buffer[] | undefined;
  #error: Error | undefined;
  readonly #target: Target;
  #stood = false;
  #remoteAddress: string | undefined;

  /** Dials, or goes on with a link of TLS that stands. */
  constructor(engine: Engine, pool: ConnectionPool, target: Target, via: TlsLink | string | undefined) {
    this.#engine = engine;
    this.#pool = pool;
    this.#target = target;
    this.origin = target.origin;
    this.#tls = typeof via === 'object' ? via : undefined;
    if (typeof via === 'object') {
      this.#socket = via.socket;
      this.#isOpen = true;
      this.#remoteAddress = via.socket.remoteAddress;
      via.socket.on('data', (chunk: Buffer) => this.#onData(chunk, chunk.length));
    } else this.#socket = this.#dial(target, via);
    this.#socket.on('error', (error) => (this.#error = error));
    this.#socket.on('close', () => this.#onClose());
  }

  /** Also when it is over, though the socket of a connection that the other side ended knows it no more. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress ?? this.#remoteAddress ?? (this.#stood ? this.#engine.network.knownAddress(this.#target) : undefined);
  }

  get isIdle(): boolean {
    return this.#isOpen && !this.#isGone && this.#exchange === undefined;
  }

  send(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#isOpen) this.#write(exchange);
  }

  /** The request on it is given up, so the connection is of no more use. */
  abandon(): void {
    if (this.#body && this.#exchange) this.#takeBody(this.#exchange);
    this.#exchange = undefined;
    this.destroy();
  }

  setFlow(_exchange: Exchange, flows: boolean): void {
    if (flows) this.#socket.resume();
    else this.#socket.pause();
  }

  destroy(): void {
    this.#remoteAddress ??= this.#socket.remoteAddress;
    this.#isGone = true;
    this.#pool.forget(this);
    this.#socket.destroy();
  }

  #dial(target: Target, localAddress: string | undefined): Socket {
    this.#dialStartedAt = monotonicMs();
    const socket = this.#engine.network.dial(target, localAddress, {
      buffer: readBuffer,
      callback: (count, buffer) => {
        this.#onData(buffer as Buffer, count);
        return true;
      },
    });
    socket.once('connect', () => this.#onConnected(monotonicMs()));
    return socket;
  }

  #onConnected(connectedAt: number): void {
    this.#isOpen = true;
    this.#stood = true;
    this.#handle = handleOf(this.#socket);
    if (this.#handle) readDirectly(this.#handle, (count) => this.#onData(readBuffer, count));
    const exchange = this.#exchange;
    if (!exchange) return;
    exchange.connectingMs = connectedAt - this.#dialStartedAt;
    this.#write(exchange);
  }

  #write(exchange: Exchange): void {
    exchange.tls = this.#tls;
    const { head: text, body } = exchange;
    exchange.readyAt = monotonicMs();
    let sent = text.length;
    if (body === undefined) this.#writeText(text, 'latin1');
    else if (typeof body === 'string') {
      const whole = text + body;
      sent = Buffer.byteLength(whole);
      this.#writeText(whole, 'utf8');
    } else {
      sent += body.length;
      this.#hasStreamed = true;
      this.#socket.cork();
      this.#socket.write(text, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    }
    exchange.sentAt = monotonicMs();
    if (!this.#tls) this.#engine.http.dataSent.add(sent, exchange.vu);
  }

  #writeText(text: string, encoding: 'latin1' | 'utf8'): void {
    const socket = this.#socket;
    const handle = this.#hasStreamed && socket.writableLength > 0 ? undefined : this.#handle;
    if (handle && writeDirectly(socket, handle, text, encoding)) return;
    this.#hasStreamed = true;
    socket.write(text, encoding);
  }

  #onData(buffer: Buffer, count: number): void {
    const exchange = this.#exchange;
    if (!exchange) {
      // Nobody asked: an answer to nothing, or one more than was asked for.
      this.destroy();
      return;
    }
    this.#readAt = monotonicMs();
    if (exchange.firstByteAt === 0) exchange.firstByteAt = this.#readAt;
    if (!this.#tls) this.#engine.http.dataReceived.add(count, exchange.vu);
    if (this.#body) this.#readBody(exchange, buffer, 0, count);
    else if (this.#partial) {
      const whole = Buffer.concat([this.#partial, buffer.subarray(0, count)]);
      this.#partial = undefined;
      this.#readHead(exchange, whole, whole.length);
    } else this.#readHead(exchange, buffer, count);
  }

  #readHead(exchange: Exchange, buffer: Buffer, end: number): void {
    const { knownHead } = exchange.target;
    if (knownHead?.head && buffer === readBuffer && knownHead.isIn(readWords, readBuffer, end)) {
      this.#takeHead(exchange, knownHead.head, buffer, knownHead.length, end);
      return;
    }
    let start = 0;
    for (;;) {
      head.reset();
      const next = start === end ? MORE : head.parse(buffer, start, end);
      if (next === MORE) {
        this.#partial = start === end ? undefined : Buffer.from(buffer.subarray(start, end));
        return;
      }
      if (next < 0) {
        start = this.#readOddHead(exchange, buffer, start, end, next);
        if (start < 0) return;
        continue;
      }
      if (head.status >= 200 || head.status === 101) {
        const answer = answerHeadOf(head, buffer, next);
        if (start === 0 && buffer === readBuffer) learnHead(exchange.target, answer, next);
        this.#takeHead(exchange, answer, buffer, next, end);
        return;
      }
      start = next;
    }
  }

  /** One that is not as it should be. Where an interim answer ends, else -1: it is seen to. */
  #readOddHead(exchange: Exchange, buffer: Buffer, start: number, end: number, problem: number): number {
    const repaired = end - start > HEAD_MAX_BYTES ? undefined : repairHead(buffer, start, end);
    if (repaired?.length === 0) {
      this.#partial = Buffer.from(buffer.subarray(start, end));
      return -1;
    }
    head.reset();
    const next = repaired ? head.parse(repaired.bytes, 0, repaired.bytes.length) : problem;
    if (!repaired || next <= 0) {
      this.#refuse(exchange, problem);
      return -1;
    }
    if (head.status < 200 && head.status !== 101) return start + repaired.length;
    this.#takeHead(exchange, answerHeadOf(head, repaired.bytes, next), buffer, start + repaired.length, end);
    return -1;
  }

  /** A head that ends where the body starts. */
  #takeHead(exchange: Exchange, answer: AnswerHead, buffer: Buffer, start: number, end: number): void {
    exchange.status = answer.status;
    exchange.proto = answer.proto;
    exchange.reason = answer.reason;
    exchange.fields = answer.fields;
    exchange.setsCookies = answer.setsCookies;
    exchange.contentEncoding = answer.contentEncoding;
    if (!answer.keepsAlive) this.#isGone = true;
    if (exchange.sink) exchange.beginStream();
    const mode = exchange.method === 'HEAD' ? BodyMode.none : answer.mode;
    if (mode === BodyMode.none) {
      this.#finish(exchange, start < end);
      return;
    }
    const length = answer.contentLength;
    if (mode === BodyMode.length && end - start >= length) {
      exchange.contentBytes = length;
      if (exchange.keepsBody) exchange.content = takeContent(exchange, buffer, start, start + length);
      else if (exchange.sink && length > 0 && !exchange.stream(copyOf(buffer, start, start + length))) return;
      this.#finish(exchange, end - start > length);
      return;
    }
    if (mode === BodyMode.untilClose) this.#isGone = true;
    this.#body = new BodyReader();
    this.#body.start(mode, length);
    this.#readBody(exchange, buffer, start, end);
  }

  #readBody(exchange: Exchange, buffer: Buffer, start: number, end: number): void {
    const body = this.#body as BodyReader;
    body.begin(buffer, start, end);
    for (;;) {
      const event = body.read();
      if (event === BodyEvent.more) return;
      if (event < 0 || (body.received > BODY_MAX_BYTES && !exchange.sink)) {
        this.#refuse(exchange, event);
        return;
      }
      if (event === BodyEvent.end) {
        this.#takeBody(exchange);
        this.#finish(exchange, body.at < end);
        return;
      }
      if (exchange.keepsBody) (this.#chunks ??= []).push(Buffer.from(buffer.subarray(body.dataStart, body.dataEnd)));
      else if (exchange.sink) {
        this.#tls?.count(exchange.vu);
        exchange.contentBytes = body.received;
        if (!exchange.stream(copyOf(buffer, body.dataStart, body.dataEnd))) return;
      }
    }
  }

  #takeBody(exchange: Exchange): void {
    exchange.contentBytes = this.#body?.received ?? 0;
    const whole = this.#chunks ? Buffer.concat(this.#chunks) : Buffer.alloc(0);
    this.#chunks = undefined;
    this.#body = undefined;
    if (exchange.keepsBody) exchange.content = takeContent(exchange, whole, 0, whole.length);
  }

  /** The answer is over; with bytes behind it, or without keep-alive, so is the connection. */
  #finish(exchange: Exchange, hasRest: boolean): void {
    this.#exchange = undefined;
    if (exchange.isHeld) this.#socket.resume();
    this.#tls?.count(exchange.vu);
    if (hasRest || this.#isGone || this.#engine.options.noConnectionReuse) this.destroy();
    exchange.finish(this.#readAt);
  }

  #refuse(exchange: Exchange, problem: number): void {
    const reason = problem < 0 ? describeProblem(problem).reason : 'the body is larger than 1 GiB';
    this.abandon();
    exchange.fail(new RequestFailure(FailureCode.generic, `malformed HTTP response: ${reason}`));
  }

  #onClose(): void {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#isGone = true;
    this.#pool.forget(this);
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#exchange = undefined;
    this.#tls?.count(exchange.vu);
    const body = this.#body;
    if (!body) {
      const hasBegun = this.#partial !== undefined && !this.#error;
      if (hasBegun) exchange.fail(new RequestFailure(FailureCode.generic, 'unexpected EOF'));
      else exchange.onLost(this.#error, !wasOpen);
      return;
    }
    const isWhole = !this.#error && body.finish();
    this.#takeBody(exchange);
    if (isWhole) exchange.finish();
    // The head is there, the body is not whole: no answer, but what there is of it is kept, as in k6.
    else exchange.fail(this.#error ? socketFailure(this.#error, false) : new RequestFailure(FailureCode.generic, 'unexpected EOF'));
  }
}

/** Only what a target answers for the second time is worth keeping: many are asked once. */
function learnHead(target: Target, answer: AnswerHead, length: number): void {
  if (target.wasAnswered) (target.knownHead ??= new KnownHead()).learn(answer, readWords, length);
  target.wasAnswered = true;
}

/** Bytes that share their memory with nothing. */
export function copyOf(buffer: Buffer, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  bytes.set(buffer.subarray(start, end));
  return bytes;
}

/** Text as it is decoded here, bytes as a copy. */
export function takeContent(exchange: Exchange, buffer: Buffer, start: number, end: number): string | Buffer {
  if (exchange.wantsBytes || exchange.contentEncoding !== undefined) return Buffer.from(buffer.subarray(start, end));
  return buffer.toString('utf8', start, end);
}
