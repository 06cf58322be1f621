import { resolve as resolvePath } from 'node:path';
import { monotonicMs, PlimsollError } from '../../base/index.ts';
import { loadErrors, RunExitCode } from '../errors.ts';
import { scaled } from '../executors/index.ts';
import { checkThreshold, evaluateThresholds, parseThreshold, type MetricThresholds } from '../metrics/thresholds.ts';
import { stageMetrics } from '../metrics/stages.ts';
import { invalid } from '../options/fields.ts';
import { maxLengthMs, maxVus, resolveOptions, type LoadOptions } from '../options/options.ts';
import { maxVusOf, type Scenario } from '../options/scenarios.ts';
import { openOutputs, type Outputs } from '../outputs/index.ts';
import { absentTags, systemTagsOf } from '../outputs/tags.ts';
import { summaryData, type SummaryData, type SummaryGroup } from '../summary/data.ts';
import { renderSummary } from '../summary/render.ts';
import { describeScenario } from './describe.ts';
import { distortionsOf } from './distortions.ts';
import { planProcesses, thisMachine } from './limits.ts';
import type { ErrorMessage, FromProcess, ToProcess } from './messages.ts';
import { LoadProcesses, type Message } from './processes.ts';
import { RateWatch } from './rate-watch.ts';
import { Tally } from './tally.ts';
import {
  runPhases,
  type CheckResult,
  type LoadPlan,
  type LoadProgress,
  type LoadRequest,
  type LoadResult,
  type LoadRun,
  type RunStatus,
  type ThresholdResult,
} from './types.ts';

/** After so many dead processes in one run it is the machine, or the script, that kills them. */
const REPLACEMENTS_MAX = 3;

