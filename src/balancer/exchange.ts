import { monotonicMs, type Timer } from '../base/index.ts';
import { HeadWriter, Method, type ResponseHead, type Trailers } from '../http1/index.ts';
import type { LoadBalancerCounters } from './counters.ts';
import type { Engine } from './engine.ts';
import type { LogEntry } from './access-log.ts';
import type { Binding, GroupState } from './target/group-state.ts';
import type { Failure } from './health/outlier.ts';
import { TargetConnection } from './target/target-connection.ts';
import type { TargetState } from './target/target-state.ts';

/** Who asked: the client's side of an exchange. Calls come in the order of an answer; `flush` ends a batch of them. */
export interface Downstream {
  /** A 1xx answer to pass on. Positions of `head` are valid during the call. */
  onInterim(head: ResponseHead): void;
  /** `extraFields`: whole lines to add. */
  onAnswer(head: ResponseHead, extraFields: string): void;
  /** The target switched protocols (101): from now on bytes go both ways as they come. */
  onSwitch(head: ResponseHead): void;
  onAnswerBytes(buffer: Buffer, start: number, end: number): void;
  /** The answer is whole; to be sent with the next flush. */
  onAnswerEnd(trailers: Trailers | undefined): void;
  /** Sends what came since the last flush. False: stop until `Exchange.resumeAnswer`. */
  flush(): boolean;
  /** Everything is sent and the exchange is over; it must not be touched again. */
  onDone(): void;
  /** The target failed before its answer began: answer with this instead. The exchange is over. */
  onRefused(status: number, reason: string): void;
  /** The target failed in the middle of its answer: break off. The exchange is over. */
  onBroken(reason: string): void;
  /** The target took what it was sent: the request's body may go on. */
  onUpstreamDrain(): void;
}

const FREE_EXCHANGES_MAX = 4096;
const ATTEMPTS_MAX = 3;
/**
 * A request kept for a retry may be this long; a longer one is streamed and then not sent again. What can only be
 * repeated when nothing of it was sent is not kept: a target of HTTP/1.1 does not tell that it refused a request.
 */
const KEEP_BYTES_MAX = 64 * 1024;

/**
 * One request and its answer, from the parsed head to the last byte. Objects are used again.
 *
 *     start ─ pick ─ connection ─┬─ answer head ─ bytes … ─ end ─ onDone
 *        ▲                       ├─ lost before any byte of the answer: again, if that is safe, else 502/504
 *        └───────────────────────┘  lost in the middle of the answer: onBroken
 */
export class Exchange implements Binding {
  readonly engine: Engine;
  /** The head as the target gets it and as much of the body as had come with it. Stays until the end: it may be sent again. */
  readonly request = new HeadWriter(1024);
  downstream: Downstream | undefined;
  counters: LoadBalancerCounters | undefined;
  group: GroupState | undefined;
  target: TargetState | undefined;
  upstream: TargetConnection | undefined;
  method = 0;
  /** The body has been handed over whole. */
  bodyDone = true;
  /** The body is sent in chunks. */
  bodyChunked = false;
  /** Everything handed over so far is in `request`. */
  replayable = true;
  closeUpstream = false;
  /** The client asked for another protocol, and the target was asked for it. */
  upgrade = false;
  boundTo: string | undefined;
  hash = 0;
  nowMs = 0;
  /** Lines that the route adds to the answer. */
  routeFields = '';
  /** The client's connection is encrypted. */
  secure = false;
  /** What the access log will tell; undefined when there is none. */
  log: LogEntry | undefined;
  connectTimeoutMs = 10_000;
  idleTimeoutMs = 60_000;
  #attempts = 0;
  #startedMs = 0;
  #sentMs = 0;
  /** While the request waits for the latency that was added to its target; afterwards how long it has waited. */
  #held: Timer | undefined;
  #heldMs = 0;

  private constructor(engine: Engine) {
    this.engine = engine;
  }

  static take(engine: Engine): Exchange {
    return engine.freeExchanges.pop() ?? new Exchange(engine);
  }

