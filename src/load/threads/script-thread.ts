import { Worker } from 'node:worker_threads';
import { entry, monotonicMs, PlimsollError } from '../../base/index.ts';
import { loadErrors } from '../errors.ts';
import { Exchange } from '../http/exchange.ts';
import { ScriptThreadError } from '../script/loaded.ts';
import { cannotSuspend } from '../script/runtime.ts';
import { Call } from '../vu/wheel.ts';
import type { Vu } from '../vu/vu.ts';
import { Signal, type Answer, type FromThread, type ThreadCall, type ThreadPlan, type ThreadStart, type ToThread } from './messages.ts';

/** More threads than this are no load test any more, each takes some 25 MB. */
export const THREADS_MAX = 100;

/** Modules whose calls wait for events of sockets; a thread that is blocked would never see them. */
const EVENT_MODULES = /^k6\/(?:ws|websockets|experimental\/websockets|net\/grpc|experimental\/grpc|x\/sse|x\/redis|experimental\/redis)$/;

/** How long an interrupted thread may take to tell what it has measured. */
const STOP_MS = 500;

/** Throws when the script cannot run in threads either: the reason that it cannot be rewritten, and this one. */
export function checkThreads(plan: ThreadPlan, hostModules: ReadonlySet<string>, vus: number): void {
  const { reason, where } = plan.source.refusal ?? { reason: '', where: plan.source.file };
  const module = [...hostModules].find((name) => EVENT_MODULES.test(name));
  if (module !== undefined) throw cannotSuspend(`${reason}, in a script that uses ${module}`, where);
  if (vus > THREADS_MAX)
    throw cannotSuspend(`${reason}; such scripts run in a thread for each VU, at most ${THREADS_MAX}, not ${vus}`, where);
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The script of one VU, in a thread of its own; everything that it sends goes through this side's VU. */
export class ScriptThread {
  readonly #vu: Vu;
  readonly #plan: ThreadPlan;
  readonly #exchanges = new Map<number, Exchange>();
  #worker!: Worker;
  #signal!: Int32Array;
  #pending: Pending | undefined;
  ready!: Promise<void>;

  constructor(vu: Vu, plan: ThreadPlan) {
    this.#vu = vu;
    this.#plan = plan;
    this.#start();
  }

  /** Runs an exported function; the VU is suspended meanwhile. */
  async call(name: string, data: unknown): Promise<unknown> {
    await this.ready;
    const vu = this.#vu;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending = { resolve, reject };
    vu.suspension = { drop: () => this.#interrupt() };
    this.#send(this.#callOf(name, data));
    return promise;
  }

  #start(): void {
    const { source, env, options, secretSources, recording } = this.#plan;
    const signal = new Int32Array(new SharedArrayBuffer(8));
    const start: ThreadStart = { source, env, options, secretSources, recording, vuId: this.#vu.id, signal };
    const worker = new Worker(entry(import.meta.url, './thread'), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    promise.catch(() => undefined);
    this.#signal = signal;
    this.#worker = worker;
    worker.on('message', (message: FromThread) => {
      if (worker !== this.#worker) return;
      if (message.type === 'ready') resolve();
      else this.#onMessage(message);
    });
    worker.on('error', (error: Error) => {
      reject(error);
      this.#settle((pending) => pending.reject(error));
    });
  }

  #callOf(name: string, data: unknown): ThreadCall {
    const { engine, scenario, place, iteration, group, lateMs } = this.#vu;
    const { instance, phase } = engine;
    const nowMs = monotonicMs();
    return {
      type: 'call',
      name,
      data: data === undefined ? undefined : JSON.stringify(data),
      phase,
      group: group.name,
      iteration,
      place: { ...place },
      lateMs,
      scenario: scenario && {
        name: scenario.name,
        executor: scenario.executor,
        env: scenario.env,
        tags: scenario.tags,
        ageMs: nowMs - scenario.startedAtMs(),
        progress: scenario.progress(),
      },
      instance: {
        ageMs: instance.startedAtMs === 0 ? 0 : nowMs - instance.startedAtMs,
        completed: instance.iterationsCompleted(),
        interrupted: instance.iterationsInterrupted(),
        active: instance.vusActive(),
        initialized: instance.vusInitialized(),
      },
    };
  }

  #send(message: ToThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(message);
    Atomics.add(this.#signal, Signal.messages, 1);
    Atomics.notify(this.#signal, Signal.messages);
  }

  #settle(how: (pending: Pending) => void): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    this.#vu.suspension = undefined;
    how(pending);
  }

  /** The call is never settled. The thread gets a moment for its last report, its successor is there for the next iteration. */
  #interrupt(): void {
    this.#pending = undefined;
    for (const exchange of this.#exchanges.values()) exchange.cancel();
    this.#exchanges.clear();
    const old = this.#worker;
    Atomics.store(this.#signal, Signal.stop, 1);
    Atomics.add(this.#signal, Signal.messages, 1);
    Atomics.notify(this.#signal, Signal.messages);
    const end = new Call(() => void old.terminate());
    this.#vu.engine.wheel.start(end, STOP_MS);
    old.on('message', (message: FromThread) => {
      if (message.type === 'report') this.#onMessage(message);
      if (message.type === 'stopped') {
        this.#vu.engine.wheel.cancel(end);
        void old.terminate();
      }
    });
    this.#start();
  }

  #onMessage(message: FromThread): void {
    const { engine } = this.#vu;
    switch (message.type) {
      case 'request':
        this.#request(message);
        break;
      case 'cancel':
        this.#exchanges.get(message.id)?.cancel();
        this.#exchanges.delete(message.id);
        break;
      case 'report':
        engine.metrics.merge(message.report.metrics);
        engine.rootGroup.merge(message.report.groups);
        for (const [text, count] of message.report.errors) for (let i = 0; i < count; i++) engine.countError(text);
        break;
      case 'done': {
        const { value, error } = message;
        this.#settle((pending) => (error ? pending.reject(new ScriptThreadError(error.message, error.stack)) : pending.resolve(value)));
        break;
      }
      case 'samples':
        this.#plan.onSamples(message.batch);
        break;
      case 'log':
        engine.log(message.level, message.message, message.source);
        break;
      case 'abort':
        engine.onAbort(errorOf(message));
        break;
      case 'marked-failed':
        engine.onFail(message.reason);
        break;
      default:
        break;
    }
  }

  #request(message: FromThread & { type: 'request' }): void {
    const { engine } = this.#vu;
    const { id, method, target, head, keepsBody, wantsBytes, timeoutMs } = message;
    const body = message.body === undefined || typeof message.body === 'string' ? message.body : Buffer.from(message.body);
    const send = (): void => {
      const exchange = new Exchange(
        this.#vu,
        method,
        target,
        { head, body, keepsBody, wantsBytes, timeoutMs },
        {
          onExchange: (done) => {
            if (this.#exchanges.delete(id)) this.#send(answerOf(id, done));
          },
        },
      );
      this.#exchanges.set(id, exchange);
      exchange.start();
    };
    const waitMs = engine.pacer?.waitMs() ?? 0;
    if (waitMs <= 0) send();
    else engine.wheel.start(new Call(send), waitMs);
  }
}

function answerOf(id: number, exchange: Exchange): Answer {
  const { startedAt, readyAt, sentAt, firstByteAt, endedAt, failure, tls } = exchange;
  const since = (at: number): number => (at === 0 ? 0 : at - startedAt);
  return {
    type: 'answer',
    id,
    status: exchange.status,
    proto: exchange.proto,
    fields: exchange.fields,
    setsCookies: exchange.setsCookies,
    contentEncoding: exchange.contentEncoding,
    content: exchange.content,
    contentBytes: exchange.contentBytes,
    failure: failure && { code: failure.code, message: failure.message, detail: failure.detail },
    times: { ready: since(readyAt), sent: since(sentAt), firstByte: since(firstByteAt), ended: since(endedAt) },
    connectingMs: exchange.connectingMs,
    tlsMs: exchange.tlsMs,
    tls: tls && { version: tls.version, cipher: tls.cipher, staple: tls.staple },
    remoteAddress: exchange.connection?.remoteAddress,
  };
}

function errorOf({ code, exitCode, message }: FromThread & { type: 'abort' }): PlimsollError {
  const known = Object.values(loadErrors).find((each) => each.code === code);
  return new PlimsollError({ code, exitCode, when: known?.when ?? '' }, { what: message });
}