const THRESHOLD_PERIOD_MS = 2000;

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
    onLine: (line) => this.#request.log?.({ level: 'debug', message: line, source: 'process' }),
    onExit: (index, how) => this.#onExit(index, how),
  });
  readonly #handlers: ((progress: LoadProgress) => void)[] = [];
  readonly #planned = Promise.withResolvers<LoadPlan>();
  readonly #died = Promise.withResolvers<never>();
  #isOver = false;
  #options!: LoadOptions;
  /** What there is of each in this instance's part of the test. */
  #scenarios: Scenario[] = [];
  #thresholds: MetricThresholds[] = [];
  #rateWatch: RateWatch | undefined;
  #tally = new Tally(1);
  #outputs: Outputs | undefined;
  #startedAt = 0;
  #windowAt = 0;
  #evaluatedAt = 0;
  #markedFailed = false;
  #endedEarly: { exitCode: number; reason: string } | undefined;
  #phase: RunStatus['phase'] = runPhases.created;
  #isPaused = false;
  #resumed = Promise.withResolvers<void>();
  /** VUs that externally-controlled scenarios were last told to have, and may have. */
  #external: { vus: number; vusMax: number } | undefined;
  #setupData: string | undefined;
  /** Of all scenarios together. */
  #vusMax = 0;

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

  stop(): void {
    this.#end(RunExitCode.externalAbort, 'stopped');
  }

  get pids(): readonly number[] {
    return this.#processes.pids;
  }

  get status(): RunStatus {
    const { vus, vusMax } = this.#external ?? { vus: this.#tally.vus, vusMax: this.#vusMax };
    return {
      phase: this.#phase,
      paused: this.#isPaused,
      vus: this.#phase === runPhases.running && !this.#isPaused ? vus : 0,
      vusMax,
      stopped: this.#endedEarly !== undefined,
      tainted: this.#thresholds.some(({ thresholds }) => thresholds.some(({ ok }) => !ok)),
    };
  }

  async control({ vus, vusMax, paused, stopped }: { vus?: number; vusMax?: number; paused?: boolean; stopped?: boolean }): Promise<void> {
    await this.plan;
    if (stopped === true) this.#end(RunExitCode.stoppedByRest, 'stopped through the REST API');
    if (paused !== undefined) this.#pause(paused);
    if (vus !== undefined || vusMax !== undefined) this.#scale(vus, vusMax);
  }

  #pause(paused: boolean): void {
    if (paused === this.#isPaused) return;
    if (this.#phase >= runPhases.setup && this.#external === undefined)
      throw uncontrolled('only a test of externally-controlled scenarios can be paused and resumed after its start');
    this.#isPaused = paused;
    if (this.#external !== undefined) this.#processes.tellAll({ type: 'control', vus: undefined, paused });
    if (!paused) this.#resumed.resolve();
  }

  #scale(vus: number | undefined, vusMax: number | undefined): void {
    const external = this.#external;
    if (external === undefined)
      throw uncontrolled('an externally-controlled executor needs to be configured for live configuration updates');
    if (vusMax !== undefined && vusMax > external.vusMax)
      throw uncontrolled(
        `the maximum of ${external.vusMax} VUs was planned for at the start and cannot grow; give the scenario more maxVUs`,
      );
    const max = vusMax ?? external.vusMax;
    const asked = vus ?? external.vus;
    if (asked > max) throw uncontrolled(`${asked} VUs are more than the ${max} that the test may have`);
    this.#external = { vus: asked, vusMax: max };
    this.#processes.tellAll({ type: 'control', vus: asked, paused: undefined });
  }

  snapshot(): SummaryData | undefined {
    if (this.#startedAt === 0) return undefined;
    return summaryData({
      metrics: this.#tally.metrics,
      root: this.#tally.root,
      thresholds: this.#thresholds,
      options: this.#options,
      durationMs: monotonicMs() - this.#startedAt,
      setupData: this.#setupData === undefined ? undefined : (JSON.parse(this.#setupData) as unknown),
    });
  }

  kill(): void {
    this.#died.reject(new PlimsollError(loadErrors.PL_LOAD_PROCESS_DIED, { what: 'the run was killed' }));
  }

  async #execute(): Promise<LoadResult> {
    const outputContext = {
      env: this.#request.outputEnv ?? process.env,
      warn: (message: string) => this.#request.log?.({ level: 'warning', message, source: 'output' }),
    };
    const outputs = await openOutputs(this.#request.outputs ?? [], outputContext, this.#request.onSeries);
    this.#outputs = outputs;
    if (this.#isOver) return this.#died.promise;
    const first = this.#processes.add();
    const { options: raw, exports, metrics } = await this.#prepare(first);
    const { options, warnings } = resolveOptions(raw);
    this.#options = options;
    for (const message of warnings) this.#request.log?.({ level: 'warning', message, source: 'options' });
    this.#scenarios = options.scenarios.map((scenario) => scaled(scenario, options.sequence));
    const vus = maxVus(this.#scenarios);
    if (options.rateMissedMax !== undefined) this.#rateWatch = new RateWatch(options.rateMissedMax);
    const { processes: count, notes } = planProcesses(vus, this.#request.workers, options.localIPs.length, thisMachine());
    for (const message of notes) this.#request.log?.({ level: 'warning', message, source: 'plan' });
    this.#tally = new Tally(count);
    this.#tally.metrics.leaveOut(absentTags(systemTagsOf(raw['systemTags'])));
    for (const [name, type, contains] of metrics) this.#tally.metrics.define(name, type, contains);
    if (raw['noThresholds'] !== true) this.#defineThresholds();
    if (options.stageResults) for (const { name } of stageMetrics(options.scenarios)) this.#tally.metrics.submetric(name);
    const plan: LoadPlan = {
      scenarios: this.#scenarios.map((scenario) => ({
        name: scenario.name,
        executor: scenario.executor,
        vusMax: maxVusOf(scenario),
        description: describeScenario(scenario),
      })),
      vusMax: vus,
      maxDurationMs: maxLengthMs(options.scenarios),
      processes: count,
      thresholds: options.thresholds,
      outputs: [],
    };
    await outputs.begin({ script: this.#request.script, plan, options, raw });
    this.#planned.resolve({ ...plan, outputs: outputs.descriptions });
    this.#vusMax = vus;
    await Promise.all(Array.from({ length: count - 1 }, () => this.#prepare(this.#processes.add())));
    const external = options.scenarios.find((scenario) => scenario.executor === 'externally-controlled');
    if (external?.executor === 'externally-controlled') this.#external = { vus: external.vus, vusMax: external.maxVUs };
    await this.#waitWhilePaused(raw['paused'] === true);
    // Stopped while it was paused: nothing has begun that would have to be torn down.
    const hasBegun = this.#endedEarly === undefined;
    this.#phase = runPhases.setup;
    const hasSetup = exports.includes('setup') && raw['noSetup'] !== true && hasBegun;
    const setupData = hasSetup ? (await this.#processes.ask(first, { type: 'setup' }, 'setup-done')).setupData : undefined;
    this.#setupData = setupData;
    this.#phase = runPhases.running;
    await this.#load();
    const durationMs = monotonicMs() - this.#startedAt;
    this.#phase = runPhases.teardown;
    if (exports.includes('teardown') && raw['noTeardown'] !== true && hasBegun)
      await this.#processes.ask(first, { type: 'teardown', setupData }, 'teardown-done');
    const lately = { of: this.#tally.windows, nowMs: this.#startedAt + durationMs };
    evaluateThresholds(this.#thresholds, this.#tally.metrics, durationMs, true, lately);
    const result = await this.#summarise(first, exports, setupData, durationMs, vus);
    await outputs.end(result);
    return result;
  }

  /** A run that begins paused waits here, before setup, until it is resumed or stopped. */
  async #waitWhilePaused(paused: boolean): Promise<void> {
    if (!paused && !this.#isPaused) return;
    this.#isPaused = true;
    this.#phase = runPhases.pausedBeforeRun;
    this.#request.log?.({ level: 'info', message: 'the test is paused; plimsoll resume starts it', source: 'control' });
    await this.#resumed.promise;
    this.#isPaused = false;
  }

  /** From the first iteration to the end of the last. */
  async #load(): Promise<void> {
    const places = Array.from({ length: this.#processes.count }, (_, index) => index);
    const finished = places.map((index) => this.#processes.ask(index, this.#startOf(index), 'finished'));
    this.#startedAt = this.#windowAt = this.#evaluatedAt = monotonicMs();
    // What was asked for before the scenarios were there.
    if (this.#external) this.#processes.tellAll({ type: 'control', vus: this.#external.vus, paused: this.#isPaused });
    if (this.#endedEarly) this.#processes.tellAll({ type: 'end' });
    await Promise.all(finished);
  }

  /**
   * While scenarios run, a new process goes on with the VUs of one that is gone; at any other time, or when processes keep
   * dying, the run is over.
   */
  #onExit(index: number, how: string): void {
    if (this.#isOver) return;
    const isNeeded = this.#processes.isExpected(index, 'finished');
    if (this.#phase === runPhases.running && !this.#endedEarly && isNeeded && this.#tally.lost.length < REPLACEMENTS_MAX) {
      this.#tally.lost.push(how);
      this.#request.log?.({ level: 'warning', message: `${how}: a new one goes on with its VUs`, source: 'process' });
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
    if (this.#external) this.#processes.tell(index, { type: 'control', vus: this.#external.vus, paused: this.#isPaused });
    if (this.#endedEarly) this.#processes.tell(index, { type: 'end' });
  }

  #startOf(index: number): ToProcess {
    return {
      type: 'start',
      place: { index, count: this.#processes.count },
      setupData: this.#setupData,
      reportMs: this.#request.progressMs ?? 1000,
      elapsedMs: this.#startedAt === 0 ? 0 : monotonicMs() - this.#startedAt,
      done: this.#tally.doneBy(index),
    };
  }

  #prepare(index: number): Promise<Message<'prepared'>> {
    const { script, env, options, defaults } = this.#request;
    return this.#processes.ask(
      index,
      {
        type: 'prepare',
        script: resolvePath(script),
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
        this.#request.log?.({ level: message.level, message: message.message, source: message.source });
        return;
      case 'abort':
        if (message.error) this.#request.log?.({ level: 'error', message: message.error.message, source: 'abort' });
        this.#end(message.exitCode, message.reason);
        this.#processes.tellAll({ type: 'interrupt' });
        return;
      case 'samples':
        this.#outputs?.samples(message.batch);
        return;
      case 'marked-failed':
        this.#markedFailed = true;
        this.#request.log?.({
          level: 'error',
          message: `test marked as failed${message.reason === '' ? '' : `: ${message.reason}`}`,
          source: 'execution',
        });
        return;
      case 'report':
        this.#tally.add(index, message.report);
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
    this.#resumed.resolve();
    this.#processes.tellAll({ type: 'end' });
  }

  #defineThresholds(): void {
    for (const [name, list] of Object.entries(this.#options.thresholds)) {
      const metric = this.#tally.metrics.submetric(name);
      const thresholds = list.map(parseThreshold);
      this.#thresholds.push({ name, thresholds });
      if (!metric) throw invalid(`invalid threshold defined on ${name}; reason: no metric name "${name.replace(/\{.*$/s, '')}" found`);
      for (const threshold of thresholds) {
        try {
          checkThreshold(threshold, metric);
          if (threshold.windowMs !== undefined) this.#tally.windows.keep(name, threshold.windowMs);
        } catch (error) {
          throw invalid((error as Error).message);
        }
      }
    }
  }

  #progress(): void {
    if (this.#startedAt === 0 || this.#isOver) return;
    const nowMs = monotonicMs();
    const tally = this.#tally;
    const elapsedMs = nowMs - this.#startedAt;
    if (tally.vus > 0) {
      tally.metrics.builtIn('vus').sink.add(tally.vus);
      tally.metrics.builtIn('vus_max').sink.add(this.#vusMax);
    }
    const scenarios = this.#scenarios.map((scenario) => {
      const { fraction, activeVus, complete, interrupted, isDone } = tally.scenario(scenario.name);
      return {
        name: scenario.name,
        executor: scenario.executor,
        fraction,
        vus: activeVus,
        vusMax: maxVusOf(scenario),
        complete,
        interrupted,
        isDone,
      };
    });
    const progress: LoadProgress = {
      elapsedMs,
      vus: tally.vus,
      vusMax: this.#vusMax,
      iterations: sum(scenarios, 'complete'),
      interrupted: sum(scenarios, 'interrupted'),
      requests: tally.requests,
      failed: tally.failed,
      window: tally.takeWindow(nowMs - this.#windowAt),
      scenarios,
      thresholds: thresholdResults(this.#thresholds),
    };
    this.#windowAt = nowMs;
    this.#outputs?.progress(progress);
    for (const handler of this.#handlers) handler(progress);
    const missed = this.#rateWatch?.look({ atMs: elapsedMs, begun: tally.startDelays.count, missed: tally.missedStarts });
    if (missed !== undefined) this.#end(RunExitCode.thresholdsFailed, missed);
    if (nowMs - this.#evaluatedAt < THRESHOLD_PERIOD_MS) return;
    this.#evaluatedAt = nowMs;
    const failed = evaluateThresholds(this.#thresholds, tally.metrics, elapsedMs, false, { of: tally.windows, nowMs });
    if (failed !== undefined) this.#end(RunExitCode.thresholdsFailed, `the threshold ${failed} was crossed`);
  }

  async #summarise(
    first: number,
    exports: readonly string[],
    setupData: string | undefined,
    durationMs: number,
    vus: number,
  ): Promise<LoadResult> {
    const tally = this.#tally;
    const data = summaryData({
      metrics: tally.metrics,
      root: tally.root,
      thresholds: this.#thresholds,
      options: this.#options,
      durationMs,
      setupData: setupData === undefined ? undefined : (JSON.parse(setupData) as unknown),
    });
    let outputs: Record<string, string> | undefined;
    if (exports.includes('handleSummary') && this.#options.summaryMode !== 'disabled')
      outputs = (await this.#processes.ask(first, { type: 'summary', data: JSON.stringify(data) }, 'summary-done')).outputs;
    const { stdout, stderr, ...files } = outputs ?? { stdout: renderSummary(data, tally.metrics, this.#options) };
    if (stderr !== undefined) this.#request.log?.({ level: 'info', message: stderr, source: 'summary' });
    const thresholds = thresholdResults(this.#thresholds);
    const scenarios = this.#options.scenarios.map((scenario) => tally.scenario(scenario.name));
    const thresholdsFailed = thresholds.some(({ ok }) => !ok);
    return {
      exitCode: this.#exitCode(thresholdsFailed),
      reason: this.#endedEarly?.reason,
      summaryText: stdout ?? '',
      files,
      metrics: data.metrics,
      rootGroup: data.root_group,
      setupData: data.setup_data,
      thresholds,
      checks: checksOf(data.root_group),
      requests: tally.requests,
      failed: tally.failed,
      iterations: sum(scenarios, 'complete'),
      interrupted: sum(scenarios, 'interrupted'),
      vusMax: vus,
      durationMs,
      errorCounts: Object.fromEntries(tally.errors),
      distortions: distortionsOf(tally),
    };
  }

  #exitCode(thresholdsFailed: boolean): number {
    if (this.#endedEarly) return this.#endedEarly.exitCode;
    if (thresholdsFailed) return RunExitCode.thresholdsFailed;
    return this.#markedFailed ? RunExitCode.markedFailed : RunExitCode.ok;
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
}

function thresholdResults(all: readonly MetricThresholds[]): ThresholdResult[] {
  return all.flatMap(({ name, thresholds }) => thresholds.map(({ source, ok }) => ({ metric: name, source, ok })));
}

function sum<K extends string>(items: readonly Record<K, number>[], key: K): number {
  return items.reduce((total, item) => total + item[key], 0);
}

function checksOf(group: SummaryGroup): CheckResult[] {
  return [...group.checks.map(({ path, name, passes, fails }) => ({ path, name, passes, fails })), ...group.groups.flatMap(checksOf)];
}

function uncontrolled(what: string): PlimsollError {
  return new PlimsollError(loadErrors.PL_LOAD_CONTROL, { what });
}

function fromMessage({ code, message, stack }: ErrorMessage): PlimsollError {
  const spec = loadErrors[code as keyof typeof loadErrors] ?? loadErrors.PL_LOAD_PROCESS_DIED;
  const error = new PlimsollError(spec, { what: message });
  if (stack !== undefined) error.stack = stack;
  return error;
}
