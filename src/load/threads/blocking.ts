import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { monotonicMs } from '../../base/index.ts';
import type { Exchange } from '../http/exchange.ts';
import { RequestFailure } from '../http/failures.ts';
import type { Transport, TransportSource } from '../http/pool.ts';
import type { Target } from '../http/target.ts';
import { Signal, type Answer, type FromThread, type ToThread } from './messages.ts';

/** How often a thread that waits tells what it has measured. */
const REPORT_MS = 1000;

/**
 * How the one VU of a thread waits: it stops the whole thread. Sockets are the main thread's business,
 * whose answers wake it.
 */
export class Blocking implements TransportSource {
  readonly #port: MessagePort;
  readonly #signal: Int32Array;
  readonly #report: () => void;
  readonly #onCall: (call: ToThread & { type: 'call' }) => void;
  readonly #waiting = new Map<number, { readonly exchange: Exchange; readonly transport: RemoteTransport }>();
  #ids = 0;
  #reportedAt = monotonicMs();

  constructor(port: MessagePort, signal: Int32Array, report: () => void, onCall: (call: ToThread & { type: 'call' }) => void) {
    this.#port = port;
    this.#signal = signal;
    this.#report = report;
    this.#onCall = onCall;
    port.on('message', (message: ToThread) => this.#onMessage(message));
  }

  get pool(): TransportSource {
    return this;
  }

  /** Runs what settles later, and waits for it. Throws what it fails with. */
  result<T>(start: (settle: (value: T | undefined, error: Error | undefined) => void) => unknown): T {
    const outcome: { value: T | undefined; error: Error | undefined; isThere: boolean } = {
      value: undefined,
      error: undefined,
      isThere: false,
    };
    start((value, error) => Object.assign(outcome, { value, error, isThere: true }));
    this.#wait(() => outcome.isThere, Number.POSITIVE_INFINITY);
    if (outcome.error) throw outcome.error;
    return outcome.value as T;
  }

  sleep(delayMs: number): void {
    const untilMs = monotonicMs() + delayMs;
    this.#wait(() => monotonicMs() >= untilMs, untilMs);
  }

  #wait(isOver: () => boolean, untilMs: number): void {
    for (;;) {
      if (Atomics.load(this.#signal, Signal.stop) === 1) this.#stop();
      const seen = Atomics.load(this.#signal, Signal.messages);
      for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port))
        this.#onMessage(next.message as ToThread);
      if (isOver()) return;
      const nowMs = monotonicMs();
      if (nowMs - this.#reportedAt > REPORT_MS) {
        this.#reportedAt = nowMs;
        this.#report();
      }
      Atomics.wait(this.#signal, Signal.messages, seen, Math.min(REPORT_MS, Math.max(0, untilMs - nowMs)));
    }
  }

  /** The script never goes on, not even its `finally` blocks: the main thread ends this one. */
  #stop(): never {
    this.#report();
    this.#post({ type: 'stopped' });
    for (;;) Atomics.wait(this.#signal, Signal.stop, 1);
  }

  #post(message: FromThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#port.postMessage(message);
  }

  // The thread has no connections of its own.

  idle(): undefined {
    return undefined;
  }

  connect(target: Target): Transport {
    return new RemoteTransport(target.origin, this);
  }

  close(): void {
    // They are closed where they are.
  }

  request(exchange: Exchange, transport: RemoteTransport): void {
    const id = ++this.#ids;
    this.#waiting.set(id, { exchange, transport });
    const { method, target, head, body, keepsBody, wantsBytes, timeoutMs } = exchange;
    this.#post({ type: 'request', id, method, target, head, body, keepsBody, wantsBytes, timeoutMs });
  }

  cancel(exchange: Exchange): void {
    for (const [id, entry] of this.#waiting)
      if (entry.exchange === exchange) {
        this.#waiting.delete(id);
        this.#post({ type: 'cancel', id });
      }
  }

  #onMessage(message: ToThread): void {
    if (message.type === 'call') this.#onCall(message);
    else {
      const entry = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (!entry) return;
      entry.transport.remoteAddress = message.remoteAddress;
      takeAnswer(entry.exchange, message);
    }
  }
}

class RemoteTransport implements Transport {
  readonly origin: string;
  readonly isIdle = false;
  remoteAddress: string | undefined = undefined;
  readonly #blocking: Blocking;

  constructor(origin: string, blocking: Blocking) {
    this.origin = origin;
    this.#blocking = blocking;
  }

  send(exchange: Exchange): void {
    this.#blocking.request(exchange, this);
  }

  abandon(exchange: Exchange): void {
    this.#blocking.cancel(exchange);
  }

  destroy(): void {
    // Nothing is held here.
  }
}

/** Times are moved to this thread's own clock. */
function takeAnswer(exchange: Exchange, answer: Answer): void {
  const { content, failure, times, tls } = answer;
  const at = (ms: number): number => (ms === 0 ? 0 : exchange.startedAt + ms);
  exchange.status = answer.status;
  exchange.proto = answer.proto;
  exchange.fields = answer.fields;
  exchange.setsCookies = answer.setsCookies;
  exchange.contentEncoding = answer.contentEncoding;
  exchange.content = content === undefined || typeof content === 'string' ? content : bytesOf(content);
  exchange.contentBytes = answer.contentBytes;
  exchange.readyAt = at(times.ready);
  exchange.sentAt = at(times.sent);
  exchange.firstByteAt = at(times.firstByte);
  exchange.connectingMs = answer.connectingMs;
  exchange.tlsMs = answer.tlsMs;
  exchange.tls = tls && { ...tls, staple: tls.staple && bytesOf(tls.staple) };
  exchange.failure = failure && new RequestFailure(failure.code, failure.message, failure.detail);
  exchange.finish(at(times.ended));
}

function bytesOf(array: Uint8Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
