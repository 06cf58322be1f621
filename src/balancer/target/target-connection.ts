import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { BodyEvent, BodyMode, BodyReader, MORE, Method, ResponseHead, describeProblem } from '../../http1/index.ts';
import type { Engine } from '../engine.ts';
import type { Exchange } from '../exchange.ts';
import { connectHandle, handles } from '../transport/handle-transport.ts';
import { REFUSED_STREAM } from '../h2/target-stream.ts';
import type { TargetState } from './target-state.ts';
import type { Timed } from '../transport/sweeper.ts';
import { StreamTransport, streamOptions, type Transport, type TransportOwner } from '../transport/transport.ts';

/** How long a connection to a target may idle in the pool. */
const IDLE_MS = 60_000;

/**
 * A connection to a target. Carries one exchange at a time; over HTTP/2 it is a stream and carries one only.
 *
 *     connecting ─▶ busy ⇄ idle (in the target's pool)
 *          └──────────┴──────┴──▶ closed
 *
 * Bytes or an end while idle mean that the target and we disagree about what was asked: it is discarded.
 */
export class TargetConnection implements TransportOwner, Timed {
  readonly engine: Engine;
  readonly target: TargetState;
  transport: Transport | undefined;
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Requests it has carried, the present one included. */
  requests = 0;
  ready = false;
  /** Its write buffer is full. */
  blocked = false;
  /** The target said that it did not work on the request. */
  refused = false;
  #exchange: Exchange | undefined;
  #closed = false;
  #paused = false;
  readonly #head = new ResponseHead();
  readonly #body = new BodyReader();
  /** The beginning of a head that is not all there. */
  #pending: Buffer | undefined;
  #inBody = false;

  constructor(engine: Engine, target: TargetState) {
    this.engine = engine;
    this.target = target;
  }

  carry(exchange: Exchange): void {
    this.#exchange = exchange;
    this.requests++;
    if (this.ready) {
      this.deadlineMs = this.engine.sweeper.deadlineIn(exchange.idleTimeoutMs);
      exchange.onReady(this);
    } else this.#connect(exchange.connectTimeoutMs);
  }

  /** The other side moved: the time without any progress begins anew. */
  touch(): void {
    const exchange = this.#exchange;
    if (exchange !== undefined) this.deadlineMs = this.engine.sweeper.deadlineIn(exchange.idleTimeoutMs);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.touch();
    this.transport?.resume();
  }

  /** Closes it and tells nobody. */
  close(): void {
    this.#exchange = undefined;
    this.#discard();
  }

  /** Waits for an answer to a request that may be sent to another target. */
  get rescuable(): boolean {
    return this.ready && !this.#inBody && this.#exchange !== undefined && this.#exchange.idempotent && this.#exchange.replayable;
  }

