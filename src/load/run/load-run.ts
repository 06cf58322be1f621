import { resolve as resolvePath } from 'node:path';
import { monotonicMs, PlimsollError, systemClock } from '../../base/index.ts';
import { loadErrors, RunExitCode } from '../errors.ts';
import { scaled, segmentOf } from '../executors/index.ts';
import { stageMetrics } from '../metrics/stages.ts';
import { invalid } from '../options/fields.ts';
import { maxLengthMs, maxVus, resolveOptions, type LoadOptions } from '../options/options.ts';
import { maxVusOf, type Scenario } from '../options/scenarios.ts';
import { openOutputs, type Outputs } from '../outputs/index.ts';
import { absentTags, systemTagsOf } from '../outputs/tags.ts';
import { summaryData, type SummaryData } from '../summary/data.ts';
import { describeScenario } from './describe.ts';
import { Judge } from './judge.ts';
import { fromMessage, LifeCycle } from './life-cycle.ts';
import { planProcesses, thisMachine } from './limits.ts';
import type { FromProcess, ToProcess } from './messages.ts';
import { resultOf } from './outcome.ts';
import { LoadProcesses, type Message } from './processes.ts';
import { ProgressView } from './progress.ts';
import { Steering, uncontrolled } from './steering.ts';
import { Tally } from './tally.ts';
import { runPhases, type LoadPlan, type LoadProgress, type LoadRequest, type LoadResult, type LoadRun, type RunStatus } from './types.ts';

/** After so many dead processes in one run it is the machine, or the script, that kills them. */
const REPLACEMENTS_MAX = 3;
/** A process that owes so many reports when its time is over has a script that computes without end. */
const REPORTS_OWED = 10;

/** What is known once the first process has read the script. */
interface Known {
  readonly raw: Message<'prepared'>['options'];
  readonly options: LoadOptions;
  /** What there is of each scenario in this instance's part of the test. */
  readonly scenarios: readonly Scenario[];
  readonly tally: Tally;
  readonly judge: Judge;
  readonly progress: ProgressView;
  /** Of all scenarios together. */
  readonly vusMax: number;
}

/**
 * One run, seen from outside the load processes:
 *
 *     prepare (first process) → plan → more processes → setup → start all → reports … → teardown → summary
 */
