import { errorMessage, Histogram, monotonicMs, systemClock } from '../../base/index.ts';
import type { StatisticsRow, TestMoment, TestRun, TestState } from '../../console/index.ts';
import { Statistics, type LoadProgress, type LoadRequest, type LoadRun, type RequestStatistics } from '../../load/index.ts';
import { rounded } from './rates.ts';

/** More points do not fit on a screen: then each stands for twice the time. */
const momentsMax = 600;
const exceptionsMax = 100;
/** One load test, from its start to its results: it hears what its run is told to say (`hears`), and follows it. */
export class RunningTest {
  readonly id: string;
  readonly name: string;
  /** For the request that the run is started with. */
  readonly hears: Required<Pick<LoadRequest, 'onSeries' | 'log'>>;
  readonly #onChange: (run: TestRun) => void;
  readonly #statistics = new Statistics();
  readonly #exceptions = new Map<string, number>();
  readonly #startedAtMs = systemClock.nowMs();
  #run: LoadRun | undefined;
  #ended: Promise<void> = Promise.resolve();
  #moments: TestMoment[] = [];
  #momentEvery = 1;
  #ticks = 0;
  #progress: LoadProgress | undefined;
  #rates = new Map<RequestStatistics, { requests: number; failed: number; perSecond: number; failedPerSecond: number }>();
  #ratesAtMs = monotonicMs();
  #state: TestState = 'starting';
  #end: Pick<TestRun, 'reason' | 'thresholds' | 'distortions'> & { usersMax: number } = { thresholds: [], distortions: [], usersMax: 0 };

  constructor(id: string, name: string, onChange: (run: TestRun) => void) {
    this.id = id;
    this.name = name;
    this.#onChange = onChange;
    this.hears = {
      onSeries: (series) => this.#statistics.add(series),
      log: ({ level, message }) => {
        if (level === 'error') this.#except(message);
      },
    };
  }

  follow(run: LoadRun): void {
    this.#run = run;
    run.onProgress((progress) => {
      this.#onProgress(progress);
      this.#onChange(this.state());
    });
    this.#ended = this.#followToEnd(run);
  }

  /** Resolves when nothing of it runs any more. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  get isOver(): boolean {
    return !['starting', 'running', 'stopping'].includes(this.#state);
  }

  stop(): void {
    this.#state = 'stopping';
    this.#run?.stop();
  }

  /** At once; resolves when nothing of it runs any more. */
  async kill(): Promise<void> {
    if (!this.isOver) this.#run?.kill();
    await this.#ended;
  }

  state(): TestRun {
    const progress = this.#progress;
    const { usersMax, ...end } = this.#end;
    return {
      id: this.id,
      name: this.name,
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
      workers: (this.#run?.pids ?? []).map((pid) => ({ pid })),
      moments: this.#moments,
      ...end,
    };
  }

  async #followToEnd(run: LoadRun): Promise<void> {
    try {
      const { exitCode, reason, thresholds, distortions, vusMax } = await run.result;
      this.#state = exitCode === 0 ? 'passed' : exitCode === 99 ? 'thresholds crossed' : exitCode === 105 ? 'stopped' : 'failed';
      this.#end = { thresholds, distortions, usersMax: vusMax, ...(reason === undefined ? {} : { reason }) };
    } catch (error) {
      this.#state = 'failed';
      this.#end = { ...this.#end, reason: errorMessage(error) };
    }
    this.#onChange(this.state());
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
    const { method, name, requests, failed, durationMs, contentBytes } = row;
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
      averageBytes: requests === 0 ? 0 : Math.round(contentBytes / requests),
      requestsPerSecond: rounded(over === undefined ? (rate?.perSecond ?? 0) : requests / over),
      failuresPerSecond: rounded(over === undefined ? (rate?.failedPerSecond ?? 0) : failed / over),
    };
  }

  #except(message: string): void {
    const known = this.#exceptions.get(message);
    if (known !== undefined || this.#exceptions.size < exceptionsMax) this.#exceptions.set(message, (known ?? 0) + 1);
  }
}
