import type { MetricDelta } from './registry.ts';
import { createSink, type Sink, type SinkData } from './sinks.ts';

interface Slice {
  readonly atMs: number;
  readonly data: SinkData;
}

/** What was measured lately, for thresholds over a sliding window: the reports of the load processes, kept for as long as needed. */
export class SlidingWindows {
  /** By metric. */
  readonly #slices = new Map<string, { readonly keptMs: number; slices: Slice[] }>();

  keep(metric: string, windowMs: number): void {
    const kept = this.#slices.get(metric);
    this.#slices.set(metric, { keptMs: Math.max(windowMs, kept?.keptMs ?? 0), slices: [] });
  }

  add(deltas: readonly MetricDelta[], nowMs: number): void {
    if (this.#slices.size === 0) return;
    for (const { name, data } of deltas) this.#slices.get(name)?.slices.push({ atMs: nowMs, data });
    for (const kept of this.#slices.values()) {
      const first = kept.slices.findIndex(({ atMs }) => atMs > nowMs - kept.keptMs);
      if (first > 0) kept.slices.splice(0, first);
    }
  }

  /** All of the last `windowMs` together. */
  sinkOf(metric: string, windowMs: number, nowMs: number): Sink | undefined {
    const slices = this.#slices.get(metric)?.slices.filter(({ atMs }) => atMs > nowMs - windowMs) ?? [];
    const [first] = slices;
    if (!first) return undefined;
    const sink = createSink(first.data.type);
    for (const { data } of slices) sink.merge(data);
    return sink;
  }
}
