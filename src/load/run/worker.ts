import { monotonicMs, systemClock, PlimsollError, type Timer } from '../../base/index.ts';
import { loadErrors, RunExitCode } from '../errors.ts';
import { createExecutor, iterationsOf, partOf, segmentOf, type Executor, type Segment } from '../executors/index.ts';
import { Pacer } from '../http/pacer.ts';
import { MetricRegistry } from '../metrics/registry.ts';
import { stageMetrics } from '../metrics/stages.ts';
import type { MetricType, ValueType } from '../metrics/sinks.ts';
import { hostModuleNames, loadModules } from '../modules/index.ts';
import { invalid } from '../options/fields.ts';
import { Recorder } from '../outputs/recorder.ts';
import { absentTags, systemTagsOf } from '../outputs/tags.ts';
import { mergeOptions, replacesScenarios, type RawOptions } from '../options/options.ts';
import { Secrets } from '../secrets/sources.ts';
import { compileScript } from '../script/compile.ts';
import { scriptError, type CompiledScript } from '../script/loaded.ts';
import type { ThreadPlan } from '../threads/messages.ts';
import { checkThreads } from '../threads/script-thread.ts';
import { Engine } from '../vu/engine.ts';
import { IterationRunner } from '../vu/iteration.ts';
import { Call } from '../vu/wheel.ts';
import { UncaughtRejection, Vu } from '../vu/vu.ts';
import { BadSummary, checkExports, ownOptions, resolveIn, summaryOutputs } from './exports.ts';
import type { ErrorMessage, FromProcess, Report, ToProcess } from './messages.ts';
import { SelfWatch } from './self-watch.ts';
import { VuPool } from './vu-pool.ts';

type Prepare = ToProcess & { type: 'prepare' };
type Start = ToProcess & { type: 'start' };
type Control = ToProcess & { type: 'control' };

interface ScenarioInRun {
  readonly name: string;
  readonly executor: Executor;
  readonly runner: IterationRunner;
  isDone: boolean;
}

/** One load process: holds the script, its VUs and the scenarios' share of this process. */
export class LoadWorker {
  readonly #send: (message: FromProcess) => void;
  readonly #toMessage: (error: unknown) => ErrorMessage;
  #metrics = new MetricRegistry();
  /** Only when an output wants every sample. */
  #recorder: Recorder | undefined;
  #script: CompiledScript | undefined;
  #engine!: Engine;
  /** The instance with `__VU` 0: options, setup, teardown, summary. */
  #first!: Vu;
  #scenarios: ScenarioInRun[] = [];
  /** What was asked for from outside while the VUs were still being made. */
  #asked: Control | undefined;
  #isEnding = false;
  readonly #ended = Promise.withResolvers<void>();
  /** Ends setup() while it runs. */
  #breakOff: (() => void) | undefined;
  readonly #watch = new SelfWatch();
  #hasAborted = false;

  constructor(send: (message: FromProcess) => void, toMessage: (error: unknown) => ErrorMessage) {
    this.#send = send;
    this.#toMessage = toMessage;
  }

  async handle(message: ToProcess): Promise<void> {
    switch (message.type) {
      case 'prepare':
        await this.#prepare(message);
        break;
      case 'setup':
        await this.#setup();
        break;
      case 'start':
        await this.#start(message);
        break;
      case 'control':
        this.#control(message);
        break;
      case 'interrupt':
        this.#interrupt();
        break;
      case 'teardown':
        await this.#teardown(message.setupData);
        break;
      case 'summary':
        await this.#summary(message.data);
        break;
    }
  }

