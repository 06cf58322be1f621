import { MetricRegistry, type MetricDelta } from '../metrics/registry.ts';
import type { CounterSink, RateSink, TrendSink } from '../metrics/sinks.ts';
import type { LoadProgress } from '../run/types.ts';

/** One step of the run's course: rates a second, durations in milliseconds, all of that step alone. */
export interface Moment {
  /** Seconds since the first iteration could begin. */
  readonly at: number;
  readonly vus: number;
  readonly requests: number;
  readonly failed: number;
  readonly iterations: number;
  readonly sent: number;
  readonly received: number;
  /** Share of checks that failed, in percent; undefined without checks. */
  readonly failedChecks: number | undefined;
  readonly avg: number | undefined;
  readonly p90: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
}

/** The rest of a run after its last whole step, when less than this, says little: rates over it would jump. */
const STEP_MIN_MS = 500;
/** More points than this do not fit on a screen: then each stands for twice the time. */
const MOMENTS_MAX = 1200;

/** The course of a run, step by step, in bounded memory. */
export class Timeline {
  moments: Moment[] = [];
  #window = new MetricRegistry();
  #lastMs = 0;
  #stepMs = 0;

  add(deltas: readonly MetricDelta[]): void {
    this.#window.merge(deltas);
  }

  /** Closes a step; undefined while it is too short. */
  step(progress: LoadProgress): Moment | undefined {
    const spanMs = progress.elapsedMs - this.#lastMs;
    if (spanMs <= 0 || (this.moments.length > 0 && spanMs < Math.max(STEP_MIN_MS, this.#stepMs * 0.9))) return undefined;
    const moment = this.#moment(progress, spanMs / 1000);
    this.#window = new MetricRegistry();
    this.#lastMs = progress.elapsedMs;
    this.moments.push(moment);
    if (this.moments.length > MOMENTS_MAX) {
      this.moments = this.moments.filter((_, i) => i % 2 === 0);
      this.#stepMs = Math.max(this.#stepMs, spanMs) * 2;
    }
    return moment;
  }

  #moment(progress: LoadProgress, seconds: number): Moment {
    const window = this.#window;
    const perSecond = (name: string): number => round((window.builtIn(name).sink as CounterSink).value / seconds);
    const failed = window.builtIn('http_req_failed').sink as RateSink;
    const checks = window.builtIn('checks').sink as RateSink;
    const duration = window.builtIn('http_req_duration').sink as TrendSink;
    const percentile = (percent: number): number | undefined => (duration.isEmpty ? undefined : round(duration.percentile(percent)));
    return {
      at: round(progress.elapsedMs / 1000),
      vus: progress.vus,
      requests: perSecond('http_reqs'),
      failed: round(failed.passes / seconds),
      iterations: perSecond('iterations'),
      sent: perSecond('data_sent'),
      received: perSecond('data_received'),
      failedChecks: checks.isEmpty ? undefined : round(100 * (1 - checks.rate)),
      avg: duration.isEmpty ? undefined : round(duration.histogram.mean),
      p90: percentile(90),
      p95: percentile(95),
      p99: percentile(99),
    };
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
