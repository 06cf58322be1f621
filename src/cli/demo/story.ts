import { Histogram, monotonicMs, systemClock, type Logger } from '../../base/index.ts';
import { startLoad, type LoadProgress, type LoadResult, type LoadRun } from '../../load/index.ts';
import type { AlarmResource } from '../../aws/index.ts';
import type { Region } from '../../region/index.ts';
import { wholeMachine, type Sample } from './limits.ts';
import { ProcessObserver, residentBytes } from './observer.ts';
import type { DemoPlan } from './plan.ts';
import { alarmsOf, healthyUnits, type Stack } from './stack.ts';
import type { Frame } from './view.ts';

/** What happened from the first virtual user to the last task stopped. */
export interface Story {
  readonly samples: readonly Sample[];
  readonly load: LoadResult;
  readonly latency: Histogram;
  readonly peakTasks: number;
  readonly finalTasks: number;
  readonly memoryBytesMax: number;
  /** Answers of the balancer's own with a 5xx status, by reason. */
  readonly balancerFailures: Readonly<Record<string, number>>;
}

export interface StoryOptions {
  script: string;
  /** How long the list of todos is that each visit reads. */
  todos: number;
  plan: DemoPlan;
  /** Wall milliseconds since the command began, for the progress bar. */
  startedMs: number;
  expectedMs: number;
  signal: AbortSignal;
  log: Logger;
  onFrame(frame: Frame): void;
}

const frameMs = 500;
const sampleMs = 500;
const settledMs = 4000;

/** Swarms the stack by the plan and watches what it does; ends when the load has ended. */
export async function tellStory(region: Region, stack: Stack, options: StoryOptions): Promise<Story> {
  const run = startLoad({
    script: options.script,
    env: { BASE_URL: stack.url, TODOS: String(options.todos) },
    options: { stages: options.plan.stages.map((stage) => ({ ...stage })) },
    progressMs: sampleMs,
    log: (line) => options.log.info(line, 'load'),
  });
  const watch = new Watch(region, stack, run, options);
  const stop = (): void => run.kill();
  options.signal.addEventListener('abort', stop, { once: true });
  const frames = systemClock.every(frameMs, () => options.onFrame(watch.frame()));
  try {
    const load = await run.result;
    options.signal.throwIfAborted();
    return watch.story(load);
  } finally {
    frames.cancel();
    options.signal.removeEventListener('abort', stop);
  }
}

/** Collects the samples and the picture of the moment. */
class Watch {
  readonly #region: Region;
  readonly #stack: Stack;
  readonly #run: LoadRun;
  readonly #options: StoryOptions;
  readonly #observer = new ProcessObserver();
  readonly #samples: Sample[] = [];
  readonly #latency = new Histogram();
  readonly #failures: Record<string, number> = {};
  #healthyBefore: number;
  #progress: LoadProgress | undefined;
  #memoryBytesMax = 0;
  #peakTasks = 0;
  #settledAtMs: number | undefined;

