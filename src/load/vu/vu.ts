import { assert, seededRandom } from '../../base/index.ts';
import type { TagLookup } from '../metrics/registry.ts';
import type { ScriptExports } from '../script/loaded.ts';
import {
  AwaitMark,
  createPromiseClass,
  runAsync,
  ScriptAsyncGenerator,
  ScriptPromise,
  unbox,
  yieldStar,
  type PromiseClass,
} from '../script/promises.ts';
import { cannotSuspend } from '../script/runtime.ts';
import { CookieStore } from '../http/cookies.ts';
import type { ExpectedStatuses } from '../http/expected.ts';
import { ConnectionPool, type TransportSource } from '../http/pool.ts';
import { ScriptThread } from '../threads/script-thread.ts';
import { createConsole } from './console.ts';
import type { Engine } from './engine.ts';
import { createGlobals } from './globals.ts';
import type { GroupNode } from './groups.ts';
import { textOf } from '../modules/bound.ts';
import { hostModule } from '../modules/index.ts';
import { ScriptCrypto } from '../modules/webcrypto.ts';
import type { ThreadPlan } from '../threads/messages.ts';
import { VuLoop } from './loop.ts';
import { createTimers, type Timers } from './timers.ts';
import { WheelEntry } from './wheel.ts';

/** Something that a VU waits for. */
export interface Suspension {
  /** Gives it up. The promise behind it is never settled: the script does not go on, not even its `finally` blocks, as in k6. */
  drop(): void;
}

/** What a promise that an exported function returned was rejected with. */
export class UncaughtRejection {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

/** The scenario that a VU runs for. */
export interface ScenarioContext {
  readonly name: string;
  readonly executor: string;
  readonly env: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** On the monotonic scale. */
  startedAtMs(): number;
  /** From 0 to 1. */
  progress(): number;
  stage(): number | undefined;
}

/** Which iteration a VU is in, counted from 0. */
export interface IterationPlace {
  inScenario: number;
  /** Of the scenario, over all VUs of this instance: of all processes that one command has started. */
  inInstance: number;
  /** The same over all instances that do one test together (`executionSegment`). */
  inTest: number;
}

/**
 * A virtual user: its instance of the script, its connections, its place in the run.
 *
 * Its code runs only while `suspension` is empty. That is the invariant which makes a rewritten
 * script right: a blocking call that the script failed to wait for is found by the next call to any
 * of k6's functions, or at the end of the iteration, and ends the test with an error.
 */
export class Vu implements TagLookup {
  readonly engine: Engine;
  /** `__VU`: from 1 on; 0 in the instance that reads options and runs setup. */
  id: number;
  /** The same within this instance; see `executionSegment`. */
  idInInstance: number;
  /** `__ITER`: iterations of this VU so far. */
  iteration = 0;
  group: GroupNode;
  exports: ScriptExports = {};
  isInitialised = false;
  /** Of a script in a thread: its init code has run. */
  ready: Promise<void> | undefined = undefined;
  env: Readonly<Record<string, string>>;
  scenario: ScenarioContext | undefined = undefined;
  /** Tags that the script sets for all further samples (`exec.vu.metrics.tags`); null for those that it took away. */
  tags: Record<string, string | null> | undefined = undefined;
  /** The same for metadata (`exec.vu.metrics.metadata`). */
  ownMetadata: Record<string, string> | undefined = undefined;
  readonly place: IterationPlace = { inScenario: 0, inInstance: 0, inTest: 0 };
  /** How much later than its schedule says the current iteration began. */
  lateMs = 0;
  suspension: Suspension | undefined = undefined;
  /** Sockets and streams that live longer than the call which opened them; none outlives its iteration. */
  streams: Set<Suspension> | undefined = undefined;
  promiseClass: PromiseClass | undefined = undefined;
  /** Set while an iteration runs: ends it from outside. */
  onInterrupt: (() => void) | undefined = undefined;
  /** `http.setResponseCallback`; null switches http_req_failed off. */
  responseCallback: ExpectedStatuses | null | undefined = undefined;
  cookies: CookieStore | undefined = undefined;
  readonly pool: TransportSource;
  /** For promises and timers of the script; undefined when it has none. */
  readonly loop: VuLoop | undefined;
  #timers: Timers | undefined = undefined;
  readonly #sleep: Sleep;
  /** The script's Math: its own when it may seed the random numbers. */
  readonly #math: typeof Math;
  readonly #modules = new Map<string, unknown>();

  constructor(engine: Engine, id: number) {
    this.engine = engine;
    this.id = id;
    this.idInInstance = id;
    this.group = engine.rootGroup;
    this.env = engine.env;
    this.pool = engine.blocking?.pool ?? new ConnectionPool(engine, id);
    this.#math = engine.script.seedsRandom ? (Object.create(Math) as typeof Math) : Math;
    this.loop = engine.script.needsLoop ? new VuLoop(engine) : undefined;
    this.#sleep = new Sleep(this);
  }

