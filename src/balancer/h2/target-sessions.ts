import { connect as connectH2, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { monotonicMs, systemErrorCode } from '../../base/index.ts';
import type { Engine } from '../engine.ts';
import type { Timed } from '../transport/sweeper.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';
import { TargetStream, type StreamHost } from './target-stream.ts';

/** Streams at once on a connection to a target; a target may allow less. */
const STREAMS_MAX = 128;
const IDLE_MS = 60_000;
/** Room for every stream's own window, so that one that nobody reads does not hold back the others. */
export const SESSION_WINDOW_BYTES = STREAMS_MAX * 65_535;

export interface SessionTarget {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly grpc: boolean;
}

/** The HTTP/2 connections to one target. A further one is made when the streams of all others are taken. */
export class TargetSessions {
  readonly #engine: Engine;
  readonly #target: SessionTarget;
  readonly #sessions = new Set<TargetSession>();

  constructor(engine: Engine, target: SessionTarget) {
    this.#engine = engine;
    this.#target = target;
  }

  /** A stream for one request. `onReady` runs, never at once, when it can be written to; a failure is told by the owner's `onClose`. */
  open(owner: TransportOwner, connectTimeoutMs: number, onReady: () => void): Transport {
    let session = [...this.#sessions].find((each) => each.hasRoom);
    if (session === undefined) {
      session = new TargetSession(this.#engine, this.#target, connectTimeoutMs, (gone) => this.#sessions.delete(gone));
      this.#sessions.add(session);
    }
    return session.open(owner, onReady);
  }

  /** No new streams on these connections; each is closed when its last stream is. */
  retire(): void {
    for (const session of this.#sessions) session.retire();
  }
}

/**
 *     connecting ── SETTINGS of the target ─▶ open ── GOAWAY, silence, drain ─▶ retired
 *          └──────────────────────────────────┴─────────────────────────────────┴──▶ closed
 */
class TargetSession implements StreamHost, Timed {
  deadlineMs: number;
  readonly secure: boolean;
  readonly grpc: boolean;
  readonly #engine: Engine;
  readonly #session: ClientHttp2Session;
  readonly #onGone: (session: TargetSession) => void;
  readonly #streams = new Map<TargetStream, number>();
  #streamsMax = STREAMS_MAX;
  #open = false;
  #retired = false;
  #heardMs = 0;
  #errorCode: string | undefined;

  constructor(engine: Engine, target: SessionTarget, connectTimeoutMs: number, onGone: (session: TargetSession) => void) {
    this.#engine = engine;
    this.#onGone = onGone;
    this.secure = target.secure;
    this.grpc = target.grpc;
    this.deadlineMs = engine.sweeper.deadlineIn(connectTimeoutMs);
    engine.sweeper.add(this);
    this.#session = openSession(target);
    this.#session.setMaxListeners(0);
    this.#session.on('connect', () => this.#session.setLocalWindowSize(SESSION_WINDOW_BYTES));
    // The target speaks HTTP/2, and says how many streams it takes: only then are requests put on the wire.
    this.#session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      this.#streamsMax = Math.min(STREAMS_MAX, maxConcurrentStreams ?? STREAMS_MAX);
      if (!this.#open) this.#onOpen();
    });
    this.#session.on('goaway', () => (this.#retired = true));
    this.#session.on('error', (error) => (this.#errorCode ??= systemErrorCode(error) ?? 'EPROTO'));
    this.#session.on('close', () => this.#onClose());
  }

  get hasRoom(): boolean {
    return !this.#retired && this.#streams.size < this.#streamsMax;
  }

  open(owner: TransportOwner, onReady: () => void): Transport {
    const stream = new TargetStream(this, owner, onReady);
    this.#streams.set(stream, monotonicMs());
    if (!this.#open) return stream;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    queueMicrotask(() => {
      if (this.#streams.has(stream)) stream.begin(this.#session);
    });
    return stream;
  }

  retire(): void {
    this.#retired = true;
    if (this.#streams.size === 0) this.#session.close();
  }

  onDeadline(): void {
    if (this.#open) return this.retire();
    this.#errorCode = 'ETIMEDOUT';
    this.#session.destroy();
  }

  onHeard(): void {
    this.#heardMs = monotonicMs();
  }

  onStreamClosed(stream: TargetStream): void {
    const sinceMs = this.#streams.get(stream) ?? 0;
    this.#streams.delete(stream);
    // Given up without a word from the target since it was asked: its connection may be dead, and must not swallow the next.
    if (this.#open && this.#heardMs < sinceMs) this.#retired = true;
    if (this.#streams.size > 0 || !this.#open) return;
    if (this.#retired) this.#session.close();
    else this.deadlineMs = this.#engine.sweeper.deadlineIn(IDLE_MS);
  }

  #onOpen(): void {
    this.#open = true;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    // A stream that fails at once may bring forth another, which begins by itself.
    const waiting = Array.from(this.#streams.keys());
    for (const stream of waiting) stream.begin(this.#session);
    if (this.#streams.size === 0) this.deadlineMs = this.#engine.sweeper.deadlineIn(IDLE_MS);
  }

  #onClose(): void {
    this.#retired = true;
    this.#engine.sweeper.delete(this);
    this.#onGone(this);
    for (const stream of this.#streams.keys()) stream.lose(this.#errorCode);
  }
}

function openSession({ host, port, secure }: SessionTarget): ClientHttp2Session {
  const authority = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return connectH2(authority, {
    // AWS does not verify the certificates of targets.
    createConnection: () =>
      secure ? connectTls({ host, port, ALPNProtocols: ['h2'], rejectUnauthorized: false }) : connect({ host, port, noDelay: true }),
    settings: { enablePush: false },
    maxSessionMemory: 64,
  });
}
