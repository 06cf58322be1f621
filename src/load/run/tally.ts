import { Histogram, monotonicMs } from '../../base/index.ts';
import { MetricRegistry, type MetricDelta } from '../metrics/registry.ts';
import { SlidingWindows } from '../metrics/windows.ts';
import type { CounterSink, RateSink } from '../metrics/sinks.ts';
import { GroupNode } from '../vu/groups.ts';
import type { Done, Report, ScenarioReport } from './messages.ts';
import type { LoadProgress } from './types.ts';

/** A process has one thread for scripts and sockets; above this it has no reserve. */
const BUSY_CORES = 0.9;
const LATE_MS = 100;

/** All that the load processes reported, merged. */
export class Tally {
  readonly metrics = new MetricRegistry();
  readonly root = new GroupNode('', undefined);
  readonly windows = new SlidingWindows();
  readonly errors = new Map<string, number>();
  /** The last report of each scenario, by process. */
  readonly #scenarios: Map<string, ScenarioReport>[];
  readonly #vus: number[];
  readonly #window = { requests: 0, failed: 0, duration: new Histogram() };

  constructor(processes: number) {
    this.#scenarios = Array.from({ length: processes }, () => new Map());
    this.#vus = Array.from({ length: processes }, () => 0);
  }

  /** Reports with a late or busy load process, of all reports. */
  readonly strain = { reports: 0, busy: 0, lagMs: 0 };

  /** How late arrival-rate iterations began, in milliseconds. */
  readonly startDelays = new Histogram();
  missedStarts = 0;
  /** Processes that ended before their time, as `load process 123 ended by SIGKILL`. */
  readonly lost: string[] = [];
  /** How many processes had to be ended, because the script computed on when its time was over. */
  stuck = 0;

  add(process: number, report: Report): void {
    this.strain.reports++;
    if (report.cores > BUSY_CORES || report.lagMs > LATE_MS) this.strain.busy++;
    this.strain.lagMs = Math.max(this.strain.lagMs, report.lagMs);
    if (report.startDelays) this.startDelays.merge(report.startDelays);
    this.missedStarts += report.missedStarts;
    this.metrics.merge(report.metrics);
    this.windows.add(report.metrics, monotonicMs());
    this.root.merge(report.groups);
    for (const delta of report.metrics) this.#addToWindow(delta);
    for (const [message, count] of report.errors) this.errors.set(message, (this.errors.get(message) ?? 0) + count);
    for (const scenario of report.scenarios) (this.#scenarios[process] as Map<string, ScenarioReport>).set(scenario.name, scenario);
    this.#vus[process] = report.vus;
  }

  /** What one process has told of its iterations. */
  doneBy(process: number): Done[] {
    return [...(this.#scenarios[process]?.values() ?? [])].map(({ name, complete, interrupted }) => ({ name, complete, interrupted }));
  }

  get vus(): number {
    return this.#vus.reduce((sum, vus) => sum + vus, 0);
  }

  get requests(): number {
    return (this.metrics.builtIn('http_reqs').sink as CounterSink).value;
  }

  get failed(): number {
    return (this.metrics.builtIn('http_req_failed').sink as RateSink).passes;
  }

  scenario(name: string): Pick<ScenarioReport, 'fraction' | 'activeVus' | 'complete' | 'interrupted' | 'isDone'> {
    const sum = { fraction: 0, activeVus: 0, complete: 0, interrupted: 0, isDone: true };
    for (const reports of this.#scenarios) {
      const report = reports.get(name);
      sum.fraction += (report?.fraction ?? 0) / this.#scenarios.length;
      sum.activeVus += report?.activeVus ?? 0;
      sum.complete += report?.complete ?? 0;
      sum.interrupted += report?.interrupted ?? 0;
      if (report?.isDone !== true) sum.isDone = false;
    }
    return sum;
  }

  takeWindow(spanMs: number): LoadProgress['window'] {
    const window = this.#window;
    const taken = { spanMs, requests: window.requests, failed: window.failed, durationMs: window.duration.toData() };
    window.requests = 0;
    window.failed = 0;
    window.duration.reset();
    return taken;
  }

  #addToWindow({ name, data, place }: MetricDelta): void {
    if (place !== undefined) return;
    if (name === 'http_reqs' && data.type === 'counter') this.#window.requests += data.value;
    else if (name === 'http_req_failed' && data.type === 'rate') this.#window.failed += data.passes;
    else if (name === 'http_req_duration' && data.type === 'trend') this.#window.duration.merge(data.histogram);
  }
}
