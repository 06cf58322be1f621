import { monotonicMs } from '../../base/index.ts';
import type { Vu } from '../vu/vu.ts';
import { Call, WheelEntry } from '../vu/wheel.ts';
import { FailureCode, RequestFailure, socketFailure, timedOut } from './failures.ts';
import type { Transport } from './pool.ts';
import type { Target } from './target.ts';
import type { TlsInfo } from './tls.ts';

const REFUSALS_MAX = 6;

/** Hears that an exchange is over, one way or the other. */
export interface ExchangeOwner {
  onExchange(exchange: Exchange): void;
}

/** Takes the content of an answer as it comes, in place of a body that is kept. */
export interface BodySink {
  /** How long the server may say nothing in the midst of the content; 0 is for ever. */
  readonly silenceMs: number;
  /** The head of the answer is there. Takes itself off the exchange when it does not want the content. */
  onHead(exchange: Exchange): void;
  /** The bytes are the sink's own. */
  onContent(bytes: Uint8Array): void;
}

/**
 * One request and its answer on one connection, with its times (all in milliseconds on the monotonic scale):
 *
 *     startedAt ─ blocked ─ readyAt ─ sending ─ sentAt ─ waiting ─ firstByteAt ─ receiving ─ endedAt
 *                 └ connecting, tlsHandshaking when the connection is new
 *
 * The entry in the timer wheel is the request's timeout; once the head of a streamed answer is there, that of each silence.
 */
export class Exchange extends WheelEntry {
  readonly vu: Vu;
  readonly method: string;
  readonly target: Target;
  /** What goes over the wire: the head and, when it is text, the body. */
  readonly head: string;
  readonly body: string | Buffer | undefined;
  /** Text or bytes as they arrive are kept unless the caller wants none. */
  readonly keepsBody: boolean;
  readonly wantsBytes: boolean;

  connection: Transport | undefined = undefined;
  isReused = false;
  #refusals = 0;
  startedAt = monotonicMs();
  readyAt = 0;
  sentAt = 0;
  firstByteAt = 0;
  endedAt = 0;
  connectingMs = 0;
  tlsMs = 0;
  /** Of a connection over TLS. */
  tls: TlsInfo | undefined = undefined;

  status = 0;
  proto: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0' = 'HTTP/1.1';
  /** As the server put it; undefined where the protocol has none. */
  reason: string | undefined = undefined;
  /** Header lines as received. */
  fields = '';
  contentEncoding: string | undefined = undefined;
  setsCookies = false;
  content: string | Buffer | undefined = undefined;
  /** Of the content as it was received, before a Content-Encoding is undone; counted also where it is not kept. */
  contentBytes = 0;
  failure: RequestFailure | undefined = undefined;
  sink: BodySink | undefined = undefined;
  /** The sink has enough for now, so its connection does not read. */
  isHeld = false;
  readonly timeoutMs: number;
  readonly #owner: ExchangeOwner;
  #isDone = false;

  constructor(
    vu: Vu,
    method: string,
    target: Target,
    wire: { head: string; body: string | Buffer | undefined; keepsBody: boolean; wantsBytes: boolean; timeoutMs: number },
    owner: ExchangeOwner,
  ) {
    super();
    this.vu = vu;
    this.method = method;
    this.target = target;
    this.head = wire.head;
    this.body = wire.body;
    this.keepsBody = wire.keepsBody;
    this.wantsBytes = wire.wantsBytes;
    this.timeoutMs = wire.timeoutMs;
    this.#owner = owner;
  }

  start(): void {
    const { vu } = this;
    if (this.timeoutMs <= 0) {
      this.fail(timedOut());
      return;
    }
    vu.engine.wheel.startAt(this, this.startedAt + this.timeoutMs);
    const idle = vu.engine.options.noConnectionReuse ? undefined : vu.pool.idle(this.target);
    this.isReused = idle !== undefined;
    const connection = idle ?? vu.pool.connect(this.target);
    this.connection = connection;
    connection.send(this);
  }