  constructor(region: Region, stack: Stack, run: LoadRun, options: StoryOptions) {
    this.#region = region;
    this.#stack = stack;
    this.#run = run;
    this.#options = options;
    this.#healthyBefore = healthyUnits(stack);
    run.onProgress((progress) => this.#onProgress(progress));
    region.onBalancerMetrics((delta) => {
      for (const each of delta.loadBalancers) {
        for (const [reason, count] of Object.entries(each.reasons)) this.#failures[reason] = (this.#failures[reason] ?? 0) + count;
      }
    });
  }

  #onProgress(progress: LoadProgress): void {
    this.#progress = progress;
    const healthy = healthyUnits(this.#stack);
    // A span in which the number changed belongs to neither: -1 fits no limit.
    const healthyTasksThroughout = healthy === this.#healthyBefore ? healthy : -1;
    this.#healthyBefore = healthy;
    this.#peakTasks = Math.max(this.#peakTasks, healthy);
    const { window } = progress;
    this.#latency.merge(window.durationMs);
    this.#samples.push({
      atMs: progress.elapsedMs,
      users: progress.vus,
      spanMs: window.spanMs,
      requests: window.requests,
      failed: window.failed,
      durationMs: window.durationMs,
      healthyTasks: healthyTasksThroughout,
      busy: this.#busy(),
    });
    this.#stopWhenSettled(progress.elapsedMs);
    const pids = [process.pid, ...this.#region.balancerPids, ...this.#run.pids];
    this.#memoryBytesMax = Math.max(
      this.#memoryBytesMax,
      pids.reduce((sum, pid) => sum + residentBytes(pid), 0),
    );
  }

  /** The story is over when the service has been back at its minimum for a while, all others gone. */
  #stopWhenSettled(elapsedMs: number): void {
    const tasks = this.#stack.units();
    const back =
      elapsedMs > this.#options.plan.calmFromMs && this.#peakTasks > this.#stack.minUnits && tasks.length === this.#stack.minUnits;
    if (!back) this.#settledAtMs = undefined;
    else if (elapsedMs - (this.#settledAtMs ??= elapsedMs) >= settledMs) this.#run.stop();
  }

  #busy(): Record<string, number> {
    const { balancerPids, usage } = this.#region;
    const { processes, machine } = this.#observer.look([...balancerPids, ...this.#run.pids]);
    const most = (pids: readonly number[]): number => Math.max(0, ...pids.map((pid) => processes.get(pid) ?? 0));
    const running = this.#stack.units().filter(({ state }) => state === 'RUNNING' || state === 'InService');
    const tasks = running.map(({ cpuPercent = 0 }) => cpuPercent);
    return {
      [`CPU of the ${this.#stack.noun}s`]: tasks.length === 0 ? 0 : tasks.reduce((sum, cpu) => sum + cpu, 0) / tasks.length,
      'CPU of the database': usage.databaseCpuPercent,
      'the balancer process': most(balancerPids),
      'the load generator': most(this.#run.pids),
      [wholeMachine]: machine,
    };
  }

  frame(): Frame {
    const { plan, startedMs, expectedMs } = this.#options;
    const progress = this.#progress;
    const last = this.#samples.at(-1);
    const recent = progress ? Histogram.fromData(progress.window.durationMs) : new Histogram();
    const tasks = this.#stack.units();
    return {
      elapsedMs: monotonicMs() - startedMs,
      expectedMs,
      phase: this.#phase(progress?.elapsedMs ?? 0),
      url: this.#stack.url,
      users: progress?.vus ?? 0,
      usersMax: plan.usersMax,
      rps: last ? (last.requests * 1000) / Math.max(1, last.spanMs) : 0,
      p50Ms: recent.quantile(0.5),
      p95Ms: recent.quantile(0.95),
      requests: progress?.requests ?? 0,
      failed: progress?.failed ?? 0,
      noun: this.#stack.noun,
      tasks,
      desired: this.#stack.desired(),
      alarms: alarmsOf(this.#region).map((alarm) => ({
        name: alarm.AlarmName,
        state: alarm.StateValue ?? '',
        condition: conditionOf(alarm),
      })),
      activities: this.#stack.activities(),
      rpsHistory: this.#samples.map((sample) => (sample.requests * 1000) / Math.max(1, sample.spanMs)),
      tasksHistory: this.#samples.map((sample) => Math.max(0, sample.healthyTasks)),
    };
  }

  #phase(elapsedMs: number): string {
    const { plan } = this.#options;
    if (elapsedMs >= plan.calmFromMs) return 'load has fallen: waiting for the low alarm, scaling in';
    if (this.#healthyBefore < this.#stack.maxUnits) return `load rises on one ${this.#stack.noun}: waiting for the high alarm, scaling out`;
    return `four ${this.#stack.noun}s: the load rises further`;
  }

  story(load: LoadResult): Story {
    return {
      samples: this.#samples,
      load,
      latency: this.#latency,
      peakTasks: this.#peakTasks,
      finalTasks: healthyUnits(this.#stack),
      memoryBytesMax: this.#memoryBytesMax,
      balancerFailures: this.#failures,
    };
  }
}

const signs: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: '≥',
  GreaterThanThreshold: '>',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '≤',
};

function conditionOf({ MetricName, ComparisonOperator, Threshold, EvaluationPeriods, Period }: AlarmResource): string {
  return `${MetricName} ${signs[ComparisonOperator ?? '']} ${Threshold} for ${EvaluationPeriods} × ${Period} s`;
}