  /** Everything is set: send it to a target of the group. */
  start(): void {
    this.counters!.requestCount++;
    this.group!.counters.requestCount++;
    this.group!.retryBudget.onRequest();
    this.#attempts = 0;
    this.#attempt(undefined, false);
  }

  /** RFC 9110 section 9.2.2. */
  get idempotent(): boolean {
    const { method } = this;
    return method !== Method.POST && method !== Method.PATCH && method !== Method.other && method !== Method.CONNECT;
  }

  /** The connection is open: send what there is. */
  onReady(connection: TargetConnection): void {
    const { request } = this;
    this.#sentMs = monotonicMs() - this.#heldMs;
    connection.blocked = !connection.transport!.write(request.view());
    if (!connection.blocked && !this.bodyDone) this.downstream!.onUpstreamDrain();
  }

  /** More of the request's body, framed as it is sent. False: stop until `onUpstreamDrain`. */
  sendBody(out: HeadWriter): boolean {
    const connection = this.upstream;
    if (connection === undefined || !connection.ready) {
      this.request.copy(out.bytes, 0, out.length);
      out.clear();
      return false;
    }
    if (this.replayable) this.#keep(connection, out);
    connection.touch();
    this.#sentMs = monotonicMs() - this.#heldMs;
    connection.blocked = !this.engine.flush(connection.transport!);
    return !connection.blocked;
  }

  /** Whether body bytes can be taken now. */
  get bodyWanted(): boolean {
    return this.upstream !== undefined && this.upstream.ready && !this.upstream.blocked;
  }

  resumeAnswer(): void {
    this.upstream?.resume();
  }

  onAnswer(head: ResponseHead): void {
    const group = this.group!;
    const target = this.target!;
    const nowMs = monotonicMs();
    const latencyMs = nowMs - this.#sentMs;
    group.counters.countAnswer(head.status);
    group.counters.responseTimeMs.record(latencyMs);
    group.onAnswer(target, latencyMs, head.status >= 500 ? 'answer' : undefined, nowMs);
    if (this.log !== undefined) this.#logAnswer(this.log, head.status, latencyMs, nowMs);
    this.downstream!.onAnswer(head, this.routeFields + group.stickyFields(target, head, this.secure));
  }

  onSwitch(head: ResponseHead): void {
    this.group!.counters.countAnswer(head.status);
    if (this.log !== undefined) this.#logAnswer(this.log, head.status, monotonicMs() - this.#sentMs, monotonicMs());
    this.replayable = false;
    this.closeUpstream = true;
    this.downstream!.onSwitch(head);
  }

  /** The answer is whole and sent. */
  onEnd(): void {
    const downstream = this.downstream!;
    this.#release();
    downstream.onDone();
  }

  /** No connection to the target could be made. */
  onConnectFailed(timedOut: boolean): void {
    this.group!.counters.targetConnectionErrorCount++;
    this.#sentMs = monotonicMs();
    this.#failTarget('connect');
    const failed = this.target;
    this.#leaveTarget();
    // Not a byte was sent, so any request may be tried elsewhere.
    if (this.#mayRetry()) return this.#attempt(failed, true);
    this.#refuse(timedOut ? 504 : 502, timedOut ? 'target-connect-timeout' : 'target-connect-failed');
  }

  /** The connection was lost, or the answer made no sense, before any of the answer was passed on. */
  onLost(connection: TargetConnection, reason: string, status: number): void {
    const failed = this.target;
    // A stream that was refused says nothing about the target.
    if (!connection.refused) this.#failTarget('answer');
    const stale = connection.requests > 1 && !reason.startsWith('target-garbage');
    this.#leaveTarget();
    // A connection that idled may have been closing while we wrote: a client bound to the target may stay with it.
    const avoid = stale && this.boundTo !== undefined ? undefined : failed;
    const safe = connection.refused || (status === 502 && this.idempotent);
    if (safe && this.replayable && this.#mayRetry()) return this.#attempt(avoid, true);
    this.#refuse(status, reason);
  }

  /** The connection was lost in the middle of the answer. */
  onBroken(reason: string): void {
    const downstream = this.downstream!;
    this.counters!.countReason(reason);
    this.#release();
    downstream.onBroken(reason);
  }

  /** The client is gone or must not go on: forget the target's answer. */
  abort(reason: string): void {
    this.counters!.countReason(reason);
    const { upstream } = this;
    this.upstream = undefined;
    this.#release();
    upstream?.close();
  }

  /** Keeps what is sent of a body as long as it is short and may have to be sent again. */
  #keep(connection: TargetConnection, out: HeadWriter): void {
    const { request } = this;
    const repeatable = this.idempotent || connection.target.sessions !== undefined;
    this.replayable = repeatable && request.length + out.length <= KEEP_BYTES_MAX;
    if (this.replayable) request.copy(out.bytes, 0, out.length);
  }

  #mayRetry(): boolean {
    return this.#attempts < ATTEMPTS_MAX && this.group!.retryBudget.take();
  }