  /** On a new connection, because the one it was meant for is of no use. */
  sendAgain(): void {
    this.isReused = false;
    const connection = this.vu.pool.connect(this.target);
    this.connection = connection;
    connection.send(this);
  }

  /**
   * The server did not look at the request (REFUSED_STREAM, or a GOAWAY for earlier ones): it is sent again, at
   * once, then after 1, 2, 4, … seconds, six times in all, as Go's client does.
   */
  onRefused(failure: RequestFailure): void {
    if (this.#isDone) return;
    const { vu } = this;
    if (++this.#refusals > REFUSALS_MAX) {
      this.fail(failure);
      return;
    }
    const again = (): void => {
      if (this.#isDone) return;
      const idle = vu.pool.idle(this.target);
      if (!idle) {
        this.sendAgain();
        return;
      }
      this.connection = idle;
      idle.send(this);
    };
    this.connection = undefined;
    if (this.#refusals === 1) again();
    else vu.engine.wheel.start(new Call(again), 1000 * 2 ** (this.#refusals - 2));
  }

  override onDue(): void {
    this.connection?.abandon(this);
    this.fail(timedOut());
  }

  /** The head of an answer that is to be streamed. */
  beginStream(): void {
    this.sink?.onHead(this);
    this.#awaitMore();
  }

  /** Content of an answer that is streamed, as a copy. False when the sink gave the exchange up. */
  stream(bytes: Uint8Array): boolean {
    this.#awaitMore();
    this.sink?.onContent(bytes);
    return !this.#isDone;
  }

  /** The sink wants no more for now, or wants more again. */
  flow(flows: boolean): void {
    if (this.#isDone || this.isHeld === !flows) return;
    this.isHeld = !flows;
    this.connection?.setFlow?.(this, flows);
    this.#awaitMore();
  }

  /** The sink wants no more at all: the answer ends here. */
  leave(): void {
    if (this.#isDone) return;
    this.connection?.abandon(this);
    this.finish();
  }

  /** What came cannot be used, though the connection is sound. */
  breakOff(failure: RequestFailure): void {
    if (this.#isDone) return;
    this.connection?.abandon(this);
    this.fail(failure);
  }

  #awaitMore(): void {
    const { sink } = this;
    if (!sink || this.#isDone) return;
    const { wheel } = this.vu.engine;
    if (sink.silenceMs > 0 && !this.isHeld) wheel.start(this, sink.silenceMs);
    else if (this.next) wheel.cancel(this);
  }

  /** Ends it without an answer; nothing is counted. */
  cancel(): void {
    this.#isDone = true;
    this.vu.engine.wheel.cancel(this);
    this.connection?.abandon(this);
  }

  /** The answer is whole. */
  finish(endedAt: number = monotonicMs()): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.endedAt = endedAt;
    if (this.next) this.vu.engine.wheel.cancel(this);
    this.#owner.onExchange(this);
  }

  fail(failure: RequestFailure): void {
    this.spoil(failure);
    this.finish();
  }

  /** The answer is of no use, so there is none: all that stays is what came of its content, as in k6. */
  spoil(failure: RequestFailure): void {
    this.failure = failure;
    this.status = 0;
    this.fields = '';
  }

  /** The address that answered; undefined while no connection stood. */
  get remoteAddress(): string | undefined {
    return this.connection?.remoteAddress;
  }

  /**
   * The connection ended. A kept one may have been closed by the server just as the request went out;
   * such a request is sent once more on a new connection, as Go's client does for what is safe to repeat.
   */
  onLost(error: Error | undefined, dialling: boolean): void {
    if (this.#isDone) return;
    if (this.isReused && this.firstByteAt === 0 && (this.body === undefined || isIdempotent(this.method))) {
      this.sendAgain();
      return;
    }
    this.fail(error ? socketFailure(error, dialling) : new RequestFailure(FailureCode.generic, 'EOF'));
  }
}

function isIdempotent(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'PUT' || method === 'DELETE';
}
