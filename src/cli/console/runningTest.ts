import { join } from 'node:path';
import { errorMessage, Histogram, monotonicMs, systemClock } from '../../base/index.ts';
import type { StatisticsRow, TestMoment, TestRequest, TestRun, TestState } from '../../console/index.ts';
import { startLoad, Statistics, type LoadProgress, type LoadRun, type RequestStatistics } from '../../load/index.ts';
import { rounded } from './rates.ts';

/** More points do not fit on a screen: then each stands for twice the time. */
const momentsMax = 600;
const exceptionsMax = 100;
/** All that the statistics need, and no URL: rows are by name. */
const systemTags = ['error', 'error_code', 'expected_response', 'method', 'name', 'scenario', 'status'];

/** One load test, from its start to its results. */
export class RunningTest {
  readonly id: string;
  readonly #request: TestRequest;
  readonly #run: LoadRun;
  readonly #statistics = new Statistics();
  readonly #exceptions = new Map<string, number>();
  readonly #startedAtMs = systemClock.nowMs();
  readonly #ended: Promise<void>;
  #moments: TestMoment[] = [];
  #momentEvery = 1;
  #ticks = 0;
  #progress: LoadProgress | undefined;
  #rates = new Map<RequestStatistics, { requests: number; failed: number; perSecond: number; failedPerSecond: number }>();
  #ratesAtMs = monotonicMs();
  #state: TestState = 'starting';
  #end: Pick<TestRun, 'reason' | 'thresholds' | 'distortions'> & { usersMax: number } = { thresholds: [], distortions: [], usersMax: 0 };

  constructor(id: string, folder: string, request: TestRequest, onChange: (run: TestRun) => void) {
    this.id = id;
    this.#request = request;
    const { env, ramp, workers } = request;
    this.#run = startLoad({
      script: join(folder, 'script.js'),
      env: { ...env },
      options: { systemTags, ...(ramp === undefined ? {} : { stages: stagesOf(ramp) }) },
      outputs: [`html=${join(folder, 'report.html')}`],
      outputEnv: {},
      onSeries: (series) => this.#statistics.add(series),
      log: ({ level, message }) => {
        if (level === 'error') this.#except(message);
      },
      ...(workers === undefined ? {} : { workers }),
    });
    this.#run.onProgress((progress) => {
      this.#onProgress(progress);
      onChange(this.state());
    });
    this.#ended = this.#follow(onChange);
  }

  get isOver(): boolean {
    return !['starting', 'running', 'stopping'].includes(this.#state);
  }

  stop(): void {
    this.#state = 'stopping';
    this.#run.stop();
  }

  /** At once; resolves when nothing of it runs any more. */
  async kill(): Promise<void> {
    if (!this.isOver) this.#run.kill();
    await this.#ended;
  }

  state(): TestRun {
    const progress = this.#progress;
    const { usersMax, ...end } = this.#end;
    return {
      id: this.id,
      name: this.#request.name,
      state: this.#state,
      startedAtMs: this.#startedAtMs,
      elapsedMs: progress?.elapsedMs ?? 0,
      users: this.isOver ? 0 : (progress?.vus ?? 0),
      usersMax: Math.max(usersMax, progress?.vusMax ?? 0),
      requests: progress?.requests ?? 0,
      failed: progress?.failed ?? 0,
      iterations: progress?.iterations ?? 0,
      total: this.#row(this.#statistics.total()),
      rows: this.#statistics.rows().map((row) => this.#row(row)),
      failures: this.#statistics.failures().map(({ method, ...failure }) => ({ type: method, ...failure })),
      exceptions: [...this.#exceptions].map(([message, count]) => ({ message, count })),
      scenarios: (progress?.scenarios ?? []).map(({ name, executor, vus, complete }) => ({
        name,
        executor,
        users: vus,
        iterations: complete,
      })),
      workers: this.#run.pids.map((pid) => ({ pid })),
      moments: this.#moments,
      ...end,
    };
  }

  async #follow(onChange: (run: TestRun) => void): Promise<void> {
    try {
      const { exitCode, reason, thresholds, distortions, vusMax } = await this.#run.result;
      this.#state = exitCode === 0 ? 'passed' : exitCode === 99 ? 'thresholds crossed' : exitCode === 105 ? 'stopped' : 'failed';
      this.#end = { thresholds, distortions, usersMax: vusMax, ...(reason === undefined ? {} : { reason }) };
    } catch (error) {
      this.#state = 'failed';
      this.#end = { ...this.#end, reason: errorMessage(error) };
    }
    onChange(this.state());
  }

  #onProgress(progress: LoadProgress): void {
    if (this.#state === 'starting') this.#state = 'running';
    this.#progress = progress;
    const { window, vus, elapsedMs } = progress;
    this.#measureRates();
    if (this.#ticks++ % this.#momentEvery !== 0) return;
    const seconds = Math.max(0.001, window.spanMs / 1000);
    const times = Histogram.fromData(window.durationMs);
    this.#moments.push({
      atS: rounded(elapsedMs / 1000),
      users: vus,
      requestsPerSecond: rounded(window.requests / seconds),
      failuresPerSecond: rounded(window.failed / seconds),
      ...(times.count === 0 ? {} : { medianMs: rounded(times.quantile(0.5)), p95Ms: rounded(times.quantile(0.95)) }),
    });
    if (this.#moments.length <= momentsMax) return;
    this.#moments = this.#moments.filter((_, index) => index % 2 === 0);
    this.#momentEvery *= 2;
  }

  /** Requests per second of each row since the last progress. */
  #measureRates(): void {
    const nowMs = monotonicMs();
    const seconds = Math.max(0.001, (nowMs - this.#ratesAtMs) / 1000);
    this.#ratesAtMs = nowMs;
    for (const row of [this.#statistics.total(), ...this.#statistics.rows()]) {
      const before = this.#rates.get(row) ?? { requests: 0, failed: 0 };
      this.#rates.set(row, {
        requests: row.requests,
        failed: row.failed,
        perSecond: (row.requests - before.requests) / seconds,
        failedPerSecond: (row.failed - before.failed) / seconds,
      });
    }
  }

  #row(row: RequestStatistics): StatisticsRow {
    const { method, name, requests, failed, durationMs } = row;
    const over = this.isOver ? Math.max(0.001, (this.#progress?.elapsedMs ?? 0) / 1000) : undefined;
    const rate = this.#rates.get(row);
    return {
      type: method,
      name,
      requests,
      fails: failed,
      median: rounded(durationMs.quantile(0.5)),
      p90: rounded(durationMs.quantile(0.9)),
      p99: rounded(durationMs.quantile(0.99)),
      average: rounded(durationMs.mean),
      min: durationMs.count === 0 ? 0 : rounded(durationMs.min),
      max: rounded(durationMs.max),
      requestsPerSecond: rounded(over === undefined ? (rate?.perSecond ?? 0) : requests / over),
      failuresPerSecond: rounded(over === undefined ? (rate?.failedPerSecond ?? 0) : failed / over),
    };
  }

  #except(message: string): void {
    const known = this.#exceptions.get(message);
    if (known !== undefined || this.#exceptions.size < exceptionsMax) this.#exceptions.set(message, (known ?? 0) + 1);
  }
}

function stagesOf({ users, rampSeconds, holdSeconds }: NonNullable<TestRequest['ramp']>): { duration: string; target: number }[] {
  return [
    { duration: `${rampSeconds}s`, target: users },
    { duration: `${holdSeconds}s`, target: users },
  ];
}
