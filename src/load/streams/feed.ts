import { FailureCode, RequestFailure } from '../http/failures.ts';
import type { BodySink, Exchange } from '../http/exchange.ts';
import type { Suspension, Vu } from '../vu/vu.ts';
import { Decoder } from './decoder.ts';

/** Who a streamed answer is for. */
export interface FeedConsumer {
  /** The bytes are the consumer's own. One more piece may come after `hold`. */
  onBytes(bytes: Uint8Array): void;
  /** Last event. */
  onEnd(failure: RequestFailure | undefined): void;
}

/** What a request does when the head of its streamed answer is there. */
export interface FeedOwner {
  /** False for an answer that only leads to another request: its content is dropped. */
  onStreamHead(exchange: Exchange): boolean;
}

/**
 * The content of one answer on its way from the connection to a consumer, with Content-Encoding undone. A consumer that holds it
 * back stops the connection from reading, so that nothing piles up here:
 *
 *     connection ──▶ exchange ──▶ feed ──(decoder)──▶ consumer
 *         ◀──────────── flow ────────────────── hold, release
 */
export class BodyFeed implements BodySink, Suspension {
  readonly silenceMs: number;
  readonly #vu: Vu;
  readonly #consumer: FeedConsumer;
  #owner: FeedOwner | undefined;
  #exchange: Exchange | undefined;
  #decoder: Decoder | undefined;
  #failure: RequestFailure | undefined;
  #isHeld = false;
  #isOver = false;

  /** `silenceMs`: how long the server may say nothing in the midst of the content; 0 is for ever. */
  constructor(vu: Vu, consumer: FeedConsumer, silenceMs: number) {
    this.#vu = vu;
    this.#consumer = consumer;
    this.silenceMs = silenceMs;
  }

  /** For one exchange after the other, until an answer is the one to stream. */
  attach(exchange: Exchange, owner: FeedOwner): void {
    this.#owner = owner;
    exchange.sink = this;
  }

  /** The head of the answer is there, its end is not. */
  get isOpen(): boolean {
    return this.#exchange !== undefined && !this.#isOver;
  }

  /** When the sending of the request began, on the monotonic scale. */
  get sentFromMs(): number | undefined {
    return this.#exchange?.readyAt;
  }

  /** This is the exchange whose content is streamed. */
  isFedBy(exchange: Exchange): boolean {
    return this.#exchange === exchange;
  }

  onHead(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#owner?.onStreamHead(exchange) !== true) {
      this.#exchange = undefined;
      exchange.sink = undefined;
      return;
    }
    if (this.#isOver) return;
    (this.#vu.streams ??= new Set()).add(this);
    if (exchange.contentEncoding === undefined) return;
    try {
      this.#decoder = new Decoder(exchange.contentEncoding, {
        onBytes: (bytes) => this.#give(bytes),
        onFlow: (flows) => this.#flow(flows),
        onEnd: (error) => this.#onDecoded(error),
      });
    } catch (error) {
      this.#onDecoded(error as Error);
    }
  }

  onContent(bytes: Uint8Array): void {
    if (this.#decoder) this.#decoder.write(bytes);
    else this.#give(bytes);
  }

  /** The exchange is over. */
  onExchangeEnd(failure: RequestFailure | undefined): void {
    this.#failure ??= failure;
    if (this.#decoder) this.#decoder.end();
    else this.#finish();
  }

  /** The consumer has enough for now. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    if (this.#decoder) this.#decoder.flow(false);
    else this.#exchange?.flow(false);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#decoder) this.#decoder.flow(true);
    else this.#exchange?.flow(true);
  }

  /** The consumer wants no more: the answer ends here and is counted as it is. */
  leave(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#exchange?.leave();
  }

  drop(): void {
    this.#failure ??= new RequestFailure(FailureCode.generic, 'the stream ended with its iteration');
    this.leave();
  }

  #give(bytes: Uint8Array): void {
    if (!this.#isOver && bytes.length > 0) this.#consumer.onBytes(bytes);
  }

  #flow(flows: boolean): void {
    this.#exchange?.flow(flows);
  }

  #onDecoded(error: Error | undefined): void {
    if (error) {
      this.#failure ??= new RequestFailure(FailureCode.decompression, error.message);
      this.#exchange?.breakOff(this.#failure);
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#vu.streams?.delete(this);
    this.#decoder?.destroy();
    this.#consumer.onEnd(this.#failure);
  }
}