  /** Compiles the script, runs its init code once and reads its options. */
  async #prepare(message: Prepare): Promise<void> {
    if (message.recording) {
      this.#recorder = new Recorder(message.recording, (batch) => this.#send({ type: 'samples', batch }));
      this.#metrics = new MetricRegistry(this.#recorder.create);
    }
    const script = await this.#load(message, message.layers.above['vuThreads'] === true ? 'asked for' : undefined);
    const engine = this.#engine;
    const { exports } = this.#first;
    const own = ownOptions(exports['options'], message.script);
    const layers = [message.layers.below, own, message.layers.above];
    const raw = mergeOptions(layers);
    const { options } = resolveIn(message.script, own, raw);
    checkExports(exports, message.script);
    for (const scenario of options.scenarios)
      if (typeof exports[scenario.exec] !== 'function')
        throw invalid(`executor ${scenario.name}: function '${scenario.exec}' not found in exports`, message.script);
    engine.options = options;
    engine.rawOptions = raw;
    if (script.source.refusal) this.#planThreads(script, message, raw);
    const systemTags = systemTagsOf(raw['systemTags']);
    this.#metrics.leaveOut(absentTags(systemTags));
    if (options.summaryMode === 'full') this.#metrics.countPlaces();
    // Here and not at the start: what setup() measures counts too.
    for (const name of [...Object.keys(options.thresholds), ...options.submetrics]) this.#metrics.submetric(name);
    if (this.#recorder) this.#recorder.systemTags = systemTags;
    const names = Object.keys(exports).filter((name) => typeof exports[name] === 'function');
    const metrics = [...this.#metrics.all()]
      .filter(({ name }) => !name.includes('{'))
      .map(({ name, type, contains }): [string, MetricType, ValueType] => [name, type, contains]);
    this.#send({ type: 'prepared', options: raw, replacesScenarios: replacesScenarios(layers), exports: names, metrics });
  }

  /**
   * Makes the first instance of the script. Where its init code runs into a function that may block, as in libraries that are handed
   * blocking callbacks, it is loaded again as it is, for threads.
   */
  async #load(message: Prepare, forThreads: string | undefined): Promise<CompiledScript> {
    const script = await compileScript({ file: message.script, source: message.source, hostModules: hostModuleNames, forThreads });
    this.#script = script;
    await loadModules(script.hostModules);
    const secrets = new Secrets(message.secretSources);
    const engine = new Engine({
      script,
      scriptFile: message.script,
      env: message.env,
      metrics: this.#metrics,
      log: (level, text, source) => this.#send({ type: 'log', level, message: secrets.redact(text), source }),
    });
    engine.secrets = secrets;
    engine.http.contentSize = this.#recorder?.contentSize();
    this.#engine = engine;
    let violation: PlimsollError | undefined;
    engine.onAbort = (error) => {
      if (error instanceof PlimsollError && error.code === loadErrors.PL_LOAD_CANNOT_SUSPEND.code) violation ??= error;
      else this.#abort(error);
    };
    engine.onFail = (reason) => this.#send({ type: 'marked-failed', reason });
    this.#first = new Vu(engine, 0);
    try {
      this.#first.initialise();
    } catch (error) {
      if (violation === undefined) throw scriptError(script, error, 'the init code threw');
    }
    if (violation === undefined) {
      engine.onAbort = (error) => this.#abort(error);
      return script;
    }
    if (forThreads !== undefined) throw violation;
    // What that instance may still be about concerns nobody.
    engine.onAbort = () => undefined;
    return this.#load(message, 'a function that may block is called by the init code, or by a library when it is loaded');
  }

  /** The script blocks where nothing can be awaited: it runs in threads that really block, one for each VU. */
  #planThreads(script: CompiledScript, { env, secretSources, recording }: Prepare, options: RawOptions): void {
    const engine = this.#engine;
    const plan: ThreadPlan = {
      source: script.source,
      env,
      options,
      secretSources,
      recording,
      exports: Object.keys(this.#first.exports).filter((name) => typeof this.#first.exports[name] === 'function'),
      onSamples: (batch) => this.#send({ type: 'samples', batch }),
    };
    checkThreads(plan, script.hostModules, engine.options.vusMax);
    engine.threads = plan;
    if (['setup', 'teardown', 'handleSummary'].some((name) => plan.exports.includes(name))) this.#first.moveToThread(plan);
  }