  /** Leaves its script to a thread of its own, in which it may really block. */
  moveToThread(plan: ThreadPlan): void {
    const thread = new ScriptThread(this, plan);
    this.ready = thread.ready;
    this.exports = Object.fromEntries(plan.exports.map((name) => [name, (data: unknown) => thread.call(name, data)]));
    this.isInitialised = true;
  }

  /** Runs the init code of the script for this VU. */
  initialise(): void {
    const { engine } = this;
    if (engine.threads) {
      this.moveToThread(engine.threads);
      return;
    }
    const onlyInInit = (name: string): void => {
      if (this.isInitialised) throw new Error(`the "${name}" function is only available in the init stage (i.e. the global scope)`);
    };
    const open = (path?: unknown, mode?: unknown): string | ArrayBuffer => {
      onlyInInit('open');
      return engine.open(textOf(path), mode);
    };
    const load = (name: string): unknown => {
      onlyInInit('require');
      let module = this.#modules.get(name);
      if (module === undefined) this.#modules.set(name, (module = hostModule(this, name)));
      return module;
    };
    const console = createConsole(this);
    const crypto = new ScriptCrypto(this);
    const forLoop = loopGlobals(this);
    const globals = createGlobals({ console, crypto, open, require: load, Math: this.#math });
    if (this.promiseClass) Object.assign(globals, { Promise: this.promiseClass, ...this.timers });
    const made = engine.script.factory(
      this,
      engine.runtime,
      Promise,
      load,
      globals,
      globals,
      console,
      open,
      load,
      this.#math,
      crypto,
      ...forLoop,
    );
    // A script that exports nothing gives nothing back.
    this.exports = (engine.script.source.awaits ? this.#awaitInit(made as unknown as Iterator<unknown>) : made) ?? {};
    this.loop?.runReady();
    this.isInitialised = true;
    // What the init code asked for is never asked for again by name.
    this.#modules.clear();
  }

  /** Runs init code that awaits. */
  #awaitInit(steps: Iterator<unknown>): ScriptExports {
    const { loop, promiseClass } = this;
    assert(loop && promiseClass, 'a script that awaits has a loop');
    const promise = runAsync(promiseClass, () => steps) as ScriptPromise;
    promise.react({ onFulfilled: undefined, onRejected: undefined, derived: undefined });
    loop.runReady();
    if (promise.state === 'rejected') throw promise.value;
    if (promise.state !== 'fulfilled')
      throw new Error('the init code awaits what does not come: timers and requests have to wait for the first iteration');
    return promise.value as ScriptExports;
  }

  /** A scenario takes this VU. */
  join(scenario: ScenarioContext): void {
    if (scenario.name !== this.scenario?.name) {
      this.tags = undefined;
      this.ownMetadata = undefined;
    }
    this.scenario = scenario;
    this.place.inScenario = 0;
    this.lateMs = 0;
    this.env = Object.keys(scenario.env).length > 0 ? { ...this.engine.env, ...scenario.env } : this.engine.env;
  }

  /** To be called first by each of k6's functions. Throws when the script should not be running. */
  enter(): void {
    if (this.suspension !== undefined) this.refuse('a blocking call was not waited for: the JavaScript engine itself called it');
  }

  refuse(what: string): never {
    const error = cannotSuspend(what, this.engine.placeNow());
    this.engine.onAbort(error);
    throw error;
  }

  /** Waits without occupying anything, but in the init code, which really stops; 0 and less do not wait at all. */
  sleep(seconds: number): Promise<void> | undefined {
    this.enter();
    const delayMs = seconds * 1000;
    if (!(delayMs > 0)) return undefined;
    const { blocking } = this.engine;
    if (blocking) blocking.sleep(delayMs);
    else if (!this.isInitialised) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
    else return this.#sleep.wait(delayMs);
    return undefined;
  }

  /** The timers of a script that has a loop. */
  get timers(): Timers {
    assert(this.loop, 'a script that mentions a timer has a loop');
    return (this.#timers ??= createTimers(this.loop, () => this.enter()));
  }

  /** This VU's cookie jar, made when the first cookie comes. */
  cookieStore(): CookieStore {
    return (this.cookies ??= new CookieStore());
  }

  /** The value of a system or scenario tag for this VU's samples. */
  tag(name: string): string | undefined {
    const own = this.tags?.[name];
    if (own !== undefined) return own ?? undefined;
    if (name === 'group') return this.group.path;
    if (name === 'vu') return String(this.id);
    if (name === 'iter') return String(this.iteration);
    const { scenario } = this;
    if (name === 'scenario') return scenario?.name;
    if (name === 'stage' && this.engine.options.stageResults) return scenario?.stage()?.toString();
    return scenario?.tags[name] ?? this.engine.options.tags[name];
  }

  addNames(names: Set<string>): void {
    if (this.engine.options.stageResults) names.add('stage');
    for (const tags of [this.engine.options.tags, this.scenario?.tags, this.tags])
      for (const name of Object.keys(tags ?? {})) names.add(name);
  }

  metadata(): Readonly<Record<string, string>> | undefined {
    return this.ownMetadata;
  }

  /** `randomSeed()`: Math.random of this VU from now on. */
  seedRandom(seed: number): void {
    const random = seededRandom(seed);
    Object.defineProperty(this.#math, 'random', { value: () => random.float(), configurable: true });
  }

  /** Ends the current iteration, if there is one: its code is never resumed. */
  interrupt(): void {
    this.suspension?.drop();
    this.suspension = undefined;
    if (this.streams) this.dropStreams();
    this.loop?.reset();
    this.onInterrupt?.();
  }

  dropStreams(): void {
    const streams = this.streams;
    this.streams = undefined;
    for (const stream of streams ?? []) stream.drop();
  }

  /**
   * Runs an exported function to its end: waits while it blocks, then for everything that it left on the VU's
   * loop. Rejections that nobody handled are logged, the function's own is thrown.
   */
  call(name: string, data: unknown): unknown {
    const { loop } = this;
    const exports = this.exports as Record<string, ((data: unknown) => unknown) | undefined>;
    // As a method, so that stacks have the name that the script knows it by.
    if (!loop) return exports[name]?.(data);
    let result: unknown;
    try {
      result = exports[name]?.(data);
    } catch (error) {
      return this.#fail(loop, error);
    }
    if (!(result instanceof Promise)) return this.#drain(loop, result);
    return result.then(
      (value: unknown) => this.#drain(loop, unbox(value)),
      (error: unknown) => this.#fail(loop, error),
    );
  }

  async #drain(loop: VuLoop, value: unknown): Promise<unknown> {
    const promise = value instanceof ScriptPromise ? value : undefined;
    promise?.react({ onFulfilled: undefined, onRejected: undefined, derived: undefined });
    for (const other of await loop.drain())
      this.engine.log('error', `Uncaught (in promise) ${this.engine.script.stackOf((other as ScriptPromise).value)}`, 'stacktrace');
    if (promise?.state === 'rejected') throw new UncaughtRejection(promise.value);
    return promise ? promise.value : value;
  }

  /** As in k6, callbacks that are ready still run after an exception; timers do not. */
  async #fail(loop: VuLoop, error: unknown): Promise<never> {
    await loop.runJobs();
    loop.reset();
    throw error;
  }

  /** The end of this VU: no connection stays. */
  close(): void {
    this.pool.close();
  }
}

type GeneratorFunction = (...args: unknown[]) => Iterator<unknown>;
type Arguments = ArrayLike<unknown> | null;

/** The factory's parameters from `Promise` on. */
function loopGlobals(vu: Vu): unknown[] {
  const { loop } = vu;
  if (!loop) return [];
  const promiseClass = createPromiseClass(loop, () => vu.refuse('a blocking call in the executor of a promise'));
  vu.promiseClass = promiseClass;
  return [
    promiseClass,
    (self: unknown, args: Arguments, generator: GeneratorFunction) =>
      runAsync(promiseClass, () => generator.apply(self, Array.from(args ?? []))),
    (self: unknown, args: Arguments, generator: GeneratorFunction) =>
      new ScriptAsyncGenerator(promiseClass, generator.apply(self, Array.from(args ?? []))),
    AwaitMark,
    yieldStar,
    vu.timers.setTimeout,
    vu.timers.clearTimeout,
    vu.timers.setInterval,
    vu.timers.clearInterval,
  ];
}

/** `sleep()`; one object per VU, used again each time. */
class Sleep extends WheelEntry implements Suspension {
  readonly #vu: Vu;
  #resolve: (() => void) | undefined;
  readonly #executor = (resolve: () => void): void => {
    this.#resolve = resolve;
  };

  constructor(vu: Vu) {
    super();
    this.#vu = vu;
  }

  wait(delayMs: number): Promise<void> {
    this.#vu.suspension = this;
    this.#vu.engine.wheel.start(this, delayMs);
    return new Promise(this.#executor);
  }

  onDue(): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#vu.suspension = undefined;
    resolve?.();
  }

  drop(): void {
    this.#vu.engine.wheel.cancel(this);
    this.#resolve = undefined;
  }
}