export class Run implements LoadRun {
  readonly plan: Promise<LoadPlan>;
  readonly result: Promise<LoadResult>;
  readonly #request: LoadRequest;
  readonly #processes = new LoadProcesses({
    onMessage: (index, message) => this.#onMessage(index, message),
    onLine: (line) => this.#say('debug', line, 'process'),
    onExit: (index, how) => this.#onExit(index, how),
  });
  readonly #steering = new Steering(this.#processes);
  readonly #lifeCycle = new LifeCycle(this.#processes);
  readonly #handlers: ((progress: LoadProgress) => void)[] = [];
  readonly #planned = Promise.withResolvers<LoadPlan>();
  readonly #died = Promise.withResolvers<never>();
  #known: Known | undefined;
  #outputs: Outputs | undefined;
  #phase: RunStatus['phase'] = runPhases.created;
  #startedAt = 0;
  #isMarkedFailed = false;
  #endedEarly: { exitCode: number; reason: string } | undefined;
  #isOver = false;
  /** Places of processes that were ended because they would not end. */
  readonly #stuck = new Set<number>();

  constructor(request: LoadRequest) {
    this.#request = request;
    this.plan = this.#planned.promise;
    this.#died.promise.catch(() => undefined);
    this.result = this.#finish(Promise.race([this.#execute(), this.#died.promise]));
    this.plan.catch(() => undefined);
    this.result.catch((error: unknown) => this.#planned.reject(error));
  }

  onProgress(handler: (progress: LoadProgress) => void): void {
    this.#handlers.push(handler);
  }

  stop(reason = 'stopped'): void {
    this.#end(RunExitCode.externalAbort, reason);
  }

  kill(): void {
    this.#died.reject(new PlimsollError(loadErrors.PL_LOAD_PROCESS_DIED, { what: 'the run was killed' }));
  }

  get pids(): readonly number[] {
    return this.#processes.pids;
  }

  get status(): RunStatus {
    const { isPaused, external } = this.#steering;
    const { vus, vusMax } = external ?? { vus: this.#known?.tally.vus ?? 0, vusMax: this.#known?.vusMax ?? 0 };
    return {
      phase: this.#phase,
      paused: isPaused,
      vus: this.#phase === runPhases.running && !isPaused ? vus : 0,
      vusMax,
      stopped: this.#endedEarly !== undefined,
      tainted: this.#known?.judge.hasFailed ?? false,
    };
  }

  async control({ vus, vusMax, paused, stopped }: { vus?: number; vusMax?: number; paused?: boolean; stopped?: boolean }): Promise<void> {
    await this.plan;
    if (stopped === true) this.#end(RunExitCode.stoppedByRest, 'stopped through the REST API');
    if (paused !== undefined) this.#steering.pause(paused, this.#phase);
    if (vus !== undefined || vusMax !== undefined) this.#steering.scale(vus, vusMax);
  }

  get setupData(): unknown {
    return this.#lifeCycle.data;
  }

  async setup(): Promise<void> {
    await this.#untilReady();
    await Promise.race([this.#lifeCycle.setup(), this.#died.promise]);
  }

  putSetupData(data: unknown): void {
    this.#lifeCycle.data = data;
  }

  async teardown(): Promise<void> {
    await this.#untilReady();
    await Promise.race([this.#lifeCycle.teardown(), this.#died.promise]);
  }

  async #untilReady(): Promise<void> {
    await this.plan;
    if (this.#isOver) throw uncontrolled('the test is over');
  }

  snapshot(): SummaryData | undefined {
    return this.#startedAt === 0 || !this.#known ? undefined : this.#summaryData(this.#known, monotonicMs() - this.#startedAt);
  }

  #summaryData({ tally, judge, options }: Known, durationMs: number): SummaryData {
    const { thresholds } = judge;
    const { noColor } = this.#request;
    return summaryData({
      metrics: tally.metrics,
      root: tally.root,
      thresholds,
      options,
      durationMs,
      setupData: this.#lifeCycle.data,
      noColor,
    });
  }

  async #execute(): Promise<LoadResult> {
    const outputContext = {
      env: this.#request.outputEnv ?? process.env,
      warn: (message: string) => this.#say('warning', message, 'output'),
    };
    const outputs = await openOutputs(this.#request.outputs ?? [], outputContext, this.#request.onSeries);
    this.#outputs = outputs;
    if (this.#isOver) return this.#died.promise;
    const known = await this.#makePlan(outputs);
    const { raw } = known;
    this.#steering.plan(known.options.scenarios);
    if (raw['paused'] === true || this.#steering.isPaused) {
      this.#phase = runPhases.pausedBeforeRun;
      this.#say('info', 'the test is paused; plimsoll resume starts it', 'control');
      await this.#steering.waitForStart();
    }
    this.#phase = runPhases.setup;
    if (!this.#endedEarly && raw['noSetup'] !== true) await this.#try(() => this.#lifeCycle.setup());
    let durationMs = 0;
    // Without setup() there is nothing to be done, and nothing to be torn down.
    if (!this.#endedEarly) {
      this.#phase = runPhases.running;
      await this.#load();
      durationMs = monotonicMs() - this.#startedAt;
      this.#phase = runPhases.teardown;
      if (raw['noTeardown'] !== true) await this.#try(() => this.#lifeCycle.teardown());
    }
    known.judge.conclude(durationMs, this.#startedAt + durationMs);
    const result = await this.#summarise(known, durationMs);
    await outputs.end(result);
    return result;
  }

  /** What was measured is told even if setup() or teardown() throws or takes too long. */
  async #try(phase: () => Promise<void>): Promise<void> {
    try {
      await phase();
    } catch (error) {
      if (!(error instanceof PlimsollError)) throw error;
      this.#endedEarly ??= { exitCode: error.exitCode, reason: error.message };
    }
  }

  /** Reads the script and starts as many processes as its VUs need. */
  async #makePlan(outputs: Outputs): Promise<Known> {
    const { options: raw, replacesScenarios, exports, metrics } = await this.#prepare(this.#processes.add());
    this.#lifeCycle.know(exports);
    const { options, warnings } = resolveOptions(raw);
    if (replacesScenarios)
      this.#say('warning', 'the scenarios have no effect: what takes precedence over them says how much load there is', 'options');
    for (const message of warnings) this.#say('warning', message, 'options');
    const scenarios = options.scenarios.map((scenario) => scaled(scenario, options.sequence));
    const vusMax = maxVus(scenarios);
    const { processes: count, notes } = planProcesses(vusMax, this.#request.workers, options.localIPs.length, thisMachine());
    for (const message of notes) this.#say('warning', message, 'plan');
    const tally = new Tally(count);
    tally.metrics.leaveOut(absentTags(systemTagsOf(raw['systemTags'])));
    for (const [name, type, contains] of metrics) tally.metrics.define(name, type, contains);
    for (const name of options.submetrics)
      if (!tally.metrics.submetric(name)) throw invalid(`submetrics: there is no metric of "${name}", or its tags are malformed`);
    const judge = new Judge(options, raw, tally);
    if (options.stageResults) for (const { name } of stageMetrics(options.scenarios)) tally.metrics.submetric(name);
    const known = { raw, options, scenarios, tally, judge, progress: new ProgressView(scenarios, tally, vusMax), vusMax };
    this.#known = known;
    const { offsets, period } = segmentOf(options.sequence);
    const plan: LoadPlan = {
      scenarios: scenarios.map((scenario) => ({
        name: scenario.name,
        executor: scenario.executor,
        vusMax: maxVusOf(scenario),
        description: describeScenario(scenario),
      })),
      vusMax,
      maxDurationMs: maxLengthMs(options.scenarios),
      processes: count,
      share: offsets.length / period,
      thresholds: options.thresholds,
      outputs: [],
    };
    await outputs.begin({ script: this.#request.script, plan, options, raw });
    this.#planned.resolve({ ...plan, outputs: outputs.descriptions });
    await Promise.all(Array.from({ length: count - 1 }, () => this.#prepare(this.#processes.add())));
    return known;
  }

  get #reportMs(): number {
    return this.#request.progressMs ?? 1000;
  }

  /** From the first iteration to the end of the last. */
  async #load(): Promise<void> {
    const places = Array.from({ length: this.#processes.count }, (_, index) => index);
    const finished = places.map((index) => this.#processes.ask(index, this.#startOf(index), 'finished'));
    this.#startedAt = monotonicMs();
    for (const index of places) this.#steering.brief(index);
    if (this.#endedEarly) this.#processes.tellAll({ type: 'interrupt' });
    const watch = systemClock.every(this.#reportMs, () => this.#endStuck());
    await Promise.all(finished).finally(() => watch.cancel());
  }

  /**
   * A script that computes without end never sees that its time is over, nor do the other VUs of its process. Where k6 interrupts
   * an iteration, a process ends here; another takes its place for teardown() and handleSummary().
   */
  #endStuck(): void {
    const { tally, options } = this.#known!;
    const silentMs = REPORTS_OWED * this.#reportMs;
    if (!this.#endedEarly && monotonicMs() - this.#startedAt < maxLengthMs(options.scenarios)) return;
    for (let index = 0; index < this.#processes.count; index++) {
      const isRunning = this.#processes.isExpected(index, 'finished') && !this.#stuck.has(index);
      if (!isRunning || this.#processes.silentMs(index) < silentMs) continue;
      this.#stuck.add(index);
      tally.stuck++;
      this.#say('warning', `load process ${this.#processes.pidOf(index)} computes without end: it is ended`, 'process');
      this.#processes.replace(index);
      this.#prepare(index).then(
        () => this.#processes.answer(index, { type: 'finished' }),
        (error: unknown) => this.#died.reject(error),
      );
    }
  }

  /**
   * While scenarios run, a new process goes on with the VUs of one that is gone; at any other time, or when processes keep
   * dying, the run is over.
   */
  #onExit(index: number, how: string): void {
    if (this.#isOver) return;
    const isNeeded = this.#processes.isExpected(index, 'finished');
    const lost = this.#known?.tally.lost;
    if (lost && this.#phase === runPhases.running && !this.#endedEarly && isNeeded && lost.length < REPLACEMENTS_MAX) {
      lost.push(how);
      this.#say('warning', `${how}: a new one goes on with its VUs`, 'process');
      this.#replace(index).catch((error: unknown) => this.#died.reject(error));
      return;
    }
    this.#died.reject(
      new PlimsollError(loadErrors.PL_LOAD_PROCESS_DIED, { what: how, fix: 'check the memory of the machine, or use fewer VUs' }),
    );
  }

  async #replace(index: number): Promise<void> {
    this.#processes.replace(index);
    await this.#prepare(index);
    this.#processes.tell(index, this.#startOf(index));
    this.#steering.brief(index);
    if (this.#endedEarly) this.#processes.tell(index, { type: 'interrupt' });
  }

  #startOf(index: number): ToProcess {
    return {
      type: 'start',
      place: { index, count: this.#processes.count },
      setupData: this.#lifeCycle.json,
      reportMs: this.#reportMs,
      elapsedMs: this.#startedAt === 0 ? 0 : monotonicMs() - this.#startedAt,
      done: this.#known?.tally.doneBy(index) ?? [],
    };
  }

  #prepare(index: number): Promise<Message<'prepared'>> {
    const { script, source, env, options, defaults } = this.#request;
    return this.#processes.ask(
      index,
      {
        type: 'prepare',
        script: resolvePath(script),
        source,
        env: env ?? {},
        layers: { below: defaults ?? {}, above: options ?? {} },
        secretSources: this.#request.secretSources ?? [],
        recording: this.#outputs?.recording,
      },
      'prepared',
    );
  }

  #onMessage(index: number, message: FromProcess): void {
    switch (message.type) {
      case 'failed':
        this.#died.reject(fromMessage(message.error));
        return;
      case 'log':
        this.#say(message.level, message.message, message.source);
        return;
      case 'abort':
        if (message.error) this.#say('error', message.error.message, 'abort');
        this.#end(message.exitCode, message.reason);
        return;
      case 'samples':
        this.#outputs?.samples(message.batch);
        return;
      case 'marked-failed':
        this.#isMarkedFailed = true;
        this.#say('error', `test marked as failed${message.reason === '' ? '' : `: ${message.reason}`}`, 'execution');
        return;
      case 'report':
        this.#known?.tally.add(index, message.report);
        this.#outputs?.report(message.report.metrics);
        if (index === 0) this.#progress();
        return;
      default:
        this.#processes.answer(index, message);
    }
  }

  #end(exitCode: number, reason: string): void {
    if (this.#endedEarly) return;
    this.#endedEarly = { exitCode, reason };
    this.#steering.release();
    this.#processes.tellAll({ type: 'interrupt' });
  }

  #progress(): void {
    const known = this.#known;
    if (this.#startedAt === 0 || this.#isOver || !known) return;
    const nowMs = monotonicMs();
    const elapsedMs = nowMs - this.#startedAt;
    const progress = known.progress.take(elapsedMs, known.judge.results);
    this.#outputs?.progress(progress);
    for (const handler of this.#handlers) handler(progress);
    const reason = known.judge.look(elapsedMs, nowMs);
    if (reason !== undefined) this.#end(RunExitCode.thresholdsFailed, reason);
  }

  async #summarise(known: Known, durationMs: number): Promise<LoadResult> {
    const { tally, options, judge, vusMax } = known;
    const data = this.#summaryData(known, durationMs);
    const isAsked = this.#lifeCycle.has('handleSummary') && options.summaryMode !== 'disabled';
    const outputs = isAsked ? await this.#lifeCycle.summary(JSON.stringify(data)) : undefined;
    const endedEarly = this.#endedEarly;
    if (!endedEarly && options.scenarios.every(({ name }) => tally.scenario(name).complete === 0))
      this.#say('warning', 'no iteration was finished: let the test run for longer', 'summary');
    const isMarkedFailed = this.#isMarkedFailed;
    return resultOf({ data, tally, options, thresholds: judge.results, endedEarly, isMarkedFailed, outputs, vusMax, durationMs });
  }

  /** Whatever the outcome, no process is left behind. */
  async #finish(outcome: Promise<LoadResult>): Promise<LoadResult> {
    try {
      return await outcome;
    } finally {
      this.#isOver = true;
      this.#phase = runPhases.ended;
      await this.#processes.stop(1000);
      await this.#outputs?.close();
    }
  }

  #say(level: 'debug' | 'info' | 'warning' | 'error', message: string, source: string): void {
    this.#request.log?.({ level, message, source });
  }
}
