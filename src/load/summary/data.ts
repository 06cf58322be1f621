import { createHash } from 'node:crypto';
import type { MetricRegistry } from '../metrics/registry.ts';
import { CounterSink, GaugeSink, RateSink, TrendSink, type MetricType, type Sink, type ValueType } from '../metrics/sinks.ts';
import { stageMetrics } from '../metrics/stages.ts';
import { aggregateOf, type MetricThresholds } from '../metrics/thresholds.ts';
import type { LoadOptions } from '../options/options.ts';
import type { GroupNode } from '../vu/groups.ts';

/** What k6 hands to `handleSummary` (https://grafana.com/docs/k6/latest/results-output/end-of-test/custom-summary/). */
export interface SummaryData {
  root_group: SummaryGroup;
  options: { summaryTrendStats: readonly string[]; summaryTimeUnit: string; noColor: boolean };
  state: { isStdOutTTY: boolean; isStdErrTTY: boolean; testRunDurationMs: number };
  metrics: Record<string, SummaryMetric>;
  setup_data?: unknown;
}

export interface SummaryGroup {
  name: string;
  path: string;
  id: string;
  groups: SummaryGroup[];
  checks: SummaryCheck[];
}

export interface SummaryCheck {
  name: string;
  path: string;
  id: string;
  passes: number;
  fails: number;
}

export interface SummaryMetric {
  type: MetricType;
  contains: ValueType;
  values: Record<string, number>;
  /** `value` only where it is not that of the whole run: what crossed a sliding window, or was in the last one. */
  thresholds?: Record<string, { ok: boolean; value?: number }>;
}

/** Shown even when nothing was counted. */
const ALWAYS = new Set(['data_received', 'data_sent']);

export function summaryData(parts: {
  metrics: MetricRegistry;
  root: GroupNode;
  thresholds: readonly MetricThresholds[];
  options: LoadOptions;
  durationMs: number;
  setupData: unknown;
  noColor?: boolean | undefined;
}): SummaryData {
  const { options, durationMs } = parts;
  const metrics: Record<string, SummaryMetric> = {};
  const stages = new Map(stageMetrics(options.scenarios).map(({ name, durationMs: stageMs }) => [name, stageMs]));
  const wanted = new Map(parts.thresholds.map(({ name, thresholds }) => [name, thresholds]));
  for (const metric of parts.metrics.all()) {
    const thresholds = wanted.get(metric.name);
    if (metric.sink.isEmpty && !thresholds && !ALWAYS.has(metric.name) && !options.submetrics.includes(metric.name)) continue;
    const entry: SummaryMetric = {
      type: metric.type,
      contains: metric.contains,
      values: valuesOf(metric.sink, options.summaryTrendStats, (stages.get(metric.name) ?? durationMs) / 1000),
    };
    if (thresholds)
      entry.thresholds = Object.fromEntries(
        thresholds.map(({ source, ok, shown }) => [source, shown === undefined ? { ok } : { ok, value: shown }]),
      );
    metrics[metric.name] = entry;
  }
  return {
    root_group: groupOf(parts.root),
    options: { summaryTrendStats: options.summaryTrendStats, summaryTimeUnit: options.summaryTimeUnit, noColor: parts.noColor ?? false },
    state: { isStdOutTTY: isTty(process.stdout), isStdErrTTY: isTty(process.stderr), testRunDurationMs: durationMs },
    metrics,
    ...(parts.setupData === undefined ? {} : { setup_data: parts.setupData }),
  };
}

export function valuesOf(sink: Sink, trendStats: readonly string[], seconds: number): Record<string, number> {
  if (sink instanceof CounterSink) return { count: sink.value, rate: aggregateOf(sink, 'rate', seconds) };
  if (sink instanceof GaugeSink) return { value: sink.value, min: sink.min, max: sink.max };
  if (sink instanceof RateSink) return { rate: sink.rate, passes: sink.passes, fails: sink.total - sink.passes };
  if (!(sink instanceof TrendSink)) return {};
  return Object.fromEntries(trendStats.map((stat) => [stat, aggregateOf(sink, stat, seconds)]));
}

function groupOf(node: GroupNode): SummaryGroup {
  return {
    name: node.name,
    path: node.path,
    id: idOf(node.path),
    groups: [...node.groups.values()].filter(isUsed).map(groupOf),
    checks: [...node.checks].map(([name, { passes, fails }]) => ({
      name,
      path: `${node.path}::${name}`,
      id: idOf(`${node.path}::${name}`),
      passes,
      fails,
    })),
  };
}

/** The groups of setup() and teardown() are there in any case. */
function isUsed(node: GroupNode): boolean {
  return !/^::(?:setup|teardown)$/.test(node.path) || node.checks.size > 0 || node.groups.size > 0;
}

/** As k6: the MD5 of the path. */
function idOf(path: string): string {
  return createHash('md5').update(path).digest('hex');
}

/** Node leaves `isTTY` out where there is no terminal. */
function isTty(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true;
}
