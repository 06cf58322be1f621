import { Histogram, type HistogramData } from '../../base/index.ts';

/** What is called carried: 95 of 100 answers within this time, and fewer than this share of them failed. */
export const p95MaxMs = 500;
export const failedShareMax = 0.01;

/** One second of the load test, with what the service had to meet it. */
export interface Sample {
  readonly atMs: number;
  readonly users: number;
  readonly spanMs: number;
  readonly requests: number;
  readonly failed: number;
  readonly durationMs: HistogramData;
  /** Tasks that took traffic through the whole sample. */
  readonly healthyTasks: number;
  /** Percent of what each part may use: the tasks' vCPUs (average), one core for a process, all cores for the machine. */
  readonly busy: Readonly<Record<string, number>>;
}

export interface CarriedLimit {
  readonly tasks: number;
  /** The most users and requests/s that were carried in any `windowSamples` seconds in a row. */
  readonly users: number;
  readonly rps: number;
  readonly p95Ms: number;
  /** True when more users were tried and not carried; false when the test ended before the limit. */
  readonly reached: boolean;
  /** The part that was most busy where the limit was reached, or at the most users carried. */
  readonly busiest: { readonly part: string; readonly percent: number };
}

const windowSamples = 3;

/** What `tasks` healthy tasks carried: the best window of three seconds, and whether a worse one with more users followed. */
export function carriedWith(samples: readonly Sample[], tasks: number): CarriedLimit | undefined {
  let best: Window | undefined;
  let beyond: Window | undefined;
  for (let end = windowSamples; end <= samples.length; end++) {
    const part = samples.slice(end - windowSamples, end);
    if (part.some((sample) => sample.healthyTasks !== tasks)) continue;
    const window = summarize(part);
    if (window.rps === 0) continue;
    if (carried(window)) {
      if (!best || window.users > best.users || (window.users === best.users && window.rps > best.rps)) best = window;
    } else if (!beyond || window.users > beyond.users) beyond = window;
  }
  if (!best) return undefined;
  const reached = beyond !== undefined && beyond.users > best.users;
  const { users, rps, p95Ms } = best;
  return { tasks, users, rps, p95Ms, reached, busiest: busiest(reached && beyond ? beyond : best) };
}

interface Window {
  users: number;
  rps: number;
  p95Ms: number;
  failedShare: number;
  busy: Record<string, number>;
}

function carried(window: Window): boolean {
  return window.p95Ms < p95MaxMs && window.failedShare < failedShareMax;
}

function summarize(samples: readonly Sample[]): Window {
  const durations = new Histogram();
  let requests = 0;
  let failed = 0;
  let spanMs = 0;
  const busy: Record<string, number> = {};
  for (const sample of samples) {
    durations.merge(sample.durationMs);
    requests += sample.requests;
    failed += sample.failed;
    spanMs += sample.spanMs;
    for (const [part, percent] of Object.entries(sample.busy)) busy[part] = (busy[part] ?? 0) + percent / samples.length;
  }
  return {
    users: Math.min(...samples.map((sample) => sample.users)),
    rps: spanMs === 0 ? 0 : (requests * 1000) / spanMs,
    p95Ms: durations.quantile(0.95),
    failedShare: requests === 0 ? 0 : failed / requests,
    busy,
  };
}

function busiest(window: Window): CarriedLimit['busiest'] {
  let found = { part: 'nothing', percent: 0 };
  for (const [part, percent] of Object.entries(window.busy)) if (percent > found.percent) found = { part, percent };
  return found;
}
