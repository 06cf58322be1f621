import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { assert, errorMessage, Histogram, monotonicMs } from '../../base/index.ts';
import type { Metric, MetricRegistry } from '../metrics/registry.ts';
import type { LoadOptions, RawOptions } from '../options/options.ts';
import { Secrets } from '../secrets/sources.ts';
import { adaptRealm } from '../script/realm.ts';
import { createScriptRuntime, type ScriptRuntime } from '../script/runtime.ts';
import { isScriptReading, type CompiledScript } from '../script/loaded.ts';
import type { Blocking } from '../threads/blocking.ts';
import type { ThreadPlan } from '../threads/messages.ts';
import { GroupNode } from './groups.ts';
import { PunctualStarts } from './punctual.ts';
import type { Vu } from './vu.ts';
import { Network } from '../http/network.ts';
import { Pacer } from '../http/pacer.ts';
import { TargetCache } from '../http/target.ts';
import { TimerWheel } from './wheel.ts';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';
export type Phase = 'init' | 'setup' | 'run' | 'teardown' | 'summary';

/** This process's part of the run, for `exec.instance`. */
export interface InstanceInfo {
  /** On the monotonic scale; 0 before the first iteration. */
  startedAtMs: number;
  iterationsCompleted(): number;
  iterationsInterrupted(): number;
  vusActive(): number;
  vusInitialized(): number;
}

/** What all VUs of a load process share. */
export class Engine {
  readonly script: CompiledScript;
  readonly scriptFile: string;
  readonly env: Readonly<Record<string, string>>;
  readonly metrics: MetricRegistry;
  readonly wheel = new TimerWheel();
  readonly starts = new PunctualStarts(this.wheel);
  /** How late arrival-rate iterations began, since the last report. */
  readonly startDelays = new Histogram();
  /** How many did not begin for want of a VU, since the last report. */
  missedStarts = 0;
  readonly rootGroup = new GroupNode('', undefined);
  readonly http: HttpMetrics;
  readonly checks: Metric;
  readonly groupDuration: Metric;
  readonly runtime: ScriptRuntime;
  readonly log: (level: LogLevel, message: string, source: string) => void;
  #options: LoadOptions | undefined;
  #targets: TargetCache | undefined;
  #network: Network | undefined;
  #startDelay: Metric | undefined;
  phase: Phase = 'init';
  /** A fault that ends the test: a blocking call that could not wait, `test.abort()`. */
  onAbort: (reason: unknown) => void = () => undefined;
  /** `test.fail()`: the test goes on and fails at its end. */
  onFail: (reason: string) => void = () => undefined;
  /** As merged from all sources, for `exec.test.options`. */
  rawOptions: RawOptions = {};
  instance: InstanceInfo = {
    startedAtMs: 0,
    iterationsCompleted: () => 0,
    iterationsInterrupted: () => 0,
    vusActive: () => 0,
    vusInitialized: () => 0,
  };
  /** Exact bytes of files that `open` has read. */
  readonly #files = new Map<string, Buffer>();
  readonly #texts = new Map<string, string>();
  /** For `k6/secrets`. */
  secrets = new Secrets([]);
  readonly sharedArrays = new Map<string, readonly unknown[]>();
  /** How often each kind of error happened, by its message. */
  readonly errorCounts = new Map<string, number>();

  constructor(parts: {
    script: CompiledScript;
    scriptFile: string;
    env: Record<string, string>;
    metrics: MetricRegistry;
    log: Engine['log'];
  }) {
    this.script = parts.script;
    this.scriptFile = parts.scriptFile;
    this.env = parts.env;
    this.metrics = parts.metrics;
    this.log = parts.log;
    this.http = httpMetrics(parts.metrics);
    this.checks = parts.metrics.builtIn('checks');
    this.groupDuration = parts.metrics.builtIn('group_duration');
    this.runtime = createScriptRuntime(
      (site) => parts.script.place(site),
      (error) => this.onAbort(error),
    );
    adaptRealm(
      (isAsked) => (isAsked || isScriptReading() ? this.placeNow() : undefined),
      (error) => this.onAbort(error),
    );
  }