  #attempt(avoid: TargetState | undefined, fresh: boolean): void {
    this.#attempts++;
    this.nowMs = monotonicMs();
    if (this.#attempts === 1) this.#startedMs = this.nowMs;
    const target = this.group!.pick(this, avoid);
    if (target === undefined) return this.#refuse(503, 'no-registered-target');
    this.target = target;
    target.outstanding++;
    target.requestCount++;
    this.#heldMs = 0;
    if (target.addedLatencyMs > 0) this.#hold(target, fresh);
    else this.#send(target, fresh);
  }

  /** The target is to seem slower than it is. */
  #hold(target: TargetState, fresh: boolean): void {
    const { addedLatencyMs } = target;
    const waitMs = Math.min(addedLatencyMs, this.idleTimeoutMs);
    const sinceMs = monotonicMs();
    this.#sentMs = sinceMs;
    this.#held = this.engine.clock.after(waitMs, () => {
      this.#held = undefined;
      this.#heldMs = monotonicMs() - sinceMs;
      if (waitMs === addedLatencyMs) this.#send(target, fresh);
      else this.#refuse(504, 'target-timeout');
    });
  }

  #send(target: TargetState, fresh: boolean): void {
    const idle = fresh ? undefined : target.takeIdle();
    const connection = idle ?? new TargetConnection(this.engine, target);
    this.upstream = connection;
    connection.carry(this);
  }

  #logAnswer(log: LogEntry, status: number, latencyMs: number, nowMs: number): void {
    log.target = this.target!.id;
    log.targetStatus = status;
    log.requestMs = this.#sentMs - this.#startedMs;
    log.targetMs = latencyMs;
    log.responseMs = monotonicMs() - nowMs;
    log.status = status;
  }

  #failTarget(failure: Failure): void {
    if (this.target !== undefined) this.group!.onAnswer(this.target, monotonicMs() - this.#sentMs, failure, monotonicMs());
  }

  #refuse(status: number, reason: string): void {
    const downstream = this.downstream!;
    this.#release();
    downstream.onRefused(status, reason);
  }

  #leaveTarget(): void {
    const { target } = this;
    this.upstream = undefined;
    if (target === undefined) return;
    this.target = undefined;
    target.outstanding--;
    if (target.outstanding === 0 && (target.phase === 'draining' || target.removed)) target.group.tick();
  }

  #release(): void {
    this.#held?.cancel();
    this.#held = undefined;
    this.#leaveTarget();
    this.downstream = undefined;
    this.counters = undefined;
    this.group = undefined;
    this.log = undefined;
    if (this.request.bytes.length > KEEP_BYTES_MAX) this.request.bytes = Buffer.allocUnsafeSlow(1024);
    this.request.clear();
    const { freeExchanges } = this.engine;
    if (freeExchanges.length < FREE_EXCHANGES_MAX) freeExchanges.push(this);
  }
}