  /** Closes it under the exchange that it carries, if any. */
  abandon(reason: string): void {
    if (this.#exchange !== undefined) this.#lose(reason, 502);
    else this.close();
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.close();
    exchange.counters!.processedBytes += end - start;
    this.deadlineMs = this.engine.sweeper.deadlineIn(exchange.idleTimeoutMs);
    if (this.#inBody) return this.#relay(exchange, buffer, start, end);
    if (this.#pending === undefined) return this.#readHead(exchange, buffer, start, end);
    const bytes = Buffer.concat([this.#pending, buffer.subarray(start, end)]);
    this.#pending = undefined;
    this.#readHead(exchange, bytes, 0, bytes.length);
  }

  onEnd(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.close();
    if (this.#inBody && this.#body.finish()) return this.#complete(exchange, false);
    this.#lose('target-closed', 502);
  }

  onDrain(): void {
    this.blocked = false;
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.touch();
    if (!exchange.bodyDone) exchange.downstream!.onUpstreamDrain();
  }

  onClose(code: string | undefined): void {
    if (this.#closed) return;
    if (this.#exchange !== undefined && !this.ready) {
      const exchange = this.#exchange;
      this.close();
      exchange.onConnectFailed(code === 'ETIMEDOUT');
    } else if (this.#exchange === undefined) this.close();
    else if (code === REFUSED_STREAM) {
      this.refused = true;
      this.#lose('target-refused-stream', 502);
    } else this.#lose(code === undefined ? 'target-closed' : 'target-reset', 502);
  }

  onDeadline(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.close();
    if (!this.ready) {
      this.close();
      exchange.onConnectFailed(true);
    } else this.#lose('target-timeout', 504);
  }

  #connect(timeoutMs: number): void {
    const { host, port, secure, sessions } = this.target;
    this.target.connections.add(this);
    this.engine.sweeper.add(this);
    this.deadlineMs = this.engine.sweeper.deadlineIn(timeoutMs);
    if (sessions !== undefined) {
      this.transport = sessions.open(this, timeoutMs, () => this.#onConnect());
      return;
    }
    if (handles !== undefined && !secure && isIP(host) !== 0) {
      this.transport = connectHandle(handles, host, port, this, () => this.#onConnect());
      return;
    }
    // AWS does not verify the certificates of targets.
    const socket = secure
      ? connectTls({ host, port, rejectUnauthorized: false, ...streamOptions }).setNoDelay(true)
      : connect({ host, port, noDelay: true, ...streamOptions });
    this.transport = new StreamTransport(socket, this);
    socket.once(secure ? 'secureConnect' : 'connect', () => this.#onConnect());
  }

  #onConnect(): void {
    if (this.#closed || this.#exchange === undefined) return;
    this.ready = true;
    this.deadlineMs = this.engine.sweeper.deadlineIn(this.#exchange.idleTimeoutMs);
    this.#exchange.onReady(this);
  }

  #readHead(exchange: Exchange, buffer: Buffer, start: number, end: number): void {
    const head = this.#head;
    for (let at = start; ;) {
      const next = head.parse(buffer, at, end);
      if (next === MORE) {
        this.#pending = Buffer.from(buffer.subarray(at, end));
        exchange.downstream!.flush();
        return;
      }
      if (next < 0) return this.#lose('target-garbage', 502, describeProblem(next).reason);
      if (head.status >= 200) return this.#begin(exchange, next, end);
      if (head.status === 101) return this.#switch(exchange, next, end);
      exchange.downstream!.onInterim(head);
      head.reset();
      at = next;
    }
  }

  #begin(exchange: Exchange, bodyStart: number, end: number): void {
    const head = this.#head;
    const mode = head.bodyMode(exchange.method === Method.HEAD);
    this.#body.start(mode, head.contentLength);
    this.#inBody = true;
    exchange.onAnswer(head);
    this.#relay(exchange, head.buffer, bodyStart, end);
  }

  // A tunnel is an answer that goes on until one side closes.
  #switch(exchange: Exchange, bodyStart: number, end: number): void {
    if (!exchange.upgrade) return this.#lose('target-unasked-upgrade', 502);
    const { buffer } = this.#head;
    this.#body.start(BodyMode.untilClose, -1);
    this.#inBody = true;
    exchange.onSwitch(this.#head);
    if (this.#exchange === exchange) this.#relay(exchange, buffer, bodyStart, end);
  }

  #relay(exchange: Exchange, buffer: Buffer, start: number, end: number): void {
    const body = this.#body;
    const downstream = exchange.downstream!;
    body.begin(buffer, start, end);
    let event = body.read();
    while (event === BodyEvent.data) {
      downstream.onAnswerBytes(buffer, body.dataStart, body.dataEnd);
      event = body.read();
    }
    if (event === BodyEvent.end) return this.#complete(exchange, body.at === end && body.mode !== BodyMode.untilClose);
    if (event < 0) return this.#lose('target-garbage', 502, describeProblem(event).reason);
    if (!downstream.flush() && this.#exchange === exchange) {
      this.#paused = true;
      this.transport!.pause();
    }
  }

  #complete(exchange: Exchange, clean: boolean): void {
    exchange.downstream!.onAnswerEnd(this.#body.trailers);
    exchange.downstream!.flush();
    if (this.#exchange !== exchange) return;
    this.#exchange = undefined;
    exchange.upstream = undefined;
    const reusable =
      clean && this.target.sessions === undefined && this.#head.keepAlive && exchange.bodyDone && !exchange.closeUpstream && !this.blocked;
    this.#head.reset();
    this.#inBody = false;
    if (this.#paused) this.resume();
    if (reusable && this.target.keepIdle(this)) this.deadlineMs = this.engine.sweeper.deadlineIn(IDLE_MS);
    else this.#discard();
    exchange.onEnd();
  }

  #lose(reason: string, status: number, detail = ''): void {
    const exchange = this.#exchange!;
    const inAnswer = this.#inBody;
    this.close();
    const full = detail === '' ? reason : `${reason}: ${detail}`;
    if (inAnswer) exchange.onBroken(full);
    else exchange.onLost(this, full, status);
  }

  #discard(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.engine.sweeper.delete(this);
    this.target.connections.delete(this);
    this.target.forgetIdle(this);
    this.transport?.destroy();
  }
}