  async #setup(): Promise<void> {
    let setupData: string | undefined;
    const error = await this.#inPhase('setup', async () => {
      const data = await this.#call('setup', undefined, this.#engine.options.setupTimeoutMs, loadErrors.PL_LOAD_SETUP_TIMEOUT);
      try {
        // As in k6 what is undefined comes out as null.
        setupData = data === undefined ? undefined : JSON.stringify(data, (_key, value: unknown) => value ?? null);
      } catch (cause) {
        throw scriptError(this.#script, cause, 'setup() returned what cannot be sent as JSON');
      }
    });
    this.#send({ type: 'setup-done', setupData, error });
  }

  async #teardown(setupData: string | undefined): Promise<void> {
    const error = await this.#inPhase('teardown', async () => {
      const data: unknown = setupData === undefined ? undefined : JSON.parse(setupData);
      await this.#call('teardown', data, this.#engine.options.teardownTimeoutMs, loadErrors.PL_LOAD_TEARDOWN_TIMEOUT);
    });
    this.#report();
    this.#send({ type: 'teardown-done', error });
  }

  /** Runs setup() or teardown(), which somebody may also ask for while iterations run. Returns what they threw. */
  async #inPhase(phase: 'setup' | 'teardown', run: () => Promise<void>): Promise<ErrorMessage | undefined> {
    const engine = this.#engine;
    const before = engine.phase;
    this.#renewFirst(phase);
    engine.phase = phase;
    this.#first.group = engine.rootGroup.group(phase);
    try {
      await run();
      return undefined;
    } catch (error) {
      return this.#toMessage(error);
    } finally {
      if (before === 'run') engine.phase = before;
    }
  }

  /** As in k6, setup(), teardown() and handleSummary() share no variables: each has an instance of the script to itself. */
  #renewFirst(name: string): void {
    const engine = this.#engine;
    if (engine.threads || typeof this.#first.exports[name] !== 'function') return;
    this.#first.close();
    this.#first = new Vu(engine, 0);
    try {
      this.#first.initialise();
    } catch (error) {
      throw scriptError(this.#script, error, 'the init code threw');
    }
  }

  async #summary(data: string): Promise<void> {
    let outputs: ReturnType<typeof summaryOutputs>;
    try {
      this.#renewFirst('handleSummary');
      this.#engine.phase = 'summary';
      const result = await this.#call('handleSummary', JSON.parse(data), 120_000, loadErrors.PL_LOAD_TEARDOWN_TIMEOUT);
      outputs = summaryOutputs(result);
    } catch (error) {
      this.#engine.log('error', `handleSummary() failed: ${(error as Error).message}`, 'summary');
      if (error instanceof BadSummary) outputs = {};
    }
    this.#send({ type: 'summary-done', outputs });
  }

  /** Calls an exported function of the first instance, with a limit of time. */
  async #call(
    name: string,
    data: unknown,
    timeoutMs: number,
    timeoutError: (typeof loadErrors)['PL_LOAD_SETUP_TIMEOUT'],
  ): Promise<unknown> {
    const vu = this.#first;
    if (typeof vu.exports[name] !== 'function') return undefined;
    const engine = this.#engine;
    const startedAt = monotonicMs();
    const result = await new Promise<unknown>((resolve, reject) => {
      const breakOff = (error: PlimsollError): void => {
        vu.interrupt();
        reject(error);
      };
      const tookTooLong = (): void =>
        breakOff(new PlimsollError(timeoutError, { what: `${name}() execution timed out after ${timeoutMs / 1000} seconds` }));
      const limit = new Call(tookTooLong);
      engine.wheel.start(limit, timeoutMs);
      if (name === 'setup')
        this.#breakOff = () => breakOff(new PlimsollError(loadErrors.PL_LOAD_TEST_ABORTED, { what: 'setup() was interrupted' }));
      const settled = (settle: () => void): void => {
        engine.wheel.cancel(limit);
        // A function that never waits keeps the timer waiting.
        if (monotonicMs() - startedAt > timeoutMs) tookTooLong();
        else settle();
      };
      try {
        const value = vu.call(name, data);
        if (value instanceof Promise)
          value.then(
            (inner: unknown) => settled(() => resolve({ inner })),
            (error: unknown) => settled(() => reject(scriptError(this.#script, reasonOf(error), `${name}() threw`))),
          );
        else settled(() => resolve({ inner: value }));
      } catch (error) {
        settled(() => reject(scriptError(this.#script, error, `${name}() threw`)));
      }
    });
    vu.group = engine.rootGroup;
    return (result as { inner: unknown }).inner;
  }

  async #start(message: Start): Promise<void> {
    const engine = this.#engine;
    const { options } = engine;
    if (options.stageResults) for (const { name } of stageMetrics(options.scenarios)) this.#metrics.submetric(name);
    const { place } = message;
    const ownPart = (whole: Segment): Segment => partOf(whole, place.index, place.count);
    const segment = ownPart(segmentOf(options.sequence));
    const pool = new VuPool(engine, segment);
    await pool.fill(options.scenarios);
    if (options.scenarios.some(({ executor }) => executor.endsWith('arrival-rate'))) engine.starts.prepare();
    if (engine.threads && place.index === 0) this.#sayThreads(engine.threads);
    engine.phase = 'run';
    if (options.rps > 0) engine.pacer = new Pacer((options.rps * segment.offsets.length) / segment.period);
    this.#send({ type: 'ready' });
    this.#scenarios = options.scenarios.map((scenario) => {
      const instance = iterationsOf(options.sequence, scenario);
      const iterations = ownPart(instance);
      const runner = new IterationRunner(engine, scenario.exec, message.setupData, { instance, process: iterations });
      const done = message.done.find(({ name }) => name === scenario.name);
      if (done) runner.goOn(done);
      return {
        name: scenario.name,
        runner,
        executor: createExecutor({ engine, scenario, segment, iterations, runner, source: pool }),
        isDone: false,
      };
    });
    if (this.#asked) this.#control(this.#asked);
    const sum = (of: (entry: ScenarioInRun) => number): number => this.#scenarios.reduce((total, entry) => total + of(entry), 0);
    engine.instance = {
      startedAtMs: monotonicMs() - message.elapsedMs,
      iterationsCompleted: () => sum(({ runner }) => runner.complete),
      iterationsInterrupted: () => sum(({ runner }) => runner.interrupted),
      vusActive: () => sum(({ executor }) => executor.activeVus),
      vusInitialized: () => pool.made,
    };
    this.#watch.start();
    const ticker: Timer = systemClock.every(message.reportMs, () => this.#report());
    await Promise.all(
      this.#scenarios.map((entry, i) =>
        this.#runScenario(entry, (options.scenarios[i] as { startTimeMs: number }).startTimeMs - message.elapsedMs),
      ),
    );
    ticker.cancel();
    this.#watch.stop();
    pool.close();
    this.#report();
    this.#send({ type: 'finished' });
  }

  #sayThreads({ source }: ThreadPlan): void {
    const { reason, where } = source.refusal ?? { reason: '', where: '' };
    this.#engine.log('warning', `${where}: ${reason}: each VU therefore runs in a thread of its own (slower, about 25 MB each)`, 'script');
  }

  async #runScenario(entry: ScenarioInRun, startTimeMs: number): Promise<void> {
    if (startTimeMs > 0) {
      const due = Promise.withResolvers<void>();
      const call = new Call(due.resolve);
      this.#engine.wheel.start(call, startTimeMs);
      await Promise.race([due.promise, this.#ended.promise]);
      this.#engine.wheel.cancel(call);
    }
    if (!this.#isEnding) await entry.executor.run(Math.max(0, -startTimeMs));
    entry.isDone = true;
  }

  #control({ vus, paused }: Control): void {
    this.#asked = { type: 'control', vus: vus ?? this.#asked?.vus, paused: paused ?? this.#asked?.paused };
    for (const { executor } of this.#scenarios) executor.control(this.#asked);
  }

  /** As in k6, whatever ends a test early ends its iterations too. */
  #interrupt(): void {
    this.#isEnding = true;
    this.#ended.resolve();
    this.#breakOff?.();
    for (const { executor } of this.#scenarios) executor.interruptAll();
  }

  #report(): void {
    this.#recorder?.flush();
    const { errorCounts, startDelays, missedStarts } = this.#engine;
    const load = this.#watch.take();
    const report: Report = {
      metrics: this.#metrics.take(),
      groups: this.#engine.rootGroup.take(),
      errors: [...errorCounts],
      scenarios: this.#scenarios.map(({ name, executor, runner, isDone }) => ({
        name,
        fraction: isDone ? 1 : executor.fraction(),
        activeVus: executor.activeVus,
        complete: runner.complete,
        interrupted: runner.interrupted,
        isDone,
      })),
      vus: this.#scenarios.reduce((sum, { executor }) => sum + executor.heldVus, 0),
      lagMs: load.lagMs,
      cores: load.cores,
      startDelays: startDelays.count > 0 ? startDelays.toData() : undefined,
      missedStarts,
    };
    startDelays.reset();
    this.#engine.missedStarts = 0;
    errorCounts.clear();
    this.#send({ type: 'report', report });
  }

  /** The test cannot go on: a fault in the script that would make results wrong. */
  #abort(error: unknown): void {
    if (this.#hasAborted) return;
    this.#hasAborted = true;
    this.#isEnding = true;
    for (const { executor } of this.#scenarios) executor.end();
    // Not at once: the script that caused it is still running.
    setImmediate(() => this.#interrupt());
    const message = this.#toMessage(error);
    this.#send({
      type: 'abort',
      error: message,
      exitCode: error instanceof PlimsollError ? error.exitCode : RunExitCode.internal,
      reason: message.message,
    });
  }
}

function reasonOf(error: unknown): unknown {
  return error instanceof UncaughtRejection ? error.reason : error;
}
