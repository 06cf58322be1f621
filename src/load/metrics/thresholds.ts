import { durationMs, goDuration } from '../options/durations.ts';
import type { Metric, MetricRegistry } from './registry.ts';
import { CounterSink, GaugeSink, RateSink, TrendSink, type MetricType, type Sink } from './sinks.ts';
import type { SlidingWindows } from './windows.ts';

/** `p(95)<500`: an aggregate of a metric, a comparison, a number. */
export interface Threshold {
  readonly source: string;
  readonly aggregate: string;
  readonly compare: (value: number) => boolean;
  readonly abortOnFail: boolean;
  readonly delayAbortEvalMs: number;
  /** Holds only if every stretch of that length passes, looked at every two seconds; undefined is the whole run so far. */
  readonly windowMs: number | undefined;
  /** Of a window: the value that crossed it, or else the last. */
  shown: number | undefined;
  /** Result of the last evaluation. */
  ok: boolean;
}

export interface MetricThresholds {
  readonly name: string;
  readonly thresholds: Threshold[];
}

/** As a script writes them. */
export type ThresholdOption =
  | string
  | { threshold: string; abortOnFail?: boolean; delayAbortEval?: string | number; window?: string | number };

const aggregatesOf: Record<MetricType, RegExp> = {
  counter: /^(?:count|rate)$/,
  gauge: /^value$/,
  rate: /^rate$/,
  trend: /^(?:avg|min|max|med|count|p\(\s*\d+(?:\.\d+)?\s*\))$/,
};

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '===': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

/** Load processes report once a second, and thresholds are evaluated every two. */
const WINDOW_MIN_MS = 2000;

/** Throws an Error with a reason when the text is no threshold. */
export function parseThreshold(option: ThresholdOption): Threshold {
  const source = String(typeof option === 'string' ? option : (option as { threshold: unknown }).threshold);
  const match = /^\s*([a-z]+(?:\([^)]*\))?)\s*(<=|>=|===|==|!=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*$/i.exec(source);
  const compare = match ? comparisons[match[2] as string] : undefined;
  if (!match || !compare) throw new Error(`"${source}" is not a threshold such as "p(95)<500" or "rate<0.01"`);
  const limit = Number(match[3]);
  const { abortOnFail = false, delayAbortEval = 0, window } = typeof option === 'string' ? {} : option;
  if (typeof abortOnFail !== 'boolean') throw new Error(`abortOnFail is true or false, got ${JSON.stringify(abortOnFail)}`);
  const delayAbortEvalMs = typeof delayAbortEval === 'string' ? durationMs(delayAbortEval, 'ms') : delayAbortEval;
  if (delayAbortEvalMs === undefined) throw new Error(`delayAbortEval "${delayAbortEval}" is not a duration`);
  const windowMs = typeof window === 'string' ? durationMs(window, 'ms') : window;
  if (window !== undefined && (windowMs === undefined || !(windowMs >= WINDOW_MIN_MS)))
    throw new Error(`window "${window}" is not a duration of at least ${WINDOW_MIN_MS / 1000}s`);
  return {
    source: windowMs === undefined ? source : `${source} in every ${goDuration(windowMs)}`,
    windowMs,
    shown: undefined,
    aggregate: match[1] as string,
    compare: (value) => compare(value, limit),
    abortOnFail,
    delayAbortEvalMs,
    ok: true,
  };
}

/** Throws when the metric's kind has no such aggregate, as k6 does before a run. */
export function checkThreshold(threshold: Threshold, metric: Metric): void {
  if (!aggregatesOf[metric.type].test(threshold.aggregate))
    throw new Error(
      `the threshold "${threshold.source}" is not possible for "${metric.name}": a ${metric.type} has no "${threshold.aggregate}"`,
    );
}

/** The value of an aggregate; `seconds` is how long the test has run (rates of counters). */
export function aggregateOf(sink: Sink, aggregate: string, seconds: number): number {
  if (sink instanceof CounterSink) return aggregate === 'rate' ? (seconds > 0 ? sink.value / seconds : 0) : sink.value;
  if (sink instanceof GaugeSink) return sink.value;
  if (sink instanceof RateSink) return sink.rate;
  if (!(sink instanceof TrendSink)) return 0;
  const { histogram } = sink;
  switch (aggregate) {
    case 'avg':
      return histogram.mean;
    case 'min':
      return histogram.count === 0 ? 0 : histogram.min;
    case 'max':
      return histogram.max;
    case 'med':
      return sink.percentile(50);
    case 'count':
      return histogram.count;
    default:
      return sink.percentile(Number(/\(([^)]*)\)/.exec(aggregate)?.[1] ?? 0));
  }
}

/**
 * Evaluates all thresholds against the run so far. While the run goes on, metrics without data are
 * passed over; at the end they count as zero.
 * Returns the source of a failed threshold that asks for the end of the run, or undefined.
 */
export function evaluateThresholds(
  all: readonly MetricThresholds[],
  metrics: MetricRegistry,
  elapsedMs: number,
  atEnd: boolean,
  windows?: { readonly of: SlidingWindows; readonly nowMs: number },
): string | undefined {
  let abort: string | undefined;
  for (const { name, thresholds } of all) {
    const metric = metrics.get(name);
    if (!metric || (metric.sink.isEmpty && !atEnd)) continue;
    for (const threshold of thresholds) {
      if (threshold.windowMs !== undefined) {
        const sink = elapsedMs < threshold.windowMs ? undefined : windows?.of.sinkOf(name, threshold.windowMs, windows.nowMs);
        if (sink) evaluateWindow(threshold, threshold.windowMs, sink);
        if (!threshold.ok && threshold.abortOnFail && elapsedMs >= threshold.delayAbortEvalMs) abort ??= `${name}: ${threshold.source}`;
        continue;
      }
      // A rate of nothing is no number, and k6 lets it pass.
      const isNothing = metric.type === 'rate' && metric.sink.isEmpty;
      threshold.ok = isNothing || threshold.compare(aggregateOf(metric.sink, threshold.aggregate, elapsedMs / 1000));
      if (!threshold.ok && threshold.abortOnFail && elapsedMs >= threshold.delayAbortEvalMs) abort ??= `${name}: ${threshold.source}`;
    }
  }
  return abort;
}

/** Once crossed, it stays crossed; of values that pass the last is kept, of others the first that did not. */
function evaluateWindow(threshold: Threshold, windowMs: number, sink: Sink): void {
  if (!threshold.ok) return;
  threshold.shown = aggregateOf(sink, threshold.aggregate, windowMs / 1000);
  threshold.ok = threshold.compare(threshold.shown);
}