  /** `file:line` of the script's code that runs now. */
  placeNow(): string {
    return /file:\/\/(\S+?):\d+\)/.exec(this.script.stackOf(new Error('here')))?.[1] ?? this.scriptFile;
  }

  /** Known once the first instance has run its init code. */
  get options(): LoadOptions {
    assert(this.#options, 'options are read after init');
    return this.#options;
  }

  set options(options: LoadOptions) {
    this.#options = options;
    this.#targets = new TargetCache(options.userAgent);
    this.#network = new Network(options);
    if (options.scheduleLatency) {
      this.#startDelay = this.metrics.define('iteration_start_delay', 'trend', 'time');
      this.http.scheduled = this.metrics.define('http_req_scheduled_duration', 'trend', 'time');
    }
    this.pacer = options.rps > 0 ? new Pacer(options.rps) : undefined;
  }

  get targets(): TargetCache {
    assert(this.#targets, 'requests are made after init');
    return this.#targets;
  }

  get network(): Network {
    assert(this.#network, 'connections are made after init');
    return this.#network;
  }

  /** k6's `open()`: text, or with `'b'` an ArrayBuffer. */
  open(path: string, mode?: unknown): string | ArrayBuffer {
    const { file, bytes } = this.bytesOf(path);
    if (mode === 'b') return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    let text = this.#texts.get(file);
    if (text === undefined) this.#texts.set(file, (text = bytes.toString('utf8')));
    return text;
  }

  /** A file, read once for all VUs of the process. Paths are relative to the script. */
  bytesOf(path: string): { readonly file: string; readonly bytes: Buffer } {
    if (path === '') throw new Error("open() can't be used with an empty filename");
    const file = resolve(dirname(this.scriptFile), path.startsWith('file://') ? fileURLToPath(path) : path);
    let bytes = this.#files.get(file);
    if (!bytes) {
      try {
        bytes = readFileSync(file);
      } catch (cause) {
        // As in k6 an exception of the script, which it may catch.
        throw new Error(`open() cannot read ${JSON.stringify(path)}: ${errorMessage(cause)}`, { cause });
      }
      this.#files.set(file, bytes);
    }
    return { file, bytes };
  }

  /** In a thread that may really block: how it waits. */
  blocking: Blocking | undefined;
  /** Set when the script can only run in such threads, one for each VU. */
  threads: ThreadPlan | undefined;
  /** Set when the option `rps` limits this process. */
  pacer: Pacer | undefined;
  /** When script code last gave way to sockets and timers. */
  turnStartedAt = 0;

  /** Calls `fn` after sockets and timers had their turn. */
  nextTurn(fn: () => void): void {
    setImmediate(() => {
      this.turnStartedAt = monotonicMs();
      fn();
    });
  }

  /** An iteration begins that was to begin `lateMs` ago. */
  countStart(lateMs: number, vu: Vu): void {
    vu.lateMs = lateMs;
    this.startDelays.record(lateMs);
    this.#startDelay?.add(lateMs, vu);
  }

  countError(message: string): void {
    const count = this.errorCounts.get(message);
    // A message may hold anything (ports, identifiers); what is kept stays bounded.
    if (count === undefined && this.errorCounts.size >= 200)
      this.errorCounts.set('other errors', (this.errorCounts.get('other errors') ?? 0) + 1);
    else this.errorCounts.set(message, (count ?? 0) + 1);
  }
}

export interface HttpMetrics {
  readonly requests: Metric;
  readonly duration: Metric;
  readonly blocked: Metric;
  readonly connecting: Metric;
  readonly tlsHandshaking: Metric;
  readonly sending: Metric;
  readonly waiting: Metric;
  readonly receiving: Metric;
  readonly failed: Metric;
  readonly dataSent: Metric;
  readonly dataReceived: Metric;
  /** From the time when a request should have begun; only with `scheduleLatency`. */
  scheduled: Metric | undefined;
  /** Bytes of answers' content; only when it is told by request. */
  contentSize: Metric | undefined;
}

function httpMetrics(metrics: MetricRegistry): HttpMetrics {
  return {
    requests: metrics.builtIn('http_reqs'),
    duration: metrics.builtIn('http_req_duration'),
    blocked: metrics.builtIn('http_req_blocked'),
    connecting: metrics.builtIn('http_req_connecting'),
    tlsHandshaking: metrics.builtIn('http_req_tls_handshaking'),
    sending: metrics.builtIn('http_req_sending'),
    waiting: metrics.builtIn('http_req_waiting'),
    receiving: metrics.builtIn('http_req_receiving'),
    failed: metrics.builtIn('http_req_failed'),
    dataSent: metrics.builtIn('data_sent'),
    dataReceived: metrics.builtIn('data_received'),
    scheduled: undefined,
    contentSize: undefined,
  };
}
